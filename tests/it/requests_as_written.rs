//! What reaches an API is what its author wrote, whatever stands in between.

use std::fs;

use serde_json::json;

use crate::{
    pulling::{FLOW, check, kpid, pull, refused},
    world::scripted::{Said, Scripted, Sent},
};

/// A secret that is kept in a file.
const TOKEN: &str = "t0ken-of-the-erp";

/// The same, of another system.
const KEY: &str = "k3y-of-the-proxy";

/// Redirects `/301/deals` to the same with `/` at its end, and so on; what asks for May gets 42, and
/// what asks for everything 99999.
fn moved(sent: &Sent) -> Said {
    let statuses = [301, 302, 303, 307, 308];
    let found = statuses.into_iter().find(|status| sent.path == format!("/{status}/deals"));
    let with_query = |to: &str| match sent.query.as_str() {
        "" => to.to_owned(),
        query => format!("{to}?{query}"),
    };
    match (found, sent.path.as_str()) {
        (Some(status), path) => Said::to(status, &with_query(&format!("{path}/"))),
        (None, "/loses/deals") => Said::to(302, "/loses/deals/"),
        (None, "/loop") => Said::to(307, "/loop"),
        (None, "/away") => Said::to(308, "http://elsewhere.example/deals"),
        _ => {
            let is_may = sent.body.contains("2026-05") || sent.query.contains("2026-05");
            Said::json(json!({ "data": { "n": if is_may { 42 } else { 99_999 } } }))
        }
    }
}

#[tokio::test]
async fn a_redirect_keeps_method_and_body_or_is_an_error_that_names_the_address() {
    let server = Scripted::start(moved).await;
    let source = |how: &str| format!("http: {{ from: api, {how}, value: $.data.n }}");
    let post = |path: &str| source(&format!("post: {path}, json: {{ m: \"{{period_key}}\" }}"));
    let to = server.yaml();
    let cases = [
        ("post-301", post("301/deals"), "42 x for 2026-05"),
        ("post-302", post("302/deals"), "42 x for 2026-05"),
        ("post-307", post("307/deals"), "42 x for 2026-05"),
        ("post-308", post("308/deals"), "42 x for 2026-05"),
        ("post-303", post("303/deals"), "/303/deals/ by 303, to be asked there by GET and without"),
        (
            "graphql",
            source(
                "post: 301/deals, graphql: \"query($m: String) { n }\", json: { m: \"{period_key}\" }",
            ),
            "42 x for 2026-05",
        ),
        (
            "get-with-json",
            source("path: 302/deals, method: GET, json: { m: \"{period_key}\" }"),
            "42 x for 2026-05",
        ),
        (
            "put-form",
            source("path: 301/deals, method: PUT, form: { m: \"{period_key}\" }"),
            "42 x for 2026-05",
        ),
        ("get", source("get: \"303/deals?m={period_key}\""), "42 x for 2026-05"),
        (
            "loses",
            source("get: \"loses/deals?m={period_key}\""),
            "/loses/deals/, without the query",
        ),
        ("loop", post("loop"), "redirects more than 5 times"),
        ("away", post("away"), "redirects to http://elsewhere.example, which is not followed"),
    ];
    let kpis = cases.iter().map(|(id, source, _)| (*id, FLOW, source.as_str()));
    let ran = pull(&kpid(&[("api", to)], &kpis.collect::<Vec<_>>())).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
    let methods: Vec<_> =
        server.sent_to("/301/deals/").into_iter().map(|sent| sent.method).collect();
    assert_eq!(methods.iter().filter(|method| *method == "PUT").count(), 1, "{methods:?}");
    assert!(!methods.contains(&"GET".to_owned()), "{methods:?}");
    // A trace shows where it went, and with what.
    for part in ["/301/deals, redirected to http://", "sent along: {\"m\":\"2026-05\"}"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
}

#[tokio::test]
async fn all_of_an_address_is_sent() {
    let server =
        Scripted::start(|sent| Said::json(json!({ "n": 7, "rows": [], "q": sent.query }))).await;
    let one = |path: &str| format!("http: {{ from: api, get: {path}, value: $.n }}");
    let paged = "http: { from: api, reading: series, get: \"pages?text=c#&fields=a,b&m={period_key}\", rows: \"$.rows[*]\", period: $.m, value: $.n, pages: { number: page } }";
    let cases = [
        ("fragment", one("\"a?text=c#&month={period_key}&max=0\"")),
        ("space", one("\"b?m={period_key}&text=c d \"")),
        ("backslash", one("'c?m={period_key}&path=c:\\x'")),
        ("folded", one(">\n                d?m={period_key}")),
        ("paged", paged.to_owned()),
    ];
    let kpis: Vec<_> = cases
        .iter()
        .map(|(id, source)| (*id, "nature: flow, empty: zero", source.as_str()))
        .filter(|(id, ..)| *id != "folded")
        .collect();
    let ran = pull(&kpid(&[("api", server.yaml())], &kpis)).await;
    check(&ran, &[("fragment", "7 x"), ("space", "7 x"), ("backslash", "7 x"), ("paged", "0 x")]);
    for (path, query) in [
        ("/a", "text=c%23&month=2026-05&max=0"),
        ("/b", "m=2026-05&text=c%20d%20"),
        ("/c", "m=2026-05&path=c:%5Cx"),
        ("/pages", "text=c%23&fields=a,b&m=2026-05&page=1"),
    ] {
        let queries: Vec<_> = server.sent_to(path).into_iter().map(|sent| sent.query).collect();
        assert_eq!(queries, [query], "{path}");
    }
    let broken = one("\"a?m={period_key}\\n&text=c\"");
    let connections = [("api", server.yaml())];
    refused(&connections, &[("broken", FLOW, &broken, "has a line break or tab in it")]).await;
}

#[tokio::test]
async fn secrets_are_sent_from_where_they_are_kept_and_shown_nowhere() {
    let server = Scripted::start(|sent| {
        let header = |name: &str| sent.headers.get(name).map_or("", |value| value.to_str().unwrap());
        let is_keyed = header("x-key") == KEY;
        let is_good = match sent.path.as_str() {
            "/json" => {
                let wanted = json!({ "p": { "token": TOKEN }, "m": "2026-05", "list": [{ "file": "f", "n": 1 }, TOKEN] });
                serde_json::from_str::<serde_json::Value>(&sent.body).is_ok_and(|sent| sent == wanted)
            }
            "/form" => sent.body == format!("token={TOKEN}&m=2026-05"),
            "/header" => header("x-token") == TOKEN,
            "/replaced" => header("x-plain") == "own" && sent.headers.get_all("x-plain").iter().count() == 1,
            _ => false,
        };
        if is_keyed && is_good {
            Said::json(json!({ "n": 5 }))
        } else {
            let echo = format!("{TOKEN} and {KEY}: {}", sent.body);
            Said::bytes(echo).and_status(401)
        }
    })
    .await;
    let to = server.yaml_with("headers: { X-Key: { file: key }, X-Plain: usual }");
    let kpid = kpid(
        &[("api", to)],
        &[
            (
                "json",
                FLOW,
                "http: { from: api, post: json, json: { p: { token: { file: token } }, m: \"{period_key}\", list: [{ file: f, n: 1 }, { file: token }] }, value: $.n }",
            ),
            (
                "form",
                FLOW,
                "http: { from: api, post: form, form: { token: { file: token }, m: \"{period_key}\" }, value: $.n }",
            ),
            (
                "header",
                FLOW,
                "http: { from: api, get: \"header?m={period_key}\", headers: { X-Token: { file: token } }, value: $.n }",
            ),
            (
                "replaced",
                FLOW,
                "http: { from: api, get: \"replaced?m={period_key}\", headers: { X-Plain: own }, value: $.n }",
            ),
            (
                "echo",
                FLOW,
                "http: { from: api, post: echo, json: { token: { file: token }, m: \"{period_key}\" }, value: $.n }",
            ),
        ],
    );
    fs::write(kpid.folder().join("token"), TOKEN).unwrap();
    fs::write(kpid.folder().join("key"), KEY).unwrap();
    let ran = pull(&kpid).await;
    for id in ["json", "form", "header", "replaced"] {
        check(&ran, &[(id, "5 x for 2026-05")]);
    }
    check(&ran, &[("echo", "\"REDACTED and REDACTED: {\"token\":\"REDACTED\"")]);
    let shown = "sent along: {\"token\":{\"file\":\"token\"},\"m\":\"2026-05\"}";
    assert!(ran.stdout.contains(shown), "{}", ran.stdout);
    for secret in [TOKEN, KEY] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{}", ran.stdout);
    }
    fs::remove_file(kpid.folder().join("token")).unwrap();
    let ran = pull(&kpid).await;
    assert!(ran.stderr.contains("cannot read the secret"), "{}{}", ran.stdout, ran.stderr);
}

#[tokio::test]
async fn numbers_in_json_are_sent_as_they_are_written() {
    let server = Scripted::start(|_| Said::json(json!({ "n": 7 }))).await;
    let source = |id: &str| {
        format!(
            "http: {{ from: api, post: a, json: {{ id: {id}, m: \"{{period_key}}\" }}, value: $.n }}"
        )
    };
    let numbers = source("[9007199254740993, 18446744073709551615, -3, 1.5, \"007\", true]");
    let connections = [("api", server.yaml())];
    check(&pull(&kpid(&connections, &[("numbers", FLOW, &numbers)])).await, &[("numbers", "7 x")]);
    let body = server.sent_to("/a").remove(0).body;
    let id = "[9007199254740993,18446744073709551615,-3,1.5,\"007\",true]";
    assert_eq!(body, format!("{{\"id\":{id},\"m\":\"2026-05\"}}"));
    refused(
        &connections,
        &[
            ("zeros", FLOW, &source("007"), "would lose its leading zeros; write it in quotes"),
            (
                "digits",
                FLOW,
                &source("99999999999999999999"),
                "has too many digits; write it in quotes",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_name_of_a_variable_and_a_comment_that_hides_the_rest_are_refused() {
    let connections = [("api", "{ http: { base_url: \"http://127.0.0.1:9/\" } }".to_owned())];
    let variable = "`$ERP_TOKEN` would be sent as it stands; no variable is put in its place";
    let comment = "this comment runs to the end of the query, and hides the rest of it";
    let post = "http: { from: api, post: \"a?m={period_key}\", value: $.n";
    refused(
        &connections,
        &[
            ("json", FLOW, &format!("{post}, json: {{ token: $ERP_TOKEN }} }}"), variable),
            ("form", FLOW, &format!("{post}, form: {{ token: $ERP_TOKEN }} }}"), variable),
            (
                "header",
                FLOW,
                &format!("{post}, headers: {{ X-Key: $ERP_TOKEN }} }}"),
                "write { env: ERP_TOKEN }",
            ),
            (
                "braces",
                FLOW,
                &format!("{post}, json: {{ token: \"${{ERP_TOKEN}}\" }} }}"),
                "`ERP_TOKEN` stands for nothing",
            ),
            ("promql", FLOW, "http: { from: api, promql: \"sum(a) # all - sum(b)\" }", comment),
            ("graphql", FLOW, &format!("{post}, graphql: \"{{{{ n # all of it }}}}\" }}"), comment),
        ],
    )
    .await;
}
