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
use kpid_os_error::in_words;

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
    anstream::println!("Try, in another terminal (in this folder it is June 2026):");
    // As the reader called it: `cargo run` puts nothing on the path.
    let program = std::env::args().next().unwrap_or_else(|| "kpid".to_owned());
    let scenario = folder.path().join("scenarios/carrier-switch.yaml");
    for (command, meaning) in [
        ("show".to_owned(), "every scorecard"),
        ("digest ines".to_owned(), "what Ines gets on Mondays"),
        ("report calder".to_owned(), "the pages for the meeting about May"),
        ("show calder --as-of 2026-05-10".to_owned(), "what was known in May"),
        (format!("backtest --from 2025-04 --to {day}"), "the messages of a year, once more"),
        ("check".to_owned(), "the configuration, after you have changed it"),
        ("reload".to_owned(), "and the running demo uses it from then on"),
    ] {
        anstream::println!("  {program} -c {config} {command:<42}  # {meaning}");
    }
    anstream::println!("  {program} simulate {}   # what if it recovers", scenario.display());
}

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

/// A request as its receiver got it: what it says in a line, and where all of it is.
pub(crate) fn hook(received: &Received, kept: &Path) {
    let word =
        if received.is_genuine { "its signature is right" } else { "its signature is WRONG" };
    step(&format!("The webhook `ops` has been called (webhook-id {}; {word}):", received.id));
    let body: serde_json::Value = serde_json::from_str(&received.body).unwrap_or_default();
    let text = |pointer: &str| body.pointer(pointer).and_then(serde_json::Value::as_str);
    let word = |pointer: &str| text(pointer).unwrap_or("?").replace('_', " ");
    anstream::println!(
        "\n  | {} · {} · was {}, is {}\n  | all of it: {}",
        word("/event"),
        word("/node/name"),
        word("/status/from"),
        word("/status/to"),
        kept.display(),
    );
}

/// Opens the board in the reader's browser, where there is one.
pub(crate) fn open(page: SocketAddr) {
    if let Err(error) = open::that_detached(format!("http://{page}/")) {
        let why = in_words(&error);
        anstream::println!(
            "No browser could be opened ({why}); the address above is that of the board."
        );
    }
}

/// What stays when the demo has ended.
pub(crate) fn the_end(folder: &Folder) {
    let (path, config) = (folder.path().display(), folder.config());
    let program = std::env::args().next().unwrap_or_else(|| "kpid".to_owned());
    step(&format!(
        "The demo has ended; {path} stays as it is. `{program} -c {} show` still answers there, and\n\
         `kpid demo` begins anew. Remove the folder when you have seen enough.",
        config.display()
    ));
}
