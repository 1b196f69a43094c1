//! What made a change: from the score before, part by part, to the score now.

use maud::html;

use crate::{
    fitted_text::fitted,
    scale::{Scale, pixel},
};

const WIDTH: f64 = 640.0;
const ROW: f64 = 24.0;
const FONT: f64 = 12.0;

/// Room for names on the left, and for numbers on the right.
const NAMES: f64 = 220.0;
const NUMBERS: f64 = 64.0;

/// A part of a change.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What it is.
    pub name: &'a str,
    /// What it added or took.
    pub points: f64,
    /// The same as a reader writes it.
    pub words: &'a str,
}

/// A change in its parts.
#[derive(Clone, Copy, Debug)]
pub struct Waterfall<'a> {
    /// What it was, and what it is, each with its name and its number in words.
    pub ends: [Step<'a>; 2],
    /// The parts, which add up to the difference.
    pub steps: &'a [Step<'a>],
    /// The same in words.
    pub title: &'a str,
}

impl Waterfall<'_> {
    /// The picture.
    pub fn svg(&self) -> Option<String> {
        let [before, now] = self.ends;
        let mut levels = vec![before.points];
        for step in self.steps {
            levels.push(levels.last().copied().unwrap_or_default() + step.points);
        }
        let all = levels.iter().copied().chain([now.points]);
        let scale = Scale::from_zero(all, NAMES + 8.0, WIDTH - NUMBERS)?;
        let zero = scale.at(0.0);
        let bar = |from: f64, to: f64| (from.min(to), pixel((to - from).abs().max(1.0)));
        let parts = self.steps.iter().zip(&levels).map(|(step, level)| {
            let (x, length) = bar(scale.at(*level), scale.at(level + step.points));
            (*step, x, length, if step.points < 0.0 { "down" } else { "up" })
        });
        let [before, now] = [before, now].map(|end| {
            let (x, length) = bar(zero, scale.at(end.points));
            (end, x, length, "total")
        });
        let rows = [before].into_iter().chain(parts).chain([now]);
        let rows: Vec<_> = rows.collect();
        let height = rows.len() as f64 * ROW;
        let picture = html! {
            svg class="chart waterfall" role="img" width=(WIDTH) height=(height)
                viewBox=(format!("0 0 {WIDTH} {height}")) {
                title { (self.title) }
                @for (at, (step, x, length, class)) in rows.iter().enumerate() {
                    @let y = at as f64 * ROW;
                    text x=(NAMES) y=(y + 16.0) text-anchor="end" class=[(*class == "total").then_some("strong")] {
                        @for line in fitted(step.name, NAMES, FONT, 1) { (line) }
                    }
                    rect class=(class) x=(x) y=(y + 5.0) width=(length) height=(ROW - 10.0) {}
                    @if at + 1 < rows.len() {
                        @let end = scale.at(levels.get(at).copied().unwrap_or_default());
                        path class="rule" d={ "M" (end) " " (y + ROW - 5.0) "v10" } {}
                    }
                    text x=(x + length + 6.0) y=(y + 16.0) { (step.words) }
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
    fn parts_lead_from_before_to_now() {
        let part = |name, points, words| Step { name, points, words };
        let waterfall = Waterfall {
            ends: [part("April", 72.0, "72.0"), part("May", 55.9, "55.9")],
            steps: &[part("On-time delivery", -18.3, "-18.3"), part("<NPS>", 2.2, "+2.2")],
            title: "from 72.0 to 55.9",
        };
        let svg = waterfall.svg().unwrap();
        assert_eq!(svg.matches(r#"class="total""#).count(), 2, "{svg}");
        assert!(svg.contains("&lt;NPS&gt;") && svg.contains(r#"class="down""#));
        let widths = |class: &str| -> f64 {
            let (_, rest) = svg.split_once(&format!(r#"<rect class="{class}""#)).unwrap();
            let (_, rest) = rest.split_once(r#"width=""#).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let per_point = widths("total") / 72.0;
        assert!((widths("down") - 18.3 * per_point).abs() < 0.2, "bars are to scale");
    }
}
