//! Figures that are made of the rows of an answer: counted, added up, picked by conditions.

use serde_json::json;

use crate::{
    pulling::{EMPTY_IS_ZERO, FLOW, check, kpid, pull, refused},
    source_examples::source,
    world::scripted::{Said, Scripted, Sent},
};

const ORDERS: &str = "reading: series, rows: \"$.orders[*]\", period: $.created_at";

/// Five orders of May and one of June, in pages of two.
async fn shop() -> Scripted {
    Scripted::start(|sent: &Sent| {
        let order = |at: &str, status: &str, total: f64, by: &str| json!({ "created_at": at, "status": status, "total": total, "customer": { "id": by } });
        let orders = [
            order("2026-05-01T08:00:00Z", "paid", 10.10, "a"),
            order("2026-05-09T08:00:00Z", "open", 20.20, "b"),
            order("2026-05-19T08:00:00Z", "paid", 30.30, "a"),
            order("2026-05-31T21:59:59Z", "paid", 40.40, "c"),
            order("2026-05-31T22:00:00Z", "paid", 5000.0, "d"),
            order("2026-04-30T22:00:00Z", "refunded", -10.10, "a"),
        ];
        let page: usize = sent
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix("page="))
            .map_or(1, |page| page.parse().unwrap());
        let rows: Vec<_> = orders.into_iter().skip((page - 1) * 2).take(2).collect();
        Said::json(json!({ "orders": if sent.path == "/none" { vec![] } else { rows } }))
    })
    .await
}

#[tokio::test]
async fn the_rows_that_fall_in_a_period_make_its_figure_page_after_page() {
    let server = shop().await;
    let by = |more: &str| {
        format!("http: {{ from: shop, get: orders, pages: {{ number: page }}, {ORDERS}, {more} }}")
    };
    let cases = [
        ("count", by("aggregate: count"), "5 x for 2026-05"),
        (
            "example",
            source("Revenue of paid orders by month, from a list of orders"),
            "80.8 x for 2026-05",
        ),
        ("sum", by("aggregate: sum, value: $.total"), "90.9 x for 2026-05"),
        (
            "avg",
            by("aggregate: avg, value: $.total, where: { $.status: [paid, open] }"),
            "25.25 x for 2026-05",
        ),
        ("max", by("aggregate: max, value: $.total"), "40.4 x for 2026-05"),
        ("median", by("aggregate: median, value: $.total"), "20.2 x for 2026-05"),
        ("customers", by("aggregate: distinct, value: $.customer.id"), "3 x for 2026-05"),
        (
            "large",
            by("aggregate: count, where: { $.total: { at_least: 20.2, below: 40.4 } }"),
            "2 x for 2026-05",
        ),
        (
            "others",
            by("aggregate: count, where: { $.status: { not: [paid, open] } }"),
            "1 x for 2026-05",
        ),
        (
            "misspelt",
            by("aggregate: count, where: { $.status: payd }"),
            "has no row whose `$.status` is `payd`; check `where`",
        ),
        (
            "nowhere",
            by("aggregate: count, where: { $.state: paid }"),
            "has nothing at `$.state` of any row",
        ),
        ("absent", by("aggregate: count, value: $.sum"), "has nothing at `$.sum`"),
        (
            "word",
            by("aggregate: sum, value: $.status"),
            "in row 1 the column `value` is the text \"paid\"",
        ),
    ];
    let kpis: Vec<_> = cases.iter().map(|(id, source, _)| (*id, FLOW, source.as_str())).collect();
    let ran = pull(&kpid(&[("shop", server.yaml())], &kpis)).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_of_one_period_needs_no_dates_and_nothing_is_nothing() {
    let server = shop().await;
    let of_period = "get: \"orders?m={period_key}\", rows: \"$.orders[*]\", aggregate: count";
    let cases = [
        ("bare", FLOW, format!("http: {{ from: shop, {of_period} }}"), "2 x for 2026-05"),
        ("value", FLOW, "http: { from: shop, get: orders, pages: { number: page }, rows: \"$.orders[*]\", period: $.created_at, aggregate: count }".to_owned(), "5 x for 2026-05"),
        ("none", FLOW, format!("http: {{ from: shop, get: none, {ORDERS}, aggregate: count }}"), "no rows for 2026-05"),
        ("zero", EMPTY_IS_ZERO, format!("http: {{ from: shop, get: none, {ORDERS}, aggregate: count }}"), "0 x for 2026-05"),
    ];
    let kpis: Vec<_> =
        cases.iter().map(|(id, of, source, _)| (*id, *of, source.as_str())).collect();
    let ran = pull(&kpid(&[("shop", server.yaml())], &kpis)).await;
    check(&ran, &cases.iter().map(|(id, _, _, came)| (*id, *came)).collect::<Vec<_>>());
}

#[tokio::test]
async fn far_more_rows_than_are_held_are_taken_together_page_after_page() {
    // More pages than are read of rows that are held, of a thousand orders each.
    let server = Scripted::start(|sent: &Sent| {
        let page: usize = sent.query.rsplit('=').next().unwrap().parse().unwrap();
        let day = format!("2026-05-{:02}", page % 31 + 1);
        let orders: Vec<_> = (0..1000).map(|n| json!({ "created_at": day, "total": n })).collect();
        let next = (page < 120).then(|| format!("?page={}", page + 1));
        Said::json(json!({ "orders": orders, "next": next }))
    })
    .await;
    let pages = "get: \"orders?page=1\", pages: { next: $.next }";
    let sum = format!("http: {{ from: shop, {pages}, {ORDERS}, aggregate: sum, value: $.total }}");
    let others = pages.replace("orders?", "others?");
    let held = format!(
        "http: {{ from: shop, {others}, reading: series, rows: \"$.orders[*]\", period: $.created_at, value: $.total }}"
    );
    let patient = server.yaml_with("").replace("timeout: 5s", "timeout: 10m");
    let kpid = kpid(&[("shop", patient)], &[("sum", FLOW, &sum), ("held", FLOW, &held)]);
    let ran = pull(&kpid).await;
    check(&ran, &[("sum", "59940000 x for 2026-05"), ("held", "has more than 100 pages")]);
}

#[tokio::test]
async fn what_says_nothing_of_rows_is_refused_in_its_place() {
    let api = [
        ("api", "{ http: { base_url: \"http://127.0.0.1:9/\" } }".to_owned()),
        ("files", "{ csv: { folder: . } }".to_owned()),
    ];
    let rows = "reading: series, get: a, rows: \"$[*]\", period: $.at";
    for (source, words) in [
        (
            format!("http: {{ from: api, {rows}, aggregate: mean, value: $.n }}"),
            "`mean` is not a known aggregate; write count, distinct, sum",
        ),
        (
            format!("http: {{ from: api, {rows}, aggregate: sum }}"),
            "needs either `value`, or `numerator` and `denominator`",
        ),
        (
            format!(
                "http: {{ from: api, {rows}, aggregate: max, numerator: $.a, denominator: $.b }}"
            ),
            "the parts of a ratio can only be added up",
        ),
        (
            format!(
                "http: {{ from: api, {rows}, aggregate: count, where: {{ $.n: {{ over: 5 }} }} }}"
            ),
            "`over` is not a condition",
        ),
        (
            format!(
                "http: {{ from: api, {rows}, aggregate: count, where: {{ $.n: {{ above: many }} }} }}"
            ),
            "`above` must be a number",
        ),
        (
            format!("http: {{ from: api, {rows}, aggregate: count, where: {{ n: 5 }} }}"),
            "did you mean `$.n`?",
        ),
        (
            format!(
                "http: {{ from: api, {rows}, aggregate: count, where: {{ $.m: \"{{period_key}}\" }} }}"
            ),
            "is not replaced in a condition",
        ),
        (
            "http: { from: api, get: \"a?m={period_key}\", value: $.n, where: { $.a: 1 } }"
                .to_owned(),
            "it has no effect without `rows`",
        ),
        (
            "http: { from: api, promql: up, aggregate: sum }".to_owned(),
            "it has no effect without `rows`",
        ),
        (
            "http: { from: api, get: \"a?m={period_key}\", value: $.n, strip: \"€\" }".to_owned(),
            "this key is only for CSV",
        ),
        (
            "csv: { from: files, file: a.csv, period: m, aggregate: sum, target: t }".to_owned(),
            "a figure is made of many rows, so this has no effect",
        ),
        (
            "csv: { from: files, file: a.csv, period: m, until: \" \" }".to_owned(),
            "`until` is empty",
        ),
        (
            "http: { from: api, get: \"a?m={period_key}\", rows: \"$[*]\", aggregate: count }"
                .to_owned(),
            "",
        ),
    ] {
        if words.is_empty() {
            let good = kpid(&api, &[("k", FLOW, &source)]).run(&["check"]).await;
            assert_eq!(good.code, Some(0), "{source}: {}", good.stdout);
            continue;
        }
        refused(&api, &[("k", FLOW, &source, words)]).await;
    }
    let unnamed = "http: { from: api, get: a, rows: \"$[*]\", aggregate: count }";
    refused(&api, &[("k", FLOW, unnamed, "is not told which period it is asked about")]).await;
}
