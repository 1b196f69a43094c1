//! Periods and instants as systems write them: one reading of dates for all sources.

pub(crate) mod dated;
mod months;
mod pattern;
pub mod period_format;
#[cfg(test)]
mod tests;
mod usual;
