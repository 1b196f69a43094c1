//! What was collected: readings, actuals and their revisions, attempts, pushes.

pub(crate) mod attempts;
pub(crate) mod collected;
pub(crate) mod collections;
pub(crate) mod figures;
pub(crate) mod filing;
pub(crate) mod history;
pub(crate) mod outcome;
pub(crate) mod pushes;
pub(crate) mod readings;
pub(crate) mod revisions;
pub(crate) mod seen_again;
