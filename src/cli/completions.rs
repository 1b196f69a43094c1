//! `kpid completions`: what a shell needs to complete our command line. The script asks kpid itself how a
//! line goes on, so that it also knows the nodes, people and periods of the configuration.

use anyhow::Context;
use clap::ValueEnum;
use clap_complete::env::Shells;

use crate::cli::{Answer, complete, failure::Failure, output};

/// Print the completion script of a shell
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The shells.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let name = arguments.shell.to_possible_value().map(|value| value.get_name().to_owned());
    let name = name.unwrap_or_default();
    let shells = Shells::builtins();
    let shell = shells.completer(&name).with_context(|| format!("no completion for {name}"))?;
    let mut script = Vec::new();
    shell
        .write_registration(complete::VARIABLE, "kpid", "kpid", "kpid", &mut script)
        .context("cannot make the completion script")?;
    output::put(format_args!("{}", String::from_utf8_lossy(&script)));
    Ok(Answer::Done)
}
