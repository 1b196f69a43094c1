//! A review meeting: what it takes down, on the page and by command, and what becomes of it.

use chrono::{Days, Utc};
use reqwest::header;
use serde_json::Value;

use crate::{
    board::{PROXY, as_user, check, company_where, month, shown},
    world::origin::Origin,
};

#[tokio::test]
async fn a_meeting_takes_down_what_the_next_one_asks_for() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (kpid, daemon, at) = shown(company_where(&origin, PROXY).await).await;
    let last = format!("/review/acme/{}", month(2));
    let this = format!("/review/acme/{}", month(1));
    let page = as_user(at, "GET", &last, "olga", &[]).await.text().await.unwrap();
    assert!(!page.contains("<textarea"), "who may only look is asked for nothing: {page}");
    let decision =
        [("kind", "decision"), ("scope", "acme/customer"), ("text", "Keep the <old> carrier")];
    assert_eq!(as_user(at, "POST", &last, "olga", &decision).await.status(), 403);
    let kept = as_user(at, "POST", &last, "ines", &decision).await;
    let to = kept.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!((kept.status().as_u16(), to), (303, format!("{last}#item-1")));
    let due = (Utc::now().date_naive() + Days::new(9)).to_string();
    let action = |who, due| {
        let text = ("text", "Call the carrier");
        [("kind", "action"), ("scope", "acme/otd"), text, ("who", who), ("due", due)]
    };
    let kept = as_user(at, "POST", &last, "ines", &action("Tom Osei", &due)).await;
    assert_eq!(kept.status(), 303, "{}", kept.text().await.unwrap());
    let success = [("kind", "success"), ("scope", "acme"), ("text", "Revenue grew")];
    assert_eq!(as_user(at, "POST", &last, "ines", &success).await.status(), 303);

    let page = as_user(at, "GET", &last, "ines", &[]).await.text().await.unwrap();
    let parts = ["Keep the &lt;old&gt; carrier", "Tom Osei, due", "Revenue grew", "Ines Marlow"];
    check(&last, &page, &parts);
    let next = as_user(at, "GET", &this, "tom", &[]).await.text().await.unwrap();
    check(&this, &next, &["What became of the actions", "Call the carrier", "/actions/2"]);
    assert!(!next.contains("Revenue grew"), "{next}");
    for path in ["/c/acme/customer", "/c/acme/kpi/otd", "/mine"] {
        let page = as_user(at, "GET", path, "tom", &[]).await.text().await.unwrap();
        check(path, &page, &["Call the carrier", "Tom Osei, due"]);
    }
    // Whoever does it says that it is done, and nobody else who may not act there.
    let done = [("state", "done"), ("back", "//elsewhere.example/")];
    assert_eq!(as_user(at, "POST", "/actions/2", "olga", &done).await.status(), 403);
    assert_eq!(as_user(at, "POST", "/actions/1", "tom", &done).await.status(), 404, "no action");
    let kept = as_user(at, "POST", "/actions/2", "tom", &done).await;
    let to = kept.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!((kept.status().as_u16(), to), (303, format!("{last}#item-2")));
    let next = as_user(at, "GET", &this, "ines", &[]).await.text().await.unwrap();
    check(&this, &next, &["Call the carrier", "done on"]);
    let mine = as_user(at, "GET", "/mine", "tom", &[]).await.text().await.unwrap();
    assert!(!mine.contains("Call the carrier"), "{mine}");

    let json: Value =
        serde_json::from_str(&kpid.says(&["review", "acme", &month(1), "--format", "json"]).await)
            .unwrap();
    let before = &json["actions_before"][0];
    assert_eq!(
        (&before["who"], &before["state"], &before["said_by"]),
        (&"tom".into(), &"done".into(), &"tom".into())
    );
    let text = kpid.says(&["review", "acme", &month(2)]).await;
    check("kpid review", &text, &["Decisions", "Keep the <old> carrier", "What went well"]);
    let html = kpid.says(&["review", "acme", &month(2), "--format", "html"]).await;
    check("kpid review", &html, &["Keep the &lt;old&gt; carrier", "Revenue grew"]);
    let report = kpid.says(&["report", "acme", &month(1), "--recompute"]).await;
    check("kpid report", &report, &["Call the carrier", "done on", "Keep the <old> carrier"]);
    let audit = kpid.says(&["audit"]).await;
    let lines = [
        "ines decided acme/customer (on the board, from 127.0.0.1;",
        "ines assigned an action acme/otd",
        "ines took down a success acme",
        "tom settled an action acme/otd",
    ];
    check("kpid audit", &audit, &lines);
    daemon.stop().await;
}

#[tokio::test]
async fn what_cannot_be_taken_down_is_told_in_a_sentence_and_stays_in_the_form() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (_kpid, daemon, at) = shown(company_where(&origin, PROXY).await).await;
    let path = format!("/review/acme/{}", month(1));
    let due = (Utc::now().date_naive() + Days::new(9)).to_string();
    let long = "x".repeat(2_001);
    for (scope, text, who, due, wrong) in [
        ("acme/gone", "Call them", "tom", &*due, "There is no “acme/gone”"),
        ("hidden", "Call them", "tom", &due, "There is no “hidden”"),
        ("acme", " ", "tom", &due, "There are no words"),
        ("acme", &long, "tom", &due, "more than 2000 characters"),
        ("acme", "Call them", "tomm", &due, "Nobody here goes by “tomm”"),
        ("acme", "Call them", "", &due, "Nobody here goes by “”"),
        ("acme", "Call them", "tom", "2020-01-31", "This day is past"),
        ("acme", "Call them", "tom", "soon", "“soon” is no day"),
    ] {
        let form =
            [("kind", "action"), ("scope", scope), ("text", text), ("who", who), ("due", due)];
        let refused = as_user(at, "POST", &path, "ines", &form).await;
        assert_eq!(refused.status(), 422, "{wrong}");
        let page = refused.text().await.unwrap();
        check(&path, &page, &[wrong, &format!("value=\"{who}\"")]);
        if text == "Call them" {
            check(&path, &page, &["Call them</textarea>"]);
        }
    }
    let form = [("kind", "order"), ("scope", "acme"), ("text", "x")];
    assert_eq!(as_user(at, "POST", &path, "ines", &form).await.status(), 404);
    let never = [("kind", "decision"), ("scope", "acme"), ("text", "x")];
    assert_eq!(as_user(at, "POST", "/review/acme/2026-13", "ines", &never).await.status(), 400);
    for path in ["/actions/99", "/actions/x", "/actions/9999999999999999999999"] {
        let answer = as_user(at, "POST", path, "ines", &[("state", "done")]).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_command_takes_down_and_settles_beside_the_daemon() {
    let origin = Origin::start().await;
    origin.figure("calls", 95.0);
    let (kpid, daemon, at) = shown(company_where(&origin, PROXY).await).await;
    let month = month(1);
    let said = kpid.says(&["review", "acme", &month, "--decide", "Go on", "--by", "ines"]).await;
    assert_eq!(said.trim(), format!("decision 1 is taken down for acme, {month}"));
    let action = ["--action", "Call them", "--about", "acme/customer", "--by", "ines"];
    let who = ["--who", "ines", "--due", "2099-06-30"];
    let said = kpid.says(&[&["review", "acme", &*month][..], &action, &who].concat()).await;
    assert_eq!(said.trim(), format!("action 2 is taken down for acme/customer, {month}"));
    let mine = as_user(at, "GET", "/mine", "ines", &[]).await.text().await.unwrap();
    check("/mine", &mine, &["Call them", "due 30 June 2099"]);
    assert_eq!(
        kpid.says(&["review", "acme", "--done", "2"]).await.trim(),
        "action 2 of acme/customer is done"
    );
    for (arguments, exit, sentence) in [
        (&["--done", "2"][..], 1, "there is no action 2 that is not done already"),
        (&["--drop", "1"], 1, "there is no action 1 that is not dropped already"),
        (&["--action", "x"], 2, "--who"),
        (&["--action", "x", "--who", "inez", "--due", "2099-06-30"], 2, "`inez` is nobody"),
        (&["--action", "x", "--who", "ines", "--due", "2020-06-30"], 2, "this day is past"),
        (&["--decide", "x", "--about", "acme/gone"], 2, "`acme/gone` is not configured"),
        (&["--decide", " "], 2, "the decision is empty"),
    ] {
        let ran = kpid.run(&[&["review", "acme"][..], arguments].concat()).await;
        assert_eq!(ran.code, Some(exit), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{arguments:?}: {}", ran.stderr);
    }
    daemon.stop().await;
}
