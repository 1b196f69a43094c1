//! What no compiler checks: who may import whom, where time, tasks and secrets come from, and that
//! the architecture's document says so too.

mod circles;
mod glossary;
mod links;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A longer file has more than one idea; the longest today is a list of a document's keys.
const LINES_MAX: usize = 650;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 6] = ["util", "common", "helper", "manager", "service", "types"];

/// Where our code is: the program, and a crate for each floor below it.
const CODE: [&str; 2] = ["src", "crates/*/src"];

/// What no crate of the rules may bring along.
const IO_CRATES: [&str; 7] = ["tokio", "sqlx", "axum", "hyper", "reqwest", "lettre", "tracing"];

/// A source file: its path below the workspace, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The module of its crate's root that it belongs to.
    fn module(&self) -> &str {
        let (_, below) = self.path.split_once("src/").unwrap();
        below.split(['/', '.']).next().unwrap()
    }

    /// Its lines without comments, numbered.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(at, line)| (at + 1, line))
    }

    /// Where its code contains one of these.
    fn places(&self, words: &[&str]) -> Vec<String> {
        self.code()
            .filter(|(_, line)| words.iter().any(|word| line.contains(word)))
            .map(|(at, line)| format!("{}:{at}: {}", self.path, line.trim()))
            .collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    let found = glob::glob(&format!("{}/{folder}/**/*.rs", root().display())).unwrap();
    let mut sources: Vec<Source> = found.map(|path| source(path.unwrap())).collect();
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    sources
}

fn code() -> Vec<Source> {
    CODE.iter().flat_map(|folder| sources(folder)).collect()
}

fn source(path: PathBuf) -> Source {
    let text = fs::read_to_string(&path).unwrap();
    let path = path.strip_prefix(root()).unwrap().display().to_string();
    Source { path, text }
}

/// The fenced block of the architecture's document with this name.
fn block(name: &str) -> String {
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (_, rest) = document.split_once(&format!("```{name}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

/// Nowhere but in files whose path begins with one of these.
fn only_in(allowed: &[&str], words: &[&str], rule: &str) {
    let elsewhere = code()
        .into_iter()
        .filter(|source| !allowed.iter().any(|place| source.path.starts_with(place)));
    let found: Vec<String> = elsewhere.flat_map(|source| source.places(words)).collect();
    assert_none(&found, rule);
}

/// The modules of the crate's root that a text mentions, with where.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let code: String = source.code().map(|(at, line)| format!("{line}\u{0}{at}\n")).collect();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let line = rest.split('\u{0}').nth(1).and_then(|rest| rest.split('\n').next());
        let line: usize = line.unwrap().parse().unwrap();
        let names = match rest.strip_prefix('{') {
            Some(group) => first_names(group),
            None => vec![word(rest)],
        };
        found.extend(names.into_iter().map(|name| (line, name)));
    }
    found
}

/// The names at the top of a group `{a, b::{c, d}, e}`, its opening brace cut off.
fn first_names(group: &str) -> Vec<String> {
    let mut names = vec![word(group.trim_start())];
    let mut depth = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                // The mark of the line's end, and its number, stand between two names.
                let rest =
                    group[at + 1..].trim_start_matches(|c: char| !c.is_alphabetic() && c != '}');
                names.push(word(rest));
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn word(text: &str) -> String {
    let text = text.trim_start_matches(|c: char| !c.is_alphabetic() && c != '}');
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// What a crate's modules import against the order of a block of the architecture's document.
fn against_the_order(block_name: &str, folder: &str) -> Vec<String> {
    let order = block(block_name);
    let floor_of: BTreeMap<&str, usize> = order
        .lines()
        .enumerate()
        .flat_map(|(floor, line)| line.split_whitespace().map(move |name| (name, floor)))
        .collect();
    let mut found = Vec::new();
    for source in sources(folder) {
        let module = source.module();
        if matches!(module, "lib" | "main") {
            continue;
        }
        let Some(floor) = floor_of.get(module) else {
            found.push(format!("{}: `{module}` stands on no floor", source.path));
            continue;
        };
        for (line, name) in imports(&source) {
            let is_below = floor_of.get(name.as_str()).is_none_or(|below| below > floor);
            if name != module && !is_below {
                found.push(format!("{}:{line}: `{module}` imports `{name}`", source.path));
            }
        }
    }
    found
}

#[test]
fn a_module_imports_only_from_floors_below() {
    let found =
        [against_the_order("floors", "src"), against_the_order("rooms", "crates/rules/src")];
    assert_none(&found.concat(), "docs/ARCHITECTURE.md says who may import whom");
}

#[test]
fn the_architecture_prints_the_tree_as_it_is() {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in code() {
        let (folder, file) = source.path.rsplit_once('/').unwrap();
        folders.entry(folder.to_owned()).or_default().push(file.trim_end_matches(".rs").to_owned());
    }
    let tree: String = folders
        .into_iter()
        .map(|(folder, mut files)| {
            files.retain(|file| file != "mod");
            format!("{folder:<34} {}\n", files.join(" "))
        })
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    assert!(block("tree") == tree, "docs/ARCHITECTURE.md must print this tree:\n{tree}");
}

#[test]
fn only_one_place_asks_the_time_spawns_and_reads_the_environment() {
    let clocks = ["Utc::now", "Local::now", "SystemTime::now"];
    only_in(&["crates/clock/"], &clocks, "only the crate `clock` asks the time");
    let tasks = ["tokio::spawn", "task::spawn", "thread::spawn"];
    // Threads that only read what has come, for which a shutdown need not wait.
    let reading = "crates/sources/src/reading_worker.rs";
    only_in(&["src/app/", "src/engine/", reading], &tasks, "only app/ and engine/ spawn");
    let secrets = ["env::var"];
    only_in(
        &["crates/config/src/secret.rs"],
        &secrets,
        "only config's secret.rs reads the environment",
    );
}

#[test]
fn sql_is_only_where_it_belongs() {
    let homes = ["crates/store/", "crates/sources/src/sql/", "src/cli/demo/"];
    only_in(&homes, &["sqlx::query", "sqlx::raw_sql"], "SQL is in store and sources/sql");
}

#[test]
fn the_rules_are_pure() {
    let impure = ["tokio", "sqlx", "reqwest", "tracing", "std::fs", "std::io", "async "];
    let rules = sources("crates/rules/src");
    let found: Vec<String> = rules.iter().flat_map(|source| source.places(&impure)).collect();
    assert_none(&found, "the rules have no I/O, no async, no log");
}

#[test]
fn the_rules_bring_no_crate_that_reaches_the_world() {
    let arguments = ["tree", "--package", "kpid-rules", "--edges", "normal", "--prefix", "none"];
    let listed = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let seen: BTreeSet<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(seen.contains("chrono"), "the tree of kpid-rules is read: {seen:?}");
    let found: Vec<String> = IO_CRATES
        .iter()
        .filter(|name| seen.contains(**name))
        .map(|name| (*name).to_owned())
        .collect();
    assert_none(&found, "the rules are built without these");
}

#[test]
fn a_file_says_what_it_is_and_has_one_idea() {
    let mut found = Vec::new();
    for source in code().into_iter().chain(sources("tests")) {
        if !source.text.starts_with("//!") {
            found.push(format!("{}: does not open with a line that says what it is", source.path));
        }
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            found.push(format!("{}: {lines} lines", source.path));
        }
        let name = Path::new(&source.path).file_stem().unwrap().to_str().unwrap();
        if EMPTY_NAMES.iter().any(|empty| name.trim_end_matches('s') == empty.trim_end_matches('s'))
        {
            found.push(format!("{}: a name that says nothing", source.path));
        }
    }
    assert_none(&found, "a file is of one idea");
}

#[test]
fn nothing_is_left_open_or_silenced() {
    // Put together here, so that this file does not find itself.
    let words = ["allow", "todo!", "unimplemented!", "dbg!"].map(|word| format!("{word}("));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found: Vec<String> = code()
        .iter()
        .chain(&sources("tests"))
        .flat_map(|source| source.places(&words))
        .filter(|place| !place.contains("_allow("))
        .collect();
    assert_none(&found, "silence a lint by `expect` with a reason, finish what is begun");
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let found = glob::glob(&format!("{}/migrations/sqlite/*.sql", root().display())).unwrap();
    let mut names: Vec<String> =
        found.map(|path| path.unwrap().file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    assert!(!names.is_empty());
    for (at, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", at + 1)), "{name} is out of line");
    }
}

#[test]
fn no_path_of_a_workplace_is_tracked() {
    let listed = Command::new("git").arg("ls-files").current_dir(root()).output().unwrap();
    let place = ["/wo", "rk/"].concat();
    let found: Vec<String> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .filter(|path| {
            let bytes = fs::read(root().join(path)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(&place)
        })
        .map(str::to_owned)
        .collect();
    assert_none(&found, "somebody's own paths are nobody else's");
}
