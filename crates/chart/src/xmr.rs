//! A process over time: dots with their mean and natural limits, the stepped target, and behind them
//! what is on track and what is not. It shows what is noise and what is a signal, which a smooth line
//! does not.

mod parts;
mod series;

use maud::html;

use crate::{scale::Scale, sparkline};
use parts::{Plot, point_shape};

pub use series::{Baseline, Forecast, Point, PointMark};

/// A process over time.
#[derive(Clone, Copy, Debug)]
pub struct XmrChart<'a> {
    /// The periods, oldest first.
    pub points: &'a [Point],
    /// The natural ranges; a new one begins where a person restarted the baseline.
    pub baselines: &'a [Baseline],
    /// What is expected next.
    pub forecasts: &'a [Forecast],
    /// What is shown, for those who do not see it.
    pub title: &'a str,
    /// What is to be seen in it, for those who do not see it.
    pub description: &'a str,
}

impl XmrChart<'_> {
    /// The picture, with numbers as its reader writes them; none where there is no value.
    pub fn svg(&self, number: impl Fn(f64) -> String) -> Option<String> {
        self.points.iter().find_map(|point| point.value)?;
        let scale = Scale::around(self.values(), parts::BOTTOM, parts::TOP)?;
        let plot = Plot { scale, count: self.points.len() + self.forecasts.len() };
        let (width, height) = (parts::WIDTH, parts::HEIGHT);
        let x = |at: usize| plot.x(at);
        let values: Vec<Option<f64>> = self.points.iter().map(|point| point.value).collect();
        let earlier: Vec<Option<f64>> = self.points.iter().map(|point| point.earlier).collect();
        let targets: Vec<Option<f64>> = self.points.iter().map(|point| point.target).collect();
        let picture = html! {
            svg class="chart xmr" role="img" width=(width) height=(height)
                viewBox=(format!("0 0 {width} {height}")) {
                title { (self.title) }
                desc { (self.description) }
                @for (at, point) in self.points.iter().enumerate() {
                    @for band in &point.bands { (plot.band(at, *band)) }
                }
                @for tick in scale.ticks(5) { (plot.tick(tick, &number(tick))) }
                @for (at, label) in self.labels() { (plot.label(at, label)) }
                @for baseline in self.baselines { (plot.baseline(*baseline)) }
                path class="line-earlier" d=(sparkline::line(&earlier, x, &scale)) {}
                path class="target" d=(sparkline::steps(&targets, x(0), plot.step(), &scale)) {}
                path class="line" d=(sparkline::line(&values, x, &scale)) {}
                @for (at, forecast) in self.forecasts.iter().enumerate() {
                    (plot.forecast(self.points.len() + at, forecast, &number(forecast.value)))
                }
                @for (at, point) in self.points.iter().enumerate() {
                    @if let Some(value) = point.value { (point_shape(point, x(at), scale.at(value))) }
                }
            }
        };
        Some(picture.into_string())
    }

    /// Everything that must have a place. Bands are cut off where nothing else is.
    fn values(&self) -> impl Iterator<Item = f64> {
        let points = self.points.iter();
        let points = points.flat_map(|point| [point.value, point.earlier, point.target]).flatten();
        let baselines = self.baselines.iter().flat_map(|baseline| [baseline.lower, baseline.upper]);
        let forecasts = self.forecasts.iter().flat_map(|forecast| [forecast.low, forecast.high]);
        points.chain(baselines).chain(forecasts)
    }

    /// As many labels as there is room for, the newest for certain.
    fn labels(&self) -> impl Iterator<Item = (usize, &str)> {
        let points = self.points.iter().map(|point| &*point.label);
        let labels: Vec<&str> =
            points.chain(self.forecasts.iter().map(|forecast| &*forecast.label)).collect();
        let every = labels.len().div_ceil(parts::LABELS_MAX).max(1);
        let last = labels.len().saturating_sub(1);
        labels.into_iter().enumerate().filter(move |(at, _)| (last - at).is_multiple_of(every))
    }
}

#[cfg(test)]
mod tests;
