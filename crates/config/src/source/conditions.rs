//! Conditions as their author writes them: `{ Status: paid, Total: { above: 0 } }`.

use serde_json::Value;

use crate::{
    parse_context::ParseContext,
    problem::{Place, Problem, suggestion},
    yaml::located::Loc,
};
use kpid_sources::rows::condition::{Condition, Literal, Test};

/// The words of a condition that is more than a value.
const WORDS: [&str; 5] = ["not", "above", "at_least", "below", "at_most"];

/// Conditions by what they are about; none where one is none, which is told.
pub(crate) fn conditions(
    context: &mut ParseContext,
    key: &str,
    doc: &Option<Loc<Value>>,
) -> Option<Vec<(String, Condition)>> {
    let Some(doc) = doc else { return Some(Vec::new()) };
    let Value::Object(map) = doc.value.as_ref()? else {
        context.error(doc.place, format!("`{key}` must be a map such as {{ Status: paid }}"));
        return None;
    };
    if map.is_empty() {
        context.error(doc.place, format!("`{key}` is empty; name a condition, or remove it"));
        return None;
    }
    let mut found = Vec::new();
    for (name, value) in map {
        context.without_period(doc.place, name, &format!("`{key}`"))?;
        let tests = tests(context, doc.place, value)?;
        found.push((name.clone(), Condition { tests }));
    }
    Some(found)
}

fn tests(context: &mut ParseContext, place: Place, value: &Value) -> Option<Vec<Test>> {
    let Value::Object(map) = value else {
        return Some(vec![Test::OneOf(literals(context, place, value)?)]);
    };
    if map.is_empty() {
        context.error(place, "a condition is empty; write a value, or one of `not` and `above`");
        return None;
    }
    let test = |(word, value): (&String, &Value)| {
        if word == "not" {
            return literals(context, place, value).map(Test::NoneOf);
        }
        let bounded: fn(f64) -> Test = match word.as_str() {
            "above" => Test::Above,
            "at_least" => Test::AtLeast,
            "below" => Test::Below,
            "at_most" => Test::AtMost,
            other => {
                let message = format!("`{other}` is not a condition");
                let hint = suggestion(other, WORDS);
                let hint = hint.unwrap_or_else(|| format!("write one of {}", WORDS.join(", ")));
                context.problems.push(Problem::error(place, message).hint(hint));
                return None;
            }
        };
        let Some(bound) = value.as_f64() else {
            context.error(place, format!("`{word}` must be a number, and not {value}"));
            return None;
        };
        Some(bounded(bound))
    };
    map.iter().map(test).collect()
}

/// One value or several.
fn literals(context: &mut ParseContext, place: Place, value: &Value) -> Option<Vec<Literal>> {
    let list = match value {
        Value::Array(list) if list.is_empty() => {
            context.error(place, "a condition with an empty list is never met; name a value");
            return None;
        }
        Value::Array(list) => list.as_slice(),
        value => std::slice::from_ref(value),
    };
    let literal = |value: &Value| match value {
        Value::Null => Some(Literal::Null),
        Value::Bool(yes) => Some(Literal::Bool(*yes)),
        Value::Number(number) => number.as_f64().map(Literal::Number),
        Value::String(text) => {
            context.without_period(place, text, "a condition")?;
            Some(Literal::Text(text.clone()))
        }
        Value::Array(_) | Value::Object(_) => {
            context.error(place, "a condition compares with texts, numbers, true, false or null");
            None
        }
    };
    list.iter().map(literal).collect()
}
