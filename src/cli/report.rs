//! `kpid report`: a period of a scorecard on one page, for a review.

use std::path::{Path, PathBuf};

use crate::cli::{
    Answer, clock, complete, configuration,
    failure::Failure,
    output::{Sheet, put_sheet},
};
use kpid_config::setup::Setup;
use kpid_message::{
    message::Message,
    periodic::report::{ReportContext, key, report},
};
use kpid_rules::{
    judgement::Judge,
    model::{Period, Scope, Scorecard},
};
use kpid_store::{HeldOf, Store};

/// Print the report of a scorecard for a period: as it was sent, or else from what is known now
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The scorecard's id
    #[arg(add = complete::scorecards())]
    scorecard: String,
    /// The period, e.g. 2026-05; the newest that is over by default
    #[arg(add = complete::periods())]
    period: Option<String>,
    /// From what is known now, also if it was sent
    #[arg(long)]
    recompute: bool,
    /// For people, for a browser or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Sheet,
    /// A file to write instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let scope = configuration::scope(&setup, &arguments.scorecard)?;
    let Scope::Scorecard(id) = &scope else {
        let failure =
            Failure::new(format!("`{scope}` is not a scorecard, and only scorecards have reports"));
        return Err(failure.hint(format!("write kpid report {}", scope.scorecard())));
    };
    let scorecard = setup.portfolio.scorecard(id);
    let scorecard =
        scorecard.ok_or_else(|| Failure::new(format!("the scorecard `{id}` is not configured")))?;
    let period = period(&setup, scorecard, arguments.period.as_deref())?;
    let store = Store::open_read_only(&setup.store).await?;
    let sent = match arguments.recompute {
        true => None,
        false => store.sent_facts(&key(id, period)).await?,
    };
    let message = match sent {
        Some(facts) => Message::from_json(&facts).map_err(anyhow::Error::from)?,
        None => made(&setup, &store, scorecard, period).await?,
    };
    put_sheet(setup.language, &message, arguments.format, arguments.out.as_deref())?;
    Ok(Answer::Done)
}

/// The period named, or the newest that is over.
fn period(setup: &Setup, scorecard: &Scorecard, named: Option<&str>) -> Result<Period, Failure> {
    if let Some(text) = named {
        return Period::parse(text).map_err(|error| Failure::new(error.to_string()));
    }
    let frequency = scorecard.reporting_frequency();
    Ok(scorecard.calendar.last_closed(frequency, clock::of(setup).now()))
}

async fn made(
    setup: &Setup,
    store: &Store,
    scorecard: &Scorecard,
    period: Period,
) -> Result<Message, Failure> {
    let now = clock::of(setup).now();
    let kpis = setup.portfolio.needed_by(&scorecard.id);
    let HeldOf { history, episodes } =
        store.held_of(std::slice::from_ref(&scorecard.id), &kpis).await?;
    let notes = store.notes().await?;
    let judge = Judge::new(&setup.portfolio, &history, now);
    let review = judge.review(scorecard, period);
    if !review.has_figures() {
        let failure = Failure::new(format!("`{}` has no figures of {period}", scorecard.id));
        return Err(failure.hint("name a period that has some; `kpid export` lists what is held"));
    }
    let standing = judge.scorecard(scorecard, &episodes);
    let day = scorecard.calendar.last_day(period);
    let running = scorecard.kpis().filter(|_| !scorecard.calendar.is_closed(period, now)).count();
    let awaited = standing.awaited_by(&scorecard.calendar, day).len();
    Ok(report(ReportContext {
        scorecard,
        review: &review,
        episodes: &episodes,
        notes: &notes,
        people: &setup.people,
        public_url: setup.web.public_url.as_ref(),
        at: now,
        awaited: awaited.max(running),
        config: &setup.config_hash,
    })
    .into())
}
