//! `kpid completions`: what a shell needs to complete our command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Answer, CommandLine, output};

/// Print the completion script of a shell
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Answer {
    let (mut command, mut script) = (CommandLine::command(), Vec::new());
    clap_complete::generate(arguments.shell, &mut command, "kpid", &mut script);
    output::put(format_args!("{}", String::from_utf8_lossy(&script)));
    Answer::Done
}
