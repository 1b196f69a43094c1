//! The configuration: perspectives that cross, healthy KPIs and sick ones, all over one connection.

use std::{fmt::Write, fs, path::Path};

use crate::{
    gate::Gate,
    world::{town::Town, webhook::Webhook},
};

/// Scorecards whose perspectives cross, each a family of its own.
pub(crate) const SCORECARDS: usize = 40;

/// Perspectives of each, of one KPI.
pub(crate) const PERSPECTIVES: usize = 5;

/// KPIs whose endpoints never fail.
pub(crate) const HEALTHY: usize = 20;

/// KPIs whose endpoints fail in every way.
pub(crate) const SICK: usize = 12;

/// How often a healthy KPI is due.
pub(crate) const HEALTHY_EVERY_SECS: u64 = 5;

/// The person who is mailed.
pub(crate) const INES: &str = "ines@acme.example";

/// On track, and off track, for a target of 95 with a tolerance of 3.
pub(crate) const FIGURES: [f64; 2] = [98.0, 60.0];

/// What a perspective is called in the origin and in messages.
pub(crate) fn side(at: usize) -> String {
    format!("s{}/p{}", at / PERSPECTIVES, at % PERSPECTIVES)
}

/// The path that its figure comes from.
pub(crate) fn path(at: usize) -> String {
    format!("f{at}")
}

/// Writes the configuration.
pub(crate) fn found(folder: &Path, town: &Town, watch: &Webhook, gate: &Gate) {
    fs::create_dir(folder.join("scorecards")).unwrap();
    for card in 0..SCORECARDS {
        fs::write(folder.join(format!("scorecards/s{card}.yaml")), crossing(card)).unwrap();
    }
    let healthy = beside("healthy", HEALTHY, HEALTHY_EVERY_SECS);
    fs::write(folder.join("scorecards/healthy.yaml"), healthy).unwrap();
    fs::write(folder.join("scorecards/sick.yaml"), beside("sick", SICK, 10)).unwrap();
    let (smtp, hook, watch) = (town.smtp.yaml(), town.webhook.url(), watch.url());
    let config = format!(
        "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  api: {{ http: {{ base_url: \"{}\", timeout: 2s }} }}
channels:
  mail: {{ email: {{ smtp: {smtp}, from: kpid@acme.example }} }}
  ops: {{ webhook: {{ url: \"{hook}\" }} }}
  watch: {{ webhook: {{ url: \"{watch}\" }} }}
people: {{ ines: {{ name: Ines, email: {INES} }} }}
operators: [watch]
alerts: {{ mails_per_day: 0 }}
web: {{ listen: \"127.0.0.1:0\" }}
",
        gate.url()
    );
    fs::write(folder.join("kpid.yaml"), config).unwrap();
}

/// A scorecard whose perspectives cross, each by itself.
fn crossing(card: usize) -> String {
    let mut text = format!("scorecard: s{card}\nname: Card {card}\nperspectives:\n");
    for perspective in 0..PERSPECTIVES {
        let at = card * PERSPECTIVES + perspective;
        let kpi = kpi(&format!("k{at}"), &path(at), 2);
        write!(
            text,
            "  p{perspective}:
    alert: {{ to: [ines, ops] }}
    objectives:
      goal-{at}:
        kpis:
{kpi}"
        )
        .unwrap();
    }
    text
}

/// A scorecard that nobody is alerted of.
fn beside(name: &str, count: usize, every_secs: u64) -> String {
    let kpis: String = (0..count)
        .map(|at| kpi(&format!("{name}-{at}"), &format!("{name}{at}"), every_secs))
        .collect();
    format!(
        "scorecard: {name}
perspectives:
  all:
    alert: {{ to: [] }}
    objectives:
      goal:
        kpis:
{kpis}"
    )
}

fn kpi(id: &str, path: &str, every_secs: u64) -> String {
    format!(
        "          {id}: {{ nature: level, unit: points, period: month, schedule: {{ every: {every_secs}s }}, \
         target: 95, tolerance: 3, source: {{ http: {{ from: api, get: {path}, value: $.value }} }} }}\n"
    )
}
