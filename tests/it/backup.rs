//! `kpid backup` and `kpid restore`, the real binary: copies while the daemon writes, and the way back.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::world::{kpid::Kpid, origin::Origin};

fn kpid(origin: &Origin) -> Kpid {
    let api = origin.yaml();
    let config = format!(
        "store: kpid.db\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections: {{ api: {api} }}\n"
    );
    let scorecard = "scorecard: acme
perspectives:
  care:
    alert: { to: [] }
    objectives:
      answer:
        kpis:
          calls: { nature: level, unit: points, schedule: { every: 1s }, target: 95, tolerance: 3, source: { http: { from: api, get: calls, value: $.value } } }
";
    Kpid::new(&config, scorecard)
}

#[tokio::test]
async fn a_backup_is_made_while_the_daemon_writes_and_is_the_way_back() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin);
    let path = |name: &str| kpid.folder().join(name).to_str().unwrap().to_owned();
    let nothing = kpid.run(&["backup", &path("copy.db")]).await;
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.stderr.contains("no store"), "{}", nothing.stderr);

    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    let ran = kpid.run(&["backup", &path("copy.db")]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("1 actuals, read back"), "{}", ran.stdout);
    let mode = fs::metadata(path("copy.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "others must not read it");
    let names: Vec<String> = fs::read_dir(kpid.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy"))
        .collect();
    assert_eq!(names, ["copy.db"], "a backup is one file");

    let again = kpid.run(&["backup", &path("copy.db")]).await;
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(kpid.run(&["backup", &path("copy.db"), "--force"]).await.code, Some(0));

    origin.figure("calls", 80.0);
    daemon.until_judged(&kpid, "off_track").await;
    let refused = kpid.run(&["restore", &path("copy.db")]).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("in use"), "{}", refused.stderr);
    daemon.stop().await;

    let restored = kpid.run(&["restore", &path("copy.db")]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    assert!(restored.stdout.contains("kept as"), "{}", restored.stdout);
    assert_eq!(kpid.show().await["scorecards"][0]["status"], "on_track");
}

#[tokio::test]
async fn what_is_no_sound_store_is_not_restored() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin);
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    daemon.stop().await;
    let path = |name: &str| kpid.folder().join(name).to_str().unwrap().to_owned();
    assert_eq!(kpid.run(&["backup", &path("copy.db")]).await.code, Some(0));
    let mut torn = fs::read(path("copy.db")).unwrap();
    let middle = torn.len() / 2;
    torn[middle..].fill(0xa5);
    fs::write(path("torn.db"), torn).unwrap();
    fs::write(path("words.db"), "no database at all").unwrap();
    for name in ["torn.db", "words.db", "absent.db"] {
        let ran = kpid.run(&["restore", &path(name)]).await;
        assert_eq!(ran.code, Some(2), "{name}");
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
    assert_eq!(kpid.show().await["scorecards"][0]["status"], "on_track", "nothing was touched");
}

#[tokio::test]
async fn a_damaged_store_is_told_at_the_start_with_the_way_out() {
    let origin = Origin::start().await;
    origin.figure("calls", 98.0);
    let kpid = kpid(&origin);
    let store = kpid.folder().join("kpid.db");
    let mut daemon = kpid.start();
    daemon.until_judged(&kpid, "on_track").await;
    daemon.stop().await;
    let sound = fs::read(&store).unwrap();
    // The tables' tree cut off at its root, a file of something else, and half a file.
    let mut torn = sound.clone();
    torn[100..200].fill(0xff);
    let broken = [torn, b"kpi,period,value\n".repeat(99), sound[..sound.len() / 2].to_vec()];
    for bytes in broken {
        fs::write(&store, bytes).unwrap();
        let ran = kpid.run(&["run"]).await;
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.stderr.contains("is damaged") && ran.stderr.contains("kpid restore"),
            "{}",
            ran.stderr
        );
    }
    fs::write(&store, sound).unwrap();
    let mut daemon = kpid.start();
    // What is shown may be of the run before: only a round says that it is up.
    daemon.rounds(1).await;
    assert_eq!(daemon.stop().await.code(), Some(0));
}
