//! A file as a stream of YAML documents, of which the first is read.

use crate::problem::{Place, Problem};

/// The first document, and where a second one begins. A mark before or after which nothing stands
/// begins none.
pub(crate) fn first_document(file: usize, text: &str) -> (&str, Option<Problem>) {
    let (mut start, mut has_content, mut end) = (0, false, None);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_end();
        let is_mark = is_mark(trimmed);
        if is_mark && has_content {
            end = end.or(Some(start));
        }
        let rest = if is_mark { trimmed[MARK_BYTES..].trim_start() } else { trimmed.trim_start() };
        if !rest.is_empty() && !rest.starts_with('#') && !is_directive(trimmed) {
            if let Some(end) = end {
                return (&text[..end], Some(second(Place::at(file, text, end))));
            }
            has_content = true;
        }
        start += line.len();
    }
    (&text[..end.unwrap_or(text.len())], None)
}

const MARK_BYTES: usize = 3;

/// `---` begins a document and `...` ends one, alone or before a blank.
fn is_mark(line: &str) -> bool {
    let rest = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// `%YAML 1.2`
fn is_directive(line: &str) -> bool {
    line.starts_with('%')
}

fn second(place: Place) -> Problem {
    let message = "a second YAML document begins here; kpid reads one per file";
    Problem::error(place, message).hint("put the second document in its own file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_begins_a_document_only_between_two_of_them() {
        for (text, first, second_at) in [
            ("a: 1\n", "a: 1\n", None),
            ("---\na: 1\n", "---\na: 1\n", None),
            ("%YAML 1.2\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n", None),
            ("# us\n\n--- # ours\na: 1\n", "# us\n\n--- # ours\na: 1\n", None),
            ("a: 1\n---\n", "a: 1\n", None),
            ("a: 1\n---\n# the end\n", "a: 1\n", None),
            ("a: 1\n...\n", "a: 1\n", None),
            ("a: 1\r\n---\r\n", "a: 1\r\n", None),
            ("a: 1\n---\nb: 2\n", "a: 1\n", Some(2)),
            ("a: 1\n...\n---\nb: 2\n---\nc: 3\n", "a: 1\n", Some(2)),
            ("a: |\n  x\n  ---\n  y\n", "a: |\n  x\n  ---\n  y\n", None),
            ("a: ---x\n---x: 1\n", "a: ---x\n---x: 1\n", None),
            ("a: 1\n--- {b: 2}\n", "a: 1\n", Some(2)),
        ] {
            let (found, problem) = first_document(0, text);
            assert_eq!(found, first);
            assert_eq!(problem.map(|problem| problem.place.line), second_at, "{text}");
        }
    }
}
