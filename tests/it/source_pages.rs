//! Further pages of an answer however they are asked for, and conditions on an answer.

use serde_json::{Value, json};

use crate::{
    pulling::{FLOW, check, kpid, pull, refused},
    source_examples::source,
    world::scripted::{Said, Scripted, Sent},
};

const ROWS: &str = "reading: series, rows: \"$.rows[*]\", period: $.m, value: $.n";

/// Rows of March, April and May, two on a page.
fn page(at: usize) -> Vec<Value> {
    let rows = [("2026-03", 3), ("2026-04", 4), ("2026-05", 5)];
    rows.into_iter().skip(at).take(2).map(|(m, n)| json!({ "m": m, "n": n })).collect()
}

async fn books() -> Scripted {
    Scripted::start(|sent: &Sent| {
        let of = |name: &str| {
            let pair = sent.query.split('&').find_map(|pair| pair.strip_prefix(name));
            pair.and_then(|value| value.strip_prefix('=')?.parse::<usize>().ok())
        };
        let body: Value = serde_json::from_str(&sent.body).unwrap_or_default();
        Said::json(match sent.path.as_str() {
            "/zero" => json!({ "rows": page(of("page").unwrap() * 2) }),
            "/offset" => json!({ "rows": page(of("skip").unwrap()) }),
            "/search" => json!({ "rows": page(body["paging"]["from"].as_u64().unwrap() as usize) }),
            "/post" => {
                let at = body["after"].as_u64().unwrap_or(0) as usize;
                json!({ "rows": page(at), "next": (at < 2).then_some(at + 2) })
            }
            "/graphql" => {
                let at = body["variables"]["after"].as_str().map_or(0, |at| at.parse().unwrap());
                let info = json!({ "hasNextPage": at < 2, "endCursor": (at + 2).to_string() });
                json!({ "data": { "orders": { "nodes": page(at), "pageInfo": info } } })
            }
            // The cursor is never null, and at the end leads to itself.
            "/export" => {
                let at = of("cursor").unwrap_or(0);
                json!({ "rows": page(at), "after_cursor": (at + 2).min(4).to_string(), "end_of_stream": at >= 2 })
            }
            "/endless" => json!({ "rows": page(0), "after": of("at").unwrap_or(0) + 1 }),
            "/hits" => json!({ "n": 10_000, "hits": { "relation": "gte" }, "state": "done" }),
            "/cents" => json!({ "n": 1230 }),
            "/gone" => return Said::json(json!({ "n": 7 })).and_status(404),
            _ => json!({}),
        })
    })
    .await
}

#[tokio::test]
async fn pages_are_asked_for_as_their_api_counts_them() {
    let server = books().await;
    let by = |ask: &str, pages: &str| {
        format!("http: {{ from: books, {ask}, {ROWS}, pages: {{ {pages} }} }}")
    };
    let cases = [
        ("zero", by("get: zero", "number: { parameter: page, from: 0 }")),
        ("offset", by("get: offset", "offset: { parameter: skip, limit: 2 }")),
        ("as-many", by("get: \"offset?x=1\"", "offset: { parameter: skip }")),
        (
            "search",
            by("post: search, json: { size: 2 }", "offset: { variable: paging.from, limit: 2 }"),
        ),
        ("post", by("post: post, json: {}", "cursor: { path: $.next, variable: after }")),
        ("graphql", source("Orders by month, from GraphQL, page after page")),
        ("itself", by("get: export", "cursor: { path: $.after_cursor, parameter: cursor }")),
        ("flag", source("Tickets by month, from an export that says when it ends")),
    ];
    let kpis: Vec<_> = cases.iter().map(|(id, source)| (*id, FLOW, source.as_str())).collect();
    let ran = pull(&kpid(&[("books", server.yaml())], &kpis)).await;
    check(&ran, &cases.iter().map(|(id, _)| (*id, "5 x for 2026-05")).collect::<Vec<_>>());
    let asked = server.sent_to("/offset").into_iter().filter(|sent| sent.query.contains("skip="));
    let asked: Vec<_> = asked.map(|sent| sent.query).collect();
    assert!(asked.contains(&"skip=0".to_owned()) && asked.contains(&"skip=2".to_owned()));
    assert!(
        !asked.contains(&"skip=4".to_owned()),
        "a page that is not full is the last: {asked:?}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_meet_its_conditions_is_an_error() {
    let server = books().await;
    let by = |require: &str| {
        format!(
            "http: {{ from: books, get: \"hits?m={{period_key}}\", value: $.n, require: {{ {require} }} }}"
        )
    };
    let of = |path: &str, more: &str| {
        format!("http: {{ from: books, get: \"{path}?m={{period_key}}\", value: $.n{more} }}")
    };
    let cases = [
        (
            "gte",
            by("$.hits.relation: eq"),
            "does not meet `require`: `$.hits.relation` is the text \"gte\", where it must be `eq`",
        ),
        (
            "absent",
            by("$.timed_out: false"),
            "does not meet `require`: it has nothing at `$.timed_out`",
        ),
        ("met", by("$.state: [done, finished], $.n: { above: 5 }"), "10000 x for 2026-05"),
        ("gone", of("gone", ""), "answered 404"),
        ("taken", of("gone", ", accept_status: [404]"), "7 x for 2026-05"),
        ("cents", of("cents", ", scale: 1/100"), "12.3 x for 2026-05"),
        ("hundredth", of("cents", ", scale: 0.01"), "12.3 x for 2026-05"),
    ];
    let kpis: Vec<_> = cases.iter().map(|(id, source, _)| (*id, FLOW, source.as_str())).collect();
    let ran = pull(&kpid(&[("books", server.yaml())], &kpis)).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
    let accepted = server.sent_to("/cents")[0].headers["accept"].clone();
    assert_eq!(accepted, "application/json, */*;q=0.5");
}

#[tokio::test]
async fn what_asks_for_no_page_is_refused_in_its_place() {
    let api = [("api", "{ http: { base_url: \"http://127.0.0.1:9/\" } }".to_owned())];
    let by = |more: &str| format!("http: {{ from: api, {ROWS}, {more} }}");
    let single = |more: &str| {
        format!("http: {{ from: api, get: \"a?m={{period_key}}\", value: $.n, {more} }}")
    };
    for (source, words) in [
        (by("get: a, pages: { cursor: { path: $.next } }"), "`pages` needs either `parameter` or `variable`"),
        (by("get: a, pages: { cursor: { path: $.next, variable: after } }"), "`variable` is a key of the JSON that is sent, and none is"),
        (by("get: a, pages: { offset: { parameter: at, limit: 0 } }"), "`limit` must be at least 1"),
        (by("get: a, last_page: { $.end: true }"), "`last_page` requires `pages`"),
        (single("require: { timed_out: false }"), "did you mean `$.timed_out`?"),
        (single("require: {}"), "`require` is empty"),
        (single("accept_status: [401]"), "an answer with status 401 is never read as figures"),
        (single("scale: cents"), "`cents` is not a valid scale; write a number such as 100, or a fraction"),
        ("http: { from: api, get: \"a?m={period_key}\", format: csv, require: { $.a: 1 } }".to_owned(), "`require` requires JSON"),
        ("http: { from: api, get: \"a?m={period_key}\", numerator: $.a, denominator: $.b, scale: 2 }".to_owned(), "the parts of a ratio are counts"),
    ] {
        refused(&api, &[("k", FLOW, &source, words)]).await;
    }
}
