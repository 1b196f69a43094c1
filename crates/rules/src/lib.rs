//! The rules of kpid: what a scorecard is, how it is judged, and when somebody is told. Pure: no
//! I/O, no async, no clock; time is an argument, missing data is a value.

pub mod alerting;
pub mod analysis;
pub mod evaluation;
pub mod judgement;
pub mod model;
pub mod series;
