//! How `kpid check` lists what it found: of one kind of warning a few.

use std::{collections::BTreeMap, fmt::Write as _};

use kpid_config::{problem::Severity, problems::Problems};
use kpid_message::wording::plural;

/// So many warnings of one kind are shown.
const SHOWN_OF_A_KIND: usize = 3;

/// All errors, the first few warnings of each kind, and a line for each kind that has more.
pub(super) fn folded(problems: Problems) -> (Problems, String) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for problem in problems.found {
        if problem.severity == Severity::Warning {
            let count = counts.entry(kind(&problem.message)).or_default();
            *count += 1;
            if *count > SHOWN_OF_A_KIND {
                continue;
            }
        }
        kept.push(problem);
    }
    let mut more = String::new();
    for (kind, count) in counts {
        if let Some(hidden @ 1..) = count.checked_sub(SHOWN_OF_A_KIND) {
            let _ = writeln!(more, "and {} like this: {kind}", plural(hidden, "more warning"));
        }
    }
    if !more.is_empty() {
        more.push_str("`kpid check --all` shows them\n");
    }
    (Problems { found: kept, ..problems }, more)
}

/// A message without what it names: what is in quotes, paths of ids, and numbers.
fn kind(message: &str) -> String {
    let mut kind = String::new();
    let mut is_quoted = false;
    for word in message.split_inclusive(' ') {
        let (text, space) = word.strip_suffix(' ').map_or((word, ""), |text| (text, " "));
        let begins = text.starts_with('`') || text.starts_with('"');
        let ends = text.trim_end_matches([',', ';', ':', '.']).ends_with(['`', '"']);
        let is_name = is_quoted
            || begins
            || text.contains('/')
            || text.starts_with(|first: char| first.is_ascii_digit());
        is_quoted = if begins { !ends || text.len() == 1 } else { is_quoted && !ends };
        match is_name {
            true if kind.trim_end().ends_with('…') => {}
            true => {
                let _ = write!(kind, "…{space}");
            }
            false => kind.push_str(word),
        }
    }
    kind.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_one_kind_are_told_by_their_words_without_names() {
        for (message, wanted) in [
            ("`nps` has no `description`", "… has no …"),
            (
                "calder/nps has a tolerance of 3 points, narrower than its usual variation of 5.78 points",
                "… has a tolerance of … points, narrower than its usual variation of … points",
            ),
            ("\"Net promoter score\" is alone", "… is alone"),
        ] {
            assert_eq!(kind(message), wanted);
        }
    }
}
