//! How nodes stood: what a later look is compared with.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    judgement::{
        pictured::{Colour, Measure, Pictured, shows_upper_edges},
        rounding,
        standing::ScorecardStanding,
    },
    model::{
        id::{Id, KpiRef, Scope},
        status::Status,
    },
};

/// The nodes of scorecards as they stood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture(BTreeMap<Scope, Pictured>);

/// What is read of a node, whatever its level.
#[derive(Deserialize)]
struct Kept {
    id: Id,
    status: Status,
    score: Option<f64>,
    coverage: Option<f64>,
    weight: Option<f64>,
    period: Option<String>,
    value: Option<f64>,
    target: Option<f64>,
    green_line: Option<f64>,
    red_line: Option<f64>,
    #[serde(default)]
    perspectives: Vec<Kept>,
    #[serde(default)]
    objectives: Vec<Kept>,
    #[serde(default)]
    kpis: Vec<Kept>,
}

/// What changed about how a node is measured or counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Retuned {
    /// The node.
    pub scope: Scope,
    /// Its weight before and after, if that changed.
    pub weight: Option<(f64, f64)>,
    /// What its value is compared with before and after, if that changed for one period.
    pub measure: Option<(Measure, Measure)>,
}

impl Picture {
    /// Adds a scorecard as its JSON has it, written by this release or an earlier one.
    pub fn add_kept(&mut self, json: &str) -> serde_json::Result<()> {
        self.add(&serde_json::from_str(json)?);
        Ok(())
    }

    /// Adds a scorecard as it stands now.
    pub fn add_present(&mut self, scorecard: &ScorecardStanding) {
        let unit = &scorecard.id;
        self.insert(Scope::Scorecard(unit.clone()), scorecard.pictured());
        for view in &scorecard.perspectives {
            let scope = Scope::Perspective(unit.clone(), view.id.clone());
            self.insert(scope, view.pictured());
            for objective in &view.objectives {
                let scope = Scope::Objective(unit.clone(), view.id.clone(), objective.id.clone());
                self.insert(scope, objective.pictured());
                for kpi in &objective.kpis {
                    let named = KpiRef { scorecard: unit.clone(), kpi: kpi.id.clone() };
                    self.insert(Scope::Kpi(named), Pictured::of_kpi(kpi));
                }
            }
        }
    }

    /// Adds a node as it stood.
    pub fn insert(&mut self, scope: Scope, node: Pictured) {
        self.0.insert(scope, node);
    }

    /// The nodes in it, as they stood.
    pub fn nodes(&self) -> impl Iterator<Item = (&Scope, &Pictured)> {
        self.0.iter()
    }

    /// Whether there are the same nodes as in another, each judged and measured as there.
    pub fn stands_as(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len()
            && pairs.all(|((scope, node), (its, before))| {
                scope == its && node.is_judged_as(before) && node.is_measured_as(before)
            })
    }

    /// A node as it stood, if it was there.
    pub fn node(&self, scope: &Scope) -> Option<&Pictured> {
        self.0.get(scope)
    }

    /// The KPIs in it.
    pub fn kpis(&self) -> impl Iterator<Item = &KpiRef> {
        self.0.keys().filter_map(|scope| match scope {
            Scope::Kpi(kpi) => Some(kpi),
            _ => None,
        })
    }

    /// Whether a scorecard is in it.
    pub fn has(&self, scorecard: &Id) -> bool {
        self.0.contains_key(&Scope::Scorecard(scorecard.clone()))
    }

    /// The nodes that stood otherwise than they are judged in another picture: how, and how they are
    /// judged there, if they are there at all.
    pub fn judged_otherwise(&self, there: &Self) -> Vec<(&Scope, Colour, Option<Colour>)> {
        let shown = |colour: &Colour| (colour.status, colour.score.map(rounding::score));
        let each = self
            .0
            .iter()
            .map(|(scope, node)| (scope, node.colour, there.node(scope).map(|node| node.colour)));
        let is_other = |colour: &Colour, there: Option<Colour>| {
            there.is_none_or(|there| shown(&there) != shown(colour))
        };
        each.filter(|(_, colour, there)| is_other(colour, *there)).collect()
    }

    fn add(&mut self, scorecard: &Kept) {
        let unit = &scorecard.id;
        self.0.insert(Scope::Scorecard(unit.clone()), scorecard.pictured(false));
        for view in &scorecard.perspectives {
            let scope = Scope::Perspective(unit.clone(), view.id.clone());
            self.0.insert(scope, view.pictured(false));
            for objective in &view.objectives {
                let path = (unit.clone(), view.id.clone(), objective.id.clone());
                let scope = Scope::Objective(path.0, path.1, path.2);
                self.0.insert(scope, objective.pictured(false));
                for kpi in &objective.kpis {
                    let named = KpiRef { scorecard: unit.clone(), kpi: kpi.id.clone() };
                    self.0.insert(Scope::Kpi(named), kpi.pictured(true));
                }
            }
        }
    }
}

impl Kept {
    fn pictured(&self, measured: bool) -> Pictured {
        let measure =
            Measure { target: self.target, green_line: self.green_line, red_line: self.red_line };
        Pictured {
            colour: Colour { status: self.status, score: self.score },
            coverage: self.coverage,
            weight: self.weight,
            measure: measured.then(|| (self.period.clone(), measure)),
            shows_upper_edges: shows_upper_edges(measure, self.value, self.status),
        }
    }
}

/// What was measured or counted otherwise from one picture to a next, summed up over all steps: a
/// target that moves on with its period, as the author wrote it, has not changed.
pub fn retuned(steps: &[(&Picture, &Picture)]) -> Vec<Retuned> {
    let mut found: BTreeMap<&Scope, Retuned> = BTreeMap::new();
    for (before, after) in steps {
        for (scope, after) in &after.0 {
            let Some(before) = before.0.get(scope) else { continue };
            let weight = before.weight.zip(after.weight).filter(|(from, to)| from != to);
            let measure = measure(before, after);
            if weight.is_none() && measure.is_none() {
                continue;
            }
            let nothing = Retuned { scope: scope.clone(), weight: None, measure: None };
            let known = found.entry(scope).or_insert(nothing);
            let first = known.weight.map(|(from, _)| from);
            known.weight = weight.map(|(from, to)| (first.unwrap_or(from), to)).or(known.weight);
            let first = known.measure.map(|(from, _)| from);
            known.measure = measure.map(|(from, to)| (first.unwrap_or(from), to)).or(known.measure);
        }
    }
    let is_changed = |held: &Retuned| {
        held.weight.is_some_and(|(from, to)| from != to)
            || held.measure.is_some_and(|(from, to)| from != to)
    };
    found.into_values().filter(is_changed).collect()
}

/// For one period, a changed target or line. A band, which has no target, shows the edges on the
/// value's side: a value on the other side turns them, and that is no change of the author's.
fn measure(before: &Pictured, after: &Pictured) -> Option<(Measure, Measure)> {
    let ((period, from), (same, to)) = before.measure.as_ref().zip(after.measure.as_ref())?;
    let is_band = from.target.is_none() && to.target.is_none();
    if is_band && before.shows_upper_edges != after.shows_upper_edges {
        return None;
    }
    let is_other =
        |from: Option<f64>, to: Option<f64>| from.zip(to).is_some_and(|(from, to)| from != to);
    let changed = is_other(from.target, to.target)
        || is_other(from.green_line, to.green_line)
        || is_other(from.red_line, to.red_line);
    (period.is_some() && period == same && changed).then_some((*from, *to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scorecard with one KPI: period, target and weight.
    fn picture(period: &str, target: f64, weight: f64) -> Picture {
        let mut picture = Picture::default();
        let kept = serde_json::json!({
            "id": "calder", "status": "on_track", "score": 80.0, "coverage": 1.0,
            "perspectives": [{ "id": "customer", "status": "at_risk", "score": 60.0, "weight": 1.0,
                "objectives": [{ "id": "promise", "status": "at_risk", "score": 60.0, "weight": 1.0,
                    "kpis": [{ "id": "on-time", "status": "at_risk", "score": 60.0,
                        "period": period, "target": target, "green_line": target,
                        "red_line": target - 3.0, "weight": weight }] }] }],
        });
        picture.add_kept(&kept.to_string()).unwrap();
        picture
    }

    type Shift = Option<(f64, f64)>;

    /// What is retuned over steps of period, target and weight: weight and target.
    fn check(steps: &[(&str, f64, f64)], expected: Option<(Shift, Shift)>) {
        let pictures: Vec<Picture> = steps
            .iter()
            .map(|(period, target, weight)| picture(period, *target, *weight))
            .collect();
        let pairs: Vec<_> = pictures.windows(2).map(|pair| (&pair[0], &pair[1])).collect();
        let found = retuned(&pairs);
        let targets = |held: &Retuned| {
            held.measure.map(|(from, to)| (from.target.unwrap(), to.target.unwrap()))
        };
        let found: Vec<_> = found.iter().map(|held| (held.weight, targets(held))).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{steps:?}");
    }

    #[test]
    fn only_what_an_author_changed_is_retuned() {
        let may = "2026-05";
        check(&[(may, 95.0, 1.0), (may, 95.0, 1.0)], None);
        check(&[(may, 95.0, 1.0), (may, 96.0, 1.0)], Some((None, Some((95.0, 96.0)))));
        check(&[(may, 95.0, 1.0), ("2026-06", 96.0, 1.0)], None);
        check(&[(may, 95.0, 1.0), ("2026-06", 96.0, 2.0)], Some((Some((1.0, 2.0)), None)));
        let steps =
            [(may, 95.0, 1.0), (may, 96.0, 1.0), ("2026-06", 96.5, 1.0), ("2026-06", 97.0, 1.0)];
        check(&steps, Some((None, Some((95.0, 97.0)))));
        check(&[(may, 95.0, 1.0), (may, 96.0, 1.0), (may, 95.0, 1.0)], None);
    }

    /// A scorecard with one KPI that is kept in a band: value, status, green and red line.
    fn banded((value, status, green, red): (f64, &str, f64, f64)) -> Picture {
        let mut picture = Picture::default();
        let kept = serde_json::json!({
            "id": "calder", "status": status, "score": 60.0,
            "perspectives": [{ "id": "process", "status": status, "score": 60.0, "weight": 1.0,
                "objectives": [{ "id": "lean", "status": status, "score": 60.0, "weight": 1.0,
                    "kpis": [{ "id": "cover", "status": status, "score": 60.0, "weight": 1.0,
                        "period": "2026-05", "value": value, "target": null,
                        "green_line": green, "red_line": red }] }] }],
        });
        picture.add_kept(&kept.to_string()).unwrap();
        picture
    }

    #[test]
    fn the_other_edges_of_a_band_are_no_change() {
        let check = |before, after, expected: bool| {
            let (before, after) = (banded(before), banded(after));
            assert_eq!(!retuned(&[(&before, &after)]).is_empty(), expected, "{before:?} {after:?}");
        };
        let (upper, lower) = ((41.0, "on_track", 45.0, 55.0), (20.0, "off_track", 35.0, 28.0));
        check(upper, lower, false);
        check(lower, upper, false);
        check(upper, (41.0, "on_track", 44.0, 55.0), true);
        check(lower, (20.0, "off_track", 35.0, 25.0), true);
        let (upper, lower) = ((41.0, "on_track", 45.0, 45.0), (20.0, "off_track", 35.0, 35.0));
        check(upper, lower, false);
        check((50.0, "off_track", 45.0, 45.0), (36.0, "on_track", 35.0, 35.0), false);
        check(upper, (43.0, "on_track", 44.0, 44.0), true);
    }

    #[test]
    fn what_an_earlier_release_kept_is_read_as_far_as_it_goes() {
        let mut picture = Picture::default();
        picture.add_kept(r#"{"id":"old","status":"no_data","score":null}"#).unwrap();
        assert!(picture.has(&Id::parse("old").unwrap()));
        assert!(picture.add_kept("{}").is_err());
    }
}
