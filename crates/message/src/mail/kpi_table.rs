//! The KPIs in a mail: those that made the event a row each, the others a sentence a status.

use crate::{
    facts::{
        alert::Facts,
        kpi::{KpiFacts, LinkedFacts},
    },
    mail::{figures, kpi_row, phrases},
    wording::line,
};
use kpid_language::{Language, text};
use kpid_rules::model::Status;

/// A manager reads so many rows; the rest is on the board.
const ROWS_MAX: usize = 5;

/// The share of the shortfall that the rows explain at least, if five rows can.
const SHARE_EXPLAINED_PCT: f64 = 80.0;

/// A sentence with more names is a list; the list is on the board.
const NAMES_MAX: usize = 8;

/// More objectives of other units than this are on the board.
const LINKED_MAX: usize = 12;

/// Parts of a change named one by one; what is left is named together, so that they add up.
const PARTS_MAX: usize = 6;

/// A contribution smaller than this is shown as 0.0 and moved nothing.
const POINTS_MIN: f64 = 0.05;

/// The KPIs that made the event: most of the shortfall, or at a recovery what moved most.
pub(crate) fn shown(facts: &Facts) -> Vec<&KpiFacts> {
    if facts.event.ends() { moved(facts) } else { short(facts) }
}

fn short(facts: &Facts) -> Vec<&KpiFacts> {
    let mut explained = 0.0;
    let mut shown = Vec::new();
    for kpi in facts.kpis.iter().filter(|kpi| kpi.share_pct.is_some_and(|share| share > 0.0)) {
        if explained >= SHARE_EXPLAINED_PCT || shown.len() == ROWS_MAX {
            break;
        }
        explained += kpi.share_pct.unwrap_or(0.0);
        shown.push(kpi);
    }
    shown
}

fn moved(facts: &Facts) -> Vec<&KpiFacts> {
    let size = |kpi: &KpiFacts| kpi.contribution.map_or(0.0, f64::abs);
    let mut moved: Vec<_> = facts.kpis.iter().filter(|kpi| size(kpi) >= POINTS_MIN).collect();
    moved.sort_by(|a, b| size(b).total_cmp(&size(a)));
    moved.truncate(ROWS_MAX);
    moved
}

/// The KPIs without a row, a sentence a status.
pub(crate) fn others(language: &Language, facts: &Facts, shown: &[&KpiFacts]) -> Vec<String> {
    [Status::OffTrack, Status::AtRisk, Status::OnTrack, Status::NoData, Status::Pending]
        .into_iter()
        .filter_map(|status| {
            let rowless = |kpi: &&KpiFacts| !shown.iter().any(|row| row.id == kpi.id);
            let of: Vec<_> =
                facts.kpis.iter().filter(|kpi| kpi.status == status).filter(rowless).collect();
            (!of.is_empty()).then(|| others_of(language, facts, status, &of))
        })
        .collect()
}

fn others_of(language: &Language, facts: &Facts, status: Status, kpis: &[&KpiFacts]) -> String {
    let names: Vec<String> = kpis.iter().map(|kpi| with_value(language, kpi)).collect();
    let (names, count) = (listed(language, &names), kpis.len());
    let said = match status {
        Status::NoData => text!(language, "mail-have-no-data", count = count, names = names),
        status => {
            let status = language.status(status);
            text!(language, "mail-are", count = count, names = names, status = status)
        }
    };
    let points: f64 = kpis.iter().filter_map(|kpi| kpi.contribution).sum();
    let on = facts.before.as_ref().filter(|_| points.abs() >= POINTS_MIN).map(|before| {
        let period = phrases::beside(language, before, facts.period.as_ref());
        let points = figures::points(language, points);
        text!(language, "mail-points-on", points = points, period = period)
    });
    let share = kpis.iter().filter_map(|kpi| kpi.share_pct).sum::<f64>().round();
    let share = (share > 0.0)
        .then(|| text!(language, "mail-share-of-shortfall", share = share.to_string()));
    let parts: Vec<String> = on.into_iter().chain(share).collect();
    let parts = parts.join(", ");
    match (parts.is_empty(), count) {
        (true, _) => format!("{said}."),
        (false, 1) => format!("{said} ({parts})."),
        (false, _) => format!("{said} ({}).", text!(language, "mail-together", parts = parts)),
    }
}

fn with_value(language: &Language, kpi: &KpiFacts) -> String {
    match kpi.value {
        Some(_) => format!("{} {}", line(&kpi.name), kpi_row::value(language, kpi)),
        None => line(&kpi.name),
    }
}

/// What other units' objectives make of the perspective, a sentence each.
pub(crate) fn linked(language: &Language, facts: &Facts) -> Vec<String> {
    let rest = facts.linked.len().saturating_sub(LINKED_MAX);
    let rest = (rest > 0).then(|| text!(language, "mail-more-linked", count = rest));
    let shown = facts.linked.iter().take(LINKED_MAX);
    shown.map(|link| linked_sentence(language, link)).chain(rest).collect()
}

fn linked_sentence(language: &Language, link: &LinkedFacts) -> String {
    let (name, status) = (line(&link.name), language.status(link.status));
    let mut said = match link.score {
        Some(score) => {
            let score = figures::score(language, score);
            text!(language, "mail-linked-at", name = name, status = status, score = score)
        }
        None => text!(language, "mail-linked", name = name, status = status),
    };
    if let Some(share) = link.share_pct.filter(|share| *share > 0.0) {
        let share = format!("{share:.0}");
        let share = text!(language, "mail-share-of-shortfall", share = share);
        said.push_str(&format!(", {share}"));
    }
    if link.critical {
        said.push_str(&format!(", {}", language.text("critical")));
    }
    format!("{said}.")
}

fn linked_parts(facts: &Facts) -> impl Iterator<Item = (String, f64)> {
    facts.linked.iter().filter_map(|link| Some((line(&link.name), link.contribution?)))
}

/// The signed parts of the score's change, which add up to it.
pub(crate) fn change(language: &Language, facts: &Facts) -> Option<String> {
    let (then, now) = (facts.score.from?, facts.score.to?);
    let parts = facts
        .kpis
        .iter()
        .filter_map(|kpi| Some((line(&kpi.name), kpi.contribution?)))
        .chain(linked_parts(facts))
        .chain(
            facts
                .residual
                .map(|residual| (language.text("mail-data-or-weights").into_owned(), residual)),
        );
    let (mut moved, small): (Vec<_>, Vec<_>) =
        parts.partition(|(_, points)| points.abs() >= POINTS_MIN);
    moved.sort_by(|(_, a), (_, b)| b.abs().total_cmp(&a.abs()));
    let rest = moved.split_off(moved.len().min(PARTS_MAX));
    let others: f64 = rest.iter().chain(&small).map(|(_, points)| points).sum();
    if !rest.is_empty() || others.abs() >= POINTS_MIN {
        moved.push((language.text("mail-others").into_owned(), others));
    }
    let shown = adding_up(moved.iter().map(|(_, points)| *points), now - then);
    let parts: Vec<String> = moved
        .iter()
        .zip(shown)
        .map(|((name, _), points)| format!("{name} {}", figures::points(language, points)))
        .collect();
    let total = figures::points(language, now - then);
    let head = match &facts.before {
        Some(before) => {
            let period = phrases::beside(language, before, facts.period.as_ref());
            text!(language, "mail-points-on", points = total, period = period)
        }
        None => text!(language, "mail-points-total", points = total),
    };
    Some(if parts.is_empty() { head } else { format!("{head}: {}", parts.join(", ")) })
}

/// The parts in tenths, so that whoever adds up what is shown comes to the total shown: what their
/// rounding leaves over goes to those that it wronged most.
fn adding_up(parts: impl Iterator<Item = f64>, total: f64) -> Vec<f64> {
    let mut tenths: Vec<(f64, f64)> =
        parts.map(|part| part * 10.0).map(|exact| (exact, exact.round())).collect();
    let mut left = (total * 10.0).round() - tenths.iter().map(|(_, shown)| shown).sum::<f64>();
    // What the parts themselves do not add up to is no rounding, and is not hidden.
    let missing = total * 10.0 - tenths.iter().map(|(exact, _)| exact).sum::<f64>();
    if missing.abs() >= 0.5 {
        return tenths.into_iter().map(|(_, shown)| shown / 10.0).collect();
    }
    while left.abs() >= 0.5 {
        let step = left.signum();
        let wronged = |(exact, shown): &(f64, f64)| (exact - shown) * step;
        let most = tenths.iter_mut().max_by(|a, b| wronged(a).total_cmp(&wronged(b)));
        let Some((_, shown)) = most else { break };
        *shown += step;
        left -= step;
    }
    tenths.into_iter().map(|(_, shown)| shown / 10.0).collect()
}

/// `a, b and c`
fn listed(language: &Language, names: &[String]) -> String {
    let and = |names: &[String], last: &str| {
        text!(language, "mail-and", names = names.join(", "), last = last)
    };
    match names {
        [shown @ .., _] if shown.len() >= NAMES_MAX => {
            let (shown, rest) = names.split_at(NAMES_MAX);
            and(shown, &text!(language, "mail-more", count = rest.len()))
        }
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => and(most, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use kpid_language::english;

    #[test]
    fn rows_explain_most_of_the_shortfall_and_no_more() {
        let with = |shares: &[f64]| {
            let mut facts = samples::alerts::opened();
            let kpi = |share: &f64| KpiFacts {
                share_pct: Some(*share),
                ..samples::kpis::on_time_delivery()
            };
            facts.kpis = shares.iter().map(kpi).collect();
            shown(&facts).len()
        };
        assert_eq!(with(&[75.4, 24.6, 0.0]), 2);
        assert_eq!(with(&[80.0, 20.0]), 1);
        assert_eq!(with(&[100.0 / 7.0; 7]), ROWS_MAX);
        assert_eq!(with(&[0.0, 0.0]), 0);
    }

    #[test]
    fn what_other_units_contribute_is_said_and_adds_up() {
        let mut facts = samples::alerts::opened();
        facts.kpis.clear();
        facts.residual = None;
        facts.linked = vec![LinkedFacts {
            id: "north/ship".to_owned(),
            name: "Ship on time (North)".to_owned(),
            objective: samples::kpis::on_time_delivery().objective,
            status: Status::OffTrack,
            score: Some(20.0),
            share_pct: Some(100.0),
            contribution: Some(-16.1),
            critical: true,
        }];
        let said = linked(english(), &facts);
        let sentence =
            "Ship on time (North) is off track at 20.0, 100 % of the shortfall, critical.";
        assert_eq!(said, [sentence]);
        let change = change(english(), &facts).unwrap();
        assert!(change.ends_with("Ship on time (North) -16.1"), "{change}");
    }

    #[test]
    fn the_shortfall_that_has_no_row_is_in_a_sentence() {
        let mut facts = samples::alerts::opened();
        facts.kpis[0].share_pct = Some(85.0);
        facts.kpis[1].share_pct = Some(15.0);
        let shown = shown(&facts);
        assert_eq!(shown.len(), 1);
        let said = others(english(), &facts, &shown);
        let sentence = "Order lead time p95 7.2 d is at risk (-2.8 points on April, 15 % of the \
                        shortfall).";
        assert_eq!(said[0], sentence);
    }

    #[test]
    fn what_is_shown_of_a_change_adds_up_to_what_is_shown_of_the_whole() {
        let tenths = |points: f64| (points * 10.0).round();
        for parts in [
            vec![0.26, 0.26, 0.26],
            vec![-16.54, -2.84, 2.16, 1.06],
            vec![0.14, 0.14, -0.44],
            vec![],
        ] {
            let total: f64 = parts.iter().sum();
            let shown = adding_up(parts.iter().copied(), total);
            let sum: f64 = shown.iter().map(|points| tenths(*points)).sum();
            assert_eq!(sum, tenths(total), "{parts:?}: {shown:?}");
            for (part, shown) in parts.iter().zip(&shown) {
                assert!((part - shown).abs() < 0.1, "{part} is shown as {shown}");
            }
        }
        assert_eq!(adding_up([1.0].into_iter(), 5.0), [1.0], "what is missing is not hidden");
    }

    #[test]
    fn many_names_are_cut_and_many_parts_still_add_up() {
        let names: Vec<String> = (1..=11).map(|n| n.to_string()).collect();
        assert_eq!(listed(english(), &names[..3]), "1, 2 and 3");
        assert_eq!(listed(english(), &names), "1, 2, 3, 4, 5, 6, 7, 8 and 3 more");
        let mut facts = samples::alerts::opened();
        facts.kpis =
            vec![KpiFacts { contribution: Some(-2.0), ..samples::kpis::on_time_delivery() }; 8];
        let change = change(english(), &facts).unwrap();
        assert!(change.ends_with("On-time delivery -2.0, others -4.0"), "{change}");
    }
}
