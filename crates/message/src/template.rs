//! Templates of messages: strict, and bounded in time and output. A failure of an author's own says
//! where it is.

use std::{
    borrow::Cow,
    error::Error as _,
    io::{self, Write},
    ops::Range,
    path::PathBuf,
};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use sha2::{Digest, Sha256};

/// Far more than the longest message takes; a template that loops is stopped.
const FUEL: u64 = 1_000_000;

/// A larger message is a mistake, and mail servers refuse it.
const BYTES_MAX: usize = 1 << 20;

/// What is quoted of a template where it fails.
const QUOTED_CHARS_MAX: usize = 60;

/// Enough of a hash to tell one version of a template from the next.
const VERSION_BYTES: usize = 6;

/// A template of an author's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What it is called by others: its file's name without `.j2`, such as `alert.html`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// Why a template cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its file.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// The bytes of its text that are to blame.
    pub range: Range<usize>,
    /// What is wrong with them.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.message)
    }
}

impl Fault {
    /// What `error` says of the template named, or of the one that this one includes.
    pub(crate) fn of(error: &Error, named: &str, templates: &[Template]) -> Option<Self> {
        let mut blamed = error;
        // The error of an included template is the source of the one that includes it.
        while let Some(inner) = blamed.source().and_then(|inner| inner.downcast_ref::<Error>()) {
            blamed = inner;
        }
        let of = |name: &str| templates.iter().find(|template| template.name == name);
        let found = blamed.name().and_then(of).map(|template| (template, blamed));
        let (template, blamed) = found.or_else(|| of(named).map(|template| (template, error)))?;
        let range = blamed.range().filter(|range| template.text.get(range.clone()).is_some());
        Some(Self {
            path: template.path.clone(),
            line: blamed.line().unwrap_or(1),
            message: words(blamed, range.clone().and_then(|range| template.text.get(range))),
            range: range.unwrap_or_default(),
        })
    }

    /// About a template as a whole.
    pub(crate) fn whole(template: &Template, message: impl Into<String>) -> Self {
        Self { path: template.path.clone(), line: 1, range: 0..0, message: message.into() }
    }
}

/// What went wrong, in the words of whoever wrote the template.
fn words(error: &Error, blamed: Option<&str>) -> String {
    let words = match error.kind() {
        ErrorKind::OutOfFuel => "it runs too long".to_owned(),
        ErrorKind::WriteFailure => format!("its output is larger than {BYTES_MAX} bytes"),
        kind => match error.detail() {
            Some(detail) if kind == ErrorKind::UndefinedError => detail.to_owned(),
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    let blamed = blamed.map(str::trim).filter(|text| !text.is_empty() && !words.contains(text));
    match blamed.filter(|text| text.chars().count() <= QUOTED_CHARS_MAX && !text.contains('\n')) {
        Some(text) => format!("{words}: `{text}`"),
        None => words,
    }
}

/// Names these very texts, so that a fault of a changed template is a new one.
pub fn version<'t>(templates: impl IntoIterator<Item = &'t Template>) -> String {
    let mut hasher = Sha256::new();
    for template in templates {
        for part in [template.name.as_bytes(), template.text.as_bytes()] {
            hasher.update(part);
            hasher.update([0]);
        }
    }
    hasher.finalize().iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// An environment for messages, without templates; a name's last part says how it escapes.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "html")) => AutoEscape::Html,
        Some((_, "json")) => AutoEscape::Json,
        _ => AutoEscape::None,
    });
    environment.add_filter("left", left);
    environment.add_filter("right", right);
    environment.add_filter("widest", widest);
    environment.add_filter("url", url);
    environment.add_filter("glued", glued);
    environment
}

/// Compiles a template into the environment, where it is rendered as often as it is needed.
pub(crate) fn compile(
    environment: &mut Environment<'static>,
    name: String,
    text: impl Into<Cow<'static, str>>,
) -> Result<(), Error> {
    #[cfg(test)]
    tests::COMPILED.with(|count| count.set(count.get() + 1));
    environment.add_template_owned(name, text)
}

/// Compiles an author's templates; each that cannot be compiled is left out, and its fault returned.
pub(crate) fn add(environment: &mut Environment<'static>, templates: &[Template]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for template in templates {
        let Template { name, text, .. } = template;
        if let Err(error) = compile(environment, name.clone(), text.clone()) {
            faults.extend(Fault::of(&error, name, templates));
        }
    }
    faults
}

/// Renders a template of the environment.
pub(crate) fn render(
    environment: &Environment<'static>,
    name: &str,
    model: &Value,
) -> Result<String, Error> {
    let mut text = Bounded(Vec::new());
    environment.get_template(name)?.render_captured_to(model, &mut text)?;
    String::from_utf8(text.0)
        .map_err(|error| Error::new(ErrorKind::WriteFailure, error.to_string()))
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > BYTES_MAX {
            return Err(io::Error::other("too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

/// The same with each number on one line with what follows it: `95 %` does not end a line at its unit.
fn glued(text: &str) -> String {
    let mut glued = String::with_capacity(text.len());
    let mut before = None;
    for sign in text.chars() {
        let is_after_number = before.is_some_and(|sign: char| sign.is_ascii_digit());
        glued.push(if sign == ' ' && is_after_number { '\u{a0}' } else { sign });
        before = Some(sign);
    }
    glued
}

/// The width of a column: the most characters `key` has in any of `rows`.
fn widest(rows: Vec<Value>, key: &str) -> Result<usize, Error> {
    let mut width = 0;
    for row in rows {
        width = width.max(row.get_attr(key)?.to_string().chars().count());
    }
    Ok(width)
}

#[cfg(test)]
pub(crate) mod tests {
    use minijinja::context;

    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// How often this thread has compiled a template.
        pub(crate) static COMPILED: Cell<usize> = const { Cell::new(0) };
    }

    fn template(name: &str, text: &str) -> Template {
        Template { name: name.into(), path: format!("{name}.j2").into(), text: text.into() }
    }

    /// What a template makes, or what is told of it.
    fn made(name: &str, text: &str) -> String {
        let templates = [template(name, text), template("_part.txt", "one\n{{ nothing }}")];
        let mut environment = environment();
        let faults = add(&mut environment, &templates);
        if let Some(fault) = faults.first() {
            return fault.to_string();
        }
        let model = context! { name => "a <b> \"c\"", list => [1, 2] };
        match render(&environment, name, &model) {
            Ok(text) => text,
            Err(error) => Fault::of(&error, name, &templates).unwrap().to_string(),
        }
    }

    #[test]
    fn a_name_says_how_a_template_escapes() {
        assert_eq!(made("a.txt", "{{ name }}"), "a <b> \"c\"");
        assert_eq!(made("a.html", "{{ name }}"), "a &lt;b&gt; &quot;c&quot;");
        let json: serde_json::Value =
            serde_json::from_str(&made("a.json", "{\"n\": {{ name }}, \"l\": {{ list }}}"))
                .unwrap();
        assert_eq!(json, serde_json::json!({ "n": "a <b> \"c\"", "l": [1, 2] }));
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_words() {
        for (text, said) in [
            ("one\n{{ nmae }}", "a.txt.j2:2: `nmae` is undefined"),
            ("{% if %}", "a.txt.j2:1: syntax error: unexpected end of block"),
            ("one\ntwo {{ name | shout }}", "a.txt.j2:2: unknown filter"),
            ("{% include '_part.txt' %}", "_part.txt.j2:2: `nothing` is undefined"),
            (
                "{% for a in range(5000) %}{% for b in range(5000) %}{% endfor %}{% endfor %}",
                "a.txt.j2:1: it runs too long",
            ),
            (
                "{% for a in range(20000) %}{{ 'x' * 1000 }}{% endfor %}",
                "a.txt.j2:1: its output is larger than 1048576 bytes",
            ),
        ] {
            let found = made("a.txt", text);
            assert!(found.starts_with(said), "{text}: {found}");
        }
    }

    #[test]
    fn a_version_is_of_the_very_texts() {
        let of = |text: &str| version(&[template("a.txt", text)]);
        assert_eq!(of("one"), of("one"));
        assert_ne!(of("one"), of("two"));
        assert_eq!(of("one").len(), 2 * VERSION_BYTES);
    }
}
