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
fn an_export_and_a_tree_end_with_their_reader() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    import(&acme, 900);
    for arguments in [&["export"][..], &["show"], &["schema"]] {
        let mut command = kpid(&acme, arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

/// Months of revenue up to the last that is over, all of them 100.
fn import(acme: &Kpid, months: usize) -> Output {
    let mut rows = "kpi,period,value\n".to_owned();
    let mut month = kpid_rules::model::Period::parse("2026-10").unwrap();
    for _ in 0..months {
        rows.push_str(&format!("acme/revenue,{month},100\n"));
        month = month.previous();
    }
    let file = acme.folder().join("rows.csv");
    fs::write(&file, rows).unwrap();
    kpid(acme, &["import", &file.display().to_string()]).output().unwrap()
}

#[test]
fn what_a_command_did_can_be_left_unsaid_or_read_by_a_program() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    let loud = import(&acme, 2);
    assert!(said(&loud).contains("2 actuals imported from"), "{}", said(&loud));
    let file = acme.folder().join("rows.csv").display().to_string();
    let quiet = kpid(&acme, &["--quiet", "import", &file]).output().unwrap();
    assert_eq!((quiet.status.code(), said(&quiet).as_str()), (Some(0), ""));
    let json = |arguments: &[&str]| -> serde_json::Value {
        let output = kpid(&acme, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    };
    let imported = json(&["import", &file, "--format", "json"]);
    assert_eq!(
        (&imported["imported"], &imported["judged"]["daemon_runs"]),
        (&2.into(), &false.into())
    );
    let noted = json(&["alerts", "note", "acme/revenue", "a fair", "--format", "json"]);
    assert_eq!((&noted["scope"], &noted["text"]), (&"acme/revenue".into(), &"a fair".into()));
    let until = "2099-01-01";
    let refused = kpid(&acme, &["alerts", "silence", "acme", "--until", until, "--reason", "x"]);
    assert_eq!({ refused }.status().unwrap().code(), Some(2), "at most 30 days");
    let copy = acme.folder().join("copy.db").display().to_string();
    assert_eq!(json(&["backup", &copy, "--format", "json"])["actuals"], 2);
    assert_eq!(
        json(&["outbox", "retry", "--all", "--format", "json"])["retried"],
        serde_json::json!([])
    );
    let token = json(&["token", "grafana", "--read", "--format", "json"]);
    let line = token["yaml"].as_str().unwrap();
    assert!(line.contains(token["sha256"].as_str().unwrap()), "{token}");
}

#[test]
fn colours_are_there_when_they_are_asked_for() {
    let acme = Kpid::new(CONFIG, SCORECARD);
    import(&acme, 1);
    for (when, has_colour) in [("always", true), ("never", false), ("auto", false)] {
        let shown = kpid(&acme, &["show", "--color", when]).output().unwrap();
        assert_eq!(said(&shown).contains('\u{1b}'), has_colour, "{when}: {}", said(&shown));
    }
}

const MANY: &str = "scorecard: acme
owner: ines
perspectives:
  money:
    objectives:
      earn:
        owner: marta
        kpis:
          revenue: { nature: flow, target: 120, tolerance: 3 }
          margin: { nature: flow, target: 120, tolerance: 3, owner: ines }
          orders: { nature: flow }
          offers: { nature: flow }
          visits: { nature: flow }
          clicks: { nature: flow }
";

const PEOPLE: &str = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
people: { ines: { name: Ines }, marta: { name: Marta } }
operators: []
";

#[test]
fn warnings_fail_where_they_are_to_and_many_of_a_kind_are_counted() {
    let acme = Kpid::new(PEOPLE, MANY);
    let check = |arguments: &[&str]| {
        let output = kpid(&acme, &[&["check"], arguments].concat()).output().unwrap();
        (output.status.code(), said(&output))
    };
    let (code, few) = check(&[]);
    assert_eq!(code, Some(0), "{few}");
    assert_eq!(few.matches("has no target").count(), 4, "three, and a line for the rest: {few}");
    assert!(few.contains("and 1 more warning like this: the KPI … has no target"), "{few}");
    let (_, all) = check(&["--all"]);
    assert!(all.matches("has no target").count() == 4 && !all.contains("like this"), "{all}");
    assert_eq!(check(&["--strict"]).0, Some(1));
    let (_, github) = check(&["--format", "github"]);
    let is_command = |line: &str| line.starts_with("::warning file=") && line.contains(",line=");
    assert!(github.lines().count() > 3 && github.lines().all(is_command), "{github}");
}

#[test]
fn a_standing_can_be_narrowed_to_what_somebody_answers_for() {
    let acme = Kpid::new(PEOPLE, MANY);
    let rows = "kpi,period,value\nacme/revenue,2026-10,100\nacme/margin,2026-10,119\nacme/orders,2026-10,1\n";
    fs::write(acme.folder().join("rows.csv"), rows).unwrap();
    let file = acme.folder().join("rows.csv").display().to_string();
    assert_eq!(kpid(&acme, &["import", &file]).status().unwrap().code(), Some(0));
    let shown = |arguments: &[&str]| -> Vec<String> {
        let all = [&["show", "--as-of", "2026-11-20", "--format", "json"], arguments].concat();
        let all = [&all[..1], &all[3..]].concat();
        let output = kpid(&acme, &all).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let standing: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let kpis = standing["scorecards"].as_array().unwrap().iter().flat_map(|scorecard| {
            scorecard["perspectives"][0]["objectives"][0]["kpis"].as_array().unwrap()
        });
        kpis.map(|kpi| kpi["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(shown(&["--owner", "ines"]), ["margin"]);
    assert_eq!(shown(&["--owner", "marta"]).len(), 5, "also through what is above");
    assert_eq!(shown(&["--worst", "1"]), ["revenue"]);
    assert_eq!(shown(&["--status", "not-scored"]), ["orders"]);
    assert_eq!(shown(&["--status", "no-data"]), ["offers", "visits", "clicks"]);
    assert!(shown(&["--owner", "ines", "--status", "on-track"]).is_empty());
    let nobody = kpid(&acme, &["show", "--owner", "inez"]).output().unwrap();
    assert!(said(&nobody).contains("did you mean `ines`?"), "{}", said(&nobody));
}

#[test]
fn a_shell_completes_nodes_people_and_periods_of_the_configuration() {
    let acme = Kpid::new(PEOPLE, MANY);
    let config = acme.folder().join("kpid.yaml").display().to_string();
    let completed = |words: &[&str]| {
        let mut command = Command::new(KPID);
        command.env("KPID_COMPLETE", "fish").args(["--", "kpid", "-c", &config]).args(words);
        said(&command.output().unwrap())
    };
    assert_eq!(completed(&["show", "acme/re"]).trim(), "acme/revenue");
    assert!(completed(&["show", "--owner", "m"]).contains("marta"));
    assert!(completed(&["explain", "acme", "20"]).contains("2026-"));
    let script = Command::new(KPID).args(["completions", "bash"]).output().unwrap();
    assert!(said(&script).contains("KPID_COMPLETE"), "{}", said(&script));
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
