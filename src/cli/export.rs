//! `kpid export`: the actuals that count now, in the columns that `import` reads.

use std::path::Path;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use serde::Serialize;

use crate::cli::{Answer, configuration, failure::Failure, output};
use kpid_rules::{
    model::{KpiRef, Period},
    series::Figure,
};
use kpid_store::Store;

/// Export actuals: the newest revision of every period, as `kpid import` reads them
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A CSV file or a JSON list
    #[arg(long, value_enum, default_value_t)]
    format: ExportFormat,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum ExportFormat {
    /// With a line that names the columns.
    #[default]
    Csv,
    /// A list of objects with the same keys.
    Json,
}

#[derive(Debug, Serialize)]
struct ExportRow {
    kpi: String,
    period: Period,
    value: Option<f64>,
    numerator: Option<f64>,
    denominator: Option<f64>,
    observed_at: DateTime<Utc>,
}

pub(crate) async fn run(config: &Path, arguments: Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_look(config)?;
    let store = Store::open_read_only(&setup.store).await?;
    let kpis: Vec<KpiRef> = setup.portfolio.kpis().map(|(kpi, ..)| kpi).collect();
    let held = store.held(&kpis.iter().cloned().collect()).await?;
    let mut rows = Vec::new();
    for kpi in kpis {
        let Some(history) = held.history.kpi(&kpi) else { continue };
        for (&period, revisions) in &history.actuals {
            let Some(newest) = revisions.last() else { continue };
            rows.push(row(&kpi, period, newest.figure, newest.observed_at));
        }
    }
    let written = match arguments.format {
        ExportFormat::Csv => csv_of(&rows),
        ExportFormat::Json => serde_json::to_vec_pretty(&rows).map_err(anyhow::Error::from),
    };
    output::put(format_args!("{}", String::from_utf8_lossy(&written?)));
    Ok(Answer::Done)
}

fn row(kpi: &KpiRef, period: Period, figure: Figure, observed_at: DateTime<Utc>) -> ExportRow {
    let kpi = kpi.to_string();
    let (value, numerator, denominator) = figure.columns();
    ExportRow { kpi, period, value, numerator, denominator, observed_at }
}

fn csv_of(rows: &[ExportRow]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(["kpi", "period", "value", "numerator", "denominator", "observed_at"])?;
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(writer.into_inner()?)
}
