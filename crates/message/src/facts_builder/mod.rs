//! From a judgement to the facts of a message.

mod affected;
mod build;
#[cfg(test)]
pub(crate) mod calder;
mod early;
mod kpis;
mod links;
mod people;
mod remarks;
pub mod subject;
#[cfg(test)]
mod tests;
