//! `heartbeat:` as its author writes it: who outside is told that kpid lives.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::located::Loc;

/// A sign of life to somebody who misses it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct HeartbeatDoc {
    /// What is asked for by GET while the scheduler works.
    pub(crate) url: Loc<String>,
    /// How often; 60s by default.
    pub(crate) every: Option<Loc<String>>,
}
