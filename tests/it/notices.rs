//! Trouble with data and with delivery is told to those who look after it, once, and to nobody else.

use serde_json::Value;

use crate::world::{kpid::Kpid, origin::Answer, smtp::Conduct, town::Town};

impl Town {
    /// Two KPIs of one API; Ines is told of the perspective, operators and Tom of the data.
    fn kpid_of_two(&self) -> Kpid {
        let (api, smtp, hook) = (self.origin.yaml(), self.smtp.yaml(), self.webhook.url());
        let config = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections: {{ api: {api} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: \"Scorecard <kpid@acme.example>\" }} }}
  ops: {{ webhook: {{ url: \"{hook}\" }} }}
people:
  ines: {{ name: Ines Marlow, email: ines@acme.example }}
  tom: {{ name: Tom Data, email: tom@acme.example }}
operators: [ops]
"
        );
        let kpi = |id: &str, more: &str| {
            format!(
                "          {id}: {{ name: {id}, nature: level, unit: points, schedule: {{ every: 1s }}, target: 95, tolerance: 3, {more} source: {{ http: {{ from: api, get: {id}, value: $.value }} }} }}\n"
            )
        };
        let scorecard = format!(
            "scorecard: acme
perspectives:
  care:
    alert: {{ to: [ines] }}
    objectives:
      answer:
        kpis:
{}{}",
            kpi("calls", ""),
            kpi("mails", "steward: tom,")
        );
        Kpid::new(&config, &scorecard)
    }

    fn figures(&self, value: f64) {
        for path in ["calls", "mails"] {
            self.origin.figure(path, value);
        }
    }

    fn events(&self) -> Vec<String> {
        let word = |body: Value| body["event"].as_str().unwrap().to_owned();
        self.webhook.calls().iter().map(|call| word(call.json())).collect()
    }

    fn mails_to(&self, address: &str) -> usize {
        self.smtp.mails().iter().filter(|mail| mail.to == [address]).count()
    }
}

#[tokio::test]
async fn a_dead_source_is_one_notice_to_those_who_look_after_it() {
    let town = Town::open().await;
    let kpid = town.kpid_of_two();
    town.figures(98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    for path in ["calls", "mails"] {
        town.origin.set(path, Answer::Status(500));
    }
    let look = async || (town.events(), town.mails_to("tom@acme.example"));
    daemon.until("the trouble told", look, |(events, mails)| events.len() + mails >= 2).await;
    // Many more rounds bring no more of it.
    daemon.rounds(5).await;
    assert_eq!(
        (town.events(), town.mails_to("tom@acme.example")),
        (vec!["data_trouble".to_owned()], 1)
    );
    let notice = town.webhook.calls()[0].json();
    assert_eq!(
        notice["summary"],
        "The connection `api` gives no figure for 1 of the 2 KPIs it feeds."
    );
    let lines = notice["sections"][0]["lines"].to_string();
    assert!(lines.contains("calls (acme/calls)") && lines.contains("500"), "{lines}");
    assert!(lines.contains("last known: 98"), "{lines}");

    town.figures(98.0);
    let look = async || town.events();
    daemon.until("the end told", look, |events| events.len() >= 2).await;
    assert_eq!(town.events()[1], "data_recovered");
    assert_eq!(town.mails_to("ines@acme.example"), 0, "no manager hears of it");
    daemon.stop().await;
}

#[tokio::test]
async fn operators_hear_of_a_message_that_nobody_gets() {
    let town = Town::open().await;
    let kpid = town.kpid_of_two();
    town.smtp.conduct("ines@acme.example", Conduct::Reject);
    town.figures(98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    town.figures(80.0);
    daemon.until("the operators told", async || town.events(), |events| !events.is_empty()).await;
    assert_eq!(town.events(), ["gave_up"]);
    let notice = town.webhook.calls()[0].json();
    let lines = notice["sections"][0]["lines"].to_string();
    assert!(lines.contains("ines@acme.example") && lines.contains("550"), "{lines}");
    assert!(lines.contains("kpid outbox retry"), "{lines}");
    // Taken up again and given up again, it is news again.
    assert_eq!(kpid.run(&["outbox", "retry", "--all"]).await.code, Some(0));
    daemon.until("told again", async || town.events(), |events| events.len() >= 2).await;
    assert_eq!(town.events(), ["gave_up", "gave_up"]);
    daemon.stop().await;
}

#[tokio::test]
async fn ten_perspectives_without_a_figure_are_one_notice_of_their_source() {
    let town = Town::open().await;
    let (api, hook) = (town.origin.yaml(), town.webhook.url());
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections: {{ api: {api} }}
channels: {{ ops: {{ webhook: {{ url: \"{hook}\" }} }} }}
operators: [ops]
"
    );
    let view = |at: usize| {
        format!(
            "  p{at}:
    alert: {{ to: [ops] }}
    objectives:
      o{at}:
        kpis:
          k{at}: {{ nature: level, schedule: {{ every: 1s }}, target: 95, source: {{ http: {{ from: api, get: calls, value: $.value }} }} }}
"
        )
    };
    let views: String = (0..10).map(view).collect();
    let kpid = Kpid::new(&config, &format!("scorecard: acme\nperspectives:\n{views}"));
    town.figures(98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    town.origin.set("calls", Answer::Status(500));
    daemon.until("the trouble told", async || town.events(), |events| !events.is_empty()).await;
    daemon.rounds(5).await;
    assert_eq!(town.events(), ["data_trouble"]);
    let notice = town.webhook.calls()[0].json();
    assert_eq!(
        notice["summary"],
        "The connection `api` gives no figure for any of the 10 KPIs it feeds."
    );
    let lines = notice["sections"].to_string();
    for at in 0..10 {
        assert!(lines.contains(&format!("acme/k{at}")), "{at}: {lines}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_restatement_of_an_earlier_period_is_told_once() {
    let config = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels: { mail: { email: { from: Scorecard <kpid@acme.example>, folder: out } } }
people: { tom: { name: Tom Data, email: tom@acme.example } }
operators: [tom]
";
    let scorecard = "scorecard: acme
perspectives:
  care:
    objectives:
      promise:
        kpis:
          otd: { name: On time, nature: ratio, unit: '%', target: 95, tolerance: 3 }
";
    let kpid = Kpid::new(config, scorecard);
    let told_after = async |rows: &str| {
        let path = kpid.folder().join("rows.csv");
        std::fs::write(&path, format!("kpi,period,value\n{rows}")).unwrap();
        assert_eq!(kpid.run(&["import", path.to_str().unwrap()]).await.code, Some(0));
        let waiting = kpid.run(&["outbox", "list", "--format", "json"]).await.stdout;
        let waiting: Vec<Value> = serde_json::from_str(&waiting).unwrap();
        let key = |held: &Value| held["dedup_key"].as_str().unwrap().to_owned();
        let restated = waiting.iter().map(key).filter(|key| key.contains("/restated/"));
        restated.collect::<Vec<String>>()
    };
    let first = "acme/otd,2026-03,96\nacme/otd,2026-04,96.2\nacme/otd,2026-05,96\n";
    assert_eq!(told_after(first).await, [""; 0]);
    assert_eq!(told_after("acme/otd,2026-04,96.4\n").await, [""; 0], "too little to matter");
    let told = told_after("acme/otd,2026-04,91\n").await;
    let [key] = told.as_slice() else { panic!("one notice, not {told:?}") };
    assert!(key.starts_with("kpi/acme/otd/restated/2026-04/"), "{key}");
    assert_eq!(told_after("acme/otd,2026-05,96.1\n").await, told, "it is told once");
    let both = told_after("acme/otd,2026-05,90\n").await;
    assert_eq!(both.len(), 2, "another period is another restatement: {both:?}");
}
