//! The standing as a tree for people: every node with its word and score, KPIs with value and target.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::output::style;
use kpid_rules::{
    judgement::{
        KpiStanding, ObjectiveStanding, PerspectiveStanding, ScorecardStanding, Standing, Trend,
        Verdict, rounding,
    },
    model::{DataState, Finality, Reason, Status, one_line},
};

/// The longest source error printed in a line of the tree; the whole is in the JSON.
const ERROR_CHARS_MAX: usize = 160;

/// Names are cut to no fewer columns than these.
const NAME_WIDTH_MIN: usize = 24;

/// What stands beside a name: two columns between, the word, the score, and two more.
const BESIDE_NAME: usize = 20;

/// One line: a node, or a remark below one.
struct Line {
    branch: String,
    name: String,
    verdict: Option<(Status, Option<f64>)>,
    facts: String,
}

/// The whole tree, with colours; the stream it goes to drops them where they do not belong. Where lines
/// have a width, names and remarks that do not fit are cut, and say so by an ellipsis.
pub(crate) fn render(standing: &Standing, width: Option<usize>) -> String {
    let mut text = String::new();
    for scorecard in &standing.scorecards {
        if !text.is_empty() {
            text.push('\n');
        }
        print(&mut text, &lines(scorecard), width.unwrap_or(usize::MAX));
    }
    let _ = write!(text, "\nas of {}\n", standing.as_of.format("%Y-%m-%d %H:%M %Z"));
    text
}

fn lines(scorecard: &ScorecardStanding) -> Vec<Line> {
    let verdict = if scorecard.show_overall {
        node(&scorecard.verdict)
    } else {
        Some((scorecard.verdict.status, None))
    };
    let mut lines = vec![Line {
        branch: String::new(),
        name: scorecard.name.clone(),
        verdict,
        facts: counts(scorecard),
    }];
    branches(&scorecard.perspectives, "", |perspective, branch, below| {
        lines.push(Line {
            branch,
            name: perspective.name.clone(),
            verdict: node(&perspective.verdict),
            facts: perspective_facts(perspective),
        });
        branches(&perspective.objectives, below, |objective, branch, below| {
            lines.push(Line {
                branch,
                name: objective.name.clone(),
                verdict: node(&objective.verdict),
                facts: verdict_facts(&objective.verdict, objective_culprit(objective)).join(", "),
            });
            branches(&objective.kpis, below, |kpi, branch, below| {
                lines.push(Line {
                    branch,
                    name: kpi.name.clone(),
                    verdict: Some((kpi.status, kpi.score)),
                    facts: kpi_facts(kpi),
                });
                if let Some(error) = &kpi.error {
                    lines.push(remark(below, error));
                }
            });
        });
    });
    lines
}

/// Walks siblings, handing each its own branch and the stem that its children hang from.
fn branches<T>(siblings: &[T], stem: &str, mut each: impl FnMut(&T, String, &str)) {
    for (at, sibling) in siblings.iter().enumerate() {
        let last = at + 1 == siblings.len();
        let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        each(sibling, format!("{stem}{branch}"), &format!("{stem}{below}"));
    }
}

fn remark(stem: &str, error: &str) -> Line {
    let error = one_line(error);
    let mut short: String = error.chars().take(ERROR_CHARS_MAX).collect();
    if short.len() < error.len() {
        short.push('…');
    }
    Line {
        branch: format!("{stem}  "),
        name: format!("! {short}"),
        verdict: None,
        facts: String::new(),
    }
}

fn print(text: &mut String, lines: &[Line], width_max: usize) {
    let width = |line: &Line| line.branch.width() + line.name.width();
    let judged = lines.iter().filter(|line| line.verdict.is_some());
    let widest = judged.map(width).max().unwrap_or(0);
    // Half of a narrow terminal is for the names.
    let column = widest.min((width_max / 2).max(NAME_WIDTH_MIN));
    for line in lines {
        let room = if line.verdict.is_some() { column } else { width_max };
        let name = cut(&line.name, room.saturating_sub(line.branch.width()));
        let line = &Line { name, branch: line.branch.clone(), facts: line.facts.clone(), ..*line };
        let _ = write!(text, "{}{}", line.branch, line.name);
        if let Some((status, score)) = line.verdict {
            let style = style(status);
            let score = score.map(rounding::score).unwrap_or_default();
            let pad = column.saturating_sub(width(line));
            let _ = write!(text, "{:pad$}  {style}{:<10}{style:#} {score:>5}", "", status.words());
            let facts = cut(&line.facts, width_max.saturating_sub(column + BESIDE_NAME));
            if !facts.is_empty() {
                let _ = write!(text, "  {facts}");
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
}

/// As much of a text as there is room for.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if short.width() + letter.width().unwrap_or(0) + 1 > room {
            break;
        }
        short.push(letter);
    }
    match short.trim_end() {
        "" => String::new(),
        short => format!("{short}…"),
    }
}

fn node(verdict: &Verdict) -> Option<(Status, Option<f64>)> {
    Some((verdict.status, verdict.score))
}

/// "6 on track, 8 at risk, 1 off track, 1 no data"
fn counts(scorecard: &ScorecardStanding) -> String {
    let counts = &scorecard.counts;
    let named = [
        (counts.on_track, Status::OnTrack),
        (counts.at_risk, Status::AtRisk),
        (counts.off_track, Status::OffTrack),
        (counts.no_data, Status::NoData),
        (counts.pending, Status::Pending),
        (counts.not_scored, Status::NotScored),
    ];
    let counted = named.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> =
        counted.map(|(count, status)| format!("{count} {}", status.words())).collect();
    format!("KPIs: {}", parts.join(", "))
}

fn perspective_facts(perspective: &PerspectiveStanding) -> String {
    let culprit = perspective.culprit.as_ref().and_then(|culprit| {
        perspective.objectives.iter().find(|objective| objective.id == *culprit)
    });
    let mut facts =
        verdict_facts(&perspective.verdict, culprit.map(|objective| objective.name.as_str()));
    if perspective.verdict.status == Status::OffTrack
        && let Some(since) = perspective.since
    {
        facts.push(format!("since {since}"));
    }
    if let Some(episode) = perspective.episode.as_ref().filter(|episode| episode.is_open()) {
        let seen = match &episode.acknowledgement {
            Some(acknowledgement) => format!("acknowledged by {}", acknowledgement.by),
            None => "open".to_owned(),
        };
        facts.push(format!("alert {} {seen}", episode.number));
    }
    facts.join(", ")
}

fn objective_culprit(objective: &ObjectiveStanding) -> Option<&str> {
    let culprit = objective.culprit.as_ref()?;
    objective.kpis.iter().find(|kpi| kpi.id == *culprit).map(|kpi| kpi.name.as_str())
}

fn verdict_facts(verdict: &Verdict, culprit: Option<&str>) -> Vec<String> {
    let mut facts = Vec::new();
    let because = match verdict.reason {
        None | Some(Reason::Score) => None,
        Some(Reason::Critical) => Some("is critical and off track"),
        Some(Reason::RedGuard) => Some("is off track"),
        Some(Reason::WorstOf) => Some("is the worst"),
        Some(Reason::BestOf) => Some("is the best"),
        Some(Reason::Majority) => Some("is with the majority"),
        Some(Reason::CountRed) => Some("counts among the red"),
        Some(Reason::Priority) => Some("decides"),
        Some(Reason::Manual) => Some("set by hand"),
    };
    if let (Some(because), Some(culprit)) = (because, culprit) {
        facts.push(format!("\"{culprit}\" {because}"));
    }
    if verdict.coverage > 0.0 && verdict.coverage < 1.0 {
        facts.push(format!("{} of the weight has data", rounding::percent(verdict.coverage)));
    }
    facts
}

fn kpi_facts(kpi: &KpiStanding) -> String {
    let mut facts = Vec::new();
    let shown = kpi.readout();
    facts.extend(kpi.value.map(|value| shown.amount(value)));
    match (kpi.target, kpi.green_line) {
        (Some(target), _) => facts.push(format!("target {}", shown.amount(target))),
        (None, Some(line)) if kpi.value.is_some() => {
            facts.push(format!("green line {}", shown.amount(line)));
        }
        (None, _) => {}
    }
    facts.extend(kpi.period.map(|period| period.to_string()));
    facts.extend(match kpi.finality {
        // A level is always the newest there is.
        Some(Finality::Provisional) if !kpi.judged_on_newest => Some("provisional".to_owned()),
        Some(Finality::Revised) => Some("revised".to_owned()),
        _ => None,
    });
    facts.extend(kpi.gap_words());
    if kpi.state == DataState::Awaiting {
        facts.push("newer period awaited".to_owned());
    }
    facts.extend(kpi.trend.filter(|&trend| trend != Trend::Steady).map(trend).map(str::to_owned));
    facts.extend(kpi.signal.map(|_| "a real change".to_owned()));
    facts.join(", ")
}

fn trend(trend: Trend) -> &'static str {
    match trend {
        Trend::Improving => "improving",
        Trend::Steady => "steady",
        Trend::Worsening => "worsening",
    }
}
