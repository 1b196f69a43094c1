//! What programs ask for: nodes and their series, alerts, deliveries and runs as flat JSON or CSV, badges,
//! and the document that describes all of it. Errors are problems, as in RFC 9457.

mod acts;
mod alerts;
mod badge;
mod calendar;
mod configurations;
mod data_problems;
mod deliveries;
mod explain;
mod nodes;
mod openapi;
mod operation;
mod paging;
mod readings;
mod routes;
mod runs;
mod series;
mod standing;

pub(super) use routes::router;
