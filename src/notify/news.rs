//! From a judgement to the facts of a message: pure, in the transaction that decides.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use indexmap::IndexMap;
use url::Url;

use crate::{
    notify::{
        Person,
        facts::{
            Better, Change, CountNeed, EpisodeFacts, Facts, InitiativeFacts, KpiFacts, Links,
            Named, Need, Parent, PeriodName, PersonFacts, Since,
        },
    },
    scorecard::{
        Direction, Episode, Event, Figure, History, Id, Initiative, Input, Kpi, KpiRef,
        KpiStanding, Nature, Objective, Period, Perspective, PerspectiveStanding, Scorecard,
        ScorecardStanding, Status, Target, rounding,
    },
};

/// More periods than anybody reviews; ends a count that a broken calendar would keep going.
const PERIODS_COUNTED_MAX: u32 = 10_000;

/// Slack of a count: 0.95 × 3000 is 2850, whatever the bits say.
const COUNT_SLACK: f64 = 1e-9;

/// What a message is made from, beside what happened.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The definition.
    pub scorecard: &'a Scorecard,
    /// Everybody who can be named.
    pub people: &'a IndexMap<Id, Person>,
    /// What links begin with, if the configuration says.
    pub public_url: Option<&'a Url>,
    /// What has been collected.
    pub history: &'a History,
    /// The configuration that judged: `sha256:…`.
    pub config: &'a str,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub struct News<'a> {
    /// The kind of event.
    pub event: Event,
    /// When it was decided, in the scorecard's zone.
    pub at: DateTime<Tz>,
    /// The scorecard, judged.
    pub scorecard: &'a ScorecardStanding,
    /// The perspective it is about.
    pub perspective: &'a PerspectiveStanding,
    /// The same perspective at the official judgement before.
    pub before: Option<&'a PerspectiveStanding>,
    /// The episode, as it is after the event.
    pub episode: &'a Episode,
}

impl Facts {
    /// Everything a message about the news needs.
    pub fn of(context: Context<'_>, news: News<'_>) -> Self {
        let News { event, at, perspective: now, before, episode, .. } = news;
        let scorecard = context.scorecard;
        let defined = scorecard.perspective(&now.id);
        let (kpis, residual) = kpis(context, news);
        Self {
            event,
            dedup_key: format!("{}/{}/{}", scorecard.id, now.id, episode.number),
            at: at.fixed_offset(),
            scorecard: named(&scorecard.id, &scorecard.name),
            perspective: named(&now.id, &now.name),
            period: now.period.map(period_name),
            official: now.official,
            status: Change {
                from: before.map(|before| before.verdict.status),
                to: Some(now.verdict.status),
            },
            score: Change {
                from: before.and_then(|before| before.verdict.score),
                to: now.verdict.score,
            },
            before: before.and_then(|before| before.period).map(period_name),
            reason: now.verdict.reason,
            culprit: now.culprit.as_ref().map(|id| culprit(now, id)),
            since: since(now),
            episode: episode_facts(episode, at.timezone()),
            kpis,
            residual,
            owner: defined.and_then(|defined| person(context.people, defined.owner.as_ref()?)),
            initiatives: defined
                .map(|defined| initiatives(context, defined, news))
                .unwrap_or_default(),
            affects: parent(news.scorecard),
            coverage: now.verdict.coverage,
            remarks: remarks(now),
            links: context.public_url.and_then(|base| links(base, &scorecard.id, now)),
            to: defined.map(|defined| ids(&defined.alert.to)).unwrap_or_default(),
            escalate_to: defined.map(|defined| ids(&defined.alert.escalate_to)).unwrap_or_default(),
            config_version: context.config.to_owned(),
        }
    }
}

fn named(id: &Id, name: &str) -> Named {
    Named { id: id.to_string(), name: name.to_owned() }
}

fn period_name(period: Period) -> PeriodName {
    PeriodName { key: period.to_string(), label: period.label() }
}

fn ids(ids: &[Id]) -> Vec<String> {
    ids.iter().map(Id::to_string).collect()
}

fn culprit(perspective: &PerspectiveStanding, id: &Id) -> Named {
    let objective = perspective.objectives.iter().find(|objective| objective.id == *id);
    named(id, objective.map_or(id.as_str(), |objective| &objective.name))
}

fn since(perspective: &PerspectiveStanding) -> Option<Since> {
    let (first, last) = (perspective.since?, perspective.period?);
    let frequency = first.frequency();
    if frequency != last.frequency() || last < first {
        return None;
    }
    let mut periods = 1;
    let mut period = first;
    while period < last && periods < PERIODS_COUNTED_MAX {
        period = period.next();
        periods += 1;
    }
    Some(Since { period: period_name(first), periods, frequency })
}

fn episode_facts(episode: &Episode, zone: Tz) -> EpisodeFacts {
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).fixed_offset();
    let opened_period = episode.opened_period.as_deref().map(|key| match Period::parse(key) {
        Ok(period) => period_name(period),
        Err(_) => PeriodName { key: key.to_owned(), label: key.to_owned() },
    });
    EpisodeFacts {
        number: episode.number,
        opened_at: episode.opened_at.map(local),
        opened_period,
        recovered_at: episode.recovered_at.map(local),
        acknowledged_by: episode.acknowledged_by.clone(),
    }
}

fn parent(scorecard: &ScorecardStanding) -> Parent {
    if scorecard.show_overall {
        Parent { status: Some(scorecard.verdict.status), score: scorecard.verdict.score }
    } else {
        Parent { status: None, score: None }
    }
}

fn person(people: &IndexMap<Id, Person>, id: &Id) -> Option<PersonFacts> {
    let person = people.get(id)?;
    Some(PersonFacts { id: id.to_string(), name: person.name.clone(), role: person.role.clone() })
}

/// The KPIs, largest shortfall first, and the part of the score's change that none of them made.
fn kpis(context: Context<'_>, news: News<'_>) -> (Vec<KpiFacts>, Option<f64>) {
    let now = weighted(news.perspective);
    let before = news.before.map(weighted).unwrap_or_default();
    let mut facts: Vec<KpiFacts> = Vec::new();
    for objective in &news.perspective.objectives {
        for kpi in &objective.kpis {
            let contribution = points(kpi, &now, &before);
            let of = named(&objective.id, &objective.name);
            facts.push(kpi_facts(context, of, kpi, contribution));
        }
    }
    facts.sort_by(|a, b| b.share_pct.unwrap_or(-1.0).total_cmp(&a.share_pct.unwrap_or(-1.0)));
    let change = news
        .before
        .and_then(|before| Some(news.perspective.verdict.score? - before.verdict.score?));
    let explained: f64 = facts.iter().filter_map(|kpi| kpi.contribution).sum();
    (facts, change.map(|change| change - explained))
}

/// Every KPI that counts, with its effective weight in the perspective.
fn weighted(perspective: &PerspectiveStanding) -> Vec<(&Id, f64, f64)> {
    let objectives = || perspective.objectives.iter().filter(|held| held.verdict.score.is_some());
    let total: f64 = objectives().map(|objective| objective.weight).sum();
    let mut weighted = Vec::new();
    for objective in objectives() {
        let counted = || objective.kpis.iter().filter_map(|kpi| Some((kpi, kpi.score?)));
        let siblings: f64 = counted().map(|(kpi, _)| kpi.weight).sum();
        for (kpi, score) in counted() {
            let weight = objective.weight / total * kpi.weight / siblings;
            if weight.is_finite() {
                weighted.push((&kpi.id, weight, score));
            }
        }
    }
    weighted
}

fn points(kpi: &KpiStanding, now: &[(&Id, f64, f64)], before: &[(&Id, f64, f64)]) -> Option<f64> {
    let find = |list: &[(&Id, f64, f64)]| {
        list.iter().find(|(id, ..)| **id == kpi.id).map(|&(_, weight, score)| (weight, score))
    };
    let ((weight, score), (_, then)) = (find(now)?, find(before)?);
    Some(weight * (score - then))
}

fn kpi_facts(
    context: Context<'_>,
    objective: Named,
    kpi: &KpiStanding,
    contribution: Option<f64>,
) -> KpiFacts {
    let defined = context.scorecard.kpi(&kpi.id);
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
        streak: kpi.streak,
        assurance: kpi.assurance,
        gap: kpi.gap,
        critical: kpi.critical,
        need: defined.and_then(|defined| need(context, defined, kpi)),
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

fn need(context: Context<'_>, defined: &Kpi, kpi: &KpiStanding) -> Option<Need> {
    if !matches!(kpi.status, Status::AtRisk | Status::OffTrack) {
        return None;
    }
    let (value, green_line) = (kpi.value?, kpi.green_line?);
    let count = count_need(context, defined, kpi, green_line);
    Some(Need { green_line, missing: green_line - value, count })
}

fn count_need(
    context: Context<'_>,
    defined: &Kpi,
    kpi: &KpiStanding,
    green_line: f64,
) -> Option<CountNeed> {
    let (numerator, of) = counts(context, defined, kpi.period?)?;
    let held = Figure::Ratio { numerator, denominator: of }.value(defined.scale)?;
    // A carried or restated value is not of these counts.
    if (held - kpi.value?).abs() > COUNT_SLACK * held.abs().max(1.0) {
        return None;
    }
    let wanted = green_line * of / defined.scale;
    let slack = COUNT_SLACK * wanted.abs().max(1.0);
    let wanted = if green_line > held { (wanted - slack).ceil() } else { (wanted + slack).floor() };
    Some(CountNeed { more: wanted - numerator, of })
}

/// Numerator and denominator of the period, where the KPI counts something.
fn counts(context: Context<'_>, defined: &Kpi, period: Period) -> Option<(f64, f64)> {
    if defined.nature != Nature::Ratio || defined.cumulative.is_some() {
        return None;
    }
    let own = KpiRef { scorecard: context.scorecard.id.clone(), kpi: defined.id.clone() };
    let parts = match &defined.input {
        Input::Collected => std::slice::from_ref(&own),
        Input::Shared(parts) => parts.as_slice(),
        Input::Derived(_) => return None,
    };
    let mut sum = (0.0, 0.0);
    for part in parts {
        match context.history.kpi(part)?.actual(period)?.figure {
            Figure::Ratio { numerator, denominator } => {
                sum = (sum.0 + numerator, sum.1 + denominator);
            }
            Figure::Value(_) => return None,
        }
    }
    Some(sum)
}

/// What is being done where something is wrong; at a recovery, all that may now be closed.
fn initiatives(
    context: Context<'_>,
    defined: &Perspective,
    news: News<'_>,
) -> Vec<InitiativeFacts> {
    let matters = |status: Option<Status>| {
        news.event == Event::Recovered || !matches!(status, Some(Status::OnTrack))
    };
    let mut facts = Vec::new();
    for objective in &defined.objectives {
        let judged = news.perspective.objectives.iter().find(|held| held.id == objective.id);
        if matters(judged.map(|judged| judged.verdict.status)) {
            let of = named(&objective.id, &objective.name);
            facts.extend(initiative_facts(context, &of, &objective.initiatives));
        }
        for kpi in objective.kpis.iter().filter(|kpi| matters(kpi_status(news, objective, kpi))) {
            let of = named(&kpi.id, &kpi.name);
            facts.extend(initiative_facts(context, &of, &kpi.initiatives));
        }
    }
    facts
}

fn kpi_status(news: News<'_>, objective: &Objective, kpi: &Kpi) -> Option<Status> {
    let judged = news.perspective.objectives.iter().find(|held| held.id == objective.id)?;
    Some(judged.kpis.iter().find(|held| held.id == kpi.id)?.status)
}

fn initiative_facts(
    context: Context<'_>,
    of: &Named,
    initiatives: &[Initiative],
) -> Vec<InitiativeFacts> {
    let facts = |initiative: &Initiative| InitiativeFacts {
        id: initiative.id.to_string(),
        name: initiative.name.clone(),
        of: of.clone(),
        owner: initiative.owner.as_ref().and_then(|id| person(context.people, id)),
        due: initiative.due,
        state: initiative.state.clone(),
    };
    initiatives.iter().map(facts).collect()
}

fn links(base: &Url, scorecard: &Id, perspective: &PerspectiveStanding) -> Option<Links> {
    let mut details = base.clone();
    let period = perspective.period.map(|period| period.to_string());
    details
        .path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(["s", scorecard.as_str()])
        .extend(period)
        .push(perspective.id.as_str());
    Some(Links { details: details.to_string() })
}

/// What a reader must know of the data: what is missing, old or failing.
fn remarks(perspective: &PerspectiveStanding) -> Vec<String> {
    let mut remarks = Vec::new();
    if !perspective.official {
        remarks.push("provisional: not every KPI of the period is in yet".to_owned());
    }
    if perspective.verdict.coverage < 1.0 {
        let percent = (perspective.verdict.coverage * 100.0 + COUNT_SLACK).floor();
        remarks.push(format!("{percent} % of the weight has data"));
    }
    for kpi in perspective.objectives.iter().flat_map(|objective| &objective.kpis) {
        remarks.extend(kpi_remark(kpi, perspective.period));
    }
    remarks
}

fn kpi_remark(kpi: &KpiStanding, labelled: Option<Period>) -> Option<String> {
    let name = &kpi.name;
    let shown = |value| rounding::value(value, kpi.decimals, &[], kpi.unit.as_deref());
    if let Some(gap) = kpi.gap {
        let last = kpi
            .last_known
            .map(|last| format!(" (last known: {} of {})", shown(last.value), last.period.label()));
        return Some(format!("{name}: {}{}", gap.words(), last.unwrap_or_default()));
    }
    if kpi.error.is_some() {
        let failed = "the newest attempt to collect it failed; its last value stands";
        return Some(format!("{name}: {failed}"));
    }
    if let Some(first) = kpi.as_reported.filter(|first| first.material) {
        let (value, status) = (shown(first.value), first.status.words());
        return Some(format!("{name} was first reported as {value}, {status}"));
    }
    match (kpi.period, labelled) {
        (Some(own), Some(label)) if own.frequency() == label.frequency() && own != label => {
            Some(format!("{name} is as of {}", own.label()))
        }
        _ => None,
    }
}
