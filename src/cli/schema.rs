//! `kpid schema`: the JSON Schema by which editors complete and check the files.

use clap::ValueEnum;

use crate::{
    cli::{Answer, failure::Failure, output::print_json},
    config::document::{daemon::DaemonDoc, scorecard::ScorecardDoc},
};

/// Print the JSON Schema of the files, for completion in an editor
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Of which file
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Kind {
    /// A scorecard file.
    #[default]
    Scorecard,
    /// kpid.yaml
    Kpid,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    match arguments.kind {
        Kind::Scorecard => print_json(&schemars::schema_for!(ScorecardDoc))?,
        Kind::Kpid => print_json(&schemars::schema_for!(DaemonDoc))?,
    }
    Ok(Answer::Done)
}
