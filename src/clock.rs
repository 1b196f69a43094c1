//! The only place that asks the time. Everything else takes an instant as an argument.

use chrono::{DateTime, Utc};

/// The present instant, cut to the microseconds that the store keeps, so that an instant read
/// back equals the one written.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the time")]
pub fn now() -> DateTime<Utc> {
    let now = Utc::now();
    DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
}
