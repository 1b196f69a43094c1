//! Commands as sources: real programs, bounded and killed with what they started.

use chrono_tz::Europe::Amsterdam;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use kpid_rules::series::ReadingKind;
use kpid_sources::{
    Connection, Request,
    command::{Commands, Run},
    connections::Connections,
    dates::period_format::DateFormats,
    wording::Wording,
};
use secrecy::SecretString;

use crate::{
    asking::{ask, id, open, words},
    world::{kpid::Kpid, until},
};

const SECRET: &str = "s3cr3t-token";

fn commands(folder: &Path, timeout: Duration) -> Connections {
    open(Connection::Command(Commands {
        folder: folder.to_owned(),
        environment: vec![("PLAIN".into(), "open".into())],
        secrets: vec![("TOKEN".into(), SecretString::from(SECRET))],
        timeout,
        concurrent_max: 2,
        output_bytes_max: 1000,
    }))
}

fn shell(script: &str) -> Request {
    run("sh", &["-c", script])
}

fn run(program: &str, arguments: &[&str]) -> Request {
    let wording = |text: &&str| Wording::parse(text).unwrap();
    Request::Command(Box::new(Run {
        program: program.into(),
        figure: None,
        formats: DateFormats::default(),
        arguments: arguments.iter().map(wording).collect(),
    }))
}

#[tokio::test]
async fn a_command_prints_a_value_null_nothing_or_fails() {
    let place = tempfile::tempdir().unwrap();
    let connections = commands(place.path(), Duration::from_secs(10));
    connections.probe(&id(), Amsterdam).await.unwrap();
    for (script, expected) in [
        ("echo 41.50", "41.5"),
        ("echo null", "null"),
        ("echo []", "no rows"),
        ("true", "printed nothing"),
        (r#"echo '{{"numerator": 9, "denominator": 10}}'"#, "9/10"),
        ("test {period_key} = 2026-05 && echo 1", "1"),
        ("cat && echo 2", "2"),
        ("test \"$PLAIN$TZ$LANG\" = openEurope/AmsterdamC.UTF-8 && echo 3", "3"),
        ("test -z \"$CARGO_MANIFEST_DIR$HOME\" && echo 4", "4"),
        ("echo oops >&2; exit 3", "failed with exit status: 3: oops"),
        ("kill -9 $$", "failed with signal: 9"),
        ("echo \"12 of $TOKEN\"", "neither a number nor JSON: 12 of REDACTED"),
        ("echo \"no $TOKEN\" >&2; exit 1", "failed with exit status: 1: no REDACTED"),
        ("yes", "printed more than 1000 bytes"),
        ("yes >&2", "gave no answer within 10s"),
        ("printf '\\377'", "printed what is not UTF-8"),
    ] {
        // The one that has to run into its limit is not waited for that long.
        let short = expected.contains("within");
        let quick = commands(place.path(), Duration::from_millis(300));
        let connections = if short { &quick } else { &connections };
        let expected = expected.replace("10s", "300ms");
        let found = words(&ask(connections, ReadingKind::Value, shell(script)).await);
        assert!(found.contains(&expected), "{script}: {found}");
        assert!(!found.contains(SECRET), "{found}");
    }
    let absent = ask(&connections, ReadingKind::Value, run("./nothing", &[])).await;
    assert!(words(&absent).starts_with("`erp`: `./nothing`: cannot be run: "), "{absent:?}");
}

#[tokio::test]
async fn arguments_are_read_by_no_shell() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("count");
    fs::write(&script, "#!/bin/sh\necho $#\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let connections = commands(place.path(), Duration::from_secs(10));
    let odd = ["a b", "$(exit 1)", "; echo 7", "*"];
    assert_eq!(words(&ask(&connections, ReadingKind::Value, run("./count", &odd)).await), "4");
}

#[tokio::test]
async fn what_takes_too_long_is_killed_with_everything_it_started() {
    let place = tempfile::tempdir().unwrap();
    let connections = commands(place.path(), Duration::from_secs(3));
    let script = "sleep 600 & echo $! > child; echo $$ > parent; wait";
    let found = words(&ask(&connections, ReadingKind::Value, shell(script)).await);
    assert!(found.contains("gave no answer within 3s"), "{found}");
    for name in ["child", "parent"] {
        let pid = fs::read_to_string(place.path().join(name)).unwrap();
        gone(pid.trim()).await;
    }
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_killed() {
    let place = tempfile::tempdir().unwrap();
    let connections = commands(place.path(), Duration::from_secs(10));
    let script = "sleep 600 >/dev/null 2>&1 & echo $! > child; echo 1";
    assert_eq!(words(&ask(&connections, ReadingKind::Value, shell(script)).await), "1");
    gone(fs::read_to_string(place.path().join("child")).unwrap().trim()).await;
}

#[tokio::test]
async fn what_outlives_a_command_neither_holds_its_answer_up_nor_escapes() {
    let place = tempfile::tempdir().unwrap();
    let connections = commands(place.path(), Duration::from_secs(30));
    for (script, expected) in [
        ("sleep 600 & echo $! > child; echo 5", "5"),
        ("nohup sleep 600 2>/dev/null & echo $! > child; echo 5", "5"),
        (
            "setsid sh -c 'echo $$ > child; exec sleep 600' >/dev/null 2>&1 &
             until test -s child; do :; done; echo 5",
            "5",
        ),
        ("exec >&-; sleep 600 & echo $! > child", "printed nothing"),
        ("sleep 600 & echo $! > child; echo oops >&2; exit 3", "failed with exit status: 3: oops"),
    ] {
        let found = words(&ask(&connections, ReadingKind::Value, shell(script)).await);
        assert!(found.contains(expected), "{script}: {found}");
        gone(fs::read_to_string(place.path().join("child")).unwrap().trim()).await;
        fs::remove_file(place.path().join("child")).unwrap();
    }
    // One that has thrown off its environment is not found, and still holds nothing up.
    let script = "env -i /usr/bin/setsid sh -c 'echo $$ > child; exec sleep 60' &
                  until test -s child; do :; done; echo 5";
    assert_eq!(words(&ask(&connections, ReadingKind::Value, shell(script)).await), "5");
    let pid = fs::read_to_string(place.path().join("child")).unwrap();
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Waits until a process has ended; nobody may have reaped it yet.
async fn gone(pid: &str) {
    let state = async || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    until("the process to end", state, |stat| stat.is_empty() || stat.contains(") Z ")).await;
}

#[tokio::test]
async fn files_and_commands_are_configured_like_any_source() {
    let config = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
connections:
  exports: { csv: { folder: exports, delimiter: \";\", decimal: \",\", thousands: \".\" } }
  scripts: { command: { environment: { FACTOR: \"2\" }, timeout: 10s } }
";
    let scorecard = "scorecard: acme
perspectives:
  money:
    objectives:
      earn:
        kpis:
          revenue:
            nature: flow
            target: 100
            schedule: { every: 1d }
            source: { csv: { from: exports, reading: series, file: sales.csv, rows: { Region: North }, period: Month, value: Revenue } }
          orders:
            nature: flow
            target: 100
            schedule: { every: 1d }
            source: { command: { from: scripts, run: [sh, -c, \"echo $((21 * FACTOR))\", \"{period_key}\"] } }
";
    let kpid = Kpid::new(config, scorecard);
    fs::create_dir(kpid.folder().join("exports")).unwrap();
    let sales = "Region;Month;Revenue\nNorth;2026-05;1.234,5\nSouth;2026-05;9\n";
    fs::write(kpid.folder().join("exports/sales.csv"), sales).unwrap();
    let ran = kpid.run(&["pull", "--period", "2026-05", "--dry-run"]).await;
    assert!(ran.stdout.contains("1234.5"), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("42"), "{}", ran.stdout);
    let crossed = scorecard.replace("from: scripts", "from: exports");
    fs::write(kpid.folder().join("scorecards/acme.yaml"), crossed).unwrap();
    let ran = kpid.run(&["check"]).await;
    let told = "the source of `acme/orders` is a command, but its connection `exports` is a folder \
                of CSV files";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}
