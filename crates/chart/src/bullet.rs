//! One period against its target: a bar, a tick, and bands of what is on track, at risk and off track.

use kpid_rules::model::Status;
use maud::html;

use crate::scale::Scale;

const WIDTH: f64 = 220.0;
const HEIGHT: f64 = 22.0;

/// Values between which a status holds; open where there is no value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// From here on.
    pub from: Option<f64>,
    /// Up to here.
    pub to: Option<f64>,
    /// What holds there.
    pub status: Status,
}

/// One period against its target.
#[derive(Clone, Copy, Debug)]
pub struct Bullet<'a> {
    /// What was measured.
    pub actual: Option<f64>,
    /// What was wanted.
    pub target: Option<f64>,
    /// What is good and what is not.
    pub bands: &'a [Band],
    /// The figure may still change: its bar is hatched, by [`patterns`](crate::patterns).
    pub is_provisional: bool,
    /// The same in words.
    pub title: &'a str,
}

impl Bullet<'_> {
    /// The picture; none where there is nothing to draw.
    pub fn svg(&self) -> Option<String> {
        let ends = self.bands.iter().flat_map(|band| [band.from, band.to]);
        let values = [self.actual, self.target].into_iter().chain(ends).flatten();
        // A bar has a length, so it begins at zero.
        let scale = Scale::from_zero(values, 0.0, WIDTH)?;
        let (low, high) = scale.range();
        let bands = self.bands.iter().map(|band| {
            let (from, to) = (band.from.unwrap_or(low), band.to.unwrap_or(high));
            (scale.at(from), scale.at(to), band.status.word())
        });
        let bar = self.actual.map(|actual| {
            let (zero, end) = (scale.at(0.0), scale.at(actual));
            (zero.min(end), (end - zero).abs().max(1.0))
        });
        let target = self.target.map(|target| scale.at(target).clamp(1.0, WIDTH - 1.0));
        let bar_class = if self.is_provisional { "bar-provisional" } else { "bar" };
        let picture = html! {
            svg class="chart bullet" role="img" width=(WIDTH) height=(HEIGHT)
                viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
                title { (self.title) }
                @for (from, to, status) in bands {
                    rect class={ "band-" (status) } x=(from) y="0" width=((to - from).max(0.0)) height=(HEIGHT) {}
                }
                @if let Some((from, length)) = bar {
                    rect class=(bar_class) x=(from) y="7" width=(length) height="8" {}
                }
                @if let Some(at) = target {
                    path class="target" d={ "M" (at) " 3V" (HEIGHT - 3.0) } {}
                }
            }
        };
        Some(picture.into_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_begins_at_zero_and_its_bands_lie_behind_it() {
        let bands = [
            Band { from: None, to: Some(92.0), status: Status::OffTrack },
            Band { from: Some(92.0), to: Some(95.0), status: Status::AtRisk },
            Band { from: Some(95.0), to: None, status: Status::OnTrack },
        ];
        let bullet = Bullet {
            actual: Some(90.1),
            target: Some(95.0),
            bands: &bands,
            is_provisional: false,
            title: "90.1 % of <95> %",
        };
        let svg = bullet.svg().unwrap();
        assert!(svg.contains("<title>90.1 % of &lt;95&gt; %</title>"), "{svg}");
        assert!(svg.contains(r#"<rect class="band-off_track" x="0""#), "{svg}");
        assert!(svg.contains(r#"<rect class="bar" x="0""#), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 4);
        let nothing = Bullet { actual: None, target: None, bands: &[], ..bullet };
        assert!(nothing.svg().is_none());
    }
}
