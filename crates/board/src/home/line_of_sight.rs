//! The line of sight: which unit contributes to which, as a tree from the organisation to the teams.

use maud::{Markup, html};

use crate::{home::Unit, view::View};

/// Units that the tree has room for; all have their blocks.
const UNITS_MAX: usize = 60;

/// The tree of units in their order; nothing where none contributes to another.
pub(super) fn section(view: &View<'_>, units: &[Unit<'_>]) -> Markup {
    let shown = &units[..units.len().min(UNITS_MAX)];
    html! {
        @if shown.iter().any(|unit| unit.depth > 0) {
            section class="sight" aria-labelledby="sight" {
                h2 id="sight" { (view.language.text("line-of-sight")) }
                (branches(view, shown))
            }
        }
    }
}

/// Units of one depth, each with those below it.
fn branches(view: &View<'_>, units: &[Unit<'_>]) -> Markup {
    let Some(depth) = units.first().map(|unit| unit.depth) else { return html! {} };
    let starts = units.iter().enumerate().filter(|(_, unit)| unit.depth <= depth);
    let mut starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    starts.push(units.len());
    html! {
        ul {
            @for ends in starts.windows(2) {
                @if let Some((unit, below)) = units[ends[0]..ends[1]].split_first() {
                    li {
                        a href=(view.link_to_scorecard(&unit.scorecard.id)) {
                            (view.written(&unit.scorecard.name))
                        }
                        @if unit.scorecard.show_overall { " " (view.verdict(&unit.scorecard.verdict, true)) }
                        (branches(view, below))
                    }
                }
            }
        }
    }
}
