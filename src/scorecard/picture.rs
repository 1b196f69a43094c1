//! A standing as it was kept: what a later look is compared with.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Id, KpiRef, Scope, ScorecardStanding, Status,
    difference::{Colour, Measure},
};

/// The nodes of scorecards as they stood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture(BTreeMap<Scope, Pictured>);

/// A node as it stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Pictured {
    /// The word and the score.
    pub colour: Colour,
    /// Its weight among its siblings; a scorecard has none.
    pub weight: Option<f64>,
    /// Of a KPI, the key of the period it reported and what its value was compared with.
    pub measure: Option<(Option<String>, Measure)>,
}

/// What is read of a node, whatever its level.
#[derive(Deserialize)]
struct Kept {
    id: Id,
    status: Status,
    score: Option<f64>,
    weight: Option<f64>,
    period: Option<String>,
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
    /// Adds a scorecard as a snapshot holds it, written by this release or an earlier one.
    pub fn add_kept(&mut self, json: &str) -> serde_json::Result<()> {
        self.add(&serde_json::from_str(json)?);
        Ok(())
    }

    /// Adds a scorecard as it stands now.
    pub fn add_present(&mut self, standing: &ScorecardStanding) -> serde_json::Result<()> {
        self.add(&serde_json::from_value(serde_json::to_value(standing)?)?);
        Ok(())
    }

    /// A node as it stood, if it was there.
    pub fn node(&self, scope: &Scope) -> Option<&Pictured> {
        self.0.get(scope)
    }

    /// Whether a scorecard is in it.
    pub fn has(&self, scorecard: &Id) -> bool {
        self.0.contains_key(&Scope::Scorecard(scorecard.clone()))
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
            weight: self.weight,
            measure: measured.then(|| (self.period.clone(), measure)),
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

/// For one period, a changed target or line. A band shows the edge on the value's side, which a
/// restated value may turn; that is no change of the author's.
fn measure(before: &Pictured, after: &Pictured) -> Option<(Measure, Measure)> {
    let ((period, from), (same, to)) = before.measure.as_ref().zip(after.measure.as_ref())?;
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

    type Moved = Option<(f64, f64)>;

    /// What is retuned over steps of period, target and weight: weight and target.
    fn check(steps: &[(&str, f64, f64)], expected: Option<(Moved, Moved)>) {
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

    #[test]
    fn what_an_earlier_release_kept_is_read_as_far_as_it_goes() {
        let mut picture = Picture::default();
        picture.add_kept(r#"{"id":"old","status":"no_data","score":null}"#).unwrap();
        assert!(picture.has(&Id::parse("old").unwrap()));
        assert!(picture.add_kept("{}").is_err());
    }
}
