//! When mail of performance news leaves, and how much of it: working hours, mails a day, and the
//! summary of what was left over.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use kpid::{
    engine::judgement::{self, LIVE},
    instance::Instance,
    outbox::{daily_summary, held_mail::pace},
};
use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets, setup::Setup};
use kpid_rules::{
    model::{Calendar, Id, KpiRef, Period},
    series::Figure,
};
use kpid_store::{
    Collected, DeliveryState, Filed, Filing, Handling, InstanceLock, Precedence, Stage, Store,
};
use proptest::{collection::vec, prelude::*};

use crate::{
    store::{delivered, due_again},
    world::{
        kpid::{Kpid, run_until},
        smtp::{Conduct, Smtp},
    },
};

/// A company with as many perspectives, of a KPI each: 70 points at 40, 40 at 20, 30 at about 13.
struct Office {
    kpid: Kpid,
    smtp: Smtp,
}

const WORKING: &str = "hours: {}";

impl Office {
    async fn open(alerts: &str, perspectives: usize) -> Self {
        let smtp = Smtp::start().await;
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam, holidays: [2026-06-09] }}
alerts: {{ {alerts} }}
channels:
  mail: {{ email: {{ smtp: {}, from: \"Scorecard <kpid@acme.example>\" }} }}
people:
  ines: {{ email: ines@acme.example }}
",
            smtp.yaml()
        );
        let views: String = (0..perspectives)
            .map(|at| {
                format!(
                    "  p{at}:\n    alert: {{ to: [ines], escalate_to: [ines] }}\n    objectives:\n      o{at}:\n        \
                     kpis:\n          k{at}: {{ nature: level, target: 40, tolerance: 20 }}\n"
                )
            })
            .collect();
        let kpid = Kpid::new(&config, &format!("scorecard: acme\nperspectives:\n{views}"));
        Self { kpid, smtp }
    }

    fn setup(&self) -> Setup {
        let (setup, _) = load(&self.kpid.folder().join("kpid.yaml"), Secrets::Needed)
            .unwrap_or_else(|error| panic!("{error:?}"));
        setup
    }

    async fn instance(&self) -> Instance {
        let store = Store::open(&self.kpid.folder().join("kpid.db")).await.unwrap();
        Instance::new(self.setup(), store).unwrap()
    }

    /// Figures that come at an instant, by perspective.
    async fn figures(&self, at: &str, values: &[f64]) {
        let instance = self.instance().await;
        let values: Vec<_> = values.iter().copied().enumerate().collect();
        figures(&instance, instant(at), &values).await;
        instance.store.close().await;
    }

    /// Runs the daemon with a clock set to an instant until something is so.
    async fn run_until(&self, at: &str, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let (clock, look) = (Clock::set(instant(at)), async || self.outcome().await);
        run_until(self.setup(), clock, what, look, |seen| is_so(seen)).await;
    }

    /// All deliveries: event, perspective, state.
    async fn outcome(&self) -> Vec<String> {
        let store = Store::open_to_look_or_empty(&self.kpid.folder().join("kpid.db")).await;
        let mut told: Vec<String> = store
            .unwrap()
            .deliveries(true)
            .await
            .unwrap()
            .iter()
            .map(|held| {
                let name = held.dedup_key.split('/').nth(1).unwrap_or_default().to_owned();
                let name = if held.event.word() == "summary" { "summary".to_owned() } else { name };
                format!("{} {name} {}", held.event, held.state)
            })
            .collect();
        told.sort();
        told
    }

    /// Subjects of the mails that were taken, and their texts.
    fn mails(&self) -> Vec<(String, String)> {
        let parse = |mail: crate::world::smtp::Mail| {
            let parsed = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
            let text = parsed.body_text(0).unwrap().into_owned();
            (parsed.subject().unwrap().to_owned(), text)
        };
        self.smtp.mails().into_iter().map(parse).collect()
    }

    fn subjects(&self) -> Vec<String> {
        self.mails().into_iter().map(|(subject, _)| subject).collect()
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_utc()
}

async fn figures(instance: &Instance, at: DateTime<Utc>, values: &[(usize, f64)]) {
    let calendar = &instance.setup.calendar;
    let period = Period::parse(&calendar.local_day(at).format("%Y-%m").to_string()).unwrap();
    let collected: Vec<Collected> = values
        .iter()
        .map(|(at_view, value)| {
            let figure = Figure::Value(*value);
            let (observed_at, collected_at, stage) = (at, at, Stage::Running);
            Collected {
                kpi: KpiRef::parse(&format!("acme/k{at_view}")).unwrap(),
                attempt: None,
                filing: Filing::Actuals,
                filed: vec![Filed {
                    period,
                    figure,
                    target: None,
                    observed_at,
                    collected_at,
                    stage,
                    precedence: Precedence::CollectedLast,
                }],
            }
        })
        .collect();
    instance.store.record(&collected).await.unwrap();
    judgement::judge(instance, &[Id::parse("acme").unwrap()], LIVE, at).await.unwrap();
}

#[tokio::test]
async fn an_alert_of_friday_evening_is_mailed_on_monday_at_seven() {
    let office = Office::open(WORKING, 1).await;
    office.figures("2026-06-05T19:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-05T19:30:00+02:00", &[15.0]).await;
    assert_eq!(office.outcome().await, ["opened p0 held"]);
    let listed = office.kpid.run(&["outbox", "list"]).await.stdout;
    assert!(listed.contains("held (waits for working hours): opened of acme/p0/1"), "{listed}");
    assert!(listed.contains("next 2026-06-08 07:00"), "{listed}");
    let sent = |seen: &[String]| seen == ["opened p0 delivered"];
    office.run_until("2026-06-08T06:59:58+02:00", "the mail of Monday", sent).await;
    let mails = office.smtp.mails();
    let mail = mail_parser::MessageParser::default().parse(&mails[0].bytes).unwrap();
    let date = mail.date().unwrap().to_timestamp();
    assert!(date >= instant("2026-06-08T07:00:00+02:00").timestamp(), "{:?}", mail.date());
    assert_eq!(mails.len(), 1);
}

#[tokio::test]
async fn whoever_takes_over_an_open_alert_hears_how_it_goes_on() {
    let office = Office::open("mails_per_day: 5", 1).await;
    office.figures("2026-06-08T09:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-08T10:00:00+02:00", &[15.0]).await;
    for file in ["kpid.yaml", "scorecards/acme.yaml"] {
        let path = office.kpid.folder().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("ines", "tom")).unwrap();
    }
    office.figures("2026-06-10T11:00:00+02:00", &[5.0]).await;
    office.figures("2026-06-11T11:00:00+02:00", &[45.0]).await;
    let store = office.instance().await.store;
    let deliveries = store.deliveries(true).await.unwrap();
    let mut told: Vec<_> =
        deliveries.iter().map(|held| format!("{} {}", held.event, held.recipient)).collect();
    told.sort();
    let expected =
        ["opened ines@acme.example", "recovered tom@acme.example", "worsened tom@acme.example"];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_waits_for_hours_that_begin_earlier_now_leaves_then() {
    let office = Office::open("hours: { from: \"20:00\", to: \"22:00\" }", 1).await;
    office.figures("2026-06-08T05:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-08T05:30:00+02:00", &[15.0]).await;
    let listed = office.kpid.run(&["outbox", "list"]).await.stdout;
    assert!(listed.contains("next 2026-06-08 20:00"), "{listed}");
    let path = office.kpid.folder().join("kpid.yaml");
    let config = std::fs::read_to_string(&path).unwrap().replace("20:00", "07:00");
    std::fs::write(&path, config).unwrap();
    // The first look comes before the hours.
    let sent = |seen: &[String]| seen == ["opened p0 delivered"];
    office.run_until("2026-06-08T06:59:58+02:00", "the mail at seven", sent).await;
}

#[tokio::test]
async fn without_the_key_mail_leaves_at_any_hour() {
    let office = Office::open("", 1).await;
    office.figures("2026-06-06T02:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-06T03:00:00+02:00", &[15.0]).await;
    assert_eq!(office.outcome().await, ["opened p0 pending"]);
    let sent = |seen: &[String]| seen == ["opened p0 delivered"];
    office.run_until("2026-06-06T03:00:01+02:00", "the mail at night", sent).await;
}

#[tokio::test]
async fn a_reminder_waits_a_week_from_when_people_could_know_and_not_from_the_decision() {
    let office = Office::open("", 1).await;
    office.figures("2026-06-01T12:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-03T12:00:00+02:00", &[15.0]).await;
    // Nobody delivers for a fortnight, though the figures are judged again.
    office.figures("2026-06-12T12:00:00+02:00", &[15.0]).await;
    assert_eq!(office.outcome().await, ["opened p0 pending"]);
    let sent = |seen: &[String]| seen == ["opened p0 delivered"];
    office.run_until("2026-06-15T12:00:00+02:00", "the only mail", sent).await;
    office.figures("2026-06-17T12:00:00+02:00", &[15.0]).await;
    assert_eq!(office.outcome().await, ["opened p0 delivered"]);
    // Three days of work after that it escalates, and a week after it is told again.
    office.figures("2026-06-21T12:00:00+02:00", &[15.0]).await;
    let sent = |seen: &[String]| seen == ["escalated p0 delivered", "opened p0 delivered"];
    office.run_until("2026-06-21T12:00:00+02:00", "the escalation", sent).await;
    office.figures("2026-06-22T12:01:00+02:00", &[15.0]).await;
    let outcome = office.outcome().await;
    assert_eq!(outcome, ["escalated p0 delivered", "opened p0 delivered", "reminded p0 pending"]);
}

#[tokio::test]
async fn a_mail_server_that_is_away_makes_no_reminder_of_what_nobody_got() {
    let office = Office::open("", 1).await;
    office.smtp.conduct("ines@acme.example", Conduct::Defer);
    office.figures("2026-06-01T12:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-03T12:00:00+02:00", &[15.0]).await;
    let at = "2026-06-03T12:00:00+02:00";
    office.run_until(at, "a refusal", |_| office.smtp.attempts() > 0).await;
    office.figures("2026-06-15T12:00:00+02:00", &[15.0]).await;
    office.smtp.conduct("ines@acme.example", Conduct::Take);
    let sent = |seen: &[String]| seen == ["opened p0 delivered"];
    office.run_until("2026-06-15T12:00:00+02:00", "the mail", sent).await;
    assert_eq!(office.subjects().len(), 1);
}

#[tokio::test]
async fn nobody_reads_of_what_was_over_before_the_hours_began() {
    let office = Office::open(WORKING, 1).await;
    office.figures("2026-06-05T19:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-05T19:30:00+02:00", &[15.0]).await;
    office.figures("2026-06-06T12:00:00+02:00", &[45.0]).await;
    assert_eq!(office.outcome().await, ["opened p0 held", "recovered p0 held"]);
    let settled = |seen: &[String]| seen == ["opened p0 overtaken", "recovered p0 overtaken"];
    office.run_until("2026-06-08T07:00:10+02:00", "both overtaken", settled).await;
    assert_eq!(office.subjects(), [""; 0]);
    let listed = office.kpid.run(&["outbox", "list", "--all"]).await.stdout;
    assert!(listed.contains("the alert ended before its recipient got it"), "{listed}");
}

#[tokio::test]
async fn what_got_worse_over_the_weekend_is_one_mail_with_the_newer_facts() {
    let office = Office::open(WORKING, 1).await;
    office.figures("2026-06-05T19:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-05T19:30:00+02:00", &[15.0]).await;
    office.figures("2026-06-06T12:00:00+02:00", &[5.0]).await;
    assert_eq!(office.outcome().await, ["opened p0 held", "worsened p0 held"]);
    // What was not told as an event is in the mail too.
    office.figures("2026-06-07T12:00:00+02:00", &[4.0]).await;
    let sent = |seen: &[String]| seen == ["opened p0 delivered", "worsened p0 overtaken"];
    office.run_until("2026-06-08T07:00:10+02:00", "one mail", sent).await;
    assert_eq!(office.subjects().len(), 1);
    let (subject, text) = office.mails().remove(0);
    assert!(subject.starts_with("[Off track] p0 - acme - June 2026: 16.0"), "{subject}");
    assert!(!text.contains("32.5"), "{text}");
}

#[tokio::test]
async fn an_escalation_is_not_lost_in_the_one_mail() {
    let office = Office::open("hours: { days: [wednesday] }", 1).await;
    office.figures("2026-06-03T19:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-03T19:30:00+02:00", &[15.0]).await;
    // After three working days without an acknowledgement; the 9th is a holiday.
    office.figures("2026-06-08T20:00:00+02:00", &[15.0]).await;
    assert_eq!(office.outcome().await, ["escalated p0 held", "opened p0 held"]);
    let sent = |seen: &[String]| seen == ["escalated p0 delivered", "opened p0 overtaken"];
    office.run_until("2026-06-10T07:00:10+02:00", "one mail", sent).await;
    assert!(office.subjects()[0].starts_with("[Still off track] p0"), "{:?}", office.subjects());
}

#[tokio::test]
async fn whoever_heard_of_an_alert_hears_of_its_end_once_the_hours_begin() {
    let office = Office::open(WORKING, 1).await;
    office.figures("2026-06-05T12:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-05T13:00:00+02:00", &[15.0]).await;
    let told = |seen: &[String]| seen == ["opened p0 delivered"];
    office.run_until("2026-06-05T13:00:01+02:00", "the alert", told).await;
    office.figures("2026-06-05T20:00:00+02:00", &[5.0]).await;
    office.figures("2026-06-06T20:00:00+02:00", &[45.0]).await;
    let over = |seen: &[String]| {
        seen == ["opened p0 delivered", "recovered p0 delivered", "worsened p0 overtaken"]
    };
    office.run_until("2026-06-08T07:00:10+02:00", "the end", over).await;
    let subjects = office.subjects();
    assert!(subjects.len() == 2 && subjects[1].starts_with("[Recovered]"), "{subjects:?}");
}

#[tokio::test]
async fn a_silence_over_the_morning_keeps_what_waited() {
    let office = Office::open(WORKING, 1).await;
    office.figures("2026-06-05T19:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-05T19:30:00+02:00", &[15.0]).await;
    let instance = office.instance().await;
    let silence = kpid_rules::alerting::Silence {
        scope: kpid_rules::model::Scope::Scorecard(Id::parse("acme").unwrap()),
        from: instant("2026-06-07T12:00:00+02:00"),
        until: instant("2026-06-08T12:00:00+02:00"),
        reason: "stocktaking".to_owned(),
        by: "ines".to_owned(),
    };
    instance.store.silence(&silence, chrono_tz::UTC, silence.from).await.unwrap();
    instance.store.close().await;
    office.figures("2026-06-08T07:00:10+02:00", &[15.0]).await;
    let listed = office.kpid.run(&["outbox", "list"]).await.stdout;
    assert!(listed.contains("held (waits for the end of a silence)"), "{listed}");
    // The reminder that its end brings is told with it.
    let sent = |seen: &[String]| seen == ["opened p0 delivered", "reminded p0 overtaken"];
    office.run_until("2026-06-08T12:00:01+02:00", "the mail after the silence", sent).await;
}

#[tokio::test]
async fn three_mails_a_day_and_the_rest_in_one_summary_on_the_next_morning_of_work() {
    let office = Office::open("mails_per_day: 3", 5).await;
    office.figures("2026-06-08T09:00:00+02:00", &[45.0; 5]).await;
    office.figures("2026-06-08T10:00:00+02:00", &[15.0; 5]).await;
    let count =
        |seen: &[String], state: &str| seen.iter().filter(|line| line.ends_with(state)).count();
    let rationed = |seen: &[String]| (count(seen, "delivered"), count(seen, "batched")) == (3, 2);
    office.run_until("2026-06-08T10:00:01+02:00", "three mails", rationed).await;
    let listed = office.kpid.run(&["outbox", "list"]).await.stdout;
    assert!(listed.contains("batched (over 3 mails a day): opened of acme/p"), "{listed}");
    // The end of what was told goes at once, that of what is kept goes with it.
    office.figures("2026-06-08T15:00:00+02:00", &[45.0; 5]).await;
    let over = |seen: &[String]| (count(seen, "delivered"), count(seen, "batched")) == (6, 4);
    office.run_until("2026-06-08T15:00:01+02:00", "three ends", over).await;
    // The 9th is a holiday.
    let summary = |seen: &[String]| seen.contains(&"summary summary delivered".to_owned());
    office.run_until("2026-06-10T07:59:58+02:00", "the summary", summary).await;
    let seen = office.outcome().await;
    assert_eq!((count(&seen, "delivered"), count(&seen, "summarised")), (7, 4), "{seen:?}");
    let (subject, text) = office.mails().pop().unwrap();
    assert_eq!(subject, "[Summary] 4 more alerts");
    for line in ["alert opened, off track, score 32.5, June 2026", "alert recovered, on track"] {
        assert_eq!(text.matches(line).count(), 2, "{line} in {text}");
    }
    let ends = office.subjects().iter().filter(|line| line.starts_with("[Recovered]")).count();
    assert_eq!(ends, 3);
}

#[tokio::test]
async fn an_alert_and_its_end_that_waited_together_are_kept_together() {
    let office = Office::open("mails_per_day: 1", 2).await;
    office.figures("2026-06-08T09:00:00+02:00", &[45.0; 2]).await;
    office.figures("2026-06-08T10:00:00+02:00", &[15.0; 2]).await;
    office.figures("2026-06-08T11:00:00+02:00", &[45.0; 2]).await;
    let settled = |seen: &[String]| !seen.iter().any(|line| line.ends_with("pending"));
    office.run_until("2026-06-08T11:00:01+02:00", "all of it settled", settled).await;
    let seen = office.outcome().await;
    let of = |view: &str| -> Vec<&str> {
        let lines = seen.iter().filter(|line| line.contains(view));
        lines.map(|line| line.rsplit(' ').next().unwrap()).collect()
    };
    let (first, second) = (of("p0"), of("p1"));
    assert!(first != second && first[0] == first[1] && second[0] == second[1], "{seen:?}");
}

#[tokio::test]
async fn whoever_names_no_number_or_zero_sets_no_limit() {
    for alerts in ["", "mails_per_day: 0"] {
        let office = Office::open(alerts, 5).await;
        office.figures("2026-06-08T09:00:00+02:00", &[45.0; 5]).await;
        office.figures("2026-06-08T10:00:00+02:00", &[15.0; 5]).await;
        let all = |seen: &[String]| seen.iter().all(|line| line.ends_with("delivered"));
        office.run_until("2026-06-08T10:00:01+02:00", "five mails", all).await;
        assert_eq!(office.subjects().len(), 5, "{alerts}");
    }
}

#[tokio::test]
async fn a_person_sends_at_once_what_is_kept_and_it_is_in_no_summary() {
    let office = Office::open("mails_per_day: 1", 2).await;
    office.figures("2026-06-08T09:00:00+02:00", &[45.0; 2]).await;
    office.figures("2026-06-08T10:00:00+02:00", &[15.0; 2]).await;
    let kept = |seen: &[String]| seen.iter().any(|line| line.ends_with("batched"));
    office.run_until("2026-06-08T10:00:01+02:00", "one kept", kept).await;
    let instance = office.instance().await;
    let (id, now) =
        (instance.store.batched().await.unwrap()[0].id, instant("2026-06-08T23:00:00+02:00"));
    instance.store.handle(id, Handling::Retry, "ines", now, |_| None).await.unwrap();
    instance.store.close().await;
    let all = |seen: &[String]| seen.iter().all(|line| line.ends_with("delivered"));
    office.run_until("2026-06-08T23:00:01+02:00", "both mails", all).await;
    let instance = office.instance().await;
    let morning = instant("2026-06-10T08:00:00+02:00");
    assert_eq!(daily_summary::summarise(&instance, morning).await.unwrap(), 0);
}

#[tokio::test]
async fn a_process_that_dies_between_any_two_steps_neither_loses_nor_doubles() {
    let opened = instant("2026-06-05T19:30:00+02:00");
    let seven = instant("2026-06-08T07:00:10+02:00");
    for steps in 1..=3 {
        let office = Office::open(WORKING, 1).await;
        office.figures("2026-06-05T19:00:00+02:00", &[45.0]).await;
        let instance = office.instance().await;
        // Decided; judged again in the morning; taken to be sent. Nothing more is written.
        figures(&instance, opened, &[(0, 15.0)]).await;
        if steps >= 2 {
            judgement::judge(&instance, &[Id::parse("acme").unwrap()], LIVE, seven).await.unwrap();
        }
        if steps >= 3 {
            let (until, pace) = (seven + TimeDelta::minutes(10), pace(&instance.setup, seven));
            let claimed = instance.store.claim_mail("mail", seven, until, 4, pace).await.unwrap();
            assert_eq!(claimed.len(), 1);
        }
        instance.store.close().await;
        let sent = |seen: &[String]| seen == ["opened p0 delivered"];
        office.run_until("2026-06-08T07:01:00+02:00", "the mail", sent).await;
        assert_eq!(office.subjects().len(), 1, "after {steps} steps");
    }
}

/// Hours later, which perspective, its value, and what the mail server makes of a mail.
type Happening = (i64, usize, f64, bool);

fn stories() -> impl Strategy<Value = Vec<Happening>> {
    let value = prop_oneof![Just(45.0), Just(15.0), Just(5.0), 0.0..50.0];
    // One of them comes and goes within a night.
    let view = prop_oneof![3 => Just(0_usize), 2 => 0_usize..5];
    let hours = prop_oneof![3 => 0_i64..4, 1 => 8_i64..20];
    vec((hours, view, value, prop::bool::weighted(0.9)), 1..30)
}

/// A mail that was sent: when, of what, which news.
type Sent = (DateTime<Utc>, String, String);

/// The news of episodes that the mail server refused; some of them may have been read.
type Refused = HashSet<String>;

/// Takes and sends what is due; a mail server that refuses makes it due again.
async fn send(
    instance: &Instance,
    now: DateTime<Utc>,
    takes: bool,
    sent: &mut Vec<Sent>,
) -> Refused {
    let mut refused = Refused::new();
    loop {
        let (until, pace) = (now + TimeDelta::minutes(10), pace(&instance.setup, now));
        let claimed = instance.store.claim_mail("mail", now, until, 4, pace).await.unwrap();
        for delivery in &claimed {
            let facts: serde_json::Value = serde_json::from_str(&delivery.facts).unwrap();
            let word = |key: &str| facts[key].as_str().unwrap().to_owned();
            if takes {
                delivered(&instance.store, delivery.id, now).await;
                sent.push((now, word("dedup_key"), word("event")));
            } else {
                let again = now + TimeDelta::minutes(30);
                due_again(&instance.store, delivery.id, again, "451 later").await;
                refused.insert(word("dedup_key"));
            }
        }
        if claimed.is_empty() {
            return refused;
        }
    }
}

/// What came of a story.
struct Played {
    sent: Vec<Sent>,
    refused: Refused,
    /// Of every delivery: of what, which news, the state it ended in.
    held: Vec<(String, String, DeliveryState)>,
    setup: Setup,
}

async fn play(alerts: &str, story: &[Happening]) -> Played {
    let office = Office::open(alerts, 5).await;
    let instance = office.instance().await;
    let (mut sent, mut refused) = (Vec::new(), Refused::new());
    let mut now = instant("2026-06-01T09:00:00+02:00");
    figures(&instance, now, &[45.0; 5].into_iter().enumerate().collect::<Vec<_>>()).await;
    for (hours, view, value, takes) in story {
        now += TimeDelta::hours(*hours) + TimeDelta::minutes(7);
        figures(&instance, now, &[(*view, *value)]).await;
        refused.extend(send(&instance, now, *takes, &mut sent).await);
        daily_summary::summarise(&instance, now).await.unwrap();
        send(&instance, now, true, &mut sent).await;
    }
    // Days later everything that was decided has been told, or never will be.
    for _ in 0..6 {
        now = instance.setup.calendar.working_time_after(now, "12:00:00".parse().unwrap());
        judgement::judge(&instance, &[Id::parse("acme").unwrap()], LIVE, now).await.unwrap();
        send(&instance, now, true, &mut sent).await;
        daily_summary::summarise(&instance, now).await.unwrap();
        send(&instance, now, true, &mut sent).await;
    }
    // What the last day had too many of is told on the morning after it.
    now = instance.setup.calendar.working_time_after(now, "08:00:00".parse().unwrap());
    daily_summary::summarise(&instance, now).await.unwrap();
    send(&instance, now, true, &mut sent).await;
    let held = instance.store.deliveries(true).await.unwrap();
    let held =
        held.into_iter().map(|held| (held.dedup_key, held.event.word().to_owned(), held.state));
    let held: Vec<(String, String, DeliveryState)> = held.collect();
    let episodes = instance.store.episodes().await.unwrap();
    for (scope, episode) in episodes.iter().filter(|(_, episode)| episode.is_open()) {
        let key = episode.dedup_key(scope);
        let told = held.iter().any(|(of, _, state)| *of == key && is_told(*state));
        assert!(told, "nobody heard of {key}: {held:?}");
    }
    Played { sent, refused, held, setup: office.setup() }
}

fn is_told(state: DeliveryState) -> bool {
    matches!(state, DeliveryState::Delivered | DeliveryState::Summarised)
}

fn check_story(alerts: &str, story: &[Happening]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Played { sent, refused, held, setup } = runtime.block_on(play(alerts, story));
    for (key, event, state) in &held {
        assert!(
            is_told(*state) || *state == DeliveryState::Overtaken,
            "{event} of {key} is {state} in the end"
        );
    }
    let summarised = |key: &str| {
        held.iter().any(|(of, _, state)| of == key && *state == DeliveryState::Summarised)
    };
    let mut mails: HashMap<chrono::NaiveDate, Vec<(&str, &str)>> = HashMap::new();
    for (at, (when, key, event)) in sent.iter().enumerate() {
        if event == "summary" {
            continue;
        }
        let before = || sent.iter().take(at).filter(|(_, of, _)| of == key);
        let is_end = matches!(event.as_str(), "recovered" | "corrected");
        assert!(
            !before().any(|(.., event)| event == "recovered"),
            "after the end of {key}: {sent:?}"
        );
        if is_end {
            let heard = summarised(key) || refused.contains(key) || before().next().is_some();
            assert!(heard, "an end of nothing, {key}: {sent:?}");
        }
        let repeated = before().any(|(.., other)| other == event && event == "opened");
        assert!(!repeated, "opened twice: {sent:?}");
        if let Some(hours) = &setup.alerts.hours {
            assert_eq!(hours.opening(&setup.calendar, *when), *when, "{event} of {key} at night");
        }
        let calendar: &Calendar = &setup.calendar;
        let of_the_day = mails.entry(calendar.local_day(*when)).or_default();
        let rationed = |event: &str| !matches!(event, "recovered" | "corrected" | "escalated");
        if rationed(event) {
            // One that the mail server refused had its place before what may go at any time.
            let before_it =
                of_the_day.iter().filter(|(_, of)| !refused.contains(key) || rationed(of));
            assert!(before_it.count() < 3, "a fourth mail of {when}: {sent:?}");
        }
        of_the_day.push((key, event));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_decided_is_told_once_in_order_and_at_the_pace_that_is_configured(
        story in stories(),
        with_hours in any::<bool>(),
    ) {
        let number = "mails_per_day: 3";
        let both = format!("{WORKING}, {number}");
        check_story(if with_hours { &both } else { number }, &story);
    }
}

#[test]
fn what_came_and_went_too_often_does_not_wait_for_weeks() {
    let alerts = format!("{WORKING}, mails_per_day: 3");
    // It falls for the fourth time, and is well again, in one night.
    let night = [(15.0, 1), (45.0, 1)];
    let falls = night.iter().cycle().take(8).map(|(value, hours)| (*hours, 0, *value, true));
    let mut story: Vec<Happening> = falls.collect();
    story[6].0 = 8;
    check_story(&alerts, &story);
    // And once more on the next day, when nobody is told of it any more.
    story.push((12, 0, 15.0, true));
    check_story(&alerts, &story);
}

#[tokio::test]
async fn a_clock_set_back_between_two_news_changes_no_order() {
    let office = Office::open("", 1).await;
    office.figures("2026-06-03T09:00:00+02:00", &[45.0]).await;
    office.figures("2026-06-03T10:00:00+02:00", &[15.0]).await;
    office.figures("2026-06-03T09:30:00+02:00", &[45.0]).await;
    let instance = office.instance().await;
    let now = instant("2026-06-03T11:00:00+02:00");
    let mut sent = Vec::new();
    send(&instance, now, true, &mut sent).await;
    let events: Vec<_> = sent.iter().map(|(.., event)| event.as_str()).collect();
    assert_eq!(events, ["opened", "recovered"]);
    let lock = InstanceLock::take(&office.kpid.folder().join("kpid.db")).await.unwrap();
    assert_eq!(instance.store.free_claims(&lock).await.unwrap(), 0);
}

#[tokio::test]
async fn hours_and_mails_that_cannot_be_are_told() {
    for (alerts, words) in [
        ("hours: { days: weekdays }", "`weekdays` is not valid here; write `working`"),
        ("hours: { days: [] }", "`days` is empty"),
        ("hours: { days: [someday] }", "`someday` is not a day of the week"),
        ("hours: { from: dawn }", "`dawn` is not a valid time of day"),
        ("mails_per_day: -1", "-1"),
        ("mails_a_day: 3", "did you mean `mails_per_day`?"),
    ] {
        let office = Office::open(alerts, 1).await;
        let ran = office.kpid.run(&["check"]).await;
        assert_eq!(ran.code, Some(1), "{alerts}: {ran:?}");
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(words), "{alerts}: {ran:?}");
    }
}
