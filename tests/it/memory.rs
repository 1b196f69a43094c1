//! What sources send costs no more memory than is allowed for, however much it is.

use serde_json::Value;

use crate::world::{
    kpid::Kpid,
    origin::{Answer, Origin},
};

/// KPIs that are all answered with 100 MB, at the same time as far as the connection lets them.
const KPIS: usize = 24;

/// All that the daemon may hold at any time beside the pages of its own file.
const MEMORY_MAX: u64 = 24 << 20;

#[tokio::test]
async fn floods_of_a_hundred_megabytes_stay_below_24_mib() {
    let origin = Origin::start().await;
    let kpi = |at: usize| {
        let path = format!("k{at}");
        origin.set(&path, if at.is_multiple_of(4) { Answer::Bomb } else { Answer::Flood });
        format!(
            "          {path}: {{ nature: level, target: 1, schedule: {{ every: 1s }}, source: {{ http: {{ from: api, get: {path}, value: $.value }} }} }}\n"
        )
    };
    let kpis: String = (0..KPIS).map(kpi).collect();
    let config = format!(
        "store: kpid.db\ncalendar: {{ timezone: UTC }}\nconnections: {{ api: {{ http: {{ base_url: \"{}\" }} }} }}\n",
        origin.url()
    );
    let kpid = Kpid::new(
        &config,
        &format!(
            "scorecard: acme\nperspectives:\n  p:\n    objectives:\n      o:\n        kpis:\n{kpis}"
        ),
    );
    let mut daemon = kpid.start();
    let are_told = |seen: &Value| {
        let kpis = &seen["scorecards"][0]["perspectives"][0]["objectives"][0]["kpis"];
        let told = |kpi: &Value| {
            kpi["error"].as_str().is_some_and(|error| error.contains("more than 1048576 bytes"))
        };
        kpis.as_array().is_some_and(|kpis| kpis.len() == KPIS && kpis.iter().all(told))
    };
    daemon.until("every flood told", async || kpid.show().await, are_told).await;
    let memory_max = daemon.memory_max();
    assert!(memory_max < MEMORY_MAX, "{memory_max} bytes");
    daemon.stop().await;
}
