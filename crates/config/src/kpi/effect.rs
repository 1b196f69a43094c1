//! Keys that have no effect on a KPI of this nature, source or target: what is accepted counts.

use kpid_rules::{
    model::{Frequency, Kpi, Nature, Scoring, Span},
    series::ReadingKind,
};

use crate::{
    kpi::document::{EmptyDoc, KpiDoc},
    parse_context::{ParseContext, given},
    problem::{Place, Problem},
    source::{document::SourceDoc, reading::reading},
    target::document::{AimDoc, TargetDoc},
    yaml::{located::Loc, scalar::AmountDoc},
};

/// Where a KPI's figures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Asked for on a schedule.
    Asked(ReadingKind),
    /// Pushed by a system.
    Pushed(ReadingKind),
    /// Made of other KPIs.
    Computed,
    /// Imported.
    Imported,
}

/// What a KPI is judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Targets {
    /// A value with a line at its side.
    is_line: bool,
    /// A value to keep.
    is_kept: bool,
    /// Two edges.
    is_band: bool,
    /// A day.
    is_milestone: bool,
}

/// A KPI, and where what is said of it counts.
struct Checked<'d> {
    desk: &'d mut ParseContext,
    kpi: &'d Kpi,
    doc: &'d KpiDoc,
    origin: Origin,
    targets: Targets,
}

/// Tells of every key that has no effect, unless it is unknown what the source or target is, which
/// has been told.
pub(crate) fn check(desk: &mut ParseContext, kpi: &Kpi, doc: &KpiDoc) {
    if is_unread(doc.source.as_ref()) || is_unread(doc.target.as_ref()) {
        return;
    }
    let targets = given(doc.target.as_ref()).map(targets).unwrap_or_default();
    let mut checked = Checked { desk, kpi, doc, origin: origin(doc), targets };
    checked.collecting();
    checked.reading();
    checked.freshness();
    checked.tolerances();
    checked.scoring();
}

fn is_unread<T>(doc: Option<&Loc<T>>) -> bool {
    doc.is_some_and(|doc| doc.value.is_none())
}

impl Checked<'_> {
    fn refuse<T>(&mut self, key: Option<&Loc<T>>, message: impl Into<String>, hint: &str) {
        if let Some(key) = key {
            self.refuse_at(key.place, message, hint);
        }
    }

    fn refuse_at(&mut self, place: Place, message: impl Into<String>, hint: &str) {
        let problem = Problem::error(place, format!("{}, so this has no effect", message.into()));
        self.desk.problems.push(problem.hint(hint));
    }

    /// When it is asked.
    fn collecting(&mut self) {
        let doc = self.doc;
        if matches!(self.origin, Origin::Asked(_)) {
            return;
        }
        let why = self.origin.why_not_asked();
        self.refuse(doc.jitter.as_ref(), why, "remove `jitter`");
        // Of what is pushed that is told with its source.
        if !matches!(self.origin, Origin::Pushed(_)) {
            self.refuse(doc.schedule.as_ref(), why, "remove `schedule`, or add a `source`");
        }
        let empty = doc.empty.as_ref().filter(|empty| empty.value == Some(EmptyDoc::Zero));
        self.refuse(empty, why, "remove `empty`; only what is asked can say that there is nothing");
    }

    /// What becomes of readings.
    fn reading(&mut self) {
        let doc = self.doc;
        if let Some(why) = self.why_no_parts() {
            let hint = "write `scale` in its `source`, which multiplies the value, or another KPI with \
                        `formula: cents / 100`";
            let message = format!("`scale` multiplies numerator / denominator, and {why}");
            self.refuse(doc.scale.as_ref(), message, hint);
            let hint = "remove it, or let the source give `numerator` and `denominator`";
            let message = format!("`min_n` is the smallest denominator, and {why}");
            self.refuse(doc.min_n.as_ref(), message, hint);
            let of_parts = ["ratio", "wavg"];
            let aggregate = doc.aggregate.as_ref().filter(|written| {
                written.value.as_deref().is_some_and(|name| of_parts.contains(&name))
            });
            let message = format!("this is made of numerators and denominators, and {why}");
            self.refuse(aggregate, message, "write another, such as `sum` or `avg`");
        }
        let why = match self.origin {
            Origin::Asked(ReadingKind::Series) | Origin::Pushed(ReadingKind::Series) => {
                "each row of a `reading: series` is the figure of its period"
            }
            Origin::Asked(ReadingKind::ToDate) | Origin::Pushed(ReadingKind::ToDate) => {
                "of a `reading: to_date` the last one is the figure of its period"
            }
            Origin::Asked(ReadingKind::Counter) | Origin::Pushed(ReadingKind::Counter) => {
                "of a `reading: counter` it is what the meter rose by"
            }
            Origin::Imported => "what is imported is one figure a period",
            Origin::Computed if doc.formula.is_some() => "a `formula` gives one figure a period",
            _ => "",
        };
        if !why.is_empty() {
            self.refuse(doc.aggregate.as_ref(), why, "remove `aggregate`");
        }
        if let Some(lookback) = lookback(doc)
            && !matches!(self.origin, Origin::Asked(ReadingKind::Series))
        {
            let message = "only a `reading: series` is asked again for periods before";
            self.refuse_at(lookback, message, "remove `lookback`, or write `reading: series`");
        }
        let empty = doc.empty.as_ref().filter(|empty| empty.value == Some(EmptyDoc::Zero));
        if let Some(empty) = empty.filter(|_| self.origin == Origin::Asked(ReadingKind::Counter)) {
            let message = "a meter that is not there does not stand at 0, as if it had been reset";
            let hint = "remove `empty`; a period without readings is missing";
            self.desk.problems.push(Problem::error(empty.place, message).hint(hint));
        }
        let is_one = match self.kpi.cumulative {
            Some(Span::FiscalYear) => self.kpi.frequency == Frequency::Year,
            Some(Span::Quarter) => {
                matches!(self.kpi.frequency, Frequency::Quarter | Frequency::Half | Frequency::Year)
            }
            None => false,
        };
        if is_one {
            let message = "its periods are no shorter than what they are added up over";
            self.refuse(doc.cumulative.as_ref(), message, "remove `cumulative`");
        }
    }

    /// How long a figure speaks, and how the running period is looked at.
    fn freshness(&mut self) {
        let (doc, nature) = (self.doc, self.kpi.nature);
        if self.targets.is_only_milestone() {
            let why = "a milestone is done or not, and its day decides";
            self.refuse(doc.max_age.as_ref(), why, "remove `max_age`");
            self.refuse(doc.carry_forward.as_ref(), why, "remove `carry_forward`");
            self.refuse(doc.lag.as_ref(), why, "remove `lag`, or write a later `due`");
        } else if nature != Nature::Level {
            let message = "`max_age` is of a level, which is judged by its newest reading; anything \
                           else is judged by its last closed period";
            self.refuse(doc.max_age.as_ref(), message, "write `lag` for when its figure is due");
        }
        let asked_late = self.origin == Origin::Asked(ReadingKind::Value);
        let has_value = self.targets.is_line || doc.lines.is_some();
        let why = if nature != Nature::Flow {
            "only the running period of a flow has a pace"
        } else if self.kpi.cumulative.is_some() {
            "a `cumulative` KPI is judged by its sum, and has no pace"
        } else if !has_value {
            "a pace is held against the target of the period, and there is no such target"
        } else if asked_late {
            "a `reading: value` of a flow is asked when its period has ended, so that nothing is \
             known of the running one"
        } else {
            return;
        };
        let hint = if asked_late && nature == Nature::Flow {
            "remove `pace`, or write `reading: to_date` or `series`"
        } else {
            "remove `pace`"
        };
        self.refuse(doc.pace.as_ref(), why, hint);
    }

    /// Where green and red begin.
    fn tolerances(&mut self) {
        let doc = self.doc;
        self.unreachable_steps();
        let both = doc.lines.is_some() && doc.steps.is_some();
        if both {
            let message = "`lines` say where green and red begin";
            self.refuse(doc.steps.as_ref(), message, "remove `steps` or `lines`");
        }
        let is_edged = self.targets.is_band || self.targets.is_milestone;
        if is_edged && !self.targets.is_line && !self.targets.is_kept {
            let why = "a band or milestone says itself what is green and red";
            self.refuse(doc.lines.as_ref(), why, "remove `lines` or the target");
            self.refuse(doc.steps.as_ref(), why, "remove `steps` or the target");
            self.no_margins(why, "remove it");
        } else if doc.lines.is_some() || doc.steps.is_some() {
            let message = "`lines` or `steps` say where green and red begin";
            self.no_margins(message, "remove one of the two");
        } else if doc.target.is_none()
            && (self.kpi.nature == Nature::Event || !self.brings_target())
        {
            self.no_margins("there is no `target` that it is measured from", "add a `target`");
        } else {
            self.margins();
        }
    }

    /// A table is read from the top, so a row counts only for what reaches none above it.
    fn unreachable_steps(&mut self) {
        let sign = self.kpi.direction.sign();
        let Some(rows) = given(self.doc.steps.as_ref()) else { return };
        let mut lowest: Option<f64> = None;
        for row in rows {
            let Some(step) = &row.value else { continue };
            // A row for all others reaches as low as there is.
            let from = step.from.map_or(f64::NEG_INFINITY, |from| sign * from);
            if lowest.is_some_and(|lowest| from >= lowest) {
                let message = "whatever reaches this row reaches one above it";
                let hint = "write the best row first, and the one without `from` last";
                self.refuse_at(row.place, message, hint);
            }
            lowest = Some(lowest.map_or(from, |lowest| lowest.min(from)));
        }
    }

    /// Of a list of targets each row may have its own.
    fn margins(&mut self) {
        let doc = self.doc;
        let own: Vec<&AimDoc> = rows(doc).filter(|row| row.tolerance.is_some()).collect();
        for row in &own {
            let kind = given(Some(&row.target)).map(targets).unwrap_or_default();
            if !kind.is_line && !kind.is_kept {
                let why = "a band or milestone says itself what is green and red";
                self.refuse(row.tolerance.as_ref(), why, "remove it");
            }
        }
        let all = rows(doc).count();
        if all > 0 && own.len() == all {
            let message = "every row of `target` has a tolerance of its own";
            self.refuse(doc.tolerance.as_ref(), message, "remove it here, or in the rows");
        }
        let percent = |amount: Option<&Loc<AmountDoc>>| match given(amount) {
            Some(AmountDoc::Text(text)) => text.trim_end().ends_with('%'),
            Some(AmountDoc::Number(_)) => false,
            // 10 % unless the author says otherwise.
            None => true,
        };
        let is_share =
            if all == 0 || own.len() < all { percent(doc.tolerance.as_ref()) } else { false };
        let is_green_share = doc.green_tolerance.is_some() && percent(doc.green_tolerance.as_ref());
        if !is_share && !is_green_share && !own.iter().any(|row| percent(row.tolerance.as_ref())) {
            let message = "it stands in for a `tolerance` in % while the target is 0, and the \
                           tolerance is not in %";
            self.refuse(doc.tolerance_floor.as_ref(), message, "remove `tolerance_floor`");
        }
    }

    fn no_margins(&mut self, why: &str, hint: &str) {
        let doc = self.doc;
        self.refuse(doc.tolerance.as_ref(), why, hint);
        self.refuse(doc.green_tolerance.as_ref(), why, hint);
        self.refuse(doc.tolerance_floor.as_ref(), why, hint);
        for row in rows(doc) {
            self.refuse(row.tolerance.as_ref(), why, hint);
        }
    }

    /// Which way is better, and what a value scores.
    fn scoring(&mut self) {
        let doc = self.doc;
        let has_table = doc.lines.is_some() || doc.steps.is_some();
        let scores_itself = matches!(
            self.kpi.scoring,
            Scoring::MinMax { .. }
                | Scoring::Progress { .. }
                | Scoring::EqualBands(_)
                | Scoring::Binary
        );
        let is_edged = (self.targets.is_band || self.targets.is_kept || self.targets.is_milestone)
            && !self.targets.is_line;
        if is_edged && doc.steps.is_none() && !matches!(self.kpi.scoring, Scoring::MinMax { .. }) {
            let message = "a band, a value to keep or a milestone has no better side";
            self.refuse(doc.direction.as_ref(), message, "remove `direction`");
        }
        let is_judged = doc.target.is_some() || has_table || self.kpi.nature == Nature::Event;
        let is_judged = is_judged || self.brings_target() && doc.tolerance.is_some();
        let anchors = [doc.best.as_ref(), doc.worst.as_ref()];
        for anchor in anchors.into_iter().flatten() {
            let why = if self.kpi.scoring != Scoring::Threshold {
                "only with `scoring: threshold` a value is fixed that scores 100 or 0"
            } else if doc.steps.is_some() && doc.lines.is_none() {
                "each row of `steps` has a score of its own"
            } else if self.targets.is_only_milestone() {
                "a milestone scores 100 or 0"
            } else if !is_judged {
                "without a `target` there is no score"
            } else {
                continue;
            };
            self.refuse_at(anchor.place, why, "remove it");
        }
        if !is_judged && !scores_itself {
            let why = "without a `target` there is no score";
            self.refuse(doc.credit_overachievement.as_ref(), why, "add a `target`");
            if self.kpi.scoring == Scoring::Achievement {
                self.refuse(doc.scoring.as_ref(), why, "add a `target`");
            }
        }
        let has_value = self.targets.is_line || doc.lines.is_some() || self.brings_target();
        if self.kpi.scoring == Scoring::Achievement && is_judged && !has_value {
            let message = "`achievement` is the share of a target, and there is no single value to \
                           reach";
            self.refuse(doc.scoring.as_ref(), message, "write another, or leave it out");
        }
    }

    /// Why no figure comes as numerator and denominator, if that is known.
    fn why_no_parts(&self) -> Option<&'static str> {
        if self.doc.formula.is_some() {
            return Some("a `formula` gives one value");
        }
        let named = given(self.doc.source.as_ref()).and_then(parts);
        match (named, self.kpi.nature) {
            (Some(true), _) | (None, Nature::Ratio) => None,
            (Some(false), _) => Some("the source gives one `value`"),
            (None, _) => Some("only a `nature: ratio` has these"),
        }
    }

    /// Whether its target may come with its figures.
    fn brings_target(&self) -> bool {
        match given(self.doc.source.as_ref()) {
            Some(SourceDoc::Http(doc)) => doc.target.is_some(),
            Some(SourceDoc::Csv(doc)) => doc.target.is_some(),
            Some(SourceDoc::Sql(_) | SourceDoc::Command(_) | SourceDoc::Push(_)) => true,
            None => self.origin == Origin::Imported,
        }
    }
}

impl Origin {
    fn why_not_asked(self) -> &'static str {
        match self {
            Self::Asked(_) => "",
            Self::Pushed(_) => "its system pushes, and nothing is asked",
            Self::Computed => "it is made of other KPIs whenever they change, and nothing is asked",
            Self::Imported => "it has no source, and nothing is asked",
        }
    }
}

impl Targets {
    fn is_only_milestone(self) -> bool {
        self == Self { is_milestone: true, ..Self::default() }
    }
}

fn origin(doc: &KpiDoc) -> Origin {
    let kind = |written: &Option<_>| {
        given(written.as_ref()).map_or(ReadingKind::Value, |kind| reading(*kind))
    };
    match given(doc.source.as_ref()) {
        Some(SourceDoc::Sql(doc)) => Origin::Asked(kind(&doc.reading)),
        Some(SourceDoc::Http(doc)) => Origin::Asked(kind(&doc.reading)),
        Some(SourceDoc::Csv(doc)) => Origin::Asked(kind(&doc.reading)),
        Some(SourceDoc::Command(doc)) => Origin::Asked(kind(&doc.reading)),
        Some(SourceDoc::Push(doc)) => Origin::Pushed(kind(&doc.reading)),
        None if doc.formula.is_some() || doc.shared.is_some() => Origin::Computed,
        None => Origin::Imported,
    }
}

/// Whether a source gives numerator and denominator, where its keys say so.
fn parts(doc: &SourceDoc) -> Option<bool> {
    match doc {
        SourceDoc::Http(doc) => Some(doc.numerator.is_some()),
        SourceDoc::Csv(doc) => Some(doc.numerator.is_some()),
        SourceDoc::Sql(doc) if doc.numerator.is_some() => Some(true),
        SourceDoc::Sql(doc) => doc.value.as_ref().map(|_| false),
        SourceDoc::Command(doc) if doc.numerator.is_some() => Some(true),
        SourceDoc::Command(doc) => doc.value.as_ref().map(|_| false),
        SourceDoc::Push(_) => None,
    }
}

fn lookback(doc: &KpiDoc) -> Option<Place> {
    let written = match given(doc.source.as_ref())? {
        SourceDoc::Sql(doc) => doc.lookback.as_ref(),
        SourceDoc::Http(doc) => doc.lookback.as_ref(),
        SourceDoc::Csv(doc) => doc.lookback.as_ref(),
        SourceDoc::Command(doc) => doc.lookback.as_ref(),
        SourceDoc::Push(_) => None,
    };
    written.map(|lookback| lookback.place)
}

/// The rows of a list of targets.
fn rows(doc: &KpiDoc) -> impl Iterator<Item = &AimDoc> {
    let list: &[Loc<AimDoc>] = match given(doc.target.as_ref()) {
        Some(TargetDoc::List(list)) => list,
        _ => &[],
    };
    list.iter().filter_map(|row| row.value.as_ref())
}

fn targets(doc: &TargetDoc) -> Targets {
    match doc {
        TargetDoc::Band(_) => Targets { is_band: true, ..Targets::default() },
        TargetDoc::Maintain(_) => Targets { is_kept: true, ..Targets::default() },
        TargetDoc::Milestone(_) => Targets { is_milestone: true, ..Targets::default() },
        TargetDoc::List(list) => {
            let rows = list.iter().filter_map(|row| given(Some(&row.value.as_ref()?.target)));
            rows.map(targets).fold(Targets::default(), |all, one| Targets {
                is_line: all.is_line || one.is_line,
                is_kept: all.is_kept || one.is_kept,
                is_band: all.is_band || one.is_band,
                is_milestone: all.is_milestone || one.is_milestone,
            })
        }
        _ => Targets { is_line: true, ..Targets::default() },
    }
}
