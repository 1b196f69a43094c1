//! What a JSONPath matches, in a time that grows with the document and not with the number of ways
//! through it: of `$..a..b`, each `b` is as often a match as there are `a` above it.

use std::collections::HashMap;

use serde_json::Value;
use serde_json_path::JsonPath;

/// More matches than this nobody means: each is a row, of which far fewer are read.
const MATCHES_MAX: u64 = 1 << 20;

/// A path with more commas than this may name the same entries many times over.
const COMMAS_MAX: usize = 3;

/// Nodes, and how often each was matched.
type Counted<'d> = Vec<(&'d Value, u64)>;

/// Why a path cannot be followed in reasonable time, if so; what to do about it comes with it.
pub fn trouble(path: &JsonPath) -> Option<&'static str> {
    let text = written(path);
    let within = |step: &str| descents(step.strip_prefix("..").unwrap_or(step));
    if steps_of(&text).any(|step| step.contains('?') && within(step) > 1) {
        return Some("a filter may have one `..` at most");
    }
    if descents(&text) > 1 && steps_of_each(&text).is_none() {
        return Some(
            "beside more than one `..`, no filter may name the root `$`, and no text have a quote in it",
        );
    }
    None
}

/// Whether a path goes down to any depth more than once, which matches one node many times.
pub fn descends_twice(path: &JsonPath) -> bool {
    descents(&written(path)) > 1
}

/// A path as it can be read again: the library writes a step by name to any depth with three points.
pub(crate) fn written(path: &JsonPath) -> String {
    let (mut text, mut quote, mut is_escaped) = (String::new(), None, false);
    for c in path.to_string().chars() {
        match quote {
            Some(open) if c == open && !is_escaped => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c == '.' && text.ends_with("..") => continue,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
        text.push(c);
    }
    text
}

fn descents(text: &str) -> usize {
    text.matches("..").count()
}

/// Everything that the path matches.
pub(crate) fn matches<'d>(path: &JsonPath, document: &'d Value) -> Result<Vec<&'d Value>, String> {
    let text = written(path);
    let may_repeat = descents(&text) > 1 || text.matches(',').count() > COMMAS_MAX;
    let steps = if may_repeat { steps_of_each(&text) } else { None };
    let Some(steps) = steps else { return Ok(path.query(document).all()) };
    let mut nodes: Counted<'d> = vec![(document, 1)];
    for (is_descent, step) in &steps {
        if *is_descent {
            nodes = with_all_below(&nodes, document);
        }
        nodes = children(&nodes, step);
    }
    let count = nodes.iter().fold(0_u64, |sum, (_, times)| sum.saturating_add(*times));
    if count > MATCHES_MAX {
        return Err(format!("has {count} matches of `{text}`; narrow the path"));
    }
    let repeated = nodes.into_iter().flat_map(|(node, times)| (0..times).map(move |_| node));
    Ok(repeated.collect())
}

/// What the path matches, which is one node or none.
pub(crate) fn only<'d>(path: &JsonPath, document: &'d Value) -> Result<Option<&'d Value>, String> {
    let nodes = matches(path, document)?;
    match nodes.as_slice() {
        [] => Ok(None),
        [node] => Ok(Some(*node)),
        [..] => Err(format!(
            "has {} matches of `{}` where one is expected; narrow the path",
            nodes.len(),
            written(path)
        )),
    }
}

/// Each step by itself, and whether it goes down to any depth; none where that cannot be said, for the
/// library writes some filters so that they cannot be read again, and `$` is the root of all steps.
fn steps_of_each(text: &str) -> Option<Vec<(bool, JsonPath)>> {
    if text.get(1..).is_some_and(|rest| rest.contains('$')) {
        return None;
    }
    let step = |step: &str| {
        let rest = step.strip_prefix("..");
        let begins = if rest.is_some_and(|rest| !rest.starts_with('[')) { "." } else { "" };
        let below = JsonPath::parse(&format!("${begins}{}", rest.unwrap_or(step))).ok()?;
        Some((rest.is_some(), below))
    };
    steps_of(text).map(step).collect()
}

/// What one step matches below each of these.
fn children<'d>(nodes: &Counted<'d>, step: &JsonPath) -> Counted<'d> {
    let mut found: Counted<'d> = Vec::new();
    for (node, times) in nodes {
        let begin = found.len();
        for child in step.query(node).all() {
            // One that is named twice in a step follows soon, as few are named in one.
            let known = found[begin..].iter_mut().rev().take(COMMAS_MAX * 2);
            match known.into_iter().find(|(held, _)| std::ptr::eq(*held, child)) {
                Some((_, held)) => *held = held.saturating_add(*times),
                None => found.push((child, *times)),
            }
        }
    }
    found
}

/// These and all below them: each as often as it is at or below one of them.
fn with_all_below<'d>(nodes: &Counted<'d>, document: &'d Value) -> Counted<'d> {
    let times: HashMap<*const Value, u64> =
        nodes.iter().map(|(node, times)| (std::ptr::from_ref(*node), *times)).collect();
    let mut found = Vec::new();
    let mut open = vec![(document, 0_u64)];
    while let Some((node, above)) = open.pop() {
        let here = times.get(&std::ptr::from_ref(node)).copied().unwrap_or(0);
        let sum = above.saturating_add(here);
        if sum > 0 {
            found.push((node, sum));
        }
        match node {
            Value::Array(list) => open.extend(list.iter().rev().map(|below| (below, sum))),
            Value::Object(map) => open.extend(map.values().rev().map(|below| (below, sum))),
            _ => {}
        }
    }
    found
}

/// The steps of a path, without the root's `$`.
fn steps_of(path: &str) -> impl Iterator<Item = &str> {
    let ends = steps(path);
    let pairs: Vec<(usize, usize)> = ends.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.into_iter().map(move |(from, to)| &path[from..to])
}

/// Where the steps of a path end, the root's `$` first.
pub(crate) fn steps(path: &str) -> Vec<usize> {
    let bytes = path.as_bytes();
    let (mut ends, mut at) = (vec![path.len().min(1)], 1);
    while at < bytes.len() {
        let dots = bytes[at..].iter().take_while(|byte| **byte == b'.').count();
        at += dots;
        if bytes.get(at) == Some(&b'[') {
            at = bracket_end(bytes, at);
        } else {
            let name = bytes[at..].iter().take_while(|byte| !matches!(byte, b'.' | b'['));
            at += name.count();
        }
        ends.push(at);
    }
    ends
}

/// Where the bracket that begins at `at` ends: others, and texts in quotes, may stand in it.
fn bracket_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut quote, mut at) = (0_usize, None, at);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if open == *byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(*byte),
            (None, b'[') => depth += 1,
            (None, b']') => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            (None, _) => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> JsonPath {
        JsonPath::parse(text).unwrap()
    }

    /// `a` within `a` so many times, and rows inside.
    fn nested(depth: usize, rows: usize) -> Value {
        let rows = json!(vec![json!({"b": 1}); rows]);
        (0..depth).fold(rows, |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn a_path_is_written_so_that_it_can_be_read_again() {
        for text in ["$..a..b", "$..*", "$..['a...b']", "$..[?@..b && @.c]", "$.a[0]..c[*]"] {
            let path = path(text);
            assert_eq!(JsonPath::parse(&written(&path)).unwrap(), path, "{text}");
        }
    }

    #[test]
    fn steps_match_what_the_whole_path_matches() {
        let documents = [
            nested(4, 3),
            json!({"a": [{"b": {"a": {"b": 2}}}, {"b": 3, "c": [1, 2, 3]}], "b": {"c": "x,y"}}),
            json!([[1, [2, {"a": {"a": {"a": 3}}}]]]),
            json!(7),
        ];
        for text in [
            "$..a..b",
            "$..a..*..b",
            "$..*..*",
            "$..a..a",
            "$..[0]..[*]",
            "$..[?@.b]..c[*]",
            "$.a..b..['a','b','a']",
            "$['a','b','a','a','b']..*",
            "$..a['a','a','a','a','a']",
            "$..*..[?@..b]",
            "$..a..[?@.c == 'x,y']",
            "$..*..[?@.b > 2 && @.c]",
        ] {
            for document in &documents {
                let sorted = |nodes: Vec<&Value>| {
                    let mut words: Vec<String> =
                        nodes.iter().map(|node| node.to_string()).collect();
                    words.sort();
                    words
                };
                let whole = sorted(path(text).query(document).all());
                let found = sorted(matches(&path(text), document).unwrap());
                assert_eq!(found, whole, "{text} of {document}");
            }
        }
    }

    #[test]
    fn ways_through_a_document_are_counted_and_not_walked() {
        let document = nested(110, 1_000);
        for (text, count) in [
            ("$..a..b", "has 110000"),
            ("$..a..*..b", "has 6105000 matches"),
            (&format!("${}", "..*".repeat(30)), "has 18446744073709551615 matches"),
            ("$..a..a[0,0,0,0,0]", "has 545"),
        ] {
            let words = match matches(&path(text), &document) {
                Ok(found) => format!("has {}", found.len()),
                Err(words) => words,
            };
            assert!(words.starts_with(count), "{text}: {words}");
        }
    }

    #[test]
    fn what_would_be_searched_over_and_over_is_told() {
        for (text, part) in [
            ("$..a..b", None),
            ("$..[?@..b]..c", None),
            ("$.rows[?@.a == $.b]", None),
            ("$..[?@..a..b]", Some("one `..` at most")),
            ("$.rows[?@..a && @..b]", Some("one `..` at most")),
            ("$..rows..[?@.a == $.b]", Some("the root")),
            ("$..rows..[?@.a == 'b']", None),
            ("$..rows..['it\\'s']", Some("a quote")),
        ] {
            let found = trouble(&path(text));
            assert_eq!(found.is_some(), part.is_some(), "{text}: {found:?}");
            assert!(found.unwrap_or_default().contains(part.unwrap_or_default()), "{text}");
        }
    }
}
