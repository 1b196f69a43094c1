//! How a node stands, as one small picture for somebody else's page.

use maud::{PreEscaped, html};

use kpid_language::Language;
use kpid_rules::{judgement::rounding, model::Status};

const HEIGHT: f64 = 22.0;

/// Wide enough for every letter: what is too wide is squeezed and never cut off.
const LETTER_WIDTH: f64 = 7.4;

/// A longer name is cut, with a mark that says so.
const NAME_CHARS_MAX: usize = 40;

/// The picture. It brings its colours along, since nobody gives it any.
pub fn svg(language: &'static Language, name: &str, status: Status, score: Option<f64>) -> String {
    let is_long = name.chars().count() > NAME_CHARS_MAX;
    let mut shown: String = name.chars().take(NAME_CHARS_MAX).collect();
    if is_long {
        shown.push('…');
    }
    let word = language.status(status);
    let score = score.map(|score| format!(" {}", language.number(&rounding::score(score))));
    let said = format!("{word}{}", score.unwrap_or_default());
    let width = |text: &str| (text.chars().count() as f64 * LETTER_WIDTH).round();
    let (left, right) = (width(&shown) + 16.0, width(&said) + 36.0);
    let total = left + right;
    let title = format!("{name}: {said}");
    let colour = match status {
        Status::OnTrack => "#1a7f37",
        Status::AtRisk => "#8a5a00",
        Status::OffTrack => "#a40e26",
        Status::NoData | Status::Pending | Status::NotScored => "#59636e",
    };
    // What is not known is hollow.
    let fill = match status {
        Status::OnTrack | Status::AtRisk | Status::OffTrack => "#fff",
        Status::NoData | Status::Pending | Status::NotScored => "none",
    };
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(total) height=(HEIGHT) role="img"
            viewBox=(format!("0 0 {total} {HEIGHT}")) font-family="Verdana, DejaVu Sans, sans-serif" font-size="12" {
            title { (title) }
            rect width=(total) height=(HEIGHT) rx="4" fill="#333b44" {}
            rect x=(left) width=(right) height=(HEIGHT) rx="4" fill=(colour) {}
            text x="8" y="15" fill="#fff" textLength=(left - 16.0) lengthAdjust="spacingAndGlyphs" { (shown) }
            g transform=(format!("translate({} 3)", left + 8.0)) fill=(fill) stroke="#fff" stroke-width="2" {
                (PreEscaped(kpid_chart::status_outline(status)))
            }
            text x=(left + 28.0) y="15" fill="#fff" textLength=(right - 36.0) lengthAdjust="spacingAndGlyphs" { (said) }
        }
    };
    picture.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kpid_language::english;

    #[test]
    fn a_badge_says_name_status_and_score_and_runs_nothing() {
        let svg = svg(english(), "<script>&", Status::OffTrack, Some(39.96));
        assert!(svg.contains("&lt;script&gt;&amp;: off track 39.9"), "{svg}");
        assert!(!svg.contains("<script"));
        let long = super::svg(english(), &"x".repeat(300), Status::NoData, None);
        assert!(long.contains(&format!("{}…", "x".repeat(40))), "{long}");
    }
}
