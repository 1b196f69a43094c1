//! A status as a shape, so that nobody needs its colour: a disc on track, a triangle at risk, a square
//! on its corner off track, a hollow ring for what is not known.

use kpid_rules::model::Status;
use maud::{Markup, html};

/// The shape of a status, 16 pixels wide; the word is beside it.
pub fn status_shape(status: Status) -> String {
    let picture = html! {
        svg class="chart" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" {
            (shape(status, 8.0, 8.0))
        }
    };
    picture.into_string()
}

/// The same without a frame, in the colours of whatever it is put into.
pub fn status_outline(status: Status) -> String {
    shape(status, 8.0, 8.0).into_string()
}

/// The same within another picture, around a point.
pub(crate) fn shape(status: Status, x: f64, y: f64) -> Markup {
    let class = status.word();
    match status {
        Status::OnTrack => html! { circle class=(class) cx=(x) cy=(y) r="6" {} },
        Status::AtRisk => {
            let points = format!("{x},{} {},{} {},{}", y - 7.0, x + 7.0, y + 6.0, x - 7.0, y + 6.0);
            html! { polygon class=(class) points=(points) {} }
        }
        Status::OffTrack => {
            let points = format!("{x},{} {},{y} {x},{} {},{y}", y - 7.5, x + 7.5, y + 7.5, x - 7.5);
            html! { polygon class=(class) points=(points) {} }
        }
        Status::NoData | Status::Pending | Status::NotScored => {
            html! { circle class=(class) cx=(x) cy=(y) r="5" {} }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn whoever_sees_no_colour_tells_the_verdicts_apart() {
        let verdicts = [Status::OnTrack, Status::AtRisk, Status::OffTrack, Status::NoData];
        let without_class = |status: Status| status_shape(status).replace(status.word(), "");
        let shapes: BTreeSet<String> = verdicts.into_iter().map(without_class).collect();
        assert_eq!(shapes.len(), verdicts.len());
    }
}
