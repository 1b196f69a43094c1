//! What kpid costs, and how fast it is, beside a bare loop that does the same work in the same run.
//!
//! `cargo bench --bench load -- [SCENARIO…] [--kpid PATH] [--kpis N] [--seconds S] [--markdown]`.
//! Everything is on loopback: the peers and the bare loops are child processes of this binary, and
//! kpid is a child process that is reached by its files, its YAML and its ports alone, so that any
//! commit's binary can be measured in the same way. `docs/performance.md` says what each row means.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot go on stops")]
#![expect(
    clippy::disallowed_methods,
    reason = "the peers run tasks of their own, and stamp what comes with the machine's time"
)]

mod alerting;
mod baseline;
mod board;
mod child;
mod collecting;
mod daemon;
mod loading;
mod origin;
mod overload;
mod peer_state;
mod portfolio;
mod reading;
mod report;
mod smtp;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::{baseline::Role, report::Report};

/// Measures kpid under load, beside bare loops that do the same work
#[derive(Debug, Parser)]
#[command(name = "load", bin_name = "cargo bench --bench load --")]
pub(crate) struct Arguments {
    /// What to measure, in this order
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
    /// The binary to measure instead of the one just built
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_BIN_EXE_kpid"))]
    kpid: PathBuf,
    /// As many KPIs instead of the scenario's own number
    #[arg(long, value_name = "N")]
    kpis: Option<usize>,
    /// How long is measured, instead of the scenario's own time
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Print rows of the table in docs/performance.md
    #[arg(long)]
    markdown: bool,
    /// What cargo adds by itself
    #[arg(long, hide = true)]
    bench: bool,
}

/// A row, or a few, of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 1,000 KPIs a second: CPU, disk and rate
    Rate,
    /// The same through 20 s in which the daemon cannot keep up
    Overload,
    /// 5,000 and 10,000 KPIs a second
    Many,
    /// 10,000 KPIs: from the start to the last first collection
    First,
    /// 100,000 KPIs in 2,000 files: `kpid check`, and the start
    Files,
    /// 1,000 KPIs a minute: CPU and memory
    Idle,
    /// One KPI due beside 10,000 KPIs with 36 months
    Round,
    /// 10,000 KPIs with 36 months: page, standing, metrics, `show`, `backtest`
    Pages,
    /// 10,000 KPIs with 60 months: each page, and 1,000 pages a second beside 1,000 KPIs a second
    Board,
    /// 2,000 alerts at once
    Alerts,
    /// 200 alerts at once, of each of which twenty people hear
    Storm,
    /// One KPI of 1,000 crosses its line: until the webhook is there
    Crossing,
    /// 200 distinct queries a second on a SQLite file
    Sql,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    drop(rustls::crypto::ring::default_provider().install_default());
    if std::env::args().nth(1).as_deref() == Some(child::ROLE) {
        return baseline::play(Role::parse_from(std::env::args().skip(1))).await;
    }
    let arguments = Arguments::parse();
    if arguments.scenarios.is_empty() {
        let names = Scenario::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
        println!("load: say what, e.g. cargo bench --bench load -- rate; of {}", names.join(", "));
        return;
    }
    let mut report = Report::begin(&arguments);
    for scenario in &arguments.scenarios {
        match scenario {
            Scenario::Rate => collecting::rate(&arguments, &mut report).await,
            Scenario::Overload => overload::overload(&arguments, &mut report).await,
            Scenario::Many => collecting::many(&arguments, &mut report).await,
            Scenario::First => loading::first(&arguments, &mut report).await,
            Scenario::Files => loading::files(&arguments, &mut report).await,
            Scenario::Idle => collecting::idle(&arguments, &mut report).await,
            Scenario::Round => reading::round(&arguments, &mut report).await,
            Scenario::Pages => reading::pages(&arguments, &mut report).await,
            Scenario::Board => board::board(&arguments, &mut report).await,
            Scenario::Alerts => alerting::alerts(&arguments, &mut report).await,
            Scenario::Storm => alerting::storm(&arguments, &mut report).await,
            Scenario::Crossing => alerting::crossing(&arguments, &mut report).await,
            Scenario::Sql => collecting::sql(&arguments, &mut report).await,
        }
    }
    report.end();
}
