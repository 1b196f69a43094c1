//! The documentation keeps up with the program: every key of the files, and every command, is in it.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::Value;

fn kpid(arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_kpid")).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The names that a schema gives to keys, and to choices.
fn names(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            let keys = map.get("properties").and_then(Value::as_object);
            found.extend(keys.into_iter().flat_map(|keys| keys.keys().cloned()));
            let words =
                map.get("const").into_iter().chain(map.get("enum")).flat_map(|value| {
                    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
                });
            found.extend(words.filter_map(|word| word.as_str().map(str::to_owned)));
            map.values().for_each(|value| names(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).collect()
}

#[test]
fn every_key_and_choice_is_in_the_configuration_manual() {
    let manual = document("docs/configuration.md");
    let known = words(&manual);
    for kind in ["kpid", "scorecard"] {
        let schema: Value = serde_json::from_str(&kpid(&["schema", "--kind", kind])).unwrap();
        let mut found = BTreeSet::new();
        names(&schema, &mut found);
        assert!(found.len() > 20, "{kind}: {found:?}");
        let missing: Vec<_> = found.iter().filter(|name| !known.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "docs/configuration.md says nothing of {missing:?}");
    }
}

#[test]
fn every_command_is_in_the_readme() {
    let readme = document("README.md");
    let help = kpid(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed.take_while(|line| !line.is_empty()).filter_map(|line| {
        line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split(' ').next()
    });
    let missing: Vec<_> = names
        .filter(|name| *name != "help" && !readme.contains(&format!("| `kpid {name}")))
        .collect();
    assert!(missing.is_empty(), "README.md says nothing of {missing:?}");
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    kpid(&["man", folder.path().to_str().unwrap()]);
    for (page, says) in [("kpid.1", "balanced scorecard"), ("kpid-restore.1", "backup")] {
        let text = fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(says), "{page}: {text}");
    }
}

#[test]
fn every_test_that_the_traps_name_is_there() {
    let root = env!("CARGO_MANIFEST_DIR");
    let tops = ["src", "crates/*/src", "tests"];
    let files = tops.map(|top| glob::glob(&format!("{root}/{top}/**/*.rs")).unwrap());
    let code: String = files
        .into_iter()
        .flatten()
        .map(|file| fs::read_to_string(file.unwrap()).unwrap())
        .collect();
    let traps = document("docs/traps.md");
    let rows = traps.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut missing = Vec::new();
    for row in rows {
        let shown = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let tests: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{row}");
        missing.extend(tests.into_iter().filter(|test| !code.contains(&format!("fn {test}("))));
    }
    assert!(missing.is_empty(), "docs/traps.md names {missing:?}");
}
