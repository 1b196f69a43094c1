//! The examples of the manual of sources, as they stand there.

use std::fs;

/// The source of a KPI in the block of YAML that begins with this comment.
pub(crate) fn source(title: &str) -> String {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sources.md");
    let manual = fs::read_to_string(manual).unwrap();
    let block = manual.split("```yaml\n").find_map(|block| {
        let (first, rest) = block.split_once('\n')?;
        (first == format!("# {title}")).then(|| rest.split("```").next())?
    });
    let block = block.unwrap_or_else(|| panic!("docs/sources.md has no example `{title}`"));
    let lines = block.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let source = lines.trim().strip_prefix("source: {").and_then(|rest| rest.strip_suffix('}'));
    source.unwrap_or_else(|| panic!("`{title}` is no source: {lines}")).trim().to_owned()
}
