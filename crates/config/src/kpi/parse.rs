//! A KPI, parsed.

use crate::{
    alert::parse::own_alert, initiative::parse::initiatives, source::reading::reading as reading_of,
};
use crate::{
    kpi::{
        document::{
            BasisDoc, CumulativeDoc, EmptyDoc, KindDoc, KpiDoc, MinMaxDoc, NatureDoc, PaceDoc,
            ProgressDoc, RulesDoc, ScoringDoc, SignalsDoc,
        },
        effect,
        frequency::frequency,
    },
    parse_context::{ParseContext, given, line, name, texts},
    problem::{Place, Problem},
    scorecard::context::{Level, ScorecardContext},
    setup::{Collection, PushedKpi},
    source::{self, document::SourceDoc, push::document::PushSourceDoc},
    target,
    yaml::{located::Loc, scalar::ScheduleDoc},
};
use kpid_rules::{
    model::{
        Aggregate, Cron, Formula, Frequency, Id, Input, Interval, Kind, Kpi, KpiRef, Lag, Nature,
        Pace, Period, Schedule, Scoring, SignalRules, Signals, Span,
    },
    series::{ReadingKind, reading},
};
use kpid_sources::Source;

/// A longer lag is a missing source.
const LAG_DAYS_MAX: u32 = 3_660;

pub(crate) fn kpi(
    context: &mut ScorecardContext<'_>,
    id: Id,
    place: Place,
    doc: &KpiDoc,
) -> Option<Kpi> {
    let nature = nature(*doc.nature.value.as_ref()?);
    let frequency = given(doc.period.as_ref()).map_or(Frequency::Month, |doc| frequency(*doc));
    let mut kpi = Kpi { frequency, ..Kpi::plain(id, nature) };
    people_and_words(context, &mut kpi, doc);
    life(context.parse, &mut kpi, doc);
    alert(context, &mut kpi, place, doc);
    let parse = &mut *context.parse;
    kpi.lag = doc.lag.as_ref().and_then(|doc| lag(parse, doc));
    kpi.direction = target::parse::direction(doc);
    kpi.scoring = doc.scoring.as_ref().and_then(|doc| scoring(parse, doc)).unwrap_or(kpi.scoring);
    kpi.best = given(doc.best.as_ref()).copied();
    kpi.worst = given(doc.worst.as_ref()).copied();
    kpi.credit_overachievement =
        given(doc.credit_overachievement.as_ref()).copied().unwrap_or(true);
    kpi.cumulative = cumulative(parse, nature, doc);
    limits(parse, &mut kpi, doc);
    kpi.weights = weights(parse, doc, frequency);
    kpi.aims = target::parse::aims(context, &kpi, place, doc);
    let kind = reading_kind(doc.source.as_ref());
    kpi.aggregate = match &doc.aggregate {
        None if doc.shared.is_some() => reading::usual_over_units(nature),
        None => reading::usual_aggregate(nature, kind),
        Some(written) => aggregate(context.parse, written).unwrap_or(kpi.aggregate),
    };
    over_units(context.parse, &kpi, doc);
    kpi.empty_is_zero = empty_is_zero(context.parse, &kpi, doc);
    kpi.input = input(context, &kpi, place, doc);
    collection(context, &mut kpi, place, doc);
    effect::check(context.parse, &kpi, doc);
    Some(kpi)
}

/// From when until when it is followed.
fn life(context: &mut ParseContext, kpi: &mut Kpi, doc: &KpiDoc) {
    let frequency = kpi.frequency;
    let mut period = |written: Option<&Loc<String>>| {
        let written = written?;
        context.period_of(written.value.as_deref()?, written.place, frequency)
    };
    (kpi.from, kpi.until) = (period(doc.from.as_ref()), period(doc.until.as_ref()));
    if let (Some(from), Some(until), Some(written)) = (kpi.from, kpi.until, &doc.until)
        && until < from
    {
        let message = format!("`{}` ends with {until} and begins with {from}", kpi.id);
        let hint = "`until` is the last period in which it is followed, `from` the first";
        context.problems.push(Problem::error(written.place, message).hint(hint));
    }
}

/// Only of a flow is nothing 0.
fn empty_is_zero(context: &mut ParseContext, kpi: &Kpi, doc: &KpiDoc) -> bool {
    let Some(written) = &doc.empty else { return false };
    let is_zero = written.value == Some(EmptyDoc::Zero);
    if is_zero && kpi.nature != Nature::Flow {
        context.error(
            written.place,
            "`empty: zero` is only for a flow: only an empty period of a flow can count as 0",
        );
    }
    is_zero
}

/// Only what adds up has a sum since the year began.
fn cumulative(context: &mut ParseContext, nature: Nature, doc: &KpiDoc) -> Option<Span> {
    let written = doc.cumulative.as_ref()?;
    let what = match nature {
        Nature::Flow | Nature::Ratio => None,
        Nature::Level => Some("a level"),
        Nature::Event => Some("an event"),
    };
    if let Some(what) = what {
        let message = format!("`cumulative` adds periods up, and {what} does not add up");
        let hint = "remove it, or write `nature: flow` if each period brings a part";
        context.problems.push(Problem::error(written.place, message).hint(hint));
    }
    Some(match written.value.as_ref()? {
        CumulativeDoc::FiscalYear => Span::FiscalYear,
        CumulativeDoc::Quarter => Span::Quarter,
    })
}

/// A ratio of several units is one sum over another, whatever else would be wanted.
fn over_units(context: &mut ParseContext, kpi: &Kpi, doc: &KpiDoc) {
    let Some(written) = doc.aggregate.as_ref().filter(|_| doc.shared.is_some()) else { return };
    if kpi.nature == Nature::Ratio && !matches!(kpi.aggregate, Aggregate::Ratio | Aggregate::Sum) {
        let message = "a `shared` ratio is the sum of all numerators over that of all denominators";
        let hint = "remove `aggregate`; the mean of ratios would be wrong";
        context.problems.push(Problem::error(written.place, message).hint(hint));
    }
}

fn people_and_words(context: &mut ScorecardContext<'_>, kpi: &mut Kpi, doc: &KpiDoc) {
    kpi.name = name(doc.name.as_ref(), &kpi.id);
    kpi.was = context.was(doc.was.as_ref(), Level::PerspectiveOrKpi);
    kpi.description = given(doc.description.as_ref()).cloned();
    kpi.unit = line(doc.unit.as_ref());
    kpi.decimals = given(doc.decimals.as_ref()).copied();
    kpi.kind = given(doc.kind.as_ref()).map(|kind| match kind {
        KindDoc::Leading => Kind::Leading,
        KindDoc::Lagging => Kind::Lagging,
    });
    kpi.critical = given(doc.critical.as_ref()).copied().unwrap_or(false);
    kpi.weight = context.weight(doc.weight.as_ref());
    kpi.owner = context.owner(doc.owner.as_ref());
    kpi.steward = context.steward(doc.steward.as_ref());
    kpi.initiatives = initiatives(context, doc.initiatives.as_ref());
    let percent = kpi.unit.as_deref() == Some("%");
    kpi.scale = given(doc.scale.as_ref()).copied().unwrap_or(if percent { 100.0 } else { 1.0 });
}

/// One KPI is worth a message only if it alone decides.
fn alert(context: &mut ScorecardContext<'_>, kpi: &mut Kpi, place: Place, doc: &KpiDoc) {
    kpi.alert = own_alert(context, doc.alert.as_ref(), kpi.owner.as_ref(), place).map(Box::new);
    if let Some(alert) = doc.alert.as_ref().filter(|_| !kpi.critical) {
        let message = format!("`{}` has its own alert but is not critical", kpi.id);
        let hint = "write `critical: true`, or remove `alert`: its perspective has one";
        context.parse.problems.push(Problem::error(alert.place, message).hint(hint));
    }
}

fn limits(context: &mut ParseContext, kpi: &mut Kpi, doc: &KpiDoc) {
    let min_n = doc.min_n.as_ref().and_then(|doc| context.at_least_zero(doc, "min_n"));
    kpi.min_n = min_n.unwrap_or(0.0);
    kpi.max_age = doc.max_age.as_ref().and_then(|doc| context.time_delta(doc));
    kpi.carry_forward = given(doc.carry_forward.as_ref()).copied().unwrap_or(0);
    if let Some(sanity) = &doc.sanity {
        match sanity.value.as_deref() {
            Some([low, high]) if low < high => kpi.sanity = Some((*low, *high)),
            Some(_) => context
                .error(sanity.place, "`sanity` must be a list of two numbers, [smallest, largest]"),
            None => {}
        }
    }
    for period in given(doc.not_applicable.as_ref()).into_iter().flatten() {
        let Some(text) = period.value.as_deref() else { continue };
        kpi.not_applicable.extend(context.period_of(text, period.place, kpi.frequency));
    }
    kpi.dead_band =
        doc.dead_band.as_ref().and_then(|doc| context.amount(doc)).unwrap_or(kpi.dead_band);
    if let Some(PaceDoc { basis, min_elapsed }) = given(doc.pace.as_ref()) {
        kpi.pace = Pace {
            working_days: !matches!(basis, Some(BasisDoc::CalendarDays)),
            min_elapsed: min_elapsed.unwrap_or(kpi.pace.min_elapsed),
        };
    }
    if let Some(SignalsDoc { rules, screen_outliers, baseline_from }) = given(doc.signals.as_ref())
    {
        let baseline = baseline_from
            .as_ref()
            .and_then(|doc| context.period_of(doc.value.as_deref()?, doc.place, kpi.frequency));
        kpi.signals = Signals {
            rules: if matches!(rules, Some(RulesDoc::Nhs)) {
                SignalRules::Nhs
            } else {
                SignalRules::Two
            },
            screen_outliers: screen_outliers.unwrap_or(false),
            baseline_from: baseline,
        };
    }
}

fn weights(context: &mut ParseContext, doc: &KpiDoc, frequency: Frequency) -> Vec<(Period, f64)> {
    let mut weights = Vec::new();
    for (key, place, weight) in given(doc.weights.as_ref()).into_iter().flat_map(|docs| docs.iter())
    {
        if *weight < 0.0 {
            context.error(place, format!("a weight is {weight}; it must be 0 or more"));
        }
        weights.extend(context.period_of(key, place, frequency).map(|period| (period, *weight)));
    }
    weights.sort_by_key(|(period, _)| *period);
    weights
}

fn lag(context: &mut ParseContext, doc: &Loc<String>) -> Option<Lag> {
    let text = doc.value.as_deref()?;
    let (number, working) = match text.strip_suffix("wd") {
        Some(number) => (number, true),
        None => (text.strip_suffix('d').unwrap_or(""), false),
    };
    let days = number.trim().parse::<u32>().ok().filter(|days| *days <= LAG_DAYS_MAX);
    let message = format!(
        "`{text}` is not a valid lag; write one such as 5d for days, or 2wd for working days"
    );
    let days = context.checked(doc.place, days.ok_or(message))?;
    Some(if working { Lag::WorkingDays(days) } else { Lag::Days(days) })
}

fn aggregate(context: &mut ParseContext, doc: &Loc<String>) -> Option<Aggregate> {
    let text = doc.value.as_deref()?;
    let percentile = |text: &str| {
        text.strip_prefix('p')?.parse::<f64>().ok().filter(|p| (0.0..=100.0).contains(p))
    };
    let found = match text {
        "last" => Some(Aggregate::Last),
        "first" => Some(Aggregate::First),
        "sum" => Some(Aggregate::Sum),
        "avg" => Some(Aggregate::Avg),
        "min" => Some(Aggregate::Min),
        "max" => Some(Aggregate::Max),
        "count" => Some(Aggregate::Count),
        "median" => Some(Aggregate::Median),
        "ratio" => Some(Aggregate::Ratio),
        "wavg" => Some(Aggregate::WeightedAvg),
        other => percentile(other).map(Aggregate::Percentile),
    };
    let known = "last, first, sum, avg, min, max, count, median, p95, ratio, wavg";
    context.checked(
        doc.place,
        found.ok_or_else(|| format!("`{text}` is not an aggregate; write one of {known}")),
    )
}

fn input(context: &mut ScorecardContext<'_>, kpi: &Kpi, place: Place, doc: &KpiDoc) -> Input {
    let ways = [doc.formula.is_some(), doc.shared.is_some(), doc.source.is_some()];
    if ways.iter().filter(|given| **given).count() > 1 {
        let message = format!("`{}` has more than one of `source`, `formula` and `shared`", kpi.id);
        context.parse.error(place, message);
    }
    if let Some(formula) = &doc.formula {
        return derived(context.parse, formula).map_or(Input::Collected, Input::Derived);
    }
    if doc.shared.is_none() {
        return Input::Collected;
    }
    let mut units = Vec::new();
    for (text, place) in texts(doc.shared.as_ref()) {
        let unit = KpiRef::parse(&text);
        let message = format!("`{text}` is not the path of a KPI; write scorecard/kpi");
        units.extend(context.parse.checked(place, unit.ok_or(message)));
    }
    Input::Shared(units)
}

fn derived(context: &mut ParseContext, doc: &Loc<String>) -> Option<Formula> {
    let text = doc.value.as_deref()?;
    match Formula::parse(text) {
        Ok(formula) => Some(formula),
        Err(error) => {
            context.problems.push(Problem::error(doc.place.within(error.at, text), error.message));
            None
        }
    }
}

fn collection(context: &mut ScorecardContext<'_>, kpi: &mut Kpi, place: Place, doc: &KpiDoc) {
    let schedule = doc.schedule.as_ref().and_then(|doc| schedule(context.parse, doc));
    if let Some(SourceDoc::Push(source)) = given(doc.source.as_ref()) {
        return pushed(context, kpi, doc, source);
    }
    let Some(source) = given(doc.source.as_ref()) else {
        return;
    };
    if doc.schedule.is_none() {
        let message = format!("`{}` has a source but no schedule", kpi.id);
        let hint = "write schedule: \"0 6 * * *\" or schedule: { every: 6h }";
        context.parse.problems.push(Problem::error(place, message).hint(hint));
    }
    let (source, connection) = source::parse::source(context.parse, source);
    context.connections.extend(connection);
    let (Some(source), Some(schedule)) = (source, schedule) else { return };
    which_period(context, kpi, place, &source);
    let schedule = spread(context, kpi, schedule, doc.jitter.as_ref());
    let start = chrono::DateTime::UNIX_EPOCH;
    kpi.poll_interval = schedule.spacing(start, context.calendar.zone);
    let collection = Collection { kpi: context.kpi_ref(&kpi.id), schedule, source };
    context.collections.push(collection);
}

/// What is judged by closed periods is asked for one: a source that is not told which gives what is
/// so now, and that would be kept for another period.
fn which_period(context: &mut ScorecardContext<'_>, kpi: &Kpi, place: Place, source: &Source) {
    let is_of_now = kpi.is_judged_on_newest() || source.reading != ReadingKind::Value;
    if is_of_now || source.request.names_period() {
        return;
    }
    let id = &kpi.id;
    let message = format!(
        "the source of `{id}` is not told which period it is asked about; whatever it gives would be \
         kept for the last period that has ended"
    );
    let hint = "name the period in what is asked (`:period_key` in SQL, else `{period_key}`, or \
                another parameter), or say what comes: `reading: to_date` for the period so far, \
                `delta` for a part, `counter` for a meter";
    // A share of what is there now may do for the period that ended a moment ago; a sum never does.
    let problem = match kpi.nature {
        Nature::Flow => Problem::error(place, message),
        Nature::Level | Nature::Ratio | Nature::Event => Problem::warning(place, message),
    };
    context.parse.problems.push(problem.hint(hint));
}

/// What is pushed comes when it comes.
fn pushed(context: &mut ScorecardContext<'_>, kpi: &Kpi, doc: &KpiDoc, source: &PushSourceDoc) {
    if let Some(schedule) = &doc.schedule {
        let message = format!("`{}` has a schedule, but its values are pushed", kpi.id);
        let hint = "remove `schedule`; values are accepted whenever they arrive";
        context.parse.problems.push(Problem::error(schedule.place, message).hint(hint));
    }
    let parsed = source::push::parse::source(context.parse, source);
    let Some((connection, reading, formats)) = parsed else { return };
    let from = connection.id.clone();
    context.connections.push(connection);
    let pushed = PushedKpi { kpi: context.kpi_ref(&kpi.id), from, reading, formats };
    context.pushed.push(pushed);
}

/// A schedule with the KPI's share of its jitter.
fn spread(
    context: &mut ScorecardContext<'_>,
    kpi: &Kpi,
    schedule: Schedule,
    jitter: Option<&Loc<String>>,
) -> Schedule {
    let Some(doc) = jitter else { return schedule };
    let Some(within) = context.parse.time_delta(doc) else { return schedule };
    let start = chrono::DateTime::UNIX_EPOCH;
    if schedule.spacing(start, context.calendar.zone).is_some_and(|spacing| within > spacing) {
        context.parse.error(doc.place, "`jitter` is longer than the time between two runs");
        return schedule;
    }
    schedule.spread(&context.kpi_ref(&kpi.id).to_string(), within)
}

fn schedule(context: &mut ParseContext, doc: &Loc<ScheduleDoc>) -> Option<Schedule> {
    match doc.value.as_ref()? {
        ScheduleDoc::Text(text) => {
            context.checked(doc.place, Cron::parse(text)).map(Schedule::Cron)
        }
        ScheduleDoc::Every(span) => {
            let delta = context.time_delta(span)?;
            context.checked(span.place, Interval::new(delta)).map(Schedule::Every)
        }
    }
}

fn reading_kind(doc: Option<&Loc<SourceDoc>>) -> ReadingKind {
    let reading = match given(doc) {
        Some(SourceDoc::Sql(doc)) => doc.reading.as_ref(),
        Some(SourceDoc::Http(doc)) => doc.reading.as_ref(),
        Some(SourceDoc::Csv(doc)) => doc.reading.as_ref(),
        Some(SourceDoc::Command(doc)) => doc.reading.as_ref(),
        Some(SourceDoc::Push(doc)) => doc.reading.as_ref(),
        None => None,
    };
    given(reading).map_or(ReadingKind::Value, |doc| reading_of(*doc))
}

fn nature(doc: NatureDoc) -> Nature {
    match doc {
        NatureDoc::Flow => Nature::Flow,
        NatureDoc::Level => Nature::Level,
        NatureDoc::Ratio => Nature::Ratio,
        NatureDoc::Event => Nature::Event,
    }
}

/// A curve between values that differ, or its mistake told.
fn scoring(context: &mut ParseContext, doc: &Loc<ScoringDoc>) -> Option<Scoring> {
    let (scoring, mistake) = match doc.value.as_ref()? {
        ScoringDoc::Threshold => (Scoring::Threshold, None),
        ScoringDoc::Achievement => (Scoring::Achievement, None),
        ScoringDoc::Binary => (Scoring::Binary, None),
        ScoringDoc::Minmax(MinMaxDoc { min, max }) => (
            Scoring::MinMax { min: *min, max: *max },
            (min == max).then_some(("`min` and `max` are the same", "`min` scores 0, `max` 100")),
        ),
        ScoringDoc::Progress(ProgressDoc { baseline, goal }) => (
            Scoring::Progress { baseline: *baseline, goal: *goal },
            (baseline == goal).then_some((
                "`baseline` and `goal` are the same",
                "`baseline` scores 0, `goal` 100",
            )),
        ),
        ScoringDoc::EqualBands(edges) => (
            Scoring::EqualBands(edges.clone()),
            (!is_one_way(edges)).then_some((
                "`equal_bands` needs two or more edges, each beyond the one before",
                "write them from worst to best: [0, 50, 80, 100]",
            )),
        ),
    };
    let Some((message, hint)) = mistake else { return Some(scoring) };
    context.problems.push(Problem::error(doc.place, message).hint(hint));
    None
}

/// Whether numbers, two or more, only rise or only fall.
fn is_one_way(edges: &[f64]) -> bool {
    let (mut rising, mut falling) = (edges.windows(2), edges.windows(2));
    edges.len() > 1
        && (rising.all(|pair| pair[0] < pair[1]) || falling.all(|pair| pair[0] > pair[1]))
}
