//! What it means that a JSONPath matches nothing: that the place it names is there and empty, that
//! none of the entries there is meant, or that there is no such place.

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::http::matches::{matches, steps, written};
use crate::{
    cell::{Cell, shown},
    table::{self, Doubt},
};

/// What of a path is shown in a message.
const PATH_CHARS_MAX: usize = 120;

/// Why a path matches nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Absence {
    /// Its place is there and holds nothing: the only one that is as good as 0.
    Empty,
    /// Its place is there, and null.
    Null,
    /// Nothing says that there is nothing.
    Doubted(Doubt),
}

/// Why `path` matches nothing in the document: found at the last step that still matches something.
pub(crate) fn of(path: &JsonPath, document: &Value) -> Absence {
    let text = written(path);
    let ends = steps(&text);
    let nowhere = |words: String| {
        let path = shown(&text, PATH_CHARS_MAX);
        Absence::Doubted(Doubt::Nowhere(format!(
            "has nothing at `{path}`: {words}; check the path"
        )))
    };
    for pair in ends.windows(2).rev() {
        let (place, step) = (&text[..pair[0]], &text[pair[0]..pair[1]]);
        let Ok(found) = JsonPath::parse(place) else { continue };
        let Ok(nodes) = matches(&found, document) else { continue };
        if nodes.is_empty() {
            continue;
        }
        let place = shown(place, PATH_CHARS_MAX);
        if nodes.iter().all(|node| node.is_null()) {
            return Absence::Null;
        }
        if nodes.iter().all(|node| is_empty(node, step)) {
            return Absence::Empty;
        }
        if step.contains('?') {
            let entries: usize = nodes.iter().map(|node| entries(node)).sum();
            let step = shown(step, PATH_CHARS_MAX);
            let words = format!("none of the {entries} entries at `{place}` fits `{step}`");
            return Absence::Doubted(Doubt::Unmatched(format!(
                "{words}; check the filter, which may be misspelt"
            )));
        }
        return nowhere(format!("`{place}` {}", holds(nodes[0])));
    }
    nowhere("it cannot be followed".to_owned())
}

/// Whether the place is a list, or a map of any keys, in which `step` could only have found nothing.
fn is_empty(node: &Value, step: &str) -> bool {
    let is_by_name = !step.starts_with("..")
        && (step.starts_with("['") || step.starts_with("[\"") || step.starts_with('.'))
        && !step.contains('*');
    match node {
        Value::Array(list) => list.is_empty() && !is_by_name,
        Value::Object(map) => map.is_empty() && (step.contains('*') || step.contains('?')),
        _ => false,
    }
}

fn entries(node: &Value) -> usize {
    match node {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

/// What is there instead, in words.
fn holds(node: &Value) -> String {
    match node {
        Value::Object(map) if map.is_empty() => "is an object without keys".to_owned(),
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            format!("has only {}", table::named(&keys))
        }
        Value::Array(list) => match list.len() {
            0 => "is an empty list".to_owned(),
            1 => "is a list of 1 entry".to_owned(),
            more => format!("is a list of {more} entries"),
        },
        other => format!("is {}", Cell::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn absence(path: &str, document: &Value) -> String {
        match of(&JsonPath::parse(path).unwrap(), document) {
            Absence::Empty => "empty".to_owned(),
            Absence::Null => "null".to_owned(),
            Absence::Doubted(doubt) => doubt.words().to_owned(),
        }
    }

    #[test]
    fn only_a_place_that_is_there_and_empty_holds_nothing() {
        let document = json!({
            "result": { "rows": [], "by_month": {}, "none": null, "odd key": { "a[0].b": [] } },
            "full": [{ "n": 1, "kind": "a", "parts": [] }, { "n": 2, "kind": "b", "parts": [] }],
        });
        for (path, expected) in [
            ("$.result.rows[*]", "empty"),
            ("$.result.rows[*].n", "empty"),
            ("$.result.rows[0].n", "empty"),
            ("$.result.rows[-1]", "empty"),
            ("$.result.rows[?@.kind == 'a'].n", "empty"),
            ("$.result.rows..n", "empty"),
            ("$.result.by_month.*", "empty"),
            ("$['result']['odd key'][\"a[0].b\"][*]", "empty"),
            ("$.full[*].parts[0].n", "empty"),
            ("$.result.none[*]", "null"),
            ("$.result.none.count", "null"),
        ] {
            assert_eq!(absence(path, &document), expected, "{path}");
        }
        for (path, part) in [
            ("$.reslt.rows[*]", "has nothing at `$.reslt.rows[*]`: `$` has only result, full"),
            ("$.result.count", "`$.result` has only rows, by_month, none, odd key"),
            ("$.result.rows.count", "`$.result.rows` is an empty list"),
            ("$.result.by_month['2026-10']", "is an object without keys"),
            ("$.full[2].n", "`$.full` is a list of 2 entries"),
            ("$.full[*].count", "has only n, kind, parts"),
            ("$.full[0].n.count", "is 1; check the path"),
            ("$..count", "`$` has only result, full"),
            ("$.full[?@.kind == 'c'].n", "none of the 2 entries at `$.full` fits"),
            ("$.full[?match(@.kind, 'c[?]')]", "none of the 2 entries"),
        ] {
            let words = absence(path, &document);
            assert!(words.contains(part), "{path}: {words}");
        }
    }

    #[test]
    fn a_document_that_is_an_empty_list_is_a_place() {
        assert_eq!(absence("$[*]", &json!([])), "empty");
        assert_eq!(absence("$[0].n", &json!([])), "empty");
        assert!(absence("$.n", &json!([])).contains("`$` is an empty list"));
        assert!(absence("$.n", &json!({})).contains("without keys"));
        assert_eq!(absence("$.n", &json!(null)), "null");
    }
}
