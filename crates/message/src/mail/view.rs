//! What a mail says, worded: the one model of which the text and the HTML are made. Every field is
//! a finished phrase; what is missing has a phrase of its own.

use serde::Serialize;

use crate::{
    acknowledge_link::Link,
    facts::{
        alert::{AffectedFacts, EpisodeFacts, Facts, InitiativeFacts, NodeKind, NoteFacts},
        kpi::KpiFacts,
        named::PersonFacts,
    },
    mail::{early, figures, headline, kpi_row, kpi_table, phrases},
    wording::line,
};
use kpid_rules::{
    judgement::rounding,
    model::{Reason, Status},
};

/// What is said of the data in a mail; the rest is on the board.
const REMARKS_MAX: usize = 6;

/// More nodes than this that an alert bears on are on the board.
const AFFECTED_MAX: usize = 8;

/// More initiatives than this are on the board.
const INITIATIVES_MAX: usize = 12;

/// A mail, worded.
#[derive(Debug, Serialize)]
pub(crate) struct AlertView {
    /// The perspective's name, the first words of the mail.
    pub(crate) name: String,
    /// `is` or `has`.
    pub(crate) verb: &'static str,
    /// `OFF TRACK`, `RECOVERED`
    pub(crate) badge: String,
    /// The name of the badge's colour.
    pub(crate) tone: &'static str,
    /// The rest of the first sentence, and what follows it.
    pub(crate) rest: String,
    /// Which scorecard and unit the perspective is of.
    pub(crate) scorecard: String,
    /// Why the status is what it is.
    pub(crate) reason: Option<String>,
    /// The KPIs that made it so.
    pub(crate) rows: Vec<kpi_row::KpiRow>,
    /// The other KPIs, a sentence a status.
    pub(crate) others: Vec<String>,
    /// The signed parts of the score's change.
    pub(crate) change: Option<String>,
    /// Owner, initiatives, what green needs, and so on.
    pub(crate) details: Vec<Detail>,
    /// Where its reader acknowledges it.
    pub(crate) acknowledge: Option<Acknowledge>,
    /// The page with the rest.
    pub(crate) link: Option<String>,
    /// Why the reader got it.
    pub(crate) why: String,
    /// What identifies the message.
    pub(crate) footer: String,
}

/// Where a reader acknowledges an alert.
#[derive(Debug, Serialize)]
pub(crate) struct Acknowledge {
    url: String,
    /// What is behind it, and until when.
    words: String,
}

/// One line of a mail's lower part.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    label: &'static str,
    text: String,
}

impl AlertView {
    /// Words the facts.
    pub(crate) fn of(facts: &Facts, link: Option<&Link>) -> Self {
        let shown = match &facts.early {
            Some(early) => early::shown(facts, early),
            None => kpi_table::shown(facts),
        };
        let heads = facts
            .early
            .iter()
            .flat_map(|early| shown.iter().filter_map(move |kpi| early::heads(kpi, early)));
        Self {
            name: line(&facts.node.name),
            verb: headline::verb(facts),
            badge: headline::badge(facts),
            tone: phrases::status(facts).tone(),
            rest: headline::rest(facts),
            scorecard: line(&facts.scorecard.name),
            reason: reason(facts),
            others: [heads.collect(), kpi_table::linked(facts), kpi_table::others(facts, &shown)]
                .concat(),
            change: kpi_table::change(facts).filter(|_| facts.early.is_none()),
            details: details(facts, &shown),
            // What is said of a period that is over is no reason of an early word.
            rows: match facts.early {
                Some(_) => Vec::new(),
                None => shown.into_iter().map(kpi_row::KpiRow::of).collect(),
            },
            acknowledge: link.map(|link| acknowledge(facts, link)),
            link: facts.links.as_ref().map(|links| links.details.clone()),
            why: why(facts),
            footer: footer(facts),
        }
    }
}

fn reason(facts: &Facts) -> Option<String> {
    let status = facts.status.to.filter(|_| facts.early.is_none())?;
    let culprit = facts.culprit.as_ref().map(|culprit| format!("\"{}\"", line(&culprit.name)));
    let culprit = culprit.unwrap_or_else(|| "one of its objectives".to_owned());
    let reason = match facts.reason? {
        Reason::Score if status == Status::OffTrack => "the weighted score is below 40".to_owned(),
        Reason::Score if status == Status::AtRisk => "the weighted score is below 70".to_owned(),
        Reason::Score => return None,
        Reason::RedGuard => format!("{culprit} is off track, so the whole cannot be on track"),
        Reason::Critical => format!("{culprit} (critical) is off track"),
        Reason::WorstOf => format!("{culprit} is the worst, and the worst decides"),
        Reason::BestOf => format!("{culprit} is the best, and the best decides"),
        Reason::Majority => "the status with the most weight decides".to_owned(),
        Reason::CountRed => "too many of its objectives are off track or at risk".to_owned(),
        Reason::Priority => format!("{culprit} decides"),
        Reason::Manual => "a person set it".to_owned(),
    };
    Some(reason)
}

fn details(facts: &Facts, shown: &[&KpiFacts]) -> Vec<Detail> {
    let mut details = vec![Detail {
        label: "Owner",
        text: facts.owner.as_ref().map_or_else(|| "no owner recorded".to_owned(), person),
    }];
    details.extend(facts.note.as_ref().map(note));
    details.extend(acknowledgement(&facts.episode));
    details.extend(initiatives(&facts.initiatives));
    let need = |kpi: &&KpiFacts| match facts.early {
        Some(_) => kpi_row::required(kpi),
        None => kpi_row::need(kpi),
    };
    details.extend(shown.iter().filter_map(need).map(to_be_green));
    details.extend(affects(facts).map(|text| Detail { label: "Affects", text }));
    details.push(Detail { label: "Data", text: data(facts) });
    details
}

fn acknowledge(facts: &Facts, link: &Link) -> Acknowledge {
    let until = link.until.with_timezone(facts.at.offset()).format("%-d %B %Y");
    let words = format!(
        "The page asks what is being done, and by when. The link is yours alone and works until {until}; do not forward it."
    );
    Acknowledge { url: link.url.clone(), words }
}

fn note(note: &NoteFacts) -> Detail {
    let day = note.at.format("%-d %B %Y");
    let text = format!("{day}, {}: \"{}\"", line(&note.by), line(&note.text));
    Detail { label: "Note", text }
}

fn acknowledgement(episode: &EpisodeFacts) -> Option<Detail> {
    let mut parts = vec![line(episode.acknowledged_by.as_ref()?)];
    parts.extend(episode.comment.as_ref().map(|comment| format!("\"{}\"", line(comment))));
    parts.extend(episode.due.map(|due| format!("due {}", due.format("%-d %B %Y"))));
    Some(Detail { label: "Acknowledged by", text: parts.join(", ") })
}

fn to_be_green(text: String) -> Detail {
    Detail { label: "To be green", text }
}

fn initiatives(initiatives: &[InitiativeFacts]) -> Vec<Detail> {
    let detail = |text| Detail { label: "Initiative", text };
    if initiatives.is_empty() {
        return vec![detail("no initiative recorded".to_owned())];
    }
    let rest = initiatives.len().saturating_sub(INITIATIVES_MAX);
    let rest = (rest > 0).then(|| format!("and {rest} more"));
    let shown = initiatives.iter().take(INITIATIVES_MAX).map(initiative);
    shown.chain(rest).map(detail).collect()
}

fn initiative(initiative: &InitiativeFacts) -> String {
    let mut parts = vec![format!("{} ({})", line(&initiative.name), line(&initiative.of.name))];
    parts.extend(initiative.owner.as_ref().map(|owner| line(&owner.name)));
    parts.extend(initiative.due.map(|due| format!("due {}", due.format("%-d %B %Y"))));
    parts.extend(initiative.state.as_deref().map(line));
    parts.join(", ")
}

fn person(person: &PersonFacts) -> String {
    match &person.role {
        Some(role) => format!("{} ({})", line(&person.name), line(role)),
        None => line(&person.name),
    }
}

/// The line of sight, from the nearest node to the scorecard.
fn affects(facts: &Facts) -> Option<String> {
    let mut nodes: Vec<String> = facts.affects_nodes.iter().map(affected).collect();
    let rest = nodes.split_off(nodes.len().min(AFFECTED_MAX));
    if !rest.is_empty() {
        nodes.push(format!("{} more", rest.len()));
    }
    if facts.node.kind != NodeKind::Scorecard {
        let name = format!("{} scorecard", line(&facts.scorecard.name));
        nodes.push(standing(name, facts.affects.status, facts.affects.score));
    }
    (!nodes.is_empty()).then(|| nodes.join("; "))
}

fn affected(node: &AffectedFacts) -> String {
    let of = node.of.as_deref().map(|of| format!(", {}", line(of)));
    let name = format!("{}{}", line(&node.name), of.unwrap_or_default());
    standing(name, node.status, node.score)
}

/// `Strong team (on track, 100.0)`
fn standing(name: String, status: Option<Status>, score: Option<f64>) -> String {
    match (status, score) {
        (Some(status), Some(score)) => {
            format!("{name} ({}, {})", status.words(), rounding::score(score))
        }
        (Some(status), None) => format!("{name} ({})", status.words()),
        (None, _) => name,
    }
}

fn data(facts: &Facts) -> String {
    if facts.remarks.is_empty() && facts.coverage == 0.0 {
        return "none".to_owned();
    }
    if facts.remarks.is_empty() {
        let words = match facts.is_final {
            Some(true) => "complete, final",
            Some(false) => "complete, still provisional",
            None if facts.official => "complete, final",
            None => "complete",
        };
        return words.to_owned();
    }
    let mut remarks: Vec<String> = facts.remarks.iter().map(|remark| line(remark)).collect();
    let rest = remarks.split_off(remarks.len().min(REMARKS_MAX));
    if !rest.is_empty() {
        remarks.push(format!("and {} more like these", rest.len()));
    }
    remarks.join("; ")
}

fn why(facts: &Facts) -> String {
    let notified = format!(
        "You get this because the alert of {} names you. Notified: {}",
        line(&facts.node.name),
        names(facts, &facts.to)
    );
    if facts.escalate_to.is_empty() {
        return format!("{notified}.");
    }
    format!("{notified}; if it persists: {}.", names(facts, &facts.escalate_to))
}

fn names(facts: &Facts, ids: &[String]) -> String {
    let name = |id: &String| line(facts.people.get(id).unwrap_or(id));
    let names: Vec<String> = ids.iter().map(name).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn footer(facts: &Facts) -> String {
    let config_hash = figures::short_hash(&facts.config_version);
    format!(
        "Episode {}, decided {}, configuration {config_hash}",
        facts.dedup_key,
        facts.at.format("%-d %B %Y %H:%M (UTC%:z)")
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::samples;

    /// The names in the first column of the tables below a sentence, up to the next.
    fn documented(from: &str, to: &str) -> BTreeSet<String> {
        let manual = include_str!("../../../../docs/templates.md");
        let part = manual.split_once(from).unwrap().1.split_once(to).unwrap().0;
        let cells = part.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
    }

    fn keys(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_manual_names_what_a_template_can_name_and_nothing_else() {
        let view = serde_json::to_value(AlertView::of(&samples::alerts::opened(), None)).unwrap();
        let mut alert = documented("template of an alert can name", "A row:");
        for beside in ["subject", "colours", "facts"] {
            assert!(alert.remove(beside), "docs/templates.md says nothing of `{beside}`");
        }
        assert_eq!(alert, keys(&view));
        let row = &view["rows"][0];
        assert_eq!(documented("A row:", "template of a notice"), keys(row));
        assert_eq!(keys(&row["spark"]), ["heights", "text", "words"].map(str::to_owned).into());
        assert_eq!(keys(&view["details"][0]), ["label", "text"].map(str::to_owned).into());
    }
}
