//! The facts of messages, fixed when the decision was made.

pub mod alert;
pub mod data_remark;
pub mod kpi;
pub mod named;
