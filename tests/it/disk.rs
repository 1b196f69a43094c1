//! A disk that is full: told, survived, and nothing that was decided is lost.

use serde_json::Value;

use crate::{
    web::{kpid, kpid_that_keeps, text, value},
    world::{kpid::Daemon, origin::Origin},
};

const ALERTS: [&str; 4] = ["alerts", "list", "--format", "json"];

/// The scope of the first alert that is open.
async fn alerted(daemon: &mut Daemon, list: impl AsyncFn() -> String) {
    let look = async || {
        let listed = list().await;
        serde_json::from_str::<Value>(&listed).unwrap_or_default()["episodes"][0]["scope"].clone()
    };
    daemon.until("the alert", look, |scope| scope == "acme/care").await;
}

#[tokio::test]
async fn files_that_may_not_grow_are_survived_and_nothing_decided_is_lost() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin, "listen: \"127.0.0.1:0\"");
    let mut daemon = kpid.start_where_files_may_be_full();
    let at = daemon.address().await;
    daemon.until_judged(&kpid, "on_track").await;

    daemon.limit_files(Some(1));
    origin.figure("calls", 80.0);
    let failed = async || value(&text(at, "/metrics").await, "kpid_rounds_failed_total");
    daemon.until("a round that cannot be kept", failed, |count| count.unwrap_or(0.0) >= 1.0).await;
    assert_eq!(text(at, "/healthz").await, "ok\n", "it lives on");
    assert_eq!(kpid.show().await["scorecards"][0]["status"], "on_track", "as it was");

    daemon.limit_files(None);
    // By itself. `show` judges what is held; that the daemon has judged too, its alert says.
    alerted(&mut daemon, async || kpid.run(&ALERTS).await.stdout).await;
    assert_eq!(kpid.show().await["scorecards"][0]["status"], "off_track");
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_full_disk_is_told_survived_and_nothing_decided_is_lost() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid_that_keeps(&origin, "disk/kpid.db", "listen: \"127.0.0.1:0\"");
    let (mut daemon, disk) = kpid.start_on_a_small_disk("disk");
    let at = daemon.address().await;
    let shown = async || {
        let ran = disk.run(&kpid, &["show", "--format", "json"]).await;
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_default()["scorecards"][0]["status"]
            .clone()
    };
    daemon.until("a verdict", shown, |status| status == "on_track").await;

    disk.fill().await;
    origin.figure("calls", 80.0);
    let failed = async || value(&text(at, "/metrics").await, "kpid_rounds_failed_total");
    daemon.until("a round that cannot be kept", failed, |count| count.unwrap_or(0.0) >= 1.0).await;
    assert_eq!(text(at, "/healthz").await, "ok\n", "it lives on");
    assert_eq!(shown().await, "on_track", "as it was");
    let log = daemon.log();
    assert!(log.contains("ERROR") && log.contains("disk is full"), "{log}");
    let doctor = disk.run(&kpid, &["doctor"]).await;
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains("WRONG  disk: 0 MiB are free at"), "{doctor:?}");

    // Another configuration has to be written first: until that is possible, the old one goes on.
    let config = kpid.folder().join("kpid.yaml");
    let good = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{good}# another\n")).unwrap();
    daemon.hang_up();
    let log = daemon.until_log("the new configuration cannot be used").await;
    assert!(!log.contains("stopping because of an error"), "{log}");
    assert_eq!(text(at, "/healthz").await, "ok\n", "it lives on");

    disk.empty().await;
    alerted(&mut daemon, async || disk.run(&kpid, &ALERTS).await.stdout).await;
    assert_eq!(shown().await, "off_track");
    daemon.hang_up();
    daemon.until_log("going on with configuration").await;
    assert_eq!(daemon.stop().await.code(), Some(0));
}
