//! The pictures of kpid, as SVG that works without a script: pure functions from numbers to markup.
//!
//! Each has a title and a description for those who do not see it, and takes its colours from the
//! variables of [`STYLE`], so that the same picture is light, dark or printed. A status is a shape and
//! a colour, never a colour alone. Whoever shows a picture shows the words and the numbers beside it.

mod bullet;
mod fitted_text;
mod patterns;
mod scale;
mod sparkline;
mod status_shape;
mod strategy_map;
mod waterfall;
mod xmr;

pub use bullet::{Band, Bullet};
pub use patterns::patterns;
pub use sparkline::Sparkline;
pub use status_shape::{status_outline, status_shape};
pub use strategy_map::{Arrow, Card, Lane, StrategyMap};
pub use waterfall::{Step, Waterfall};
pub use xmr::{Baseline, Forecast, Point, PointMark, XmrChart};

/// The style sheet of all pictures.
pub const STYLE: &str = include_str!("chart.css");
