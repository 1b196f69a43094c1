//! What a judgement sees, and what it leaves behind.

pub(crate) mod batch;
pub(crate) mod held;
pub(crate) mod judge;
pub(crate) mod memory;
pub(crate) mod past;
pub(crate) mod reports;
pub(crate) mod verdicts;
