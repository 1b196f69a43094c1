//! Answers that several KPIs of one round read: asked for once, by whoever comes first.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::NaiveDate;
use tokio::sync;

use crate::{http::Extract, question::Window, source::Source, table::Table};
use kpid_rules::model::{Id, Period};

/// What one of those who ask gets out of an answer, or why nothing fits.
type Taken = Result<Arc<Table>, String>;

/// What was answered to each, in the order of what they take out, or why nothing was.
type SharedAnswer = Result<Arc<Vec<Taken>>, String>;

/// An answer that is there, or is waited for by those who hold the place.
type AnswerSlot = Arc<sync::Mutex<Option<SharedAnswer>>>;

/// A question by its connection and words.
type QuestionKey = (Id, String);

/// A window by its ends.
type Span = (Period, NaiveDate);

/// The questions that more than one KPI of a round asks, and their answers so far. It lives as long
/// as its round: the next one asks anew.
#[derive(Debug, Default)]
pub struct Shared {
    asked: HashMap<QuestionKey, SharedQuestion>,
}

/// One question of several.
#[derive(Debug, Default)]
struct SharedQuestion {
    sources: usize,
    /// What they take out of an answer: kept is only that, and not the answer, which may be large.
    extracts: Vec<Extract>,
    places: Mutex<HashMap<Span, AnswerSlot>>,
}

/// A question that several ask, as one of them sees it.
#[derive(Debug)]
pub(crate) struct Common<'s> {
    place: AnswerSlot,
    /// What all of them take out of the answer.
    pub(crate) extracts: &'s [Extract],
    own: usize,
}

impl Shared {
    /// Nothing is shared.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Looks through a round's sources for questions that are the same.
    pub fn among<'s>(sources: impl Iterator<Item = &'s Source>) -> Self {
        let (sources, hasher) = (sources.collect::<Vec<_>>(), RandomState::new());
        let hash = |source: &Source| Some(hasher.hash_one(words(source)?));
        let hashes: Vec<Option<u64>> = sources.iter().map(|source| hash(source)).collect();
        let mut times: HashMap<u64, usize> = HashMap::new();
        hashes.iter().flatten().for_each(|hash| *times.entry(*hash).or_default() += 1);
        // Mostly each asks something else: the words of all of them at once would be the most that a
        // start has in memory.
        let may_be_shared =
            |hash: &Option<u64>| hash.is_some_and(|hash| times.get(&hash).is_some_and(|n| *n > 1));
        let sources = sources.into_iter().zip(&hashes).filter(|(_, hash)| may_be_shared(hash));
        let mut asked: HashMap<QuestionKey, SharedQuestion> = HashMap::new();
        for (source, words) in sources.filter_map(|(source, _)| Some((source, words(source)?))) {
            let asked = asked.entry(words).or_default();
            asked.sources += 1;
            if let Some(extract) = source.request.extract()
                && !asked.extracts.contains(extract)
            {
                asked.extracts.push(extract.clone());
            }
        }
        asked.retain(|_, asked| asked.sources > 1);
        Self { asked }
    }

    /// Where the answer to a question is kept, if several ask it.
    pub(crate) fn common(&self, source: &Source, window: &Window) -> Option<Common<'_>> {
        if self.asked.is_empty() {
            return None;
        }
        let asked = self.asked.get(&words(source)?)?;
        let own = match source.request.extract() {
            Some(own) => asked.extracts.iter().position(|extract| extract == own)?,
            None => 0,
        };
        let mut places = asked.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Arc::clone(places.entry((window.period, window.first_day)).or_default());
        Some(Common { place, extracts: &asked.extracts, own })
    }
}

fn words(source: &Source) -> Option<QuestionKey> {
    Some((source.from.clone(), source.request.words()?))
}

impl Common<'_> {
    /// What is ours of the answer; if nobody has asked yet, by asking.
    pub(crate) async fn answer(
        &self,
        asking: impl Future<Output = Result<Vec<Result<Table, String>>, String>>,
    ) -> Taken {
        let mut held = self.place.lock().await;
        let answer = match held.as_ref() {
            Some(answer) => answer.clone(),
            None => {
                let taken = |table: Result<Table, String>| table.map(Arc::new);
                let answer = asking.await;
                // Failed or not: a source that hangs is not waited for once a KPI.
                let answer = answer.map(|tables| Arc::new(tables.into_iter().map(taken).collect()));
                held.insert(answer).clone()
            }
        };
        let taken = answer?.get(self.own).cloned();
        taken.unwrap_or_else(|| Err("came without a table".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::Request, sql::Query};
    use kpid_rules::{model::Calendar, series::ReadingKind};

    fn source(from: &str, query: &str) -> Source {
        Source {
            from: Id::parse(from).unwrap(),
            request: Request::Sql(Box::new(Query::parse(query).unwrap())),
            reading: ReadingKind::Value,
            scale: None,
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
        let has_place = |at: usize| shared.common(&sources[at], &may).is_some();
        assert_eq!([0, 1, 2, 3].map(has_place), [true, true, false, false]);
    }

    #[tokio::test]
    async fn a_question_is_asked_once_for_each_window() {
        let sources = [source("a", "select 1"), source("a", "select 1")];
        let shared = Shared::among(sources.iter());
        let asked = Mutex::new(Vec::new());
        let ask = async |at: usize, period: Period| {
            let window = window(period);
            let common = shared.common(&sources[at], &window).unwrap();
            let asking = async {
                asked.lock().unwrap().push(at);
                match period {
                    Period::Month(_, 5) => Ok(vec![Ok(Table::default())]),
                    _ => Err("no".to_owned()),
                }
            };
            common.answer(asking).await.is_ok()
        };
        let (may, june) = (Period::Month(2026, 5), Period::Month(2026, 6));
        assert_eq!([ask(0, may).await, ask(1, may).await], [true, true]);
        assert_eq!([ask(1, june).await, ask(0, june).await], [false, false]);
        assert_eq!(*asked.lock().unwrap(), [0, 1]);
    }
}
