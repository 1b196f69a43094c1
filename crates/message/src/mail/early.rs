//! The early word of an alert, worded: where its KPIs are heading, and what that is taken from.

use crate::{
    facts::{
        alert::{Early, Facts},
        kpi::{Better, ForecastFacts, KpiFacts, PaceFacts},
    },
    mail::figures,
    wording::{line, period_words},
};
use kpid_language::{Language, text};
use kpid_rules::{
    judgement::{Basis, rounding},
    model::{Frequency, Period, Status},
};

/// A manager reads so many; the rest is on the board.
const KPIS_MAX: usize = 5;

/// What follows the period in the first sentence, and how it was when last judged.
pub(crate) fn sentence(language: &Language, facts: &Facts, early: &Early) -> String {
    let basis = match early.basis {
        Basis::Pace => running(language, early),
        Basis::Forecast => language.text("mail-basis-forecast").into_owned(),
    };
    let status = at(language, early.status, early.score);
    let would = text!(language, "mail-would-be", basis = basis, status = status);
    let Some((status, period)) = facts.status.to.zip(facts.period.as_ref()) else { return would };
    let period = period_words(language, period);
    let was = match status {
        Status::NoData => text!(language, "mail-had-no-data", period = period),
        status => {
            let status = at(language, status, facts.score.to);
            text!(language, "mail-was-status", period = period, status = status)
        }
    };
    format!("{would} {was}")
}

/// The KPIs that are heading there, the worst first.
pub(crate) fn shown<'f>(facts: &'f Facts, early: &Early) -> Vec<&'f KpiFacts> {
    let heads = |kpi: &&KpiFacts, status| heading(kpi, early.basis) == Some(status);
    let of = |status| facts.kpis.iter().filter(move |kpi| heads(kpi, status));
    of(Status::OffTrack).chain(of(Status::AtRisk)).take(KPIS_MAX).collect()
}

/// Where one of them is heading, and what that is taken from.
pub(crate) fn heads(language: &Language, kpi: &KpiFacts, early: &Early) -> Option<String> {
    match early.basis {
        Basis::Pace => kpi.pace.as_ref().map(|pace| paced(language, kpi, pace)),
        Basis::Forecast => {
            kpi.forecast.as_ref().map(|forecast| forecasted(language, kpi, forecast))
        }
    }
}

/// What the days that are left of a flow's running period must bring.
pub(crate) fn required(language: &Language, kpi: &KpiFacts) -> Option<String> {
    let pace = kpi.pace.as_ref()?;
    let (rate, target) = (pace.required_rate?, pace.target?);
    let per = if pace.working_days { "mail-a-working-day" } else { "mail-a-day" };
    let per = language.text(per);
    let period = period_words(language, &pace.period);
    let target = figures::plain(language, kpi, target);
    if kpi.direction == Better::Lower {
        if rate < 0.0 {
            return Some(text!(language, "mail-beyond", target = target, period = period));
        }
        let most = figures::plain(language, kpi, rounding::inward(rate, kpi.decimals));
        return Some(text!(
            language,
            "mail-at-most-to-keep",
            rate = most,
            per = per,
            target = target,
            period = period
        ));
    }
    (rate > 0.0).then(|| {
        let least = figures::plain(language, kpi, rounding::outward(rate, kpi.decimals));
        text!(language, "mail-to-reach", rate = least, per = per, target = target, period = period)
    })
}

fn heading(kpi: &KpiFacts, basis: Basis) -> Option<Status> {
    match basis {
        Basis::Pace => kpi.pace.as_ref().map(|pace| pace.status),
        Basis::Forecast => kpi.forecast.as_ref().map(|forecast| forecast.status),
    }
}

fn paced(language: &Language, kpi: &KpiFacts, pace: &PaceFacts) -> String {
    let (name, so_far) = (line(&kpi.name), figures::plain(language, kpi, pace.value));
    let by_now = figures::plain(language, kpi, pace.target_to_date);
    let wanted = match kpi.direction {
        Better::Lower => text!(language, "mail-at-most-by-now", value = by_now),
        _ => text!(language, "mail-wanted-by-now", value = by_now),
    };
    match pace.projection {
        Some(projection) => {
            let period = period_words(language, &pace.period);
            let value = figures::plain(language, kpi, projection);
            let status = language.status(pace.status);
            text!(
                language,
                "mail-paced-to",
                name = name,
                value = so_far,
                wanted = wanted,
                period = period,
                projection = value,
                status = status
            )
        }
        None => {
            text!(language, "mail-paced", name = name, value = so_far, wanted = wanted)
        }
    }
}

fn forecasted(language: &Language, kpi: &KpiFacts, forecast: &ForecastFacts) -> String {
    let method = match forecast.method.as_str() {
        "mean" => text!(language, "mail-by-mean", count = forecast.count),
        "drift" => text!(language, "mail-by-drift", count = forecast.count),
        _ => language.text("mail-as-a-year-ago").into_owned(),
    };
    text!(
        language,
        "mail-forecast",
        name = line(&kpi.name),
        value = figures::plain(language, kpi, forecast.value),
        period = period_words(language, &forecast.period),
        low = figures::plain(language, kpi, forecast.lower),
        high = figures::plain(language, kpi, forecast.upper),
        method = method,
        status = language.status(forecast.status)
    )
}

/// `off track at 35.8`
fn at(language: &Language, status: Status, score: Option<f64>) -> String {
    let status = language.status(status);
    match score {
        Some(score) => {
            let score = figures::score(language, score);
            text!(language, "mail-status-at", status = status, score = score)
        }
        None => status,
    }
}

/// At which pace: that of the running month.
fn running(language: &Language, early: &Early) -> String {
    let key = early.period.as_ref().and_then(|period| Period::parse(&period.key).ok());
    let key = match key.map(|period| period.frequency()) {
        Some(Frequency::Day) => "mail-basis-pace-day",
        Some(Frequency::Week) => "mail-basis-pace-week",
        Some(Frequency::Month) => "mail-basis-pace-month",
        Some(Frequency::Quarter) => "mail-basis-pace-quarter",
        Some(Frequency::Half) => "mail-basis-pace-half",
        Some(Frequency::Year) => "mail-basis-pace-year",
        None => "mail-basis-pace-period",
    };
    language.text(key).into_owned()
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
            required(kpid_language::english(), &kpi).unwrap_or_default()
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
