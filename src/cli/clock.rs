//! What commands go by: the machine's clock, or in the folder of a demo that of the demo.

use std::path::Path;

use crate::cli::demo::mark::Mark;
use kpid_clock::Clock;
use kpid_config::setup::Setup;

/// The clock of a configuration: a demo's store lies in the folder of the demo.
pub(crate) fn of(setup: &Setup) -> Clock {
    let folder = setup.store.parent().unwrap_or_else(|| Path::new("."));
    let shown = Mark::read(folder).and_then(|mark| mark.now());
    shown.map_or(Clock::System, Clock::set)
}
