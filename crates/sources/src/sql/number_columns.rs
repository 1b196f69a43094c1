//! Finds columns of numbers that MariaDB compares with a time without a word: to a BIGINT the
//! first instant of May is 20260501000000, to a YEAR it is 2026. Nothing is read for it.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, Row, mysql::MySqlRow};

use crate::{
    fault::Fault,
    parameter::Parameter,
    question::Question,
    sql::{Query, pool},
};

/// The warning that a text was read as a number, and as which.
const TRUNCATED: u32 = 1292;

/// The note that shows a query as the server reads it.
const REWRITTEN: u32 = 1003;

/// A year that no query is about, by which a time that became a number is known in a note.
const MARKED_YEAR: i32 = 2107;

/// What is said of a period that is compared with a column of numbers.
const NUMBERS: &str = "compares the period with a column of numbers, which the server reads as \
     digits such as 20260501000000; of seconds since 1970 write `unix_timestamp(:period_start)`, of \
     milliseconds `unix_timestamp(:period_start) * 1000`, of days such as 20260501 `cast(column as \
     date)`, of years `year(:period_start)`";

/// What a parameter that is compared stands for while the server is asked how it reads a query.
#[derive(Clone, Copy)]
enum Stand {
    /// A text, of which the server warns where it makes a number of it.
    Text,
    /// A time in a year of its own.
    Marked,
}

/// Refuses a query that compares its period with numbers.
pub(super) async fn check(
    connection: &mut MySqlConnection,
    query: &Query,
    question: &Question<'_>,
) -> Result<(), Fault> {
    if !query.are_compared().contains(&true) && !query.are_made_times().contains(&true) {
        return Ok(());
    }
    let look = Look { query, question };
    let is_number =
        look.is_read_as_number(connection).await? || look.is_shown_as_number(connection).await?;
    if is_number { Err(Fault::Question(NUMBERS.to_owned())) } else { Ok(()) }
}

/// A query, and the question it is part of.
struct Look<'a> {
    query: &'a Query,
    question: &'a Question<'a>,
}

impl Look<'_> {
    /// Where a BIGINT is compared with a text, the server says so before it reads a row, even of
    /// a view whose text we may not see.
    async fn is_read_as_number(&self, connection: &mut MySqlConnection) -> Result<bool, Fault> {
        let frame = |text: &str| format!("select 1 from (\n{text}\n) as kpid_query limit 0");
        let told = self.told(connection, Stand::Text, frame).await?;
        let times = Parameter::ALL.into_iter().filter_map(|parameter| self.time(parameter));
        let bounds: Vec<String> = times.map(|at| format!("'{}'", written(at))).collect();
        let is_of_bound = |words: &str| bounds.iter().any(|bound| words.contains(bound.as_str()));
        Ok(told.iter().any(|(code, words)| *code == TRUNCATED && is_of_bound(words)))
    }

    /// The rest shows in how the server would have written the query.
    async fn is_shown_as_number(&self, connection: &mut MySqlConnection) -> Result<bool, Fault> {
        let frame = |text: &str| format!("explain extended {text}");
        let told = self.told(connection, Stand::Marked, frame).await?;
        let own = self.query.words();
        // What is made of a marked time may be a year from it.
        let years = [MARKED_YEAR - 1, MARKED_YEAR, MARKED_YEAR + 1].map(|year| year.to_string());
        let is_marked = |number: &str| {
            years.iter().any(|year| number.starts_with(year.as_str())) && !own.contains(number)
        };
        let mut rewritten = told.iter().filter(|(code, _)| *code == REWRITTEN);
        Ok(rewritten.any(|(_, words)| numbers(words).into_iter().any(is_marked)))
    }

    /// What the server warns of and notes when it is asked something about the query. A query
    /// that it does not take it refuses again when it is asked itself, and in better words.
    async fn told(
        &self,
        connection: &mut MySqlConnection,
        stand: Stand,
        frame: impl Fn(&str) -> String,
    ) -> Result<Vec<(u32, String)>, Fault> {
        let are_made_times = self.query.are_made_times();
        let mut places = are_made_times.iter();
        // The server works out what it makes of a time only of what it knows to be one.
        let (text, order) = self.query.rewrite(|_| match (places.next(), stand) {
            (Some(true), Stand::Marked) => "cast(? as datetime)".to_owned(),
            _ => "?".to_owned(),
        });
        let mut asked = sqlx::query(AssertSqlSafe(frame(&text))).persistent(false);
        let places = self.query.are_compared().into_iter().zip(&are_made_times);
        for (parameter, (is_compared, is_made_time)) in order.into_iter().zip(places) {
            asked = match (self.time(parameter), stand) {
                (None, _) => asked.bind(self.question.window.period.to_string()),
                (Some(at), Stand::Text) if is_compared => asked.bind(written(at)),
                (Some(_), Stand::Marked) if is_compared || *is_made_time => {
                    asked.bind(marked(parameter))
                }
                (Some(at), _) => asked.bind(at),
            };
        }
        if connection.fetch_all(asked).await.is_err() {
            return Ok(Vec::new());
        }
        let rows = connection.fetch_all("show warnings").await;
        rows.map_err(|error| pool::asked(&error))?.iter().map(line).collect()
    }

    fn time(&self, parameter: Parameter) -> Option<NaiveDateTime> {
        let window = self.question.window;
        match parameter {
            Parameter::Key => None,
            Parameter::Start => Some(self.question.local(window.start)),
            Parameter::End => Some(self.question.local(window.end)),
            Parameter::FirstDay => Some(window.first_day.and_time(NaiveTime::MIN)),
            Parameter::LastDay => Some(window.last_day.and_time(NaiveTime::MIN)),
        }
    }
}

fn line(row: &MySqlRow) -> Result<(u32, String), Fault> {
    let read = || Ok((row.try_get_unchecked(1)?, row.try_get_unchecked(2)?));
    read().map_err(|error: sqlx::Error| Fault::Question(pool::words(&error)))
}

fn written(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Ends lie after starts, so that no condition is impossible.
fn marked(parameter: Parameter) -> Option<NaiveDateTime> {
    let month = match parameter {
        Parameter::Start | Parameter::FirstDay => 3,
        Parameter::End | Parameter::LastDay | Parameter::Key => 9,
    };
    let day = NaiveDate::from_ymd_opt(MARKED_YEAR, month, 4);
    day.map(|day| day.and_time(NaiveTime::MIN))
}

/// The numbers of a query that stand outside its texts and names.
fn numbers(text: &str) -> Vec<&str> {
    let (mut found, mut at, mut quote) = (Vec::new(), 0, None);
    while let Some(c) = text[at..].chars().next() {
        let length = match (quote, c) {
            (Some(open), c) if c == open => {
                quote = None;
                1
            }
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                1
            }
            (None, c) if c.is_ascii_alphanumeric() || c == '_' => {
                let word = &text[at..];
                let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                let word = &word[..end.unwrap_or(word.len())];
                if word.bytes().all(|byte| byte.is_ascii_digit()) {
                    found.push(word);
                }
                word.len()
            }
            (_, c) => c.len_utf8(),
        };
        at += length;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_outside_of_texts_and_names_count() {
        for (text, expected) in [
            ("select 1 where `t`.`2107` >= 21070304000000", vec!["1", "21070304000000"]),
            ("`at` >= <cache>(TIMESTAMP'2107-03-04 00:00:00')", vec![]),
            ("a2107 >= 2107 and 'it''s 2107é' < y", vec!["2107"]),
            ("'open 2107", vec![]),
        ] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
