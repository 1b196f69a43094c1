//! The commands of a person, a file each. Exit codes: 0 done, 1 the answer is no, 2 misuse or
//! could not run.

mod alert_list;
mod alerts;
mod audit;
mod backfill;
mod backtest;
mod backup;
mod check;
mod completions;
mod configuration;
mod demo;
mod digest;
mod doctor;
mod explain;
mod export;
mod failure;
mod held;
mod history;
mod import;
mod init;
mod man;
mod notify;
mod outbox;
mod output;
mod plan;
mod preview;
mod pull;
mod reload;
mod report;
mod run;
mod schema;
mod show;
mod simulate;
mod token;
mod tree;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::cli::failure::Failure;

/// Where the configuration is looked for when nobody names it, in this order.
const CONFIG_PLACES: [&str; 2] = ["/etc/kpid/kpid.yaml", "kpid.yaml"];

/// Watches a company's balanced scorecard: collects actuals on schedule, scores them against
/// targets, and alerts the right person when a perspective goes off track.
#[derive(Parser)]
#[command(name = "kpid", version, max_term_width = 100)]
struct CommandLine {
    /// The configuration file [default: /etc/kpid/kpid.yaml, or ./kpid.yaml if that is absent]
    #[arg(short, long, global = true, env = "KPID_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Check(check::Arguments),
    Pull(pull::Arguments),
    Backfill(backfill::Arguments),
    Import(import::Arguments),
    Export(export::Arguments),
    Show(show::Arguments),
    Explain(explain::Arguments),
    Backtest(backtest::Arguments),
    Alerts(alerts::Arguments),
    Audit(audit::Arguments),
    Digest(digest::Arguments),
    Report(report::Arguments),
    Outbox(outbox::Arguments),
    Notify(notify::Arguments),
    Plan(plan::Arguments),
    Reload(reload::Arguments),
    Config(history::Arguments),
    Doctor(doctor::Arguments),
    Simulate(simulate::Arguments),
    Backup(backup::Arguments),
    Restore(backup::RestoreArguments),
    Init(init::Arguments),
    Demo(demo::Arguments),
    Token(token::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// What a command that could run has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or yes.
    Done,
    /// Problems found, expectation missed.
    No,
}

/// Reads the command line, runs the command and turns its answer into an exit code.
pub fn main() -> ExitCode {
    match answer(CommandLine::parse()) {
        Ok(Answer::Done) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(failure) => {
            failure.print();
            ExitCode::from(2)
        }
    }
}

fn answer(line: CommandLine) -> Result<Answer, Failure> {
    // The only error is that a provider is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = config_path(line.config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(async {
        match line.command {
            Command::Run(arguments) => run::run(&config, arguments).await,
            Command::Check(arguments) => check::run(&config, &arguments).await,
            Command::Pull(arguments) => pull::run(&config, arguments).await,
            Command::Backfill(arguments) => backfill::run(&config, arguments).await,
            Command::Export(arguments) => export::run(&config, arguments).await,
            Command::Import(arguments) => import::run(&config, arguments).await,
            Command::Explain(arguments) => explain::run(&config, arguments).await,
            Command::Show(arguments) => show::run(&config, arguments).await,
            Command::Backtest(arguments) => backtest::run(&config, arguments).await,
            Command::Alerts(arguments) => alerts::run(&config, arguments).await,
            Command::Audit(arguments) => audit::run(&config, &arguments).await,
            Command::Digest(arguments) => digest::run(&config, arguments).await,
            Command::Report(arguments) => report::run(&config, arguments).await,
            Command::Outbox(arguments) => outbox::run(&config, arguments).await,
            Command::Notify(arguments) => notify::run(&config, &arguments).await,
            Command::Backup(arguments) => backup::run(&config, &arguments).await,
            Command::Restore(arguments) => backup::restore(&config, &arguments).await,
            Command::Doctor(arguments) => doctor::run(&config, &arguments).await,
            Command::Config(arguments) => history::run(&config, &arguments).await,
            Command::Reload(arguments) => reload::run(&config, &arguments).await,
            Command::Plan(arguments) => plan::run(&config, &arguments).await,
            Command::Init(arguments) => init::run(&arguments),
            Command::Demo(arguments) => demo::run(&arguments).await,
            Command::Simulate(arguments) => simulate::run(&arguments),
            Command::Token(arguments) => Ok(token::run(&arguments)),
            Command::Schema(arguments) => schema::run(&arguments),
            Command::Man(arguments) => man::run(&arguments),
            Command::Completions(arguments) => Ok(completions::run(&arguments)),
        }
    })
}

/// The file named, or the first of the usual places that exists.
fn config_path(named: Option<PathBuf>) -> PathBuf {
    let usual = || CONFIG_PLACES.iter().map(PathBuf::from).find(|place| place.exists());
    named.or_else(usual).unwrap_or_else(|| PathBuf::from(CONFIG_PLACES[0]))
}
