//! What every command prints alike: lines, colours of statuses and the two formats.

use std::{
    fmt,
    io::{BufWriter, ErrorKind, IsTerminal, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use clap::ValueEnum;

use kpid_language::Language;
use kpid_message::{mail::render, message::Message};
use kpid_os_error::{InWords, in_words};
use kpid_rules::model::Status;

/// Whether nothing is said of what went well.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// For people, or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; colour only on a terminal.
    #[default]
    Text,
    /// For programs; the keys are a contract.
    Json,
}

/// How a digest or report is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sheet {
    /// For people.
    #[default]
    Text,
    /// For a browser or a printer, as it is mailed.
    Html,
    /// For programs; the keys are a contract.
    Json,
}

/// Puts a digest or report out, or into a file.
pub(crate) fn put_sheet(
    language: &Language,
    message: &Message,
    sheet: Sheet,
    out: Option<&Path>,
) -> anyhow::Result<()> {
    let (text, html) = render::bodies(language, message)?;
    put_out(
        &match sheet {
            Sheet::Text => text,
            Sheet::Html => html,
            Sheet::Json => message.to_json()?,
        },
        out,
    )
}

/// Puts a value out as JSON, indented, or into a file.
pub(crate) fn put_json(value: &impl serde::Serialize, out: Option<&Path>) -> anyhow::Result<()> {
    put_out(&serde_json::to_string_pretty(value)?, out)
}

fn put_out(shown: &str, out: Option<&Path>) -> anyhow::Result<()> {
    match out {
        None => say!("{}", shown.trim_end()),
        Some(path) => std::fs::write(path, shown)
            .in_words()
            .with_context(|| format!("cannot write {}", path.display()))?,
    }
    Ok(())
}

/// How wide a line may be: as wide as the terminal, or as long as it likes.
pub(crate) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// The colour that goes with the words of a status, never without them.
pub(crate) fn style(status: Status) -> Style {
    let colour = match status {
        Status::OnTrack => AnsiColor::Green,
        Status::AtRisk => AnsiColor::Yellow,
        Status::OffTrack => AnsiColor::Red,
        Status::NoData | Status::Pending | Status::NotScored => AnsiColor::BrightBlack,
    };
    Style::new().fg_color(Some(colour.into()))
}

/// Prints a value as JSON, indented, with a line end.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    say!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints to standard output; a reader who has seen enough, such as `head`, is no trouble.
pub(crate) fn put(text: fmt::Arguments<'_>) {
    // Many lines are not written one by one.
    let mut out = BufWriter::new(anstream::stdout().lock());
    let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) else { return };
    if error.kind() != ErrorKind::BrokenPipe {
        complain!("kpid: cannot write to standard output: {}", in_words(&error));
        std::process::exit(2);
    }
    std::process::exit(0);
}

/// Prints to standard error.
pub(crate) fn put_error(text: fmt::Arguments<'_>) {
    // Who cannot be told is not told; the exit code says the same, and must not become another.
    let _ = anstream::stderr().lock().write_fmt(text);
}

/// From now on nothing is said of what went well.
pub(crate) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Whether nothing is said of what went well.
pub(crate) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Says what was done: a line for people, unless they want none, or an object for programs.
pub(crate) fn tell(
    format: Format,
    line: fmt::Arguments<'_>,
    value: &serde_json::Value,
) -> anyhow::Result<()> {
    match format {
        Format::Text => note!("{line}"),
        Format::Json => print_json(value)?,
    }
    Ok(())
}

/// Prints a line to standard output.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::cli::output::put(format_args!("{}\n", format_args!($($words)*)))
    };
}
pub(crate) use say;

/// Prints a line about what went well to standard output.
macro_rules! note {
    ($($words:tt)*) => {
        if !$crate::cli::output::is_quiet() {
            $crate::cli::output::say!($($words)*);
        }
    };
}
pub(crate) use note;

/// Prints a line to standard error.
macro_rules! complain {
    ($($words:tt)*) => {
        $crate::cli::output::put_error(format_args!("{}\n", format_args!($($words)*)))
    };
}
pub(crate) use complain;
