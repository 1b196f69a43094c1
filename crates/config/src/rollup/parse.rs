//! `rollup:` and what goes with it, parsed.

use crate::scorecard::context::ScorecardContext;
use crate::{
    parse_context::given,
    problem::{Place, Problem},
    rollup::document::{CountRedDoc, MissingDoc, RollupDoc},
    status::status,
    yaml::located::Loc,
};
use kpid_rules::model::{Id, Missing, Rollup, RollupRule};

pub(crate) fn rollup(
    context: &mut ScorecardContext<'_>,
    rule: &Option<Loc<RollupDoc>>,
    red_guard: &Option<Loc<bool>>,
    min_coverage: &Option<Loc<f64>>,
    missing: &Option<Loc<MissingDoc>>,
) -> Rollup {
    let usual = Rollup::default();
    guards(context, given(rule.as_ref()), red_guard, min_coverage, missing);
    let rule = given(rule.as_ref()).and_then(|doc| rollup_rule(context, doc)).unwrap_or(usual.rule);
    let coverage = min_coverage.as_ref().and_then(|doc| {
        let share = doc.value?;
        let message = format!("`min_coverage` is {share}; it must be between 0 and 1");
        context
            .parse
            .checked(doc.place, if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(message) })
    });
    let missing = match given(missing.as_ref()) {
        None | Some(MissingDoc::Exclude) => Missing::Exclude,
        Some(MissingDoc::Worst) => Missing::Worst,
        Some(MissingDoc::Block) => Missing::Block,
    };
    // Who counts missing data as red wants a verdict even where most of them are missing.
    let usual_coverage = if missing == Missing::Worst { 0.0 } else { usual.min_coverage };
    Rollup {
        rule,
        red_guard: given(red_guard.as_ref()).copied().unwrap_or(usual.red_guard),
        min_coverage: coverage.unwrap_or(usual_coverage),
        missing,
    }
}

/// What has no effect on how children make this parent.
fn guards(
    context: &mut ScorecardContext<'_>,
    rule: Option<&RollupDoc>,
    red_guard: &Option<Loc<bool>>,
    min_coverage: &Option<Loc<f64>>,
    missing: &Option<Loc<MissingDoc>>,
) {
    let mut refuse = |place: Option<Place>, why: &str| {
        if let Some(place) = place {
            let problem = Problem::error(place, format!("{why}, so this has no effect"));
            context.parse.problems.push(problem.hint("remove it"));
        }
    };
    let guard = red_guard.as_ref().map(|doc| doc.place);
    let coverage = min_coverage.as_ref().map(|doc| doc.place);
    match rule {
        Some(RollupDoc::Manual(_)) => {
            let why = "a `manual` status stands whatever the children are";
            refuse(guard, why);
            refuse(coverage, why);
            refuse(missing.as_ref().map(|doc| doc.place), why);
        }
        None | Some(RollupDoc::WeightedMean) => {}
        Some(_) => refuse(guard, "only a `weighted_mean` has a `red_guard`"),
    }
    let is_manual = matches!(rule, Some(RollupDoc::Manual(_)));
    if matches!(given(missing.as_ref()), Some(MissingDoc::Block)) && !is_manual {
        refuse(coverage, "with `missing: block` all children must have data");
    }
}

fn rollup_rule(context: &mut ScorecardContext<'_>, doc: &RollupDoc) -> Option<RollupRule> {
    Some(match doc {
        RollupDoc::WeightedMean => RollupRule::WeightedMean,
        RollupDoc::WorstOf => RollupRule::WorstOf,
        RollupDoc::BestOf => RollupRule::BestOf,
        RollupDoc::Majority => RollupRule::Majority,
        RollupDoc::CountRed(CountRedDoc { red, amber }) => {
            RollupRule::CountRed { red: red.unwrap_or(2), amber: amber.unwrap_or(1) }
        }
        RollupDoc::Priority(child) => RollupRule::Priority(context.parse.mention(child)?.id),
        RollupDoc::Manual(word) => RollupRule::Manual(status(*word)),
    })
}

/// Whoever decides for a parent is one of its children, each with why it cannot, and counts.
pub(crate) fn child_decides(
    context: &mut ScorecardContext<'_>,
    rule: Option<&Loc<RollupDoc>>,
    children: Vec<(&Id, Option<&'static str>)>,
) {
    let Some(RollupDoc::Priority(named)) = given(rule) else { return };
    let Some(text) = named.value.as_deref() else { return };
    let named_child = children.iter().find(|(id, _)| id.as_str() == text);
    let others = children.iter().filter(|(id, why)| why.is_none() && id.as_str() != text);
    let others: Vec<String> = others.map(|(id, _)| format!("`{id}`")).collect();
    let message = match named_child {
        Some((_, None)) => return,
        Some((_, Some(why))) => format!("`{text}` {why} and cannot decide for its parent"),
        None => format!("`priority` names `{text}`, which is not a child here"),
    };
    let hint = match others.as_slice() {
        [] => "give it a weight, or use another `rollup`".to_owned(),
        others => format!("name one with a weight: {}", others.join(", ")),
    };
    context.parse.problems.push(Problem::error(named.place, message).hint(hint));
}
