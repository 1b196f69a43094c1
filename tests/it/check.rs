//! `kpid check`: every problem of every file at once, with its place, and never a panic.

use std::{fs, path::Path, process::Command};

use kpid_config::{
    load::{LoadError, load},
    secret::Secrets,
};
use proptest::prelude::*;

const KPID: &str = env!("CARGO_BIN_EXE_kpid");

fn check(folder: &Path, options: &[&str]) -> (String, Option<i32>) {
    let mut kpid = Command::new(KPID);
    kpid.args(["-c", "kpid.yaml", "check"]).args(options).current_dir(folder);
    let output = kpid.output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn every_problem_of_every_file_has_its_place_and_a_hint() {
    let (text, code) = check(Path::new("tests/data/bad"), &[]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(text);
}

#[test]
fn programs_get_the_same_problems() {
    let (text, code) = check(Path::new("tests/data/bad"), &["--format", "json"]);
    assert_eq!(code, Some(1));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let problems = json["problems"].as_array().unwrap();
    let unknown =
        problems.iter().find(|problem| problem["message"] == "unknown key `taget`").unwrap();
    assert_eq!(unknown["severity"], "error");
    assert_eq!(unknown["file"], "scorecards/calder.yaml");
    assert_eq!((unknown["line"].as_u64(), unknown["column"].as_u64()), (Some(14), Some(13)));
    assert_eq!(unknown["hint"], "did you mean `target`?");
}

#[test]
fn a_misspelt_key_is_one_problem() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("n.csv"), "month,n\n2026-05,3\n").unwrap();
    let daemon = "calendar: { timezone: UTC }\nconnections: { c: { csv: { folder: . } }, m: \
                  { sqlite: { path: m.db } }, x: { command: {} } }\n";
    fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
    let series = "csv: { from: c, file: n.csv, reading: series, period: month, value: n }";
    for (right, wrong) in [
        ("tolerance", "tolerence"),
        ("nature", "natur"),
        ("schedule", "shedule"),
        ("period: month", "perod: month"),
        ("file: n.csv", "fil: n.csv"),
        ("csv:", "cvs:"),
        ("target: 9", "target: { ninety: 9 }"),
    ] {
        let kpi = format!(
            "nature: ratio, unit: \"%\", target: 9, tolerance: 1, schedule: {{ every: 1h }}, \
             source: {{ {series} }}"
        );
        let kpi = kpi.replacen(right, wrong, 1);
        assert!(kpi.contains(wrong), "{kpi}");
        let scorecard = format!(
            "scorecard: s\nperspectives: {{ p: {{ objectives: {{ o: {{ kpis: {{ k: {{ {kpi} }} }} }} }} }} }}\n"
        );
        fs::write(folder.path().join("scorecards/s.yaml"), scorecard).unwrap();
        let (text, code) = check(folder.path(), &["--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let problems = json["problems"].as_array().unwrap();
        let errors: Vec<_> = problems.iter().filter(|told| told["severity"] == "error").collect();
        assert_eq!((errors.len(), code), (1, Some(1)), "{wrong}: {errors:?}");
    }
}

#[test]
fn the_starter_files_are_good() {
    let folder = tempfile::tempdir().unwrap();
    let init = Command::new(KPID).arg("init").arg(folder.path()).output().unwrap();
    assert!(init.status.success());
    let (text, code) = check(folder.path(), &[]);
    assert_eq!((text.as_str(), code), ("good: 1 scorecard, 2 KPIs, 0 warnings\n", Some(0)));
    let again = Command::new(KPID).arg("init").arg(folder.path()).output().unwrap();
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten");
}

#[test]
fn a_set_up_in_which_nobody_hears_of_dead_sources_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new(KPID).arg("init").arg(folder.path()).status().unwrap().success());
    let [config, scorecard] =
        ["kpid.yaml", "scorecards/example.yaml"].map(|name| folder.path().join(name));
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("operators: [you]", "")).unwrap();
    let (text, code) = check(folder.path(), &[]);
    assert!(text.contains("warning: nobody is notified when a source fails"), "{text}");
    assert!(text.contains("add `operators: [ID]`"), "{text}");
    assert_eq!(code, Some(0), "a warning is no problem");

    let text = fs::read_to_string(&scorecard).unwrap();
    let text = text.replacen(
        "            owner: you",
        "            steward: you\n            owner: you",
        1,
    );
    fs::write(&scorecard, text).unwrap();
    let (text, _) = check(folder.path(), &[]);
    assert!(!text.contains("dead sources"), "whoever has a steward has thought of it: {text}");
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        Command::new(KPID).args(["-c", "nowhere.yaml", "check"]).current_dir(&folder).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("kpid: cannot read nowhere.yaml: "), "{told}");
}

#[test]
fn a_cycle_of_kpis_is_told_with_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let scorecard = "scorecard: ring\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n          \
                     a: { nature: flow, formula: b + 1 }\n          b: { nature: flow, formula: a + 1 }\n";
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), "calendar: { timezone: UTC }\n").unwrap();
    fs::write(folder.path().join("scorecards/ring.yaml"), scorecard).unwrap();
    let (text, code) = check(folder.path(), &[]);
    assert_eq!(code, Some(1));
    let told =
        "scorecards/ring.yaml:7:11: error: `ring/a` depends on itself: ring/a → ring/b → ring/a";
    assert!(text.contains(told), "{text}");
}

#[test]
fn whoever_decides_for_a_parent_is_a_child_of_it_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), "calendar: { timezone: UTC }\n").unwrap();
    let scorecard = |rollup: &str, b: &str| {
        format!(
            "scorecard: s\nperspectives:\n  p:\n    objectives:\n      o:\n        rollup: {{ priority: \
             {rollup} }}\n        kpis:\n          a: {{ nature: flow }}\n          b: {{ nature: flow, {b} }}\n"
        )
    };
    for (rollup, b, told) in [
        ("b", "weight: 0", Some("`b` has weight 0 and cannot decide for its parent")),
        ("b", "weights: { 2026-06: 0 }", Some("`b` has weight 0")),
        ("c", "weight: 1", Some("`priority` names `c`, which is not a child here")),
        ("b", "weight: 0, weights: { 2026-06: 2 }", None),
        ("b", "weight: 1", None),
        ("a", "weight: 0", None),
    ] {
        fs::write(folder.path().join("scorecards/s.yaml"), scorecard(rollup, b)).unwrap();
        let (text, code) = check(folder.path(), &[]);
        assert_eq!(code, Some(i32::from(told.is_some())), "{rollup}, {b}: {text}");
        if let Some(told) = told {
            assert!(text.contains(&format!("s.yaml:6:29: error: {told}")), "{text}");
            assert!(text.contains("name one with a weight: `a`"), "{text}");
        }
    }
    let objective = scorecard("a", "weight: 1")
        .replace("    objectives:", "    rollup: { priority: x }\n    objectives:");
    fs::write(folder.path().join("scorecards/s.yaml"), objective).unwrap();
    let (text, code) = check(folder.path(), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("`priority` names `x`, which is not a child here"), "{text}");
}

#[test]
fn a_kpi_that_counts_twice_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let kpi = "{ nature: flow, unit: n, owner: ines, target: 3, description: parts }";
    let child = format!(
        "scorecard: site\nperspectives:\n  p:\n    owner: ines\n    objectives:\n      o:\n        kpis:\n          \
         a: {kpi}\n          b: {kpi}\n"
    );
    let parent = "scorecard: top\nperspectives:\n  p:\n    owner: ines\n    objectives:\n      o:\n        \
                  contributions: { site/o: { weight: 20 } }\n        kpis:\n          \
                  all: { nature: flow, unit: n, owner: ines, target: 3, description: parts, shared: [site/a] }\n          \
                  own: { nature: flow, unit: n, owner: ines, target: 3, description: parts }\n";
    let daemon = "calendar: { timezone: UTC }\npeople: { ines: { email: ines@calder.example } }\n";
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
    fs::write(folder.path().join("scorecards/site.yaml"), child).unwrap();
    fs::write(folder.path().join("scorecards/top.yaml"), parent).unwrap();
    let (text, code) = check(folder.path(), &[]);
    assert_eq!(code, Some(0), "{text}");
    let told = "scorecards/site.yaml:8:11: warning: `site/a` counts twice in the objective `top/o`";
    assert!(text.contains(told), "{text}");
}

#[test]
fn a_language_that_nobody_speaks_here_is_told_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    let daemon = "calendar: { timezone: UTC }
language: xx
people: { ines: { language: de }, tom: { language: \"d\" } }
";
    let scorecard = "scorecard: s\nperspectives: { p: { objectives: { o: { kpis: { k: { nature: flow } } } } } }\n";
    fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
    fs::write(folder.path().join("scorecards/s.yaml"), scorecard).unwrap();
    let (text, code) = check(folder.path(), &[]);
    assert_eq!(code, Some(1), "{text}");
    for told in ["kpid.yaml:2:11: error: `xx`", "kpid.yaml:3:52: error: `d`"] {
        let told = format!("{told} is not a language that kpid speaks: `en`, `de`");
        assert!(text.contains(&told), "{told}: {text}");
    }
}

#[test]
fn what_cannot_be_reached_is_not_good() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    let daemon = "calendar: { timezone: UTC }
connections:
  a: { http: { base_url: \"http://127.0.0.1:9/\" } }
  b: { sqlite: { path: gone.db } }
channels: { mail: { email: { smtp: { host: 127.0.0.1, port: 9, tls: none }, from: k@a.example } } }
";
    let scorecard = "scorecard: s\nperspectives: { p: { objectives: { o: { kpis: { k: { nature: flow } } } } } }\n";
    fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
    fs::write(folder.path().join("scorecards/s.yaml"), scorecard).unwrap();
    let (text, code) = check(folder.path(), &["--probe"]);
    assert_eq!(code, Some(1), "{text}");
    let last = text.lines().last().unwrap();
    assert!(
        last.starts_with("not good: 2 connections and 1 channel cannot be reached, "),
        "{text}"
    );
}

#[test]
fn more_files_than_are_read_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), "calendar: { timezone: UTC }\n").unwrap();
    for number in 0..10_001 {
        let scorecard = format!(
            "scorecard: s{number}\nperspectives: {{ p: {{ objectives: {{ o: {{ kpis: {{ k: {{ nature: flow }} }} }} }} }} }}\n"
        );
        fs::write(folder.path().join(format!("scorecards/{number}.yaml")), scorecard).unwrap();
    }
    let (text, code) = check(folder.path(), &[]);
    assert_eq!(code, Some(1));
    let told = "kpid.yaml:1:1: error: more than 10000 files match `scorecards/*.yaml`";
    assert!(text.contains(told), "{}", text.lines().take(9).collect::<Vec<_>>().join("\n"));
}

#[test]
fn an_empty_file_is_called_empty() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), "calendar: { timezone: UTC }\n").unwrap();
    for empty in ["", "# nothing yet\n", "---\n"] {
        fs::write(folder.path().join("scorecards/s.yaml"), empty).unwrap();
        let (text, code) = check(folder.path(), &[]);
        assert_eq!(code, Some(1));
        assert!(text.contains("s.yaml:1:1: error: the file is empty\n"), "{text}");
        assert!(text.contains("hint: `kpid init FOLDER` writes"), "{text}");
        assert!(text.contains("not good: 1 problem,"), "{text}");
    }
}

#[test]
fn whoever_decorates_a_number_is_shown_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let kpi = |target: &str| {
        format!(
            "scorecard: s\nperspectives: {{ p: {{ objectives: {{ o: {{ kpis: {{ k: {{ \
             nature: flow, target: {target} }} }} }} }} }} }}\n"
        )
    };
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), "calendar: { timezone: UTC }\n").unwrap();
    for (target, hint) in [
        ("95%", "hint: write the number alone: 95\n"),
        ("\"95\"", "hint: write the number alone: 95\n"),
        ("high", "hint: or write a plain number\n"),
    ] {
        fs::write(folder.path().join("scorecards/s.yaml"), kpi(target)).unwrap();
        let (text, _) = check(folder.path(), &[]);
        assert!(text.contains("is not valid here; write one of phased, annual"), "{text}");
        assert!(text.contains(hint), "{text}");
    }
}

/// What is told of a KPI written in one line.
fn told_of(kpi: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), "calendar: { timezone: UTC }\n").unwrap();
    let scorecard = format!(
        "scorecard: s\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n          k: {kpi}\n          \
         a: {{ nature: ratio }}\n"
    );
    fs::write(folder.path().join("scorecards/s.yaml"), scorecard).unwrap();
    let problems = match load(&folder.path().join("kpid.yaml"), Secrets::Unused) {
        Ok(_) => return Vec::new(),
        Err(LoadError::Problems(problems)) => problems.to_json(),
        Err(error) => panic!("{error}"),
    };
    let errors = problems["problems"].as_array().unwrap().iter();
    let errors = errors.filter(|told| told["severity"] == "error");
    errors.map(|told| format!("{}: {}", told["line"], told["message"].as_str().unwrap())).collect()
}

#[test]
fn a_definition_that_the_rules_cannot_follow_is_refused() {
    let percent = "in % and has no tolerance";
    let zero = "a tolerance in percent of it is 0";
    let bands = "`equal_bands` needs two or more edges";
    let cases = [
        ("{ nature: flow, cumulative: quarter, target: 9 }", None),
        ("{ nature: ratio, cumulative: quarter, target: 9 }", None),
        ("{ nature: level, cumulative: quarter, target: 9 }", Some("a level does not add up")),
        ("{ nature: event, cumulative: fiscal_year }", Some("an event does not add up")),
        ("{ nature: flow, scoring: { minmax: { min: 5, max: 6 } } }", None),
        ("{ nature: flow, scoring: { minmax: { min: 5, max: 5 } } }", Some("are the same")),
        ("{ nature: flow, scoring: { progress: { baseline: 5, goal: 5 } } }", Some("are the same")),
        ("{ nature: flow, scoring: { equal_bands: [0, 5, 7] } }", None),
        ("{ nature: flow, scoring: { equal_bands: [7, 5, 0] } }", None),
        ("{ nature: flow, scoring: { equal_bands: [10, 5, 7] } }", Some(bands)),
        ("{ nature: flow, scoring: { equal_bands: [5, 5] } }", Some(bands)),
        ("{ nature: flow, scoring: { equal_bands: [5] } }", Some(bands)),
        ("{ nature: flow, scoring: { equal_bands: [] } }", Some(bands)),
        (
            "{ nature: ratio, unit: '%', target: [{ from: 2026-01, target: 9, tolerance: 3 }] }",
            None,
        ),
        ("{ nature: ratio, unit: '%', target: [{ from: 2026-01, target: 9 }] }", Some(percent)),
        ("{ nature: ratio, unit: '%', target: { band: { low: 3, high: 5 } } }", None),
        ("{ nature: ratio, unit: '%', target: { maintain: 99.9 } }", Some(percent)),
        ("{ nature: ratio, unit: '%', target: { maintain: 99.9 }, tolerance: 1 }", None),
        ("{ nature: flow, target: [{ target: 9, tolerance: -3 }] }", Some("it must be 0 or more")),
        (
            "{ nature: flow, green_tolerance: 3, target: [{ target: 9, tolerance: 2 }] }",
            Some("red would begin inside green"),
        ),
        ("{ nature: flow, target: 0, tolerance: 3 }", None),
        ("{ nature: flow, target: 0, tolerance: 3, green_tolerance: 5% }", Some(zero)),
        ("{ nature: flow, target: { maintain: 0 } }", Some(zero)),
        ("{ nature: flow, target: { maintain: 0 }, tolerance_floor: 2 }", None),
        ("{ nature: ratio, shared: [s/a], aggregate: avg }", Some("a `shared` ratio is the sum")),
        ("{ nature: ratio, shared: [s/a] }", None),
    ];
    for (kpi, expected) in cases {
        let told = told_of(kpi);
        match expected {
            None => assert_eq!(told, Vec::<String>::new(), "{kpi}"),
            Some(expected) => {
                let there = |told: &String| told.starts_with("7: ") && told.contains(expected);
                assert!(told.len() == 1 && told.iter().all(there), "{kpi}: {told:?}");
            }
        }
    }
}

/// Checks a scorecard beside another one of which it uses KPIs.
fn told_of_two(own: &str, other: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), "calendar: { timezone: UTC }\n").unwrap();
    for (id, kpis) in [("a", own), ("b", other)] {
        let text = format!(
            "scorecard: {id}\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}"
        );
        fs::write(folder.path().join(format!("scorecards/{id}.yaml")), text).unwrap();
    }
    match load(&folder.path().join("kpid.yaml"), Secrets::Unused) {
        Ok(_) => Vec::new(),
        Err(LoadError::Problems(problems)) => {
            let problems = problems.to_json();
            let errors = problems["problems"].as_array().unwrap().iter();
            let errors = errors.filter(|told| told["severity"] == "error");
            errors.map(|told| told["message"].as_str().unwrap().to_owned()).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_is_put_together_is_alike_or_refused() {
    let kpi = |id: &str, what: &str| format!("          {id}: {{ {what} }}\n");
    let cases = [
        ("nature: flow, unit: kEUR, shared: [b/x]", "nature: flow, unit: kEUR", None),
        ("nature: flow, unit: kEUR, shared: [b/x]", "nature: flow", None),
        (
            "nature: flow, unit: kEUR, shared: [b/x]",
            "nature: flow, unit: EUR",
            Some("`a/k` adds up `b/x`, which is in `EUR`, and is in `kEUR` itself"),
        ),
        (
            "nature: flow, shared: [b/x]",
            "nature: level",
            Some("which is a level, and is a flow itself"),
        ),
        (
            "nature: flow, shared: [b/x]",
            "nature: flow, period: quarter",
            Some("which has a figure a quarter, and has one a month itself"),
        ),
        (
            "nature: ratio, unit: '%', tolerance: 1, target: 9, shared: [b/x]",
            "nature: ratio, unit: '%', scale: 1",
            Some("whose `scale` is 1, and its own is 100"),
        ),
        (
            "nature: flow, target: 9, shared: [b/x]",
            "nature: flow, target: 9, direction: lower",
            Some("for which the other direction is better"),
        ),
        ("nature: flow, target: 9, direction: lower, shared: [b/x]", "nature: flow", None),
        (
            "nature: flow, formula: b/x + 1",
            "nature: flow, period: week",
            Some("is made of `b/x`, which has a figure a week"),
        ),
        ("nature: flow, unit: kEUR, formula: own + b/x", "nature: flow, unit: kEUR", None),
        (
            "nature: flow, unit: kEUR, formula: own + b/x",
            "nature: flow, unit: pcs",
            Some("`a/k` adds or compares `own` in `kEUR` and `b/x` in `pcs`"),
        ),
        (
            "nature: flow, unit: kEUR, formula: 'if(own > b/x, 1, 2)'",
            "nature: flow, unit: pcs",
            Some("adds or compares `own` in `kEUR` and `b/x` in `pcs`"),
        ),
        (
            "nature: flow, unit: kEUR, formula: 'max(own, b/x * 1000)'",
            "nature: flow, unit: MEUR",
            None,
        ),
        ("nature: flow, unit: EUR, formula: 'own / b/x'", "nature: flow, unit: pcs", None),
        (
            "nature: flow, unit: EUR, formula: 'coalesce(b/x, 3)'",
            "nature: flow, unit: kEUR",
            Some("`a/k` is in `EUR`, and its formula comes out in `kEUR` of `b/x`"),
        ),
        (
            "nature: flow, unit: kEUR, target: { relative: { to: { kpi: b/x } } }",
            "nature: flow, unit: EUR",
            Some("is compared with `b/x`, which is in `EUR`"),
        ),
        (
            "nature: flow, target: { relative: { to: { kpi: b/x } } }",
            "nature: flow, period: day",
            Some("is compared with `b/x`, which has a figure a day"),
        ),
        (
            "nature: flow, unit: EUR, target: { relative: { to: { kpi: b/x } } }",
            "nature: level, unit: EUR",
            None,
        ),
    ];
    for (own, other, expected) in cases {
        let own = format!("{}{}", kpi("own", "nature: flow, unit: kEUR"), kpi("k", own));
        let told = told_of_two(&own, &kpi("x", other));
        match expected {
            None => assert_eq!(told, Vec::<String>::new(), "{own}{other}"),
            Some(expected) => {
                assert!(told.len() == 1 && told[0].contains(expected), "{own}{other}: {told:?}");
            }
        }
    }
}

#[test]
fn a_life_is_from_a_first_period_until_a_last_one() {
    let ends = "`k` ends with 2026-05 and begins with 2026-06";
    for (kpi, expected) in [
        ("{ nature: flow, from: 2026-05, until: 2026-05 }", None),
        ("{ nature: flow, from: 2026-06, until: 2026-05 }", Some(ends)),
        ("{ nature: flow, until: 2026-W05 }", Some("`2026-W05` is no")),
        ("{ nature: flow, from: soon }", Some("soon")),
    ] {
        let told = told_of(kpi);
        assert_eq!(told.is_empty(), expected.is_none(), "{kpi}: {told:?}");
        assert!(expected.is_none_or(|expected| told[0].contains(expected)), "{kpi}: {told:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever is cut out of, or put into, a file: problems, never a panic.
    #[test]
    fn no_edit_of_a_file_makes_it_panic(at in 0.0..1.0_f64, cut in 0_usize..40, put in "[ -~\\n]{0,12}") {
        let sample = include_str!("../../src/cli/init/scorecards/example.yaml");
        let from = (at * sample.len() as f64) as usize;
        let to = (from + cut).min(sample.len());
        prop_assume!(sample.is_char_boundary(from) && sample.is_char_boundary(to));
        let edited = format!("{}{put}{}", &sample[..from], &sample[to..]);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scorecards")).unwrap();
        let daemon = include_str!("../../src/cli/init/kpid.yaml");
        fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
        fs::write(folder.path().join("scorecards/example.yaml"), edited).unwrap();
        if let Err(error) = load(&folder.path().join("kpid.yaml"), Secrets::Unused) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn a_connection_without_its_secret_is_told_once_and_not_by_whoever_names_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    let daemon = "calendar: { timezone: UTC }
connections: { desk: { http: { base_url: https://desk.example, auth: { bearer: { file: gone } } } } }
channels: { ops: { webhook: { url: https://hooks.example, secret: { file: gone } } } }
";
    let scorecard = "scorecard: acme
perspectives:
  customer:
    alert: { to: [ops] }
    objectives:
      answer:
        kpis:
          nps:
            nature: level
            target: 40
            schedule: { every: 6h }
            source: { http: { from: desk, get: nps, value: $.score } }
";
    fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
    fs::write(folder.path().join("scorecards/acme.yaml"), scorecard).unwrap();
    let Err(LoadError::Problems(problems)) =
        load(&folder.path().join("kpid.yaml"), Secrets::Needed)
    else {
        panic!("its secrets are not there")
    };
    let told: Vec<&str> = problems.found.iter().map(|held| held.message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|message| message.starts_with("cannot read the secret")), "{told:?}");
}

#[tokio::test]
async fn figures_tell_of_a_tolerance_that_chance_crosses_and_of_trouble_nobody_works_on() {
    let config = "store: kpid.db\ncalendar: { timezone: Europe/Amsterdam }\n";
    let scorecard = "scorecard: acme
perspectives:
  money:
    objectives:
      earn:
        kpis:
          revenue: { nature: flow, unit: kEUR, target: 120, tolerance: 3, empty: missing }
";
    let kpid = crate::world::kpid::Kpid::new(config, scorecard);
    let untold = kpid.run(&["check"]).await;
    assert!(!untold.stdout.contains("by chance"), "{}", untold.stdout);
    let mut rows = "kpi,period,value\n".to_owned();
    let mut period = kpid_rules::model::Period::parse("2026-10").unwrap();
    for at in 0..24 {
        let value = if at % 2 == 0 { 90 } else { 110 };
        rows.push_str(&format!("acme/revenue,{period},{value}\n"));
        period = period.previous();
    }
    std::fs::write(kpid.folder().join("rows.csv"), rows).unwrap();
    let path = kpid.folder().join("rows.csv");
    let ran = kpid.run(&["import", path.to_str().unwrap()]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said = kpid.run(&["check"]).await;
    assert_eq!(said.code, Some(0), "a warning is no problem");
    let narrow = "scorecards/acme.yaml:7:11: warning: acme/revenue has a tolerance of 3 kEUR, narrower than its usual variation of 53.2 kEUR";
    assert!(said.stdout.contains(narrow), "{}", said.stdout);
    let told = kpid.run(&["check", "--format", "json"]).await.stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let held = told["held"].as_array().unwrap();
    let revenue = held.iter().find(|held| held["scope"] == "acme/revenue").unwrap();
    assert_eq!((revenue["line"].as_u64(), revenue["column"].as_u64()), (Some(7), Some(11)));
    assert!(revenue["file"].as_str().unwrap().ends_with("scorecards/acme.yaml"), "{revenue}");
    let trouble = held.iter().find(|held| held["scope"] == "acme/money/earn").unwrap();
    assert_eq!(trouble["line"], 5, "{trouble}");
}
