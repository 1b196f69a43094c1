//! The file that a daemon writes is taken from under it: it notices, tells nobody anything from there,
//! and ends.

use std::fs;

use serde_json::Value;

use crate::{
    web::{get, text},
    world::{
        kpid::{Daemon, Kpid},
        origin::Origin,
    },
};

async fn kpid(origin: &Origin) -> Kpid {
    kpid_that_keeps(origin, "kpid.db").await
}

async fn kpid_that_keeps(origin: &Origin, store: &str) -> Kpid {
    let api = origin.yaml();
    let config = format!(
        "store: {store}
calendar: {{ timezone: UTC }}
connections: {{ api: {api} }}
channels: {{ mail: {{ email: {{ from: kpid@acme.example, folder: outbox }} }} }}
people: {{ ada: {{ name: Ada, email: ada@acme.example }} }}
operators: [ada]
web: {{ listen: \"127.0.0.1:0\" }}
"
    );
    let scorecard = "scorecard: acme
perspectives:
  care:
    alert: { to: [ada] }
    objectives:
      answer:
        kpis:
          calls: { nature: level, unit: points, schedule: { every: 1s }, target: 95, tolerance: 3, source: { http: { from: api, get: calls, value: $.value } } }
";
    Kpid::new(&config, scorecard)
}

fn mails(kpid: &Kpid) -> Vec<String> {
    let files = fs::read_dir(kpid.folder().join("outbox")).unwrap();
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// Operators hear that it ended, and nobody hears anything else.
fn assert_only_its_end_is_told(kpid: &Kpid) {
    let mails = mails(kpid);
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(mails[0].contains("Subject: [Store] kpid has ended: its store is another file"));
}

/// A daemon that has seen that all is well.
async fn running(kpid: &Kpid, origin: &Origin) -> Daemon {
    origin.figure("calls", 98.0);
    let mut daemon = kpid.start();
    daemon.until_judged(kpid, "on_track").await;
    daemon
}

/// What a daemon says that ends by itself.
async fn last_words(daemon: &mut Daemon) -> String {
    let ended = daemon.ended_by_itself().await;
    assert_eq!(ended.code(), Some(2), "{}", daemon.log());
    daemon.log()
}

#[tokio::test]
async fn a_store_that_is_removed_ends_the_daemon_before_it_alerts_and_none_takes_its_place() {
    let origin = Origin::start().await;
    let kpid = kpid(&origin).await;
    let mut daemon = running(&kpid, &origin).await;
    for name in ["kpid.db", "kpid.db-wal", "kpid.db-shm"] {
        fs::remove_file(kpid.folder().join(name)).unwrap();
    }
    origin.figure("calls", 60.0);
    let doctor = kpid.run(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains("WRONG  store"), "{doctor:?}");
    let said = last_words(&mut daemon).await;
    assert!(said.contains("was removed while kpid wrote it"), "{said}");
    let doctor = kpid.run(&["doctor"]).await;
    assert!(doctor.stdout.contains("kpid.db is gone, although kpid has written it"), "{doctor:?}");

    let mut next = kpid.start();
    let said = last_words(&mut next).await;
    assert!(said.contains("to begin with an empty one, remove"), "{said}");
    assert_only_its_end_is_told(&kpid);
}

#[tokio::test]
async fn a_store_that_a_copy_takes_the_place_of_ends_the_daemon_whichever_way_it_came() {
    for in_place in [false, true] {
        let origin = Origin::start().await;
        let kpid = kpid(&origin).await;
        let path = |name: &str| kpid.folder().join(name);
        let mut daemon = running(&kpid, &origin).await;
        kpid.says(&["backup", path("copy.db").to_str().unwrap()]).await;
        if in_place {
            fs::copy(path("copy.db"), path("kpid.db")).unwrap();
        } else {
            fs::rename(path("copy.db"), path("kpid.db")).unwrap();
        }
        origin.figure("calls", 60.0);
        let said = last_words(&mut daemon).await;
        let words = if in_place { "was overwritten while" } else { "was replaced by another file" };
        assert!(said.contains(words), "{said}");
        assert_only_its_end_is_told(&kpid);
    }
}

#[tokio::test]
async fn a_store_whose_disk_is_unmounted_ends_the_daemon_before_it_alerts() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid_that_keeps(&origin, "disk/kpid.db").await;
    let (mut daemon, disk) = kpid.start_on_a_small_disk("disk");
    let judged = async || {
        let shown = disk.run(&kpid, &["show", "--format", "json"]).await;
        let shown: Value = serde_json::from_str(&shown.stdout).unwrap_or_default();
        shown["scorecards"][0]["status"].clone()
    };
    daemon.until("a verdict", judged, |status| status == "on_track").await;
    disk.unmount().await;
    origin.figure("calls", 60.0);
    let said = last_words(&mut daemon).await;
    assert!(said.contains("was removed while kpid wrote it"), "{said}");
    assert_only_its_end_is_told(&kpid);
}

#[tokio::test]
async fn a_store_whose_log_is_removed_ends_the_daemon_before_it_alerts_and_the_next_goes_on() {
    let origin = Origin::start().await;
    let kpid = kpid(&origin).await;
    let mut daemon = running(&kpid, &origin).await;
    fs::remove_file(kpid.folder().join("kpid.db-wal")).unwrap();
    origin.figure("calls", 60.0);
    let said = last_words(&mut daemon).await;
    assert!(said.contains("kpid.db-wal, in which the store keeps"), "{said}");
    assert_only_its_end_is_told(&kpid);

    let mut next = kpid.start();
    let told = next.until("the alert", async || mails(&kpid), |mails| mails.len() == 2).await;
    assert!(told.iter().any(|mail| mail.contains("Subject: [Off track]")), "{told:#?}");
    assert_eq!(next.stop().await.code(), Some(0));
}

#[tokio::test]
async fn who_can_keep_nothing_is_not_ready_and_operators_hear_of_it_and_of_its_end() {
    let origin = Origin::start().await;
    let kpid = kpid(&origin).await;
    origin.figure("calls", 98.0);
    let mut daemon = kpid.start_where_files_may_be_full();
    let at = daemon.address().await;
    daemon.until_judged(&kpid, "on_track").await;

    // As on a full disk, where a mail still finds room: a byte is room for no page.
    daemon.limit_files(Some(4096));
    origin.figure("calls", 60.0);
    let ready = async || {
        let answer = get(at, "/readyz", None).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (_, said) = daemon.until("not ready", ready, |(status, _)| *status == 503).await;
    assert!(said.contains("nothing can be kept since"), "{said}");
    assert!(text(at, "/").await.contains("cannot be kept, and is not shown here"));
    assert_eq!(text(at, "/healthz").await, "ok\n", "a restart mends no disk");

    daemon.limit_files(None);
    daemon.until("ready again", ready, |(status, _)| *status == 200).await;
    assert_eq!(daemon.stop().await.code(), Some(0));
}
