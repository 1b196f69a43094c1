//! What pictures of one page share.

use maud::html;

/// The hatching of figures that are not final. A page that shows any has this once, before them.
pub fn patterns() -> String {
    let picture = html! {
        svg class="chart" width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern id="hatched" width="5" height="5" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    path class="hatch" d="M0 0V5" {}
                }
            }
        }
    };
    picture.into_string()
}
