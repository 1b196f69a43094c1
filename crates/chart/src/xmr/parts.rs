//! The parts of the picture of a process.

use maud::{Markup, html};

use crate::{
    bullet::Band,
    scale::{Scale, pixel},
    xmr::series::{Baseline, Forecast, Point, PointMark},
};

pub(super) const WIDTH: f64 = 760.0;
pub(super) const HEIGHT: f64 = 280.0;

/// Where values are drawn: room on the left for numbers, below for periods.
const LEFT: f64 = 66.0;
const RIGHT: f64 = WIDTH - 14.0;
pub(super) const TOP: f64 = 10.0;
pub(super) const BOTTOM: f64 = HEIGHT - 30.0;

/// More names of periods do not fit beside one another.
pub(super) const LABELS_MAX: usize = 9;

/// Where periods and values are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) scale: Scale,
    /// How many periods there are.
    pub(super) count: usize,
}

impl Plot {
    /// The width of a period.
    pub(super) fn step(&self) -> f64 {
        (RIGHT - LEFT) / self.count.max(1) as f64
    }

    /// The middle of a period.
    pub(super) fn x(&self, at: usize) -> f64 {
        pixel(LEFT + (at as f64 + 0.5) * self.step())
    }

    /// A period's first pixel.
    fn edge(&self, at: usize) -> f64 {
        pixel(LEFT + at as f64 * self.step())
    }

    pub(super) fn band(&self, at: usize, band: Band) -> Markup {
        let (low, high) = self.scale.range();
        let from = self.scale.at(band.from.unwrap_or(low));
        let to = self.scale.at(band.to.unwrap_or(high));
        let (x, width) = (self.edge(at), pixel(self.edge(at + 1) - self.edge(at)));
        let (y, height) = (from.min(to), pixel((from - to).abs()));
        html! {
            @if height > 0.0 {
                rect class={ "band-" (band.status.word()) } x=(x) y=(y) width=(width) height=(height) {}
            }
        }
    }

    pub(super) fn tick(&self, value: f64, words: &str) -> Markup {
        let y = self.scale.at(value);
        html! {
            path class="rule" d={ "M" (LEFT) " " (y) "H" (RIGHT) } {}
            text class="soft" x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end" { (words) }
        }
    }

    pub(super) fn label(&self, at: usize, words: &str) -> Markup {
        html! {
            text class="soft" x=(self.x(at)) y=(HEIGHT - 10.0) text-anchor="middle" { (words) }
        }
    }

    pub(super) fn baseline(&self, baseline: Baseline) -> Markup {
        let (from, to) = (self.edge(baseline.from), self.edge(baseline.to.min(self.count)));
        let line = |value: f64| format!("M{from} {}H{to}", self.scale.at(value));
        html! {
            path class="mean" d=(line(baseline.mean)) {}
            path class="limit" d=(line(baseline.lower)) {}
            path class="limit" d=(line(baseline.upper)) {}
            // Where a baseline was restarted.
            @if baseline.from > 0 { path class="limit" d={ "M" (from) " " (TOP) "V" (BOTTOM) } {} }
        }
    }

    pub(super) fn forecast(&self, at: usize, forecast: &Forecast, words: &str) -> Markup {
        let (top, bottom) = (self.scale.at(forecast.high), self.scale.at(forecast.low));
        let width = pixel((self.step() * 0.5).min(18.0));
        let (x, y) = (self.x(at), self.scale.at(forecast.value));
        html! {
            rect class="forecast" x=(pixel(x - width / 2.0)) y=(top) width=(width)
                height=(pixel((bottom - top).max(1.0))) {
                title { (forecast.label) ": " (words) }
            }
            path class="line" d={ "M" (pixel(x - width / 2.0)) " " (y) "h" (width) } {}
        }
    }
}

/// A dot; hollow while the figure is not final, on its corner where it was restated, in a ring where it
/// is a signal.
pub(super) fn point_shape(point: &Point, x: f64, y: f64) -> Markup {
    html! {
        g {
            title { (point.title) }
            @if point.is_signal { circle class="ring" cx=(x) cy=(y) r="8" {} }
            @match point.mark {
                PointMark::Final => { circle class="dot" cx=(x) cy=(y) r="4" {} }
                PointMark::Provisional => { circle class="dot-provisional" cx=(x) cy=(y) r="4" {} }
                PointMark::Restated => {
                    path class="dot-restated" d={ "M" (x) " " (y - 5.0) "l5 5l-5 5l-5 -5z" } {}
                }
            }
        }
    }
}
