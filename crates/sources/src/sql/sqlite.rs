//! A SQLite file as a source: opened read-only, and interrupted when nobody waits any more.

use std::{
    cmp::Ordering,
    fs::{self, File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use chrono::{Days, Local, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;
use kpid_os_error::in_words;
use kpid_rules::model::{Calendar, Moment};
use sqlx::{
    AssertSqlSafe, Connection, Row, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use crate::sql::{
    Query,
    pool::{self, Pool, Unanswered},
};
use crate::{
    cell::{Cell, shown},
    fault::Fault,
    parameter::Parameter,
    question::Question,
    table::Table,
};

/// Steps of SQLite's machine between two looks at whether anybody still waits: below a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// By these, one for each comparison, what is compared with a parameter is compared as an instant
/// or as a local day.
const COLLATION: &str = "kpid_times_";

/// A number before all others.
const LEAST: &str = "-9e999";

/// Where a parameter stood: no query has this sign.
const PLACE: &str = "\0";

/// What SQLite says that has to write beside a file in WAL mode and may not: no folder to write
/// in, no index to lock, nothing recovered, no file opened.
const MAY_NOT_WRITE: [&str; 5] = ["1544", "520", "264", "8", "14"];

/// Where the header of a file says how it is written, and what stands there for WAL.
const WRITE_VERSION_AT: usize = 18;
const WAL: u8 = 2;

/// What of a text is shown in a message.
const SHOWN_CHARS_MAX: usize = 60;

/// The years in which the machine's zone is compared with the calendar's, and how often.
const ZONE_YEARS: (i32, i32) = (1970, 2038);
const ZONE_DAYS: u64 = 7;

/// A live SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    rows_max: usize,
    pool: Pool<SqliteConnection>,
}

/// Interrupts the query it belongs to when it is dropped before the query is done.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// What a parameter was compared with.
#[derive(Debug, Default)]
struct Compared {
    /// Whether it was a text.
    is_text: AtomicBool,
    /// A text that is neither a day nor a time.
    misfit: Mutex<Option<String>>,
}

impl Sqlite {
    pub(crate) fn new(path: &Path, rows_max: usize) -> Self {
        Self { path: path.to_owned(), rows_max, pool: Pool::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks, and reads all rows. Starts and ends of periods are bound as instants in UTC, which
    /// SQLite's functions understand. Where a text is compared with one, it is as an instant,
    /// whether it is a local day, a local time, or a time with an offset; anything else is refused.
    pub(crate) async fn table(
        &self,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, Fault> {
        check_zone(query, question.calendar.zone)?;
        let mut connection = self.connect(false).await?;
        match self.checked_rows(&mut connection, query, question).await {
            Err(Unanswered::Driver(error)) if self.may_not_write(&error) => {
                self.table_unwritten(query, question, &error).await
            }
            rows => {
                let table = rows?;
                self.pool.give(connection);
                Ok(table)
            }
        }
    }

    /// Opens the file and reads from it.
    pub(crate) async fn probe(&self) -> Result<(), Fault> {
        let mut connection = self.connect(false).await?;
        let text = "select count(*) from sqlite_master";
        match sqlx::query(text).fetch_one(&mut connection).await {
            Err(error) if self.may_not_write(&error) => {
                self.check_no_wal(&error)?;
                let mut connection = self.connect(true).await?;
                let asked = sqlx::query(text).fetch_one(&mut connection).await;
                asked.map(drop).map_err(|error| pool::asked(&error))
            }
            asked => asked.map(drop).map_err(|error| pool::asked(&error)),
        }
    }

    /// What parameters are compared with must be what they are: texts of days and times.
    async fn checked_rows(
        &self,
        connection: &mut SqliteConnection,
        query: &Query,
        question: &Question<'_>,
    ) -> Result<Table, Unanswered> {
        let comparisons = comparisons(query);
        let mut handle = connection.lock_handle().await?;
        for comparison in &comparisons {
            let calendar = Calendar::plain(question.calendar.zone);
            let (compared, order) = (Arc::clone(&comparison.compared), comparison.order);
            let name = format!("{COLLATION}{}", comparison.at);
            handle.create_collation(&name, move |left, right| {
                compared.order(left, right, |left, right| order(&calendar, left, right))
            })?;
        }
        drop(handle);
        let as_written = compared_as_times(query, &comparisons, None);
        let table = self.rows(connection, question, as_written).await?;
        let misfit = |comparison: &Comparison| comparison.compared.take_misfit();
        if let Some(text) = comparisons.iter().find_map(misfit) {
            return Err(Unanswered::Misfit(format!(
                "compares the period with the text \"{}\", which is not a day or time; write days \
                 as 2026-05-31 and times as 2026-05-31T18:00:00Z, or convert them in the query",
                shown(&text, SHOWN_CHARS_MAX)
            )));
        }
        let is_text = |comparison: &&Comparison| comparison.compared.is_text.load(Relaxed);
        for comparison in comparisons.iter().filter(|comparison| !is_text(comparison)) {
            // Either nothing was compared, or numbers, of which all come before any text, and
            // none before the least.
            let least = compared_as_times(query, &comparisons, Some((comparison.at, LEAST)));
            if self.rows(connection, question, least).await? != table {
                return Err(Unanswered::Misfit(NUMBERS.to_owned()));
            }
        }
        if table.is_nothing() {
            self.check_equality(connection, query, question, &comparisons).await?;
        }
        Ok(table)
    }

    /// No number equals a period, so that nothing is found: that is told where there are numbers.
    async fn check_equality(
        &self,
        connection: &mut SqliteConnection,
        query: &Query,
        question: &Question<'_>,
        comparisons: &[Comparison],
    ) -> Result<(), Unanswered> {
        let (_, parameters) = query.rewrite(|_| String::new());
        for (at, parameter) in parameters.into_iter().enumerate() {
            let (text, order) = compared_as_times(query, comparisons, Some((at, PLACE)));
            let with = |operand| Some((equality_replaced(&text, operand)?, order.clone()));
            // Before the empty text come numbers and nothing else, and before null comes nothing.
            let Some((numbers, nothing)) = with("''").zip(with("null")) else { continue };
            let numbers = self.rows(connection, question, numbers).await?;
            if numbers != self.rows(connection, question, nothing).await? {
                let words = if parameter == Parameter::Key { KEY_AND_NUMBERS } else { NUMBERS };
                return Err(Unanswered::Misfit(words.to_owned()));
            }
        }
        Ok(())
    }

    /// All rows of a text, with what is bound in it.
    async fn rows(
        &self,
        connection: &mut SqliteConnection,
        question: &Question<'_>,
        (text, order): (String, Vec<Parameter>),
    ) -> Result<Table, Unanswered> {
        let gone = Arc::new(AtomicBool::new(false));
        let waiting = Waiting(Arc::clone(&gone));
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !gone.load(Relaxed));
        drop(handle);
        let asked = sqlx::query(AssertSqlSafe(text)).persistent(false);
        let asked = order
            .into_iter()
            .fold(asked, |asked, parameter| asked.bind(parameter.word(question.window)));
        let table = pool::collect(asked.fetch(&mut *connection), self.rows_max, cell).await?;
        let mut handle = connection.lock_handle().await?;
        handle.remove_progress_handler();
        drop(handle);
        drop(waiting);
        Ok(table)
    }

    async fn connect(&self, is_immutable: bool) -> Result<SqliteConnection, Fault> {
        if !is_immutable && let Some(connection) = self.pool.take().await {
            return Ok(connection);
        }
        let options = SqliteConnectOptions::new().filename(&self.path).read_only(true);
        let options = options.immutable(is_immutable);
        SqliteConnection::connect_with(&options).await.map_err(|error| {
            let words = format!("cannot connect: {}", pool::words(&error));
            Fault::Question(format!("{words}: {}", self.path.display()))
        })
    }
}

/// Files in WAL mode where nothing may be written: to read one, SQLite has to make files beside it.
impl Sqlite {
    fn may_not_write(&self, error: &sqlx::Error) -> bool {
        let code = error.as_database_error().and_then(|told| told.code());
        code.is_some_and(|code| MAY_NOT_WRITE.contains(&code.as_ref())) && self.is_wal()
    }

    fn is_wal(&self) -> bool {
        let mut header = [0; WRITE_VERSION_AT + 1];
        let read = File::open(&self.path).and_then(|mut file| file.read_exact(&mut header));
        read.is_ok() && header[WRITE_VERSION_AT] == WAL
    }

    /// What was written and is not in the file yet lies in another beside it.
    fn check_no_wal(&self, error: &sqlx::Error) -> Result<(), Fault> {
        let mut beside = self.path.clone().into_os_string();
        beside.push("-wal");
        match fs::metadata(&beside) {
            Ok(found) if found.len() > 0 => Err(Fault::Question(format!(
                "{}: the file is in WAL mode and being written, and reading it needs a folder that \
                 kpid may write in; let it, or read a copy made by `VACUUM INTO`",
                pool::words(error)
            ))),
            _ => Ok(()),
        }
    }

    /// Reads a file that nobody writes as it lies there, and looks that nobody did.
    async fn table_unwritten(
        &self,
        query: &Query,
        question: &Question<'_>,
        error: &sqlx::Error,
    ) -> Result<Table, Fault> {
        let told = |problem: io::Error| Fault::Question(in_words(&problem));
        self.check_no_wal(error)?;
        let before = fs::metadata(&self.path).map_err(told)?;
        let mut connection = self.connect(true).await?;
        let table = self.checked_rows(&mut connection, query, question).await?;
        let after = fs::metadata(&self.path).map_err(told)?;
        self.check_no_wal(error)?;
        let of = |file: &Metadata| (file.len(), file.modified().ok());
        if of(&before) == of(&after) {
            Ok(table)
        } else {
            Err(Fault::Question("was written while it was read; it is asked again".to_owned()))
        }
    }
}

/// A parameter that is itself compared.
struct Comparison {
    /// Which of the query's parameters, counted from 0.
    at: usize,
    order: Order,
    compared: Arc<Compared>,
}

fn comparisons(query: &Query) -> Vec<Comparison> {
    let (_, parameters) = query.rewrite(|_| String::new());
    let compared = parameters.into_iter().zip(query.are_compared()).enumerate();
    let compared = compared.filter(|(_, (_, is_compared))| *is_compared);
    compared
        .map(|(at, (parameter, _))| {
            let order = match parameter {
                Parameter::FirstDay | Parameter::LastDay => days as Order,
                Parameter::Key | Parameter::Start | Parameter::End => instants as Order,
            };
            Comparison { at, order, compared: Arc::default() }
        })
        .collect()
}

/// A query whose parameters are compared by kpid, one of them replaced if asked to, and what to bind
/// in order.
fn compared_as_times(
    query: &Query,
    comparisons: &[Comparison],
    replaced: Option<(usize, &str)>,
) -> (String, Vec<Parameter>) {
    let (mut at, mut order) = (0, Vec::new());
    let (text, _) = query.rewrite(|parameter| {
        let here = at;
        at += 1;
        if let Some((_, by)) = replaced.filter(|(at, _)| *at == here) {
            return by.to_owned();
        }
        order.push(parameter);
        let is_compared = comparisons.iter().any(|comparison| comparison.at == here);
        if is_compared { format!("? collate {COLLATION}{here}") } else { "?".to_owned() }
    });
    (text, order)
}

/// A text in which what must be equal to what stands in [`PLACE`] must lie before `operand` instead;
/// none where it is compared in another way.
fn equality_replaced(text: &str, operand: &str) -> Option<String> {
    let (before, after) = text.split_once(PLACE)?;
    let (left, right) = (before.trim_end(), after.trim_start());
    let equals = left.strip_suffix("==").or_else(|| left.strip_suffix('='));
    if let Some(left) = equals.filter(|left| !left.ends_with(['<', '>', '!'])) {
        return Some(format!("{left} < {operand}{after}"));
    }
    if let Some(right) = right.strip_prefix("==").or_else(|| right.strip_prefix('=')) {
        return Some(format!("{before} {operand} > {right}"));
    }
    let word = |text: &str, word: &str| {
        let at = text.len().checked_sub(word.len())?;
        let (rest, last) = (text.get(..at)?, text.get(at..)?);
        let is_alone = last.eq_ignore_ascii_case(word) && rest.ends_with(char::is_whitespace);
        let is_denied = rest.trim_end().to_ascii_lowercase().ends_with("not");
        (is_alone && !is_denied).then(|| rest.to_owned())
    };
    if let Some(left) = word(left, "is") {
        return Some(format!("{left} < {operand}{after}"));
    }
    let list = left.strip_suffix('(').filter(|_| right.starts_with(')'))?;
    Some(format!("{} < ({operand}{after}", word(list.trim_end(), "in")?))
}

/// What is said of a key that is compared with numbers.
const KEY_AND_NUMBERS: &str = "compares `:period_key`, a text such as 2026-05, with numbers, which never \
     are the same; of numbers such as 202605 write `cast(replace(:period_key, '-', '') as integer)`, of \
     years `cast(strftime('%Y', :period_first_day) as integer)`";

/// What is said of a parameter that is compared with numbers.
const NUMBERS: &str = "compares the period with numbers, which are not days or times; of seconds \
     since 1970 write `unixepoch(:period_start)`, of milliseconds `unixepoch(:period_start) * 1000`, \
     of Julian days `julianday(:period_start)`";

type Order = fn(&Calendar, Moment, Moment) -> Ordering;

fn instants(calendar: &Calendar, left: Moment, right: Moment) -> Ordering {
    left.instant(calendar).cmp(&right.instant(calendar))
}

fn days(calendar: &Calendar, left: Moment, right: Moment) -> Ordering {
    left.day(calendar).cmp(&right.day(calendar))
}

impl Compared {
    fn take_misfit(&self) -> Option<String> {
        self.misfit.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn order(
        &self,
        left: &str,
        right: &str,
        order: impl Fn(Moment, Moment) -> Ordering,
    ) -> Ordering {
        self.is_text.store(true, Relaxed);
        // A month begins with its first day.
        let read = |text: &str| {
            Moment::parse(text).or_else(|| Moment::parse_month(text.trim()).map(Moment::Day))
        };
        match (read(left), read(right)) {
            (Some(left), Some(right)) => return order(left, right),
            (None, Some(_)) => self.note(left),
            (Some(_), None) => self.note(right),
            (None, None) => {}
        }
        left.cmp(right)
    }

    /// An empty text is a time that is not known, and comes before all others.
    fn note(&self, text: &str) {
        if !text.trim().is_empty() {
            let mut misfit = self.misfit.lock().unwrap_or_else(PoisonError::into_inner);
            misfit.get_or_insert_with(|| text.to_owned());
        }
    }
}

/// SQLite knows UTC and the machine's zone, and not the calendar's.
fn check_zone(query: &Query, zone: Tz) -> Result<(), Fault> {
    if let Some(call) = query.utc_day_call()
        && !is_zone(zone, &chrono::Utc)
    {
        return Err(Fault::Question(format!(
            "`{call}` is a day or month in UTC, and the calendar is in {zone}; ask for one period \
             between `unixepoch(:period_start)` and `unixepoch(:period_end)`"
        )));
    }
    if query.names_machine_zone() && !is_zone(zone, &Local) {
        return Err(Fault::Question(format!(
            "`localtime` and `utc` of SQLite are about the zone of this machine, which is not the \
             calendar's, {zone}; compare columns with `:period_start` and `:period_end` instead, or \
             run kpid with TZ={zone}"
        )));
    }
    Ok(())
}

/// Whether two zones have the same offsets.
fn is_zone(zone: Tz, other: &impl TimeZone) -> bool {
    let (first, last) = ZONE_YEARS;
    let start = NaiveDate::from_ymd_opt(first, 1, 1);
    let days = std::iter::successors(start, |day| day.checked_add_days(Days::new(ZONE_DAYS)));
    let end = NaiveDate::from_ymd_opt(last, 1, 1);
    days.take_while(|day| Some(*day) < end)
        .all(|day| zone.offset_from_utc_date(&day).fix() == other.offset_from_utc_date(&day).fix())
}

/// By the kind of the value itself: in SQLite a column's type binds nobody.
fn cell(row: &SqliteRow, at: usize) -> sqlx::Result<Cell> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kind = value.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => Ok(Cell::Int(row.try_get_unchecked(at)?)),
        "REAL" => Ok(Cell::Float(row.try_get_unchecked(at)?)),
        "TEXT" => Ok(Cell::Text(row.try_get_unchecked(at)?)),
        other => Ok(Cell::Other(format!("a {other}"))),
    }
}
