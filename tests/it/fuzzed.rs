//! The corpus that the fuzzers kept, thrown again: what once found something, or went somewhere new.

#[expect(unreachable_pub, reason = "the package of the fuzzers shows them")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::{fs, path::Path};

/// How many inputs of a target were thrown.
fn throw(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let inputs = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = inputs.map(|input| input.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "{folder:?} holds {} inputs", paths.len());
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        // Who finds a panic below finds the input above it.
        let thrown = std::panic::catch_unwind(|| target(&bytes));
        assert!(thrown.is_ok(), "{} is not borne", path.display());
    }
}

#[test]
fn configurations_are_taken_or_refused_with_a_sentence() {
    throw("config", targets::config);
}

#[test]
fn scenarios_are_played_or_refused_with_a_sentence() {
    throw("scenario", targets::scenario);
}

#[test]
fn answers_of_apis_are_figures_or_a_sentence() {
    throw("json", targets::json);
}

#[test]
fn what_an_api_says_beside_its_answer_is_followed_or_a_sentence() {
    throw("headers", targets::headers);
}

#[test]
fn csv_files_are_figures_or_a_sentence() {
    throw("csv", targets::csv);
}

#[test]
fn answers_of_webhooks_settle_the_delivery() {
    throw("webhook", targets::webhook);
}

#[test]
fn requests_of_anybody_are_answered() {
    throw("incoming", targets::incoming);
}

#[test]
fn words_with_a_grammar_are_read_or_refused_with_a_sentence() {
    throw("words", targets::words);
}
