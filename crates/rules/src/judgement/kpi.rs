//! One KPI, judged: which period it reports, what state its data are in, and the verdict.

use std::ops::Bound;

use chrono::{DateTime, Utc};

use crate::{
    judgement::{
        forecast::{self, Forecast, SeriesShape},
        lines::Lines,
        score::{self, Anchors, Yardstick},
        signal::{self, Assurance, Limits},
        standing::{KpiStanding, LastKnown},
        trend::{trend, trend_in_band},
    },
    model::{
        definition::{Nature, Scorecard},
        period::{Frequency, Period},
        status::{DataState, Gap, Status},
        target::Target,
    },
    series::{
        history::{Actual, Figure},
        kpi_context::KpiContext,
    },
};

/// A streak, and the history behind trends and signals, looks no further back than this; the
/// natural limits do.
const PERIODS_BACK_MAX: usize = 120;

/// The verdict on one KPI in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodVerdict {
    /// The period judged.
    pub period: Period,
    /// What was measured, cumulated if the KPI is.
    pub value: Option<f64>,
    /// What was wanted.
    pub target: Option<f64>,
    /// What the value was compared with.
    pub lines: Option<Lines>,
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
    /// Why there is no verdict.
    pub gap: Option<Gap>,
}

/// What a KPI reports at an instant: a period, the state of the newest due one, and what is amiss.
struct Report {
    period: Option<Period>,
    state: DataState,
    gap: Option<Gap>,
    /// With a gap: whether the period is judged all the same.
    judged: bool,
    /// A newer period that is closed and not due yet.
    awaited: Option<Period>,
}

/// Judges one KPI at `now`. Shares of a shortfall are the perspective's to fill in.
pub fn judge_kpi(case: &KpiContext<'_>, scorecard: &Scorecard, now: DateTime<Utc>) -> KpiStanding {
    let report = case.report(now);
    let verdict = match report.period {
        Some(period) if report.judged => case.judge_period(period),
        period => case.unjudged(period, report.gap),
    };
    let figures = Figures::of(case, &verdict, now);
    let as_reported = report
        .period
        .filter(|_| report.judged)
        .and_then(|period| case.as_reported(period, scorecard.materiality_pct));
    let kpi = case.kpi;
    let (green_line, red_line) =
        verdict.lines.as_ref().map_or((None, None), |lines| lines.shown(verdict.value));
    let newest = verdict.value.and(report.period).and_then(|period| case.actual(period));
    let variance = variance(&verdict, green_line);
    KpiStanding {
        id: kpi.id.clone(),
        name: kpi.name.clone(),
        unit: kpi.unit.clone(),
        decimals: kpi.decimals,
        period: report.period,
        state: report.state,
        awaited: report.awaited,
        judged_on_newest: kpi.is_judged_on_newest(),
        value: verdict.value,
        target: verdict.target,
        green_line,
        red_line,
        status: verdict.status,
        score: verdict.score,
        variance,
        achievement_pct: verdict
            .value
            .zip(verdict.target)
            .and_then(|(value, target)| score::achievement_pct(kpi.direction, target, value)),
        trend: figures.trend,
        vs_last_year: figures.vs_last_year,
        signal: figures.signal,
        share_pct: None,
        effective_weight: None,
        observed_at: newest.map(|actual| actual.observed_at),
        error: case.held.failure.as_ref().map(|failure| failure.message.clone()),
        gap: verdict.gap.or(report.gap),
        missing: match verdict.gap {
            Some(Gap::MissingInput) => case.missing_parts(verdict.period),
            _ => Vec::new(),
        },
        last_known: if verdict.value.is_none() { case.last_known() } else { None },
        streak: figures.streak,
        assurance: figures.assurance,
        expected: figures.expected,
        forecast: figures.forecast,
        pace: case.pace(now),
        outlook_is_stale: case.outlook_is_stale(now),
        finality: verdict
            .value
            .and(report.period)
            .map(|period| case.finality(period, as_reported.is_some(), now)),
        as_reported,
        restated: case.restated(scorecard.materiality_pct, now),
        weight: kpi.weight_in(report.period),
        critical: kpi.critical,
    }
}

impl KpiContext<'_> {
    /// The verdict on one period, whatever its state.
    pub fn judge_period(&self, period: Period) -> PeriodVerdict {
        let value = match self.value_over_span(period) {
            Ok(value) => value,
            Err(gap) => return self.unjudged(Some(period), Some(gap)),
        };
        if self.kpi.aims.is_empty() && self.scores_without_lines() {
            return self.judge_value(period, value, None, None);
        }
        if self.kpi.aims.is_empty() {
            let verdict = self.unjudged(Some(period), None);
            return PeriodVerdict { value: Some(value), status: Status::NotScored, ..verdict };
        }
        match self.goal(period) {
            Ok(goal) => self.judge_value(period, value, Some(goal.lines), goal.target),
            Err(gap) => {
                let status = if gap == Gap::ZeroTarget { Status::Pending } else { Status::NoData };
                let verdict = self.unjudged(Some(period), Some(gap));
                PeriodVerdict { value: Some(value), status, ..verdict }
            }
        }
    }

    /// The verdict on a value of a period against given lines.
    pub fn judge_value(
        &self,
        period: Period,
        value: f64,
        lines: Option<Lines>,
        target: Option<f64>,
    ) -> PeriodVerdict {
        let yardstick = Yardstick {
            scoring: &self.kpi.scoring,
            direction: self.kpi.direction,
            lines: lines.as_ref(),
            target,
            anchors: Anchors::of(self.kpi),
        };
        let judged = yardstick.judge(value);
        let (status, score, gap) = match judged {
            Some((status, score)) => (status, Some(score), None),
            None => (Status::NoData, None, Some(Gap::NoTarget)),
        };
        PeriodVerdict { period, value: Some(value), target, lines, status, score, gap }
    }

    /// The value of a period: its own, or the sum since the span began, with nothing missing.
    pub fn value_over_span(&self, period: Period) -> Result<f64, Gap> {
        let actual = self.believed(period)?;
        let figure = match self.kpi.cumulative {
            None => actual.figure,
            Some(_) => {
                let parts = self.span(period).map(|part| self.believed(part).ok());
                sum(self.kpi.nature, parts)?
            }
        };
        if self.is_thin(figure) {
            return Err(Gap::Sample);
        }
        figure.value(self.kpi.scale).ok_or(Gap::Undefined)
    }

    /// The periods of a sum that have no figure.
    pub fn missing_parts(&self, period: Period) -> Vec<Period> {
        if self.kpi.cumulative.is_none() {
            return Vec::new();
        }
        self.span(period).filter(|part| self.believed(*part).is_err()).collect()
    }

    /// The natural limits of the single-period values up to `upto`: of the first ones held, and
    /// frozen after that, however long ago they were.
    pub fn limits(&self, upto: Period) -> Option<Limits> {
        let mut baseline = Vec::new();
        let mut taken = 0;
        let mut before: Option<Period> = None;
        for at in self.held_from_baseline().take_while(|at| *at <= upto) {
            if taken == signal::BASELINE_VALUES {
                break;
            }
            if before.is_some_and(|before| before.next() != at) {
                baseline.push(None);
            }
            let value = self.value(at);
            taken += usize::from(value.is_some());
            baseline.push(value);
            before = Some(at);
        }
        Limits::of(&baseline, self.kpi.signals.screen_outliers)
    }

    /// The periods that something is held for, from the one on that the author names.
    fn held_from_baseline(&self) -> impl Iterator<Item = Period> {
        let from = self.kpi.signals.baseline_from.map_or(Bound::Unbounded, Bound::Included);
        self.held.actuals.range((from, Bound::Unbounded)).map(|(period, _)| *period)
    }

    /// Closed periods up to `period` that have a single-period value, oldest first, with `None`
    /// for each one missing in between.
    pub fn series(&self, upto: Period) -> Vec<Option<f64>> {
        let Some(first) = self.held_from_baseline().next() else { return Vec::new() };
        let back = std::iter::successors(Some(upto), |at| Some(at.previous()));
        let mut series: Vec<_> = back
            .take_while(|at| *at >= first)
            .take(PERIODS_BACK_MAX)
            .map(|at| self.value(at))
            .collect();
        series.reverse();
        series
    }

    /// The verdict on a value expected for the period after one.
    fn expected(&self, period: Period, value: f64) -> Option<(Status, f64)> {
        // A sum since the span began is more than the next single period.
        if self.kpi.cumulative.is_some() {
            return None;
        }
        let next = period.next();
        let goal = self.goal(next).ok()?;
        let verdict = self.judge_value(next, value, Some(goal.lines), goal.target);
        Some((verdict.status, verdict.score?))
    }

    fn scores_without_lines(&self) -> bool {
        use crate::model::definition::Scoring;
        let needs = matches!(self.kpi.scoring, Scoring::Threshold | Scoring::Achievement);
        !needs
    }

    pub(crate) fn unjudged(&self, period: Option<Period>, gap: Option<Gap>) -> PeriodVerdict {
        let nothing_due = gap.is_some_and(Gap::means_nothing_is_due);
        let status = if nothing_due { Status::Pending } else { Status::NoData };
        let goal = period.and_then(|period| self.goal(period).ok());
        PeriodVerdict {
            period: period.unwrap_or(Period::Year(0)),
            value: None,
            target: goal.as_ref().and_then(|goal| goal.target),
            lines: goal.map(|goal| goal.lines),
            status,
            score: None,
            gap,
        }
    }

    fn report(&self, now: DateTime<Utc>) -> Report {
        let present = self.kpi.present(self.calendar, now);
        match self.outside(present) {
            Some(gap) => Report::without(Some(present), DataState::Open, gap),
            None if self.kpi.is_judged_on_newest() => self.report_newest(now),
            None => self.report_closed(now),
        }
    }

    /// Why a period lies outside the life of the KPI, if it does.
    pub(crate) fn outside(&self, period: Period) -> Option<Gap> {
        match () {
            () if self.kpi.lives_in(period) => None,
            () if self.kpi.from.is_some_and(|from| period < from) => Some(Gap::NotBegun),
            () => Some(Gap::Ended),
        }
    }

    /// Flow, ratio, event: the last closed period whose actual is in, unless a newer one is overdue;
    /// nothing while the last one is excluded.
    fn report_closed(&self, now: DateTime<Utc>) -> Report {
        let newest = self.calendar.last_closed(self.kpi.frequency, now);
        if !self.is_applicable(newest) {
            return Report::without(Some(newest), DataState::Open, Gap::NotApplicable);
        }
        if self.is_in(newest, now) {
            return Report::of(newest, DataState::Received);
        }
        let state = self.missing_state(newest, now);
        if self.held.actuals.keys().next().is_none() {
            // Nothing is missing of what has only just begun.
            let begins = self.kpi.from == Some(newest) && state == DataState::Awaiting;
            let gap = if begins { Gap::NotDue } else { Gap::NeverCollected };
            return Report::without(Some(newest), state, gap);
        }
        let awaited = (state == DataState::Awaiting).then_some(newest);
        let mut period = newest;
        let mut overdue = 0;
        loop {
            if self.is_in(period, now) {
                let gap = (overdue > 0).then_some(Gap::CarriedForward);
                return Report { period: Some(period), state, gap, judged: true, awaited };
            }
            overdue += u32::from(self.missing_state(period, now) == DataState::Overdue);
            if overdue > self.kpi.carry_forward {
                return Report::without(Some(period), state, Gap::Overdue);
            }
            match self.applicable_before(period) {
                Some(before) if self.held.actuals.keys().next() <= Some(&before) => period = before,
                _ => {
                    let report = Report::without(Some(newest), state, Gap::NotDue);
                    return Report { awaited, ..report };
                }
            }
        }
    }

    /// Level, milestone: the newest reading, whatever its period, while it is fresh.
    fn report_newest(&self, now: DateTime<Utc>) -> Report {
        let running = self.calendar.period_at(self.kpi.frequency, now);
        let newest = self.held.actuals.range(..=running).next_back();
        let newest = newest.and_then(|(period, revisions)| Some((*period, revisions.last()?)));
        if let Some(due) = self.milestone_due(running) {
            return self.report_milestone(newest, due, now);
        }
        let Some((period, actual)) = newest else {
            let closed = running.previous();
            let state = self.missing_state(closed, now);
            return Report::without(Some(closed), state, Gap::NeverCollected);
        };
        if !self.is_applicable(period) {
            return Report::without(Some(period), DataState::Open, Gap::NotApplicable);
        }
        if now > self.fresh_until(period, actual) {
            let carried = self.carried(period, running);
            let gap = if carried { Gap::CarriedForward } else { Gap::Stale };
            let period = Some(period);
            let state = DataState::Overdue;
            return Report { period, state, gap: Some(gap), judged: carried, awaited: None };
        }
        Report::of(period, DataState::Received)
    }

    fn report_milestone(
        &self,
        newest: Option<(Period, &Actual)>,
        due: chrono::NaiveDate,
        now: DateTime<Utc>,
    ) -> Report {
        let is_due = self.calendar.local_day(now) > due;
        match newest {
            Some((period, actual)) if is_due || self.value_of(actual) != Some(0.0) => {
                Report::of(period, DataState::Received)
            }
            Some((period, _)) => Report::without(Some(period), DataState::Received, Gap::NotDue),
            None if is_due => Report::without(None, DataState::Overdue, Gap::NeverCollected),
            None => Report::without(None, DataState::Open, Gap::NotDue),
        }
    }

    pub(crate) fn milestone_due(&self, period: Period) -> Option<chrono::NaiveDate> {
        match self.aim(period)?.target {
            Some(Target::Milestone { due }) => Some(due),
            _ => None,
        }
    }

    /// Whether a stale level may still stand in, by `carry_forward`.
    fn carried(&self, period: Period, running: Period) -> bool {
        let after = std::iter::successors(Some(period.next()), |at| Some(at.next()));
        let missed = after.take_while(|at| *at < running).take(PERIODS_BACK_MAX).count();
        self.kpi.carry_forward > 0 && missed <= self.kpi.carry_forward as usize
    }

    /// The newest period before `period` that the author did not exclude.
    fn applicable_before(&self, period: Period) -> Option<Period> {
        let back = std::iter::successors(Some(period.previous()), |at| Some(at.previous()));
        back.take(PERIODS_BACK_MAX).find(|at| self.is_applicable(*at))
    }

    /// Whether the period counts: the KPI is followed in it, and the author excluded it neither for the
    /// KPI nor by a closure.
    pub fn is_applicable(&self, period: Period) -> bool {
        self.kpi.lives_in(period)
            && !self.kpi.not_applicable.contains(&period)
            && !self.calendar.is_shut(period)
    }

    /// Where a period without an actual stands.
    pub fn missing_state(&self, period: Period, now: DateTime<Utc>) -> DataState {
        let due = self.overdue_from(period);
        match () {
            () if !self.calendar.is_closed(period, now) => DataState::Open,
            () if now < due => DataState::Awaiting,
            () => DataState::Overdue,
        }
    }

    /// Until when a level's reading speaks for it: as configured, else for two polls, or until the
    /// reading of the next period would be overdue, whichever is later.
    fn fresh_until(&self, period: Period, reading: &Actual) -> DateTime<Utc> {
        let observed = reading.observed_at;
        if let Some(age) = self.kpi.max_age {
            return observed + age;
        }
        let after = std::iter::successors(Some(period.next()), |at| Some(at.next()));
        let next = after.take(PERIODS_BACK_MAX).find(|at| self.is_applicable(*at));
        let overdue = self.overdue_from(next.unwrap_or(period.next()));
        self.kpi.poll_interval.map_or(overdue, |poll| overdue.max(observed + poll * 2))
    }

    fn last_known(&self) -> Option<LastKnown> {
        let newest_first = self.held.actuals.keys().rev();
        newest_first
            .filter_map(|&period| Some(LastKnown { period, value: self.value(period)? }))
            .next()
    }
}

impl Report {
    fn of(period: Period, state: DataState) -> Self {
        Self { period: Some(period), state, gap: None, judged: true, awaited: None }
    }

    fn without(period: Option<Period>, state: DataState, gap: Gap) -> Self {
        Self { period, state, gap: Some(gap), judged: false, awaited: None }
    }
}

/// What the closed periods behind a verdict say.
#[derive(Default)]
struct Figures {
    trend: Option<crate::judgement::standing::Trend>,
    vs_last_year: Option<crate::judgement::standing::Trend>,
    signal: Option<crate::judgement::standing::Signal>,
    streak: Option<u32>,
    assurance: Option<Assurance>,
    forecast: Option<Forecast>,
    expected: Option<(Status, f64)>,
}

impl Figures {
    /// Of the closed periods only: what a level says of a running one may change tomorrow.
    fn of(case: &KpiContext<'_>, verdict: &PeriodVerdict, now: DateTime<Utc>) -> Self {
        let (Some(_), kpi) = (verdict.value, case.kpi) else { return Self::default() };
        let streak = Some(case.streak(verdict, now));
        let closed = Some(verdict.period).filter(|period| case.calendar.is_closed(*period, now));
        let Some(upto) = closed.or_else(|| case.applicable_before(verdict.period)) else {
            return Self { streak, ..Self::default() };
        };
        let series = case.series(upto);
        let values: Vec<f64> = series.iter().copied().flatten().collect();
        let limits = case.limits(upto);
        let newest = case.value(upto);
        let signal = limits.filter(|_| newest.is_some());
        let signal = signal.and_then(|limits| limits.signal(kpi.signals.rules, &values));
        // The limits are of single periods, and so must the target be.
        let target = match kpi.cumulative {
            Some(_) => case.single_target(upto),
            None => verdict.target,
        };
        let shape = case.shape(signal.is_some(), values.len());
        let forecast = forecast::forecast(&series, limits, 1, shape);
        Self {
            trend: case.applicable_before(upto).and_then(|before| case.moved(before, upto)),
            vs_last_year: case.moved(upto.last_year(), upto),
            signal: signal.map(|(signal, _)| signal),
            streak,
            assurance: limits
                .zip(target)
                .map(|(limits, target)| limits.assurance(kpi.direction, target)),
            expected: forecast.and_then(|next| case.expected(upto, next.value)),
            forecast,
        }
    }
}

impl KpiContext<'_> {
    /// Which way the single-period value went between two periods.
    fn moved(&self, from: Period, to: Period) -> Option<crate::judgement::standing::Trend> {
        let (before, now) = self.value(from).zip(self.value(to))?;
        let goal = self.goal(to).ok();
        Some(match goal.map(|goal| goal.lines) {
            Some(Lines::Band(band)) => trend_in_band(before, now, band, self.kpi.dead_band),
            _ => trend(before, now, self.kpi.direction, self.kpi.dead_band),
        })
    }

    /// How many closed periods in a row, up to the one judged, have had the present status.
    fn streak(&self, verdict: &PeriodVerdict, now: DateTime<Utc>) -> u32 {
        let back = std::iter::successors(Some(verdict.period.previous()), |at| Some(at.previous()));
        let same = back
            .take(PERIODS_BACK_MAX)
            .filter(|at| self.is_applicable(*at))
            .take_while(|at| self.actual(*at).is_some())
            .take_while(|at| self.judge_period(*at).status == verdict.status);
        let own = u32::from(self.calendar.is_closed(verdict.period, now));
        u32::try_from(same.count()).unwrap_or(u32::MAX).saturating_add(own)
    }

    fn shape(&self, has_signal: bool, closed: usize) -> SeriesShape {
        let journey =
            self.kpi.aims.iter().any(|aim| matches!(aim.target, Some(Target::Trajectory { .. })));
        let seasonal = self.kpi.aims.iter().any(|aim| {
            let last_year = crate::model::target::Reference::SamePeriodLastYear;
            matches!(&aim.target, Some(Target::Relative { to, .. }) if *to == last_year)
        });
        match self.kpi.frequency {
            Frequency::Month if seasonal && closed >= 24 => SeriesShape::Seasonal { per_year: 12 },
            _ if has_signal || journey => SeriesShape::Moving,
            _ => SeriesShape::Stable,
        }
    }
}

/// Value minus target; for a band, how far outside green.
fn variance(verdict: &PeriodVerdict, green_line: Option<f64>) -> Option<f64> {
    let value = verdict.value?;
    match &verdict.lines {
        Some(Lines::Band(band)) if (band.low..=band.high).contains(&value) => Some(0.0),
        Some(Lines::Band(_)) => Some(value - green_line?),
        _ => Some(value - verdict.target?),
    }
}

/// The sum of all figures of one kind; none if one is missing or the kinds differ. Percentages do
/// not add up: of a ratio all but a single part must have come as numerator and denominator.
fn sum<'a>(
    nature: Nature,
    mut parts: impl Iterator<Item = Option<&'a Actual>>,
) -> Result<Figure, Gap> {
    let first = parts.next().flatten().ok_or(Gap::MissingInput)?.figure;
    parts.try_fold(first, |sum, part| match (sum, part.ok_or(Gap::MissingInput)?.figure) {
        (Figure::Value(a), Figure::Value(b)) if nature != Nature::Ratio => Ok(Figure::Value(a + b)),
        (
            Figure::Ratio { numerator: a, denominator: n },
            Figure::Ratio { numerator: b, denominator: m },
        ) => Ok(Figure::Ratio { numerator: a + b, denominator: n + m }),
        _ if nature == Nature::Ratio => Err(Gap::NotCombinable),
        _ => Err(Gap::MissingInput),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{
        judgement::standing::Signal,
        model::{calendar::Calendar, definition::Kpi, id::Id, portfolio::Portfolio},
        series::history::{History, KpiHistory},
    };

    fn day(number: i64) -> Period {
        let first = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        Period::Day(first + TimeDelta::days(number))
    }

    /// A flow of so many days, each as `value` says.
    fn judged(days: i64, value: impl Fn(i64) -> Option<f64>) -> (Limits, Figures) {
        let kpi =
            Kpi { frequency: Frequency::Day, ..Kpi::plain(Id::parse("k").unwrap(), Nature::Flow) };
        let calendar = Calendar::plain(chrono_tz::UTC);
        let mut held = KpiHistory::default();
        for number in 0..days {
            let Some(value) = value(number) else { continue };
            let (_, end) = calendar.bounds(day(number));
            let figure = Figure::Value(value);
            let actual = Actual { figure, target: None, observed_at: end, collected_at: end };
            held.record(day(number), actual);
        }
        let (portfolio, history) = (Portfolio::new(Vec::new()).unwrap(), History::default());
        let (kpi, calendar, held) = (&kpi, &calendar, &held);
        let (scorecard, portfolio, history) = (&kpi.id, &portfolio, &history);
        let case =
            KpiContext { scorecard, kpi, calendar, held, portfolio, history, known_at: None };
        let newest = day(days - 1);
        let (_, now) = calendar.bounds(newest);
        (case.limits(newest).unwrap(), Figures::of(&case, &case.judge_period(newest), now))
    }

    #[test]
    fn the_first_values_are_the_baseline_however_long_ago_they_were() {
        let usual = |number: i64| if number % 2 == 0 { 9.0 } else { 11.0 };
        let (limits, figures) =
            judged(400, |number| Some(if number < 12 { usual(number) } else { 50.0 }));
        assert_eq!((limits.mean, limits.mean_range, limits.trial), (10.0, 2.0, false));
        assert_eq!(figures.signal, Some(Signal::Outside));
    }

    #[test]
    fn a_baseline_has_gaps_of_which_no_range_is_taken() {
        let steps = |number: i64| match number {
            0..=3 => Some(10.0 + (number % 2) as f64),
            200..=203 => Some(90.0 + (number % 2) as f64),
            _ => None,
        };
        let (limits, _) = judged(204, steps);
        assert_eq!((limits.mean, limits.mean_range, limits.trial), (50.5, 1.0, true));
    }

    #[test]
    fn what_never_changes_is_expected_to_go_on() {
        let (_, figures) = judged(12, |_| Some(99.9));
        assert_eq!(figures.signal, None);
        assert_eq!(figures.forecast.map(|found| found.method), Some(forecast::Method::Mean));
    }
}
