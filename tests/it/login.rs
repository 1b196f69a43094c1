//! Logins at a real provider, through the built program: from the page that somebody asks for back to it, what
//! they may do then, and what nobody gets by.

use kpid_store::Store;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    board::{company_where, month},
    world::{
        browser::{Browser, Page},
        kpid::{ADA_BY_MAIL, Daemon, Kpid},
        login_provider::LoginProvider,
        origin::{Answer, Origin},
    },
};

/// The cookie of a session.
const SESSION: &str = "__Host-kpid";

/// With what the cookies of logins that are under way begin.
const ATTEMPT: &str = "__Host-kpid-login-";

const ROLES: &str = ", roles: [{ role: operator, groups: [controlling] }]";

/// A company whose people log in at a provider, and its daemon.
async fn company(provider: &LoginProvider, more: &str) -> (Kpid, Daemon, Browser) {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let kpid = company_where(&origin, &format!("{}{ROLES}", provider.yaml(more))).await;
    let (daemon, browser) = begun(&kpid).await;
    (kpid, daemon, browser)
}

async fn begun(kpid: &Kpid) -> (Daemon, Browser) {
    let mut daemon = kpid.start();
    let at = daemon.address().await;
    let look = async || kpid.show().await["scorecards"][0]["perspectives"][0]["status"].clone();
    daemon.until("off track", look, |seen| seen == "off_track").await;
    (daemon, Browser::of(at))
}

/// Goes to a page, and logs in on the way.
async fn logged_in(browser: &mut Browser, path: &str, login: &str) -> Page {
    let asked = browser.go(path).await;
    browser.log_in(&asked, login).await
}

fn says(page: &Page, status: u16, words: &str) {
    assert_eq!(page.status, status, "{page:?}");
    assert!(page.text.contains(words), "{words}: {page:?}");
    assert!(page.text.starts_with("<!DOCTYPE html>"), "{page:?}");
}

#[tokio::test]
async fn somebody_logs_in_comes_to_the_page_they_asked_for_acts_and_logs_out() {
    let provider = LoginProvider::start(&[]).await;
    let (kpid, daemon, mut browser) = company(&provider, "").await;
    let path = format!("/c/acme/kpi/otd?at={}&q=a%20b", month(2));
    let asked = browser.go(&path).await;
    assert!(browser.way[1].path() == "/login", "{:?}", browser.way);
    let sent = &browser.way[2];
    let has =
        |name: &str| sent.query_pairs().find(|(held, _)| held == name).unwrap().1.into_owned();
    assert_eq!(has("code_challenge_method"), "S256");
    assert_eq!(has("redirect_uri"), "https://kpi.acme.example/login/callback");
    assert_eq!(has("scope"), "openid email groups");
    assert!(browser.cookies_like(ATTEMPT).count() == 1 && browser.cookie(SESSION).is_none());

    let page = browser.log_in(&asked, "ines").await;
    says(&page, 200, "Ines Marlow");
    assert_eq!(page.at.as_str(), format!("https://kpi.acme.example{path}"));
    assert!(page.text.contains("action=\"/logout\""), "{}", page.text);
    assert_eq!(browser.cookies_like(ATTEMPT).next(), None, "it has come to its end");
    let key = browser.cookie(SESSION).unwrap().to_owned();
    let bytes = std::fs::read(kpid.folder().join("kpid.db")).unwrap();
    let log = std::fs::read(kpid.folder().join("kpid.db-wal")).unwrap_or_default();
    let holds = |held: &[u8]| held.windows(key.len()).any(|part| part == key.as_bytes());
    assert!(!holds(&bytes) && !holds(&log), "what a browser holds is not in the store");

    let form = [("comment", "The carrier is late"), ("due", "")];
    let acted = browser.post("/alerts/acme/customer/1/acknowledge", &form).await;
    assert_eq!(acted.status, 303, "{acted:?}");
    let page = browser.go("/alerts/acme/customer/1").await;
    says(&page, 200, "The carrier is late");
    let noted = [("scope", "acme/kpi"), ("text", "By an operator, whose it is not")];
    assert_eq!(browser.post("/notes", &noted).await.status, 303, "the group has a role");

    let left = browser.clone();
    let out = browser.post("/logout", &[]).await;
    says(&out, 200, "You are logged out");
    let refresh = out.headers["refresh"].to_str().unwrap();
    let (_, there) = refresh.split_once("url=").unwrap();
    assert!(there.starts_with(&format!("{}/session/end?client_id=kpid", provider.issuer())));
    assert_eq!(browser.follow(there).await.status, 200, "the provider takes them");
    assert_eq!(browser.cookie(SESSION), None);
    for mut old in [left, browser] {
        let page = old.go("/c/acme").await;
        assert!(old.way[1].path() == "/login", "an old cookie opens nothing: {page:?}");
    }
    let audit = kpid.says(&["audit"]).await;
    for line in [
        "ines logged in to the board (from 127.0.0.1)",
        "ines acknowledged acme/customer",
        "ines logged out of the board (from 127.0.0.1)",
    ] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
    assert!(!daemon.log().contains(&key), "{}", daemon.log());
    daemon.stop().await;
}

#[tokio::test]
async fn a_login_ends_where_it_began_and_once() {
    let provider = LoginProvider::start(&[]).await;
    let (kpid, daemon, mut browser) = company(&provider, "").await;
    let stale = "Please log in again";
    // A link that somebody else began, so that this browser works for them.
    let mut eve = browser.clone();
    let asked = eve.go("/").await;
    let mut way = Url::parse(&format!("{}?login=ines", asked.at)).unwrap();
    while way.path() != "/login/callback" {
        let page = eve.get(&way).await;
        way = way.join(page.headers["location"].to_str().unwrap()).unwrap();
    }
    says(&browser.get(&way).await, 400, stale);
    browser.go("/alerts").await;
    says(&browser.get(&way).await, 400, stale);
    assert_eq!(browser.cookie(SESSION), None);
    // Whoever began it comes in, and not twice by the same way.
    let (name, begun) = eve.cookies_like(ATTEMPT).next().unwrap();
    let (name, begun) = (name.to_owned(), begun.to_owned());
    let page = eve.get(&way).await;
    assert_eq!((page.status, page.headers["location"].to_str().unwrap()), (303, "/"));
    eve.plant(&name, &begun);
    says(&eve.get(&way).await, 400, stale);
    // What somebody makes up.
    for query in ["", "?code=x", "?state=", "?error=access_denied", "?code=x&state=y&state=z"] {
        let at = Url::parse(&format!("https://kpi.acme.example/login/callback{query}")).unwrap();
        let page = browser.get(&at).await;
        assert_eq!(page.status, 400, "{query}: {page:?}");
        assert!(page.text.contains("<h1>"), "{query}: {page:?}");
    }
    let audit = kpid.says(&["audit"]).await;
    assert_eq!(audit.matches("logged in").count(), 1, "{audit}");
    daemon.stop().await;
}

#[tokio::test]
async fn whoever_opens_all_pages_of_yesterday_comes_to_each_of_them() {
    let provider = LoginProvider::start(&[]).await;
    let (kpid, daemon, browser) = company(&provider, "").await;
    let mut browser = browser.from("198.51.100.1");
    let mut asked = Vec::new();
    for path in ["/alerts", "/c/acme", "/data"] {
        asked.push((path, browser.go(path).await));
    }
    assert_eq!(browser.cookies_like(ATTEMPT).count(), 3);
    for (path, asked) in asked {
        let page = browser.log_in(&asked, "ines").await;
        says(&page, 200, "Ines Marlow");
        assert_eq!(page.at.path(), path);
    }
    assert_eq!(browser.cookies_like(ATTEMPT).count(), 0);
    let audit = kpid.says(&["audit"]).await;
    assert!(audit.contains("logged in to the board (from 198.51.100.1)"), "{audit}");
    browser.post("/notes", &[("scope", "acme/kpi"), ("text", "From there")]).await;
    let audit = kpid.says(&["audit"]).await;
    assert!(audit.contains("on the board, from 198.51.100.1"), "{audit}");
    // Those that nobody ends are not kept for ever.
    browser.post("/logout", &[]).await;
    for _ in 0..20 {
        browser.get(&Url::parse("https://kpi.acme.example/login").unwrap()).await;
    }
    assert_eq!(browser.cookies_like(ATTEMPT).count(), 8);
    daemon.stop().await;
}

#[tokio::test]
async fn a_planted_session_is_not_the_one_that_somebody_logs_in_to() {
    let provider = LoginProvider::start(&[]).await;
    let (kpid, daemon, mut browser) = company(&provider, "").await;
    for forged in ["", "guess", "../..", &"A".repeat(43), &"x".repeat(4_000)] {
        browser.plant(SESSION, forged);
        browser.go("/").await;
        assert!(browser.way[1].path() == "/login", "{forged}: {:?}", browser.way);
    }
    browser.plant(SESSION, "planted");
    says(&logged_in(&mut browser, "/", "ines").await, 200, "Ines Marlow");
    let first = browser.cookie(SESSION).unwrap().to_owned();
    assert_ne!(first, "planted");
    // Another login in the same browser ends the one before.
    let asked = browser.go("/login?other=1").await;
    says(&browser.log_in(&asked, "ines").await, 200, "Ines Marlow");
    let second = browser.cookie(SESSION).unwrap().to_owned();
    assert_ne!(first, second);
    let store = Store::open_read_only(&kpid.folder().join("kpid.db")).await.unwrap();
    let id = |key: &str| -> [u8; 32] { Sha256::digest(key.as_bytes()).into() };
    assert_eq!(store.session(id(&first)).await.unwrap(), None);
    let held = store.session(id(&second)).await.unwrap().unwrap();
    assert_eq!(
        (held.person.as_str(), held.groups),
        ("ines@acme.example", vec!["controlling".into()])
    );
    // Two of them are nobody's.
    browser.plant(&format!("x=1; {SESSION}"), &second);
    let page = browser.get(&Url::parse("https://kpi.acme.example/").unwrap()).await;
    assert_eq!(page.headers["location"].to_str().unwrap(), "/login?to=%2F");
    daemon.stop().await;
}

#[tokio::test]
async fn a_form_from_elsewhere_does_nothing_by_a_cookie() {
    let provider = LoginProvider::start(&[]).await;
    let (kpid, daemon, mut browser) = company(&provider, "").await;
    says(&logged_in(&mut browser, "/", "ines").await, 200, "Ines Marlow");
    let acknowledge = "/alerts/acme/customer/1/acknowledge";
    for origin in
        [Some("https://evil.example"), Some("null"), Some("http://kpi.acme.example"), None]
    {
        for path in [acknowledge, "/notes"] {
            let page = browser.post_from(path, &[("comment", "")], origin).await;
            says(&page, 403, "somebody else");
        }
    }
    for origin in [Some("https://evil.example"), Some("http://kpi.acme.example"), None] {
        let page = browser.post_from("/logout", &[], origin).await;
        says(&page, 403, "somebody else");
    }
    says(&browser.go("/").await, 200, "Ines Marlow");
    let audit = kpid.says(&["audit"]).await;
    assert!(!audit.contains("acknowledged") && !audit.contains("logged out"), "{audit}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_login_leads_only_to_pages_of_ours() {
    let provider = LoginProvider::start(&[]).await;
    let (_kpid, daemon, mut browser) = company(&provider, "").await;
    for to in ["//evil.example/", "https://evil.example/", "/%5cevil.example", "/\\evil.example"] {
        let mut browser = browser.clone();
        let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let page = logged_in(&mut browser, &format!("/login?to={to}"), "ines").await;
        assert_eq!(page.at.host_str(), Some("kpi.acme.example"), "{to}: {page:?}");
    }
    let page = logged_in(&mut browser, "/login?to=%2Falerts", "ines").await;
    assert_eq!(page.at.as_str(), "https://kpi.acme.example/alerts");
    let again = browser.go("/login?to=%2Fdata").await;
    assert_eq!(again.at.as_str(), "https://kpi.acme.example/data", "they are logged in");
    daemon.stop().await;
}

#[tokio::test]
async fn who_may_look_is_what_the_configuration_says_at_each_request() {
    let provider = LoginProvider::start(&[]).await;
    let (kpid, mut daemon, browser) = company(&provider, "").await;
    for (login, status, words) in [
        ("eve", 403, "eve@elsewhere.example"),
        ("tom", 403, "does not vouch for your e-mail address"),
        ("olga", 403, "did not say who you are"),
        ("nobody", 403, "did not let you in"),
    ] {
        let mut browser = browser.clone();
        says(&logged_in(&mut browser, "/", login).await, status, words);
        assert_eq!(browser.cookie(SESSION), None, "{login}");
    }
    let mut browser = browser;
    says(&logged_in(&mut browser, "/", "ines").await, 200, "Ines Marlow");
    let file = kpid.folder().join("kpid.yaml");
    let config = std::fs::read_to_string(&file).unwrap();
    let nobody = config.replace("ines@acme.example", "ines.marlow@acme.example");
    let nobody = nobody.replace("groups: [controlling]", "groups: [visitors]");
    std::fs::write(&file, &nobody).unwrap();
    daemon.hang_up();
    daemon.until_log("going on with configuration").await;
    let look = async || {
        let mut browser = browser.clone();
        browser.go("/").await;
        browser.way.len()
    };
    daemon.until("nobody is let in by that name any more", look, |way| *way > 1).await;
    daemon.stop().await;
    let everybody = nobody.replace("client_id: kpid", "client_id: kpid, admits: everybody");
    std::fs::write(&file, everybody).unwrap();
    let (daemon, at) = begun(&kpid).await;
    let mut eve = at;
    says(&logged_in(&mut eve, "/", "eve").await, 200, "eve@elsewhere.example");
    let page = eve.post("/alerts/acme/customer/1/acknowledge", &[("comment", "")]).await;
    says(&page, 403, "You may look at this");
    daemon.stop().await;
}

#[tokio::test]
async fn sessions_end_when_nobody_is_there_and_after_their_time() {
    let provider = LoginProvider::start(&[]).await;
    let (kpid, daemon, mut browser) =
        company(&provider, ", session_idle: 1h, session_max: 2d").await;
    says(&logged_in(&mut browser, "/", "ines").await, 200, "Ines Marlow");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(kpid.folder().join("kpid.db"));
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let back = async |sql: &'static str| sqlx::query(sql).execute(&pool).await.unwrap();
    back("UPDATE sessions SET seen_at = seen_at - 59 * 60000000").await;
    says(&browser.go("/").await, 200, "Ines Marlow");
    let seen = async || {
        let sql = "SELECT seen_at - started_at FROM sessions";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap()
    };
    crate::world::until("that they are still there", seen, |seen| *seen >= 0).await;
    back("UPDATE sessions SET seen_at = seen_at - 60 * 60000000").await;
    browser.go("/").await;
    assert!(browser.way[1].path() == "/login", "{:?}", browser.way);
    says(&browser.go("/").await, 200, "Ines Marlow");
    back("UPDATE sessions SET started_at = started_at - 48 * 3600000000").await;
    browser.go("/").await;
    assert!(browser.way[1].path() == "/login", "{:?}", browser.way);
    // Those that are over went when somebody logged in again.
    let sql = "SELECT count(*) FROM sessions";
    let held = sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(held, 1);
    daemon.stop().await;
}

#[tokio::test]
async fn a_provider_that_changes_its_keys_is_asked_for_them_once() {
    for algorithm in ["ES256", "PS256"] {
        let variables = [("ALGORITHM", algorithm), ("CLAIMS", "token")];
        let mut provider = LoginProvider::start(&variables).await;
        let (_kpid, daemon, browser) = company(&provider, "").await;
        let log_in = async |browser: &Browser| logged_in(&mut browser.clone(), "/", "ines").await;
        says(&log_in(&browser).await, 200, "Ines Marlow");
        provider.again().await;
        says(&log_in(&browser).await, 200, "Ines Marlow");
        provider.again().await;
        says(&log_in(&browser).await, 502, "does not work now");
        assert!(daemon.log().contains("a key that the provider does not publish"));
        daemon.stop().await;
    }
}

#[tokio::test]
async fn a_provider_that_is_away_or_wrong_is_said_plainly_and_tokens_go_on() {
    let mut provider = LoginProvider::start(&[("SECONDS", "3600")]).await;
    let token = kpid::web::access::hash("let me in");
    let tokens = format!(" }}, tokens: {{ grafana: {{ sha256: {token} }} ");
    let (kpid, daemon, browser) = company(&provider, &tokens).await;
    let page = logged_in(&mut browser.clone(), "/", "ines").await;
    says(&page, 502, "the clock of that machine");
    assert!(daemon.log().contains("the ID token holds only in"), "{}", daemon.log());
    daemon.stop().await;
    provider.stop();
    let (daemon, mut browser) = begun(&kpid).await;
    let at = browser.kpid;
    says(&browser.go("/c/acme").await, 502, "Links in mails and tokens go on working");
    assert!(daemon.log().contains("nobody can log in: http://127.0.0.1:"), "{}", daemon.log());
    assert!(daemon.log().contains("Connection refused"), "{}", daemon.log());
    let client = reqwest::Client::new();
    let asked = async |path: &str, token: Option<&str>| {
        let request = client.get(format!("http://{at}{path}")).header("accept", "*/*");
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    };
    assert_eq!(asked("/c/acme", Some("let me in")).await.status(), 200);
    let refused = asked("/api/v1/scorecards", None).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    assert!(refused.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    assert_eq!(asked("/metrics", None).await.status(), 401);
    daemon.stop().await;
}

#[tokio::test]
async fn links_in_mails_and_screens_on_walls_need_no_login() {
    let provider = LoginProvider::start(&[]).await;
    let hash = kpid::web::access::hash("on the wall");
    let wall = format!(" }}, tokens: {{ tv: {{ sha256: {hash}, scope: wall }} ");
    let (_kpid, daemon, mut browser) = company(&provider, &wall).await;
    says(&browser.go("/a/guess").await, 404, "link");
    assert_eq!(browser.way.len(), 1, "{:?}", browser.way);
    let page = browser.go("/wall/acme").await;
    says(&page, 401, "Please log in");
    assert!(page.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    assert!(page.text.contains("href=\"/login?to=%2Fwall%2Facme\""), "{}", page.text);
    let screen = reqwest::Client::new().get(format!("http://{}/wall/acme", browser.kpid));
    let screen = screen.basic_auth("tv", Some("on the wall")).send().await.unwrap();
    assert_eq!(screen.status(), 200);
    // A form is not lost: whoever sends it without a login is not led away from it.
    let sent = browser.post("/alerts/acme/customer/1/acknowledge", &[("comment", "x")]).await;
    says(&sent, 401, "it is still in the form");
    // So often, and from one address.
    for _ in 0..60 {
        browser.post("/a/guess", &[]).await;
    }
    let page = browser.post("/a/guess", &[]).await;
    says(&page, 429, "Too many answers");
    assert!(page.headers.contains_key("retry-after"));
    daemon.stop().await;
}

#[tokio::test]
async fn a_backup_logs_nobody_in_and_a_probe_asks_the_provider() {
    let mut provider = LoginProvider::start(&[]).await;
    let (kpid, daemon, mut browser) = company(&provider, "").await;
    says(&logged_in(&mut browser, "/", "ines").await, 200, "Ines Marlow");
    let file = kpid.folder().join("backup.db");
    kpid.says(&["backup", &file.display().to_string()]).await;
    let key = browser.cookie(SESSION).unwrap();
    let id: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    for (path, is_held) in [("kpid.db", true), ("backup.db", false)] {
        let store = Store::open_read_only(&kpid.folder().join(path)).await.unwrap();
        assert_eq!(store.session(id).await.unwrap().is_some(), is_held, "{path}");
    }
    daemon.stop().await;
    let probe = async || kpid.run(&["check", "--probe"]).await;
    let ran = probe().await;
    assert!(
        ran.stdout.contains(&format!("login provider {}: reached", provider.issuer())),
        "{ran:?}"
    );
    provider.stop();
    let ran = probe().await;
    assert!(ran.stdout.contains("1 login provider cannot be reached"), "{ran:?}");
}

#[tokio::test]
async fn a_provider_that_says_nonsense_is_named_with_what_is_wrong() {
    let origin = Origin::start().await;
    let own = origin.url().trim_end_matches('/').to_owned();
    let says = |issuer: &str, keys: &str| {
        Answer::Json(format!(
            "{{ \"issuer\": \"{issuer}\", \"authorization_endpoint\": \"{own}/auth\", \
             \"token_endpoint\": \"{own}/token\", \"jwks_uri\": \"{keys}\" }}"
        ))
    };
    let keys = format!("{own}/keys");
    let oidc = format!(
        "oidc: {{ issuer: \"{own}\", client_id: kpid }}, public_url: https://kpi.acme.example"
    );
    let kpid = configured(&oidc);
    for (discovery, published, words) in [
        (Answer::Status(404), "", "answers 404 Not Found"),
        (Answer::Page, "", "answers without what is needed, in JSON"),
        (Answer::Json("{}".to_owned()), "", "answers without what is needed, in JSON"),
        (Answer::Away, "", "answers 302 Found"),
        (Answer::Flood, "", "answers with more than 1048576 bytes"),
        (Answer::Cut, "", "breaks off"),
        (Answer::Hang, "", "it took too long"),
        (
            says("https://login.evil.example", &keys),
            "",
            "of the issuer `https://login.evil.example`",
        ),
        (says(&own, "http://login.evil.example/keys"), "", "which is not encrypted"),
        (says(&own, &keys), "[]", "has no list of keys"),
        (says(&own, &keys), "{ \"keys\": [] }", "it publishes no key"),
        (
            says(&own, &keys),
            "{ \"keys\": [{ \"kty\": \"oct\", \"k\": \"AAAA\" }] }",
            "it publishes no key",
        ),
    ] {
        let told = format!("{discovery:?} {published}");
        origin.set(".well-known/openid-configuration", discovery);
        origin.set("keys", Answer::Json(published.to_owned()));
        let ran = kpid.run(&["check", "--probe"]).await;
        assert_eq!(ran.code, Some(1), "{told}: {ran:?}");
        assert!(ran.stdout.contains(words), "{told}: {ran:?}");
    }
}

#[tokio::test]
async fn a_login_that_could_not_work_is_refused_by_check() {
    const ISSUER: &str = "issuer: https://login.example, client_id: kpid";
    for (web, problem) in [
        ("oidc: { issuer: https://login.example }".to_owned(), "client_id"),
        ("oidc: { issuer: http://login.example, client_id: kpid }".to_owned(), "is not encrypted"),
        ("oidc: { issuer: login.example, client_id: kpid }".to_owned(), "not a valid web address"),
        ("oidc: { issuer: https://login.example/?a, client_id: kpid }".to_owned(), "`?` or a `#`"),
        (
            "oidc: { issuer: https://login.example, client_id: ' ' }".to_owned(),
            "`client_id` is empty",
        ),
        (format!("oidc: {{ {ISSUER}, scopes: [email] }}"), "without the scope `openid`"),
        (format!("oidc: {{ {ISSUER}, admits: all }}"), "all"),
        (format!("oidc: {{ {ISSUER}, session_idle: 2d, session_max: 1d }}"), "has no effect"),
        (
            format!("oidc: {{ {ISSUER}, session_max: 2w }}, local_user: ines"),
            "nobody is the local user",
        ),
        (format!("oidc: {{ {ISSUER}, session_idle: 1s }}"), "from 1m to 90d"),
        (format!("oidc: {{ {ISSUER}, client_secret: {{ env: KPID_NO_SUCH }} }}"), "KPID_NO_SUCH"),
        (format!("oidc: {{ {ISSUER}, nonce: 1 }}"), "nonce"),
    ] {
        refused(&format!("{web}, public_url: https://kpi.acme.example"), problem).await;
    }
    refused(&format!("oidc: {{ {ISSUER} }}"), "`public_url` is missing").await;
    let open = format!("oidc: {{ {ISSUER} }}, public_url: http://kpi.acme.example");
    refused(&open, "could take over a login").await;
    let here = format!(
        "oidc: {{ {ISSUER} }}, public_url: http://localhost:8420, \
        roles: [{{ role: operator, groups: [controlling] }}]"
    );
    let checked = configured(&here).run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

async fn refused(web: &str, problem: &str) {
    let checked = configured(web).run(&["check"]).await;
    let said = format!("{}{}", checked.stdout, checked.stderr);
    assert!(said.contains(problem), "{web}: {said}");
}

fn configured(web: &str) -> Kpid {
    let config = format!("{ADA_BY_MAIL}web: {{ listen: \"127.0.0.1:0\", {web} }}\n");
    let config = config.replace("ada", "ines");
    Kpid::new(
        &config,
        "scorecard: acme\nperspectives: { p: { objectives: { o: { kpis: { k: { nature: level, target: 1 } } } } } }\n",
    )
}

#[tokio::test]
async fn one_address_tries_so_often_and_keeps_nobody_else_out() {
    let provider = LoginProvider::start(&[]).await;
    let (_kpid, daemon, browser) = company(&provider, "").await;
    let login = Url::parse("https://kpi.acme.example/login/callback?code=x").unwrap();
    let mut eve = browser.clone().from("203.0.113.9");
    let mut refused = None;
    for _ in 0..=121 {
        let page = eve.get(&login).await;
        if page.status == 429 {
            refused = Some(page);
            break;
        }
    }
    let page = refused.expect("it is never too much");
    says(&page, 429, "Too many logins");
    let after: u64 = page.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
    let mut ines = browser.from("198.51.100.1");
    says(&logged_in(&mut ines, "/", "ines").await, 200, "Ines Marlow");
    daemon.stop().await;
}
