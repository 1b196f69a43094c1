//! `kpid reload`: has the running daemon read its configuration again, and says what came of it.

use std::{path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::cli::{
    Answer, configuration,
    failure::Failure,
    output::{Format, print_json, say, tell},
};
use kpid_store::{self, Holder, Reloaded};

/// How long an answer is waited for: what is in flight has 15 s to end, the new set-up some to open.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Have the running daemon read its configuration again, and say what came of it
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    // What is wrong with the files is told here too, with its place, before anybody is disturbed.
    let setup = configuration::load_to_look(config)?;
    let Some(holder) = kpid_store::holder(&setup.store)? else {
        return Err(not_running(&setup.store));
    };
    hang_up(&holder)?;
    let reloaded = answer(&setup.store, &holder).await?;
    let process = holder.process;
    match (reloaded.came, arguments.format) {
        (Ok(config), format) => {
            let line = format_args!("process {process} now runs configuration {config}");
            let value = serde_json::json!({ "process": process, "taken": true, "config": config });
            tell(format, line, &value)?;
            Ok(Answer::Done)
        }
        (Err(why), Format::Text) => {
            say!("process {process} rejected it and keeps its old one: {why}");
            Ok(Answer::No)
        }
        (Err(why), Format::Json) => {
            let value = serde_json::json!({ "process": process, "taken": false, "reason": why });
            print_json(&value)?;
            Ok(Answer::No)
        }
    }
}

/// What comes of the reload that was just asked for.
async fn answer(store: &Path, before: &Holder) -> Result<Reloaded, Failure> {
    let deadline = Instant::now() + ANSWER_WITHIN;
    while Instant::now() < deadline {
        let holder = kpid_store::holder(store)?.filter(|holder| holder.process == before.process);
        let Some(holder) = holder else {
            let sentence = format!("process {} ended meanwhile", before.process);
            return Err(Failure::new(sentence).hint("its log says why"));
        };
        if let Some(reloaded) = holder.reloaded.filter(|now| before.reloaded.as_ref() != Some(now))
        {
            return Ok(reloaded);
        }
        sleep(LOOK_EVERY).await;
    }
    let (process, seconds) = (before.process, ANSWER_WITHIN.as_secs());
    let sentence = format!("process {process} has not answered for {seconds} s");
    Err(Failure::new(sentence).hint("its log says what it is doing"))
}

fn hang_up(holder: &Holder) -> Result<(), Failure> {
    let failure = |why: String| {
        Failure::new(format!("cannot tell process {} to reload: {why}", holder.process))
            .hint("run this as the daemon's user or as root, or `systemctl reload kpid`")
    };
    let process = Pid::from_raw(holder.process).ok_or_else(|| failure("no such process".into()))?;
    kill_process(process, Signal::HUP).map_err(|error| failure(error.to_string()))
}

fn not_running(store: &Path) -> Failure {
    Failure::new(format!("no kpid runs on the store {}", store.display()))
        .hint("start one with `kpid run`; a changed `store:` needs a restart")
}
