//! No file imports one that imports it, also not by way of others. What tests import does not count.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, assert_none, code};

/// The files of a crate by the path of their module, the root's being empty.
type Files = BTreeMap<Vec<String>, Source>;

/// By file, the files that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// The crate of a file, and the path of its module; none of a binary's root, which nobody imports.
fn module(path: &str) -> Option<(String, Vec<String>)> {
    let (of, below) = path.split_once("src/")?;
    let mut names: Vec<String> = below.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    match names.last().map(String::as_str) {
        Some("main") => return None,
        Some("lib" | "mod") => drop(names.pop()),
        _ => {}
    }
    Some((of.to_owned(), names))
}

/// Its code without comments, up to its tests.
fn untested(source: &Source) -> String {
    let lines = source.code().map(|(_, line)| line.split(" // ").next().unwrap());
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let ends = ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\npub(crate) mod tests {"];
    let end = ends.iter().filter_map(|begin| code.find(begin)).min();
    code[..end.unwrap_or(code.len())].to_owned()
}

/// The paths that a tree such as `a::{b, c::{d, e}}` stands for.
fn expanded(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap().to_owned()];
    };
    let group = group.strip_suffix('}').unwrap();
    let (mut depth, mut begin, mut parts) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[begin..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty()).flat_map(expanded);
    parts.map(|part| format!("{before}{part}")).collect()
}

/// What a file imports, and what it names by its whole path.
fn paths(code: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), String::new());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let words = line.trim_start();
        let public = words.strip_prefix("pub").and_then(|words| words.split_once(' '));
        let import = public.map_or(words, |(_, words)| words).strip_prefix("use ");
        let Some(import) = import else {
            rest.extend([line, "\n"]);
            continue;
        };
        let mut tree = import.to_owned();
        while !tree.ends_with(';') {
            tree.extend([" ", lines.next().unwrap().trim()]);
        }
        found.extend(expanded(tree.trim_end_matches(';')));
    }
    for (at, _) in rest.match_indices("crate::") {
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        found.push(rest[at..].chars().take_while(|c| is_path(*c)).collect());
    }
    found
}

/// The module of a crate that a path leads into.
fn resolved(files: &Files, from: &[String], path: &str) -> Option<Vec<String>> {
    let names: Vec<String> = path.split("::").map(|name| name.trim().to_owned()).collect();
    let (first, rest) = names.split_first()?;
    let mut module = match first.as_str() {
        "crate" => rest.to_vec(),
        "self" => [from, rest].concat(),
        "super" => [&from[..from.len().checked_sub(1)?], rest].concat(),
        _ => {
            let child = [from, std::slice::from_ref(first)].concat();
            files.contains_key(&child).then(|| [from, &names].concat())?
        }
    };
    while !files.contains_key(&module) {
        module.pop()?;
    }
    Some(module)
}

fn imports(files: &Files) -> Imports {
    let of = |(module, source): (&Vec<String>, &Source)| {
        let paths = paths(&untested(source));
        let into = paths.iter().filter_map(|path| resolved(files, module, path));
        let others = into.filter(|into| into != module);
        (source.path.clone(), others.map(|into| files[&into].path.clone()).collect())
    };
    files.iter().map(of).collect()
}

/// What is left where every file goes that imports none of the others, or that none imports.
fn circles(mut imports: Imports) -> Imports {
    loop {
        let before = imports.len();
        let imported: BTreeSet<String> = imports.values().flatten().cloned().collect();
        imports.retain(|file, of| !of.is_empty() && imported.contains(file));
        let left: BTreeSet<String> = imports.keys().cloned().collect();
        imports.values_mut().for_each(|of| of.retain(|file| left.contains(file)));
        if imports.len() == before {
            return imports;
        }
    }
}

#[test]
fn no_two_files_import_each_other() {
    let mut crates: BTreeMap<String, Files> = BTreeMap::new();
    for source in code() {
        if let Some((of, module)) = module(&source.path) {
            crates.entry(of).or_default().insert(module, source);
        }
    }
    let imports: Vec<Imports> = crates.values().map(imports).collect();
    let count: usize = imports.iter().flat_map(BTreeMap::values).map(BTreeSet::len).sum();
    assert!(count > 1_000, "only {count} imports were seen");
    let found = imports.into_iter().flat_map(circles).map(|(file, of)| {
        let of: Vec<String> = of.into_iter().collect();
        format!("{file} imports {}", of.join(" and "))
    });
    assert_none(&found.collect::<Vec<_>>(), "move what both need into a file of its own");
}

#[test]
fn a_circle_is_found_however_it_is_written_and_a_line_is_none() {
    let source = |(path, text): (&str, &str)| {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        (module(path).unwrap().1, source)
    };
    let found = |texts: &[(&str, &str)]| {
        let files: Files = texts.iter().copied().map(source).collect();
        circles(imports(&files)).into_keys().collect::<Vec<_>>()
    };
    let line = [
        ("src/lib.rs", "//! A crate.\n\nmod a;\nmod b;\n\npub use a::A;\n"),
        ("src/a.rs", "use crate::{b::{self, B}};\n"),
        ("src/b.rs", "// use crate::a::A;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n"),
    ];
    assert_eq!(found(&line), [] as [&str; 0]);
    for back in [
        "use crate::a::A;\n",
        "//! B.\n\nuse std::{fmt, io};\n\nuse crate::{\n    a::{\n        A,\n        C,\n    },\n};\n",
        "pub(crate) use super::a::A as Other;\n",
        "fn b() -> u8 {\n    crate::a::A\n}\n",
    ] {
        let circle = [line[0], line[1], ("src/b.rs", back)];
        assert_eq!(found(&circle), ["src/a.rs", "src/b.rs"], "{back}");
    }
    let root = [line[0], ("src/a.rs", "use crate::B;\n"), ("src/b.rs", "")];
    assert_eq!(found(&root), ["src/a.rs", "src/lib.rs"], "the list of names counts too");
}
