//! Reports of periods: found due in a judgement and told in its transaction, once for each scorecard
//! and period.

use chrono::{DateTime, Utc};
use tracing::info;

use crate::{instance::Instance, outbox::notices};
use kpid_message::periodic::report::{ReportContext, report};
use kpid_rules::{
    alerting::NoticeKind,
    judgement::{Judge, ScorecardStanding},
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

/// What reports are looked for in.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) held: &'a Held,
    pub(crate) judge: &'a Judge<'a>,
    pub(crate) now: DateTime<Utc>,
}

/// The reports of scorecards that have become due. What was official when a scorecard was first seen
/// is history.
pub(crate) fn look<'s>(
    look: Look<'_>,
    scorecards: impl Iterator<Item = &'s ScorecardStanding>,
) -> Reported {
    let mut found = Reported::default();
    for judged in scorecards {
        let Some(scorecard) = look.instance.setup.portfolio.scorecard(&judged.id) else { continue };
        let Some(policy) = &scorecard.report else { continue };
        let newest = scorecard.calendar.last_closed(policy.frequency, look.now);
        let is_official = |period| look.is_official((scorecard, judged), period);
        let known = look.held.reported.get(&scorecard.id);
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
                let deliveries = due.and_then(|period| look.tell((scorecard, policy), period));
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

impl Look<'_> {
    /// Whether everything of a period is in, or its time is up and it has been asked for since.
    fn is_official(
        self,
        (scorecard, judged): (&Scorecard, &ScorecardStanding),
        period: Period,
    ) -> bool {
        let day = scorecard.calendar.last_day(period);
        if !judged.awaited_by(&scorecard.calendar, day).is_empty() || judged.awaits_others_by(day) {
            return false;
        }
        scorecard.kpis().all(|kpi| {
            let case = self.judge.case(scorecard, kpi);
            self.was_asked((&scorecard.named(kpi), &case), period)
        })
    }

    /// Whether a KPI that is asked by schedule was asked since the actual of its period was due.
    /// Without, the midnight on which it becomes due would come before the figure that is about to be
    /// fetched.
    fn was_asked(self, (named, case): (&KpiRef, &KpiContext<'_>), period: Period) -> bool {
        let (calendar, kpi, now) = (case.calendar, case.kpi, self.now);
        let day = calendar.last_day(period);
        let own = calendar.period_of(kpi.frequency, day);
        let own = if calendar.last_day(own) <= day { own } else { own.previous() };
        if case.is_whole(own, now)
            || kpi.weight_in(Some(own)) <= 0.0
            || !self.instance.collected.has(named)
        {
            return true;
        }
        let due = calendar.overdue_from(own, kpi.lag.unwrap_or(Lag::Days(0)));
        let asked = self.held.attempts.get(named).map(|attempt| attempt.finished_at);
        now < due || asked.is_some_and(|asked| asked >= due)
    }

    /// The report to everybody who gets it; none of a period that nobody has a figure of yet.
    fn tell(
        self,
        (scorecard, policy): (&Scorecard, &ReportPolicy),
        period: Period,
    ) -> Option<Vec<NewDelivery>> {
        let (setup, now) = (&self.instance.setup, self.now);
        let review = self.judge.review(scorecard, period);
        let made = |language| {
            let overview = report(ReportContext {
                language,
                scorecard,
                review: &review,
                episodes: &self.held.episodes,
                notes: &self.held.notes,
                review_items: &self.held.review_items,
                people: &setup.people,
                public_url: setup.web.public_url.as_ref(),
                at: now,
                awaited: 0,
                config: &setup.config_hash,
            });
            overview.into()
        };
        let kind = NoticeKind::PeriodReport;
        review
            .has_figures()
            .then(|| notices::routed_in_languages(setup, &made, kind, &policy.to, now))
    }
}
