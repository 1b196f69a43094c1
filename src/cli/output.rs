//! What every command prints alike: colours of statuses and the two formats.

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

use crate::scorecard::Status;

/// For people, or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; colour only on a terminal.
    #[default]
    Text,
    /// For programs; the keys are a contract.
    Json,
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
    anstream::println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
