//! Families, their versions and what changed in them.

pub(crate) mod changes;
pub(crate) mod members;
