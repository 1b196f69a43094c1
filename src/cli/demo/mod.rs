//! `kpid demo`: Calder Cycles, a company of its own, run for real.

mod apis;
mod calder;
mod databases;
mod folder;
mod hook;
mod mails;
pub(crate) mod mark;
mod narration;
mod story;

use std::{
    io::{BufRead, IsTerminal},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context;
use tokio::{net::TcpListener, sync::mpsc};

use crate::cli::{
    Answer,
    demo::{apis::Closed, folder::Folder, story::Story},
    failure::Failure,
};
use kpid_os_error::InWords;

/// Requests that may wait for the story to look at them; it expects one.
const HOOKS_WAITING_MAX: usize = 16;

/// Run a fictional company for real: its systems, its history, and the month that goes wrong
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to run in; a former demo's is emptied, unless you changed something in it
    #[arg(default_value = "kpid-demo", value_name = "DIR")]
    folder: PathBuf,
    /// End when everybody has been notified, instead of running on until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Open the board in the browser
    #[arg(long, conflicts_with = "once")]
    open: bool,
    /// Begin anew, whatever you changed in the folder
    #[arg(long)]
    fresh: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener =
        listener.in_words().context("cannot listen on 127.0.0.1 for the demo's business APIs")?;
    let address = listener.local_addr().context("the demo's listener has no address")?;
    let may_go = |changed: &[PathBuf]| arguments.fresh || is_agreed(&arguments.folder, changed);
    let folder = Folder::create(&arguments.folder, address, free_address()?, may_go).await?;
    let closed = Closed::default();
    let (inbox, hooks) = mpsc::channel(HOOKS_WAITING_MAX);
    let routes = apis::routes(closed.clone()).merge(hook::routes(inbox));
    let story = Story::open(folder, closed, hooks).await?;
    // One after the other in one task: the servers live as long as the story.
    tokio::select! {
        served = axum::serve(listener, routes).into_future() => {
            served.context("the demo's business APIs have stopped")?;
        }
        finished = story.tell(arguments.once, arguments.open) => finished?,
    }
    Ok(Answer::Done)
}

/// Whether somebody at a terminal says that what they changed may go.
fn is_agreed(folder: &Path, changed: &[PathBuf]) -> bool {
    let (mut lines, mut answer) = (std::io::stdin().lock(), String::new());
    if !lines.is_terminal() {
        return false;
    }
    let (folder, changed) = (folder.display(), folder::listed(changed));
    anstream::eprint!(
        "In {folder} you wrote or changed {changed}.\nRemove that and begin anew? [y/N] "
    );
    // Who cannot be asked has not agreed.
    lines.read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// A free address for the page, given back at once for the daemon to take.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listener = listener.in_words().context("cannot listen on 127.0.0.1 for the page")?;
    listener.local_addr().context("the listener of the page has no address")
}
