//! The commands of a person, a file each. Exit codes: 0 done, 1 the answer is no, 2 misuse or
//! could not run.

mod actor;
mod alert_list;
mod alerts;
mod audit;
mod backfill;
mod backtest;
mod backup;
mod check;
mod check_output;
mod clock;
mod complete;
mod completions;
mod config_history;
mod configuration;
mod data_lints;
mod demo;
mod digest;
mod doctor;
mod explain;
mod export;
mod failure;
mod filter;
mod help;
mod import;
mod init;
mod judged;
mod man;
mod notify;
mod outbox;
mod output;
mod plan;
mod preview;
mod pull;
mod recipient;
mod reload;
mod report;
mod review;
mod run;
mod schema;
mod show;
mod simulate;
mod then;
mod token;
mod tree;
mod usage_error;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind, parser::ValueSource,
};

use clap_complete::CompleteEnv;

use crate::{app::stop::THREADS_END_WITHIN, cli::failure::Failure};
use kpid_os_error::in_words;

/// Where the configuration is looked for when nobody names it, in this order.
const CONFIG_PLACES: [&str; 2] = ["/etc/kpid/kpid.yaml", "kpid.yaml"];

/// What scripts and units want to know of every command.
const AFTER_HELP: &str = "\
Exit status: 0 done; 1 the answer is no (problems found, an expectation missed); 2 misuse, or it \
could not run.

Environment: KPID_CONFIG, KPID_LOG, KPID_LOG_FORMAT stand for --config, and for --log and --log-format \
of `kpid run`.";

/// Watches a company's balanced scorecard: collects actuals on schedule, scores them against
/// targets, and alerts the right person when a perspective goes off track.
#[derive(Parser)]
#[command(name = "kpid", version, max_term_width = 100, after_help = AFTER_HELP)]
struct CommandLine {
    /// The configuration file [default: /etc/kpid/kpid.yaml, or ./kpid.yaml if that is absent]
    #[arg(short, long, global = true, env = "KPID_CONFIG", value_name = "PATH")]
    config: Option<OsString>,
    /// Say nothing of what went well; problems are said, and the exit status is the same
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(flatten)]
    color: colorchoice_clap::Color,
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
    Review(review::Arguments),
    Outbox(outbox::Arguments),
    Notify(notify::Arguments),
    Plan(plan::Arguments),
    Reload(reload::Arguments),
    Config(config_history::Arguments),
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
    CompleteEnv::with_factory(|| help::grouped(CommandLine::command()))
        .var(complete::VARIABLE)
        .complete();
    let line = match read(std::env::args_os().collect()) {
        Ok(line) => line,
        Err(misread) => return misread.exit_code(),
    };
    match answer(line) {
        Ok(Answer::Done) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(failure) => {
            failure.print();
            ExitCode::from(2)
        }
    }
}

/// Why there is no command line to answer.
enum Misread {
    /// What was asked for is help, or the version.
    Help(clap::Error),
    /// Anything else.
    Misuse(Failure),
}

impl Misread {
    fn exit_code(self) -> ExitCode {
        match self {
            Self::Help(help) => {
                // A reader who has seen enough, such as `head`, is no trouble.
                let _ = help.print();
                ExitCode::from(if help.use_stderr() { 2 } else { 0 })
            }
            Self::Misuse(failure) => {
                failure.print();
                ExitCode::from(2)
            }
        }
    }
}

fn read(arguments: Vec<OsString>) -> Result<CommandLine, Misread> {
    let misread = |error: clap::Error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Misread::Help(error),
        _ => {
            let shown = |argument: &OsString| argument.to_string_lossy().into_owned();
            let words: Vec<String> = arguments.iter().skip(1).map(shown).collect();
            Misread::Misuse(usage_error::failure(&error, &CommandLine::command(), &words))
        }
    };
    let matches =
        help::grouped(CommandLine::command()).try_get_matches_from(&arguments).map_err(misread)?;
    let mut line = CommandLine::from_arg_matches(&matches).map_err(misread)?;
    if line.config.as_ref().is_some_and(|path| path.is_empty()) {
        // A unit or a container that leaves the variable empty has not set it.
        if matches.value_source("config") != Some(ValueSource::EnvVariable) {
            let failure = Failure::new("`--config <PATH>` needs a value");
            return Err(Misread::Misuse(failure.hint("name a file, such as /etc/kpid/kpid.yaml")));
        }
        line.config = None;
    }
    Ok(line)
}

fn answer(line: CommandLine) -> Result<Answer, Failure> {
    line.color.write_global();
    if line.quiet {
        output::be_quiet();
    }
    // The only error is that a provider is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = config_path(line.config);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
            Failure::new(format!("cannot start the threads of kpid: {}", in_words(&error)))
        })?;
    let answer = runtime.block_on(async {
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
            Command::Review(arguments) => review::run(&config, arguments).await,
            Command::Outbox(arguments) => outbox::run(&config, arguments).await,
            Command::Notify(arguments) => notify::run(&config, &arguments).await,
            Command::Backup(arguments) => backup::run(&config, &arguments).await,
            Command::Restore(arguments) => backup::restore(&config, &arguments).await,
            Command::Doctor(arguments) => doctor::run(&config, &arguments).await,
            Command::Config(arguments) => config_history::run(&config, &arguments).await,
            Command::Reload(arguments) => reload::run(&config, &arguments).await,
            Command::Plan(arguments) => plan::run(&config, &arguments).await,
            Command::Init(arguments) => init::run(&arguments),
            Command::Demo(arguments) => demo::run(&arguments).await,
            Command::Simulate(arguments) => simulate::run(&arguments),
            Command::Token(arguments) => token::run(&arguments),
            Command::Schema(arguments) => schema::run(&arguments),
            Command::Man(arguments) => man::run(&arguments),
            Command::Completions(arguments) => completions::run(&arguments),
        }
    });
    // Threads that still read what nobody waits for any more would be waited for without end.
    runtime.shutdown_timeout(THREADS_END_WITHIN);
    answer
}

/// The file named, or the first of the usual places that exists.
fn config_path(named: Option<OsString>) -> PathBuf {
    let usual = || CONFIG_PLACES.iter().map(PathBuf::from).find(|place| place.exists());
    named.map(PathBuf::from).or_else(usual).unwrap_or_else(|| PathBuf::from(CONFIG_PLACES[0]))
}
