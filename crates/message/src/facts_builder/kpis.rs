//! The KPIs of a message: each with its share, its part of the change, and what it needs.

use crate::{
    facts::{
        kpi::{Better, CountNeed, KpiFacts, LinkedFacts, Need, UnitFacts, UsualRange},
        named::Named,
    },
    facts_builder::{
        early,
        subject::{Subject, named, period_name},
    },
};
use kpid_rules::{
    analysis::Before,
    judgement::{KpiStanding, LinkedStanding, rounding},
    model::{Direction, Input, Kpi, KpiRef, Nature, Period, Status, Target},
    series::Figure,
};

/// A year of months and the same month of the year before.
const RECENT_PERIODS: usize = 13;

/// Slack of a count: 0.95 × 3000 is 2850, whatever the bits say.
const COUNT_SLACK: f64 = 1e-9;

/// The KPIs, largest shortfall first.
pub(crate) fn kpis(subject: &Subject<'_>) -> Vec<KpiFacts> {
    let objectives = subject.judged.objectives.iter();
    let mut facts = Vec::new();
    for objective in objectives {
        for kpi in &objective.kpis {
            let contribution = contribution(kpi, subject.compared());
            let of = named(&objective.id, &objective.name);
            facts.push(kpi_facts(subject, of, kpi, contribution));
        }
    }
    facts.sort_by(|a, b| b.share_pct.unwrap_or(-1.0).total_cmp(&a.share_pct.unwrap_or(-1.0)));
    facts
}

/// The objectives of other units, largest shortfall first.
pub(crate) fn linked(subject: &Subject<'_>) -> Vec<LinkedFacts> {
    let mut facts = Vec::new();
    for objective in subject.judged.objectives.iter() {
        let of = named(&objective.id, &objective.name);
        facts.extend(objective.linked.iter().map(|link| linked_facts(subject, of.clone(), link)));
    }
    facts.sort_by(|a, b| b.share_pct.unwrap_or(-1.0).total_cmp(&a.share_pct.unwrap_or(-1.0)));
    facts
}

fn linked_facts(subject: &Subject<'_>, objective: Named, link: &LinkedStanding) -> LinkedFacts {
    let unit = subject.context.portfolio.scorecard(&link.objective.scorecard);
    let then = subject.compared().and_then(|before| before.linked.get(&link.objective));
    let score = link.verdict.score;
    let change = link.effective_weight.zip(then);
    LinkedFacts {
        id: link.objective.to_string(),
        name: unit
            .map_or_else(|| link.name.clone(), |unit| format!("{} ({})", link.name, unit.name)),
        objective,
        status: link.verdict.status,
        score,
        share_pct: link.share_pct,
        contribution: change.map(|(weight, then)| weight * (score.unwrap_or(0.0) - then)),
        critical: link.critical,
    }
}

/// The part of the score's change that nothing below made.
pub(crate) fn residual(
    subject: &Subject<'_>,
    kpis: &[KpiFacts],
    linked: &[LinkedFacts],
) -> Option<f64> {
    let kpis = kpis.iter().filter_map(|kpi| kpi.contribution);
    let linked = linked.iter().filter_map(|link| link.contribution);
    change(subject).map(|change| change - kpis.chain(linked).sum::<f64>())
}

fn change(subject: &Subject<'_>) -> Option<f64> {
    Some(subject.judged.verdict.score? - subject.compared()?.verdict.score?)
}

fn contribution(kpi: &KpiStanding, before: Option<&Before>) -> Option<f64> {
    Some(kpi.effective_weight? * (kpi.score.unwrap_or(0.0) - before?.scores.get(&kpi.id)?))
}

fn kpi_facts(
    subject: &Subject<'_>,
    objective: Named,
    kpi: &KpiStanding,
    contribution: Option<f64>,
) -> KpiFacts {
    let defined = subject.scorecard.kpi(&kpi.id);
    let series = defined.map(|defined| series(subject, defined, kpi)).unwrap_or_default();
    KpiFacts {
        id: kpi.id.to_string(),
        name: kpi.name.clone(),
        objective,
        period: kpi.period.map(period_name),
        unit: kpi.unit.clone(),
        decimals: kpi.decimals,
        value: kpi.value,
        target: kpi.target,
        green_line: kpi.green_line,
        red_line: kpi.red_line,
        variance: kpi.variance,
        direction: defined.map_or(Better::Higher, |defined| better(defined, kpi.period)),
        status: kpi.status,
        score: kpi.score,
        share_pct: kpi.share_pct,
        contribution,
        trend: kpi.trend,
        signal: kpi.signal,
        usual_range: defined.and_then(|defined| usual_range(subject, defined, kpi)),
        recent: series.iter().skip(series.len().saturating_sub(RECENT_PERIODS)).copied().collect(),
        streak: kpi.streak,
        assurance: kpi.assurance,
        gap: kpi.gap,
        critical: kpi.critical,
        need: defined.and_then(|defined| need(subject, defined, kpi)),
        units: defined.map(|defined| units(subject, defined, kpi)).unwrap_or_default(),
        pace: defined.and_then(|defined| early::pace(subject, defined, kpi)),
        forecast: early::forecast(subject, kpi),
    }
}

fn better(kpi: &Kpi, period: Option<Period>) -> Better {
    let applies = |from: Option<Period>| from.is_none() || from <= period;
    let aim = kpi.aims.iter().rev().find(|aim| applies(aim.from));
    match (aim.and_then(|aim| aim.target.as_ref()), kpi.direction) {
        (Some(Target::Band(_)), _) => Better::Band,
        (Some(Target::Milestone { .. }), _) => Better::Binary,
        (_, Direction::Higher) => Better::Higher,
        (_, Direction::Lower) => Better::Lower,
    }
}

/// The values up to the period reported, oldest first.
fn series(subject: &Subject<'_>, defined: &Kpi, kpi: &KpiStanding) -> Vec<Option<f64>> {
    let case = subject.judge.case(subject.scorecard, defined);
    kpi.period.map(|period| case.series(period)).unwrap_or_default()
}

/// The natural limits, where they are of the same kind as the value.
fn usual_range(subject: &Subject<'_>, defined: &Kpi, kpi: &KpiStanding) -> Option<UsualRange> {
    if defined.cumulative.is_some() {
        return None;
    }
    let limits = subject.judge.case(subject.scorecard, defined).limits(kpi.period?)?;
    let (low, high) = (limits.lower, limits.upper);
    (low.is_finite() && high.is_finite()).then_some(UsualRange { low, high })
}

fn need(subject: &Subject<'_>, defined: &Kpi, kpi: &KpiStanding) -> Option<Need> {
    if !matches!(kpi.status, Status::AtRisk | Status::OffTrack) {
        return None;
    }
    let (value, green_line) = (kpi.value?, kpi.green_line?);
    let missing = green_line - value;
    let count = count_need(subject, defined, kpi, green_line);
    missing.is_finite().then_some(Need { green_line, missing, count })
}

fn count_need(
    subject: &Subject<'_>,
    defined: &Kpi,
    kpi: &KpiStanding,
    green_line: f64,
) -> Option<CountNeed> {
    if defined.nature != Nature::Ratio || defined.cumulative.is_some() {
        return None;
    }
    let case = subject.judge.case(subject.scorecard, defined);
    let figure = case.held.actual(kpi.period?)?.figure;
    let Figure::Ratio { numerator, denominator } = figure else { return None };
    // A value that stands in for another period is not of these counts.
    let held = figure.value(defined.scale)?;
    if (held - kpi.value?).abs() > COUNT_SLACK * held.abs().max(1.0) {
        return None;
    }
    let wanted = green_line * denominator / defined.scale;
    let slack = COUNT_SLACK * wanted.abs().max(1.0);
    let is_counted = numerator.fract() == 0.0 && denominator.fract() == 0.0;
    let more = match (is_counted, green_line > held) {
        (true, true) => (wanted - slack).ceil() - numerator,
        (true, false) => (wanted + slack).floor() - numerator,
        // Money and hours come in parts, too.
        (false, _) => rounding::outward(wanted - numerator, None),
    };
    more.is_finite().then_some(CountNeed { more, of: denominator })
}

/// What the units behind a shared KPI have for the same period.
fn units(subject: &Subject<'_>, defined: &Kpi, kpi: &KpiStanding) -> Vec<UnitFacts> {
    let (Input::Shared(parts), Some(period)) = (&defined.input, kpi.period) else {
        return Vec::new();
    };
    let unit = |part: &KpiRef| {
        let portfolio = subject.context.portfolio;
        let (scorecard, defined) = (portfolio.scorecard(&part.scorecard)?, portfolio.kpi(part)?);
        let case = subject.judge.case(scorecard, defined);
        let actual = case.held.actual(period);
        Some(UnitFacts {
            kpi: part.to_string(),
            scorecard: named(&scorecard.id, &scorecard.name),
            name: defined.name.clone(),
            value: actual.and_then(|actual| actual.figure.value(defined.scale)),
        })
    };
    parts.iter().filter_map(unit).collect()
}
