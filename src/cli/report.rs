//! `kpid report`: a period of a scorecard on one page, for a review.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::cli::{
    Answer, clock, complete, configuration,
    failure::Failure,
    output::{Sheet, put_sheet},
};
use kpid_config::setup::Setup;
use kpid_message::{
    message::Message,
    overview::Overview,
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
        false => sent(&setup, &store, scorecard, period).await?,
    };
    let report = match sent {
        Some(report) => report,
        None => made(&setup, &store, scorecard, period, clock::of(&setup).now()).await?,
    };
    put_sheet(setup.language, &report.into(), arguments.format, arguments.out.as_deref())?;
    Ok(Answer::Done)
}

/// The report of a period as it was sent, if it was.
pub(super) async fn sent(
    setup: &Setup,
    store: &Store,
    scorecard: &Scorecard,
    period: Period,
) -> Result<Option<Overview>, Failure> {
    let mut sent = Vec::new();
    for facts in store.sent_facts(&key(&scorecard.id, period)).await? {
        if let Message::Overview(overview) =
            Message::from_json(&facts).map_err(anyhow::Error::from)?
        {
            sent.push(*overview);
        }
    }
    Ok(Overview::in_language(sent, setup.language))
}

/// The period named, or the newest that is over.
pub(super) fn period(
    setup: &Setup,
    scorecard: &Scorecard,
    named: Option<&str>,
) -> Result<Period, Failure> {
    if let Some(text) = named {
        return Period::parse(text).map_err(|error| Failure::new(error.to_string()));
    }
    let frequency = scorecard.reporting_frequency();
    Ok(scorecard.calendar.last_closed(frequency, clock::of(setup).now()))
}

/// The report of a period from what is known now.
pub(super) async fn made(
    setup: &Setup,
    store: &Store,
    scorecard: &Scorecard,
    period: Period,
    now: DateTime<Utc>,
) -> Result<Overview, Failure> {
    let kpis = setup.portfolio.needed_by(&scorecard.id);
    let HeldOf { history, episodes } =
        store.held_of(std::slice::from_ref(&scorecard.id), &kpis).await?;
    let (notes, review_items) = (store.notes().await?, store.review_items().await?);
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
        language: setup.language,
        scorecard,
        review: &review,
        episodes: &episodes,
        notes: &notes,
        review_items: &review_items,
        people: &setup.people,
        public_url: setup.web.public_url.as_ref(),
        at: now,
        awaited: awaited.max(running),
        config: &setup.config_hash,
    }))
}
