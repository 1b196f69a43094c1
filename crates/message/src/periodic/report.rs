//! The report of a period: a scorecard on one page, when everything of the period is in or its time
//! is up. Pure: from a review and what people wrote.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use url::Url;

use crate::{
    facts::named::{Named, PeriodName},
    overview::{Count, Entry, MapCell, MapRow, Mark, Overview, OverviewSection, SectionKind},
    periodic::{minutes::Minutes, phrases},
    person::Person,
};

use kpid_language::{Language, english, text};
use kpid_rules::alerting::NoticeKind;
use kpid_rules::{
    alerting::{Episode, KeptReviewItem, Note},
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

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct ReportContext<'a> {
    /// The language that it is written in.
    pub language: &'static Language,
    /// The definition.
    pub scorecard: &'a Scorecard,
    /// The period, as its actuals are known.
    pub review: &'a Review,
    /// Where alerts stand.
    pub episodes: &'a HashMap<Scope, Episode>,
    /// What people wrote, the newest first.
    pub notes: &'a [Note],
    /// What earlier reviews took down, the newest first.
    pub review_items: &'a [KeptReviewItem],
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
    let ReportContext { language, scorecard, review, .. } = context;
    let zone = scorecard.calendar.zone;
    let label = language.period(review.period);
    let builder = ReportBuilder { context };
    let overall = scorecard.show_overall.then_some(mark(review.now));
    let counts =
        Status::BEST_FIRST.into_iter().map(|status| Count { status, kpis: review.count(status) });
    let counts: Vec<Count> = counts.filter(|count| count.kpis > 0).collect();
    let summary = builder.summary(overall, &counts);
    let period = review.period;
    let name = scorecard.name.as_str();
    Overview {
        language: Some(language.code().to_owned()).filter(|_| language != english()),
        event: NoticeKind::PeriodReport,
        dedup_key: key(&scorecard.id, period),
        at: context.at.with_timezone(&zone).fixed_offset(),
        subject: text!(
            language,
            "report-subject",
            name = name,
            period = label.as_str(),
            verdict = in_brief(language, overall)
        ),
        title: format!("{name}, {label}"),
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
        why: text!(language, "report-why", name = name),
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
        let ReportContext { language, scorecard, review, awaited, .. } = self.context;
        let of = |count: &Count| format!("{} {}", count.kpis, language.status(count.status));
        let counted = counts.iter().map(of).collect::<Vec<String>>().join(", ");
        let (name, period) = (scorecard.name.as_str(), language.period(review.period));
        let said = match overall {
            None => {
                text!(language, "report-summary", name = name, period = period, counted = counted)
            }
            Some(mark) => {
                let status = marked(language, mark, |status, score| format!("{status} ({score})"));
                text!(
                    language,
                    "report-summary-overall",
                    name = name,
                    status = status,
                    period = period,
                    counted = counted
                )
            }
        };
        match awaited {
            0 => said,
            count => format!("{said} {}", text!(language, "report-provisional", count = count)),
        }
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
        let ReportContext { language, scorecard, review, people, notes, episodes, .. } =
            self.context;
        let ReportContext { review_items: items, at, .. } = self.context;
        let minutes = Minutes { language, scorecard, people, items, at };
        let before = language.period(review.period.previous());
        let begun = language.day(scorecard.calendar.first_day(review.period));
        let heading = |key: &str| language.text(key).into_owned();
        let success = self.success().into_iter().collect();
        let chapters = [
            (
                SectionKind::Changed,
                text!(language, "report-section-changed", period = before),
                self.changed(),
            ),
            (SectionKind::Discuss, heading("report-section-discuss"), self.discussed()),
            (SectionKind::Reds, heading("report-section-reds"), self.reds()),
            (SectionKind::Data, heading("digest-section-data"), self.missing()),
            (SectionKind::Actions, heading("review-actions-before"), minutes.before(review.period)),
            (
                SectionKind::Decisions,
                text!(language, "report-section-decisions", day = begun),
                minutes.decisions(review.period, notes, episodes),
            ),
            (SectionKind::Success, heading("report-section-success"), success),
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
            entries.extend(self.moved(&scope, (&perspective.name, ""), now, before));
        }
        for (perspective, objective, reviewed) in self.objectives() {
            let scope = self.scope(perspective, objective);
            let (now, before) = (reviewed.now, reviewed.before);
            entries.extend(self.moved(&scope, (&objective.name, &perspective.name), now, before));
        }
        for ((perspective, ..), kpi, ReviewedKpi { now, before, .. }) in self.kpis() {
            if now.status != before.status && before.value.is_some() {
                let words = format!("{}; {}", self.was(before.status), self.measured(kpi, now));
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
        let language = self.context.language;
        let mut kpis: Vec<(&Kpi, &PeriodVerdict)> =
            objective.kpis.iter().zip(reviewed.kpis.iter().map(|kpi| &kpi.now)).collect();
        kpis.retain(|(_, now)| matches!(now.status, Status::OffTrack | Status::AtRisk));
        kpis.sort_by_key(|(_, now)| now.status.severity());
        let note = |(kpi, now): &(&Kpi, &PeriodVerdict)| {
            text!(
                language,
                "report-kpi-is",
                name = kpi.name.as_str(),
                status = language.status(now.status),
                measured = self.measured(kpi, now)
            )
        };
        let mut notes: Vec<String> = kpis.iter().take(REASONS_MAX).map(note).collect();
        let owner = objective.owner.as_ref().map(|owner| phrases::name(owner, self.context.people));
        notes.extend(owner.map(|owner| text!(language, "report-owner", name = owner)));
        let (now, before) = (reviewed.now, reviewed.before);
        Entry {
            scope: self.scope(perspective, objective).to_string(),
            name: objective.name.clone(),
            of: perspective.name.clone(),
            status: Some(now.status),
            score: now.score,
            from: Some(mark(before)),
            words: phrases::scored(language, now.score, before.score).unwrap_or_default(),
            notes,
        }
    }

    /// Every KPI off track: cause, action, owner, date.
    fn reds(&self) -> Vec<Entry> {
        let red = self.kpis().filter(|(_, _, kpi)| kpi.now.status == Status::OffTrack);
        red.map(|((perspective, objective, _), kpi, ReviewedKpi { now, .. })| {
            let ReportContext { language, people, scorecard, .. } = self.context;
            let scope = Scope::Kpi(scorecard.named(kpi));
            let objective_scope = self.scope(perspective, objective);
            let cause = self.note_on(&scope).or_else(|| self.note_on(&objective_scope));
            let cause =
                cause.map(|note| phrases::quoted(language, note, people, &scorecard.calendar.zone));
            let initiatives = kpi.initiatives.iter().chain(&objective.initiatives);
            let initiatives: Vec<String> = initiatives
                .map(|initiative| phrases::initiative(language, initiative, people))
                .collect();
            let initiatives = Some(initiatives.join("; ")).filter(|all| !all.is_empty());
            let owner =
                kpi.owner.as_ref().or(objective.owner.as_ref()).or(perspective.owner.as_ref());
            let owner = owner.map(|owner| phrases::name(owner, people));
            let or = |known: Option<String>, key: &str| {
                known.unwrap_or_else(|| language.text(key).into_owned())
            };
            let notes = vec![
                text!(language, "report-cause", cause = or(cause, "report-no-note")),
                text!(
                    language,
                    "report-initiative",
                    initiative = or(initiatives, "report-no-initiative")
                ),
                text!(language, "report-owner", name = or(owner, "report-nobody")),
            ];
            Entry { notes, words: self.lined(kpi, now), ..self.kpi(perspective, kpi, now) }
        })
        .collect()
    }

    /// The newest note on a node.
    fn note_on(&self, scope: &Scope) -> Option<&'a Note> {
        self.context.notes.iter().find(|note| note.scope == *scope)
    }

    /// A line for each perspective whose figures are not all there.
    fn missing(&self) -> Vec<Entry> {
        let language = self.context.language;
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
                let percent = rounding::percent(reviewed.now.coverage);
                let percent = percent.trim_end_matches(" %").to_owned();
                let coverage = text!(language, "remark-coverage", percent = percent);
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
                    words: format!("{}; {coverage}", names.join(", ")),
                    notes: Vec::new(),
                })
            };
        perspectives.filter_map(entry).collect()
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
            let rose = phrases::scored(self.context.language, now.score, before.score);
            let words = format!("{}; {}", self.measured(kpi, now), rose.unwrap_or_default());
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
            words: self.measured(kpi, now),
            notes: Vec::new(),
        }
    }

    /// A node with another status than before; what had no data before has not changed.
    fn moved(
        &self,
        scope: &Scope,
        (name, of): (&str, &str),
        now: Verdict,
        before: Verdict,
    ) -> Option<Entry> {
        let is_known = before.score.is_some() && before.status != now.status;
        is_known.then(|| {
            let scored = phrases::scored(self.context.language, now.score, before.score);
            let parts: Vec<String> =
                [Some(self.was(before.status)), scored].into_iter().flatten().collect();
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

    fn was(&self, status: Status) -> String {
        let language = self.context.language;
        text!(language, "was-status", status = language.status(status))
    }

    fn measured(&self, kpi: &Kpi, verdict: &PeriodVerdict) -> String {
        let (language, period) = (self.context.language, Some(verdict.period));
        phrases::measured(language, kpi, verdict.value, measure(verdict), period)
    }

    /// The same with the red line.
    fn lined(&self, kpi: &Kpi, verdict: &PeriodVerdict) -> String {
        let (language, measure) = (self.context.language, measure(verdict));
        let measured = self.measured(kpi, verdict);
        let Some(red) = measure.red_line else { return measured };
        let shown = phrases::readout(kpi, verdict.value, measure);
        let red = phrases::amount(language, kpi, &shown, red);
        format!("{measured}; {}", text!(language, "report-red-beyond", value = red))
    }
}

fn mark(verdict: Verdict) -> Mark {
    Mark { status: verdict.status, score: verdict.score }
}

/// `: at risk, 63.4`
fn in_brief(language: &Language, overall: Option<Mark>) -> String {
    let said = overall.map(|mark| marked(language, mark, |word, score| format!("{word}, {score}")));
    said.map(|said| format!(": {said}")).unwrap_or_default()
}

/// A status, and its score if it has one.
fn marked(language: &Language, mark: Mark, both: fn(String, String) -> String) -> String {
    let word = language.status(mark.status);
    match mark.score {
        Some(score) => both(word, language.plain_number(&rounding::score(score))),
        None => word,
    }
}

/// What the value is compared with.
fn measure(verdict: &PeriodVerdict) -> Measure {
    let lines = verdict.lines.as_ref();
    let (green_line, red_line) = lines.map_or((None, None), |lines| lines.shown(verdict.value));
    Measure { target: verdict.target, green_line, red_line }
}
