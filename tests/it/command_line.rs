//! The command line itself: what it says to a slip of the pen, whom it takes for its user, and what it
//! never prints.

use std::{
    fs::{self, File},
    process::{Command, Output, Stdio},
};

use crate::world::kpid::Kpid;

const KPID: &str = env!("CARGO_BIN_EXE_kpid");

const CONFIG: &str = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
";

const SCORECARD: &str = "scorecard: acme
perspectives:
  money:
    objectives:
      earn:
        kpis:
          revenue: { nature: flow, unit: kEUR, target: 120, tolerance: 3 }
";

/// A literal secret on the very line that has a mistake.
const SLIP: &str = "connections: { desk2: { http: { base_url: \"https://desk.example\", auth: { bearer: hunter2secret }, timeoutt: 3 } } }\n";

/// The same on a line that is no YAML.
const NO_YAML: &str =
    "connections: { desk2: { http: { auth: { bearer: hunter2secret } } }\n  x: [\n";

fn kpid(kpid: &Kpid, arguments: &[&str]) -> Command {
    let mut command = Command::new(KPID);
    command.arg("--config").arg(kpid.folder().join("kpid.yaml")).args(arguments);
    command
}

fn said(output: &Output) -> String {
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}

#[test]
fn a_secret_written_into_a_file_is_printed_by_no_command() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    for slip in [SLIP, NO_YAML, "connections: { desk2: { http: { auth: hunter2secret } } }\n"] {
        fs::write(acme.folder().join("kpid.yaml"), format!("{CONFIG}{slip}")).unwrap();
        for arguments in [&["show"][..], &["check"], &["check", "--format", "json"], &["run"]] {
            let output = kpid(&acme, arguments).output().unwrap();
            assert!(!output.status.success(), "{}", said(&output));
            assert!(!said(&output).contains("hunter2"), "{}", said(&output));
            assert!(said(&output).contains("kpid.yaml"), "{}", said(&output));
        }
    }
    // A secret that is only a warning, too.
    let good = SLIP.replace(", timeoutt: 3", "");
    fs::write(acme.folder().join("kpid.yaml"), format!("{CONFIG}{good}")).unwrap();
    let output = kpid(&acme, &["check"]).output().unwrap();
    assert!(said(&output).contains("the secret is written here"), "{}", said(&output));
    assert!(said(&output).contains("bearer: *************"), "{}", said(&output));
    assert!(!said(&output).contains("hunter2"), "{}", said(&output));
}

#[tokio::test]
async fn a_secret_written_into_a_file_is_not_logged_when_the_file_is_bad() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    let mut daemon = acme.start();
    daemon.until_log("kpid runs").await;
    fs::write(acme.folder().join("kpid.yaml"), format!("{CONFIG}{SLIP}")).unwrap();
    daemon.hang_up();
    let log = daemon.until_log("unknown key `timeoutt`").await;
    assert!(log.contains("kpid keeps the old one"), "{log}");
    daemon.stop().await;
    let log = fs::read_to_string(acme.folder().join("log")).unwrap();
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_trouble() {
    let mut command = Command::new(KPID);
    command.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""));
}

#[test]
fn what_cannot_be_said_changes_no_exit_code() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    for arguments in [["show", "nope"].as_slice(), &["zzz"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let code = kpid(&acme, arguments).stderr(full).status().unwrap().code();
        assert_eq!(code, Some(2), "{arguments:?}");
    }
}

#[test]
fn somebody_is_known_to_every_command_also_where_nobody_is_logged_in() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    let rows = acme.folder().join("rows.csv");
    fs::write(&rows, "kpi,period,value\nacme/revenue,2026-05,130\n").unwrap();
    let silence = ["alerts", "silence", "acme", "--until", "2099-01-01", "--reason", "x"];
    for (variables, by) in [
        (&[("SUDO_USER", "ines"), ("USER", "root")][..], "ines"),
        (&[("USER", ""), ("LOGNAME", "tom")], "tom"),
        (&[], ""),
    ] {
        for arguments in [
            &["import", rows.to_str().unwrap()][..],
            &["alerts", "note", "acme", "words"],
            &["alerts", "unsilence", "1"],
            &silence,
        ] {
            let mut command = kpid(&acme, arguments);
            for name in ["SUDO_USER", "USER", "LOGNAME"] {
                command.env_remove(name);
            }
            let output = command.envs(variables.iter().copied()).output().unwrap();
            assert_ne!(output.status.code(), None, "{}", said(&output));
            assert!(!said(&output).contains("--by"), "{arguments:?}: {}", said(&output));
        }
        let deeds = kpid(&acme, &["audit", "--limit", "2"]).output().unwrap();
        assert!(said(&deeds).contains(&format!("  {by}")), "{}", said(&deeds));
        assert!(!said(&deeds).contains("  unknown"), "{}", said(&deeds));
    }
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    let check = |arguments: &[&str]| {
        let mut command = Command::new(KPID);
        command.args(arguments).env("KPID_CONFIG", "").current_dir(acme.folder()).output().unwrap()
    };
    let output = check(&["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = check(&["check", "--config", ""]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).starts_with("kpid: `--config <PATH>` needs a value\n"));
}

#[test]
fn a_row_that_is_no_row_is_told_in_words() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    let rows = acme.folder().join("rows.csv");
    fs::write(&rows, b"kpi,period,value\nacme/revenue,2026-05\nacme/r\xe9venue,2026-05,1\n")
        .unwrap();
    let output = kpid(&acme, &["import", rows.to_str().unwrap()]).output().unwrap();
    for words in [
        ": line 2: the row has 2 columns, the first line 3\n",
        ": line 3: the row is not UTF-8; save the file as UTF-8\n",
        "kpid: nothing was imported: 2 bad rows in ",
    ] {
        assert!(said(&output).contains(words), "{}", said(&output));
    }
}

#[test]
fn what_is_not_there_is_named_with_the_way_out_of_the_very_command() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    let scenario = acme.folder().join("t.yaml");
    fs::write(&scenario, "config: kpid.yaml\nsteps: [{ at: soon }]\n").unwrap();
    let bad = scenario.to_str().unwrap();
    for (arguments, sentence, hint) in [
        (["import", "/no.csv"], "cannot read /no.csv: it does not exist", "name a CSV file"),
        (
            ["restore", "/no.db"],
            "cannot read /no.db: it does not exist",
            "name a file that `kpid backup`",
        ),
        (["simulate", "/no.yaml"], "cannot read /no.yaml: it does not exist", "name a scenario"),
        (["simulate", bad], "the scenario ", ""),
        (["plan", "/no.yaml"], "cannot read /no.yaml: it does not exist", "name the changed"),
        (
            ["show", "acme/money/eran"],
            "`acme/money/eran` is not configured",
            "did you mean `acme/money/earn`?",
        ),
    ] {
        let output = kpid(&acme, &arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        let line = format!("kpid: {sentence}");
        assert!(said(&output).contains(&line), "{arguments:?}: {}", said(&output));
        let hint = if hint.is_empty() { "\n".to_owned() } else { format!("\n  hint: {hint}") };
        assert!(said(&output).contains(&hint), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).contains("kpid init"), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn with_nothing_to_try_again_that_is_said() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    let rows = acme.folder().join("rows.csv");
    fs::write(&rows, "kpi,period,value\nacme/revenue,2026-05,130\n").unwrap();
    assert!(kpid(&acme, &["import", rows.to_str().unwrap()]).status().unwrap().success());
    let output = kpid(&acme, &["outbox", "retry", "--all"]).output().unwrap();
    assert_eq!(said(&output), "nothing waits and nothing was given up\n");
}

#[test]
fn a_preview_ends_with_its_last_line() {
    let channels = "channels: { mail: { email: { from: k@acme.example, folder: outbox } } }
people: { ines: { email: ines@acme.example } }
";
    let acme = Kpid::new(&format!("{CONFIG}{channels}"), SCORECARD);
    let output = kpid(&acme, &["notify", "ines", "--preview"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).ends_with('\n') && !said(&output).ends_with("\n\n"), "{}", said(&output));
}

#[test]
fn help_says_what_scripts_and_units_want_to_know() {
    let output = Command::new(KPID).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    for words in ["Exit status: 0 done; 1 the answer is no", "KPID_CONFIG", "KPID_LOG_FORMAT"] {
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(KPID).arg("man").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let page = fs::read_to_string(folder.path().join("kpid.1")).unwrap();
    assert!(page.contains("Exit status"), "{page}");
    let output = Command::new(KPID).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
