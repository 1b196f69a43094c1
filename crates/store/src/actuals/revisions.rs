//! Revisions of actuals: which figures become one, decided many at a time, so that an import does
//! not keep everybody else from writing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use crate::{
    actuals::collected::{Filed, FilingOutcome, Stage},
    database::{columns::instant, failure::Explain},
};
use kpid_rules::{model::KpiRef, series::Actual};

/// Figures that are compared with what is held in one statement.
const ROWS_AT_ONCE: usize = 1_000;

/// Rows that one statement writes: a few numbers, so that each statement is prepared once.
const WRITTEN_AT_ONCE: [usize; 3] = [100, 10, 1];

/// A figure of a KPI, to be filed.
pub(crate) type FiguredKpi<'k> = (&'k KpiRef, Filed);

/// The name of an actual in the store: KPI and period.
type Name = (String, String);

#[derive(FromRow)]
struct RevisionRow {
    kpi: String,
    period: String,
    revision: i64,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    target: Option<f64>,
    observed_at: i64,
    collected_at: i64,
}

/// One revision, as it is or will be held.
#[derive(Clone, Copy)]
struct Revision {
    number: i64,
    parts: (Option<f64>, Option<f64>, Option<f64>),
    target: Option<f64>,
    observed_at: DateTime<Utc>,
    collected_at: DateTime<Utc>,
}

/// What was written of the actual of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Written {
    /// A further revision.
    Appended(Actual),
    /// Its newest revision, anew.
    Replaced(Actual),
}

impl Revision {
    /// The revision as a judgement reads it. It has the figure that was filed: what makes it a
    /// revision is that, or that the same was seen later.
    fn actual(&self, filed: &Filed) -> Actual {
        Actual {
            figure: filed.figure,
            target: self.target,
            observed_at: self.observed_at,
            collected_at: self.collected_at,
        }
    }
}

/// Files figures in their order; says of each what became of it, and what was written.
pub(crate) async fn file(
    tx: &mut SqliteConnection,
    figures: &[FiguredKpi<'_>],
) -> anyhow::Result<Vec<(FilingOutcome, Option<Written>)>> {
    let mut came = Vec::with_capacity(figures.len());
    for figures in figures.chunks(ROWS_AT_ONCE) {
        let mut newest = newest(tx, figures).await?;
        let mut changed: IndexMap<(Name, i64), Revision> = IndexMap::new();
        for (kpi, filed) in figures {
            let name = (kpi.to_string(), filed.period.to_string());
            let (revision, became) = taken(newest.get(&name), filed);
            let written = revision.map(|revision| {
                let before = newest.insert(name.clone(), revision);
                changed.insert((name, revision.number), revision);
                let actual = revision.actual(filed);
                match before.is_some_and(|before| before.number == revision.number) {
                    true => Written::Replaced(actual),
                    false => Written::Appended(actual),
                }
            });
            came.push((became, written));
        }
        write(tx, &changed).await?;
    }
    Ok(came)
}

/// The revision to write, which may be held and change, and what that makes of the figure. A figure
/// is a new revision only if it or its target differs, and nothing was observed later. While a
/// period runs, a figure that moves is not a restatement: one revision a day of collecting is kept.
fn taken(newest: Option<&Revision>, filed: &Filed) -> (Option<Revision>, FilingOutcome) {
    let as_number = |number| Revision {
        number,
        parts: filed.figure.columns(),
        target: filed.target,
        observed_at: filed.observed_at,
        collected_at: filed.collected_at,
    };
    let Some(newest) = newest else { return (Some(as_number(1)), FilingOutcome::New) };
    if filed.gives_way_to(newest.observed_at) {
        return (None, FilingOutcome::Unchanged);
    }
    if newest.parts == filed.figure.columns() && newest.target == filed.target {
        // Seen again later: a level stays fresh.
        let later = Revision { observed_at: filed.observed_at, ..*newest };
        return (
            Some(later).filter(|_| filed.observed_at > newest.observed_at),
            FilingOutcome::Unchanged,
        );
    }
    if filed.stage == Stage::Frozen {
        return (None, FilingOutcome::Frozen);
    }
    let same_day = newest.collected_at.date_naive() == filed.collected_at.date_naive();
    let moves = filed.stage == Stage::Running && same_day;
    (Some(as_number(if moves { newest.number } else { newest.number + 1 })), FilingOutcome::Revised)
}

/// The newest revisions of these actuals.
async fn newest(
    tx: &mut SqliteConnection,
    figures: &[FiguredKpi<'_>],
) -> anyhow::Result<HashMap<Name, Revision>> {
    let names: Vec<[String; 2]> =
        figures.iter().map(|(kpi, filed)| [kpi.to_string(), filed.period.to_string()]).collect();
    // Joined crosswise, so that every name is looked up in the key, and none but the newest is read: a
    // period that is pushed all the time has thousands.
    let sql = "SELECT kpi, period, revision, actuals.value, numerator, denominator, target, \
               observed_at, collected_at FROM json_each($1) AS asked CROSS JOIN actuals \
               WHERE kpi = asked.value ->> 0 AND period = asked.value ->> 1 \
               AND revision = (SELECT max(revision) FROM actuals AS held \
                 WHERE held.kpi = asked.value ->> 0 AND held.period = asked.value ->> 1)";
    let rows: Vec<RevisionRow> = sqlx::query_as(sql)
        .bind(serde_json::to_string(&names)?)
        .fetch_all(tx)
        .await
        .explain("cannot read actuals")?;
    let mut newest = HashMap::with_capacity(rows.len());
    for row in rows {
        let revision = Revision {
            number: row.revision,
            parts: (row.value, row.numerator, row.denominator),
            target: row.target,
            observed_at: instant(row.observed_at)?,
            collected_at: instant(row.collected_at)?,
        };
        newest.insert((row.kpi, row.period), revision);
    }
    Ok(newest)
}

async fn write(
    tx: &mut SqliteConnection,
    changed: &IndexMap<(Name, i64), Revision>,
) -> anyhow::Result<()> {
    let rows: Vec<_> = changed.iter().collect();
    let mut left = rows.as_slice();
    for size in WRITTEN_AT_ONCE {
        while let Some((some, others)) = left.split_at_checked(size) {
            write_some(tx, some).await?;
            left = others;
        }
    }
    Ok(())
}

async fn write_some(
    tx: &mut SqliteConnection,
    rows: &[(&(Name, i64), &Revision)],
) -> anyhow::Result<()> {
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(
        "INSERT INTO actuals (kpi, period, revision, value, numerator, denominator, target, \
         observed_at, collected_at) ",
    );
    sql.push_values(rows, |mut row, (((kpi, period), number), revision)| {
        let (value, numerator, denominator) = revision.parts;
        row.push_bind(kpi).push_bind(period).push_bind(number);
        row.push_bind(value).push_bind(numerator).push_bind(denominator);
        row.push_bind(revision.target);
        row.push_bind(revision.observed_at.timestamp_micros());
        row.push_bind(revision.collected_at.timestamp_micros());
    });
    sql.push(
        " ON CONFLICT (kpi, period, revision) DO UPDATE SET \
         value = excluded.value, numerator = excluded.numerator, \
         denominator = excluded.denominator, target = excluded.target, \
         observed_at = excluded.observed_at, collected_at = excluded.collected_at",
    );
    sql.build().execute(tx).await.explain("cannot write actuals")?;
    Ok(())
}
