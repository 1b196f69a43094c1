//! The links of the documentation lead somewhere: to a file that is there, and to a heading in it.

use std::{collections::BTreeSet, fs, path::Path};

use super::{assert_none, root};

/// Everything that people read first.
fn pages() -> Vec<String> {
    let patterns = ["*.md", "docs/**/*.md"];
    let found = patterns.iter().flat_map(|pattern| {
        glob::glob(&format!("{}/{pattern}", root().display())).unwrap().map(Result::unwrap)
    });
    found.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect()
}

/// A page's lines outside of its blocks of code.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The anchors that a page's headings have.
fn anchors(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    let headings = lines(&text).filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// Where the links of a line lead.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for target in lines(&text).flat_map(targets).filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let from = root().join(&page);
            let to = if file.is_empty() { from } else { from.parent().unwrap().join(file) };
            let is_there = to.exists() && (anchor.is_empty() || anchors(&to).contains(anchor));
            if !is_there {
                dead.push(format!("{page}: {target}"));
            }
        }
    }
    assert_none(&dead, "a link leads to a file and a heading that are there");
}

#[test]
fn every_decision_is_in_the_index() {
    let index = fs::read_to_string(root().join("docs/decisions/README.md")).unwrap();
    let listed: BTreeSet<&str> = lines(&index).flat_map(targets).collect();
    let names = pages().into_iter().filter_map(|page| {
        page.strip_prefix("docs/decisions/").filter(|name| *name != "README.md").map(str::to_owned)
    });
    let missing: Vec<String> = names.filter(|name| !listed.contains(name.as_str())).collect();
    assert_none(&missing, "docs/decisions/README.md lists every page");
}
