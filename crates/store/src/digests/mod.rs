//! The last digest of each person, and how everything stood then.

pub(crate) mod digest;
pub(crate) mod standings;
