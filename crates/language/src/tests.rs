//! Every language says everything, and says it as its readers write it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use chrono::{NaiveDate, TimeZone};
use kpid_rules::model::Period;

use fluent_bundle::FluentResource;

use super::*;
use crate::catalogue::LOCALES;

fn german() -> &'static Language {
    language("de").unwrap()
}

/// The messages of each file, with the values that each names.
fn messages() -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let read = |file: &include_dir::File<'_>| {
        let text = file.contents_utf8().unwrap();
        FluentResource::try_new(text.to_owned()).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
        let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in text.lines() {
            if let Some((name, _)) =
                line.split_once(" = ").filter(|_| !line.starts_with([' ', '#']))
            {
                name.clone_into(&mut key);
                assert!(
                    messages.insert(key.clone(), BTreeSet::new()).is_none(),
                    "`{key}` is there twice"
                );
            }
            for part in line.split('$').skip(1) {
                let end = part.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(part.len());
                messages.get_mut(&key).unwrap().insert(part[..end].to_owned());
            }
        }
        messages
    };
    let name = |file: &include_dir::File<'_>| file.path().display().to_string();
    LOCALES.files().map(|file| (name(file), read(file))).collect()
}

#[test]
fn every_language_says_everything_with_the_same_values() {
    let all = messages();
    let english = &all["en.ftl"];
    assert!(all.len() >= 2 && english.len() > 100);
    for (file, messages) in &all {
        let missing: Vec<_> = english.keys().filter(|key| !messages.contains_key(*key)).collect();
        let unknown: Vec<_> = messages.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "{file}: {missing:?} {unknown:?}");
        for (key, values) in messages {
            assert_eq!(values, &english[key], "{file}: the values of `{key}`");
        }
    }
}

/// The sources that ask for texts.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_text_is_asked_for_and_every_text_asked_for_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut code = String::new();
    for folder in ["crates", "src"] {
        sources(&root.join(folder), &mut code);
    }
    let all = messages();
    // States of deliveries are asked for by the words of the store.
    let is_asked = |key: &str| code.contains(&format!("\"{key}\"")) || key.starts_with("delivery-");
    let idle: Vec<_> = all["en.ftl"].keys().filter(|key| !is_asked(key)).collect();
    assert!(idle.is_empty(), "nothing says {idle:?}");
    let mut absent = BTreeSet::new();
    for part in code.split(".text(\"").skip(1) {
        let key = part.split('"').next().unwrap();
        if !all["en.ftl"].contains_key(key) {
            absent.insert(key);
        }
    }
    for part in code.split("text!(").skip(1) {
        let rest = part.split_once('"').map_or("", |(_, rest)| rest);
        let key = rest.split('"').next().unwrap();
        if key.len() < 40 && !key.contains(' ') && !all["en.ftl"].contains_key(key) {
            absent.insert(key);
        }
    }
    assert!(absent.is_empty(), "asked for, and not there: {absent:?}");
}

#[test]
fn numbers_are_written_as_their_reader_writes_them() {
    for (plain, in_english, in_german) in [
        ("1234.5", "1234.5", "1234,5"),
        ("12345.6", "12,345.6", "12.345,6"),
        ("-1234567", "\u{2212}1,234,567", "\u{2212}1.234.567"),
        ("+0.5", "+0.5", "+0,5"),
        ("100", "100", "100"),
        ("1e9", "1e9", "1e9"),
        ("", "", ""),
        ("-", "-", "-"),
    ] {
        assert_eq!(english().number(plain), in_english);
        assert_eq!(german().number(plain), in_german);
    }
    assert_eq!(english().amount("95", Some("%")), "95\u{a0}%");
}

#[test]
fn days_and_periods_are_called_what_people_call_them() {
    let day = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
    assert_eq!(english().day(day), "9 March 2026");
    assert_eq!(german().day(day), "9. März 2026");
    let at = chrono_tz::Europe::Berlin.with_ymd_and_hms(2026, 3, 9, 7, 5, 0).unwrap();
    assert_eq!(english().instant(at), "9 March 2026, 07:05");
    assert_eq!(german().instant(at), "9. März 2026, 07:05 Uhr");
    for period in ["2026-05", "2026-W22", "2026-05-31", "FY2027-Q1", "FY2027-H1", "FY2027"] {
        let period = Period::parse(period).unwrap();
        assert_eq!(english().period(period), period.label(), "the board and mails say the same");
    }
    assert_eq!(german().period(Period::Month(2026, 5)), "Mai 2026");
    assert_eq!(german().period_short(Period::Month(2026, 9)), "Sept. 26");
}

#[test]
fn a_reader_gets_the_language_that_is_chosen_or_asked_for() {
    for (chosen, accepted, code) in [
        (Some("de"), Some("en"), "de"),
        (None, Some("de-AT,de;q=0.9,en;q=0.5"), "de"),
        (None, Some("fr,en;q=0.7,de;q=0.3"), "en"),
        (None, Some("fr"), "en"),
        (Some("xx"), Some("de"), "de"),
        (None, Some(";;;q=,\u{0}"), "en"),
        (None, None, "en"),
    ] {
        assert_eq!(negotiated(chosen, accepted).code(), code, "{chosen:?} {accepted:?}");
    }
}

#[test]
fn plural_forms_follow_the_number() {
    let count = |language: &'static Language, count: usize| {
        text!(language, "home-scorecards", count = count)
    };
    assert_eq!(count(english(), 1), "One scorecard");
    assert_eq!(count(german(), 3), "3 Scorecards");
}
