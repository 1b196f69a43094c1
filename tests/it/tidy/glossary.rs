//! The glossary keeps up with the code: what a term is called there exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::root;

/// What stands above every table of the glossary.
const HEAD: &str = "| term | meaning | in the code |";

/// What a declaration of a type can begin with, after its visibility.
const DECLARATIONS: [&str; 4] = ["struct ", "enum ", "trait ", "type "];

/// All source files of the program, in whichever crate they are.
fn files() -> Vec<String> {
    let patterns = ["src/**/*.rs", "crates/*/src/**/*.rs"];
    let found = patterns.iter().flat_map(|pattern| {
        glob::glob(&format!("{}/{pattern}", root().display())).unwrap().map(Result::unwrap)
    });
    found.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect()
}

/// The types that more than one module can see.
fn types(path: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let declared = text.lines().filter_map(|line| {
        let (visibility, rest) = line.trim_start().split_once(' ')?;
        let rest = DECLARATIONS.iter().find_map(|word| rest.strip_prefix(word))?;
        let name = rest.split(|letter: char| !letter.is_alphanumeric()).next()?;
        visibility.starts_with("pub").then(|| name.to_owned())
    });
    declared.collect()
}

/// The crate that a file is of: a folder of `crates/`, or the program.
fn crate_of(path: &str) -> &str {
    path.strip_prefix("crates/").and_then(|path| path.split('/').next()).unwrap_or("kpid")
}

/// The types of a file outside of its functions and tests, whoever can see them.
fn types_of_module(path: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let declared = text.lines().filter_map(|line| {
        let line = match line.strip_prefix("pub") {
            Some(rest) => rest.split_once(' ')?.1,
            None => line,
        };
        let rest = DECLARATIONS.iter().find_map(|word| line.strip_prefix(word))?;
        Some(rest.split(|letter: char| !letter.is_alphanumeric()).next()?.to_owned())
    });
    declared.collect()
}

/// The modules that a file makes: itself, or the folder whose root it is.
fn module(path: &str) -> String {
    let path = Path::new(path);
    let named = if path.ends_with("mod.rs") { path.parent().unwrap() } else { path };
    named.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Term and name in the code of every row.
fn rows() -> Vec<(String, String)> {
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).unwrap();
    let mut rows = Vec::new();
    for line in glossary.lines().filter(|line| line.starts_with("| ") && *line != HEAD) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [term, _meaning, code] = cells[..] else { panic!("a row has three cells: {line}") };
        let name = code.strip_prefix('`').and_then(|code| code.strip_suffix('`'));
        let name = name.filter(|name| !name.contains('`'));
        let name = name.unwrap_or_else(|| panic!("a row names one type or module: {line}"));
        rows.push((term.to_owned(), name.to_owned()));
    }
    rows
}

#[test]
fn each_term_of_the_glossary_names_a_type_or_module() {
    let files = files();
    let mut known: BTreeSet<String> = files.iter().map(|path| module(path)).collect();
    known.extend(files.iter().flat_map(|path| types(path)));
    let missing: Vec<_> = rows().into_iter().filter(|(_, name)| !known.contains(name)).collect();
    assert!(missing.is_empty(), "docs/glossary.md names what is not in the code: {missing:?}");
}

#[test]
fn a_term_has_one_row_of_the_glossary() {
    let mut seen = BTreeSet::new();
    let rows = rows();
    assert!(rows.len() > 50, "only {} rows were read", rows.len());
    let twice: Vec<_> = rows.into_iter().filter(|(term, _)| !seen.insert(term.clone())).collect();
    assert!(twice.is_empty(), "docs/glossary.md explains these twice: {twice:?}");
}

#[test]
fn no_two_types_of_one_crate_share_a_name() {
    let mut places: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for path in files() {
        for name in types_of_module(&path) {
            places.entry((crate_of(&path).to_owned(), name)).or_default().push(path.clone());
        }
    }
    assert!(places.len() > 500, "only {} types were read", places.len());
    // Every command calls its own arguments so, as clap does.
    places.retain(|(_, name), paths| paths.len() > 1 && name != "Arguments");
    assert!(places.is_empty(), "one name, one meaning: {places:#?}");
}
