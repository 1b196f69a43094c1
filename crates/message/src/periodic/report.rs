//! The report of a period: a scorecard on one page, when everything of the period is in or its time
//! is up. Pure: from a review and what people wrote.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use url::Url;

use crate::{
    facts::named::{Named, PeriodName},
    overview::{Count, Entry, MapCell, MapRow, Mark, Overview, OverviewSection, SectionKind},
    periodic::phrases,
    person::Person,
};

use kpid_language::english;
use kpid_rules::alerting::NoticeKind;
use kpid_rules::{
    alerting::{Episode, Note},
    analysis::{Review, ReviewedKpi, ReviewedObjective, ReviewedPerspective},
    judgement::{Measure, PeriodVerdict, Verdict, rounding},
    model::{Id, Kpi, Objective, Perspective, Scope, Scorecard, Status},
};

/// Objectives that a review has time for.
const DISCUSSED_MAX: usize = 5;

/// So many are named if the scores of some fell, also where nothing is wrong yet.
const DISCUSSED_MIN: usize = 3;

/// KPIs that a reason names.
const REASONS_MAX: usize = 2;

/// What people wrote that fits on the page, the newest.
const DECISIONS_MAX: usize = 8;

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct ReportContext<'a> {
    /// The definition.
    pub scorecard: &'a Scorecard,
    /// The period, as its actuals are known.
    pub review: &'a Review,
    /// Where alerts stand.
    pub episodes: &'a HashMap<Scope, Episode>,
    /// What people wrote, the newest first.
    pub notes: &'a [Note],
    /// Everybody who can be named.
    pub people: &'a IndexMap<Id, Person>,
    /// What links begin with, if the configuration says.
    pub public_url: Option<&'a Url>,
    /// When it is made.
    pub at: DateTime<Utc>,
    /// How many KPIs are still awaited; of an official period none.
    pub awaited: usize,
    /// The configuration that judges.
    pub config: &'a str,
}

/// What names the report of a period for ever.
pub fn key(scorecard: &Id, period: kpid_rules::model::Period) -> String {
    format!("report/{scorecard}/{period}")
}

/// The report of a period.
pub fn report(context: ReportContext<'_>) -> Overview {
    let ReportContext { scorecard, review, .. } = context;
    let zone = scorecard.calendar.zone;
    let label = review.period.label();
    let builder = ReportBuilder { context };
    let overall = scorecard.show_overall.then_some(mark(review.now));
    let counts =
        Status::BEST_FIRST.into_iter().map(|status| Count { status, kpis: review.count(status) });
    let counts: Vec<Count> = counts.filter(|count| count.kpis > 0).collect();
    let summary = builder.summary(overall, &counts);
    let period = review.period;
    Overview {
        language: None,
        event: NoticeKind::PeriodReport,
        dedup_key: key(&scorecard.id, period),
        at: context.at.with_timezone(&zone).fixed_offset(),
        subject: format!("[Report] {} - {label}{}", scorecard.name, in_brief(overall)),
        title: format!("{}, {label}", scorecard.name),
        summary,
        person: None,
        since: None,
        scorecard: Some(Named { id: scorecard.id.to_string(), name: scorecard.name.clone() }),
        period: Some(PeriodName { key: period.to_string(), label }),
        overall,
        counts,
        map: builder.map(),
        sections: builder.sections(),
        links: phrases::page(
            context.public_url,
            &["s", scorecard.id.as_str(), &period.to_string()],
            Some(scorecard.id.as_str()),
        ),
        why: format!(
            "You get this because `report` of the scorecard {} names you. There is one for each \
             period, as soon as all its figures are in or overdue.",
            scorecard.name
        ),
        config_version: context.config.to_owned(),
    }
}

struct ReportBuilder<'a> {
    context: ReportContext<'a>,
}

/// Definition and review of an objective, and the perspective it is in.
type InPerspective<'a> = (&'a Perspective, &'a Objective, &'a ReviewedObjective);

impl<'a> ReportBuilder<'a> {
    fn perspectives(&self) -> impl Iterator<Item = (&'a Perspective, &'a ReviewedPerspective)> {
        let ReportContext { scorecard, review, .. } = self.context;
        scorecard.perspectives.iter().zip(&review.perspectives)
    }

    fn objectives(&self) -> impl Iterator<Item = InPerspective<'a>> {
        self.perspectives().flat_map(|(perspective, reviewed)| {
            let pairs = perspective.objectives.iter().zip(&reviewed.objectives);
            pairs.map(move |(objective, reviewed)| (perspective, objective, reviewed))
        })
    }

    fn kpis(&self) -> impl Iterator<Item = (InPerspective<'a>, &'a Kpi, &'a ReviewedKpi)> {
        self.objectives().flat_map(|objective| {
            objective
                .1
                .kpis
                .iter()
                .zip(&objective.2.kpis)
                .map(move |(kpi, reviewed)| (objective, kpi, reviewed))
        })
    }

    fn summary(&self, overall: Option<Mark>, counts: &[Count]) -> String {
        let ReportContext { scorecard, review, awaited, .. } = self.context;
        let of = |count: &Count| format!("{} {}", count.kpis, count.status.words());
        let counted: Vec<String> = counts.iter().map(of).collect();
        let whole = overall.map_or_else(String::new, |mark| {
            let score = mark.score.map(|score| format!(" ({})", rounding::score(score)));
            format!(" was {}{}", mark.status.words(), score.unwrap_or_default())
        });
        let early = match awaited {
            0 => String::new(),
            1 => " This is provisional: 1 KPI has not reported yet.".to_owned(),
            count => format!(" This is provisional: {count} KPIs have not reported yet."),
        };
        let (name, label) = (&scorecard.name, review.period.label());
        if whole.is_empty() {
            return format!("{name} in {label}: {} of its KPIs.{early}", counted.join(", "));
        }
        format!("{name}{whole} in {label}. KPIs: {}.{early}", counted.join(", "))
    }

    fn map(&self) -> Vec<MapRow> {
        let cell = |(objective, reviewed): (&Objective, &ReviewedObjective)| MapCell {
            named: Named { id: objective.id.to_string(), name: objective.name.clone() },
            mark: mark(reviewed.now),
        };
        let row = |(perspective, reviewed): (&'a Perspective, &'a ReviewedPerspective)| MapRow {
            named: Named { id: perspective.id.to_string(), name: perspective.name.clone() },
            mark: mark(reviewed.now),
            objectives: perspective.objectives.iter().zip(&reviewed.objectives).map(cell).collect(),
        };
        self.perspectives().map(row).collect()
    }

    fn sections(&self) -> Vec<OverviewSection> {
        let before = self.context.review.period.previous().label();
        let begun = self.context.scorecard.calendar.first_day(self.context.review.period);
        let decided = format!("Written and acknowledged since {}", english().day(begun));
        let chapters = [
            (SectionKind::Changed, format!("Changed since {before}"), self.changed()),
            (SectionKind::Discuss, "To discuss".to_owned(), self.discussed()),
            (SectionKind::Reds, "Off track".to_owned(), self.reds()),
            (SectionKind::Data, "Figures that are missing".to_owned(), self.missing()),
            (SectionKind::Decisions, decided, self.decisions()),
            (
                SectionKind::Success,
                "A success to end with".to_owned(),
                self.success().into_iter().collect(),
            ),
        ];
        let chapters = chapters.into_iter();
        chapters
            .filter_map(|(kind, title, found)| OverviewSection::of(kind, title, found))
            .collect()
    }

    /// Perspectives, objectives and KPIs with another status than in the period before.
    fn changed(&self) -> Vec<Entry> {
        let unit = &self.context.scorecard.id;
        let mut entries = Vec::new();
        for (perspective, reviewed) in self.perspectives() {
            let scope = Scope::Perspective(unit.clone(), perspective.id.clone());
            let (now, before) = (reviewed.now, reviewed.before);
            entries.extend(moved(&scope, &perspective.name, "", now, before));
        }
        for (perspective, objective, reviewed) in self.objectives() {
            let scope = self.scope(perspective, objective);
            let (now, before) = (reviewed.now, reviewed.before);
            entries.extend(moved(&scope, &objective.name, &perspective.name, now, before));
        }
        for ((perspective, ..), kpi, ReviewedKpi { now, before, .. }) in self.kpis() {
            if now.status != before.status && before.value.is_some() {
                let words = format!("was {}; {}", before.status.words(), measured(kpi, now));
                let from = Mark { status: before.status, score: before.score };
                entries.push(Entry { from: Some(from), words, ..self.kpi(perspective, kpi, now) });
            }
        }
        entries.sort_by_key(|entry| entry.status.map(Status::severity));
        entries
    }

    /// The objectives worth the time of a review: what is wrong, worst first; what got worse.
    fn discussed(&self) -> Vec<Entry> {
        let fell = |objective: &InPerspective<'_>| {
            let (now, before) = (objective.2.now.score, objective.2.before.score);
            before.zip(now).map_or(0.0, |(before, now)| before - now)
        };
        let mut objectives: Vec<InPerspective<'_>> =
            self.objectives().filter(|(_, objective, _)| objective.weight > 0.0).collect();
        objectives.sort_by(|left, right| {
            let rank = |objective: &InPerspective<'_>| objective.2.now.status.severity();
            rank(left).cmp(&rank(right)).then(fell(right).total_cmp(&fell(left)))
        });
        let is_wrong = |objective: &InPerspective<'_>| {
            objective.2.now.status.severity() < Status::OnTrack.severity()
        };
        let wrong = objectives.iter().filter(|objective| is_wrong(objective)).count();
        let listed = wrong.clamp(DISCUSSED_MIN, DISCUSSED_MAX);
        let objectives = objectives
            .into_iter()
            .take(listed)
            .filter(|objective| is_wrong(objective) || fell(objective) > 0.0);
        objectives
            .map(|(perspective, objective, reviewed)| {
                self.reasoned(perspective, objective, reviewed)
            })
            .collect()
    }

    /// An objective, and which of its KPIs made it so.
    fn reasoned(
        &self,
        perspective: &Perspective,
        objective: &Objective,
        reviewed: &ReviewedObjective,
    ) -> Entry {
        let mut kpis: Vec<(&Kpi, &PeriodVerdict)> =
            objective.kpis.iter().zip(reviewed.kpis.iter().map(|kpi| &kpi.now)).collect();
        kpis.retain(|(_, now)| matches!(now.status, Status::OffTrack | Status::AtRisk));
        kpis.sort_by_key(|(_, now)| now.status.severity());
        let note = |(kpi, now): &(&Kpi, &PeriodVerdict)| {
            format!("{} is {}: {}", kpi.name, now.status.words(), measured(kpi, now))
        };
        let mut notes: Vec<String> = kpis.iter().take(REASONS_MAX).map(note).collect();
        let owner = objective.owner.as_ref().map(|owner| phrases::name(owner, self.context.people));
        notes.extend(owner.map(|owner| format!("Owner: {owner}")));
        let (now, before) = (reviewed.now, reviewed.before);
        Entry {
            scope: self.scope(perspective, objective).to_string(),
            name: objective.name.clone(),
            of: perspective.name.clone(),
            status: Some(now.status),
            score: now.score,
            from: Some(mark(before)),
            words: phrases::scored(english(), now.score, before.score).unwrap_or_default(),
            notes,
        }
    }

    /// Every KPI off track: cause, action, owner, date.
    fn reds(&self) -> Vec<Entry> {
        let red = self.kpis().filter(|(_, _, kpi)| kpi.now.status == Status::OffTrack);
        red.map(|((perspective, objective, _), kpi, ReviewedKpi { now, .. })| {
            let ReportContext { people, scorecard, .. } = self.context;
            let scope = Scope::Kpi(scorecard.named(kpi));
            let objective_scope = self.scope(perspective, objective);
            let cause = self.note_on(&scope).or_else(|| self.note_on(&objective_scope));
            let cause = cause
                .map(|note| phrases::quoted(english(), note, people, &scorecard.calendar.zone));
            let actions = kpi.initiatives.iter().chain(&objective.initiatives);
            let actions: Vec<String> = actions
                .map(|initiative| phrases::initiative(english(), initiative, people))
                .collect();
            let action = match actions.as_slice() {
                [] => "no initiative is recorded".to_owned(),
                actions => actions.join("; "),
            };
            let owner =
                kpi.owner.as_ref().or(objective.owner.as_ref()).or(perspective.owner.as_ref());
            let owner = owner.map(|owner| phrases::name(owner, people));
            let notes = vec![
                format!("Cause: {}", cause.unwrap_or_else(|| "no note is written".to_owned())),
                format!("Action: {action}"),
                format!("Owner: {}", owner.unwrap_or_else(|| "nobody is named".to_owned())),
            ];
            Entry { notes, words: lined(kpi, now), ..self.kpi(perspective, kpi, now) }
        })
        .collect()
    }

    /// The newest note on a node.
    fn note_on(&self, scope: &Scope) -> Option<&'a Note> {
        self.context.notes.iter().find(|note| note.scope == *scope)
    }

    /// A line for each perspective whose figures are not all there.
    fn missing(&self) -> Vec<Entry> {
        let mut by_perspective: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for ((perspective, ..), kpi, reviewed) in self.kpis() {
            if reviewed.now.status == Status::NoData {
                let at = self.perspectives().position(|(held, _)| held.id == perspective.id);
                by_perspective.entry(at.unwrap_or_default()).or_default().push(kpi.name.clone());
            }
        }
        let perspectives = self.perspectives().enumerate();
        let entry =
            |(at, (perspective, reviewed)): (usize, (&Perspective, &ReviewedPerspective))| {
                let names = by_perspective.get(&at)?;
                let coverage = rounding::percent(reviewed.now.coverage);
                Some(Entry {
                    scope: Scope::Perspective(
                        self.context.scorecard.id.clone(),
                        perspective.id.clone(),
                    )
                    .to_string(),
                    name: perspective.name.clone(),
                    of: String::new(),
                    status: None,
                    score: None,
                    from: None,
                    words: format!("{}; {coverage} of the weight has data", names.join(", ")),
                    notes: Vec::new(),
                })
            };
        perspectives.filter_map(entry).collect()
    }

    /// What people wrote and acknowledged since the period began, the newest first.
    fn decisions(&self) -> Vec<Entry> {
        let ReportContext { scorecard, review, notes, episodes, people, .. } = self.context;
        let (begun, _) = scorecard.calendar.bounds(review.period);
        let zone = scorecard.calendar.zone;
        let is_here = |scope: &Scope| *scope.scorecard() == scorecard.id;
        let mut found: Vec<(DateTime<Utc>, &Scope, String)> = Vec::new();
        for note in notes.iter().filter(|note| note.at >= begun && is_here(&note.scope)) {
            found.push((note.at, &note.scope, phrases::quoted(english(), note, people, &zone)));
        }
        for (scope, episode) in episodes.iter().filter(|(scope, _)| is_here(scope)) {
            let Some(by) = episode.acknowledgement.as_ref().filter(|by| by.at >= begun) else {
                continue;
            };
            let due = by.due.map(|due| format!(", due {}", english().day(due))).unwrap_or_default();
            let comment = by.comment.as_ref().map(|text| format!(": \"{text}\""));
            let (comment, day) =
                (comment.unwrap_or_default(), phrases::date(english(), by.at, &zone));
            let who = phrases::by(&by.by, people);
            found.push((by.at, scope, format!("acknowledged by {who}, {day}{due}{comment}")));
        }
        found.sort_by_key(|(at, ..)| Reverse(*at));
        let entry = |(_, scope, words): (DateTime<Utc>, &Scope, String)| Entry {
            scope: scope.to_string(),
            name: self.name_of(scope),
            of: String::new(),
            status: None,
            score: None,
            from: None,
            words,
            notes: Vec::new(),
        };
        found.into_iter().take(DECISIONS_MAX).map(entry).collect()
    }

    /// A node's name, or its path where it is gone.
    fn name_of(&self, scope: &Scope) -> String {
        let ReportContext { scorecard, .. } = self.context;
        let name = match scope {
            Scope::Scorecard(_) => Some(&scorecard.name),
            Scope::Perspective(_, id) => {
                scorecard.perspective(id).map(|perspective| &perspective.name)
            }
            Scope::Objective(_, _, id) => scorecard
                .objectives()
                .find(|objective| objective.id == *id)
                .map(|objective| &objective.name),
            Scope::Kpi(named) => scorecard.kpi(&named.kpi).map(|kpi| &kpi.name),
        };
        name.cloned().unwrap_or_else(|| scope.to_string())
    }

    /// The KPI on track whose score rose most; where none rose, the objective that stands best.
    fn success(&self) -> Option<Entry> {
        let rose = |kpi: &ReviewedKpi| {
            let (before, now) = kpi.before.score.zip(kpi.now.score)?;
            (kpi.now.status == Status::OnTrack && now > before).then_some(now - before)
        };
        let best = self.kpis().filter_map(|held| Some((rose(held.2)?, held)));
        let best = best.max_by(|(left, _), (right, _)| left.total_cmp(right));
        if let Some((_, ((perspective, ..), kpi, ReviewedKpi { now, before, .. }))) = best {
            let rose = phrases::scored(english(), now.score, before.score);
            let words = format!("{}; {}", measured(kpi, now), rose.unwrap_or_default());
            return Some(Entry { words, ..self.kpi(perspective, kpi, now) });
        }
        let green =
            self.objectives().filter(|(_, _, objective)| objective.now.status == Status::OnTrack);
        let best = green.max_by(|left, right| {
            let score = |objective: &InPerspective<'_>| objective.2.now.score.unwrap_or_default();
            score(left).total_cmp(&score(right))
        });
        best.map(|(perspective, objective, reviewed)| {
            self.reasoned(perspective, objective, reviewed)
        })
    }

    fn scope(&self, perspective: &Perspective, objective: &Objective) -> Scope {
        let unit = &self.context.scorecard.id;
        Scope::Objective(unit.clone(), perspective.id.clone(), objective.id.clone())
    }

    fn kpi(&self, perspective: &Perspective, kpi: &Kpi, now: &PeriodVerdict) -> Entry {
        Entry {
            scope: self.context.scorecard.named(kpi).to_string(),
            name: kpi.name.clone(),
            of: perspective.name.clone(),
            status: Some(now.status),
            score: now.score,
            from: None,
            words: measured(kpi, now),
            notes: Vec::new(),
        }
    }
}

fn mark(verdict: Verdict) -> Mark {
    Mark { status: verdict.status, score: verdict.score }
}

/// `: at risk, 63.4`
fn in_brief(overall: Option<Mark>) -> String {
    let score = overall.and_then(|mark| mark.score).map(rounding::score);
    match (overall, score) {
        (Some(mark), Some(score)) => format!(": {}, {score}", mark.status.words()),
        (Some(mark), None) => format!(": {}", mark.status.words()),
        (None, _) => String::new(),
    }
}

/// A node with another status than before; what had no data before has not changed.
fn moved(scope: &Scope, name: &str, of: &str, now: Verdict, before: Verdict) -> Option<Entry> {
    let is_known = before.score.is_some() && before.status != now.status;
    is_known.then(|| {
        let was = format!("was {}", before.status.words());
        let parts: Vec<String> = [Some(was), phrases::scored(english(), now.score, before.score)]
            .into_iter()
            .flatten()
            .collect();
        Entry {
            scope: scope.to_string(),
            name: name.to_owned(),
            of: of.to_owned(),
            status: Some(now.status),
            score: now.score,
            from: Some(mark(before)),
            words: parts.join("; "),
            notes: Vec::new(),
        }
    })
}

fn measured(kpi: &Kpi, verdict: &PeriodVerdict) -> String {
    phrases::measured(english(), kpi, verdict.value, measure(verdict), Some(verdict.period))
}

/// What the value is compared with.
fn measure(verdict: &PeriodVerdict) -> Measure {
    let lines = verdict.lines.as_ref();
    let (green_line, red_line) = lines.map_or((None, None), |lines| lines.shown(verdict.value));
    Measure { target: verdict.target, green_line, red_line }
}

/// The same with the red line.
fn lined(kpi: &Kpi, verdict: &PeriodVerdict) -> String {
    let measure = measure(verdict);
    let shown = phrases::readout(kpi, verdict.value, measure);
    let red = measure.red_line.map(|red| format!("; red beyond {}", shown.amount(red)));
    format!("{}{}", measured(kpi, verdict), red.unwrap_or_default())
}
