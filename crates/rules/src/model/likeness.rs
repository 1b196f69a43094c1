//! Like with like: wherever the figures of several KPIs are put together, what does not fit.

use crate::model::{
    formula::units::Mixed,
    id::KpiRef,
    kpi_definition::{Input, Kpi, Nature},
    link_error::LinkError,
    target::{Reference, Target},
};

/// What a KPI does with the figures of another.
#[derive(Clone, Copy)]
enum Joined {
    /// Adds them up, as one unit of several.
    Shared,
    /// Calculates with them.
    Formula,
    /// Sets its target by them.
    Target,
}

/// Everything that is put together and does not fit.
pub(crate) fn unlike<'a>(
    kpis: impl Iterator<Item = (KpiRef, &'a Kpi)>,
    find: &dyn Fn(&KpiRef) -> Option<&'a Kpi>,
) -> Vec<LinkError> {
    let mut found = Vec::new();
    for (named, kpi) in kpis {
        let error = |(what, hint): (String, &'static str)| LinkError::Unlike {
            from: named.to_string(),
            what,
            hint,
        };
        match &kpi.input {
            Input::Collected => {}
            Input::Shared(units) => {
                let units = units.iter().filter_map(|unit| Some((unit, find(unit)?)));
                found.extend(units.filter_map(|unit| of_unit(kpi, unit)).map(error));
            }
            Input::Derived(formula) => {
                let inputs: Option<Vec<(KpiRef, &Kpi)>> = formula
                    .names()
                    .iter()
                    .map(|name| {
                        let input = named.relative(name)?;
                        let defined = find(&input)?;
                        Some((input, defined))
                    })
                    .collect();
                // A name that leads nowhere is told as such.
                let Some(inputs) = inputs else { continue };
                let periods = inputs.iter().filter_map(|(input, defined)| {
                    of_period(kpi, Joined::Formula, (input, defined))
                });
                found.extend(periods.map(error));
                let unit = |at: usize| inputs.get(at)?.1.unit.clone();
                let mixed = formula.mixed_units(&unit, kpi.unit.as_deref());
                found.extend(mixed.map(|mixed| error(of_units(kpi, formula.names(), mixed))));
            }
        }
        found.extend(references(kpi).filter_map(|other| {
            let other = (other, find(other)?);
            of_period(kpi, Joined::Target, other).or_else(|| of_target(kpi, other)).map(error)
        }));
    }
    found
}

fn references(kpi: &Kpi) -> impl Iterator<Item = &KpiRef> {
    kpi.aims.iter().filter_map(|aim| match &aim.target {
        Some(Target::Relative { to: Reference::Kpi(other), .. }) => Some(other),
        _ => None,
    })
}

/// A unit of a shared KPI is the same KPI elsewhere.
fn of_unit(kpi: &Kpi, (named, unit): (&KpiRef, &Kpi)) -> Option<(String, &'static str)> {
    let adds_up = |what: String| format!("adds up `{named}`, {what}");
    let told = |what: String, hint| Some((adds_up(what), hint));
    if unit.nature != kpi.nature {
        let (this, that) = (nature(kpi.nature), nature(unit.nature));
        return told(
            format!("which is {that}, and is {this} itself"),
            "give both the same `nature`",
        );
    }
    if let Some(found) = of_period(kpi, Joined::Shared, (named, unit)) {
        return Some(found);
    }
    if let Some((this, that)) = other_unit(kpi, unit) {
        let hint = "give both the same `unit`, and the figures in it; a `formula` can convert one";
        return told(format!("which is in `{that}`, and is in `{this}` itself"), hint);
    }
    // Without units nobody says that they are meant alike.
    let are_named = kpi.unit.is_some() && unit.unit.is_some();
    if kpi.nature == Nature::Ratio && are_named && kpi.scale.to_bits() != unit.scale.to_bits() {
        let what = format!("whose `scale` is {}, and its own is {}", unit.scale, kpi.scale);
        return told(what, "give both the same `scale`");
    }
    let both_judged = !kpi.aims.is_empty() && !unit.aims.is_empty();
    if both_judged && kpi.direction != unit.direction {
        let what = "for which the other direction is better".to_owned();
        return told(what, "give both the same `direction`");
    }
    None
}

/// Figures are put together period by period.
fn of_period(
    kpi: &Kpi,
    joined: Joined,
    (named, other): (&KpiRef, &Kpi),
) -> Option<(String, &'static str)> {
    if kpi.frequency == other.frequency {
        return None;
    }
    let verb = match joined {
        Joined::Shared => "adds up",
        Joined::Formula => "is made of",
        Joined::Target => "is compared with",
    };
    let what = format!(
        "{verb} `{named}`, which has a figure a {}, and has one a {} itself",
        other.frequency.noun(),
        kpi.frequency.noun()
    );
    Some((what, "give both the same `period`"))
}

fn of_target(kpi: &Kpi, (named, other): (&KpiRef, &Kpi)) -> Option<(String, &'static str)> {
    let (this, that) = other_unit(kpi, other)?;
    let what =
        format!("is compared with `{named}`, which is in `{that}`, and is in `{this}` itself");
    Some((what, "give both the same `unit`; a KPI with a `formula` can convert one"))
}

fn of_units(kpi: &Kpi, names: &[String], mixed: Mixed) -> (String, &'static str) {
    let name = |at: usize| names.get(at).map_or("", String::as_str);
    match mixed {
        Mixed::Terms((left, this), (right, that)) => {
            let (left, right) = (name(left), name(right));
            let what = format!("adds or compares `{left}` in `{this}` and `{right}` in `{that}`");
            (what, "convert one of them: kEUR / 1000 is MEUR")
        }
        Mixed::Result(at, that) => {
            let this = kpi.unit.as_deref().unwrap_or_default();
            let what =
                format!("is in `{this}`, and its formula comes out in `{that}` of `{}`", name(at));
            (what, "give it that `unit`, or convert in the formula: kEUR / 1000 is MEUR")
        }
    }
}

/// The units of two KPIs, where both are written and differ.
fn other_unit<'a>(kpi: &'a Kpi, other: &'a Kpi) -> Option<(&'a str, &'a str)> {
    let units = kpi.unit.as_deref().zip(other.unit.as_deref());
    units.filter(|(this, that)| this.trim() != that.trim())
}

fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::Flow => "a flow",
        Nature::Level => "a level",
        Nature::Ratio => "a ratio",
        Nature::Event => "an event",
    }
}
