//! Answers that several KPIs of one round read: asked for once, by whoever comes first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::NaiveDate;
use tokio::sync;

use crate::{
    scorecard::{Id, Period},
    sources::{Source, Window, table::Table},
};

/// What was answered, or why nothing was.
type Answer = Result<Arc<Table>, String>;

/// An answer that is there, or is waited for by those who hold the place.
pub(super) type Place = Arc<sync::Mutex<Option<Answer>>>;

/// A question by its connection and words.
type Words = (Id, String);

/// A window by its ends.
type Span = (Period, NaiveDate);

/// The questions that more than one KPI of a round asks, and their answers so far. It lives as long
/// as its round: the next one asks anew.
#[derive(Debug, Default)]
pub struct Shared {
    places: HashMap<Words, Mutex<HashMap<Span, Place>>>,
}

impl Shared {
    /// Nothing is shared.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Looks through a round's sources for questions that are the same.
    pub fn among<'s>(sources: impl Iterator<Item = &'s Source>) -> Self {
        let mut counts: HashMap<Words, usize> = HashMap::new();
        for words in sources.filter_map(words) {
            *counts.entry(words).or_default() += 1;
        }
        let several = counts.into_iter().filter(|(_, count)| *count > 1);
        Self { places: several.map(|(words, _)| (words, Mutex::default())).collect() }
    }

    /// Where the answer to a question is kept, if several ask it.
    pub(super) fn place(&self, source: &Source, window: &Window) -> Option<Place> {
        let spans = self.places.get(&words(source)?)?;
        let mut spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(spans.entry((window.period, window.first_day)).or_default()))
    }
}

fn words(source: &Source) -> Option<Words> {
    Some((source.from.clone(), source.request.words()?))
}

/// The answer in this place; if nobody has asked yet, by asking.
pub(super) async fn answer(
    place: &Place,
    asking: impl Future<Output = Result<Table, String>>,
) -> Answer {
    let mut held = place.lock().await;
    if let Some(answer) = held.as_ref() {
        return answer.clone();
    }
    // Failed or not: a source that hangs is not waited for once a KPI.
    let answer = asking.await.map(Arc::new);
    *held = Some(answer.clone());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        scorecard::{Calendar, ReadingKind},
        sources::{Request, sql::Query},
    };

    fn source(from: &str, query: &str) -> Source {
        Source {
            from: Id::parse(from).unwrap(),
            request: Request::Sql(Query::parse(query).unwrap()),
            reading: ReadingKind::Value,
            lookback: 0,
        }
    }

    fn window(period: Period) -> Window {
        let calendar = Calendar::plain(chrono_tz::UTC);
        let (start, end) = calendar.bounds(period);
        let (first_day, last_day) = (calendar.first_day(period), calendar.last_day(period));
        Window { period, start, end, first_day, last_day }
    }

    #[test]
    fn only_what_several_ask_is_kept() {
        let sources =
            [("a", "select 1"), ("a", "select 1"), ("b", "select 1"), ("a", "select :period_key")];
        let sources = sources.map(|(from, query)| source(from, query));
        let shared = Shared::among(sources.iter());
        let may = window(Period::Month(2026, 5));
        let has_place = |at: usize| shared.place(&sources[at], &may).is_some();
        assert_eq!([0, 1, 2, 3].map(has_place), [true, true, false, false]);
    }

    #[tokio::test]
    async fn a_question_is_asked_once_for_each_window() {
        let sources = [source("a", "select 1"), source("a", "select 1")];
        let shared = Shared::among(sources.iter());
        let asked = Mutex::new(Vec::new());
        let ask = async |at: usize, period: Period| {
            let place = shared.place(&sources[at], &window(period)).unwrap();
            let asking = async {
                asked.lock().unwrap().push(at);
                match period {
                    Period::Month(_, 5) => Ok(Table::default()),
                    _ => Err("no".to_owned()),
                }
            };
            answer(&place, asking).await.is_ok()
        };
        let (may, june) = (Period::Month(2026, 5), Period::Month(2026, 6));
        assert_eq!([ask(0, may).await, ask(1, may).await], [true, true]);
        assert_eq!([ask(1, june).await, ask(0, june).await], [false, false]);
        assert_eq!(*asked.lock().unwrap(), [0, 1]);
    }
}
