//! What happens where another process has the file.

use std::time::Duration;

/// How long a writer waits for another process' short transaction.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
