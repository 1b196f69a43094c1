//! The early word of an alert, worded: where its KPIs are heading, and what that is taken from.

use crate::{
    facts::{
        alert::{Early, Facts},
        kpi::{Better, ForecastFacts, KpiFacts, PaceFacts},
    },
    mail::figures,
    wording::line,
};
use kpid_rules::{
    judgement::{Basis, rounding},
    model::{Period, Status},
};

/// A manager reads so many; the rest is on the board.
const KPIS_MAX: usize = 5;

/// What follows the period in the first sentence, and how it was when last judged.
pub(crate) fn sentence(facts: &Facts, early: &Early) -> String {
    let basis = match early.basis {
        Basis::Pace => format!("at the pace of the {} so far", running(early)),
        Basis::Forecast => "by the forecast".to_owned(),
    };
    let would = format!("{basis} it would be {}{}.", early.status.words(), at(early.score));
    let was = facts.status.to.zip(facts.period.as_ref());
    let was = was.map(|(status, period)| match status {
        Status::NoData => format!(" {} has no data.", period.label),
        status => format!(" {} was {}{}.", period.label, status.words(), at(facts.score.to)),
    });
    format!("{would}{}", was.unwrap_or_default())
}

/// The KPIs that are heading there, the worst first.
pub(crate) fn shown<'f>(facts: &'f Facts, early: &Early) -> Vec<&'f KpiFacts> {
    let heads = |kpi: &&KpiFacts, status| heading(kpi, early.basis) == Some(status);
    let of = |status| facts.kpis.iter().filter(move |kpi| heads(kpi, status));
    of(Status::OffTrack).chain(of(Status::AtRisk)).take(KPIS_MAX).collect()
}

/// Where one of them is heading, and what that is taken from.
pub(crate) fn heads(kpi: &KpiFacts, early: &Early) -> Option<String> {
    match early.basis {
        Basis::Pace => kpi.pace.as_ref().map(|pace| paced(kpi, pace)),
        Basis::Forecast => kpi.forecast.as_ref().map(|forecast| forecasted(kpi, forecast)),
    }
}

/// What the days that are left of a flow's running period must bring.
pub(crate) fn required(kpi: &KpiFacts) -> Option<String> {
    let pace = kpi.pace.as_ref()?;
    let (rate, target) = (pace.required_rate?, pace.target?);
    let per = if pace.working_days { "a working day" } else { "a day" };
    let (period, target) = (&pace.period.label, figures::plain(kpi, target));
    if kpi.direction == Better::Lower {
        if rate < 0.0 {
            return Some(format!("already beyond {target}, the target of {period}"));
        }
        let most = figures::plain(kpi, rounding::inward(rate, kpi.decimals));
        return Some(format!("at most {most} {per} to keep to {target} in {period}"));
    }
    (rate > 0.0).then(|| {
        let least = figures::plain(kpi, rounding::outward(rate, kpi.decimals));
        format!("{least} {per} to reach {target} in {period}")
    })
}

fn heading(kpi: &KpiFacts, basis: Basis) -> Option<Status> {
    match basis {
        Basis::Pace => kpi.pace.as_ref().map(|pace| pace.status),
        Basis::Forecast => kpi.forecast.as_ref().map(|forecast| forecast.status),
    }
}

fn paced(kpi: &KpiFacts, pace: &PaceFacts) -> String {
    let (name, so_far) = (line(&kpi.name), figures::plain(kpi, pace.value));
    let by_now = figures::plain(kpi, pace.target_to_date);
    let comes_to = pace.projection.map(|projection| {
        let (period, projected) = (&pace.period.label, figures::plain(kpi, projection));
        format!("; at this pace {period} comes to {projected}, {}", pace.status.words())
    });
    let wanted =
        if kpi.direction == Better::Lower { "at most wanted by now" } else { "wanted by now" };
    format!("{name}: {so_far} so far, {by_now} {wanted}{}.", comes_to.unwrap_or_default())
}

fn forecasted(kpi: &KpiFacts, forecast: &ForecastFacts) -> String {
    let method = match forecast.method.as_str() {
        "mean" => format!("by the mean of {} periods", forecast.count),
        "drift" => format!("by the drift of {} periods", forecast.count),
        _ => "as a year ago".to_owned(),
    };
    format!(
        "{}: {} expected in {} ({} to {}, {method}), {}.",
        line(&kpi.name),
        figures::plain(kpi, forecast.value),
        forecast.period.label,
        figures::plain(kpi, forecast.lower),
        figures::plain(kpi, forecast.upper),
        forecast.status.words(),
    )
}

fn at(score: Option<f64>) -> String {
    score.map(|score| format!(" at {}", rounding::score(score))).unwrap_or_default()
}

/// What the running period is called.
fn running(early: &Early) -> &'static str {
    let key = early.period.as_ref().and_then(|period| Period::parse(&period.key).ok());
    key.map_or("period", |period| period.frequency().noun())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn what_the_days_left_must_bring_depends_on_which_way_is_better() {
        let said = |direction, rate, days| {
            let mut kpi = samples::alerts::early().kpis[0].clone();
            kpi.direction = direction;
            kpi.pace.iter_mut().for_each(|pace| {
                (pace.required_rate, pace.working_days) = (rate, days);
            });
            required(&kpi).unwrap_or_default()
        };
        let to_reach = "20 a working day to reach 300 in August 2026";
        assert_eq!(said(Better::Higher, Some(19.27), true), to_reach);
        assert_eq!(said(Better::Higher, Some(-1.0), true), "");
        assert_eq!(said(Better::Higher, None, true), "");
        let to_keep = "at most 19 a day to keep to 300 in August 2026";
        assert_eq!(said(Better::Lower, Some(19.27), false), to_keep);
        let beyond = "already beyond 300, the target of August 2026";
        assert_eq!(said(Better::Lower, Some(-1.0), false), beyond);
    }
}
