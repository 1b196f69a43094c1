//! An answer is read to its end or is an error, and a busy API is asked again when it says so.

use std::{
    fs,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{
    pulling::{EMPTY_IS_ZERO, FLOW, check, kpid, pull},
    world::scripted::{Said, Scripted, Sent},
};

fn april() -> Value {
    json!([{ "m": "2026-04", "plant": "North", "n": 10 }])
}

fn may() -> Value {
    json!([{ "m": "2026-05", "plant": "South", "n": 20 }])
}

fn answer(sent: &Sent) -> Said {
    let is_first = !sent.query.contains("page=2") && !sent.query.contains("page=3");
    let rows = match sent.query.contains("page=3") {
        true => json!([]),
        false if is_first => april(),
        false => may(),
    };
    let next = if is_first { json!("?page=2") } else { Value::Null };
    match sent.path.as_str() {
        "/number" => Said::json(json!({ "rows": rows })),
        "/odata" => Said::json(json!({ "rows": rows, "@odata.nextLink": next })),
        "/hal" => Said::json(json!({ "rows": rows, "_links": { "next": { "href": next } } })),
        "/flag" => Said::json(json!({ "rows": rows, "next": is_first })),
        "/link" | "/csv" => {
            let link = "</first>; rel=\"first\"; title=\"a, b\", </link?page=2>; REL='next'";
            let said = match sent.path.as_str() {
                "/csv" => Said::bytes("m,n\n2026-05,1\n"),
                _ => Said::json(json!({ "rows": rows })),
            };
            if is_first { said.with("link", link) } else { said }
        }
        "/total" => Said::json(json!({ "total": 120, "rows": [], "next": "?page=2" })),
        "/206" => Said::json(json!({ "rows": may() })).and_status(206),
        "/range" => Said::json(json!({ "rows": may() })).with("content-range", "rows 0-0/12"),
        "/cut" => Said::json(json!({ "n": 7, "timed_out": true })),
        _ => Said::status(404),
    }
}

#[tokio::test]
async fn an_answer_in_parts_is_read_to_its_end_or_is_an_error() {
    let server = Scripted::start(answer).await;
    let series = |path: &str, rows: &str, pages: &str| {
        format!(
            "http: {{ from: api, reading: series, get: \"{path}?from={{period_first_day}}\", rows: \"{rows}\", period: $.m, value: $.n{pages} }}"
        )
    };
    let all = "$.rows[*]";
    let both = "10 x for 2026-04; 20 x for 2026-05";
    let cases = [
        ("number", series("number", all, ", pages: { number: page }"), both),
        ("filtered", series("number", "$.rows[?@.plant == 'South']", ", pages: { number: page }"), "20 x for 2026-05"),
        ("odata", series("odata", all, ", pages: { next: \"$['@odata.nextLink']\" }"), both),
        ("hal", series("hal", all, ", pages: { next: $._links.next }"), both),
        ("link", series("link", all, ", pages: link_header"), both),
        ("unasked-odata", series("odata", all, ""), "`$['@odata.nextLink']` names a next page; add `pages: { next: \"$['@odata.nextLink']\" }`"),
        ("unasked-hal", series("hal", all, ""), "is a part: `$._links.next` names a next page"),
        ("unasked-link", series("link", all, ""), "add `pages: link_header`"),
        ("of-csv", "http: { from: api, reading: series, get: \"csv?m={period_key}\", format: csv, period: m, value: n }".into(), "its header `Link` names a next page"),
        ("wrong-pages", series("odata", all, ", pages: { next: $.next }"), "`$['@odata.nextLink']` names a next page, and `pages` found none"),
        ("flag", series("flag", all, ", pages: { next: $.next }"), "has true at `$.next`, which names no next page"),
        ("partial", series("206", all, ""), "answered 206 Partial Content, so this is a part"),
        ("range", series("range", all, ""), "its header `Content-Range` says rows 0-0/12"),
        ("one-total", "http: { from: api, get: \"total?m={period_key}\", value: $.total }".into(), "120 x for 2026-05"),
        ("one-of-rows", "http: { from: api, get: \"total?m={period_key}\", value: \"$.rows[0].n\" }".into(), "is a part: `$.next` names a next page"),
        ("cut", "http: { from: api, get: \"cut?m={period_key}\", value: $.n }".into(), "is not the whole: `$.timed_out` is true"),
    ];
    let kpis = cases.iter().map(|(id, source, _)| (*id, EMPTY_IS_ZERO, source.as_str()));
    let ran = pull(&kpid(&[("api", server.yaml())], &kpis.collect::<Vec<_>>())).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_api_that_is_asked_too_often_says_so_in_many_ways() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Scripted::start(move |sent| {
        let value = || Said::json(json!({ "n": 7 }));
        match sent.path.as_str() {
            "/soon" if asked.fetch_add(1, Ordering::Relaxed) == 0 => {
                Said::status(403).with("retry-after", "1")
            }
            "/soon" => value(),
            "/used-up" => Said::status(403)
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "3600"),
            "/secondary" => {
                Said::json(json!({ "message": "You have exceeded a secondary rate limit." }))
                    .and_status(403)
            }
            _ => Said::json(json!({ "message": "You may not see this." })).and_status(403),
        }
    })
    .await;
    let source = |path: &str| {
        format!("http: {{ from: {path}, get: \"{path}?m={{period_key}}\", value: $.n }}")
    };
    let paths = ["soon", "used-up", "secondary", "forbidden"];
    // Each by a connection of its own: one that is busy is left alone.
    let connections: Vec<_> = paths.iter().map(|path| (*path, server.yaml())).collect();
    let sources: Vec<_> = paths.iter().map(|path| source(path)).collect();
    let kpis: Vec<_> =
        paths.iter().zip(&sources).map(|(id, source)| (*id, FLOW, source.as_str())).collect();
    let ran = pull(&kpid(&connections, &kpis)).await;
    check(
        &ran,
        &[
            ("soon", "7 x for 2026-05"),
            ("used-up", "answered 403 Forbidden, so it is asked too often; set `max_per_minute`"),
            ("secondary", "so it is asked too often"),
            ("forbidden", "answered 403 Forbidden; check the connection's `auth`"),
        ],
    );
    assert_eq!(server.sent_to("/soon").len(), 2);
    assert_eq!(server.sent_to("/used-up").len(), 1, "nobody waits for an hour");
    assert_eq!(server.sent_to("/secondary").len(), 3, "it may pass");
    assert_eq!(server.sent_to("/forbidden").len(), 1);
}

#[tokio::test]
async fn a_file_that_gzip_packed_is_read_and_another_archive_is_named() {
    let packed = |text: &str| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let text = packed("Month,Value\n2026-05,41.5\n");
    let export = text.clone();
    let server = Scripted::start(move |_| {
        Said::bytes(export.clone()).with("content-type", "application/gzip")
    })
    .await;
    let connections = [("files", "{ csv: { folder: . } }".to_owned()), ("api", server.yaml())];
    let file =
        |name: &str| format!("csv: {{ from: files, file: {name}, period: Month, value: Value }}");
    let cases = [
        ("gzip", file("r.csv.gz"), "41.5 x for 2026-05"),
        ("cut", file("cut.csv.gz"), "was packed by gzip and is damaged or cut off"),
        ("workbook", file("r.xlsx"), "is a damaged or cut off workbook; save it again"),
        ("download", "http: { from: api, get: \"r?m={period_key}\", format: csv, period: Month, value: Value }".into(), "41.5 x for 2026-05"),
    ];
    let kpis = cases.iter().map(|(id, source, _)| (*id, FLOW, source.as_str()));
    let kpid = kpid(&connections, &kpis.collect::<Vec<_>>());
    fs::write(kpid.folder().join("r.csv.gz"), &text).unwrap();
    fs::write(kpid.folder().join("cut.csv.gz"), &text[..text.len() - 9]).unwrap();
    fs::write(kpid.folder().join("r.xlsx"), b"PK\x03\x04 and so on").unwrap();
    let ran = pull(&kpid).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
}
