//! The SQL databases of the demo's company: ERP, warehouse, safety. Each month's rows are written
//! when the month is closed, as in life.

use std::path::Path;

use anyhow::Context;
use chrono::NaiveDate;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::cli::demo::calder::{self, Month, spread};

/// Made-to-order bikes delivered a month; the 95th of a hundred is the 95th percentile.
const ORDERS: i64 = 100;

/// Invoices written on a working day.
const INVOICES_PER_DAY: usize = 3;

/// Orders shipped a month, by site.
const SITES: [(&str, i64, calder::Course); 2] =
    [("North", 2000, calder::ON_TIME_NORTH), ("South", 1000, calder::ON_TIME_SOUTH)];

const ERP: &str = "
    create table invoices (number integer primary key, issued text not null, net_cents integer not null, cost_cents integer not null) strict;
    create table cash_book (day text not null, amount_cents integer not null) strict;
    create table receivables (day text primary key, open_cents integer not null, sales_per_day_cents integer not null) strict;
    create table stock (day text primary key, value_cents integer not null, use_per_day_cents integer not null) strict;
    create table warranty (month text primary key, claims integer not null, bikes integer not null) strict;
    create table scrap (month text primary key, cost_cents integer not null) strict;
";

const WMS: &str = "
    create table shipments (day text not null, site text not null, orders integer not null, on_time integer not null, primary key (day, site)) strict;
    create table custom_orders (number integer primary key, delivered text not null, lead_days real not null) strict;
    create table picks (month text primary key, lines integer not null, correct integer not null) strict;
    create table receipts (month text primary key, dock_to_stock_p95_hours real not null) strict;
    create table cycle_counts (month text primary key, locations integer not null, correct integer not null) strict;
";

const EHS: &str = "
    create table reports (month text primary key, lost_time_injuries integer not null, near_misses integer not null, safety_walk_done integer not null) strict;
";

/// The three databases, open for writing.
#[derive(Debug)]
pub(crate) struct Ledgers {
    erp: SqliteConnection,
    wms: SqliteConnection,
    ehs: SqliteConnection,
}

impl Ledgers {
    /// Creates empty databases `erp.db`, `wms.db` and `ehs.db` in a folder.
    pub(crate) async fn create(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            erp: create(&folder.join("erp.db"), ERP).await?,
            wms: create(&folder.join("wms.db"), WMS).await?,
            ehs: create(&folder.join("ehs.db"), EHS).await?,
        })
    }

    /// Books a month in all of them.
    pub(crate) async fn close(&mut self, month: Month) -> anyhow::Result<()> {
        let booked = async {
            book_erp(&mut self.erp, month).await?;
            book_wms(&mut self.wms, month).await?;
            book_ehs(&mut self.ehs, month).await
        };
        booked.await.with_context(|| format!("cannot book {}", month.label()))
    }
}

async fn create(file: &Path, tables: &'static str) -> anyhow::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let opened = async {
        let mut database = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql(tables).execute(&mut database).await?;
        Ok::<_, sqlx::Error>(database)
    };
    opened.await.with_context(|| format!("cannot create {}", file.display()))
}

async fn book_erp(erp: &mut SqliteConnection, month: Month) -> sqlx::Result<()> {
    let mut tx = erp.begin().await?;
    let revenue = month.revenue_cents();
    let cost = revenue - calder::MARGIN.share(month, revenue).part;
    let days = month.working_days();
    let invoices = days.len() * INVOICES_PER_DAY;
    let stream = u64::from(month.number());
    let nets = spread(revenue, invoices, stream);
    let costs = spread(cost, invoices, stream);
    for (at, (net, cost)) in nets.into_iter().zip(costs).enumerate() {
        invoice(&mut tx, days[at / INVOICES_PER_DAY], net, cost).await?;
    }
    if let Some(before) = Month::all().find(|before| before.number() + 1 == month.number())
        && let Some(credited) = before.credited_later_cents()
    {
        // A credit note for the month before: its revenue is restated.
        invoice(&mut tx, before.last_day(), -credited, -credited * 2 / 3).await?;
    }
    for (day, amount) in days.iter().zip(spread(month.cash_flow_cents(), days.len(), stream)) {
        sqlx::query("insert into cash_book values ($1, $2)")
            .bind(day.to_string())
            .bind(amount)
            .execute(&mut *tx)
            .await?;
    }
    let last_day = month.last_day().to_string();
    let (sales, used) = (7_600_000, 4_200_000);
    sqlx::query("insert into receivables values ($1, $2, $3)")
        .bind(&last_day)
        .bind(times(sales, calder::DEBTOR_DAYS.at(month)))
        .bind(sales)
        .execute(&mut *tx)
        .await?;
    sqlx::query("insert into stock values ($1, $2, $3)")
        .bind(&last_day)
        .bind(times(used, calder::STOCK_DAYS.at(month)))
        .bind(used)
        .execute(&mut *tx)
        .await?;
    let claims = month.claims();
    sqlx::query("insert into warranty values ($1, $2, $3)")
        .bind(month.key())
        .bind(claims.part)
        .bind(claims.whole)
        .execute(&mut *tx)
        .await?;
    sqlx::query("insert into scrap values ($1, $2)")
        .bind(month.key())
        .bind(times(100_000, calder::SCRAP.at(month)))
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

async fn invoice(
    erp: &mut SqliteConnection,
    issued: NaiveDate,
    net_cents: i64,
    cost_cents: i64,
) -> sqlx::Result<()> {
    sqlx::query("insert into invoices (issued, net_cents, cost_cents) values ($1, $2, $3)")
        .bind(issued.to_string())
        .bind(net_cents)
        .bind(cost_cents)
        .execute(erp)
        .await
        .map(drop)
}

async fn book_wms(wms: &mut SqliteConnection, month: Month) -> sqlx::Result<()> {
    let mut tx = wms.begin().await?;
    let days = month.working_days();
    for (site, orders, course) in SITES {
        let late = orders - course.share(month, orders).part;
        let stream = u64::from(month.number()) + orders.unsigned_abs();
        let shipped = spread(orders, days.len(), stream).into_iter();
        let late = spread(late, days.len(), stream + 1);
        for (day, (orders, late)) in days.iter().zip(shipped.zip(late)) {
            sqlx::query("insert into shipments values ($1, $2, $3, $4)")
                .bind(day.to_string())
                .bind(site)
                .bind(orders)
                .bind(orders - late)
                .execute(&mut *tx)
                .await?;
        }
    }
    for order in 1..=ORDERS {
        let day = days[order as usize % days.len()];
        sqlx::query("insert into custom_orders (delivered, lead_days) values ($1, $2)")
            .bind(day.to_string())
            .bind(lead_days(month, order))
            .execute(&mut *tx)
            .await?;
    }
    let (picks, counts) = (calder::PICKS.share(month, 40_000), calder::COUNTS.share(month, 1_000));
    sqlx::query("insert into picks values ($1, $2, $3)")
        .bind(month.key())
        .bind(picks.whole)
        .bind(picks.part)
        .execute(&mut *tx)
        .await?;
    sqlx::query("insert into cycle_counts values ($1, $2, $3)")
        .bind(month.key())
        .bind(counts.whole)
        .bind(counts.part)
        .execute(&mut *tx)
        .await?;
    sqlx::query("insert into receipts values ($1, $2)")
        .bind(month.key())
        .bind(calder::DOCK_TO_STOCK.at(month))
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

async fn book_ehs(ehs: &mut SqliteConnection, month: Month) -> sqlx::Result<()> {
    sqlx::query("insert into reports values ($1, 0, $2, 1)")
        .bind(month.key())
        .bind(calder::NEAR_MISSES.at(month))
        .execute(ehs)
        .await
        .map(drop)
}

/// The lead time of the n-th quickest of a month's orders: the 95th has exactly the percentile's.
fn lead_days(month: Month, place: i64) -> f64 {
    let p95 = calder::LEAD_TIME_P95.at(month);
    if place == ORDERS * 95 / 100 { p95 } else { p95 * (0.3 + 0.7 * place as f64 / 95.0) }
}

fn times(cents: i64, factor: f64) -> i64 {
    (cents as f64 * factor).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn books(upto: &str) -> Ledgers {
        let folder = tempfile::tempdir().unwrap();
        let mut ledgers = Ledgers::create(folder.path()).await.unwrap();
        let upto = Month::parse(upto).unwrap();
        for month in Month::all().filter(|month| *month <= upto) {
            ledgers.close(month).await.unwrap();
        }
        ledgers
    }

    async fn one(database: &mut SqliteConnection, query: &'static str) -> f64 {
        sqlx::query_scalar(query).fetch_one(database).await.unwrap()
    }

    #[tokio::test]
    async fn the_books_of_may_say_what_the_story_says() {
        let mut books = books("2026-05").await;
        let may = "select sum(net_cents) / 100000.0 from invoices where issued like '2026-05-%'";
        assert_eq!(one(&mut books.erp, may).await, 2310.0);
        let april = "select sum(net_cents) / 100000.0 from invoices where issued like '2026-04-%'";
        assert_eq!(one(&mut books.erp, april).await, 2215.0);
        let margin = "select 100.0 * sum(net_cents - cost_cents) / sum(net_cents) from invoices where issued like '2026-05-%'";
        assert!((one(&mut books.erp, margin).await - 33.6).abs() < 1e-6);
        let cash = "select sum(amount_cents) / 100000.0 from cash_book where day >= '2026-04-01'";
        assert_eq!(one(&mut books.erp, cash).await, -180.0);
        let debtors = "select 1.0 * open_cents / sales_per_day_cents from receivables where day = '2026-05-31'";
        assert_eq!(one(&mut books.erp, debtors).await, 47.1);
        let on_time = "select 1.0 * sum(on_time) from shipments where day like '2026-05-%'";
        assert_eq!(one(&mut books.wms, on_time).await, 2703.0);
        let orders = "select 1.0 * sum(orders) from shipments where day like '2026-05-%'";
        assert_eq!(one(&mut books.wms, orders).await, 3000.0);
        let p95 = "select lead_days from (select lead_days, row_number() over (order by lead_days) as place from custom_orders where delivered like '2026-05-%') where place = 95";
        assert_eq!(one(&mut books.wms, p95).await, 7.2);
    }

    #[tokio::test]
    async fn february_is_restated_when_march_is_closed() {
        let query = "select sum(net_cents) / 100000.0 from invoices where issued like '2026-02-%'";
        let before = one(&mut books("2026-02").await.erp, query).await;
        let after = one(&mut books("2026-03").await.erp, query).await;
        assert_eq!(before - after, 46.0);
    }

    #[tokio::test]
    async fn nothing_is_booked_before_its_month_is_closed() {
        let later = "select 1.0 * count(*) from invoices where issued >= '2024-06-01'";
        assert_eq!(one(&mut books("2024-05").await.erp, later).await, 0.0);
    }
}
