//! What a review takes down: decisions, actions with whoever does them by when, and successes.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Serialize;

use crate::{
    alerting::operator_actions::{OperatorActionError, words},
    model::{calendar::Calendar, id::Scope, period::Period},
};

/// Something that people took down in the review of a period, about a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewItem {
    /// The node.
    pub scope: Scope,
    /// The period that was reviewed.
    pub period: Period,
    /// What it is.
    #[serde(flatten)]
    pub kind: ReviewItemKind,
    /// The words.
    pub text: String,
    /// Who took it down.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What people take down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReviewItemKind {
    /// What was decided.
    Decision,
    /// What is to be done.
    Action(ReviewAction),
    /// What went well.
    Success,
}

/// Who does something, by when, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewAction {
    /// The id of one of the people, or the name of somebody else.
    pub who: String,
    /// The day by which it is to be done.
    pub due: NaiveDate,
    /// How far it is.
    pub state: ActionState,
    /// Since when: at first, since it was taken down.
    pub since: DateTime<Utc>,
    /// Who said so.
    pub said_by: String,
}

/// How far an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// It is to be done.
    Open,
    /// It is done.
    Done,
    /// It is not to be done any more.
    Dropped,
}

impl ActionState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Dropped];

    /// As the store and JSON have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Something taken down that is kept, and the number it goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptReviewItem {
    /// Names it.
    pub id: i64,
    /// What it is.
    #[serde(flatten)]
    pub item: ReviewItem,
}

impl ReviewItem {
    /// A decision in words.
    pub fn decision(
        of: (Scope, Period),
        text: &str,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<Self, OperatorActionError> {
        Self::new(of, ReviewItemKind::Decision, (text, "decision"), by, at)
    }

    /// A success in words.
    pub fn success(
        of: (Scope, Period),
        text: &str,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<Self, OperatorActionError> {
        Self::new(of, ReviewItemKind::Success, (text, "success"), by, at)
    }

    /// An action that somebody does by a day that is not past `today`.
    pub fn action(
        of: (Scope, Period),
        text: &str,
        (who, due, today): (&str, NaiveDate, NaiveDate),
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<Self, OperatorActionError> {
        if due < today {
            return Err(OperatorActionError::Past);
        }
        let who = words(who, "name")?;
        let (state, since, said_by) = (ActionState::Open, at, words(by, "name")?);
        let action = ReviewAction { who, due, state, since, said_by };
        Self::new(of, ReviewItemKind::Action(action), (text, "action"), by, at)
    }

    fn new(
        (scope, period): (Scope, Period),
        kind: ReviewItemKind,
        (text, what): (&str, &'static str),
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<Self, OperatorActionError> {
        let (text, by) = (words(text, what)?, words(by, "name")?);
        Ok(Self { scope, period, kind, text, by, at })
    }

    /// The action, if it is one.
    pub fn as_action(&self) -> Option<&ReviewAction> {
        match &self.kind {
            ReviewItemKind::Action(action) => Some(action),
            ReviewItemKind::Decision | ReviewItemKind::Success => None,
        }
    }
}

impl ReviewAction {
    /// Whether it is still to be done.
    pub fn is_open(&self) -> bool {
        self.state == ActionState::Open
    }

    /// Whether it should have been done before `today`.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.is_open() && self.due < today
    }
}

/// What became of actions of earlier reviews: those that are open, by their day, which puts the overdue
/// first; then those that were settled since the reviewed period began, the newest first.
pub fn actions_before<'a>(
    kept: impl IntoIterator<Item = &'a KeptReviewItem>,
    calendar: &Calendar,
    period: Period,
) -> Vec<(&'a KeptReviewItem, &'a ReviewAction)> {
    let (begun, _) = calendar.bounds(period);
    let last_day = calendar.last_day(period);
    let mut found: Vec<_> = kept
        .into_iter()
        .filter(|kept| calendar.last_day(kept.item.period) < last_day)
        .filter_map(|kept| Some((kept, kept.item.as_action()?)))
        .filter(|(_, action)| action.is_open() || action.since >= begun)
        .collect();
    found.sort_by_key(|(kept, action)| match action.is_open() {
        true => (false, i64::from(action.due.num_days_from_ce()), kept.id),
        false => (true, -action.since.timestamp_micros(), kept.id),
    });
    found
}

/// Actions that somebody has still to do who goes by these names, by their day.
pub fn open_actions_of<'a>(
    kept: impl IntoIterator<Item = &'a KeptReviewItem>,
    is_them: impl Fn(&str) -> bool,
) -> Vec<(&'a KeptReviewItem, &'a ReviewAction)> {
    let actions = kept.into_iter().filter_map(|kept| Some((kept, kept.item.as_action()?)));
    let mut found: Vec<_> =
        actions.filter(|(_, action)| action.is_open() && is_them(&action.who)).collect();
    found.sort_by_key(|(kept, action)| (action.due, kept.id));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Id;

    fn scope() -> Scope {
        Scope::Scorecard(Id::parse("calder").unwrap())
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn action(id: i64, month: u32, due: &str, settled: Option<&str>) -> KeptReviewItem {
        let of = (scope(), Period::Month(2026, month));
        let written = at("2026-01-02T08:00:00Z");
        let who = ("ines", day(due), day("2026-01-02"));
        let mut item = ReviewItem::action(of, "Switch carrier", who, "marta", written).unwrap();
        if let (ReviewItemKind::Action(action), Some(settled)) = (&mut item.kind, settled) {
            (action.state, action.since) = (ActionState::Done, at(settled));
        }
        KeptReviewItem { id, item }
    }

    #[test]
    fn the_next_review_asks_for_what_is_open_and_for_what_was_settled_meanwhile() {
        let calendar = Calendar::plain(chrono_tz::UTC);
        let kept = [
            action(1, 3, "2026-05-20", None),
            action(2, 3, "2026-04-20", None),
            action(3, 4, "2026-06-01", Some("2026-05-10T08:00:00Z")),
            action(4, 2, "2026-03-01", Some("2026-03-01T08:00:00Z")),
            action(5, 4, "2026-06-01", Some("2026-06-02T08:00:00Z")),
            action(6, 5, "2026-07-01", None),
        ];
        let before = actions_before(&kept, &calendar, Period::Month(2026, 5));
        let ids: Vec<i64> = before.iter().map(|(kept, _)| kept.id).collect();
        assert_eq!(ids, [2, 1, 5, 3], "open by their day, then settled, the newest first");
        let theirs = open_actions_of(&kept, |who| who == "ines");
        assert_eq!(theirs.iter().map(|(kept, _)| kept.id).collect::<Vec<_>>(), [2, 1, 6]);
        assert!(theirs[0].1.is_overdue(day("2026-04-21")));
        assert!(!theirs[0].1.is_overdue(day("2026-04-20")));
    }

    #[test]
    fn nothing_without_words_or_with_a_day_that_is_past_is_taken_down() {
        let of = || (scope(), Period::Month(2026, 5));
        let now = at("2026-06-03T06:00:00Z");
        let long = "x".repeat(1_000_000);
        for (text, error) in [
            (" \n ", OperatorActionError::Empty("decision")),
            (&long, OperatorActionError::TooWordy("decision")),
        ] {
            assert_eq!(ReviewItem::decision(of(), text, "ines", now), Err(error));
        }
        let today = day("2026-06-03");
        let late = ("ines", day("2026-06-02"), today);
        let refused = ReviewItem::action(of(), "Call them", late, "ines", now);
        assert_eq!(refused, Err(OperatorActionError::Past));
        let nobody = (" ", today, today);
        let refused = ReviewItem::action(of(), "Call them", nobody, "ines", now);
        assert_eq!(refused, Err(OperatorActionError::Empty("name")));
        let today = ("ines", today, today);
        assert!(ReviewItem::action(of(), "Call them", today, "ines", now).is_ok());
    }
}
