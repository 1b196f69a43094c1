//! What the YAML reader says, in words for authors: what does not fit, and the way out.

use serde_yaml::{Error, budget::BudgetBreach};

use crate::yaml::node::{DEPTH_MAX, NODES_MAX, REPEATED_MAX, SCALAR_BYTES_MAX};

/// The message, and the way out where the reader knows one.
pub(crate) fn words(error: &Error) -> (String, Option<&'static str>) {
    match error.without_snippet() {
        Error::Budget { breach, .. } => of_budget(breach),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => too_many_repeated(),
        Error::MultipleDocuments { .. } => second_document(),
        Error::UnknownAnchor { .. } => {
            ("this alias names an anchor that is not defined above it".to_owned(), None)
        }
        Error::AliasError { error, .. } => words(error),
        other => (of_reader(other), None),
    }
}

fn of_budget(breach: &BudgetBreach) -> (String, Option<&'static str>) {
    let split = Some("split the file: each scorecard may have one of its own");
    match breach {
        BudgetBreach::Documents { .. } => second_document(),
        BudgetBreach::Depth { .. } | BudgetBreach::InclusionDepth { .. } => (
            format!("this is nested more than {DEPTH_MAX} deep"),
            Some("check the indentation and the brackets; no key of kpid is that deep"),
        ),
        BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } => {
            (format!("the file has more than {NODES_MAX} keys and values"), split)
        }
        BudgetBreach::ScalarBytes { .. } | BudgetBreach::InputBytes { .. } => {
            (format!("the texts of the file have more than {SCALAR_BYTES_MAX} bytes"), split)
        }
        BudgetBreach::Aliases { .. }
        | BudgetBreach::Anchors { .. }
        | BudgetBreach::MergeKeys { .. }
        | BudgetBreach::AliasAnchorRatio { .. }
        | BudgetBreach::RecordedAnchorEvents { .. }
        | BudgetBreach::RecordedAnchorBytes { .. } => too_many_repeated(),
        BudgetBreach::SequenceUnbalanced => {
            ("a list or map ends here that did not begin".to_owned(), None)
        }
        _ => ("the file is larger than a configuration can be".to_owned(), split),
    }
}

fn too_many_repeated() -> (String, Option<&'static str>) {
    (
        format!("the aliases of the file stand for more than {REPEATED_MAX} keys and values"),
        Some("use smaller anchors, or split the file: each scorecard may have one of its own"),
    )
}

fn second_document() -> (String, Option<&'static str>) {
    (
        "the file holds more than one YAML document; a file holds one scorecard".to_owned(),
        Some("put the second into a file of its own"),
    )
}

/// The reader's own text repeats the place and draws the line; ours does that already.
fn of_reader(error: &Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or("this is not YAML");
    let message = match first.split_once(": ") {
        Some((head, rest)) if head.contains("line ") => rest,
        _ => first,
    };
    let message = message.split(" at line ").next().unwrap_or(message);
    // Advice for programmers of the reader is none for authors.
    message.split(", set DuplicateKeyPolicy").next().unwrap_or(message).to_owned()
}
