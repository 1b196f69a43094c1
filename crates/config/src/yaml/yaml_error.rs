//! What the YAML reader says, in words for authors: what does not fit, and the way out.

use serde_yaml::{Error, ExternalMessageSource, budget::BudgetBreach, granit_parser::ErrorKind};

use crate::yaml::limits::{DEPTH_MAX, NODES_MAX, REPEATED_MAX, SCALAR_BYTES_MAX};

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
        Error::ExternalMessage { source, .. } => match source.as_ref() {
            ExternalMessageSource::Parser(error) => of_syntax(error.kind()),
            _ => not_yaml(),
        },
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("the key `{key}` is here twice"), None)
        }
        Error::DuplicateMappingKey { key: None, .. } => ("a key is here twice".to_owned(), None),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            ("`<<` takes the alias of a map, or a list of such aliases".to_owned(), None)
        }
        Error::UnsupportedTag { tag, .. } | Error::TaggedStructFieldName { tag, .. } => (
            format!("kpid reads no tags such as `{tag}`"),
            Some("remove the tag, or put the value in quotes"),
        ),
        Error::Eof { .. } => ("the file ends in the middle of a value".to_owned(), None),
        _ => not_yaml(),
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
        "the file holds more than one YAML document; kpid reads one per file".to_owned(),
        Some("put the second document in its own file"),
    )
}

fn not_yaml() -> (String, Option<&'static str>) {
    ("this is not valid YAML".to_owned(), None)
}

/// Whether a mistake is a tab, of which the reader only knows that it was near.
pub(crate) fn is_tab(error: &Error) -> bool {
    let Error::ExternalMessage { source, .. } = error.without_snippet() else { return false };
    let ExternalMessageSource::Parser(error) = source.as_ref() else { return false };
    matches!(
        error.kind(),
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
    )
}

fn of_syntax(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (message, hint) = match kind {
        ErrorKind::UnclosedFlowCollection { open } => {
            return (format!("the `{open}` is never closed"), None);
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("a `{open}` is closed by `{close}`"), None);
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let character = character.escape_default();
            return (format!("a value cannot begin with `{character}`"), None);
        }
        ErrorKind::UnexpectedEofFlowSequence => ("a `[` is never closed", None),
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            ("a `{` is never closed", None)
        }
        ErrorKind::UnexpectedEof
        | ErrorKind::UnexpectedEofBlockSequence
        | ErrorKind::UnexpectedEofBlockMapping => ("the file ends in the middle of a value", None),
        ErrorKind::MisplacedFlowCollectionEnd => ("this bracket closes nothing", None),
        ErrorKind::ExpectedFlowMappingSeparator => ("a `,` or `}` is missing here", None),
        ErrorKind::ExpectedFlowSequenceSeparator => ("a `,` or `]` is missing here", None),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent => (
            "the indentation does not match the lines above",
            Some("indent this line as its neighbours are, with spaces"),
        ),
        ErrorKind::SimpleKeyExpected => {
            ("a `:` is missing after this key", Some("write `key: value`"))
        }
        ErrorKind::InvalidSimpleKey => {
            ("a key and its `:` must be on one line", Some("write `key: value`"))
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => {
            ("there is a tab in the indentation", Some("replace it with spaces"))
        }
        ErrorKind::CommentInterceptedScalar => ("a comment interrupts this value", None),
        ErrorKind::CommentNotSeparated => ("a space is missing before the `#`", None),
        ErrorKind::BlockEntryInFlowCollection
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::InvalidBlockEntryWhitespace => ("a list item cannot begin here", None),
        ErrorKind::UnclosedQuotedScalar => ("the quote is never closed", None),
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("there is more text after the closing quote", None)
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => (
            "`\\` in double quotes begins an escape, and YAML does not know this one",
            Some("write `\\\\` for a backslash, or use single quotes"),
        ),
        ErrorKind::InvalidFlowScalarIndent => {
            ("the indentation does not match the lines above", None)
        }
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::InvalidColonPlacement => {
            ("a `:` is not allowed here", Some("put a value that has a `:` in quotes"))
        }
        ErrorKind::UnknownAnchor => {
            ("this alias names an anchor that is not defined above it", None)
        }
        ErrorKind::MissingAnchorOrAliasName => ("the name of an anchor is missing here", None),
        _ => return not_yaml(),
    };
    (message.to_owned(), hint)
}
