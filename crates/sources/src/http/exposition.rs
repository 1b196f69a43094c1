//! The text in which Prometheus and OpenMetrics write samples, and which of them is meant.

use std::fmt;

use crate::cell::{Cell, decimal};

/// More than a few samples are counted, not named.
const NAMED_MAX: usize = 5;

/// A name of a metric, and labels it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    name: String,
    labels: Vec<(String, String)>,
}

/// Why a text is not a [`Selector`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no sample; write a metric and labels such as orders_total{{shop=\"north\"}}")]
pub struct SelectorError(String);

/// One line of the text.
struct Sample<'t> {
    of: Selector,
    value: &'t str,
}

impl Selector {
    /// Reads `name` or `name{label="value", …}`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let read = selector(text.trim());
        let (selector, _) = read
            .filter(|(_, rest)| rest.trim().is_empty())
            .ok_or_else(|| SelectorError(text.to_owned()))?;
        Ok(selector)
    }

    /// The value of the only sample that matches; none where the metric is declared and has no
    /// sample at all. A metric that is not there, or not with these labels, may be misspelt.
    pub(crate) fn find(&self, text: &str) -> Result<Option<Cell>, String> {
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let sample = sample(line).ok_or_else(|| {
                format!("is not in the text format of Prometheus, in line {}", at + 1)
            })?;
            if self.is_of(&sample.of) {
                found.push(sample);
            } else if self.name == sample.of.name {
                others.push(sample.of.to_string());
            }
        }
        match found.as_slice() {
            [] if !others.is_empty() => Err(format!(
                "has no sample of `{self}`, and has {}; check the labels",
                listed(&others)
            )),
            [] if self.is_declared(text) => Ok(None),
            [] => Err(format!("has no metric `{}`; check its name", self.name)),
            [sample] => Ok(Some(number(sample.value))),
            [..] => {
                let names: Vec<String> = found.iter().map(|sample| sample.of.to_string()).collect();
                Err(several(&format!("samples of `{self}`"), &names))
            }
        }
    }

    /// Whether a comment says that there is such a metric, whose samples may end in a suffix.
    fn is_declared(&self, text: &str) -> bool {
        const SUFFIXES: [&str; 5] = ["", "_total", "_count", "_sum", "_bucket"];
        let declared = text.lines().filter_map(|line| {
            let mut words = line.strip_prefix('#')?.split_whitespace();
            matches!(words.next()?, "TYPE" | "HELP").then(|| words.next())?
        });
        declared
            .into_iter()
            .any(|name| SUFFIXES.iter().any(|suffix| self.name.strip_suffix(suffix) == Some(name)))
    }

    /// A label that is not there is as good as an empty one.
    fn is_of(&self, sample: &Self) -> bool {
        let holds = |(name, value): &(String, String)| {
            let found = sample.labels.iter().find(|(label, _)| label == name);
            found.map_or("", |(_, value)| value) == value
        };
        self.name == sample.name && self.labels.iter().all(holds)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={}", in_quotes(value)))
            .collect();
        write!(f, "{{{}}}", labels.join(","))
    }
}

/// A label's value as Prometheus writes it.
fn in_quotes(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n"))
}

/// Too many where one is expected.
pub(crate) fn several(what: &str, names: &[String]) -> String {
    let (count, names) = (names.len(), listed(names));
    format!(
        "has {count} {what} where one is expected: {names}; name labels until one is left, or sum \
         them up"
    )
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A number as Prometheus writes it. NaN and infinity are numbers that are no figures.
pub(crate) fn number(text: &str) -> Cell {
    match text {
        "NaN" => Cell::Float(f64::NAN),
        "+Inf" | "Inf" => Cell::Float(f64::INFINITY),
        "-Inf" => Cell::Float(f64::NEG_INFINITY),
        _ => decimal(text).map_or_else(|| Cell::Text(text.to_owned()), Cell::Float),
    }
}

/// A name, its labels, a value; what may follow, an instant and an exemplar, is not looked at.
fn sample(line: &str) -> Option<Sample<'_>> {
    let (of, rest) = selector(line)?;
    if of.labels.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    let value = rest.split_whitespace().next()?;
    matches!(number(value), Cell::Float(_)).then_some(Sample { of, value })
}

/// What is named at the beginning of a text, and the rest of it. Names that are no words stand in
/// quotes between the braces.
fn selector(text: &str) -> Option<(Selector, &str)> {
    let end = text.find(|c: char| !is_of_name(c)).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (mut name, mut labels) = (name.to_owned(), Vec::new());
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            let (label, after) = match quoted(rest) {
                Some(quoted) => quoted,
                None => {
                    let end = rest.find(|c: char| !is_of_name(c)).filter(|end| *end > 0)?;
                    (rest[..end].to_owned(), &rest[end..])
                }
            };
            match after.trim_start().strip_prefix('=') {
                Some(after) => {
                    let (value, after) = quoted(after.trim_start())?;
                    labels.push((label, value));
                    rest = after;
                }
                None if name.is_empty() => {
                    name = label;
                    rest = after;
                }
                None => return None,
            }
        }
    }
    (!name.is_empty()).then_some((Selector { name, labels }, rest))
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}

/// The text between quotes, with `\\`, `\"` and `\n` read, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let (mut read, mut letters) = (String::new(), inside.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((read, &inside[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => read.push('\n'),
                other => read.push(other),
            },
            other => read.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP orders_total Orders.
# TYPE orders_total counter
# TYPE silent counter
orders_total{shop=\"north\",kind=\"web\"} 41 1780000000000
orders_total{shop=\"south\", kind=\"a \\\"b\\\" \\\\c\"} 7.5 # {trace=\"x\"} 1
up 1
broken NaN
open_seconds +Inf
{\"disk.used\", mount=\"/\"} 1.5e3

# EOF
";

    fn find(selector: &str) -> Result<Option<Cell>, String> {
        Selector::parse(selector).unwrap().find(TEXT)
    }

    #[test]
    fn the_sample_that_labels_select_is_found() {
        for (selector, value) in [
            ("up", Some(1.0)),
            ("up{job=\"\"}", Some(1.0)),
            ("orders_total{shop=\"north\"}", Some(41.0)),
            ("orders_total{ kind = \"web\" , shop=\"north\" }", Some(41.0)),
            ("orders_total{kind=\"a \\\"b\\\" \\\\c\"}", Some(7.5)),
            ("{\"disk.used\"}", Some(1500.0)),
            ("silent_total", None),
        ] {
            assert_eq!(find(selector), Ok(value.map(Cell::Float)), "{selector}");
        }
        for (selector, part) in [
            ("orders_total{shop=\"west\"}", "has orders_total{shop=\"north\",kind=\"web\"}"),
            ("orders", "has no metric `orders`"),
            ("silent_totl", "has no metric `silent_totl`"),
        ] {
            let error = find(selector).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert!(find("broken").unwrap().unwrap().figure().is_err(), "NaN is never zero");
        assert!(find("open_seconds").unwrap().unwrap().figure().is_err());
    }

    #[test]
    fn several_samples_are_named_and_not_summed_up() {
        let error = find("orders_total").unwrap_err();
        let names = "orders_total{shop=\"north\",kind=\"web\"}, orders_total{shop=\"south\",";
        assert!(error.contains("2 samples of `orders_total` where one is expected"), "{error}");
        assert!(error.contains(names), "{error}");
    }

    #[test]
    fn what_is_no_such_text_is_told_with_its_line() {
        for (text, line) in [
            ("up 1\n<h1>Log in</h1>\n", 2),
            ("{\"value\": 1}\n", 1),
            ("up one\n", 1),
            ("up\n", 1),
            ("up{a=\"b} 1\n", 1),
        ] {
            let error = Selector::parse("up").unwrap().find(text).unwrap_err();
            assert!(error.ends_with(&format!("in line {line}")), "{text}: {error}");
        }
    }

    #[test]
    fn a_selector_is_a_name_and_labels_that_are_equal() {
        for text in
            ["", "1up", "up{", "up{a}", "up{a=b}", "up{a=~\"b\"}", "up{a!=\"b\"}", "sum(up)"]
        {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
