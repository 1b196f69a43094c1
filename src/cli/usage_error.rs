//! A command line that cannot be read, in the reader's words.

use std::{error::Error as _, num::ParseIntError};

use clap::{
    Command,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

use crate::cli::failure::Failure;
use kpid_config::problem::on_one_line;

/// What is wrong with the arguments, and how to see what they should be.
pub(crate) fn failure(error: &Error, line: &Command, arguments: &[String]) -> Failure {
    let suggestions =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let meant = suggestions.into_iter().find_map(|kind| several(error, kind).into_iter().next());
    let hint = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`{} --help` shows {}", path(line, arguments), shown(error)),
    };
    Failure::new(on_one_line(&sentence(error))).hint(on_one_line(&hint))
}

/// A sentence that names the argument.
fn sentence(error: &Error) -> String {
    let one = |kind| several(error, kind).join(", ");
    let (argument, value) = (one(ContextKind::InvalidArg), one(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("`{argument}` needs a value"),
        ErrorKind::InvalidValue => {
            let known = one(ContextKind::ValidValue);
            format!("`{value}` is not a valid value of `{argument}`; it takes {known}")
        }
        ErrorKind::ValueValidation => match error.source() {
            Some(source) if source.is::<ParseIntError>() => {
                format!("`{value}` is not a valid value of `{argument}`; write a whole number")
            }
            Some(source) => format!("`{argument}`: {source}"),
            None => format!("`{value}` is not a valid value of `{argument}`"),
        },
        ErrorKind::UnknownArgument => format!("there is no argument `{argument}`"),
        ErrorKind::InvalidSubcommand => {
            format!("there is no command `{}`", one(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = several(error, ContextKind::InvalidArg);
            let missing: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            match missing.as_slice() {
                [one] => format!("{one} is missing"),
                _ => format!("{} are missing", missing.join(" and ")),
            }
        }
        ErrorKind::ArgumentConflict => {
            let other = one(ContextKind::PriorArg);
            if other == argument {
                format!("`{argument}` is given more than once")
            } else {
                format!("`{argument}` and `{other}` do not go together")
            }
        }
        _ => {
            let words = error.render().to_string();
            let words = words.strip_prefix("error: ").unwrap_or(&words);
            words.split("\n\n").next().unwrap_or(words).trim_end().to_owned()
        }
    }
}

fn shown(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidSubcommand => "the commands",
        _ => "the arguments",
    }
}

/// What the reader of the command line knows of its trouble.
fn several(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// The command that was meant, as far as it can be told: `kpid alerts ack`.
fn path(line: &Command, arguments: &[String]) -> String {
    let (mut path, mut command) = (line.get_name().to_owned(), line);
    for word in arguments {
        if let Some(known) = command.find_subcommand(word) {
            path = format!("{path} {}", known.get_name());
            command = known;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::CommandLine;

    #[test]
    fn what_is_wrong_is_one_sentence_that_names_the_argument_and_a_way_out() {
        for (line, text) in [
            (
                "import",
                "kpid: `<FILE.csv>` is missing\n  hint: `kpid import --help` shows the arguments\n",
            ),
            (
                "backfill",
                "kpid: `--from <P>` and `--to <P>` are missing\n  hint: `kpid backfill --help` shows the arguments\n",
            ),
            (
                "alerts unsilence nope",
                "kpid: `<ID>`: `nope` is not the number of a silence; `kpid alerts list` shows them\n  hint: `kpid alerts unsilence --help` shows the arguments\n",
            ),
            (
                "alerts ack a/b --due x",
                "kpid: `--due <DAY>`: `x` is not a day; write 2026-06-30\n  hint: `kpid alerts ack --help` shows the arguments\n",
            ),
            (
                "audit --limit x",
                "kpid: `x` is not a valid value of `--limit <N>`; write a whole number\n  hint: `kpid audit --help` shows the arguments\n",
            ),
            (
                "show --format yaml",
                "kpid: `yaml` is not a valid value of `--format <FORMAT>`; it takes text, json\n  hint: `kpid show --help` shows the arguments\n",
            ),
            (
                "show --format",
                "kpid: `--format <FORMAT>` needs a value\n  hint: `kpid show --help` shows the arguments\n",
            ),
            (
                "show --formt json",
                "kpid: there is no argument `--formt`\n  hint: did you mean `--format`?\n",
            ),
            ("sho", "kpid: there is no command `sho`\n  hint: did you mean `show`?\n"),
            ("zzz", "kpid: there is no command `zzz`\n  hint: `kpid --help` shows the commands\n"),
            (
                "show \u{1b}[2J x",
                "kpid: there is no argument `x`\n  hint: `kpid show --help` shows the arguments\n",
            ),
            (
                "\u{1b}[2J",
                "kpid: there is no command `\\u{1b}[2J`\n  hint: `kpid --help` shows the commands\n",
            ),
            (
                "outbox retry x --all",
                "kpid: `[ID]...` and `--all` do not go together\n  hint: `kpid outbox retry --help` shows the arguments\n",
            ),
            (
                "show --format json --format json",
                "kpid: `--format <FORMAT>` is given more than once\n  hint: `kpid show --help` shows the arguments\n",
            ),
        ] {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let command = CommandLine::command();
            let words = std::iter::once("kpid").chain(line.split(' '));
            let error = command.clone().try_get_matches_from(words).unwrap_err();
            assert_eq!(failure(&error, &command, &arguments).text(), text, "{line}");
        }
    }
}
