//! The last periods at a glance: a line with its target, and the newest value as a dot.

use kpid_rules::model::Status;
use maud::html;

use crate::{
    scale::{Scale, pixel},
    status_shape::shape,
};

const WIDTH: f64 = 132.0;
const HEIGHT: f64 = 40.0;

/// Room for the shape of the newest value.
const EDGE: f64 = 9.0;

/// The last periods of a KPI.
#[derive(Clone, Copy, Debug)]
pub struct Sparkline<'a> {
    /// A value a period, oldest first; none where there is none.
    pub values: &'a [Option<f64>],
    /// The target of each of these periods.
    pub targets: &'a [Option<f64>],
    /// How the newest stands.
    pub status: Status,
    /// The same in words.
    pub title: &'a str,
}

impl Sparkline<'_> {
    /// The picture; none where there is nothing to draw.
    pub fn svg(&self) -> Option<String> {
        let values = self.values.iter().chain(self.targets).copied().flatten();
        self.values.iter().copied().flatten().next()?;
        let scale = Scale::around(values, HEIGHT - EDGE, EDGE)?;
        let step = (WIDTH - 2.0 * EDGE) / self.values.len().saturating_sub(1).max(1) as f64;
        let x = |at: usize| pixel(EDGE + at as f64 * step);
        let line = line(self.values, x, &scale);
        let target = steps(self.targets, EDGE, step, &scale);
        let last = self.values.iter().rposition(Option::is_some);
        let last = last.and_then(|at| Some((x(at), scale.at((*self.values.get(at)?)?))));
        let picture = html! {
            svg class="chart sparkline" role="img" width=(WIDTH) height=(HEIGHT)
                viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
                title { (self.title) }
                path class="limit" d=(target) {}
                path class="line" d=(line) {}
                @if let Some((x, y)) = last { (shape(self.status, x, y)) }
            }
        };
        Some(picture.into_string())
    }
}

/// A line through values that breaks where one is missing; a value between two gaps is a short dash.
pub(crate) fn line(values: &[Option<f64>], x: impl Fn(usize) -> f64, scale: &Scale) -> String {
    let mut path = String::new();
    let mut is_within = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_within = false;
            continue;
        };
        let (x, y) = (x(at), scale.at(*value));
        let alone = !is_within && values.get(at + 1).copied().flatten().is_none();
        path.push_str(&format!("{}{x} {y}", if is_within { "L" } else { "M" }));
        if alone {
            path.push_str("h0.1");
        }
        is_within = true;
    }
    path
}

/// A line that steps from one value to the next in the middle between two periods.
pub(crate) fn steps(values: &[Option<f64>], left: f64, step: f64, scale: &Scale) -> String {
    let mut path = String::new();
    let mut is_within = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_within = false;
            continue;
        };
        let middle = left + at as f64 * step;
        let (from, to) = (pixel((middle - step / 2.0).max(0.0)), pixel(middle + step / 2.0));
        let y = scale.at(*value);
        if is_within {
            path.push_str(&format!("V{y}H{to}"));
        } else {
            path.push_str(&format!("M{from} {y}H{to}"));
        }
        is_within = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[Option<f64>]) -> Option<String> {
        Sparkline { values, targets: &[Some(5.0); 4], status: Status::OffTrack, title: "" }.svg()
    }

    #[test]
    fn a_gap_is_a_gap() {
        let svg = drawn(&[Some(1.0), None, Some(2.0), Some(3.0)]).unwrap();
        let (_, path) = svg.split_once(r#"class="line" d=""#).unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
        assert!(path.contains("h0.1"), "a value alone is seen, too: {path}");
        assert!(svg.contains(r#"class="off_track""#));
        assert!(drawn(&[None, None]).is_none());
    }
}
