//! The templates: compiled in, one model for both layouts.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, value::Serde};

use crate::notify::{
    facts::Facts,
    mail::{headline, view::View},
};

/// Far more than the longest mail takes; a template that loops is stopped.
const FUEL: u64 = 1_000_000;

/// A mail, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// At most 70 characters.
    pub(crate) subject: String,
    /// For readers of text.
    pub(crate) text: String,
    /// For the others; the same content.
    pub(crate) html: String,
}

/// Renders the mail about the facts.
pub(crate) fn render(facts: &Facts) -> Result<Rendered, minijinja::Error> {
    let environment = environment()?;
    let subject = headline::subject(facts);
    let view = Value::from(Serde(View::of(facts)));
    let text = environment.get_template("alert.txt")?.render(&view)?;
    let html = environment.get_template("alert.html")?.render(context! {
        subject => &subject,
        colours => colours(),
        ..view
    })?;
    Ok(Rendered { subject, text, html })
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    environment.add_filter("left", left);
    environment.add_filter("right", right);
    environment.add_filter("widest", widest);
    environment.add_template("alert.txt", include_str!("alert.txt.j2"))?;
    environment.add_template("alert.html", include_str!("alert.html.j2"))?;
    Ok(environment)
}

/// White on each of these has a contrast of at least 4.5 : 1.
fn colours() -> Value {
    context! { green => "#1a7f37", amber => "#9a6700", red => "#cf222e", grey => "#59636e" }
}

/// `text` with spaces after it up to `width` characters.
fn left(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

/// `text` with spaces before it up to `width` characters.
fn right(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

/// The width of a column: the most characters `key` has in any of `rows`.
fn widest(rows: Vec<Value>, key: &str) -> Result<usize, minijinja::Error> {
    let mut width = 0;
    for row in rows {
        width = width.max(row.get_attr(key)?.to_string().chars().count());
    }
    Ok(width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::mail::cases;

    #[test]
    fn the_mails_of_one_episode() {
        for (name, facts) in [
            ("opened", cases::opened()),
            ("escalated", cases::escalated()),
            ("recovered", cases::recovered()),
            ("bare", cases::bare()),
        ] {
            let Rendered { subject, text, html } = render(&facts).unwrap();
            insta::assert_snapshot!(format!("{name}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("{name}_html"), html);
        }
    }
}
