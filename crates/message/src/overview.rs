//! A digest or a report of a period, as data: entries under headings. Every form of it says the same.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::facts::named::{Links, Named, PeriodName, PersonFacts};

use kpid_language::{Language, english, language};
use kpid_rules::alerting::NoticeKind;
use kpid_rules::model::Status;

/// A heading has so many entries; more are counted.
const ENTRIES_MAX: usize = 40;

/// A digest or a report. Its serialised keys are a contract: `docs/webhook.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// `digest` or `period_report`.
    pub event: NoticeKind,
    /// The code of the language of its words; English without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The same for every message about one thing: it threads mails.
    pub dedup_key: String,
    /// When it was decided, in the zone of the calendar.
    pub at: DateTime<FixedOffset>,
    /// What a mail is headed by.
    pub subject: String,
    /// Whose or what it is: `Digest for Ines Marlow`, `Calder Cycles, May 2026`.
    pub title: String,
    /// The first sentence, which says it all.
    pub summary: String,
    /// Of a digest, whom it is for.
    pub person: Option<PersonFacts>,
    /// Of a digest, since when changes are in it.
    pub since: Option<DateTime<FixedOffset>>,
    /// Of a report, the scorecard.
    pub scorecard: Option<Named>,
    /// Of a report, the period.
    pub period: Option<PeriodName>,
    /// Of a report, the verdict on the whole; absent where its author hides it.
    pub overall: Option<Mark>,
    /// Of a report, the KPIs by status; the statuses that none has are left out.
    pub counts: Vec<Count>,
    /// Of a report, the scorecard in colours.
    pub map: Vec<MapRow>,
    /// What there is to say, by headings.
    pub sections: Vec<OverviewSection>,
    /// Where to look, if the configuration says where kpid is reached.
    pub links: Option<Links>,
    /// Why its reader got it.
    pub why: String,
    /// The configuration that judged: `sha256:…`.
    pub config_version: String,
}

/// A word and its score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The word.
    pub status: Status,
    /// 0 to 100, unrounded.
    pub score: Option<f64>,
}

/// How many KPIs have a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The status.
    pub status: Status,
    /// How many have it.
    pub kpis: usize,
}

/// A perspective in colours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapRow {
    /// Which.
    #[serde(flatten)]
    pub named: Named,
    /// Its colour.
    #[serde(flatten)]
    pub mark: Mark,
    /// Its objectives in colours.
    pub objectives: Vec<MapCell>,
}

/// An objective in colours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapCell {
    /// Which.
    #[serde(flatten)]
    pub named: Named,
    /// Its colour.
    #[serde(flatten)]
    pub mark: Mark,
}

/// Entries under a heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverviewSection {
    /// What the entries have in common, by a word that stays.
    pub kind: SectionKind,
    /// The heading.
    pub title: String,
    /// What there is.
    pub entries: Vec<Entry>,
    /// How many more there are than are listed.
    pub more: usize,
}

/// What the entries of a heading have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// Alerts that are open, or that flap.
    Alerts,
    /// Nodes with another status than before.
    Changed,
    /// Off track as before.
    OffTrack,
    /// At risk as before.
    AtRisk,
    /// Off track, and no initiative is recorded.
    Idle,
    /// Objectives of other units, off track, that count into one here.
    Contributing,
    /// Perspectives whose figures are not all there.
    Data,
    /// Targets, lines and weights that were changed.
    Retuned,
    /// Silences that hold.
    Silences,
    /// Objectives worth the time of a review.
    Discuss,
    /// KPIs off track, with cause, action and owner.
    Reds,
    /// Something that went well.
    Success,
    /// What people decided, wrote and acknowledged since the period began.
    Decisions,
    /// Actions of reviews: what became of them, or those that a person has to do.
    Actions,
}

/// One thing under a heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The path of the node.
    pub scope: String,
    /// The node's name.
    pub name: String,
    /// What it is part of.
    pub of: String,
    /// Its status, where that matters.
    pub status: Option<Status>,
    /// Its score, 0 to 100 unrounded.
    pub score: Option<f64>,
    /// What it was before, where that matters.
    pub from: Option<Mark>,
    /// What is to be said of it.
    pub words: String,
    /// What is beside, a sentence each.
    pub notes: Vec<String>,
}

impl Overview {
    /// Of the same in several languages, that in a language; else the first.
    pub fn in_language(all: Vec<Self>, language: &Language) -> Option<Self> {
        let mut all = all;
        let at = all.iter().position(|one| one.language() == language).unwrap_or_default();
        (at < all.len()).then(|| all.swap_remove(at))
    }

    /// The language of its words.
    pub(crate) fn language(&self) -> &'static Language {
        self.language.as_deref().and_then(language).unwrap_or_else(english)
    }

    /// `digest` or `report`: begins the names of its templates.
    pub(crate) fn word(&self) -> &'static str {
        if self.event == NoticeKind::Digest { "digest" } else { "report" }
    }
}

impl OverviewSection {
    /// Entries under a heading, if there are any.
    pub(crate) fn of(
        kind: SectionKind,
        title: impl Into<String>,
        entries: Vec<Entry>,
    ) -> Option<Self> {
        let section = Self { kind, title: title.into(), entries, more: 0 };
        (!section.entries.is_empty()).then(|| section.with_at_most(ENTRIES_MAX))
    }

    /// The same with so many entries; the rest is counted. What they are part of has a share each, so
    /// that a large perspective leaves no other out.
    pub(crate) fn with_at_most(mut self, entries: usize) -> Self {
        let rest = self.entries.len().saturating_sub(entries);
        if rest == 0 {
            return self;
        }
        let mut rounds: HashMap<&str, usize> = HashMap::new();
        let mut turns: Vec<(usize, usize)> = Vec::with_capacity(self.entries.len());
        for (at, entry) in self.entries.iter().enumerate() {
            let round = rounds.entry(entry.part()).or_default();
            turns.push((*round, at));
            *round += 1;
        }
        turns.sort_unstable();
        turns.truncate(entries);
        let kept: HashSet<usize> = turns.into_iter().map(|(_, at)| at).collect();
        let mut at = 0..;
        self.entries.retain(|_| at.next().is_some_and(|at| kept.contains(&at)));
        self.more += rest;
        self
    }
}

impl Entry {
    /// What it is a part of, beside which others are to be named, too.
    fn part(&self) -> &str {
        if !self.of.is_empty() {
            return &self.of;
        }
        let end = self.scope.match_indices('/').nth(1).map_or(self.scope.len(), |(at, _)| at);
        &self.scope[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(scope: &str, of: &str) -> Entry {
        Entry {
            scope: scope.to_owned(),
            name: scope.to_owned(),
            of: of.to_owned(),
            status: None,
            score: None,
            from: None,
            words: String::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_large_perspective_leaves_room_for_the_others() {
        let mut entries: Vec<Entry> =
            (0..100).map(|at| entry(&format!("acme/k{at}"), "Customer")).collect();
        entries.push(entry("acme/money/margin", ""));
        entries.push(entry("acme/people", "Acme"));
        let section = OverviewSection::of(SectionKind::Changed, "Changed", entries).unwrap();
        let scopes: Vec<&str> = section.entries.iter().map(|entry| &*entry.scope).collect();
        assert_eq!((scopes.len(), section.more), (ENTRIES_MAX, 62));
        assert_eq!(scopes[..2], ["acme/k0", "acme/k1"]);
        assert_eq!(scopes[ENTRIES_MAX - 2..], ["acme/money/margin", "acme/people"]);
        let shorter = section.with_at_most(3);
        let scopes: Vec<&str> = shorter.entries.iter().map(|entry| &*entry.scope).collect();
        assert_eq!(scopes, ["acme/k0", "acme/money/margin", "acme/people"]);
        assert_eq!(shorter.more, 99);
    }
}
