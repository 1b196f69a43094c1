//! What reviews took down, as entries of a report and of a review.

use std::{cmp::Reverse, collections::HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use indexmap::IndexMap;

use crate::{
    overview::{Entry, OverviewSection, SectionKind},
    periodic::phrases,
    person::Person,
};
use kpid_language::{Language, text};
use kpid_rules::{
    alerting::{
        ActionState, Episode, KeptReviewItem, Note, ReviewAction, ReviewItem, ReviewItemKind,
        actions_before,
    },
    model::{Id, Period, Portfolio, Scope, Scorecard},
};

/// What people wrote that fits on the page, the newest.
const DECISIONS_MAX: usize = 8;

/// What reviews took down, and who reads it when.
#[derive(Clone, Copy, Debug)]
pub struct Minutes<'a> {
    /// The language that it is written in.
    pub language: &'static Language,
    /// The definition.
    pub scorecard: &'a Scorecard,
    /// Everybody who can be named.
    pub people: &'a IndexMap<Id, Person>,
    /// What was taken down about this scorecard and others, the newest first.
    pub items: &'a [KeptReviewItem],
    /// When it is read.
    pub at: DateTime<Utc>,
}

impl<'a> Minutes<'a> {
    /// What became of the actions of earlier reviews, if there are any.
    pub fn section_before(self, period: Period) -> Option<OverviewSection> {
        let title = self.language.text("review-actions-before");
        OverviewSection::of(SectionKind::Actions, title, self.before(period))
    }

    /// What the review of a period took down, by headings.
    pub fn sections(self, period: Period) -> Vec<OverviewSection> {
        let Self { language, .. } = self;
        let heading = |key: &str| language.text(key).into_owned();
        let found = |is_it: fn(&ReviewItemKind) -> bool| {
            let items = self.here().filter(|kept| kept.item.period == period);
            items.filter(|kept| is_it(&kept.item.kind)).map(|kept| self.entry(kept)).collect()
        };
        let chapters = [
            (
                SectionKind::Decisions,
                "review-decisions",
                found(|kind| matches!(kind, ReviewItemKind::Decision)),
            ),
            (
                SectionKind::Actions,
                "review-actions",
                found(|kind| matches!(kind, ReviewItemKind::Action(_))),
            ),
            (
                SectionKind::Success,
                "review-successes",
                found(|kind| matches!(kind, ReviewItemKind::Success)),
            ),
        ];
        let chapters = chapters.into_iter();
        chapters
            .filter_map(|(kind, title, found)| OverviewSection::of(kind, heading(title), found))
            .collect()
    }

    fn here(self) -> impl Iterator<Item = &'a KeptReviewItem> {
        let Self { items, scorecard, .. } = self;
        items.iter().filter(|kept| *kept.item.scope.scorecard() == scorecard.id)
    }

    /// What became of the actions of earlier reviews, the overdue first.
    pub(super) fn before(self, period: Period) -> Vec<Entry> {
        let actions = actions_before(self.here(), &self.scorecard.calendar, period);
        actions.into_iter().map(|(kept, _)| self.entry(kept)).collect()
    }

    fn entry(self, kept: &KeptReviewItem) -> Entry {
        let ReviewItem { scope, text, period, by, .. } = &kept.item;
        let (language, zone) = (self.language, self.scorecard.calendar.zone);
        let today = self.at.with_timezone(&zone).date_naive();
        let action = kept.item.as_action().map(|action| {
            let how_far = how_far(language, action, self.people, (today, zone));
            format!("#{}: {how_far}", kept.id)
        });
        let taken = text!(
            language,
            "review-taken-down",
            period = language.period(*period),
            name = phrases::by(by, self.people)
        );
        Entry {
            notes: action.into_iter().chain([taken]).collect(),
            ..plain(scope, name_of(self.scorecard, scope), text.clone())
        }
    }

    /// What people decided, wrote and acknowledged since the period began, the newest first.
    pub(super) fn decisions(
        self,
        period: Period,
        notes: &[Note],
        episodes: &HashMap<Scope, Episode>,
    ) -> Vec<Entry> {
        let Self { language, scorecard, people, .. } = self;
        let (begun, _) = scorecard.calendar.bounds(period);
        let zone = scorecard.calendar.zone;
        let is_here = |scope: &Scope| *scope.scorecard() == scorecard.id;
        let mut found: Vec<(DateTime<Utc>, &Scope, String)> = Vec::new();
        for note in notes.iter().filter(|note| note.at >= begun && is_here(&note.scope)) {
            found.push((note.at, &note.scope, phrases::quoted(language, note, people, &zone)));
        }
        // What this period's own review decides is not known when it is reported.
        let last_day = scorecard.calendar.last_day(period);
        let is_earlier = |item: &ReviewItem| scorecard.calendar.last_day(item.period) < last_day;
        for KeptReviewItem { item, .. } in self.here() {
            if item.kind == ReviewItemKind::Decision && item.at >= begun && is_earlier(item) {
                let day = phrases::date(language, item.at, &zone);
                let name = phrases::by(&item.by, people);
                let text = item.text.as_str();
                let decided =
                    text!(language, "report-decided", words = text, name = name, day = day);
                found.push((item.at, &item.scope, decided));
            }
        }
        for (scope, episode) in episodes.iter().filter(|(scope, _)| is_here(scope)) {
            let Some(by) = episode.acknowledgement.as_ref().filter(|by| by.at >= begun) else {
                continue;
            };
            let day = phrases::date(language, by.at, &zone);
            let name = phrases::by(&by.by, people);
            let mut said = text!(language, "report-acknowledged", name = name, day = day);
            if let Some(due) = by.due {
                said.push_str(&format!(", {}", text!(language, "due", day = language.day(due))));
            }
            if let Some(comment) = &by.comment {
                said.push_str(": ");
                said.push_str(&text!(language, "mail-quoted", words = comment.as_str()));
            }
            found.push((by.at, scope, said));
        }
        found.sort_by_key(|(at, ..)| Reverse(*at));
        let found = found.into_iter().take(DECISIONS_MAX);
        found.map(|(_, scope, words)| plain(scope, name_of(scorecard, scope), words)).collect()
    }
}

/// `Ines Marlow, due 30 June 2026, overdue`
pub fn how_far(
    language: &Language,
    action: &ReviewAction,
    people: &IndexMap<Id, Person>,
    (today, zone): (NaiveDate, chrono_tz::Tz),
) -> String {
    let mut parts = vec![phrases::by(&action.who, people)];
    parts.push(text!(language, "due", day = language.day(action.due)));
    let since = phrases::date(language, action.since, &zone);
    match action.state {
        ActionState::Open if action.is_overdue(today) => {
            parts.push(language.text("overdue").into_owned());
        }
        ActionState::Open => {}
        ActionState::Done => parts.push(text!(language, "action-done-on", day = since)),
        ActionState::Dropped => parts.push(text!(language, "action-dropped-on", day = since)),
    }
    parts.join(", ")
}

/// Open actions, wherever they are of.
pub(super) fn actions_of(
    kept: &[(&KeptReviewItem, &ReviewAction)],
    portfolio: &Portfolio,
    language: &Language,
    people: &IndexMap<Id, Person>,
    (today, zone): (NaiveDate, chrono_tz::Tz),
) -> Vec<Entry> {
    let entry = |(kept, action): &(&KeptReviewItem, &ReviewAction)| {
        let scope = &kept.item.scope;
        let scorecard = portfolio.scorecard(scope.scorecard());
        let name = scorecard.map(|scorecard| name_of(scorecard, scope));
        let how_far = how_far(language, action, people, (today, zone));
        let name = name.unwrap_or_else(|| scope.to_string());
        Entry {
            notes: vec![format!("#{}: {how_far}", kept.id)],
            ..plain(scope, name, kept.item.text.clone())
        }
    };
    kept.iter().map(entry).collect()
}

fn plain(scope: &Scope, name: String, words: String) -> Entry {
    Entry {
        scope: scope.to_string(),
        name,
        of: String::new(),
        status: None,
        score: None,
        from: None,
        words,
        notes: Vec::new(),
    }
}

/// A node's name, or its path where it is gone.
fn name_of(scorecard: &Scorecard, scope: &Scope) -> String {
    let name = match scope {
        Scope::Scorecard(_) => Some(&scorecard.name),
        Scope::Perspective(_, id) => scorecard.perspective(id).map(|perspective| &perspective.name),
        Scope::Objective(_, _, id) => scorecard
            .objectives()
            .find(|objective| objective.id == *id)
            .map(|objective| &objective.name),
        Scope::Kpi(named) => scorecard.kpi(&named.kpi).map(|kpi| &kpi.name),
    };
    name.cloned().unwrap_or_else(|| scope.to_string())
}
