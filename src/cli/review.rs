//! `kpid review`: the agenda of a review and what it took down; or something more to take down.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::cli::{
    Answer,
    actor::Person,
    clock, configuration,
    failure::Failure,
    output::{self, Sheet, put_json, put_sheet, say},
    report,
};
use kpid_config::setup::Setup;
use kpid_message::{
    overview::{Overview, SectionKind},
    periodic::minutes::Minutes,
    person::who,
};
use kpid_rules::{
    alerting::{
        ActionState, KeptReviewItem, OperatorActionError, ReviewItem, ReviewItemKind,
        actions_before,
    },
    model::{Id, Moment, Period, Scope, Scorecard},
};
use kpid_store::Store;

/// Print the agenda of a review, with decisions and actions; or take some down
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The scorecard's id
    scorecard: String,
    /// The period, e.g. 2026-05; the newest that is over by default
    period: Option<String>,
    /// Take a decision down
    #[arg(long, value_name = "TEXT", group = "taking")]
    decide: Option<String>,
    /// Take an action down, with --who and --due
    #[arg(long, value_name = "TEXT", group = "taking", requires_all = ["who", "due"])]
    action: Option<String>,
    /// Take a success down
    #[arg(long, value_name = "TEXT", group = "taking")]
    success: Option<String>,
    /// The node that it is about, by its path of ids; the scorecard by default
    #[arg(long, value_name = "SCOPE", requires = "taking")]
    about: Option<String>,
    /// Who does the action: one of `people` by id or name, or somebody else's whole name
    #[arg(long, value_name = "NAME", requires = "action")]
    who: Option<String>,
    /// The day by which the action is to be done, e.g. 2026-06-30
    #[arg(long, value_name = "DAY", requires = "action", value_parser = day)]
    due: Option<NaiveDate>,
    /// The action of that number is done
    #[arg(long, value_name = "N", group = "settling", conflicts_with = "taking")]
    done: Option<i64>,
    /// The action of that number is not to be done any more
    #[arg(long, value_name = "N", group = "settling", conflicts_with = "taking")]
    drop: Option<i64>,
    /// The action of that number is to be done after all
    #[arg(long, value_name = "N", group = "settling", conflicts_with = "taking")]
    reopen: Option<i64>,
    #[command(flatten)]
    person: Person,
    /// For people, for a browser or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Sheet,
    /// A file to write instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The review of a period, as JSON. Its keys are a contract.
#[derive(Serialize)]
struct ReviewJson<'a> {
    scorecard: &'a Id,
    period: Period,
    /// The report as it was sent, or made now.
    agenda: &'a Overview,
    actions_before: Vec<&'a KeptReviewItem>,
    decisions: Vec<&'a KeptReviewItem>,
    actions: Vec<&'a KeptReviewItem>,
    successes: Vec<&'a KeptReviewItem>,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let scope = configuration::scope(&setup, &arguments.scorecard)?;
    let Scope::Scorecard(id) = &scope else {
        let failure =
            Failure::new(format!("`{scope}` is not a scorecard, and only scorecards are reviewed"));
        return Err(failure.hint(format!("write kpid review {}", scope.scorecard())));
    };
    let scorecard = setup.portfolio.scorecard(id);
    let scorecard =
        scorecard.ok_or_else(|| Failure::new(format!("the scorecard `{id}` is not configured")))?;
    let period = report::period(&setup, scorecard, arguments.period.as_deref())?;
    let now = clock::of(&setup).now();
    let settled = [
        (arguments.done, ActionState::Done),
        (arguments.drop, ActionState::Dropped),
        (arguments.reopen, ActionState::Open),
    ];
    if let Some((id, state)) = settled.into_iter().find_map(|(id, state)| Some((id?, state))) {
        return settle(&setup, id, state, &arguments.person.name(), now).await;
    }
    if arguments.decide.is_some() || arguments.action.is_some() || arguments.success.is_some() {
        let item = read(&setup, scorecard, period, arguments, now)?;
        return take_down(&setup, &item).await;
    }
    print(&setup, scorecard, period, &arguments, now).await
}

/// What is to be taken down.
fn read(
    setup: &Setup,
    scorecard: &Scorecard,
    period: Period,
    arguments: Arguments,
    now: DateTime<Utc>,
) -> Result<ReviewItem, Failure> {
    let Arguments { decide, action, success, about, who: named, due, person, .. } = arguments;
    let by = person.name();
    let scope = match about {
        Some(path) => configuration::scope(setup, &path)?,
        None => Scope::Scorecard(scorecard.id.clone()),
    };
    if *scope.scorecard() != scorecard.id {
        let failure = Failure::new(format!("`{scope}` is not of `{}`", scorecard.id));
        return Err(failure.hint(format!("write kpid review {}", scope.scorecard())));
    }
    let of = (scope, period);
    let read = match (action, named, due) {
        (Some(text), Some(named), Some(due)) => {
            let who =
                who(&named, &setup.people).map_err(|error| Failure::new(error.to_string()))?;
            let today = now.with_timezone(&scorecard.calendar.zone).date_naive();
            ReviewItem::action(of, &text, (&who, due, today), &by, now)
        }
        _ => match (decide, success) {
            (Some(text), _) => ReviewItem::decision(of, &text, &by, now),
            (None, text) => ReviewItem::success(of, &text.unwrap_or_default(), &by, now),
        },
    };
    read.map_err(|error: OperatorActionError| Failure::new(error.to_string()))
}

async fn take_down(setup: &Setup, item: &ReviewItem) -> Result<Answer, Failure> {
    let store = Store::open_existing(&setup.store).await?;
    let id = store.take_down(item).await?;
    store.close().await;
    let kind = match item.kind {
        ReviewItemKind::Decision => "decision",
        ReviewItemKind::Action(_) => "action",
        ReviewItemKind::Success => "success",
    };
    say!("{kind} {id} is taken down for {}, {}", item.scope, item.period);
    Ok(Answer::Done)
}

async fn settle(
    setup: &Setup,
    id: i64,
    state: ActionState,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Answer, Failure> {
    let store = Store::open_existing(&setup.store).await?;
    let settled = store.settle_action(id, state, by, now).await?;
    store.close().await;
    match settled {
        Some(kept) => {
            say!("action {id} of {} is {}", kept.item.scope, state.word());
            Ok(Answer::Done)
        }
        None => {
            output::complain!("kpid: there is no action {id} that is not {} already", state.word());
            output::complain!("  hint: `kpid review` shows the actions, each with its number");
            Ok(Answer::No)
        }
    }
}

async fn print(
    setup: &Setup,
    scorecard: &Scorecard,
    period: Period,
    arguments: &Arguments,
    now: DateTime<Utc>,
) -> Result<Answer, Failure> {
    let store = Store::open_read_only(&setup.store).await?;
    let mut agenda = match report::sent(setup, &store, scorecard, period).await? {
        Some(sent) => sent,
        None => report::made(setup, &store, scorecard, period, now).await?,
    };
    let mut kept = store.review_items().await?;
    kept.retain(|kept| *kept.item.scope.scorecard() == scorecard.id);
    if arguments.format == Sheet::Json {
        let json = json(scorecard, period, &agenda, &kept);
        put_json(&json, arguments.out.as_deref())?;
        return Ok(Answer::Done);
    }
    // What became of them since is beside.
    agenda.sections.retain(|section| section.kind != SectionKind::Actions);
    let people = &setup.people;
    let minutes = Minutes { language: setup.language, scorecard, people, items: &kept, at: now };
    let before = minutes.section_before(period);
    agenda.sections.splice(..0, before);
    agenda.sections.extend(minutes.sections(period));
    put_sheet(setup.language, &agenda.into(), arguments.format, arguments.out.as_deref())?;
    Ok(Answer::Done)
}

fn json<'a>(
    scorecard: &'a Scorecard,
    period: Period,
    agenda: &'a Overview,
    kept: &'a [KeptReviewItem],
) -> ReviewJson<'a> {
    let before = actions_before(kept, &scorecard.calendar, period);
    let found = |is_it: fn(&ReviewItemKind) -> bool| {
        let items = kept.iter().filter(|kept| kept.item.period == period);
        items.filter(|kept| is_it(&kept.item.kind)).collect()
    };
    ReviewJson {
        scorecard: &scorecard.id,
        period,
        agenda,
        actions_before: before.into_iter().map(|(kept, _)| kept).collect(),
        decisions: found(|kind| *kind == ReviewItemKind::Decision),
        actions: found(|kind| matches!(kind, ReviewItemKind::Action(_))),
        successes: found(|kind| *kind == ReviewItemKind::Success),
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    Moment::parse_day(text).ok_or_else(|| format!("`{text}` is not a day; write 2026-06-30"))
}
