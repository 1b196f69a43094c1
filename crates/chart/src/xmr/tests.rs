//! A process as it is drawn.

use proptest::prelude::*;

use super::*;
use crate::bullet::Band;
use kpid_rules::model::Status;

fn point(value: Option<f64>) -> Point {
    Point {
        label: "2026-05".to_owned(),
        value,
        earlier: None,
        target: Some(95.0),
        bands: vec![Band { from: None, to: Some(92.0), status: Status::OffTrack }],
        mark: PointMark::Final,
        is_signal: false,
        title: "<May>".to_owned(),
    }
}

fn svg(points: &[Point], baselines: &[Baseline], forecasts: &[Forecast]) -> Option<String> {
    let (title, description) = ("On time", "");
    XmrChart { points, baselines, forecasts, title, description }.svg(|value| format!("{value}"))
}

#[test]
fn what_is_special_about_a_figure_is_a_shape() {
    let points = [
        point(Some(96.0)),
        Point { mark: PointMark::Restated, ..point(Some(95.0)) },
        point(None),
        Point { is_signal: true, ..point(Some(80.0)) },
        Point { mark: PointMark::Provisional, ..point(Some(96.0)) },
    ];
    let svg = svg(&points, &[], &[]).unwrap();
    for (class, count) in [("dot", 2), ("dot-restated", 1), ("ring", 1), ("dot-provisional", 1)] {
        assert_eq!(svg.matches(&format!("class=\"{class}\"")).count(), count, "{class}: {svg}");
    }
    assert!(svg.contains("&lt;May&gt;") && !svg.contains("<May>"));
}

#[test]
fn without_a_value_there_is_no_picture() {
    assert!(svg(&[point(None)], &[], &[]).is_none());
    assert!(svg(&[], &[], &[]).is_none());
}

#[test]
fn names_of_periods_do_not_lie_on_one_another_and_the_newest_is_there() {
    let points: Vec<Point> =
        (0..61).map(|at| Point { label: format!("p{at}"), ..point(Some(f64::from(at))) }).collect();
    let svg = svg(&points, &[], &[]).unwrap();
    let labels = (0..61).filter(|at| svg.contains(&format!(">p{at}<"))).count();
    assert!((5..=parts::LABELS_MAX).contains(&labels), "{labels}");
    assert!(svg.contains(">p60<"));
}

/// All numbers of a picture's places.
fn places(svg: &str) -> Vec<f64> {
    let attributes = [" x=\"", " y=\"", " cx=\"", " cy=\"", " width=\"", " height=\""];
    let of = |attribute: &'static str| {
        svg.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap())
    };
    attributes.into_iter().flat_map(of).collect()
}

proptest! {
    #[test]
    fn whatever_the_figures_everything_is_within_the_picture(
        values in prop::collection::vec(prop::option::of(prop_oneof![
            -1e300_f64..1e300, -1.0_f64..1.0, Just(0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE),
        ]), 1..80),
        limits in prop::option::of((-1e9_f64..1e9, 0.0_f64..1e9)),
    ) {
        let points: Vec<Point> = values.iter().map(|value| point(*value)).collect();
        let baseline = limits.map(|(mean, range)| Baseline {
            from: 0, to: points.len(), mean, lower: mean - range, upper: mean + range,
        });
        let forecast = limits.map(|(value, range)| Forecast {
            label: "next".to_owned(), low: value - range, value, high: value + range,
        });
        let (baselines, forecasts) = (baseline.as_slice(), forecast.as_slice());
        if let Some(svg) = svg(&points, baselines, forecasts) {
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", svg);
            for place in places(&svg) {
                prop_assert!((-8.0..=768.0).contains(&place), "{place} in {svg}");
            }
        }
    }
}
