//! What those who look after the data are told of trouble with them, in their language.

use chrono::{DateTime, Utc};

use crate::outbox::notices::Wording;
use kpid_config::setup::Setup;
use kpid_language::{Language, text};
use kpid_message::{mail::data_remarks::periods_words, notice::Section};
use kpid_rules::{
    alerting::NoticeKind,
    evaluation::{IncidentKey, IncidentKind},
    judgement::{KpiStanding, Restated, rounding},
    model::{Id, KpiRef, Period},
};
use kpid_store::Held;

/// A notice names so many KPIs; more are counted.
const KPIS_NAMED_MAX: usize = 20;

/// KPIs whose source fails, each with what is wrong.
pub(super) type Failing<'a> = Vec<(KpiRef, &'a str)>;

/// Trouble as it is seen now.
#[derive(Clone)]
pub(super) enum Seen<'a> {
    /// A connection gives no figures for some of the KPIs that it feeds, each with what is wrong.
    Source { connection: &'a Id, kpis: Failing<'a>, fed: usize },
    /// Trouble of a KPI.
    Kpi { trouble: IncidentKind, named: &'a KpiRef, kpi: &'a KpiStanding },
    /// A figure that was reported is another one now.
    Restated { restated: &'a Restated, named: &'a KpiRef, kpi: &'a KpiStanding },
}

/// One thing to tell.
pub(super) struct IncidentMessage<'a> {
    pub(super) key: String,
    /// Whether its end is told too.
    pub(super) ends: bool,
    pub(super) told: IncidentTurn<'a>,
}

/// What is told.
pub(super) enum IncidentTurn<'a> {
    /// It began.
    Began(Seen<'a>),
    /// It is over, or nobody can see any more whether it goes on.
    Over { of: IncidentKey, since: DateTime<Utc>, why: Option<Unfollowed> },
}

/// Why nobody can see any more whether trouble goes on.
#[derive(Clone, Copy)]
pub(super) enum Unfollowed {
    /// What it was about is gone.
    NotConfigured,
    /// The connection feeds no KPI of the reader's.
    FeedsNothing,
    /// The KPI has no weight.
    DoesNotCount,
}

/// A subject, a sentence, and what else there is to say.
type NoticeParts = (String, String, Vec<String>);

/// For whom it is worded, from what.
type Context<'a> = (&'a Setup, &'a Held, &'a Language);

/// One notice of everything that began, or is over, for one reader.
pub(super) fn wording(
    context: Context<'_>,
    messages: &[IncidentMessage<'_>],
    began: bool,
    now: DateTime<Utc>,
) -> Wording {
    let language = context.2;
    let kind = if began { NoticeKind::DataTrouble } else { NoticeKind::DataRecovered };
    let why = language.text("trouble-why").into_owned();
    if let [IncidentMessage { key, ends, told }] = messages {
        let (subject, summary, lines) = said(context, told);
        let lines = Some(lines).filter(|lines| !lines.is_empty());
        let sections = lines.map(|lines| Section { title: String::new(), lines });
        let sections = sections.into_iter().collect();
        let lasts = began && *ends;
        return Wording { kind, dedup_key: key.clone(), subject, summary, sections, why, lasts };
    }
    let count = messages.len();
    let (subject, summary) = match began {
        true => (
            text!(language, "trouble-many-subject", count = count),
            text!(language, "trouble-many", count = count),
        ),
        false => (
            text!(language, "trouble-many-over-subject", count = count),
            text!(language, "trouble-many-over", count = count),
        ),
    };
    let section = |message: &IncidentMessage<'_>| {
        let (_, title, lines) = said(context, &message.told);
        Section { title, lines }
    };
    let mut sections: Vec<Section> = messages.iter().take(KPIS_NAMED_MAX).map(section).collect();
    if count > KPIS_NAMED_MAX {
        let title = text!(language, "mail-and-more", count = count - KPIS_NAMED_MAX);
        sections.push(Section { title, lines: Vec::new() });
    }
    let dedup_key = format!("data/{}", now.timestamp_micros());
    Wording { kind, dedup_key, subject, summary, sections, why, lasts: false }
}

fn said(context: Context<'_>, told: &IncidentTurn<'_>) -> NoticeParts {
    match told {
        IncidentTurn::Began(Seen::Source { connection, kpis, fed }) => {
            of_source(context, connection, kpis, *fed)
        }
        IncidentTurn::Began(Seen::Kpi { trouble, named, kpi }) => {
            of_kpi(context, *trouble, named, kpi)
        }
        IncidentTurn::Began(Seen::Restated { restated, named, kpi }) => {
            of_restated(context, restated, named, kpi)
        }
        IncidentTurn::Over { of, since, why } => over(context, of, *since, *why),
    }
}

fn over(
    (setup, _, language): Context<'_>,
    of: &IncidentKey,
    since: DateTime<Utc>,
    why: Option<Unfollowed>,
) -> NoticeParts {
    let what = match of {
        IncidentKey::Source { connection, .. } => {
            text!(language, "trouble-connection", id = connection.as_str())
        }
        IncidentKey::Overdue(kpi)
        | IncidentKey::Stale(kpi)
        | IncidentKey::Incomplete(kpi)
        | IncidentKey::Quarantined(kpi, _)
        | IncidentKey::Restated(kpi, _) => name(setup, kpi),
    };
    let since = language.instant(since.with_timezone(&setup.calendar.zone));
    let Some(why) = why else {
        let subject = text!(language, "trouble-over-subject", what = what.as_str());
        let summary = text!(language, "trouble-over", what = what, since = since);
        return (subject, summary, Vec::new());
    };
    let why = language.text(match why {
        Unfollowed::NotConfigured => "trouble-not-configured",
        Unfollowed::FeedsNothing => "trouble-feeds-nothing",
        Unfollowed::DoesNotCount => "trouble-does-not-count",
    });
    let subject = text!(language, "trouble-unfollowed-subject", what = what.as_str(), why = &*why);
    let summary = text!(language, "trouble-unfollowed", what = what, since = since, why = &*why);
    (subject, summary, Vec::new())
}

fn of_source(context: Context<'_>, id: &Id, kpis: &[(KpiRef, &str)], fed: usize) -> NoticeParts {
    let (setup, _, language) = context;
    let (count, id) = (kpis.len(), id.as_str());
    let which = match (count, fed) {
        (1, 1) => language.text("trouble-source-one").into_owned(),
        _ if count == fed => text!(language, "trouble-source-any", count = fed),
        _ => text!(language, "trouble-source-some", count = count, of = fed),
    };
    let line = |(named, problem): &(KpiRef, &str)| {
        let known = last_known(context, named).map(|known| format!("; {known}"));
        format!("{}: {problem}{}", name(setup, named), known.unwrap_or_default())
    };
    let mut lines: Vec<String> = kpis.iter().take(KPIS_NAMED_MAX).map(line).collect();
    if count > KPIS_NAMED_MAX {
        lines.push(text!(language, "mail-and-more", count = count - KPIS_NAMED_MAX));
    }
    let subject = text!(language, "trouble-source-subject", id = id);
    (subject, text!(language, "trouble-source-fails", id = id, which = which), lines)
}

/// "last known: 41 of May 2026"
fn last_known((setup, held, language): Context<'_>, named: &KpiRef) -> Option<String> {
    let newest = held.history.kpi(named).and_then(|held| held.actuals.last_key_value());
    let ((period, revisions), kpi) = newest.zip(setup.portfolio.kpi(named))?;
    let value = revisions.last()?.figure.value(kpi.scale)?;
    let value = rounding::value(value, kpi.decimals, &[], kpi.unit.as_deref());
    let value = language.plain_number(&value);
    let period = language.period(*period);
    Some(text!(language, "remark-last-known", value = value, period = period))
}

fn of_kpi(
    (setup, _, language): Context<'_>,
    trouble: IncidentKind,
    named: &KpiRef,
    kpi: &KpiStanding,
) -> NoticeParts {
    let (short, full) = (kpi.name.as_str(), name(setup, named));
    let of = kpi.period.map(|period| language.period(period));
    let mut lines = Vec::new();
    let (subject, summary) = match trouble {
        IncidentKind::Overdue => (
            text!(language, "trouble-overdue-subject", name = short),
            match of {
                Some(period) => text!(language, "trouble-overdue-of", name = full, period = period),
                None => text!(language, "trouble-overdue", name = full),
            },
        ),
        IncidentKind::Stale => (
            text!(language, "trouble-stale-subject", name = short),
            text!(language, "trouble-stale", name = full),
        ),
        IncidentKind::Quarantined => (
            text!(language, "trouble-quarantined-subject", name = short),
            match of {
                Some(period) => {
                    text!(language, "trouble-quarantined-of", name = full, period = period)
                }
                None => text!(language, "trouble-quarantined", name = full),
            },
        ),
        IncidentKind::Incomplete => (
            text!(language, "trouble-incomplete-subject", name = short),
            text!(
                language,
                "trouble-incomplete",
                name = full,
                periods = periods_words(language, &kpi.missing)
            ),
        ),
    };
    lines.extend(kpi.last_known.map(|last| {
        let value = rounding::value(last.value, kpi.decimals, &[], kpi.unit.as_deref());
        let value = language.plain_number(&value);
        text!(language, "trouble-last-known", value = value, period = language.period(last.period))
    }));
    if trouble == IncidentKind::Quarantined {
        lines.push(language.text("trouble-quarantined-fix").into_owned());
    }
    if trouble == IncidentKind::Incomplete {
        let keys: Vec<String> = kpi.missing.iter().map(Period::to_string).collect();
        let keys = keys.join(", ");
        let begun = setup.portfolio.kpi(named).is_some_and(|kpi| kpi.from.is_some());
        let from = kpi.missing.iter().max().map(|last| last.next()).filter(|_| !begun);
        lines.push(match from {
            Some(from) => {
                text!(language, "trouble-incomplete-fix-from", from = from.to_string(), keys = keys)
            }
            None => text!(language, "trouble-incomplete-fix", keys = keys),
        });
    }
    (subject, summary, lines)
}

fn of_restated(
    (setup, _, language): Context<'_>,
    restated: &Restated,
    named: &KpiRef,
    kpi: &KpiStanding,
) -> NoticeParts {
    let value = |value: f64| {
        language.plain_number(&rounding::value(value, kpi.decimals, &[], kpi.unit.as_deref()))
    };
    let Restated { period, first, .. } = restated;
    let line = text!(
        language,
        "trouble-restated-line",
        first = value(first.value),
        was = language.status(first.status),
        now = value(restated.value),
        status = language.status(restated.status)
    );
    (
        text!(language, "trouble-restated-subject", name = kpi.name.as_str()),
        text!(
            language,
            "trouble-restated-after",
            name = name(setup, named),
            period = language.period(*period)
        ),
        vec![line],
    )
}

fn name(setup: &Setup, named: &KpiRef) -> String {
    let kpi = setup.portfolio.kpi(named);
    kpi.map_or_else(|| named.to_string(), |kpi| format!("{} ({named})", kpi.name))
}
