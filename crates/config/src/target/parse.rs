//! Targets and tolerances, parsed.

use chrono::NaiveDate;

use crate::{
    kpi::document::{DirectionDoc, KpiDoc},
    parse_context::{ParseContext, given},
    problem::{Place, Problem},
    scorecard::context::ScorecardContext,
    status::status,
    target::document::{
        AimDoc, AnnualDoc, BandDoc, ReferenceDoc, RelativeDoc, RollingDoc, ShapeDoc, StepDoc,
        TargetDoc, TrajectoryDoc,
    },
    yaml::{
        located::{Entries, Loc},
        scalar::AmountDoc,
    },
};
use kpid_rules::{
    judgement::manual_score,
    model::{
        Aim, Amount, Band, Direction, Frequency, Kpi, KpiRef, Moment, Nature, Reference, ScoreStep,
        Target, Tolerance, TrajectoryShape,
    },
};

/// The tolerance of a KPI whose author names none.
const TOLERANCE: Amount = Amount::Percent(10.0);

/// The direction written, or the way a trajectory goes, or higher.
pub(crate) fn direction(doc: &KpiDoc) -> Direction {
    if let Some(written) = given(doc.direction.as_ref()) {
        return written_direction(*written);
    }
    match given(doc.target.as_ref()) {
        Some(TargetDoc::Trajectory(TrajectoryDoc { from: Some(from), to: Some(to), .. }))
            if to < from =>
        {
            Direction::Lower
        }
        _ => Direction::Higher,
    }
}

/// What the KPI is judged against, by first period ascending.
pub(crate) fn aims(
    context: &mut ScorecardContext<'_>,
    kpi: &Kpi,
    place: Place,
    doc: &KpiDoc,
) -> Vec<Aim> {
    let tolerance = tolerance(context.parse, kpi, doc);
    let Some(target) = &doc.target else {
        // Measured from a target that comes with the figures.
        let is_measured = doc.tolerance.is_some() && kpi.nature != Nature::Event;
        let judged = is_measured || !matches!(tolerance, Tolerance::Margins { .. });
        let aim = Aim { from: None, target: None, tolerance };
        return if judged { vec![aim] } else { untargeted(kpi) };
    };
    let aims = match target.value.as_ref() {
        None => Vec::new(),
        Some(TargetDoc::List(list)) => dated(context.parse, kpi, list, &tolerance),
        Some(_) => aim(context.parse, kpi, None, target, tolerance.clone()).into_iter().collect(),
    };
    let has_tolerance = doc.tolerance.is_some() || doc.lines.is_some() || doc.steps.is_some();
    let is_bare = !has_tolerance && target.value.as_ref().is_some_and(lacks_tolerance);
    if kpi.unit.as_deref() == Some("%") && is_bare && !aims.is_empty() {
        let message = format!("`{}` is in % and has no tolerance", kpi.id);
        let hint = "write tolerance: 3 for three percentage points; 10 % of a target of 99.9 % would be too wide";
        context.parse.problems.push(Problem::error(place, message).hint(hint));
    }
    aims
}

/// Without a target: a yes/no event is judged by itself, anything else is for information.
fn untargeted(kpi: &Kpi) -> Vec<Aim> {
    if kpi.nature != Nature::Event {
        return Vec::new();
    }
    let two_states = Tolerance::Lines { green: 1.0, red: 1.0 };
    vec![Aim { from: None, target: Some(Target::Fixed(1.0)), tolerance: two_states }]
}

/// Whether a target is written that needs a tolerance, without one of its own.
fn lacks_tolerance(written: &TargetDoc) -> bool {
    match written {
        TargetDoc::Band(_) | TargetDoc::Milestone(_) => false,
        TargetDoc::List(list) => {
            let mut bare = list.iter().filter_map(|aim| aim.value.as_ref());
            bare.any(|aim| {
                aim.tolerance.is_none() && aim.target.value.as_ref().is_some_and(lacks_tolerance)
            })
        }
        _ => true,
    }
}

fn tolerance(context: &mut ParseContext, kpi: &Kpi, doc: &KpiDoc) -> Tolerance {
    if let Some(lines) = &doc.lines {
        let Some(found) = &lines.value else { return usual() };
        let sign = kpi.direction.sign();
        if sign * found.green < sign * found.red {
            let message =
                format!("the red line {} is better than the green line {}", found.red, found.green);
            let hint = "swap them, or reverse `direction`";
            context.problems.push(Problem::error(lines.place, message).hint(hint));
        }
        return Tolerance::Lines { green: found.green, red: found.red };
    }
    if let Some(rows) = given(doc.steps.as_ref()) {
        let rows = rows.iter().filter_map(|row| row.value.as_ref());
        let step = |row: &StepDoc| {
            let status = status(row.status);
            let score = row.score.or_else(|| manual_score(status)).unwrap_or_default();
            ScoreStep { from: row.from, status, score: score.clamp(0.0, 100.0) }
        };
        return Tolerance::Steps(rows.map(step).collect());
    }
    let red = doc.tolerance.as_ref().map_or(TOLERANCE, |doc| margin(context, doc, TOLERANCE));
    let none = Amount::Absolute(0.0);
    let green = doc.green_tolerance.as_ref().map_or(none, |doc| margin(context, doc, none));
    if let Some(doc) = &doc.green_tolerance {
        check_order(context, doc.place, green, red);
    }
    let floor =
        doc.tolerance_floor.as_ref().and_then(|doc| context.at_least_zero(doc, "tolerance_floor"));
    Tolerance::Margins { green, red, floor }
}

/// A tolerance as written, or the usual one with the mistake told.
fn margin(context: &mut ParseContext, doc: &Loc<AmountDoc>, usual: Amount) -> Amount {
    let amount = context.amount(doc).unwrap_or(usual);
    let (Amount::Absolute(number) | Amount::Percent(number)) = amount;
    if number < 0.0 {
        context.error(doc.place, format!("a tolerance is {number}; it must be 0 or more"));
    }
    amount
}

/// What is in different units can be compared only when there is a target.
fn check_order(context: &mut ParseContext, place: Place, green: Amount, red: Amount) {
    let is_wider = match (green, red) {
        (Amount::Absolute(green), Amount::Absolute(red))
        | (Amount::Percent(green), Amount::Percent(red)) => green > red.max(0.0),
        _ => false,
    };
    if is_wider {
        let message = "`green_tolerance` is wider than `tolerance`: red would begin inside green";
        context.error(place, message);
    }
}

fn usual() -> Tolerance {
    Tolerance::Margins { green: Amount::Absolute(0.0), red: TOLERANCE, floor: None }
}

fn dated(
    context: &mut ParseContext,
    kpi: &Kpi,
    list: &[Loc<AimDoc>],
    tolerance: &Tolerance,
) -> Vec<Aim> {
    let mut aims: Vec<(Aim, Place)> = Vec::new();
    for doc in list {
        let Some(found) = &doc.value else { continue };
        let from = found
            .from
            .as_ref()
            .and_then(|from| context.period_of(from.value.as_deref()?, from.place, kpi.frequency));
        let tolerance = match (&found.tolerance, tolerance) {
            (Some(own), Tolerance::Margins { green, floor, .. }) => {
                let red = margin(context, own, TOLERANCE);
                check_order(context, own.place, *green, red);
                Tolerance::Margins { green: *green, red, floor: *floor }
            }
            _ => tolerance.clone(),
        };
        let parsed = aim(context, kpi, from, &found.target, tolerance);
        aims.extend(parsed.map(|aim| (aim, doc.place)));
    }
    aims.sort_by_key(|(aim, _)| aim.from);
    for pair in aims.windows(2) {
        if pair[0].0.from == pair[1].0.from {
            context.error(pair[1].1, "two targets apply from the same period");
        }
    }
    aims.into_iter().map(|(aim, _)| aim).collect()
}

fn aim(
    context: &mut ParseContext,
    kpi: &Kpi,
    from: Option<kpid_rules::model::Period>,
    doc: &Loc<TargetDoc>,
    tolerance: Tolerance,
) -> Option<Aim> {
    let written = doc.value.as_ref()?;
    if let TargetDoc::Maintain(value) = written {
        check_zero(context, doc.place, value.value, &tolerance);
        return maintained(context, value, &tolerance).map(|band| Aim {
            from,
            target: Some(Target::Band(band)),
            tolerance,
        });
    }
    let target = target(context, kpi, doc.place, written)?;
    if let Target::Fixed(value) = target {
        check_zero(context, doc.place, Some(value), &tolerance);
    }
    Some(Aim { from, target: Some(target), tolerance })
}

/// A percentage of 0, for green or for red, needs a floor.
fn check_zero(context: &mut ParseContext, place: Place, value: Option<f64>, tolerance: &Tolerance) {
    let Tolerance::Margins { green, red, floor: None } = tolerance else { return };
    let is_share = |amount: &Amount| matches!(amount, Amount::Percent(percent) if *percent != 0.0);
    if value == Some(0.0) && (is_share(green) || is_share(red)) {
        let message = "the target is 0, so a tolerance in percent of it is 0, too";
        let hint = "write tolerance: 3 in the KPI's unit, or tolerance: 0 for met or missed";
        context.problems.push(Problem::error(place, message).hint(hint));
    }
}

fn target(context: &mut ParseContext, kpi: &Kpi, place: Place, doc: &TargetDoc) -> Option<Target> {
    match doc {
        TargetDoc::Number(value) => Some(Target::Fixed(*value)),
        TargetDoc::Phased(values) => phased(context, values, kpi.frequency),
        TargetDoc::Annual(doc) => annual(context, kpi.frequency, place, doc),
        TargetDoc::Trajectory(doc) => trajectory(context, place, doc),
        TargetDoc::Relative(doc) => relative(context, doc),
        TargetDoc::Rolling(RollingDoc { periods, min }) => {
            if *periods == 0 || min.is_some_and(|min| min > *periods) {
                context.error(
                    place,
                    "`rolling` needs `periods` of 1 or more, and a `min` that is not larger",
                );
            }
            Some(Target::Rolling { periods: *periods, min: min.unwrap_or(periods.div_ceil(2)) })
        }
        TargetDoc::Band(doc) => band(context, place, doc).map(Target::Band),
        TargetDoc::Milestone(doc) => context.day(&doc.due).map(|due| Target::Milestone { due }),
        TargetDoc::Maintain(_) => None,
        TargetDoc::List(_) => {
            context.error(place, "a list of targets cannot contain another list");
            None
        }
    }
}

fn phased(
    context: &mut ParseContext,
    values: &Entries<f64>,
    frequency: Frequency,
) -> Option<Target> {
    let pairs = values.iter().filter_map(|(key, place, value)| {
        Some((context.period_of(key, place, frequency)?, *value))
    });
    Some(Target::Phased(pairs.collect()))
}

fn annual(
    context: &mut ParseContext,
    frequency: Frequency,
    place: Place,
    doc: &AnnualDoc,
) -> Option<Target> {
    let periods = match frequency {
        Frequency::Month => 12,
        Frequency::Quarter => 4,
        Frequency::Half => 2,
        Frequency::Year => 1,
        Frequency::Day | Frequency::Week => {
            context.error(
                place,
                "`annual` is spread over months, quarters or half-years; use `phased` here",
            );
            return None;
        }
    };
    let weights = match &doc.weights {
        None => vec![1.0; periods],
        Some(weights) => weights.value.clone()?,
    };
    let good = weights.len() == periods
        && weights.iter().all(|weight| *weight >= 0.0)
        && weights.iter().sum::<f64>() > 0.0;
    let message = format!("`weights` needs {periods} numbers, none negative, not all 0");
    context.checked(
        place,
        if good { Ok(Target::Annual { total: doc.total, weights }) } else { Err(message) },
    )
}

fn trajectory(context: &mut ParseContext, place: Place, doc: &TrajectoryDoc) -> Option<Target> {
    let mut points: Vec<(NaiveDate, f64)> = Vec::new();
    let ends = [(&doc.at, doc.from, "from", "at"), (&doc.by, doc.to, "to", "by")];
    for (day, value, value_key, day_key) in ends {
        match (day.as_ref(), value) {
            (Some(day), Some(value)) => points.extend(context.day(day).map(|day| (day, value))),
            (None, None) => {}
            _ => context.error(
                place,
                format!("`{value_key}` requires `{day_key}`, and the other way round"),
            ),
        }
    }
    for (key, place, value) in given(doc.points.as_ref()).into_iter().flat_map(|docs| docs.iter()) {
        let day = Moment::parse_day(key)
            .ok_or_else(|| format!("`{key}` is not a valid day; write one such as 2026-10-01"));
        points.extend(context.checked(place, day).map(|day| (day, *value)));
    }
    points.sort_by_key(|(day, _)| *day);
    let twice = points.windows(2).any(|pair| pair[0].0 == pair[1].0);
    let backwards =
        doc.at.as_ref().zip(doc.by.as_ref()).is_some_and(|(at, by)| at.value >= by.value);
    if backwards {
        context.error(place, "`by` of the trajectory must be later than `at`");
    } else if twice || points.len() < 2 {
        context.error(place, "a trajectory needs two or more points, on different days");
    }
    let shape = match doc.shape {
        None | Some(ShapeDoc::Linear) => TrajectoryShape::Linear,
        Some(ShapeDoc::Step) => TrajectoryShape::Step,
    };
    Some(Target::Trajectory { points, shape })
}

fn relative(context: &mut ParseContext, doc: &RelativeDoc) -> Option<Target> {
    let to = match doc.to.value.as_ref()? {
        ReferenceDoc::PreviousPeriod => Reference::PreviousPeriod,
        ReferenceDoc::SamePeriodLastYear => Reference::SamePeriodLastYear,
        ReferenceDoc::Baseline(value) => Reference::Baseline(*value),
        ReferenceDoc::Kpi(name) => {
            let text = name.value.as_deref()?;
            let message = format!("`{text}` is not the path of a KPI; write scorecard/kpi");
            Reference::Kpi(context.checked(name.place, KpiRef::parse(text).ok_or(message))?)
        }
    };
    let improve = match &doc.improve {
        None => Amount::Absolute(0.0),
        Some(amount) => context.amount(amount)?,
    };
    Some(Target::Relative { to, improve })
}

fn band(context: &mut ParseContext, place: Place, doc: &BandDoc) -> Option<Band> {
    let (low, high) = (doc.low, doc.high);
    let (red_low, red_high) = (doc.red_low.unwrap_or(low), doc.red_high.unwrap_or(high));
    let ordered = red_low <= low && low <= high && high <= red_high;
    let message = format!(
        "the edges {red_low}, {low}, {high}, {red_high} must rise: red_low, low, high, red_high"
    );
    context.checked(
        place,
        if ordered { Ok(Band { low, high, red_low, red_high }) } else { Err(message) },
    )
}

/// A value to keep: green within the green tolerance, red beyond the tolerance.
fn maintained(context: &mut ParseContext, value: &Loc<f64>, tolerance: &Tolerance) -> Option<Band> {
    let kept = value.value?;
    let Tolerance::Margins { green, red, floor } = tolerance else {
        context.error(value.place, "`maintain` goes with `tolerance`, not with `lines` or `steps`");
        return None;
    };
    let size = |amount: &Amount| match amount {
        Amount::Absolute(distance) => *distance,
        Amount::Percent(percent) => percent / 100.0 * kept.abs(),
    };
    let red = match (red, floor) {
        (Amount::Percent(percent), Some(floor)) if kept == 0.0 && *percent != 0.0 => *floor,
        _ => size(red),
    };
    // The whole tolerance is green unless a green tolerance says how much of it is.
    let green = if *green == Amount::Absolute(0.0) { red } else { size(green) };
    Some(Band { low: kept - green, high: kept + green, red_low: kept - red, red_high: kept + red })
}

fn written_direction(doc: DirectionDoc) -> Direction {
    match doc {
        DirectionDoc::Higher => Direction::Higher,
        DirectionDoc::Lower => Direction::Lower,
    }
}
