//! Conditions on a whole answer: what must hold of it, and by what a last page is known.

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::http::matches::{matches, written};
use crate::{cell::Cell, rows::condition::Condition};

/// That an answer does not meet what must hold of it, if so.
pub(crate) fn unmet(required: &[(JsonPath, Condition)], document: &Value) -> Result<(), String> {
    for (path, condition) in required {
        let at = written(path);
        let misfit = |cell: &Cell| {
            format!("does not meet `require`: `{at}` is {cell}, where it must be {condition}")
        };
        let nodes = matches(path, document)?;
        if nodes.is_empty() && !condition.is_of_null() {
            return Err(format!("does not meet `require`: it has nothing at `{at}`"));
        }
        for cell in nodes.into_iter().map(Cell::from) {
            if !condition.fits(&cell, || cell.clone()).unwrap_or(false) {
                return Err(misfit(&cell));
            }
        }
    }
    Ok(())
}

/// Whether a document says that it is the last page: by everything that says so.
pub(crate) fn is_last(
    last_page: &[(JsonPath, Condition)],
    document: &Value,
) -> Result<bool, String> {
    for (path, condition) in last_page {
        let nodes = matches(path, document)?;
        let cells: Vec<Cell> = match nodes.as_slice() {
            [] => vec![Cell::Null],
            nodes => nodes.iter().copied().map(Cell::from).collect(),
        };
        for cell in &cells {
            let is_met = condition.fits(cell, || cell.clone());
            if !is_met
                .map_err(|misfit| format!("at `{}` of `last_page` {misfit}", written(path)))?
            {
                return Ok(false);
            }
        }
    }
    Ok(!last_page.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rows::condition::{Literal, Test};

    fn condition(path: &str, test: Test) -> Vec<(JsonPath, Condition)> {
        vec![(JsonPath::parse(path).unwrap(), Condition { tests: vec![test] })]
    }

    #[test]
    fn an_answer_meets_all_that_must_hold_of_it() {
        let exact = condition("$.total.relation", Test::OneOf(vec![Literal::Text("eq".into())]));
        assert_eq!(unmet(&exact, &json!({ "total": { "relation": "eq" } })), Ok(()));
        let told = unmet(&exact, &json!({ "total": { "relation": "gte" } })).unwrap_err();
        assert!(told.contains("`$.total.relation` is the text \"gte\", where it must be `eq`"));
        let told = unmet(&exact, &json!({ "total": 5 })).unwrap_err();
        assert!(told.contains("it has nothing at `$.total.relation`"), "{told}");
        let each = condition("$.shards[*].failed", Test::OneOf(vec![Literal::Number(0.0)]));
        let document = json!({ "shards": [{ "failed": 0 }, { "failed": 2 }] });
        assert!(unmet(&each, &document).unwrap_err().contains("is 2, where it must be 0"));
        let whole = condition("$.error", Test::OneOf(vec![Literal::Null]));
        assert_eq!(unmet(&whole, &json!({})), Ok(()));
    }

    #[test]
    fn a_last_page_says_so_with_all_its_words() {
        let ends = condition("$.end", Test::OneOf(vec![Literal::Bool(true)]));
        assert_eq!(is_last(&ends, &json!({ "end": true })), Ok(true));
        assert_eq!(is_last(&ends, &json!({ "end": false })), Ok(false));
        assert_eq!(is_last(&ends, &json!({})), Ok(false));
        assert_eq!(is_last(&[], &json!({ "end": true })), Ok(false), "nothing says so");
    }
}
