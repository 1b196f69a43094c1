//! SIGTERM ends the daemon, by itself, whatever it waits for.

use std::{
    fs::{self, File},
    io::Write,
    net::TcpStream,
    process::Command,
};

use tokio::time::timeout;

use crate::world::{
    WITHIN,
    kpid::{ADA_BY_MAIL, Kpid},
    mute::Mute,
    origin::{Answer, Origin},
    smtp::{Conduct, Smtp},
    webhook::{self, Webhook},
};

/// A source of each kind, none of which ever gives anything.
const HANGING: [(&str, &str); 5] = [
    ("page", "http: { from: api, get: page, value: $.value }"),
    ("tls", "http: { from: tls, get: tls, value: $.value }"),
    ("postgres", "sql: { from: postgres, query: select 1 as value }"),
    ("mysql", "sql: { from: mysql, query: select 1 as value }"),
    (
        "command",
        "command: { from: own, run: [/bin/sh, -c, \"trap '' TERM; touch started; sleep 1000\"] }",
    ),
];

const WELL: [(&str, &str); 1] = [("well", "http: { from: well, get: well, value: $.value }")];

fn scorecard(id: &str, to: &str, sources: &[(&str, &str)]) -> String {
    let kpi = |(id, source): &(&str, &str)| {
        format!(
            "          {id}: {{ nature: level, schedule: {{ every: 1s }}, target: 95, source: {{ {source} }} }}\n"
        )
    };
    let kpis: String = sources.iter().map(kpi).collect();
    format!(
        "scorecard: {id}\nperspectives:\n  p:\n    alert: {{ to: [{to}] }}\n    objectives:\n      o:\n        kpis:\n{kpis}"
    )
}

#[tokio::test]
async fn who_is_told_to_stop_ends_by_itself_whatever_hangs() {
    let (origin, well, smtp, hook) =
        tokio::join!(Origin::start(), Origin::start(), Smtp::start(), Webhook::start());
    let (tls, postgres, mysql, silent, watch) =
        tokio::join!(Mute::start(), Mute::start(), Mute::start(), Mute::start(), Mute::start());
    origin.set("page", Answer::Hang);
    well.figure("well", 60.0);
    smtp.conduct("ada@acme.example", Conduct::Hang);
    hook.answer(&[webhook::Answer::Hang]);
    let database = |mute: &Mute| {
        format!(
            "{{ host: 127.0.0.1, port: {}, database: acme, user: kpid, timeout: 60s }}",
            mute.port()
        )
    };
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: UTC }}
heartbeat: {{ url: \"http://127.0.0.1:{}/\", every: 10s }}
connections:
  api: {{ http: {{ base_url: \"{}\", timeout: 60s }} }}
  tls: {{ http: {{ base_url: \"https://127.0.0.1:{}/\", timeout: 60s }} }}
  well: {}
  postgres: {{ postgres: {} }}
  mysql: {{ mysql: {} }}
  own: {{ command: {{ timeout: 60s }} }}
channels:
  mail: {{ email: {{ from: kpid@acme.example, smtp: {} }} }}
  hook: {{ webhook: {{ url: \"{}\" }} }}
  silent: {{ webhook: {{ url: \"http://127.0.0.1:{}/\" }} }}
people: {{ ada: {{ email: ada@acme.example }} }}
operators: [ada]
web: {{ listen: \"127.0.0.1:0\" }}
",
        watch.port(),
        origin.url(),
        tls.port(),
        well.yaml(),
        database(&postgres),
        database(&mysql),
        smtp.yaml(),
        hook.url(),
        silent.port()
    );
    let kpid = Kpid::new(&config, &scorecard("acme", "ada", &HANGING));
    let told = scorecard("told", "ada, hook, silent", &WELL);
    fs::write(kpid.folder().join("scorecards/told.yaml"), told).unwrap();
    let mut daemon = kpid.start();
    // Somebody who never asks the question to its end.
    let mut reader = TcpStream::connect(daemon.address().await).unwrap();
    reader.write_all(b"GET / HT").unwrap();
    let waits = async || {
        let peers = [&tls, &postgres, &mysql, &silent, &watch].map(|mute| mute.taken() > 0);
        let started = kpid.folder().join("started").exists();
        (peers, started, origin.asked("page") > 0, smtp.mails().len(), hook.calls().len())
    };
    daemon.until("everything to hang", waits, |seen| *seen == ([true; 5], true, true, 1, 1)).await;
    daemon.terminate();
    assert_eq!(daemon.ended_by_itself().await.code(), Some(0), "{}", daemon.log());
    let log = daemon.log();
    assert!(log.contains("stopping; what is in flight is finished first"), "{log}");
    assert!(log.contains("were not finished in time"), "{log}");
    assert!(!log.contains("not everything came to its end"), "in good order: {log}");
}

/// As on a disk that hangs: a pipe that nobody writes to.
#[tokio::test]
async fn who_is_told_to_stop_ends_also_while_its_configuration_does_not_come() {
    let kpid = Kpid::new(ADA_BY_MAIL, "");
    let file = kpid.folder().join("scorecards/acme.yaml");
    fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    let mut daemon = kpid.start();
    // Opens when the daemon begins to read, and keeps it reading.
    let open = tokio::task::spawn_blocking(move || File::options().write(true).open(file));
    let pipe = timeout(WITHIN, open).await.unwrap().unwrap().unwrap();
    daemon.terminate();
    assert_eq!(daemon.ended_by_itself().await.code(), Some(0), "{}", daemon.log());
    drop(pipe);
}
