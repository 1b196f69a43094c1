//! What keeps a store sound, small and readable over the years.

pub(crate) mod backup;
pub(crate) mod checkup;
pub(crate) mod configurations;
pub(crate) mod renames;
pub(crate) mod retention;
pub(crate) mod signing_keys;
