//! The live connections, and the one function through which every actual comes in.

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use chrono_tz::Tz;
use futures_util::FutureExt;
use indexmap::IndexMap;
use tokio::{
    sync::{AcquireError, Semaphore},
    time,
};

use crate::{
    cell::shown,
    circuit_breaker::Asker,
    circuit_guard::{CircuitWatcher, Entry, Guard},
    command::Commands,
    connection::Connection,
    csv::Folder,
    disk::Disk,
    fault::Fault,
    http::{Extract, client::Client, pinned, transport},
    outcome::{Exchange, Outcome},
    places::Places,
    question::Question,
    requests::Requests,
    retry::Attempts,
    shared_answers::Shared,
    source::{Request, Source},
    sql::{self, Address, mysql::MySql, pool::describe, postgres::Postgres, sqlite::Sqlite},
    table::Table,
};
use kpid_clock::Clock;
use kpid_rules::model::Id;

/// What a server is given beyond its own time limit to say that it has reached it.
const GRACE: Duration = Duration::from_secs(2);

/// Questions under way at once over all connections, each of which may hold an answer of its
/// connection's byte limit. Those who wait for their turn do not count, so that a connection that
/// hangs takes no more of these than it bears at once.
const UNDER_WAY_MAX: usize = 64;

/// The share of its time in which a question may be asked again.
const ATTEMPTS_SHARE: f64 = 0.9;

/// Several times what we say, and most of what a database has to say.
const PROBLEM_CHARS_MAX: usize = 2_000;

/// All systems that actuals come from; reached when they are first asked.
#[derive(Debug)]
pub struct Connections {
    by_id: IndexMap<Id, Live>,
    room: Semaphore,
}

/// One system, with at most so many questions to it at once.
#[derive(Debug)]
struct Live {
    places: Places,
    requests: Requests,
    /// The time that its author gives it.
    timeout: Duration,
    /// What a server is given beyond that to say so itself.
    grace: Duration,
    system: System,
    disk: Disk,
    /// None where a person asks, who wants to know how it is now.
    guard: Option<Guard>,
}

#[derive(Debug)]
enum System {
    Http(Box<Client>),
    Postgres(Postgres),
    MySql(MySql),
    Sqlite(Sqlite),
    Csv(Folder),
    Command(Commands),
    /// Nobody asks it anything.
    Push,
}

impl Connections {
    /// Gets ready to ask; reaches nothing yet. Fails on an address that cannot be asked.
    pub fn open(connections: &IndexMap<Id, Connection>) -> anyhow::Result<Self> {
        let http = transport::shared().context("cannot prepare the HTTP client")?;
        let live = connections.iter().map(|(id, connection)| {
            let live = Live::open(connection, &http);
            Ok((id.clone(), live.with_context(|| format!("cannot use the connection `{id}`"))?))
        });
        let by_id = live.collect::<anyhow::Result<_>>()?;
        Ok(Self { by_id, room: Semaphore::new(UNDER_WAY_MAX) })
    }

    /// The same for a timer, which leaves alone for a while what fails again and again. Nothing is
    /// known of any of them yet.
    pub fn guarded(mut self, clock: Clock, watcher: &CircuitWatcher) -> Self {
        for (id, live) in self.by_id.iter_mut().filter(|(_, live)| live.system.can_be_down()) {
            live.guard = Some(Guard::of_connection(id.clone(), clock, watcher.clone()));
        }
        self
    }

    /// The connections that are left alone now.
    pub fn left_alone(&self) -> Vec<&Id> {
        let open = |live: &Live| live.guard.as_ref().is_some_and(Guard::is_open);
        self.by_id.iter().filter(|(_, live)| open(live)).map(|(id, _)| id).collect()
    }

    /// Asks a source. Waits for its turn, then for no longer than the connection's time limit,
    /// connecting included. Dropping the future ends the question.
    /// What others of the round ask as well is asked once.
    pub async fn fetch(
        &self,
        shared: &Shared,
        source: &Source,
        question: &Question<'_>,
    ) -> Outcome {
        let id = &source.from;
        match self.by_id.get(id) {
            None => nowhere(id),
            Some(live) => {
                let answer = live.answer(&self.room, shared, source, question).await;
                live.outcome(source, question, answer)
            }
        }
    }

    /// Asks a source in the very same way, and keeps what a person needs to see of it.
    pub async fn trace(
        &self,
        shared: &Shared,
        source: &Source,
        question: &Question<'_>,
    ) -> (Outcome, Exchange) {
        let id = &source.from;
        let Some(live) = self.by_id.get(id) else {
            return (nowhere(id), Exchange { asked: format!("`{id}`"), came: None });
        };
        let answer = live.answer(&self.room, shared, source, question).await;
        let came = answer.as_ref().ok().map(|table| table.shown());
        let went = answer.as_ref().ok().and_then(|table| table.asked.clone());
        let went = went.unwrap_or_else(|| live.describe(&source.request, question));
        let along = live.sent_along(&source.request, question);
        let along = along.map(|along| format!("\n  sent along: {along}")).unwrap_or_default();
        let asked = format!("`{id}`: {went}{along}");
        (live.outcome(source, question, answer), Exchange { asked, came })
    }

    /// Reaches a system without asking it anything; says in words why it cannot be reached, or
    /// not asked as the calendar's zone needs it.
    pub async fn probe(&self, id: &Id, zone: Tz) -> Result<(), String> {
        let live = self.by_id.get(id).ok_or_else(|| format!("there is no connection `{id}`"))?;
        let reached = live
            .within_time(async {
                if let Some(path) = live.system.path() {
                    live.disk.answers(path).await?;
                }
                match &live.system {
                    System::Http(client) => client.probe().await.map_err(Fault::from),
                    System::Postgres(postgres) => postgres.probe(zone).await,
                    System::MySql(mysql) => mysql.probe(zone).await,
                    System::Sqlite(sqlite) => sqlite.probe().await,
                    System::Csv(folder) => folder.probe().await.map_err(Fault::from),
                    System::Command(commands) => commands.probe().await.map_err(Fault::from),
                    System::Push => Ok(()),
                }
            })
            .await;
        reached.map_err(|fault| format!("`{id}`: {}", fault.words()))
    }
}

impl Connections {
    /// What the user of a database could do beyond reading, in words; none if nothing, or if it is no
    /// server.
    pub async fn power(&self, id: &Id) -> Result<Option<String>, String> {
        let Some(live) = self.by_id.get(id) else { return Ok(None) };
        let power = live.within_time(async {
            match &live.system {
                System::Postgres(postgres) => postgres.power().await,
                System::MySql(mysql) => mysql.power().await,
                _ => Ok(None),
            }
        });
        power.await.map_err(|fault| format!("`{id}`: {}", fault.words()))
    }

    /// Looks whether the server reads a question as its author meant it, without asking it; says in
    /// words what is wrong.
    pub async fn try_question(
        &self,
        source: &Source,
        question: &Question<'_>,
    ) -> Result<(), String> {
        let id = &source.from;
        let live = self.by_id.get(id).ok_or_else(|| format!("there is no connection `{id}`"))?;
        // Others refuse by themselves what is compared with a column of another type.
        let (System::MySql(mysql), Request::Sql(query)) = (&live.system, &source.request) else {
            return Ok(());
        };
        let tried = live.within_time(mysql.try_query(query, question)).await;
        tried.map_err(|fault| format!("`{id}`: {}: {}", describe(query), fault.words()))
    }
}

fn nowhere(id: &Id) -> Outcome {
    Outcome::Error(format!("there is no connection `{id}`"))
}

impl Live {
    fn open(connection: &Connection, http: &reqwest::Client) -> anyhow::Result<Self> {
        let (concurrent_max, timeout, system) = match connection {
            Connection::Http(endpoint) => {
                let client = Client::new(endpoint, http.clone())?;
                (endpoint.concurrent_max, endpoint.timeout, System::Http(Box::new(client)))
            }
            Connection::Sql(database) => {
                if let Address::Postgres(server) | Address::MySql(server) = &database.address
                    && let Some(authority) = &server.authority
                {
                    pinned::certificates(authority)?;
                }
                let concurrent_max = usize::try_from(database.concurrent_max)?;
                (concurrent_max, database.timeout, System::of(database))
            }
            Connection::Csv(folder) => {
                (folder.concurrent_max, folder.timeout, System::Csv(folder.clone()))
            }
            Connection::Command(commands) => {
                (commands.concurrent_max, commands.timeout, System::Command(commands.clone()))
            }
            Connection::Push(_) => (1, GRACE, System::Push),
        };
        let grace = if system.is_server() { GRACE } else { Duration::ZERO };
        let places = Places::new(concurrent_max);
        let (requests, disk) = (Requests::default(), Disk::new());
        Ok(Self { places, requests, timeout, grace, system, disk, guard: None })
    }

    async fn answer(
        &self,
        room: &Semaphore,
        shared: &Shared,
        source: &Source,
        question: &Question<'_>,
    ) -> Result<Arc<Table>, String> {
        let request = &source.request;
        if let Some(common) = shared.common(source, question.window) {
            let asking = Box::pin(self.tables(room, request, common.extracts, question));
            return common.answer(asking).await;
        }
        let extracts = request.extract().map_or(&[][..], std::slice::from_ref);
        let table = self.tables(room, request, extracts, question).await?.pop();
        table.unwrap_or_else(|| Err("came without a table".to_owned())).map(Arc::new)
    }

    /// What each of those who read the answer gets out of it.
    async fn tables(
        &self,
        room: &Semaphore,
        request: &Request,
        extracts: &[Extract],
        question: &Question<'_>,
    ) -> Result<Vec<Result<Table, String>>, String> {
        let asking = || self.ask(request, extracts, question);
        let answer = self.within_limits(room, request, question.calendar.zone, asking).await;
        answer.map_err(|fault| fault.words().to_owned())
    }

    /// Asks; a server of a database that is not reached is asked again, while there is time. An
    /// HTTP API says itself when.
    async fn ask(
        &self,
        request: &Request,
        extracts: &[Extract],
        question: &Question<'_>,
    ) -> Result<Vec<Result<Table, String>>, Fault> {
        // The rest is for saying why the first attempt failed, where a further one hangs.
        let mut attempts = Attempts::within(self.timeout.mul_f64(ATTEMPTS_SHARE));
        let is_server = self.system.is_server();
        // On the heap: what asks a database would be large in every future that holds it.
        let once = || Box::pin(self.ask_once(request, extracts, question));
        let mut answer = once().await;
        while is_server
            && let Err(Fault::Unreached(_)) = &answer
            && attempts.pause(None).await
            && let Some(again) = attempts.before_the_end(once()).await
        {
            answer = again;
        }
        answer
    }

    async fn ask_once(
        &self,
        request: &Request,
        extracts: &[Extract],
        question: &Question<'_>,
    ) -> Result<Vec<Result<Table, String>>, Fault> {
        if let Some(path) = self.system.path() {
            self.disk.answers(path).await?;
        }
        let table = match (&self.system, request) {
            (System::Http(client), Request::Http(ask)) => {
                return client.tables(&ask.request, extracts, question).await;
            }
            (System::Postgres(postgres), Request::Sql(query)) => {
                postgres.table(query, question).await
            }
            (System::MySql(mysql), Request::Sql(query)) => mysql.table(query, question).await,
            (System::Sqlite(sqlite), Request::Sql(query)) => sqlite.table(query, question).await,
            (System::Csv(folder), Request::Csv(sheet)) => Ok(folder.table(sheet, question).await?),
            (System::Command(commands), Request::Command(run)) => {
                Ok(commands.table(run, question).await?)
            }
            (_, request) => {
                let noun = request.noun();
                Err(Fault::Question(format!("is {noun}, which this connection does not take")))
            }
        };
        Ok(vec![Ok(table?)])
    }

    /// What an answer says; one that does not fit is an error that names what was asked.
    fn outcome(
        &self,
        source: &Source,
        question: &Question<'_>,
        answer: Result<Arc<Table>, String>,
    ) -> Outcome {
        let (figure, formats) = (source.request.figure(), source.request.date_formats());
        let outcome =
            answer.and_then(|table| table.outcome(source.reading, figure, formats, question));
        let outcome = outcome.map(|outcome| match source.scale {
            Some(scale) => scale.applied(outcome),
            None => outcome,
        });
        outcome.unwrap_or_else(|problem| {
            let asked = self.describe(&source.request, question);
            // A source may have written anything into what is quoted of it.
            let problem = shown(&problem, PROBLEM_CHARS_MAX);
            Outcome::Error(format!("`{}`: {asked}: {problem}", source.from))
        })
    }

    /// Waits for a turn, which takes as long as it takes; then limits the time. What is left alone is
    /// not asked, also by those who have waited.
    async fn within_limits<T, A: Future<Output = Result<T, Fault>>>(
        &self,
        room: &Semaphore,
        request: &Request,
        zone: Tz,
        asking: impl Fn() -> A,
    ) -> Result<T, Fault> {
        let closed = |error: AcquireError| Fault::Question(error.to_string());
        let (record, asker) = self.requests.record(request, self.guard.as_ref());
        let own = match &record.guard {
            Some(guard) => Some(guard.enter(Asker { request: 0, requests: 1 }, zone).await?),
            None => None,
        };
        loop {
            let mut place = self.places.place(&record.pace).await.map_err(closed)?;
            let mut entry = match &self.guard {
                Some(guard) => Some(guard.enter(asker, zone).await?),
                None => None,
            };
            if let System::Http(client) = &self.system {
                client.turn().await;
            }
            let _room = room.acquire().await.map_err(closed)?;
            let becomes_slow = || entry.iter_mut().for_each(Entry::lets_others_try);
            let (may_be_repeated, timeout) = (request.is_repeatable(), self.timeout);
            // On the heap, and only now: thousands may wait for their turn, and few are under way.
            let answer = Box::pin(place.ask(
                &record.pace,
                timeout,
                may_be_repeated,
                becomes_slow,
                self.within_time(asking()),
            ));
            let answer = answer.await;
            // Others wait for its place, and it for one among those that hang.
            let Some(answer) = answer else {
                record.pace.is_slow();
                continue;
            };
            for entry in own.into_iter().chain(entry) {
                entry.settle(&answer);
            }
            return answer;
        }
    }

    async fn within_time<T>(
        &self,
        asking: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        // A driver that panics on what a server sent must not take other KPIs with it.
        let asking = AssertUnwindSafe(asking).catch_unwind();
        match time::timeout(self.timeout + self.grace, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_panic)) => {
                Err(Fault::Question("broke off: the answer could not be read".to_owned()))
            }
            Err(_elapsed) => {
                let limit = humantime::format_duration(self.timeout);
                Err(Fault::Hung(format!("gave no answer within {limit}")))
            }
        }
    }

    fn sent_along(&self, request: &Request, question: &Question<'_>) -> Option<String> {
        match (request, &self.system) {
            (Request::Http(ask), System::Http(client)) => client.sent_along(&ask.request, question),
            _ => None,
        }
    }

    fn describe(&self, request: &Request, question: &Question<'_>) -> String {
        match (request, &self.system) {
            (Request::Http(ask), System::Http(client)) => client.describe(&ask.request, question),
            (Request::Csv(sheet), System::Csv(folder)) => folder.describe(sheet, question),
            (Request::Command(run), System::Command(commands)) => commands.describe(run, question),
            (Request::Sql(query), _) => describe(query),
            (request, _) => request.noun().to_owned(),
        }
    }
}

impl System {
    /// Whether one failure says something of the next question: not of commands, each of which is
    /// a program of its own, nor of a file that is opened in no time; and what pushes is not asked.
    fn can_be_down(&self) -> bool {
        match self {
            Self::Http(_) | Self::Postgres(_) | Self::MySql(_) | Self::Csv(_) => true,
            Self::Sqlite(_) | Self::Command(_) | Self::Push => false,
        }
    }

    /// Where its files are, if it is files.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(sqlite) => Some(sqlite.path()),
            Self::Csv(folder) => Some(&folder.path),
            _ => None,
        }
    }

    /// Whether it is a server that ends a query at its time limit by itself.
    fn is_server(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::MySql(_))
    }

    fn of(database: &sql::Database) -> Self {
        let (timeout, rows_max) = (database.timeout, database.rows_max);
        match &database.address {
            Address::Postgres(server) => Self::Postgres(Postgres::new(server, timeout, rows_max)),
            Address::MySql(server) => Self::MySql(MySql::new(server, timeout, rows_max)),
            Address::Sqlite(path) => Self::Sqlite(Sqlite::new(path, rows_max)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{
        csv::{CsvDialect, Folder},
        dates::period_format::DateFormats,
    };

    const CONCURRENT_MAX: u32 = 4;

    fn sheet() -> Request {
        Request::Command(Box::new(crate::command::Run {
            program: "true".to_owned(),
            arguments: Vec::new(),
            figure: None,
            formats: DateFormats::default(),
        }))
    }

    fn live() -> Live {
        let dialect = CsvDialect {
            encoding: encoding_rs::UTF_8,
            delimiter: b',',
            decimal: None,
            thousands: None,
        };
        let timeout = Duration::from_secs(1);
        let folder = Folder {
            path: ".".into(),
            dialect,
            timeout,
            concurrent_max: usize::try_from(CONCURRENT_MAX).unwrap(),
            file_bytes_max: 1,
            rows_max: 1,
        };
        let http = transport::shared().unwrap();
        Live::open(&Connection::Csv(folder), &http).unwrap()
    }

    #[tokio::test]
    async fn ten_thousand_questions_wait_for_their_turn() {
        let live = live();
        let (present, most) = (Cell::new(0_u32), Cell::new(0));
        let asking = || async {
            present.set(present.get() + 1);
            most.set(most.get().max(present.get()));
            tokio::task::yield_now().await;
            present.set(present.get() - 1);
            Ok(())
        };
        let room = Semaphore::new(UNDER_WAY_MAX);
        let file = sheet();
        let asked = (0..10_000).map(|_| live.within_limits(&room, &file, chrono_tz::UTC, asking));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(most.get(), CONCURRENT_MAX, "as many as the connection bears, and no more");
    }

    #[tokio::test]
    async fn a_driver_that_panics_takes_nobody_along() {
        let live = live();
        let asking = async || -> Result<Table, Fault> { panic!("an answer of no known kind") };
        let room = Semaphore::new(UNDER_WAY_MAX);
        let broken = live.within_limits(&room, &sheet(), chrono_tz::UTC, asking).await;
        assert_eq!(broken.unwrap_err().words(), "broke off: the answer could not be read");
        assert_eq!(
            live.places.free(),
            usize::try_from(CONCURRENT_MAX).unwrap(),
            "its turn was given back"
        );
    }
}
