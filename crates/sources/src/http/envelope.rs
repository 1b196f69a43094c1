//! What an answer in JSON says of itself beside its figures: that it is an error, though its status
//! is 200.

use serde_json::{Map, Value};

use crate::cell::shown;

/// What of an error is shown.
const ERROR_CHARS_MAX: usize = 200;

/// Keys of an error that says what happened.
const WORDS: [&str; 9] =
    ["message", "msg", "code", "detail", "details", "description", "reason", "title", "type"];

/// Why the document is an error, whatever figures it has. What the author's own path names is what
/// he wants, and no error.
pub(crate) fn error(document: &Value, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    let map = document.as_object()?;
    let (name, told) = ["error", "errors", "Error", "Errors", "exception", "fault"]
        .into_iter()
        .filter(|name| !is_wanted(name))
        .find_map(|name| map.get(name).filter(|told| is_told(told)).map(|told| (name, told)))?;
    Some(words(name, told))
}

/// Why a document whose figures are all 0 or missing is an error and not nothing: it says itself
/// that it did not succeed.
pub(crate) fn failure(document: &Value, is_wanted: impl Fn(&str) -> bool) -> Option<String> {
    let map = document.as_object()?;
    let says = |name: &str| map.get(name).filter(|_| !is_wanted(name));
    let is_no = ["success", "Success", "ok"]
        .into_iter()
        .find(|name| matches!(says(name), Some(Value::Bool(false))));
    let is_failed = ["status", "result", "stat"].into_iter().find(|name| {
        let word = says(name).and_then(Value::as_str).map(str::to_ascii_lowercase);
        matches!(word.as_deref(), Some("error" | "fail" | "failed" | "failure"))
    });
    let is_code = map.iter().find_map(|(name, code)| {
        (!is_wanted(name) && is_code_of_error(name, code)).then_some(name.as_str())
    });
    let name = is_no.or(is_failed).or(is_code)?;
    let told = ["message", "msg", "errmsg", name].into_iter().find_map(|name| map.get(name));
    Some(words(name, told.unwrap_or(document)))
}

/// Whether it is a code by which APIs say that they failed: like those of HTTP, or any but 0 where it
/// is named so.
fn is_code_of_error(name: &str, code: &Value) -> bool {
    let code = match code {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return false,
    };
    let is_number = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    match name.to_ascii_lowercase().replace(['_', '-'], "").as_str() {
        "code" | "status" | "statuscode" => {
            is_number && code.len() >= 3 && code.starts_with(['4', '5'])
        }
        "errcode" | "errorcode" | "errno" => is_number && code.bytes().any(|byte| byte != b'0'),
        _ => false,
    }
}

fn words(name: &str, told: &Value) -> String {
    let told = told.as_str().map_or_else(|| told.to_string(), str::to_owned);
    let told = shown(&told, ERROR_CHARS_MAX);
    format!("came with an error and not with figures, in `{name}`: {told}")
}

/// Whether it is an error in words, and not a count of errors.
fn is_told(told: &Value) -> bool {
    let says = |map: &Map<String, Value>| WORDS.iter().any(|word| map.contains_key(*word));
    match told {
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(map) => says(map),
        Value::Array(list) => list.first().is_some_and(|first| match first {
            Value::String(text) => !text.trim().is_empty(),
            Value::Object(map) => says(map),
            _ => false,
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_that_comes_with_200_is_one() {
        let nothing = |_: &str| false;
        for (document, part) in [
            (json!({ "error": { "code": 100, "message": "Session expired" } }), "Session expired"),
            (json!({ "error": "not_authed", "count": 0 }), "in `error`: not_authed"),
            (json!({ "errors": [{ "detail": "no such field" }], "data": [] }), "no such field"),
            (json!({ "errors": ["timeout"], "total": 3 }), "timeout"),
        ] {
            let words = error(&document, nothing).unwrap();
            assert!(words.contains(part), "{words}");
        }
        for document in [
            json!({ "error": null, "errors": [], "count": 0 }),
            json!({ "errors": 7, "requests": 100 }),
            json!({ "error": { "count": 3, "rate": 0.1 }, "requests": 100 }),
            json!({ "error": "", "count": 0 }),
            json!([{ "error": "x" }]),
        ] {
            assert_eq!(error(&document, nothing), None, "{document}");
        }
        let own = json!({ "errors": [{ "code": "E1", "count": 2 }] });
        assert_eq!(error(&own, |name| name == "errors"), None, "the author asks for it");
    }

    #[test]
    fn what_says_that_it_failed_has_no_nothing() {
        let nothing = |_: &str| false;
        for document in [
            json!({ "success": false, "message": "quota exceeded", "rows": [] }),
            json!({ "ok": false, "count": 0 }),
            json!({ "status": "error", "data": null }),
            json!({ "status": "FAIL", "data": [] }),
            json!({ "code": 40001, "msg": "token expired", "data": [] }),
            json!({ "status": "401", "data": [] }),
            json!({ "errcode": 7, "errmsg": "x", "data": [] }),
        ] {
            assert!(failure(&document, nothing).is_some(), "{document}");
        }
        for document in [
            json!({ "success": true, "rows": [] }),
            json!({ "status": "ok", "count": 0 }),
            json!({ "status": 200, "rows": [] }),
            json!({ "code": 0, "rows": [] }),
            json!({ "code": 20000, "errcode": 0, "rows": [] }),
        ] {
            assert_eq!(failure(&document, nothing), None, "{document}");
        }
    }
}
