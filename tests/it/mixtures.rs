//! Endpoints of one API that fail in every way, in any order among those that are well: the well ones
//! miss nothing. A failure names its seed: `KPID_SEEDS=17..18 cargo test --test it mixtures`.

use chrono::DateTime;
use futures_util::{StreamExt, stream};
use kpid_store::Store;
use serde_json::Value;

use crate::world::{
    dice::{Dice, seeds},
    kpid::Kpid,
    origin::{Answer, Origin},
};

/// Of each kind.
const ENDPOINTS: usize = 6;

/// Mixtures tried at once: they wait most of the time.
const AT_ONCE: usize = 3;

/// How often each that is well is asked before it is looked at: whoever hangs has hung twice by then.
const ASKED: usize = 4;

/// A way to fail for each broken one.
fn broken(dice: &mut Dice) -> Answer {
    let deep = |open: &str, shut: &str| {
        Answer::Json(format!("{}1{}", open.repeat(100_000), shut.repeat(100_000)))
    };
    let rows = |count: usize| {
        let rows = vec![r#"{"p":"2026-11","v":7}"#; count].join(",");
        Answer::Json(format!(r#"{{"value":42,"rows":[{rows}]}}"#))
    };
    match dice.below(17) {
        0 => Answer::Status(500),
        1 => Answer::Status(503),
        2 => Answer::Page,
        3 => Answer::Cut,
        4 => Answer::Loop,
        5 => Answer::Away,
        6 => Answer::Trickle,
        7 => Answer::Flood,
        8 => Answer::Bomb,
        9 => deep("[", "]"),
        10 => deep("{\"a\":", "}"),
        11 => Answer::Close,
        12 => Answer::Endless,
        // More than an answer may have, and as much as it may.
        13 => rows(100_000),
        14 => rows(40_000),
        // The worst, and so more often.
        _ => Answer::Hang,
    }
}

async fn play(seed: u64) {
    let mut dice = Dice::of(seed);
    let origin = Origin::start().await;
    let mut ids: Vec<(String, bool)> = Vec::new();
    for at in 0..2 * ENDPOINTS {
        let is_well = at % 2 == 0;
        let id = format!("{}{at}", if is_well { "well" } else { "broken" });
        let place = usize::try_from(dice.below(ids.len() as u64 + 1)).unwrap();
        ids.insert(place, (id, is_well));
    }
    let begins_well = dice.once_in(2);
    let answers: Vec<(String, Answer)> = ids
        .iter()
        .filter(|(_, is_well)| !is_well)
        .map(|(id, _)| (id.clone(), broken(&mut dice)))
        .collect();
    ids.iter().for_each(|(id, _)| origin.figure(id, 98.0));
    let fail = || answers.iter().for_each(|(id, answer)| origin.set(id, answer.clone()));
    if !begins_well {
        fail();
    }
    let kpis: String = ids
        .iter()
        .map(|(id, _)| format!("          {id}: {{ nature: level, schedule: {{ every: 3s }}, target: 95, source: {{ http: {{ from: api, get: {id}, value: $.value }} }} }}\n"))
        .collect();
    let places = dice.pick(&[4, 64]);
    let kpid = Kpid::new(
        &format!(
            "store: kpid.db
calendar: {{ timezone: UTC }}
connections: {{ api: {{ http: {{ base_url: \"{}\", timeout: 2s, max_concurrent: {places} }} }} }}
",
            origin.url()
        ),
        &format!(
            "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}"
        ),
    );
    let told = format!("seed {seed}: {places} places, {begins_well}, {ids:?} {answers:?}");
    let mut daemon = kpid.start();
    let well: Vec<&String> = ids.iter().filter(|(_, is_well)| *is_well).map(|(id, _)| id).collect();
    for wanted in [1, 1 + ASKED] {
        let asked = async || well.iter().map(|id| origin.asked(id)).min();
        daemon.until(&told, asked, |asked| *asked >= Some(wanted)).await;
        fail();
    }
    daemon.stop().await;
    let store = Store::open(&kpid.folder().join("kpid.db")).await.unwrap();
    let missed = store.missed(DateTime::UNIX_EPOCH.date_naive()).await.unwrap();
    let missed: Vec<_> =
        missed.iter().filter(|(kpi, _)| kpi.kpi.as_str().starts_with("well")).collect();
    assert!(missed.is_empty(), "{missed:?} of {told}");
    store.close().await;
}

/// `a` within `a`, 110 times, and rows inside: honest, and with millions of ways through it.
fn deep_document() -> String {
    let rows = vec![r#"{"b":1}"#; 110_000].join(",");
    format!("{}[{rows}]{}", r#"{"a":"#.repeat(110), "}".repeat(110))
}

#[tokio::test]
async fn a_path_with_endless_ways_through_an_answer_holds_up_nobody_and_not_the_end() {
    let origin = Origin::start().await;
    origin.set("deep", Answer::Json(deep_document()));
    origin.figure("well", 98.0);
    let endless = format!("${}", "..*".repeat(30));
    let paths = [("two", "$..a..b"), ("three", "$..a..*..b"), ("thirty", &endless)];
    let mut kpis = String::new();
    for (id, get, path) in
        paths.map(|(id, path)| (id, "deep", path)).into_iter().chain([("well", "well", "$.value")])
    {
        kpis += &format!(
            "          {id}: {{ nature: level, schedule: {{ every: 2s }}, target: 95, source: {{ http: {{ from: api, get: {get}, value: \"{path}\" }} }} }}\n"
        );
    }
    let kpid = Kpid::new(
        &format!(
            "store: kpid.db\ncalendar: {{ timezone: UTC }}\nconnections: {{ api: {{ http: {{ base_url: \"{}\" }} }} }}\n",
            origin.url()
        ),
        &format!(
            "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}"
        ),
    );
    let checked = kpid.run(&["check"]).await;
    assert!(checked.stdout.contains("has more than one `..`"), "{checked:?}");
    let mut daemon = kpid.start();
    daemon.until_log("no figure for `acme/").await;
    let kpis = async || {
        kpid.show().await["scorecards"][0]["perspectives"][0]["objectives"][0]["kpis"].clone()
    };
    let told = |kpis: &Value| {
        let error = |at: usize| kpis[at]["error"].as_str().unwrap_or_default().to_owned();
        let has = |at: usize| error(at).contains(" matches of `$..");
        has(0) && has(1) && has(2) && kpis[3]["value"] == 98.0
    };
    daemon.until("each path told, and the well one read", kpis, told).await;
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn healthy_ones_miss_nothing_beside_any_mixture_of_broken_ones() {
    let mixtures = seeds(9).map(play);
    stream::iter(mixtures).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}
