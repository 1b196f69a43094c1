//! The file itself: opened, migrated, locked; how values are written in columns.

pub(crate) mod busy;
pub(crate) mod columns;
pub(crate) mod failure;
pub(crate) mod file_identity;
pub(crate) mod lock;
pub(crate) mod log_file;
pub(crate) mod reading;
pub(crate) mod store;
pub(crate) mod store_file;
