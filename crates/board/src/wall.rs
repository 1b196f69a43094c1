//! `/wall/{scorecard}`: from three metres. One screen without a pointer, which asks again by itself and
//! says when it has not been able to.

use maud::{DOCTYPE, html};

use crate::{
    asset::{script, style},
    view::View,
};
use kpid_language::text;
use kpid_rules::judgement::ScorecardStanding;

/// The screen asks again after so many seconds.
const REFRESH_SECONDS: u32 = 30;

/// Without an answer for so long the screen says that it is old.
const STALE_SECONDS: u32 = 180;

/// Perspectives on one screen; of more, the next ones come with the next turn.
const PERSPECTIVES_MAX: usize = 6;

/// The screen of a scorecard, with the perspectives of one turn.
pub fn page(view: &View<'_>, scorecard: &ScorecardStanding) -> String {
    let language = view.language;
    let turns = scorecard.perspectives.len().div_ceil(PERSPECTIVES_MAX).max(1);
    let turn = (view.address.page() - 1) % turns;
    let shown = scorecard.perspectives.iter().skip(turn * PERSPECTIVES_MAX).take(PERSPECTIVES_MAX);
    let next = view.address.with("page", &((turn + 1) % turns + 1).to_string());
    let markup = html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content={ (REFRESH_SECONDS) ";url=" (next) };
                title { (scorecard.name) " · kpid" }
                link rel="stylesheet" href={ "/assets/" (style().name) };
                script src={ "/assets/" (script().name) } defer {}
            }
            body class="wall" data-stale-after=(STALE_SECONDS) {
                main id="main" {
                    h1 {
                        (view.written(&scorecard.name))
                        @if scorecard.show_overall { " " (view.verdict(&scorecard.verdict, true)) }
                    }
                    ul class="tiles" {
                        @for perspective in shown {
                            li class={ "tile " (perspective.verdict.status.word()) } {
                                h2 { (view.written(&perspective.name)) }
                                (view.verdict(&perspective.verdict, true))
                                ul class="worst" {
                                    @for objective in perspective.objectives.iter()
                                        .filter(|held| held.verdict.status.severity() < 2).take(4) {
                                        li { (view.status(objective.verdict.status)) " " (view.written(&objective.name)) }
                                    }
                                }
                            }
                        }
                    }
                    p class="as-of" {
                        (text!(language, "as-of", instant = language.instant(view.as_of()),
                            zone = view.as_of().timezone().to_string()))
                        @if turns > 1 { " · " (turn + 1) "/" (turns) }
                    }
                    p class="stale banner bad" role="alert" hidden { (language.text("wall-stale")) }
                    @if let Some(trouble) = view.trouble { p class="banner bad" role="alert" { (trouble) } }
                }
            }
        }
    };
    markup.into_string()
}
