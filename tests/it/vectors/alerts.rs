//! A perspective's evaluations, one after the other, and what is told of them.

use kpid_rules::{
    alerting::{Episode, Evaluation},
    model::{AlertPolicy, Status},
};
use serde_json::{Value, json};

pub(super) fn alert(input: &Value) -> Value {
    let count = |key: &str, default: u32| {
        input.get(key).and_then(Value::as_u64).map_or(default, |count| count as u32)
    };
    let policy = AlertPolicy {
        open_after: count("open_after", 1),
        escalate_after: count("escalate_after", 0),
        ..AlertPolicy::default()
    };
    let flag = |key: &str, at: usize| input[key][at].as_bool().unwrap_or(false);
    let mut episode = Episode::default();
    let mut events = Vec::new();
    for (at, evaluation) in input["evaluations"].as_array().unwrap().iter().enumerate() {
        let status: Status = serde_json::from_value(evaluation[0].clone()).unwrap();
        let period = format!("2026-{:02}", at + 1);
        let evaluation = Evaluation {
            historical: flag("historical", at),
            silenced: flag("silenced", at),
            ..Evaluation::plain(status, evaluation[1].as_f64(), &period)
        };
        let (next, news) = episode.advance(&policy, &evaluation, chrono::DateTime::UNIX_EPOCH);
        episode = next;
        events.push(news.map(|news| news.event));
    }
    json!({ "events": events })
}
