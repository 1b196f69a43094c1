//! The templates: compiled in, one model for both layouts.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, value::Serde};

use crate::notify::{
    facts::Facts,
    mail::{
        headline::{self, SUBJECT_CHARS_MAX},
        view::{View, line},
    },
    notice::Notice,
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

/// Renders the mail that a notice is.
pub(crate) fn notice(notice: &Notice) -> Result<Rendered, minijinja::Error> {
    let environment = environment()?;
    let view = Value::from(Serde(notice));
    let text = environment.get_template("notice.txt")?.render(&view)?;
    let html = environment
        .get_template("notice.html")?
        .render(context! { colours => colours(), ..view })?;
    Ok(Rendered { subject: shortened(&notice.subject), text, html })
}

/// A subject in the length that mail readers show.
fn shortened(subject: &str) -> String {
    let subject = line(subject);
    match subject.char_indices().nth(SUBJECT_CHARS_MAX) {
        None => subject,
        Some(_) => {
            let kept: String = subject.chars().take(SUBJECT_CHARS_MAX - 1).collect();
            format!("{kept}…")
        }
    }
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
    environment.add_filter("url", url);
    environment.add_template("alert.txt", include_str!("alert.txt.j2"))?;
    environment.add_template("alert.html", include_str!("alert.html.j2"))?;
    environment.add_template("notice.txt", include_str!("notice.txt.j2"))?;
    environment.add_template("notice.html", include_str!("notice.html.j2"))?;
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

/// A URL, escaped but for its slashes, which some readers of mail would not find again.
fn url(text: &str) -> Value {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            plain => safe.push(plain),
        }
    }
    Value::from_safe_string(safe)
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
    use proptest::prelude::*;

    use super::*;
    use crate::{notify::mail::cases, scorecard::Event};

    #[test]
    fn the_mails_of_one_episode() {
        for (name, facts) in [
            ("opened", cases::opened()),
            ("acknowledged", cases::acknowledged()),
            ("worsened", cases::worsened()),
            ("reminded", cases::reminded()),
            ("escalated", cases::escalated()),
            ("recovered", cases::recovered()),
            ("corrected", cases::corrected()),
            ("bare", cases::bare()),
        ] {
            let Rendered { subject, text, html } = render(&facts).unwrap();
            insta::assert_snapshot!(format!("{name}_text"), format!("{subject}\n\n{text}"));
            insta::assert_snapshot!(format!("{name}_html"), html);
        }
    }

    #[test]
    fn a_notice_says_the_same_in_both_forms() {
        let Rendered { subject, text, html } = notice(&cases::notice()).unwrap();
        insta::assert_snapshot!("notice_text", format!("{subject}\n\n{text}"));
        insta::assert_snapshot!("notice_html", html);
        let mut long = cases::notice();
        long.subject = format!("a\r\nBcc: x {}", "long ".repeat(40));
        let subject = notice(&long).unwrap().subject;
        assert_eq!(subject.chars().count(), SUBJECT_CHARS_MAX);
        assert!(!subject.contains('\n') && subject.ends_with('…'));
    }

    #[test]
    fn what_authors_wrote_is_text_and_never_markup() {
        let mut facts = cases::opened();
        facts.perspective.name = "<img src=x onerror=alert(1)>".to_owned();
        facts.kpis[0].unit = Some("<b>".to_owned());
        let html = render(&facts).unwrap().html;
        assert!(!html.contains("<img") && !html.contains("<b>90.1 <b>"));
    }

    #[test]
    fn html_brings_no_remote_content() {
        let html = render(&cases::opened()).unwrap().html;
        for part in ["<img", "src=", "url(", "<script", "<link"] {
            assert!(!html.contains(part), "{part}");
        }
    }

    /// Facts of which any part may be missing, and any number any number.
    fn facts() -> impl Strategy<Value = Facts> {
        let number = || prop::option::of(prop_oneof![-1e12_f64..1e12, Just(0.0), -1.0_f64..1.0]);
        let base = prop::sample::select(vec![
            cases::opened(),
            cases::worsened(),
            cases::escalated(),
            cases::recovered(),
            cases::bare(),
        ]);
        let event = prop::sample::select(vec![
            Event::Opened,
            Event::Worsened,
            Event::Reminded,
            Event::Escalated,
            Event::Acknowledged,
            Event::Recovered,
            Event::Corrected,
        ]);
        let numbers = prop::array::uniform8(number());
        (base, event, numbers, prop::array::uniform8(any::<bool>())).prop_map(
            |(mut facts, event, [value, target, green, red, variance, from, to, points], kept)| {
                facts.event = event;
                for kpi in &mut facts.kpis {
                    (kpi.value, kpi.target) = (value, target);
                    (kpi.green_line, kpi.red_line, kpi.variance) = (green, red, variance);
                    kpi.contribution = points;
                }
                (facts.score.from, facts.score.to) = (from, to);
                facts.period = facts.period.filter(|_| kept[0]);
                facts.before = facts.before.filter(|_| kept[1]);
                facts.since = facts.since.filter(|_| kept[2]);
                facts.reason = facts.reason.filter(|_| kept[3]);
                facts.culprit = facts.culprit.filter(|_| kept[4]);
                facts.owner = facts.owner.filter(|_| kept[5]);
                facts.links = facts.links.filter(|_| kept[6]);
                facts.episode.opened_at = facts.episode.opened_at.filter(|_| kept[7]);
                facts
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_is_missing_is_worded(facts in facts()) {
            let Rendered { subject, text, html } = render(&facts).unwrap();
            for part in [&subject, &text, &html] {
                let words = part.split(|c: char| !c.is_alphanumeric());
                for word in words {
                    let leaked = ["null", "NaN", "None", "Some", "undefined", "inf"];
                    prop_assert!(!leaked.contains(&word), "{word} in {part}");
                }
                prop_assert!(!part.contains("-0.0 "), "{part}");
            }
        }
    }
}
