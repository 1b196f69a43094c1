//! Periods and instants as systems write them, in every kind of source.

use std::fs;

use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    pulling::{FLOW, check, kpid, pull, refused},
    source_examples::source,
    world::scripted::{Said, Scripted, Sent},
};

/// A source, and what comes of it.
type Case<'c> = (&'c str, &'c str, &'c str);

async fn served(answer: impl Fn(&str) -> Value + Clone + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |sent: &Sent| Said::json(answer(&sent.path))).await
}

fn kpis<'c>(cases: &[Case<'c>]) -> Vec<(&'c str, &'c str, &'c str)> {
    cases.iter().map(|(id, source, _)| (*id, FLOW, *source)).collect()
}

fn expected<'c>(cases: &[Case<'c>]) -> Vec<(&'c str, &'c str)> {
    cases.iter().map(|(id, _, came)| (*id, *came)).collect()
}

#[tokio::test]
async fn an_api_writes_periods_as_it_likes() {
    // 1 May 2026, 00:00 in Amsterdam.
    let server = served(|path| {
        let at = match path {
            "/day" => json!("2026-05-01"),
            "/zulu" => json!("2026-04-30T22:00:00.000Z"),
            "/offset" => json!("2026-05-01T00:00:00+02:00"),
            "/seconds" => json!(1_777_586_400),
            "/milliseconds" => json!(1_777_586_400_000_u64),
            "/digits" => json!("202605"),
            "/number" => json!(202605),
            "/odata" => json!("/Date(1777586400000)/"),
            "/german" => json!("01.05.2026"),
            "/short" => json!("01.05.26"),
            _ => json!("may be"),
        };
        json!([{ "at": at, "n": 5 }])
    })
    .await;
    let by = |path: &str, format: &str| {
        format!(
            "http: {{ from: api, reading: series, get: {path}, rows: \"$[*]\", period: $.at, value: $.n{format} }}"
        )
    };
    let found = "5 x for 2026-05";
    let cases = [
        ("day", by("day", ""), found),
        ("zulu", by("zulu", ""), found),
        ("offset", by("offset", ""), found),
        ("seconds", by("seconds", ""), found),
        ("said", by("seconds", ", period_format: epoch_seconds"), found),
        ("milliseconds", by("milliseconds", ""), found),
        ("digits", by("digits", ""), found),
        ("number", by("number", ", period_format: \"%Y%m\""), found),
        ("odata", by("odata", ""), found),
        ("german", by("german", ", period_format: dd.mm.yyyy"), found),
        (
            "unsaid",
            by("german", ""),
            "in row 1 the column `period` is the text \"01.05.2026\", which needs a form; say `period_format: dd.mm.yyyy`",
        ),
        ("short", by("short", ", period_format: dd.mm.yyyy"), "a year of four digits"),
        (
            "other",
            by("seconds", ", period_format: epoch_milliseconds"),
            "is 1777586400, which is not of the format `epoch_milliseconds`",
        ),
    ];
    let cases: Vec<Case<'_>> =
        cases.iter().map(|(id, source, came)| (*id, source.as_str(), *came)).collect();
    let ran = pull(&kpid(&[("api", server.yaml())], &kpis(&cases))).await;
    check(&ran, &expected(&cases));
}

#[tokio::test]
async fn periods_are_keys_of_an_object_or_run_beside_their_figures() {
    let server = served(|path| match path {
        "/stats/orders" => json!({ "months": { "2026-04": 7, "2026-05": 9 } }),
        "/charts/revenue" => json!({
            "labels": ["Apr 2026", "May 2026"],
            "datasets": [{ "data": [10.5, 11.5] }],
        }),
        "/objects" => json!({ "2026-04": { "n": 1, "of": 2 }, "2026-05": { "n": 3, "of": 4 } }),
        "/uneven" => json!({ "x": ["2026-04", "2026-05"], "y": [1] }),
        "/list" => json!({ "rows": [{ "key": "2026-05", "n": 3 }] }),
        _ => json!({ "x": [], "y": [] }),
    })
    .await;
    let keyed = source("Orders by month, where the months are keys");
    let lists = source("Revenue by month, from two lists");
    let cases: [Case<'_>; 7] = [
        ("keyed", &keyed, "9 x for 2026-05"),
        ("lists", &lists, "11.5 x for 2026-05"),
        (
            "objects",
            "http: { from: api, reading: series, get: objects, rows: \"$.*\", period: key, numerator: $.n, denominator: $.of }",
            "for 2026-05",
        ),
        (
            "uneven",
            "http: { from: api, reading: series, get: uneven, period: \"$.x[*]\", value: \"$.y[*]\" }",
            "has 2 periods at `$.x[*]` and 1 figures at `$.y[*]`; they must be as many",
        ),
        (
            "whole",
            "http: { from: api, reading: series, get: uneven, period: $.x, value: $.y }",
            "write `$.y[*]` for each",
        ),
        (
            "none",
            "http: { from: api, reading: series, get: none, period: \"$.x[*]\", value: \"$.y[*]\" }",
            "no rows",
        ),
        (
            "list",
            "http: { from: api, reading: series, get: list, rows: \"$.rows[*]\", period: key, value: $.n }",
            "such as `period: $.key`",
        ),
    ];
    let ran = pull(&kpid(&[("api", server.yaml())], &kpis(&cases))).await;
    check(&ran, &expected(&cases));
}

#[tokio::test]
async fn files_commands_and_databases_say_when_in_the_same_ways() {
    let by_file = source("Revenue by day of payment, from a German spreadsheet");
    let cases: [Case<'_>; 6] = [
        ("file", &by_file, "11.5 x for 2026-05"),
        (
            "unsaid",
            "csv: { from: files, reading: series, file: dates.csv, period: Datum, value: Umsatz }",
            "in line 2 the column `Datum` is the text \"30.04.2026\", which needs a form",
        ),
        (
            "command",
            "command: { from: run, reading: series, run: [echo, '[{{\"period\": \"05/2026\", \"value\": 4}}]'] }",
            "4 x for 2026-05",
        ),
        (
            "pattern",
            "command: { from: run, reading: series, run: [echo, '[{{\"period\": \"26/5/2026\", \"value\": 4}}]'], period_format: dd/mm/yyyy }",
            "4 x for 2026-05",
        ),
        (
            "text",
            "sql: { from: books, reading: series, query: \"select '31.05.2026' as period, 8 as value\", period_format: \"%d.%m.%Y\" }",
            "8 x for 2026-05",
        ),
        (
            "seconds",
            "sql: { from: books, reading: series, query: \"select 1777586400 as period, 8 as value\", period_format: epoch_seconds }",
            "8 x for 2026-05",
        ),
    ];
    let connections = [
        ("files", "{ csv: { folder: ., delimiter: \";\", decimal: \",\" } }".to_owned()),
        ("run", "{ command: { folder: . } }".to_owned()),
        ("books", "{ sqlite: { path: books.db } }".to_owned()),
    ];
    let kpid = kpid(&connections, &kpis(&cases));
    let file = kpid.folder().join("dates.csv");
    fs::write(file, "Datum;Umsatz\n30.04.2026;10,5\n31.05.2026;11,5\n").unwrap();
    let books = format!("sqlite:{}?mode=rwc", kpid.folder().join("books.db").display());
    SqliteConnection::connect(&books).await.unwrap().close().await.unwrap();
    let ran = pull(&kpid).await;
    check(&ran, &expected(&cases));
}

#[tokio::test]
async fn a_format_that_would_guess_or_has_no_effect_is_refused_in_its_place() {
    let api = [("api", "{ http: { base_url: \"http://127.0.0.1:9/\" } }".to_owned())];
    let series = "reading: series, get: a, rows: \"$[*]\", period: $.at, value: $.n";
    let by = |format: &str| format!("http: {{ from: api, {series}, period_format: {format} }}");
    for (source, words) in [
        (by("dd.mm.yy"), "a year of two digits, which may be of any century"),
        (by("\"%d.%m\""), "does not say which year it is"),
        (by("monthly"), "`monthly` is not a format; write day, rfc3339, epoch_seconds"),
        (
            "http: { from: api, get: \"a?m={period_key}\", value: $.n, period_format: day }"
                .to_owned(),
            "a single figure has no period, so this has no effect",
        ),
        ("http: { from: api, promql: up, period_format: day }".to_owned(), "so this has no effect"),
    ] {
        refused(&api, &[("k", FLOW, &source, words)]).await;
    }
}
