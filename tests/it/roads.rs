//! Somebody is told: every name that something goes to has a way there, found before anything goes;
//! and if a way breaks later, operators hear of it.

use std::fs;

use crate::world::{kpid::Kpid, smtp::Conduct, town::Town, webhook::Answer};

const MAIL: &str = "mail: { email: { from: kpid@harbour.example, folder: mails } }";

const HOOK: &str = "ops: { webhook: { url: \"http://127.0.0.1:1/\" } }";

const BOB: &str = "bob: { name: Bob, email: bob@harbour.example }";

fn daemon(channels: &str, people: &str, operators: &str) -> String {
    format!(
        "calendar: {{ timezone: Europe/London }}\nchannels: {{ {channels} }}\npeople: {{ {people} }}\n{operators}"
    )
}

fn scorecard(of_perspective: &str, of_kpi: &str) -> String {
    format!(
        "scorecard: h
perspectives:
  customer:
    {of_perspective}
    objectives:
      promise:
        kpis:
          otd: {{ description: d, unit: n, nature: level, target: 95, owner: bob, {of_kpi} }}
          calls: {{ description: d, unit: n, nature: level, target: 95, owner: bob }}
"
    )
}

#[tokio::test]
async fn who_cannot_be_told_is_found_by_check_in_the_words_of_notify() {
    let ada = "ada: { name: Ada, role: COO }";
    let reached = "ada: { name: Ada, email: ada@harbour.example }";
    let no_address = "`ada` has no mail address; add `email` to the person, or name a channel";
    let no_channel =
        "`ada` is notified by mail, but there is no `email` channel; add one to `channels`";
    let nobody = "`mail` is a mail channel and has no reader of its own; name a person instead";
    let both = format!("{MAIL}, {HOOK}");
    let to_bob = "alert: { to: [bob] }";
    for (channels, people, operators, perspective, kpi, who, said) in [
        (MAIL, ada, "", "alert: { to: [ada] }", "", "ada", no_address),
        (MAIL, ada, "", "alert: { to: [bob], escalate_to: [ada] }", "", "ada", no_address),
        (MAIL, ada, "", "owner: ada", "", "ada", no_address),
        (MAIL, ada, "", "owner: ada\n    alert: { on: at_risk }", "", "ada", no_address),
        (MAIL, ada, "operators: [ada]\n", to_bob, "", "ada", no_address),
        (MAIL, ada, "", to_bob, "steward: ada", "ada", no_address),
        (MAIL, ada, "", to_bob, "alert: { to: [ada] }, critical: true", "ada", no_address),
        (HOOK, reached, "", "alert: { to: [ops, ada] }", "", "ada", no_channel),
        (&both, reached, "", "alert: { to: [mail] }", "", "mail", nobody),
        (&both, reached, "operators: [mail]\n", to_bob, "", "mail", nobody),
    ] {
        let people = if channels == HOOK { people.to_owned() } else { format!("{people}, {BOB}") };
        let kpi = if channels == HOOK { "owner: ada" } else { kpi };
        let scorecard = scorecard(perspective, kpi);
        let scorecard = if channels == HOOK {
            scorecard.replace("owner: bob, owner", "owner").replace("owner: bob", "owner: ada")
        } else {
            scorecard
        };
        let kpid = Kpid::new(&daemon(channels, &people, operators), &scorecard);
        let checked = kpid.run(&["check"]).await;
        assert_eq!(checked.code, Some(1), "{perspective} {operators}: {}", checked.stdout);
        assert!(checked.stdout.contains(&format!(": error: {said}")), "{}", checked.stdout);
        fs::write(
            kpid.folder().join("scorecards/acme.yaml"),
            "scorecard: h\nperspectives: { p: { objectives: { o: { kpis: { k: { nature: level } } } } } }\n",
        )
        .unwrap();
        fs::write(kpid.folder().join("kpid.yaml"), daemon(channels, &people, "")).unwrap();
        let notified = kpid.run(&["notify", who]).await;
        assert!(notified.stderr.contains(said), "{}", notified.stderr);
    }
}

#[tokio::test]
async fn a_name_that_nothing_goes_to_yet_is_only_warned_of() {
    let ada = format!("ada: {{ name: Ada }}, {BOB}");
    let to_bob = "alert: { to: [bob] }";
    for (daemon, scorecard, said) in [
        // An owner who is not told is still one who would be written to.
        (
            daemon(MAIL, &ada, ""),
            scorecard(to_bob, "owner: ada").replace("owner: bob, owner", "owner"),
            "warning: `ada` has no mail address",
        ),
        // Whoever has no channel tries the rules.
        (
            daemon("", BOB, ""),
            scorecard("owner: bob", ""),
            "warning: `bob` is notified by mail, but there is no `email` channel",
        ),
        // Without people, owners are names.
        (
            "calendar: { timezone: UTC }\n".to_owned(),
            scorecard("owner: bob", ""),
            "warning: `bob` is neither a person nor a channel",
        ),
    ] {
        let kpid = Kpid::new(&daemon, &scorecard);
        let checked = kpid.run(&["check"]).await;
        assert!(checked.stdout.contains(said), "{said}: {}", checked.stdout);
        assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    }
    // What is wrong with an address or a channel is told once, and not again for each who names it.
    let broken = daemon(
        &MAIL.replace("folder: mails", "templates: nowhere, folder: m"),
        "ada: { email: ada }, bob: { email: b@x.example }",
        "operators: [ada]\n",
    );
    let kpid = Kpid::new(&broken, &scorecard("alert: { to: [ada] }", ""));
    let checked = kpid.run(&["check"]).await;
    assert!(!checked.stdout.contains("has no mail address"), "{}", checked.stdout);
}

#[tokio::test]
async fn operators_hear_of_news_for_somebody_who_can_be_told_no_more() {
    let town = Town::open().await;
    let (api, smtp, hook) = (town.origin.yaml(), town.smtp.yaml(), town.webhook.url());
    let config = |ada: &str| {
        format!(
            "store: kpid.db
calendar: {{ timezone: Europe/London }}
connections: {{ api: {api} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: kpid@harbour.example }} }}
  ops: {{ webhook: {{ url: \"{hook}\" }} }}
people: {{ ada: {{ name: Ada{ada} }}, {BOB} }}
operators: [ops]
"
        )
    };
    let scorecard = |to: &str| {
        let source =
            "schedule: { every: 1s }, source: { http: { from: api, get: otd, value: $.value } }";
        let text = self::scorecard(&format!("alert: {{ to: [{to}] }}"), source);
        text.lines().filter(|line| !line.contains("calls:")).collect::<Vec<_>>().join("\n")
    };
    let kpid = Kpid::new(&config(", email: ada@harbour.example"), &scorecard("ada"));
    town.origin.figure("otd", 98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    town.origin.figure("otd", 10.0);
    daemon.until("ada told", async || town.smtp.mails().len(), |mails| *mails >= 1).await;
    daemon.stop().await;
    // Of the end she is told too, but she has no address any more.
    fs::write(kpid.folder().join("kpid.yaml"), config("")).unwrap();
    fs::write(kpid.folder().join("scorecards/acme.yaml"), scorecard("bob")).unwrap();
    town.origin.figure("otd", 98.0);
    let mut daemon = kpid.start();
    let calls = async || town.webhook.calls();
    daemon.until("operators told", calls, |calls| !calls.is_empty()).await;
    let notice = town.webhook.calls()[0].json();
    assert_eq!(notice["event"], "gave_up");
    assert_eq!(notice["subject"], "[Undelivered] customer - h: recovered");
    let why = "`ada` has no mail address; add `email` to the person, or name a channel";
    assert_eq!(notice["sections"][0]["lines"][0], why);
    daemon.stop().await;
}

/// Ada's perspective as it goes down while nobody can be reached, and the configuration that comes
/// while her message waits.
struct Meanwhile {
    town: Town,
    kpid: Kpid,
}

impl Meanwhile {
    fn config(&self, channels: &str, people: &str) -> String {
        let api = self.town.origin.yaml();
        let channels = channels
            .replace("SMTP", &self.town.smtp.yaml())
            .replace("HOOK", &self.town.webhook.url());
        format!(
            "store: kpid.db
calendar: {{ timezone: Europe/London }}
connections: {{ api: {api} }}
channels: {{ {channels} }}
people: {{ {people}, {BOB} }}
operators: [bob]
"
        )
    }

    fn scorecard(to: &str) -> String {
        let source =
            "schedule: { every: 1s }, source: { http: { from: api, get: otd, value: $.value } }";
        let text = self::scorecard(&format!("alert: {{ to: [{to}] }}"), source);
        text.lines().filter(|line| !line.contains("calls:")).collect::<Vec<_>>().join("\n")
    }

    /// A message to each of `to` waits, since her server defers it and the webhook is down.
    async fn waits(channels: &str, to: &str) -> Self {
        let town = Town::open().await;
        let it = Self { kpid: Kpid::new("", ""), town };
        it.town.smtp.conduct("ada@harbour.example", Conduct::Defer);
        it.town.webhook.answer(&[Answer::Status(503); 9]);
        it.configure(channels, "ada: { name: Ada, email: ada@harbour.example }", to);
        it.town.origin.figure("otd", 98.0);
        let mut daemon = it.kpid.start();
        daemon.until_judged(&it.kpid, "on_track").await;
        it.town.origin.figure("otd", 10.0);
        let tried = async || it.town.smtp.attempts() >= 1;
        daemon.until("the mail to be tried", tried, |tried| *tried).await;
        daemon.stop().await;
        it
    }

    fn configure(&self, channels: &str, people: &str, to: &str) {
        fs::write(self.kpid.folder().join("kpid.yaml"), self.config(channels, people)).unwrap();
        let scorecard = self.kpid.folder().join("scorecards/acme.yaml");
        fs::write(scorecard, Self::scorecard(to)).unwrap();
    }

    async fn retry(&self) {
        let ran = self.kpid.run(&["outbox", "retry", "--all"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    fn mails_to(&self, address: &str) -> Vec<String> {
        let mails = self.town.smtp.mails();
        let to = mails.iter().filter(|mail| mail.to == [address]);
        to.map(|mail| String::from_utf8_lossy(&mail.bytes).into_owned()).collect()
    }
}

const MAIL_BY: &str = "mail: { email: { smtp: SMTP, from: kpid@harbour.example } }";

#[tokio::test]
async fn a_message_that_waits_goes_where_its_person_is_reached_when_it_leaves() {
    let it = Meanwhile::waits(MAIL_BY, "ada").await;
    // Another address, over a channel that has another name.
    let ada = "ada: { name: Ada, email: ada.byrne@harbour.example }";
    it.configure(&MAIL_BY.replacen("mail:", "post:", 1), ada, "ada");
    let mut daemon = it.kpid.start();
    daemon.until_log("that waited for `mail` now wait for `post`").await;
    it.retry().await;
    let got = async || it.mails_to("ada.byrne@harbour.example").len();
    daemon.until("the mail at her new address", got, |mails| *mails == 1).await;
    // Who knows of the alert under the old address hears of its end under the new one.
    it.town.origin.figure("otd", 98.0);
    daemon.until("its end", got, |mails| *mails == 2).await;
    let end = it.mails_to("ada.byrne@harbour.example").remove(1);
    assert!(end.contains("Subject: [Recovered]"), "{end}");
    assert!(it.mails_to("ada@harbour.example").is_empty());
    assert!(it.mails_to("bob@harbour.example").is_empty(), "operators need not know");
    daemon.stop().await;
}

#[tokio::test]
async fn a_message_for_somebody_who_is_gone_is_given_up_and_operators_hear_of_it() {
    let it = Meanwhile::waits(MAIL_BY, "ada").await;
    let ada = "ada.byrne: { name: Ada, email: ada.byrne@harbour.example }";
    it.configure(MAIL_BY, &ada.replace("ada.byrne:", "eve:"), "bob");
    it.retry().await;
    let mut daemon = it.kpid.start();
    let told = async || it.mails_to("bob@harbour.example");
    let is_told = |mails: &Vec<String>| mails.iter().any(|mail| mail.contains("[Undelivered]"));
    let mails = daemon.until("operators told", told, is_told).await;
    let notice = mails.iter().find(|mail| mail.contains("[Undelivered]")).unwrap();
    assert!(notice.contains("`ada` is not in `people` any more"), "{notice}");
    assert!(it.mails_to("ada.byrne@harbour.example").is_empty(), "she is somebody else");
    daemon.stop().await;
}

#[tokio::test]
async fn operators_hear_at_once_of_messages_whose_channel_is_gone() {
    let both = format!("{MAIL_BY}, pager: {{ webhook: {{ url: \"HOOK\" }} }}");
    let it = Meanwhile::waits(&both, "ada, pager").await;
    it.configure(MAIL_BY, "ada: { name: Ada, email: ada@harbour.example }", "ada");
    let words = "1 message waits for the channel `pager`, which is not configured";
    let doctor = it.kpid.run(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains(&format!("WRONG  deliveries: {words}")), "{doctor:?}");
    let mut daemon = it.kpid.start();
    let told = async || it.mails_to("bob@harbour.example");
    let mails = daemon.until("operators told", told, |mails| !mails.is_empty()).await;
    let subject = "Subject: [Configuration] Messages wait for `pager`";
    assert!(mails[0].contains(subject) && mails[0].contains(words), "{}", mails[0]);
    daemon.until_log(words).await;
    daemon.stop().await;
    // A start with the same configuration is no news; with the channel it goes.
    it.town.webhook.calm();
    it.configure(&both, "ada: { name: Ada, email: ada@harbour.example }", "ada, pager");
    it.retry().await;
    let mut daemon = it.kpid.start();
    let calls = async || it.town.webhook.calls().iter().filter(|call| call.taken).count();
    daemon.until("the pager called", calls, |calls| *calls >= 1).await;
    assert_eq!(it.mails_to("bob@harbour.example").len(), 1);
    daemon.stop().await;
}

#[tokio::test]
async fn a_steward_who_cannot_be_told_keeps_the_daemon_from_starting() {
    let kpid = Kpid::new(
        &daemon(
            MAIL,
            "stu: { name: Stu }, bob: { email: bob@harbour.example }",
            "operators: [bob]\n",
        ),
        &scorecard("alert: { to: [bob] }", "steward: stu"),
    );
    let ran = kpid.run(&["run"]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("`stu` has no mail address"), "{}", ran.stderr);
}
