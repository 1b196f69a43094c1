//! The digest of a person: what changed in what is theirs since the last one, and what is still so.
//! Pure: from two looks at the scorecards.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use indexmap::IndexMap;
use url::Url;

use crate::{
    facts::named::PeriodName,
    facts_builder::subject::period_name,
    mail::data_remarks,
    overview::{Entry, Mark, Overview, OverviewSection, SectionKind},
    periodic::{
        minutes, phrases,
        responsibility::{Node, Responsibility, responsibilities},
    },
    person::Person,
};

use kpid_language::{Language, english, text};
use kpid_rules::alerting::NoticeKind;
use kpid_rules::{
    alerting::{Acknowledgement, Episode, KeptReviewItem, ReviewAction, Silence, open_actions_of},
    analysis::{Picture, Retuned},
    judgement::{
        KpiStanding, Measure, Standing,
        rounding::{self, Readout},
    },
    model::{Gap, Id, Kpi, Portfolio, Scope, Status},
};

/// A line names so many KPIs without data; more are counted.
const MISSING_NAMED_MAX: usize = 5;

/// What digests are made from.
#[derive(Clone, Copy, Debug)]
pub struct DigestContext<'a> {
    /// The definitions.
    pub portfolio: &'a Portfolio,
    /// Everybody who can be named.
    pub people: &'a IndexMap<Id, Person>,
    /// What links begin with, if the configuration says.
    pub public_url: Option<&'a Url>,
    /// The language of people who have none of their own.
    pub language: &'static Language,
    /// In whose days and hours it is written.
    pub zone: Tz,
    /// How everything stands.
    pub standing: &'a Standing,
    /// Where alerts stand.
    pub episodes: &'a HashMap<Scope, Episode>,
    /// Silences that are not over.
    pub silences: &'a [Silence],
    /// What reviews took down, the newest first.
    pub review_items: &'a [KeptReviewItem],
    /// Since when changes are listed.
    pub since: DateTime<Utc>,
    /// How everything stood then.
    pub then: &'a Picture,
    /// What has been measured or counted otherwise since.
    pub retuned: &'a [Retuned],
}

/// A digest, and whether anything in it is new.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// What it says.
    pub overview: Overview,
    /// Whether something has changed since the last one.
    pub has_news: bool,
}

/// The digest of a person, who may go by several ids, named by the instant it is due; none of somebody
/// who has nothing here.
pub fn digest(
    context: DigestContext<'_>,
    person: &Person,
    ids: &[&Id],
    slot: &str,
) -> Option<Digest> {
    let nodes = responsibilities(context.portfolio, context.standing, ids);
    let language = person.language.unwrap_or(context.language);
    let context = DigestContext { language, ..context };
    let actions = actions(context, ids);
    if nodes.is_empty() && actions.0.is_empty() {
        return None;
    }
    let builder = DigestBuilder { context, nodes, actions };
    let (sections, changes) = builder.sections();
    let has_news = changes > 0;
    let now = context.standing.as_of;
    let since = context.since.with_timezone(&context.zone);
    let day = language.weekday(since.date_naive());
    let short = language.day_of_year(since.date_naive());
    let fallen = builder.fallen();
    let (subject, summary) = if has_news {
        let subject = match fallen {
            0 => text!(language, "digest-subject", count = changes, day = short),
            red => text!(language, "digest-subject-red", count = changes, day = short, red = red),
        };
        (subject, text!(language, "digest-summary", count = changes, day = day))
    } else {
        let tally = builder.tally();
        (
            text!(language, "digest-subject-empty", day = short),
            text!(language, "digest-summary-empty", day = day, tally = tally),
        )
    };
    let (id, name) = (&person.id, &person.name);
    let overview = Overview {
        event: NoticeKind::Digest,
        language: Some(language.code().to_owned()).filter(|_| language != english()),
        dedup_key: format!("digest/{id}/{slot}"),
        at: now.fixed_offset(),
        subject,
        title: text!(language, "digest-title", name = name.as_str()),
        summary,
        person: Some(phrases::person(person)),
        since: Some(since.fixed_offset()),
        scorecard: None,
        period: None,
        overall: None,
        counts: Vec::new(),
        map: Vec::new(),
        sections: if has_news { sections } else { Vec::new() },
        links: phrases::page(context.public_url, &[], None),
        why: text!(language, "digest-why", id = id.to_string()),
        config_version: context.standing.config.clone(),
    };
    Some(Digest { overview, has_news })
}

struct DigestBuilder<'a> {
    context: DigestContext<'a>,
    nodes: Vec<Responsibility<'a>>,
    actions: Found,
}

/// Entries, and how many of them are new.
type Found = (Vec<Entry>, usize);

impl DigestBuilder<'_> {
    /// Everything under its heading, and how many changes that makes.
    fn sections(&self) -> (Vec<OverviewSection>, usize) {
        let (alerts, moved) = self.alerts();
        let (contributing, fallen) = self.contributing();
        let (silences, silenced) = self.silences();
        let (changed, retuned) = (self.changed(), self.retuned());
        let (actions, wanting) = self.actions.clone();
        let changes = changed.len() + moved + wanting + fallen + silenced + retuned.len();
        let chapters = [
            (SectionKind::Changed, "digest-section-changed", changed),
            (SectionKind::Alerts, "digest-section-alerts", alerts),
            (SectionKind::Actions, "digest-section-actions", actions),
            (SectionKind::OffTrack, "digest-section-off-track", self.still(Status::OffTrack)),
            (SectionKind::AtRisk, "digest-section-at-risk", self.still(Status::AtRisk)),
            (SectionKind::Idle, "digest-section-idle", self.idle()),
            (SectionKind::Contributing, "digest-section-contributing", contributing),
            (SectionKind::Data, "digest-section-data", self.data()),
            (SectionKind::Retuned, "digest-section-retuned", retuned),
            (SectionKind::Silences, "digest-section-silences", silences),
        ];
        let chapters = chapters.into_iter();
        let chapters = chapters.filter_map(|(kind, title, found)| {
            let title = self.context.language.text(title);
            OverviewSection::of(kind, title, found)
        });
        (chapters.collect(), changes)
    }

    /// Nodes with another status than then, worst first.
    fn changed(&self) -> Vec<Entry> {
        let mut moved: Vec<_> = self.nodes.iter().filter(|node| self.is_changed(node)).collect();
        moved.sort_by_key(|node| node.status.severity());
        moved.into_iter().map(|node| self.entry(node)).collect()
    }

    fn is_changed(&self, node: &Responsibility<'_>) -> bool {
        let then = self.context.then.node(&node.scope);
        then.is_some_and(|then| then.colour.status != node.status)
    }

    /// Nodes of a status that they had then too.
    fn still(&self, status: Status) -> Vec<Entry> {
        let same = |node: &&Responsibility<'_>| {
            node.close && node.status == status && !self.is_changed(node)
        };
        self.nodes.iter().filter(same).map(|node| self.entry(node)).collect()
    }

    /// A node, with what it was where it was something else.
    fn entry(&self, node: &Responsibility<'_>) -> Entry {
        let then = self.context.then.node(&node.scope).map(|then| then.colour);
        let from = then.filter(|then| then.status != node.status);
        let mut parts: Vec<String> = Vec::new();
        let language = self.context.language;
        parts.extend(from.map(|from| self.was(from.status)));
        match &node.node {
            Node::Kpi(kpi, judged) => parts.push(reading(language, kpi, judged)),
            _ => parts.extend(phrases::scored(
                language,
                node.score,
                then.and_then(|then| then.score).filter(|_| from.is_some()),
            )),
        }
        Entry {
            scope: node.scope.to_string(),
            name: node.name.to_owned(),
            of: node.of.clone(),
            status: Some(node.status),
            score: node.score,
            from: from.map(|from| Mark { status: from.status, score: from.score }),
            words: parts.join("; "),
            notes: Vec::new(),
        }
    }

    fn was(&self, status: Status) -> String {
        let language = self.context.language;
        text!(language, "was-status", status = language.status(status))
    }

    /// Red, and nothing is being done: objectives, and KPIs whose objective is not in the list.
    fn idle(&self) -> Vec<Entry> {
        let is_idle = |node: &&Responsibility<'_>| node.status == Status::OffTrack && !node.acted;
        let idle: Vec<_> = self.nodes.iter().filter(is_idle).collect();
        let listed: HashSet<&Scope> = idle.iter().map(|node| &node.scope).collect();
        let holder =
            |node: &Responsibility<'_>| self.holder(node).is_some_and(|of| listed.contains(&of));
        idle.iter().filter(|node| !holder(node)).map(|node| self.entry(node)).collect()
    }

    /// The objective that a KPI is in.
    fn holder(&self, node: &Responsibility<'_>) -> Option<Scope> {
        let Scope::Kpi(named) = &node.scope else { return None };
        let scorecard = self.context.portfolio.scorecard(&named.scorecard)?;
        let perspective = scorecard.perspective(node.perspective?)?;
        let holds = |kpis: &[Kpi]| kpis.iter().any(|kpi| kpi.id == named.kpi);
        let objective = perspective.objectives.iter().find(|objective| holds(&objective.kpis))?;
        Some(Scope::Objective(scorecard.id.clone(), perspective.id.clone(), objective.id.clone()))
    }

    /// Alerts of these nodes that are open or flap.
    fn alerts(&self) -> Found {
        let DigestContext { episodes, people, zone, since, standing, language, .. } = self.context;
        let now = standing.as_of.to_utc();
        let mut fresh = 0;
        let mut entries = Vec::new();
        for node in &self.nodes {
            let Some(episode) = episodes.get(&node.scope) else { continue };
            if !episode.is_open() && !episode.is_flapping(now) {
                continue;
            }
            let acknowledgement = episode.acknowledgement.as_ref();
            let moved = [episode.opened_at, acknowledgement.map(|by| by.at)];
            let is_new = moved.into_iter().flatten().any(|at| at > since);
            // Of a fall, the change of colour is the news.
            fresh += usize::from(is_new && !self.is_changed(node));
            let mut parts = Vec::new();
            if episode.is_open() {
                parts.extend(episode.opened_at.map(|at| {
                    let day = phrases::date(language, at, &zone);
                    text!(language, "digest-open-since", day = day)
                }));
                parts.push(match acknowledgement {
                    None => language.text("digest-unacknowledged").into_owned(),
                    Some(by) => acknowledged(language, by, people),
                });
            } else {
                parts.push(language.text("digest-over").into_owned());
            }
            let flapping = episode.flapping_until.filter(|until| *until > now);
            let notes = flapping.map(|until| {
                let day = phrases::date(language, until, &zone);
                text!(language, "digest-flapping", day = day)
            });
            let notes = notes.into_iter().collect();
            entries.push(Entry { words: parts.join("; "), notes, ..self.entry(node) });
        }
        (entries, fresh)
    }

    /// Objectives of other units that are off track and count into an objective here.
    fn contributing(&self) -> Found {
        let DigestContext { portfolio, then, language, .. } = self.context;
        let mut fresh = 0;
        let mut entries = Vec::new();
        for node in &self.nodes {
            let Node::Objective(linked) = node.node else { continue };
            for link in linked.iter().filter(|link| link.verdict.status == Status::OffTrack) {
                let Some((unit, _)) = portfolio.objective(&link.objective) else { continue };
                if unit.private {
                    continue;
                }
                let scope = unit.perspectives.iter().find_map(|perspective| {
                    let objectives = &mut perspective.objectives.iter();
                    let objective =
                        objectives.find(|objective| objective.id == link.objective.objective)?;
                    Some(Scope::Objective(
                        unit.id.clone(),
                        perspective.id.clone(),
                        objective.id.clone(),
                    ))
                });
                let before = scope.and_then(|scope| then.node(&scope)).map(|held| held.colour);
                let moved = before.filter(|before| before.status != Status::OffTrack);
                fresh += usize::from(moved.is_some());
                let mut parts = vec![text!(language, "digest-counts-towards", name = node.name)];
                parts.extend(moved.map(|before| self.was(before.status)));
                parts.extend(phrases::scored(language, link.verdict.score, None));
                entries.push(Entry {
                    scope: link.objective.to_string(),
                    name: link.name.clone(),
                    of: unit.name.clone(),
                    status: Some(link.verdict.status),
                    score: link.verdict.score,
                    from: moved.map(|from| Mark { status: from.status, score: from.score }),
                    words: parts.join("; "),
                    notes: Vec::new(),
                });
            }
        }
        (entries, fresh)
    }

    /// A line for each perspective whose figures are not all there.
    fn data(&self) -> Vec<Entry> {
        let language = self.context.language;
        let mut entries = Vec::new();
        for node in &self.nodes {
            let Node::Perspective(judged, true) = node.node else { continue };
            let kpis = || judged.objectives.iter().flat_map(|objective| &objective.kpis);
            let missing: Vec<(&KpiStanding, String)> =
                kpis().filter_map(|kpi| Some((kpi, missing(language, kpi)?))).collect();
            if missing.is_empty() {
                continue;
            }
            let named = missing.iter().take(MISSING_NAMED_MAX);
            let mut named: Vec<String> =
                named.map(|(kpi, why)| format!("{} ({why})", kpi.name)).collect();
            if missing.len() > MISSING_NAMED_MAX {
                named.push(text!(language, "mail-more", count = missing.len() - MISSING_NAMED_MAX));
            }
            let words = text!(
                language,
                "digest-missing",
                count = missing.len(),
                of = kpis().count(),
                named = named.join("; ")
            );
            entries.push(Entry { status: None, from: None, words, ..self.entry(node) });
        }
        entries
    }

    /// What is measured or counted otherwise than then.
    fn retuned(&self) -> Vec<Entry> {
        let by_scope: BTreeMap<&Scope, &Responsibility<'_>> =
            self.nodes.iter().map(|node| (&node.scope, node)).collect();
        let mut entries = Vec::new();
        for change in self.context.retuned {
            let Some(node) = by_scope.get(&change.scope) else { continue };
            let words = retuning(self.context.language, change, node);
            entries.push(Entry { status: None, from: None, words, ..self.entry(node) });
        }
        entries
    }

    /// Silences of these nodes, or of something above them.
    fn silences(&self) -> Found {
        let DigestContext { silences, people, standing, since, zone, language, .. } = self.context;
        let holding = silences.iter().filter(|silence| silence.holds(standing.as_of.to_utc()));
        let mut fresh = 0;
        let mut entries = Vec::new();
        for silence in holding {
            let Some(node) = self.nodes.iter().find(|node| node.is_within(&silence.scope)) else {
                continue;
            };
            fresh += usize::from(silence.from > since);
            let until = silence.until.with_timezone(&zone);
            let (day, time) = (language.day(until.date_naive()), until.format("%H:%M").to_string());
            // The node silenced may be above all that is theirs.
            let whole = silence.scope != node.scope;
            entries.push(Entry {
                scope: silence.scope.to_string(),
                name: if whole { silence.scope.to_string() } else { node.name.to_owned() },
                of: if whole { String::new() } else { node.of.clone() },
                status: None,
                score: None,
                from: None,
                words: text!(
                    language,
                    "digest-silenced",
                    day = day,
                    time = time,
                    name = phrases::by(&silence.by, people),
                    reason = silence.reason.as_str()
                ),
                notes: Vec::new(),
            });
        }
        (entries, fresh)
    }

    /// How many nodes are off track now and were not then.
    fn fallen(&self) -> usize {
        let fallen =
            |node: &&Responsibility<'_>| node.status == Status::OffTrack && self.is_changed(node);
        self.nodes.iter().filter(fallen).count()
    }

    /// `KPIs: 6 on track, 2 at risk`; of somebody without KPIs, perspectives and objectives.
    fn tally(&self) -> String {
        let language = self.context.language;
        let is_kpi = |node: &&Responsibility<'_>| matches!(node.node, Node::Kpi(..));
        let has_kpis = self.nodes.iter().any(|node| is_kpi(&node));
        let nodes = || self.nodes.iter().filter(|node| !has_kpis || is_kpi(node));
        let counted = Status::BEST_FIRST.into_iter().filter_map(|status| {
            let count = nodes().filter(|node| node.status == status).count();
            let status = language.status(status);
            (count > 0).then(|| format!("{count} {status}"))
        });
        let counted = counted.collect::<Vec<_>>().join(", ");
        if has_kpis { text!(language, "digest-tally", counted = counted) } else { counted }
    }
}

/// The open actions of somebody. New is what was taken down since, or has become overdue.
fn actions(context: DigestContext<'_>, ids: &[&Id]) -> Found {
    let DigestContext { portfolio, people, language, zone, standing, since, .. } = context;
    let today = standing.as_of.with_timezone(&zone).date_naive();
    let then = since.with_timezone(&zone).date_naive();
    let is_them = |who: &str| ids.iter().any(|id| id.as_str() == who);
    let open = open_actions_of(context.review_items, is_them);
    let is_new = |(kept, action): &&(&KeptReviewItem, &ReviewAction)| {
        kept.item.at > since || (then <= action.due && action.is_overdue(today))
    };
    let fresh = open.iter().filter(is_new).count();
    (minutes::actions_of(&open, portfolio, language, people, (today, zone)), fresh)
}

/// `acknowledged by Ines Marlow, due 12 June 2026: "talking to the carrier"`
fn acknowledged(
    language: &Language,
    by: &Acknowledgement,
    people: &IndexMap<Id, Person>,
) -> String {
    let name = phrases::by(&by.by, people);
    let mut said = text!(language, "digest-acknowledged", name = name);
    if let Some(due) = by.due {
        said.push_str(&format!(", {}", text!(language, "due", day = language.day(due))));
    }
    if let Some(comment) = &by.comment {
        let comment = text!(language, "mail-quoted", words = comment.as_str());
        said.push_str(&format!(": {comment}"));
    }
    said
}

/// The trouble with the data of a KPI that counts.
fn missing(language: &Language, kpi: &KpiStanding) -> Option<String> {
    let is_trouble = kpi.weight > 0.0 && kpi.gap.as_ref().is_some_and(is_missing);
    gap_words(language, kpi).filter(|_| is_trouble)
}

/// Why a KPI has no verdict, or a lesser one.
fn gap_words(language: &Language, kpi: &KpiStanding) -> Option<String> {
    let missing: Vec<PeriodName> = kpi.missing.iter().map(|period| period_name(*period)).collect();
    kpi.gap.map(|gap| data_remarks::gap_words(language, gap, &missing))
}

/// Whether a gap is trouble with the data, rather than the author's wish or an early day.
fn is_missing(gap: &Gap) -> bool {
    match gap {
        Gap::NeverCollected
        | Gap::Overdue
        | Gap::Stale
        | Gap::Quarantined
        | Gap::MissingInput
        | Gap::Undefined
        | Gap::NotCombinable
        | Gap::CarriedForward => true,
        Gap::Sample
        | Gap::NoTarget
        | Gap::ZeroTarget
        | Gap::NotDue
        | Gap::TooEarly
        | Gap::NotApplicable
        | Gap::NotBegun
        | Gap::Ended => false,
    }
}

/// What a KPI reports, or why it reports nothing.
fn reading(language: &Language, kpi: &Kpi, judged: &KpiStanding) -> String {
    match (judged.value, gap_words(language, judged)) {
        (None, Some(why)) => why,
        (value, _) => {
            let (green_line, red_line) = (judged.green_line, judged.red_line);
            let measure = Measure { target: judged.target, green_line, red_line };
            phrases::measured(language, kpi, value, measure, judged.period)
        }
    }
}

/// `target 90 % → 95 %; weight 1 → 2`
fn retuning(language: &Language, change: &Retuned, node: &Responsibility<'_>) -> String {
    let mut parts = Vec::new();
    if let (Some((from, to)), Node::Kpi(kpi, _)) = (change.measure, &node.node) {
        let mut part = |what: &str, from: Option<f64>, to: Option<f64>| {
            if let Some((from, to)) = from.zip(to).filter(|(from, to)| from != to) {
                let shown = Readout::new(kpi.decimals, None, Some(from), [Some(to)]);
                let amount = |number| phrases::amount(language, kpi, &shown, number);
                let what = language.text(what);
                parts.push(format!("{what} {} → {}", amount(from), amount(to)));
            }
        };
        part("digest-target", from.target, to.target);
        // A line that is the target has been said.
        if (from.green_line, to.green_line) != (from.target, to.target) {
            part("digest-line-green", from.green_line, to.green_line);
        }
        part("digest-line-red", from.red_line, to.red_line);
    }
    if let Some((from, to)) = change.weight {
        let weight = |weight| language.plain_number(&rounding::value(weight, None, &[], None));
        let what = language.text("digest-weight");
        parts.push(format!("{what} {} → {}", weight(from), weight(to)));
    }
    parts.join("; ")
}
