//! Reports of periods: found due in a judgement and told in its transaction, once for each scorecard
//! and period.

use chrono::{DateTime, Utc};
use tracing::info;

use crate::outbox::notices;
use kpid_config::setup::Setup;
use kpid_message::periodic::report::{ReportContext, report};
use kpid_rules::{
    alerting::NoticeKind,
    judgement::{Judge, ScorecardStanding, Standing},
    model::{Id, KpiRef, Lag, Period, ReportPolicy, Scorecard},
    series::KpiContext,
};
use kpid_store::{Held, NewDelivery};

/// What a look for reports found.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    /// Up to where scorecards are reported now, where that moved.
    pub(crate) reports: Vec<(Id, Period)>,
    /// What is told.
    pub(crate) deliveries: Vec<NewDelivery>,
}

/// The reports that have become due. What was official when a scorecard was first seen is history.
pub(crate) fn look(
    setup: &Setup,
    held: &Held,
    standing: &Standing,
    now: DateTime<Utc>,
) -> Reported {
    let mut found = Reported::default();
    for judged in &standing.scorecards {
        let Some(scorecard) = setup.portfolio.scorecard(&judged.id) else { continue };
        let Some(policy) = &scorecard.report else { continue };
        let newest = scorecard.calendar.last_closed(policy.frequency, now);
        let is_official = |period| is_official(setup, held, (scorecard, judged), period, now);
        let known = held.reported.get(&scorecard.id);
        let known = known.filter(|known| known.frequency() == policy.frequency);
        let reported = match known {
            None if is_official(newest) => Some(newest),
            None => Some(newest.previous()),
            // The clock was set back; what was told is not told again.
            Some(known) if *known > newest => Some(newest),
            Some(known) => {
                let periods = [newest, newest.previous()].into_iter();
                let due =
                    periods.filter(|period| period > known).find(|period| is_official(*period));
                let deliveries =
                    due.and_then(|period| tell(setup, held, (scorecard, policy), period, now));
                due.zip(deliveries).map(|(period, deliveries)| {
                    info!(scorecard = %scorecard.id, "the report of `{}` for {period} is due", scorecard.id);
                    found.deliveries.extend(deliveries);
                    period
                })
            }
        };
        let moved = reported.filter(|period| known != Some(period));
        found.reports.extend(moved.map(|period| (scorecard.id.clone(), period)));
    }
    found
}

/// Whether everything of a period is in, or its time is up and it has been asked for since.
fn is_official(
    setup: &Setup,
    held: &Held,
    (scorecard, judged): (&Scorecard, &ScorecardStanding),
    period: Period,
    now: DateTime<Utc>,
) -> bool {
    let day = scorecard.calendar.last_day(period);
    if !judged.awaited_by(&scorecard.calendar, day).is_empty() || judged.awaits_others_by(day) {
        return false;
    }
    let judge = Judge::new(&setup.portfolio, &held.history, now);
    scorecard.kpis().all(|kpi| {
        let case = judge.case(scorecard, kpi);
        was_asked(setup, held, (&scorecard.named(kpi), &case), period, now)
    })
}

/// Whether a KPI that is asked by schedule was asked since the actual of its period was due. Without,
/// the midnight on which it becomes due would come before the figure that is about to be fetched.
fn was_asked(
    setup: &Setup,
    held: &Held,
    (named, case): (&KpiRef, &KpiContext<'_>),
    period: Period,
    now: DateTime<Utc>,
) -> bool {
    let (calendar, kpi) = (case.calendar, case.kpi);
    let day = calendar.last_day(period);
    let own = calendar.period_of(kpi.frequency, day);
    let own = if calendar.last_day(own) <= day { own } else { own.previous() };
    if case.is_whole(own, now) || kpi.weight_in(Some(own)) <= 0.0 || !is_collected(setup, named) {
        return true;
    }
    let due = calendar.overdue_from(own, kpi.lag.unwrap_or(Lag::Days(0)));
    let asked = held.attempts.get(named).map(|attempt| attempt.finished_at);
    now < due || asked.is_some_and(|asked| asked >= due)
}

fn is_collected(setup: &Setup, named: &KpiRef) -> bool {
    setup.collections.iter().any(|collection| collection.kpi == *named)
}

/// The report to everybody who gets it; none of a period that nobody has a figure of yet.
fn tell(
    setup: &Setup,
    held: &Held,
    (scorecard, policy): (&Scorecard, &ReportPolicy),
    period: Period,
    now: DateTime<Utc>,
) -> Option<Vec<NewDelivery>> {
    let review = Judge::new(&setup.portfolio, &held.history, now).review(scorecard, period);
    let message = review.has_figures().then(|| {
        report(ReportContext {
            scorecard,
            review: &review,
            episodes: &held.episodes,
            notes: &held.notes,
            people: &setup.people,
            public_url: setup.web.public_url.as_ref(),
            at: now,
            awaited: 0,
            config: &setup.config_hash,
        })
    });
    let message = message?.into();
    Some(notices::routed(setup, &message, NoticeKind::PeriodReport, &policy.to, now))
}
