//! The board over HTTP: each page of a company, looked at as somebody would who follows its links.

use std::net::SocketAddr;

use chrono::{Datelike, Days, Months, NaiveDate, Utc};
use reqwest::{Client, Response, header, redirect::Policy};

use crate::{
    web,
    world::{
        kpid::{Daemon, Kpid},
        origin::{Answer, Origin},
    },
};

const COMPANY: &str = "
scorecard: acme
name: Acme
owner: ines
perspectives:
  customer:
    name: Kundenzufriedenheitsverbesserung
    owner: ines
    objectives:
      promise:
        name: Deliver on promise
        critical: true
        drives: [grow]
        initiatives: { carrier: { name: Carrier switch, owner: ines, due: 2099-06-30, state: running } }
        kpis:
          otd: { name: On-time delivery, unit: '%', nature: flow, target: 95, tolerance: 3, owner: ines, critical: true,
                 description: Orders shipped by the day promised }
          calls: { name: Calls answered, nature: level, target: 90, tolerance: 5, schedule: { every: 1s },
                   source: { http: { from: api, get: calls, value: $.value } } }
      grow: { name: Grow, kpis: { revenue: { name: Revenue, nature: flow, target: 100, tolerance: 10 } } }
  kpi:
    name: A perspective called kpi
    objectives: { learn: { name: Learn, kpis: { hours: { nature: flow, target: 10, tolerance: 1 } } } }
";

/// A company with two years of figures, of which the newest is off track.
pub(crate) async fn company(origin: &Origin) -> Kpid {
    company_where(origin, "").await
}

/// The same, with more in `web`.
pub(crate) async fn company_where(origin: &Origin, web: &str) -> Kpid {
    let kpid = configured(origin, web);
    let mut rows = "kpi,period,value\n".to_owned();
    for back in 1..=24_u32 {
        let month = month(back);
        let value = if back == 1 { 80.0 } else { 94.0 + f64::from(back % 4) };
        let revenue = 98 + back % 5;
        rows.push_str(&format!("acme/otd,{month},{value}\nacme/revenue,{month},{revenue}\n"));
        rows.push_str(&format!("acme/hours,{month},11\n"));
    }
    kpid.import(&rows).await;
    kpid
}

fn configured(origin: &Origin, web: &str) -> Kpid {
    let api = origin.yaml();
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/London }}
web: {{ listen: \"127.0.0.1:0\"{web} }}
connections: {{ api: {api} }}
channels: {{ mail: {{ email: {{ from: kpid@acme.example, folder: mails }} }} }}
people: {{ ines: {{ name: Ines Marlow, email: ines@acme.example }}, tom: {{ name: Tom Osei, email: tom@acme.example }}, olga: {{ name: Olga }} }}
operators: [ines]
"
    );
    Kpid::new(&config, COMPANY)
}

/// The daemon on a company, once the newest figures are judged, and where it shows itself.
pub(crate) async fn shown(kpid: Kpid) -> (Kpid, Daemon, SocketAddr) {
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    until_off_track(&mut daemon, &kpid).await;
    (kpid, daemon, at)
}

/// Waits until the newest figures are judged.
async fn until_off_track(daemon: &mut Daemon, kpid: &Kpid) {
    let look = async || kpid.show().await["scorecards"][0]["perspectives"][0]["status"].clone();
    daemon.until("off track", look, |seen| seen == "off_track").await;
}

/// The month so many months ago.
pub(crate) fn month(back: u32) -> String {
    let first: NaiveDate = Utc::now().date_naive().with_day(1).unwrap();
    (first - Months::new(back)).format("%Y-%m").to_string()
}

pub(crate) async fn ask(
    at: SocketAddr,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> Response {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let mut request = client.get(format!("http://{at}{path}"));
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.send().await.unwrap()
}

pub(crate) fn check(path: &str, page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{path} lacks {part}\n{page}");
    }
}

#[tokio::test]
async fn every_page_answers_its_question() {
    let origin = Origin::start().await;
    origin.figure("calls", 80.0);
    let (_kpid, mut daemon, at) = shown(company(&origin).await).await;
    let customer = "Kundenzufriedenheitsverbesserung";
    for (path, parts) in [
        ("/", &["What wants a person", "One scorecard", customer, "/c/acme/customer"][..]),
        (
            "/c/acme",
            &[
                "Strategy map",
                "Deliver on promise</bdi> → <bdi>Grow",
                "The last twelve periods",
                "Ines Marlow",
            ],
        ),
        ("/c/acme/kpi/calls", &["api is asked:", "GET calls"]),
        (
            "/c/acme/customer",
            &[
                "On-time delivery",
                "80\u{a0}%",
                "95\u{a0}%",
                "\u{2212}15\u{a0}points",
                "What changed the score",
                "Carrier switch",
                "due 30 June 2099",
            ],
        ),
        ("/c/acme/customer/promise", &["On-time delivery", "Calls answered"]),
        (
            "/c/acme/kpi/otd",
            &[
                "Over time",
                "Orders shipped by the day promised",
                "at least 95\u{a0}%: 15\u{a0}points more",
                "class=\"ring\"",
            ],
        ),
        ("/c/acme/kpi/learn", &["A perspective called kpi", "Learn"]),
        ("/alerts", &[customer, "Nobody has acknowledged it"]),
        ("/alerts/acme/customer/1", &["opened", "Ines Marlow", "mail"]),
        ("/data", &["Figures that are missing or doubtful"]),
        ("/wall/acme", &["data-stale-after", customer]),
    ] {
        let response = ask(at, path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        let policy =
            response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let page = response.text().await.unwrap();
        check(path, &page, parts);
        assert!(!page.contains(" style=") && !page.contains(" onclick="), "{path}: {page}");
    }
    let promise = web::text(at, "/c/acme/customer/promise").await;
    assert!(!promise.contains(">Revenue<"), "another objective's KPI: {promise}");

    let review = ask(at, "/review/acme", &[]).await;
    let to = review.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(
        (review.status().as_u16(), to.as_str()),
        (303, &*format!("/review/acme/{}", month(1)))
    );
    check(&to, &web::text(at, &to).await, &["Off track", "On-time delivery", "Made now"]);
    for (from, to) in [
        (format!("/s/acme/{}/customer", month(1)), "/c/acme/customer".to_owned()),
        (format!("/s/acme/{}", month(1)), format!("/review/acme/{}", month(1))),
        ("/s/acme/otd".to_owned(), "/c/acme/kpi/otd".to_owned()),
    ] {
        let response = ask(at, &from, &[]).await;
        assert_eq!(response.headers()[header::LOCATION], to, "{from}");
    }

    origin.set("calls", Answer::Status(500));
    let look = async || web::text(at, "/data").await;
    daemon.until("the source that fails", look, |page| page.contains("One source fails")).await;
    daemon.stop().await;
}

#[tokio::test]
async fn the_past_is_looked_at_and_compared_with_by_the_address() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company(&origin).await).await;
    let before = month(2);
    let page = web::text(at, &format!("/c/acme/kpi/otd?at={before}")).await;
    check(
        "then",
        &page,
        &["You are looking at the end of", "96\u{a0}%", &format!("/c/acme?at={before}")],
    );
    assert!(!page.contains("80\u{a0}%"), "the newest figure was not there then: {page}");
    let compared = web::text(at, &format!("/c/acme?compare={before}")).await;
    check("compared", &compared, &["was on track", "class=\"change\""]);
    let day = (Utc::now().date_naive() - Days::new(400)).to_string();
    let nothing = web::text(at, &format!("/c/acme/kpi/otd?at={day}")).await;
    check(
        "before anything was known",
        &nothing,
        &["You are looking at what was known on", "Nothing has been collected yet"],
    );
    for path in ["/?at=May", "/c/acme?compare=2026-13", "/?at=%3Cscript%3E"] {
        let response = ask(at, path, &[]).await;
        assert_eq!(response.status(), 400, "{path}");
        let page = response.text().await.unwrap();
        assert!(page.contains("2026-05") && !page.contains("<script>"), "{page}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn lists_are_found_sorted_and_narrowed_by_the_address() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company(&origin).await).await;
    let rows = async |query: &str| {
        let page = web::text(at, &format!("/c/acme/customer{query}")).await;
        let names = page.split("/c/acme/kpi/").skip(1);
        let mut ids: Vec<String> =
            names.map(|part| part.split(['"', '?']).next().unwrap().to_owned()).collect();
        ids.dedup();
        ids
    };
    assert_eq!(rows("").await, ["otd", "calls", "revenue"]);
    assert_eq!(rows("?sort=worst").await[0], "otd");
    assert_eq!(rows("?sort=name").await, ["calls", "otd", "revenue"]);
    assert_eq!(rows("?status=off_track").await, ["otd"]);
    assert_eq!(rows("?q=CALLS").await, ["calls"]);
    assert_eq!(rows("?q=%00%FF").await, [""; 0]);
    assert_eq!(rows("?page=99999999999999999999&sort=sideways&status=blue").await.len(), 3);
    let home = web::text(at, "/?q=hours").await;
    check("home", &home, &["/c/acme", "Found for “hours”"]);
    assert!(web::text(at, "/?q=nobody").await.contains("Nothing is found"));
    daemon.stop().await;
}

#[tokio::test]
async fn a_page_is_in_the_readers_language_and_is_sent_once() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company(&origin).await).await;
    let german = ask(at, "/c/acme/kpi/otd", &[(header::ACCEPT_LANGUAGE, "de-AT,en;q=0.5")]).await;
    let page = german.text().await.unwrap();
    check("in German", &page, &["<html lang=\"de\">", "außer Plan", "Zum Inhalt", "Soll"]);
    assert!(!page.contains("off track"), "{page}");
    let english = web::text(at, "/c/acme/kpi/otd?lang=en").await;
    check("in English", &english, &["<html lang=\"en\">", "off track"]);

    let asset = english.split("/assets/").nth(1).unwrap().split('"').next().unwrap();
    let style = ask(at, &format!("/assets/{asset}"), &[]).await;
    assert!(style.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(ask(at, "/assets/board-0.css", &[]).await.status(), 404);
    // What is over does not change, and is not sent again.
    let past = format!("/c/acme/kpi/otd?at={}", month(3));
    let first = ask(at, &past, &[]).await;
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    let again = ask(at, &past, &[(header::IF_NONE_MATCH, &tag)]).await;
    assert_eq!(again.status(), 304);
    assert_eq!(again.text().await.unwrap(), "");
    assert_eq!(ask(at, &past, &[(header::IF_NONE_MATCH, "W/\"x\"")]).await.status(), 200);
    daemon.stop().await;
}

#[tokio::test]
async fn what_is_not_there_or_not_for_everybody_is_a_plain_page() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let kpid = company(&origin).await;
    let secret = "scorecard: hidden\nname: Secret plans\nprivate: true\nowner: ines\nperspectives: { p: { owner: ines, objectives: { o: { kpis: { k: { nature: flow, target: 1 } } } } } }\n";
    std::fs::write(kpid.folder().join("scorecards/hidden.yaml"), secret).unwrap();
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    until_off_track(&mut daemon, &kpid).await;
    let long = format!("/c/{}", "x".repeat(4_000));
    for path in [
        "/nothing",
        "/c/none",
        "/c/acme/none",
        "/c/acme/customer/none",
        "/c/acme/kpi/none",
        "/c/hidden",
        "/c/hidden/p",
        "/c/hidden/kpi/k",
        "/wall/hidden",
        "/review/hidden",
        "/review/hidden/2026-05",
        "/alerts/hidden/p/1",
        "/s/hidden",
        "/alerts/none",
        "/c/..%2f..%2fetc",
        "/c/%00",
        "/mine",
        &long,
    ] {
        let response = ask(at, path, &[]).await;
        assert_eq!(response.status(), 404, "{path}");
        let page = response.text().await.unwrap();
        assert!(
            page.contains("There is no such page") && page.contains("href=\"/\""),
            "{path}: {page}"
        );
        assert!(!page.contains("Secret plans"), "{path}");
    }
    assert!(!web::text(at, "/").await.contains("Secret plans"));
    daemon.stop().await;
}

/// Who a trusted proxy says it is, with groups.
pub(crate) async fn as_user(
    at: SocketAddr,
    method: &str,
    path: &str,
    user: &str,
    form: &[(&str, &str)],
) -> Response {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let (user, groups) = user.split_once(' ').unwrap_or((user, ""));
    let request = client.request(method.parse().unwrap(), format!("http://{at}{path}"));
    let request = request
        .header("x-user", user)
        .header("x-groups", groups)
        .header("host", "kpi.acme.example");
    let request = if form.is_empty() { request } else { request.form(form) };
    request.send().await.unwrap()
}

pub(crate) const PROXY: &str = ", trusted_header: X-User, groups_header: X-Groups, public_url: \"https://kpi.acme.example\", \
    roles: [{ role: operator, groups: [ops] }, { role: viewer, people: [olga] }]";

#[tokio::test]
async fn who_answers_for_what_is_theirs_is_named_in_the_audit() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (kpid, daemon, at) = shown(company_where(&origin, PROXY).await).await;
    let alert = "/alerts/acme/customer/1";
    let acknowledge = &format!("{alert}/acknowledge");
    let words = [("comment", "carrier <change>"), ("due", "2099-06-30")];
    assert_eq!(ask(at, "/", &[]).await.status(), 401, "nobody let them through");
    // Neither a guest, nor whoever may only look, nor somebody whose it is not.
    for user in ["guest", "olga", "tom", "olga@nowhere.example ops2"] {
        let page = as_user(at, "GET", alert, user, &[]).await.text().await.unwrap();
        assert!(!page.contains("<textarea"), "{user}: {page}");
        let refused = as_user(at, "POST", acknowledge, user, &words).await;
        assert_eq!(refused.status(), 403, "{user}");
        assert!(refused.text().await.unwrap().contains("You may look at this"), "{user}");
    }
    for (due, wrong) in [("soon", "“soon” is no day"), ("2020-01-31", "is past")] {
        let refused = as_user(at, "POST", acknowledge, "ines", &[("due", due)]).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().await.unwrap().contains(wrong));
    }
    let done = as_user(at, "POST", acknowledge, "INES@acme.example", &words).await;
    assert_eq!(
        (done.status().as_u16(), &done.headers()[header::LOCATION]),
        (303, &alert.parse().unwrap())
    );
    let page = as_user(at, "GET", alert, "ines", &[]).await.text().await.unwrap();
    check(
        "acknowledged",
        &page,
        &["Acknowledged by Ines Marlow", "carrier &lt;change&gt;", "due 30 June 2099"],
    );
    let until = (Utc::now().date_naive() + Days::new(3)).to_string();
    let silence = [("until", &*until), ("reason", "works on the roof")];
    let done = as_user(at, "POST", &format!("{alert}/silence"), "tom ops", &silence).await;
    assert_eq!(done.status(), 303, "{}", done.text().await.unwrap());
    let note = [("scope", "acme/otd"), ("text", "the carrier changed")];
    assert_eq!(as_user(at, "POST", "/notes", "ines", &note).await.status(), 303);
    let page = as_user(at, "GET", "/c/acme/kpi/otd", "ines", &[]).await.text().await.unwrap();
    check("the note", &page, &["the carrier changed", "Ines Marlow", "Write a note"]);
    let long = [("scope", "acme/otd"), ("text", &*"x".repeat(2_001))];
    let refused = as_user(at, "POST", "/notes", "ines", &long).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("2000 characters"));
    let huge = [("scope", "acme/otd"), ("text", &*"line\n".repeat(12_000))];
    assert_eq!(as_user(at, "POST", "/notes", "ines", &huge).await.status(), 413);
    let audit = kpid.says(&["audit"]).await;
    for line in ["tom", "works on the roof", "on the board, from 127.0.0.1; carrier <change>"] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
    let mine = as_user(at, "GET", "/mine", "ines", &[]).await.text().await.unwrap();
    check(
        "/mine",
        &mine,
        &["What is Ines Marlow’s", "On-time delivery", "Carrier switch", "Acknowledged by"],
    );
    assert_eq!(as_user(at, "GET", "/mine", "guest", &[]).await.status(), 404);
    daemon.stop().await;
}

#[tokio::test]
async fn a_page_of_somebody_elses_makes_nobody_act() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (kpid, daemon, at) = shown(company_where(&origin, ", local_user: ines").await).await;
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let post = async |headers: &[(&str, &str)]| {
        let request = client.post(format!("http://{at}/alerts/acme/customer/1/acknowledge"));
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.form(&[("comment", "")]).send().await.unwrap()
    };
    let own = format!("http://{at}");
    for headers in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-site"), ("origin", own.as_str())],
    ] {
        let refused = post(headers).await;
        assert_eq!(refused.status(), 403, "{headers:?}");
        assert!(refused.text().await.unwrap().contains("somebody else"), "{headers:?}");
    }
    let alerts = kpid.says(&["alerts", "list", "--format", "json"]).await;
    assert!(alerts.contains("\"acknowledged\": null"), "{alerts}");
    let page = web::text(at, "/alerts/acme/customer/1").await;
    check("the forms", &page, &["Acknowledge</button>", "Silence</button>"]);
    assert_eq!(
        post(&[("sec-fetch-site", "same-origin"), ("origin", own.as_str())]).await.status(),
        303
    );
    let alerts = kpid.says(&["alerts", "list", "--format", "json"]).await;
    assert!(alerts.contains("\"by\": \"ines\""), "{alerts}");
    daemon.stop().await;
}

#[tokio::test]
async fn who_may_do_what_is_refused_where_it_has_no_effect() {
    let origin = Origin::start().await;
    for (web, problem) in [
        (", local_user: nobody", "`nobody`"),
        (", local_user: ines, trusted_header: X-User", "nobody is the local user"),
        (", groups_header: X-Groups", "groups of nobody"),
        (
            ", trusted_header: X-User, roles: [{ role: operator, groups: [ops] }]",
            "nothing says who is in the group `ops`",
        ),
        (", trusted_header: X-User, roles: [{ role: operator }]", "nobody has this role"),
        (", trusted_header: X-User, roles: [{ role: operator, people: [inez] }]", "`inez`"),
        (
            ", trusted_header: X-User, roles: [{ role: owner, people: [ines], scorecards: [acne] }]",
            "`acne`",
        ),
        (", trusted_header: X-User, roles: [{ role: king, people: [ines] }]", "king"),
        (", groups_header: \"X Groups\", trusted_header: X-User", "X Groups"),
        (&opened("scorecards: [acne]"), "`acne`"),
        (&opened("scorecards: []"), "the token `tv` opens nothing"),
        (&opened("scope: king"), "king"),
        (
            &format!(", tokens: {{ tv: {{ sha256: {HASH} }}, lobby: {{ sha256: {HASH} }} }}"),
            "the tokens `tv` and `lobby` are the same",
        ),
    ] {
        let kpid = configured(&origin, web);
        let checked = kpid.run(&["check"]).await;
        assert_eq!(checked.code, Some(1), "{web}: {checked:?}");
        let said = format!("{}{}", checked.stdout, checked.stderr);
        assert!(said.contains(problem), "{web}: {said}");
    }
}

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A token with more than its hash.
fn opened(more: &str) -> String {
    format!(", tokens: {{ tv: {{ sha256: {HASH}, {more} }} }}")
}

/// A token as `kpid token` makes it, and its line.
pub(crate) async fn token(arguments: &[&str]) -> (String, String) {
    let made = Kpid::new("", "").run(&[&["token"], arguments].concat()).await.stdout;
    let lines: Vec<&str> = made.lines().map(str::trim).collect();
    (lines[1].to_owned(), lines[lines.len() - 1].to_owned())
}

#[tokio::test]
async fn a_token_opens_what_it_was_made_for() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (wall, wall_line) = token(&["tv", "--wall", "--scorecard", "acme"]).await;
    let (read, read_line) = token(&["grafana"]).await;
    let (act, act_line) = token(&["desk", "--act"]).await;
    assert!(wall_line.ends_with(", scope: wall, scorecards: [acme] }"), "{wall_line}");
    let web = format!(", tokens: {{ {wall_line}, {read_line}, {act_line} }}");
    let kpid = company_where(&origin, &web).await;
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    until_off_track(&mut daemon, &kpid).await;
    for (path, of_wall) in
        [("/wall/acme", 200), ("/", 403), ("/c/acme", 403), ("/metrics", 403), ("/wall/nope", 404)]
    {
        let status = web::get(at, path, Some(&wall)).await.status();
        assert_eq!(status, of_wall, "{path}");
        let of_read = if path == "/wall/nope" { 404 } else { 200 };
        assert_eq!(web::get(at, path, Some(&read)).await.status(), of_read, "{path}");
    }
    let page = web::get(at, "/", Some(&wall)).await.text().await.unwrap();
    check("/", &page, &["<h1>You may not do this</h1>", "Your token opens something else"]);
    let refused = web::get(at, "/", None).await;
    let policy = refused.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("style-src 'self'"), "the page has its style sheet: {policy}");
    let page = refused.text().await.unwrap();
    check("/", &page, &["<h1>Please say who you are</h1>"]);
    let problem = web::get(at, "/api/v1/standing", Some(&wall)).await;
    assert_eq!(problem.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(problem.json::<serde_json::Value>().await.unwrap()["status"], 403);

    let form = [("comment", "seen at the desk")];
    let acknowledge = async |token: &str, origin: Option<&str>| {
        let to = format!("http://{at}/alerts/acme/customer/1/acknowledge");
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let mut request = client.post(to).bearer_auth(token).form(&form);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(acknowledge(&wall, None).await, 403);
    assert_eq!(acknowledge(&read, None).await, 403);
    // A browser that was given the token as a password sends it for whoever asks.
    assert_eq!(acknowledge(&act, Some("https://evil.example")).await, 403);
    assert_eq!(acknowledge(&act, None).await, 303);
    let audit = kpid.run(&["audit"]).await.stdout;
    check("the audit", &audit, &["token desk", "seen at the desk", "on the board, from 127.0.0.1"]);
    daemon.stop().await;
}

#[tokio::test]
async fn the_page_of_a_kpi_says_how_its_runs_went_also_those_that_failed_before() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, mut daemon, at) = shown(company(&origin).await).await;
    let page = async || web::text(at, "/c/acme/kpi/calls").await;
    origin.set("calls", Answer::Status(500));
    daemon.until("a failure", page, |page| page.contains("500")).await;
    origin.figure("calls", 96.0);
    let well = |page: &String| !page.contains("The source fails");
    let page = daemon.until("figures again", page, well).await;
    let (_, runs) = page.split_once("Last runs").unwrap();
    let (runs, _) = runs.split_once("</details>").unwrap();
    // It went well, failed, and goes well again.
    check("runs", runs, &["500"]);
    assert!(runs.matches("collected</li>").count() >= 2, "{runs}");
    daemon.stop().await;
}
