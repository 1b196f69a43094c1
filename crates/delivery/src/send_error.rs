//! Why a delivery was not made.

use std::time::Duration;

use crate::config_trouble::ConfigTrouble;

/// Why a delivery was not made, by what its caller does next. The messages are sentences for
/// operators, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may work later.
    #[error("{message}")]
    Retry {
        /// How long the receiver asks to be left alone.
        after: Option<Duration>,
        /// What was tried, and what came.
        message: String,
    },
    /// It may work later, as may whatever else waits for that receiver: it is the receiver that is not
    /// there, or takes nothing.
    #[error("{message}")]
    Unreachable {
        /// What was tried, and what came.
        message: String,
    },
    /// It may work once the configuration is mended.
    #[error("{}", .0.sentence())]
    Blocked(Box<ConfigTrouble>),
    /// It will not work, however often it is tried.
    #[error("{message}")]
    GiveUp {
        /// What was tried, and what came.
        message: String,
    },
}

impl SendError {
    /// An attempt that may succeed later.
    pub(crate) fn retry(message: String) -> Self {
        Self::Retry { after: None, message }
    }

    /// An attempt that says more of the receiver than of the message.
    pub(crate) fn unreachable(message: String) -> Self {
        Self::Unreachable { message }
    }
}
