//! The arithmetic behind a node, from the lines to the score, with its numbers: for people and for programs.

use std::{collections::HashMap, fmt::Write as _};

use serde_json::{Value, json};

use kpid_rules::{
    analysis::{Explanation, Part},
    judgement::{
        Child, Judge, Lines, PeriodVerdict, PerspectiveStanding, Rolled, ScorecardStanding,
        Verdict, incomplete, roll_up,
        rounding::{self, Readout},
    },
    model::{Gap, Id, KpiRef, Period, Perspective, Portfolio, Scope, Scorecard, Scoring},
    series::Figure,
};
use kpid_store::Store;

/// Why there is nothing to explain, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unexplained(String);

/// What there is to explain, and when.
pub struct NodeQuestion<'a> {
    /// What judges.
    pub judge: Judge<'a>,
    /// The scorecard that the node is of.
    pub scorecard: &'a Scorecard,
    /// The node.
    pub scope: &'a Scope,
    /// The period; the one reported now, without it.
    pub period: Option<Period>,
}

/// Explains a node, for people and for programs, without these KPIs that are gone.
pub fn explain(question: NodeQuestion<'_>, gone: &[KpiRef]) -> Result<TextAndJson, Unexplained> {
    let NodeQuestion { judge, scorecard, scope, period } = question;
    let explainer = Explainer { judge, scorecard, period };
    let (text, mut value) = match scope {
        Scope::Kpi(kpi) => explainer.kpi(kpi)?,
        Scope::Scorecard(_) => explainer.whole(),
        Scope::Perspective(_, view) => explainer.perspective(view, None)?,
        Scope::Objective(_, view, objective) => explainer.perspective(view, Some(objective))?,
    };
    value["scope"] = json!(scope);
    if !gone.is_empty() {
        value["gone"] = json!(gone.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    Ok((format!("{scope}{text}{}", note(gone)), value))
}

/// The KPIs of a scorecard that another configuration judged while a period was the last one to report,
/// and that today's does not have.
pub async fn gone(
    store: &Store,
    (portfolio, config_hash): (&Portfolio, &str),
    scorecard: &Scorecard,
    period: Option<Period>,
) -> anyhow::Result<Vec<KpiRef>> {
    let Some(period) = period else { return Ok(Vec::new()) };
    let (_, from) = scorecard.calendar.bounds(period);
    let (_, to) = scorecard.calendar.bounds(period.next());
    let by_another = store.verdict_by_another(&scorecard.id, config_hash, from..to).await?;
    let then = by_another.map(|verdict| verdict.picture).unwrap_or_default();
    Ok(then.kpis().filter(|kpi| portfolio.kpi(kpi).is_none()).cloned().collect())
}

/// That today's configuration judges without some KPIs.
fn note(gone: &[KpiRef]) -> String {
    match gone {
        [] => String::new(),
        gone => format!(
            "  note    judged by today's configuration, without {}; `kpid show --as-of` has what was reported then\n",
            gone.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
    }
}

struct Explainer<'a> {
    judge: Judge<'a>,
    scorecard: &'a Scorecard,
    period: Option<Period>,
}

/// An explanation for people and for programs.
pub type TextAndJson = (String, Value);

fn unexplained(sentence: impl Into<String>) -> Unexplained {
    Unexplained(sentence.into())
}

impl Explainer<'_> {
    fn kpi(&self, named: &KpiRef) -> Result<TextAndJson, Unexplained> {
        let missing = || unexplained(format!("`{named}` is not configured"));
        let kpi = self.scorecard.kpi(&named.kpi).ok_or_else(missing)?;
        let case = self.judge.case(self.scorecard, kpi);
        let standing = self.judge.scorecard(self.scorecard, &HashMap::new());
        let kpis = standing.perspectives.iter().flat_map(|held| &held.objectives);
        let reported = kpis.flat_map(|held| &held.kpis).find(|held| held.id == kpi.id);
        let period = self.period.or(reported.and_then(|held| held.period));
        let period =
            period.ok_or_else(|| unexplained(format!("`{named}` reports no period yet")))?;
        if period.frequency() != kpi.frequency {
            return Err(unexplained(format!(
                "`{period}` is not a period of `{named}`; name a {}",
                kpi.frequency.noun()
            )));
        }
        let verdict = case.verdict_in(period, self.judge.now());
        let figure = case.held.actual(period).map(|actual| actual.figure);
        let formula = formula(&kpi.scoring, kpi.best.or(kpi.worst).is_some(), &verdict);
        let unit = kpi.unit.as_deref();
        let (green, red) = verdict.lines.as_ref().map_or((None, None), |l| l.shown(verdict.value));
        let shown = Readout::new(kpi.decimals, unit, verdict.value, [verdict.target, green, red]);
        let show = |value: f64| shown.amount(value);
        let mut text =
            format!(", {}: {}\n", period.label(), headline(verdict.status.words(), verdict.score));
        if let Some(value) = verdict.value {
            let _ = writeln!(text, "  value   {}{}", show(value), divided(figure, kpi.scale));
        }
        if let Some(target) = verdict.target {
            let _ = writeln!(text, "  target  {}", show(target));
        }
        if let Some((green, red)) = green.zip(red) {
            let _ =
                writeln!(text, "  lines   green from {}, red beyond {}", show(green), show(red));
        }
        if let Some(formula) = &formula {
            let _ = writeln!(text, "  score   {formula}");
        }
        if let Some(gap) = verdict
            .gap
            .or(reported.filter(|held| held.period == Some(period)).and_then(|held| held.gap))
        {
            let missing = match gap {
                Gap::MissingInput => case.missing_parts(period),
                _ => Vec::new(),
            };
            let note = match missing.as_slice() {
                [] => gap.words().to_owned(),
                missing => format!("{}; {}", incomplete(missing), kpi.way_to_a_sum(missing)),
            };
            let _ = writeln!(text, "  note    {note}");
        }
        let value = json!({
            "period": period, "status": verdict.status,
            "score": verdict.score, "value": verdict.value, "target": verdict.target,
            "green_line": green, "red_line": red, "formula": formula, "gap": verdict.gap,
        });
        Ok((text, value))
    }

    fn whole(&self) -> TextAndJson {
        let standing = self.judge.scorecard(self.scorecard, &HashMap::new());
        let verdict = |(held, now): (&Perspective, &PerspectiveStanding)| match self.period {
            None => now.verdict,
            Some(period) => {
                let day = self.scorecard.calendar.last_day(period);
                self.judge.perspective_on(self.scorecard, held, day).verdict
            }
        };
        let defined = &self.scorecard.perspectives;
        let child = |pair: (&Perspective, &PerspectiveStanding)| {
            let (held, verdict) = (pair.0, verdict(pair));
            let (id, weight, critical) = (held.id.clone(), held.weight, held.critical);
            let Verdict { status, score, .. } = verdict;
            (Child { id, status, score, weight, critical }, verdict)
        };
        let (children, verdicts): (Vec<Child>, Vec<Verdict>) =
            defined.iter().zip(&standing.perspectives).map(child).unzip();
        let Rolled { verdict, culprit, shares } = roll_up(&self.scorecard.rollup, &children);
        let rows: Vec<ChildRow<'_>> = defined
            .iter()
            .zip(verdicts)
            .zip(shares)
            .map(|((held, verdict), share)| ChildRow::of(&held.name, held.weight, verdict, share))
            .collect();
        let mut text = format!(": {}\n", node(&verdict, culprit.as_ref()));
        text.push_str(&table(&rows));
        let before = self.whole_before(&standing);
        if let Some(((period, then), now)) = before.as_ref().zip(verdict.score)
            && let Some(then) = then.score
        {
            let (change, score) = (rounding::points(now - then), rounding::score(then));
            let _ = writeln!(text, "\n  {change} since {} ({score})", period.label());
        }
        let value = json!({
            "status": verdict.status, "score": verdict.score, "culprit": culprit,
            "coverage": verdict.coverage, "reason": verdict.reason, "children": rows_json(&rows),
            "before": before.map(|(period, then)| json!({
                "period": period, "status": then.status, "score": then.score,
            })),
        });
        (text, value)
    }

    /// The scorecard in the period before the one asked for, or before the newest reported.
    fn whole_before(&self, standing: &ScorecardStanding) -> Option<(Period, Verdict)> {
        let calendar = &self.scorecard.calendar;
        let reported = standing.perspectives.iter().filter_map(|held| held.period);
        let newest = reported.max_by_key(|period| (calendar.last_day(*period), period.frequency()));
        let period = self.period.or(newest)?.previous();
        let day = calendar.last_day(period);
        Some((period, self.judge.scorecard_on(self.scorecard, day).verdict))
    }

    fn perspective(&self, view: &Id, only: Option<&Id>) -> Result<TextAndJson, Unexplained> {
        let missing = || unexplained(format!("the perspective `{view}` is not configured"));
        let perspective = self.scorecard.perspective(view).ok_or_else(missing)?;
        let standing = self.judge.scorecard(self.scorecard, &HashMap::new());
        let now = standing.perspectives.iter().find(|held| held.id == *view);
        let period = self.period.or(now.and_then(|held| held.period));
        let period =
            period.ok_or_else(|| unexplained(format!("`{view}` reports no period yet")))?;
        let explanation =
            self.judge.explain(self.scorecard, perspective, period, self.period.is_some());
        Ok(match only {
            None => perspective_explained(&explanation),
            Some(objective) => objective_explained(&explanation, perspective, objective),
        })
    }
}

fn perspective_explained(explanation: &Explanation) -> TextAndJson {
    let period = explanation.period.label();
    let mut text =
        format!(", {period}: {}\n", node(&explanation.verdict, explanation.culprit.as_ref()));
    let branches = explanation.objectives.iter();
    let rows: Vec<ChildRow<'_>> = branches
        .map(|held| ChildRow::of(&held.name, held.weight, held.verdict, held.normalised))
        .collect();
    text.push_str(&table(&rows));
    text.push('\n');
    text.push_str(&parts(&explanation.parts));
    let scores = explanation.verdict.score.zip(explanation.before.verdict.score);
    if let Some(((now, then), residual)) = scores.zip(explanation.residual) {
        let (change, before) = (now - then, explanation.before.period.label());
        let kpis = change - residual;
        let _ = writeln!(
            text,
            "\n  {} since {before} ({}): {} by KPIs, {} by weights and coverage",
            rounding::points(change),
            rounding::score(then),
            rounding::points(kpis),
            rounding::points(residual),
        );
    }
    let value = json!({
        "period": explanation.period, "status": explanation.verdict.status,
        "score": explanation.verdict.score, "coverage": explanation.verdict.coverage,
        "reason": explanation.verdict.reason, "culprit": explanation.culprit, "children": explanation.objectives,
        "kpis": explanation.parts, "before": { "period": explanation.before.period,
        "status": explanation.before.verdict.status, "score": explanation.before.verdict.score },
        "residual": explanation.residual,
    });
    (text, value)
}

fn objective_explained(
    explanation: &Explanation,
    perspective: &kpid_rules::model::Perspective,
    objective: &Id,
) -> TextAndJson {
    let own: Vec<Part> =
        explanation.parts.iter().filter(|part| part.objective == *objective).cloned().collect();
    let branch = explanation.objectives.iter().find(|held| held.id == *objective);
    let headline =
        branch.map(|held| node(&held.verdict, held.culprit.as_ref())).unwrap_or_default();
    let mut text = format!(", {}: {headline}\n", explanation.period.label());
    if let Some(share) = branch.and_then(|held| held.normalised) {
        let _ = writeln!(text, "  {:.1} % of {}", 100.0 * share, perspective.name);
    }
    text.push_str(&parts(&own));
    (text, json!({ "period": explanation.period, "objective": branch, "kpis": own }))
}

/// A child: name, verdict, weight, its part in the parent's score, what it adds.
struct ChildRow<'n> {
    name: &'n str,
    verdict: Verdict,
    weight: f64,
    share: Option<f64>,
    adds: Option<f64>,
}

impl<'n> ChildRow<'n> {
    fn of(name: &'n str, weight: f64, verdict: Verdict, share: Option<f64>) -> Self {
        // With a part and no score, `missing: worst` counts it as 0.
        let adds = share.map(|share| share * verdict.score.unwrap_or(0.0));
        Self { name, verdict, weight, share, adds }
    }
}

fn table(rows: &[ChildRow<'_>]) -> String {
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for ChildRow { name, verdict, weight, share, adds } in rows {
        let score = verdict.score.map(rounding::score).unwrap_or_default();
        let status = verdict.status.words();
        let _ = write!(text, "  {name:<width$}  {status:<10} {score:>5}  weight {weight}");
        match share.zip(*adds) {
            Some((share, adds)) => {
                let _ = writeln!(text, " = {:.1} %, adds {adds:.1}", 100.0 * share);
            }
            None => text.push_str(", left out\n"),
        }
    }
    text
}

fn rows_json(rows: &[ChildRow<'_>]) -> Vec<Value> {
    let row = |row: &ChildRow<'_>| {
        json!({
            "name": row.name, "status": row.verdict.status, "score": row.verdict.score,
            "weight": row.weight, "normalised": row.share, "contribution": row.adds,
        })
    };
    rows.iter().map(row).collect()
}

fn parts(parts: &[Part]) -> String {
    let width = parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for part in parts {
        let score = part.score.map(rounding::score).unwrap_or_default();
        let _ = write!(text, "  {:<width$}  {:<10} {score:>5}", part.name, part.status.words());
        match part.weight.zip(part.contribution) {
            Some((weight, adds)) => {
                let _ = write!(text, "  × {:.1} % = {adds:.1}", 100.0 * weight);
            }
            None => text.push_str("  left out"),
        }
        if let Some((before, change)) = part.before.zip(part.change) {
            let _ = write!(text, ", was {}: {}", rounding::score(before), rounding::points(change));
        }
        if let Some((short, share)) = part.shortfall.zip(part.share_pct).filter(|(s, _)| *s > 0.0) {
            let _ = write!(text, ", short by {short:.1} = {share:.0} % of the shortfall");
        }
        text.push('\n');
    }
    text
}

fn node(verdict: &Verdict, culprit: Option<&Id>) -> String {
    let mut text = headline(verdict.status.words(), verdict.score);
    let reason = verdict.reason.and_then(|reason| serde_json::to_value(reason).ok());
    if let Some(reason) = reason.as_ref().and_then(Value::as_str) {
        let _ = write!(text, ", by {}", reason.replace('_', " "));
    }
    if let Some(culprit) = culprit {
        let _ = write!(text, " ({culprit})");
    }
    if verdict.coverage < 1.0 {
        let _ = write!(text, ", {} of the weight has data", rounding::percent(verdict.coverage));
    }
    text
}

fn headline(words: &str, score: Option<f64>) -> String {
    score.map_or_else(|| words.to_owned(), |score| format!("{words} {}", rounding::score(score)))
}

/// " = 100 × 2703 / 3000"
fn divided(figure: Option<Figure>, scale: f64) -> String {
    match figure {
        Some(Figure::Ratio { numerator, denominator }) => {
            format!(" = {scale} × {numerator} / {denominator}")
        }
        _ => String::new(),
    }
}

/// The score's formula with its numbers, where it is the usual straight line.
fn formula(scoring: &Scoring, anchored: bool, verdict: &PeriodVerdict) -> Option<String> {
    let (value, score) = (verdict.value?, verdict.score?);
    let shown = rounding::score(score);
    if anchored || *scoring != Scoring::Threshold {
        return Some(shown);
    }
    let lines = verdict.lines.as_ref()?;
    let (Lines::OneSided { .. } | Lines::Band(_), (Some(green), Some(red))) =
        (lines, lines.shown(Some(value)))
    else {
        return Some(shown);
    };
    if green == red {
        return Some(format!("{shown}: on the line 100, beyond it 0"));
    }
    let raw = 40.0 + 30.0 * (value - red) / (green - red);
    let kept =
        if (raw - score).abs() > 0.05 { format!("{raw:.1}, kept at {shown}") } else { shown };
    let numbers = Readout::new(None, None, Some(value), [Some(green), Some(red)]);
    let number = |value: f64| numbers.number(value);
    let (value, green, red) = (number(value), number(green), number(red));
    Some(format!("40 + 30 × ({value} - {red}) / ({green} - {red}) = {kept}"))
}
