//! What `kpid show --as-of` says beside the standing: where another configuration judged then, how it
//! judged. A KPI that is deleted today keeps its verdicts of then.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use kpid_config::setup::Setup;
use kpid_rules::{
    analysis::Picture,
    judgement::{Colour, Standing, rounding},
    model::Scope,
};
use kpid_store::Store;

/// A node that stood otherwise then than today's configuration judges it.
#[derive(Debug, Serialize)]
pub(super) struct Then {
    scope: Scope,
    /// The configuration that judged then.
    config: String,
    /// How it stood.
    then: Colour,
    /// How today's configuration judges the same figures; none of what it does not have.
    now: Option<Colour>,
}

/// The standing, with what stood otherwise.
#[derive(Debug, Serialize)]
pub(super) struct Both {
    #[serde(flatten)]
    pub(super) standing: Standing,
    pub(super) then: Vec<Then>,
}

/// What another configuration judged otherwise at an instant, below a node or of all that is public.
pub(super) async fn judged_otherwise(
    store: &Store,
    setup: &Setup,
    standing: &Standing,
    (within, at): (Option<&Scope>, DateTime<Utc>),
) -> anyhow::Result<Vec<Then>> {
    let is_shown = |scope: &Scope| match within {
        Some(within) => scope.is_within(within),
        // Whose a scorecard was that is no more nobody can tell.
        None => setup.portfolio.scorecard(scope.scorecard()).is_some_and(|held| !held.private),
    };
    let mut today = Picture::default();
    for scorecard in &standing.scorecards {
        today.add_present(scorecard);
    }
    let mut found = Vec::new();
    for verdict in store.verdicts_at(at).await? {
        if verdict.config_hash == setup.config_hash {
            continue;
        }
        let others = verdict.picture.judged_otherwise(&today).into_iter();
        found.extend(others.filter(|(scope, ..)| is_shown(scope)).map(|(scope, then, now)| Then {
            scope: scope.clone(),
            config: verdict.config_hash.clone(),
            then,
            now,
        }));
    }
    Ok(found)
}

/// A line for each of them; nothing where nothing stood otherwise.
pub(super) fn render(then: &[Then]) -> String {
    let Some(first) = then.first() else { return String::new() };
    let shown = |colour: &Colour| {
        let score = colour.score.map(|score| format!(" {}", rounding::score(score)));
        format!("{}{}", colour.status.words(), score.unwrap_or_default())
    };
    let mut text = format!(
        "\nThe tree above is by today's configuration. Another one ({}) judged then:\n",
        first.config
    );
    for Then { scope, then, now, .. } in then {
        let now = match now {
            Some(now) => format!("today's configuration says {}", shown(now)),
            None => "not in today's configuration".to_owned(),
        };
        let _ = writeln!(text, "  {scope}: {} ({now})", shown(then));
    }
    text
}
