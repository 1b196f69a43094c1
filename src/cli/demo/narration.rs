//! What the demo tells its reader on the way.

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::Path,
};

use chrono::NaiveDate;

use crate::cli::demo::{
    calder::{MONTHS, Month},
    folder::Folder,
    hook::Received,
    mails::Mail,
};
use kpid_config::setup::Setup;

/// What the demo is about to do.
pub(crate) fn scene(folder: &Folder, setup: &Setup) {
    let scorecards = setup.portfolio.scorecards().len();
    let kpis = setup.portfolio.kpis().count();
    anstream::println!(
        "Calder Cycles makes e-bikes. It has {scorecards} scorecards with {kpis} KPIs, three databases and seven\n\
         business APIs, all in {} and in this process. kpid loads their history:\n",
        folder.path().display()
    );
}

/// Where everything is, and what a reader may try.
pub(crate) fn what_next(folder: &Folder, page: Option<SocketAddr>, day: NaiveDate) {
    let config = folder.config();
    let config = config.display();
    step("Everything is in files:");
    anstream::println!(
        "  {config}, {scorecards}: what Calder Cycles wants, as YAML\n  \
           {systems}: its databases   {mail}: the mail   {webhooks}: the webhook\n",
        scorecards = folder.path().join("scorecards").display(),
        systems = folder.systems().display(),
        mail = folder.mails().display(),
        webhooks = folder.webhooks().display(),
    );
    if let Some(page) = page {
        anstream::println!("The board as Ines sees it, while the demo runs: http://{page}/\n");
    }
    anstream::println!("Try, in another terminal (the demo lives in June 2026, hence the day):");
    // As the reader called it: `cargo run` puts nothing on the path.
    let program = std::env::args().next().unwrap_or_else(|| "kpid".to_owned());
    let scenario = folder.path().join("scenarios/carrier-switch.yaml");
    for (command, meaning) in [
        (format!("show --as-of {day}"), "every scorecard"),
        ("show calder --as-of 2026-05-10".to_owned(), "what was known in May"),
        (format!("backtest --from 2025-04 --to {day}"), "the messages of a year, once more"),
        ("check".to_owned(), "the configuration, after you have changed it"),
        ("reload".to_owned(), "and the running demo uses it from then on"),
    ] {
        anstream::println!("  {program} -c {config} {command:<42}  # {meaning}");
    }
    anstream::println!("  {program} simulate {}   # what if it recovers", scenario.display());
}

/// What is printed of a body: the perspective, its status, score and reason.
const BODY_LINES: usize = 40;

/// Cells of the bar.
const BAR_CELLS: u32 = 26;

/// Shows how the months go by: a bar on a terminal, else a line a year.
pub(crate) struct Progress {
    is_terminal: bool,
}

impl Progress {
    /// Nothing shown yet.
    pub(crate) fn start() -> Self {
        Self { is_terminal: std::io::stdout().is_terminal() }
    }

    /// One more month is loaded.
    pub(crate) fn at(&self, month: Month) {
        let done = month.number() + 1;
        if self.is_terminal {
            let filled = (done * BAR_CELLS / MONTHS) as usize;
            let bar = format!("{}{}", "#".repeat(filled), ".".repeat(BAR_CELLS as usize - filled));
            anstream::print!("\r  [{bar}] {done:>2} of {MONTHS} months  {:<14}", month.label());
            // A bar that is not seen at once is only late, not wrong.
            let _ = std::io::stdout().flush();
        } else if done.is_multiple_of(12) {
            anstream::println!("  {done} months, up to {}", month.label());
        }
    }

    /// No more months: what follows begins on a line of its own.
    pub(crate) fn end(&self) {
        if self.is_terminal {
            anstream::println!();
        }
    }
}

/// A line that begins a new part of the story.
pub(crate) fn step(text: &str) {
    anstream::println!("\n{text}");
}

/// A mail as its reader gets it.
pub(crate) fn mail(mail: &Mail) {
    step(&format!("A mail for {} has arrived ({}):", mail.to, mail.file.display()));
    anstream::println!("\n  | Subject: {}\n  |", mail.subject);
    for line in mail.text.lines() {
        anstream::println!("{}", format!("  | {line}").trim_end());
    }
}

/// A request as its receiver got it: the beginning, and where the rest is.
pub(crate) fn hook(received: &Received, kept: &Path) {
    let word =
        if received.is_genuine { "its signature is right" } else { "its signature is WRONG" };
    step(&format!("The webhook `ops` has been called (webhook-id {}; {word}):", received.id));
    anstream::println!();
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&received.body);
    let pretty = parsed.ok().and_then(|body| serde_json::to_string_pretty(&body).ok());
    let body = pretty.as_deref().unwrap_or(&received.body);
    for line in body.lines().take(BODY_LINES) {
        anstream::println!("  | {line}");
    }
    let left = body.lines().count().saturating_sub(BODY_LINES);
    anstream::println!("  | … {left} more lines in {}", kept.display());
}
