//! Instant queries in PromQL: for which instant they are asked, and what their answers say.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use url::form_urlencoded;

use crate::http::exposition::{number, several};
use crate::{
    cell::Cell,
    question::Question,
    table::{Doubt, Table},
};

/// Where Prometheus, and what speaks like it, is asked.
pub const PATH: &str = "api/v1/query";

/// Stands for the span from the window's start to the instant, as in `increase(x[$period])`.
const SPAN: &str = "[$period]";

/// The query of the address: the words, and the instant, which is the window's end, or now while it
/// runs.
pub(crate) fn parameters(words: &str, question: &Question<'_>) -> String {
    let at = instant(question);
    let seconds = (at - question.window.start).num_seconds().max(1);
    let words = words.replace(SPAN, &format!("[{seconds}s]"));
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    form_urlencoded::Serializer::new(String::new())
        .append_pair("query", &words)
        .append_pair("time", &at)
        .finish()
}

fn instant(question: &Question<'_>) -> DateTime<Utc> {
    question.window.end.min(question.now)
}

/// What is said where nothing came: a metric that is misspelt or gone is answered in the same way.
const NO_SAMPLE: &str = "came without a sample, as it does for a metric or label that is misspelt or \
    gone; where nothing is meant to be 0, write `… or vector(0)`";

/// The one value that came.
pub(crate) fn table(document: &Value) -> Result<Table, String> {
    let columns = vec!["value".to_owned()];
    let value = value(document)?;
    let doubt = value.is_none().then(|| Doubt::Unmatched(NO_SAMPLE.to_owned()));
    let rows: Vec<Vec<Cell>> = value.into_iter().map(|cell| vec![cell]).collect();
    Ok(Table { columns, rows, doubt, ..Table::default() })
}

fn value(document: &Value) -> Result<Option<Cell>, String> {
    if document["status"] != "success" {
        let error = document["error"].as_str().unwrap_or("no `status: success` in it");
        return Err(format!("came without a result of PromQL: {error}"));
    }
    // Some of the figures may be missing: a part would pass for the whole.
    if let Some(warning) = document["warnings"].as_array().and_then(|held| held.first()) {
        return Err(format!("came with a warning, so that it may be a part only: {warning}"));
    }
    let data = &document["data"];
    let result = &data["result"];
    match (data["resultType"].as_str(), result.as_array()) {
        (Some("scalar"), Some(pair)) => sample(pair).map(Some),
        (Some("vector"), Some(samples)) => match samples.as_slice() {
            [] => Ok(None),
            [one] => match one["value"].as_array() {
                Some(pair) => sample(pair).map(Some),
                None => Err("came with a histogram where a number is expected".to_owned()),
            },
            [..] => {
                let names: Vec<String> =
                    samples.iter().map(|sample| sample["metric"].to_string()).collect();
                Err(several("samples", &names))
            }
        },
        (Some(kind), _) => Err(format!("came with a {kind} where one number is expected")),
        (None, _) => Err("came without a `resultType`".to_owned()),
    }
}

/// An instant and a number as text.
fn sample(pair: &[Value]) -> Result<Cell, String> {
    match pair {
        [_, Value::String(text)] => Ok(number(text)),
        _ => Err("came with a sample that is not a pair of instant and number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Amsterdam;
    use serde_json::json;

    use super::*;
    use crate::question::Window;
    use kpid_rules::model::{Calendar, Frequency, Period};

    #[test]
    fn a_closed_period_is_asked_at_its_end_and_a_running_one_now() {
        let (calendar, period) = (Calendar::plain(Amsterdam), Period::Month(2026, 5));
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        let window = Window { period, start, end, first_day, last_day };
        let asked = |now: &str| {
            let (frequency, now) = (Frequency::Month, now.parse().unwrap());
            let question = Question { window: &window, frequency, calendar: &calendar, now };
            parameters("increase(x{a=\"b\"}[$period])", &question)
        };
        assert_eq!(
            asked("2026-06-03T04:00:00Z"),
            "query=increase%28x%7Ba%3D%22b%22%7D%5B2678400s%5D%29&time=2026-05-31T22%3A00%3A00Z"
        );
        assert_eq!(
            asked("2026-05-01T22:00:00Z"),
            "query=increase%28x%7Ba%3D%22b%22%7D%5B86400s%5D%29&time=2026-05-01T22%3A00%3A00Z"
        );
    }

    fn of(kind: &str, result: Value) -> Value {
        json!({ "status": "success", "data": { "resultType": kind, "result": result } })
    }

    #[test]
    fn an_answer_is_one_number_nothing_or_an_error() {
        let sample = |value: &str| json!({ "metric": { "a": value }, "value": [1.5, value] });
        assert_eq!(value(&of("vector", json!([sample("41.5")]))), Ok(Some(Cell::Float(41.5))));
        assert_eq!(value(&of("scalar", json!([1.5, "7"]))), Ok(Some(Cell::Float(7.0))));
        assert_eq!(value(&of("vector", json!([]))), Ok(None));
        let nothing = table(&of("vector", json!([]))).unwrap().doubt.unwrap();
        assert!(nothing.words().contains("or vector(0)"), "a metric that is gone is not 0");
        let nan = value(&of("vector", json!([sample("NaN")]))).unwrap().unwrap();
        assert!(nan.figure().unwrap_err().contains("NaN, which is not a finite number"));
        let mut partial = of("vector", json!([sample("1")]));
        partial["warnings"] = json!(["store s1 is gone"]);
        for (document, part) in [
            (of("vector", json!([sample("1"), sample("2")])), "2 samples where one is expected"),
            (of("vector", json!([sample("1"), sample("2")])), r#"{"a":"1"}, {"a":"2"}"#),
            (of("matrix", json!([])), "a matrix where one number"),
            (of("string", json!([1.5, "a"])), "a string where one number"),
            (of("vector", json!([{ "metric": {}, "histogram": [] }])), "a histogram"),
            (partial, "store s1 is gone"),
            (json!({ "status": "error", "error": "parse error" }), "parse error"),
            (json!({}), "no `status: success`"),
        ] {
            let error = value(&document).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
