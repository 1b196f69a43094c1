//! Pulls KPIs for May 2026 as their author writes them, by the built binary.

use crate::world::kpid::{Kpid, Ran};

/// What an author writes who watches a flow of a month.
pub(crate) const FLOW: &str = "nature: flow, period: month";

/// The same, of which nothing is 0.
pub(crate) const EMPTY_IS_ZERO: &str = "nature: flow, period: month, empty: zero";

/// A configuration with these connections, and a KPI for each source: its id, its nature and what
/// belongs to it, and the source.
pub(crate) fn kpid(connections: &[(&str, String)], kpis: &[(&str, &str, &str)]) -> Kpid {
    let connections: String =
        connections.iter().map(|(id, yaml)| format!("  {id}: {yaml}\n")).collect();
    let kpis: String = kpis
        .iter()
        .map(|(id, nature, source)| {
            format!(
                "          {id}: {{ {nature}, unit: x, target: 1, schedule: {{ every: 1d }}, source: {{ {source} }} }}\n"
            )
        })
        .collect();
    Kpid::new(
        &format!(
            "store: kpid.db\ncalendar: {{ timezone: Europe/Amsterdam }}\nconnections:\n{connections}"
        ),
        &format!(
            "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}"
        ),
    )
}

/// What a dry run of May 2026 says.
pub(crate) async fn pull(kpid: &Kpid) -> Ran {
    kpid.run(&["pull", "--period", "2026-05", "--dry-run"]).await
}

/// Whether each KPI's line says this.
pub(crate) fn check(ran: &Ran, expected: &[(&str, &str)]) {
    for (id, came) in expected {
        let line = ran.stdout.lines().find(|line| line.starts_with(&format!("acme/{id}: ")));
        let is_so = line.is_some_and(|line| line.contains(came));
        assert!(is_so, "{id}: {came}\n{line:?}\n{}{}", ran.stdout, ran.stderr);
    }
}

/// Whether `kpid check` refuses these KPIs, each in these words.
pub(crate) async fn refused(connections: &[(&str, String)], kpis: &[(&str, &str, &str, &str)]) {
    for (id, nature, source, words) in kpis {
        let ran = kpid(connections, &[(id, nature, source)]).run(&["check"]).await;
        assert_eq!(ran.code, Some(1), "{id}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(words), "{id}: {words}\n{}", ran.stdout);
    }
}
