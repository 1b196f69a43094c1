//! The live connections, and the one function through which every actual comes in.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use anyhow::Context;
use futures_util::FutureExt;
use indexmap::IndexMap;
use tokio::{sync::Semaphore, time};

use crate::{
    scorecard::Id,
    sources::{
        Connection, Exchange, Outcome, Question, Request, Source,
        command::Commands,
        csv::Folder,
        http::client::{self, Client},
        shared::{self, Shared},
        sql::{self, Address, mysql::MySql, pool::describe, postgres::Postgres, sqlite::Sqlite},
        table::Table,
    },
};

/// What a server is given beyond its own time limit to say that it has reached it.
const GRACE: Duration = Duration::from_millis(500);

/// All systems that actuals come from; reached when they are first asked.
#[derive(Debug)]
pub struct Connections {
    by_id: IndexMap<Id, Live>,
}

/// One system, with at most so many questions to it at once.
#[derive(Debug)]
struct Live {
    gate: Semaphore,
    timeout: Duration,
    system: System,
}

#[derive(Debug)]
enum System {
    Http(Client),
    Postgres(Postgres),
    MySql(MySql),
    Sqlite(Sqlite),
    Csv(Folder),
    Command(Commands),
}

impl Connections {
    /// Gets ready to ask; reaches nothing yet. Fails on an address that cannot be asked.
    pub fn open(connections: &IndexMap<Id, Connection>) -> anyhow::Result<Self> {
        let http = client::shared().context("cannot prepare the HTTP client")?;
        let live = connections.iter().map(|(id, connection)| {
            let live = Live::open(connection, &http);
            Ok((id.clone(), live.with_context(|| format!("cannot use the connection `{id}`"))?))
        });
        Ok(Self { by_id: live.collect::<anyhow::Result<_>>()? })
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
                live.outcome(source, question, live.answer(shared, source, question).await)
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
        let answer = live.answer(shared, source, question).await;
        let came = answer.as_ref().ok().map(|table| table.shown());
        let asked = format!("`{id}`: {}", live.describe(&source.request, question));
        (live.outcome(source, question, answer), Exchange { asked, came })
    }

    /// Reaches a system without asking it anything; says in words why it cannot be reached.
    pub async fn probe(&self, id: &Id) -> Result<(), String> {
        let live = self.by_id.get(id).ok_or_else(|| format!("there is no connection `{id}`"))?;
        let reached = live
            .within_limits(async {
                match &live.system {
                    System::Http(client) => client.probe().await,
                    System::Postgres(postgres) => postgres.probe().await,
                    System::MySql(mysql) => mysql.probe().await,
                    System::Sqlite(sqlite) => sqlite.probe().await,
                    System::Csv(folder) => folder.probe().await,
                    System::Command(commands) => commands.probe().await,
                }
            })
            .await;
        reached.map_err(|problem| format!("`{id}`: {problem}"))
    }
}

fn nowhere(id: &Id) -> Outcome {
    Outcome::Error(format!("there is no connection `{id}`"))
}

impl Live {
    fn open(connection: &Connection, http: &reqwest::Client) -> anyhow::Result<Self> {
        match connection {
            Connection::Http(endpoint) => Ok(Self {
                gate: Semaphore::new(endpoint.concurrent_max.max(1)),
                timeout: endpoint.timeout,
                system: System::Http(Client::new(endpoint, http.clone())?),
            }),
            Connection::Sql(database) => {
                let concurrent_max = usize::try_from(database.concurrent_max)?;
                Ok(Self {
                    gate: Semaphore::new(concurrent_max.max(1)),
                    timeout: database.timeout + GRACE,
                    system: System::of(database),
                })
            }
            Connection::Csv(folder) => Ok(Self {
                gate: Semaphore::new(folder.concurrent_max.max(1)),
                timeout: folder.timeout,
                system: System::Csv(folder.clone()),
            }),
            Connection::Command(commands) => Ok(Self {
                gate: Semaphore::new(commands.concurrent_max.max(1)),
                timeout: commands.timeout,
                system: System::Command(commands.clone()),
            }),
        }
    }

    async fn answer(
        &self,
        shared: &Shared,
        source: &Source,
        question: &Question<'_>,
    ) -> Result<Arc<Table>, String> {
        let asking = self.ask(&source.request, question);
        match shared.place(source, question.window) {
            Some(place) => shared::answer(&place, asking).await,
            None => asking.await.map(Arc::new),
        }
    }

    async fn ask(&self, request: &Request, question: &Question<'_>) -> Result<Table, String> {
        if let System::Http(client) = &self.system {
            client.turn().await;
        }
        self.within_limits(async {
            match (&self.system, request) {
                (System::Http(client), Request::Http(get)) => client.table(get, question).await,
                (System::Postgres(postgres), Request::Sql(query)) => {
                    postgres.table(query, question).await
                }
                (System::MySql(mysql), Request::Sql(query)) => mysql.table(query, question).await,
                (System::Sqlite(sqlite), Request::Sql(query)) => {
                    sqlite.table(query, question).await
                }
                (System::Csv(folder), Request::Csv(sheet)) => folder.table(sheet, question).await,
                (System::Command(commands), Request::Command(run)) => {
                    commands.table(run, question).await
                }
                (_, request) => {
                    Err(format!("is {}, which this connection does not take", request.noun()))
                }
            }
        })
        .await
    }

    /// What an answer says; one that does not fit is an error that names what was asked.
    fn outcome(
        &self,
        source: &Source,
        question: &Question<'_>,
        answer: Result<Arc<Table>, String>,
    ) -> Outcome {
        let figure = source.request.figure();
        let outcome = answer.and_then(|table| table.outcome(source.reading, figure, question));
        outcome.unwrap_or_else(|problem| {
            let asked = self.describe(&source.request, question);
            Outcome::Error(format!("`{}`: {asked}: {problem}", source.from))
        })
    }

    /// Waits for a turn, which takes as long as it takes; then limits the time.
    async fn within_limits<T>(
        &self,
        asking: impl Future<Output = Result<T, String>>,
    ) -> Result<T, String> {
        let _turn = self.gate.acquire().await.map_err(|error| error.to_string())?;
        // A driver that panics on what a server sent must not take other KPIs with it.
        let asking = AssertUnwindSafe(asking).catch_unwind();
        match time::timeout(self.timeout, asking).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_panic)) => Err("broke off: the answer could not be read".to_owned()),
            Err(_elapsed) => {
                Err(format!("gave no answer within {}", humantime::format_duration(self.timeout)))
            }
        }
    }

    fn describe(&self, request: &Request, question: &Question<'_>) -> String {
        match (request, &self.system) {
            (Request::Http(get), System::Http(client)) => client.describe(get, question),
            (Request::Csv(sheet), System::Csv(folder)) => folder.describe(sheet, question),
            (Request::Command(run), System::Command(commands)) => commands.describe(run, question),
            (Request::Sql(query), _) => describe(query),
            (request, _) => request.noun().to_owned(),
        }
    }
}

impl System {
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
    use crate::sources::csv::{Dialect, Folder};

    const CONCURRENT_MAX: u32 = 4;

    fn live() -> Live {
        let dialect = Dialect {
            encoding: encoding_rs::UTF_8,
            delimiter: b',',
            decimal: '.',
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
        let http = client::shared().unwrap();
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
        let asked = (0..10_000).map(|_| live.within_limits(asking()));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(most.get(), CONCURRENT_MAX, "as many as the connection bears, and no more");
    }

    #[tokio::test]
    async fn a_driver_that_panics_takes_nobody_along() {
        let live = live();
        let asking = async || -> Result<Table, String> { panic!("an answer of no known kind") };
        let broken = live.within_limits(asking()).await;
        assert_eq!(broken.unwrap_err(), "broke off: the answer could not be read");
        assert_eq!(
            live.gate.available_permits(),
            usize::try_from(CONCURRENT_MAX).unwrap(),
            "its turn was given back"
        );
    }
}
