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
    mail::{data_remarks, early, figures, headline, kpi_row, kpi_table, phrases},
    wording::{day_words, line},
};
use kpid_language::{Language, text};
use kpid_rules::model::{Reason, Status};

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
    pub(crate) verb: String,
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
    label: String,
    text: String,
}

impl AlertView {
    /// Words the facts.
    pub(crate) fn of(language: &Language, facts: &Facts, link: Option<&Link>) -> Self {
        let shown = match &facts.early {
            Some(early) => early::shown(facts, early),
            None => kpi_table::shown(facts),
        };
        let heads = facts.early.iter().flat_map(|early| {
            shown.iter().filter_map(move |kpi| early::heads(language, kpi, early))
        });
        let others = kpi_table::others(language, facts, &shown);
        Self {
            name: line(&facts.node.name),
            verb: headline::verb(language, facts),
            badge: headline::badge(language, facts),
            tone: phrases::status(facts).tone(),
            rest: headline::rest(language, facts),
            scorecard: line(&facts.scorecard.name),
            reason: reason(language, facts),
            others: [heads.collect(), kpi_table::linked(language, facts), others].concat(),
            change: kpi_table::change(language, facts).filter(|_| facts.early.is_none()),
            details: details(language, facts, &shown),
            // What is said of a period that is over is no reason of an early word.
            rows: match facts.early {
                Some(_) => Vec::new(),
                None => shown.into_iter().map(|kpi| kpi_row::KpiRow::of(language, kpi)).collect(),
            },
            acknowledge: link.map(|link| acknowledge(language, facts, link)),
            link: facts.links.as_ref().map(|links| links.details.clone()),
            why: why(language, facts),
            footer: footer(language, facts),
        }
    }
}

impl Detail {
    fn new(language: &Language, label: &str, text: String) -> Self {
        Self { label: language.text(label).into_owned(), text }
    }
}

fn reason(language: &Language, facts: &Facts) -> Option<String> {
    let status = facts.status.to.filter(|_| facts.early.is_none())?;
    let culprit = match &facts.culprit {
        Some(culprit) => quoted(language, &culprit.name),
        None => language.text("mail-an-objective").into_owned(),
    };
    Some(match facts.reason? {
        Reason::Score if status == Status::OffTrack => {
            language.text("mail-reason-red-score").into_owned()
        }
        Reason::Score if status == Status::AtRisk => {
            language.text("mail-reason-amber-score").into_owned()
        }
        Reason::Score => return None,
        Reason::RedGuard => text!(language, "mail-reason-guard", name = culprit),
        Reason::Critical => text!(language, "mail-reason-critical", name = culprit),
        Reason::WorstOf => text!(language, "mail-reason-worst", name = culprit),
        Reason::BestOf => text!(language, "mail-reason-best", name = culprit),
        Reason::Majority => language.text("mail-reason-majority").into_owned(),
        Reason::CountRed => language.text("mail-reason-count").into_owned(),
        Reason::Priority => text!(language, "mail-reason-priority", name = culprit),
        Reason::Manual => language.text("mail-reason-manual").into_owned(),
    })
}

fn quoted(language: &Language, words: &str) -> String {
    text!(language, "mail-quoted", words = line(words))
}

fn details(language: &Language, facts: &Facts, shown: &[&KpiFacts]) -> Vec<Detail> {
    let nobody = || language.text("mail-no-owner").into_owned();
    let owner = facts.owner.as_ref().map_or_else(nobody, person);
    let mut details = vec![Detail::new(language, "owner", owner)];
    details.extend(facts.note.as_ref().map(|written| note(language, written)));
    details.extend(acknowledgement(language, &facts.episode));
    details.extend(initiatives(language, &facts.initiatives));
    let need = |kpi: &&KpiFacts| match facts.early {
        Some(_) => kpi_row::required(language, kpi),
        None => kpi_row::need(language, kpi),
    };
    let needs = shown.iter().filter_map(need);
    details.extend(needs.map(|text| Detail::new(language, "mail-to-be-green", text)));
    let affected = affects(language, facts);
    details.extend(affected.map(|text| Detail::new(language, "mail-affects", text)));
    details.push(Detail::new(language, "mail-data", data(language, facts)));
    details
}

fn acknowledge(language: &Language, facts: &Facts, link: &Link) -> Acknowledge {
    let until = link.until.with_timezone(facts.at.offset());
    let words = text!(language, "mail-acknowledge-words", day = day_words(language, until));
    Acknowledge { url: link.url.clone(), words }
}

fn note(language: &Language, note: &NoteFacts) -> Detail {
    let (day, text) = (day_words(language, note.at), quoted(language, &note.text));
    Detail::new(language, "mail-note", format!("{day}, {}: {text}", line(&note.by)))
}

fn acknowledgement(language: &Language, episode: &EpisodeFacts) -> Option<Detail> {
    let mut parts = vec![line(episode.acknowledged_by.as_ref()?)];
    parts.extend(episode.comment.as_ref().map(|comment| quoted(language, comment)));
    parts.extend(episode.due.map(|due| text!(language, "due", day = language.day(due))));
    Some(Detail::new(language, "mail-acknowledged-by", parts.join(", ")))
}

fn initiatives(language: &Language, initiatives: &[InitiativeFacts]) -> Vec<Detail> {
    let detail = |text| Detail::new(language, "mail-initiative", text);
    if initiatives.is_empty() {
        return vec![detail(language.text("mail-no-initiative").into_owned())];
    }
    let rest = initiatives.len().saturating_sub(INITIATIVES_MAX);
    let rest = (rest > 0).then(|| text!(language, "mail-and-more", count = rest));
    let shown = initiatives.iter().take(INITIATIVES_MAX);
    let shown = shown.map(|known| initiative(language, known));
    shown.chain(rest).map(detail).collect()
}

fn initiative(language: &Language, initiative: &InitiativeFacts) -> String {
    let mut parts = vec![format!("{} ({})", line(&initiative.name), line(&initiative.of.name))];
    parts.extend(initiative.owner.as_ref().map(|owner| line(&owner.name)));
    parts.extend(initiative.due.map(|due| text!(language, "due", day = language.day(due))));
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
fn affects(language: &Language, facts: &Facts) -> Option<String> {
    let nodes = facts.affects_nodes.iter();
    let mut nodes: Vec<String> = nodes.map(|node| affected(language, node)).collect();
    let rest = nodes.split_off(nodes.len().min(AFFECTED_MAX));
    if !rest.is_empty() {
        nodes.push(text!(language, "mail-more", count = rest.len()));
    }
    if facts.node.kind != NodeKind::Scorecard {
        let name = text!(language, "mail-scorecard", name = line(&facts.scorecard.name));
        nodes.push(standing(language, name, facts.affects.status, facts.affects.score));
    }
    (!nodes.is_empty()).then(|| nodes.join("; "))
}

fn affected(language: &Language, node: &AffectedFacts) -> String {
    let of = node.of.as_deref().map(|of| format!(", {}", line(of)));
    let name = format!("{}{}", line(&node.name), of.unwrap_or_default());
    standing(language, name, node.status, node.score)
}

/// `Strong team (on track, 100.0)`
fn standing(
    language: &Language,
    name: String,
    status: Option<Status>,
    score: Option<f64>,
) -> String {
    let status = status.map(|status| language.status(status));
    match (status, score) {
        (Some(status), Some(score)) => {
            let score = figures::score(language, score);
            text!(language, "mail-standing", name = name, status = status, score = score)
        }
        (Some(status), None) => format!("{name} ({status})"),
        (None, _) => name,
    }
}

fn data(language: &Language, facts: &Facts) -> String {
    if facts.remarks.is_empty() {
        let key = match facts.is_final {
            _ if facts.coverage == 0.0 => "mail-data-none",
            Some(true) => "mail-data-final",
            Some(false) => "mail-data-provisional",
            None if facts.official => "mail-data-final",
            None => "mail-data-complete",
        };
        return language.text(key).into_owned();
    }
    let mut remarks: Vec<String> = match facts.data_remarks.as_slice() {
        // An earlier release stored them in English, and as nothing else.
        [] => facts.remarks.iter().map(|remark| line(remark)).collect(),
        remarks => {
            remarks.iter().map(|remark| line(&data_remarks::sentence(language, remark))).collect()
        }
    };
    let rest = remarks.split_off(remarks.len().min(REMARKS_MAX));
    if !rest.is_empty() {
        remarks.push(text!(language, "mail-more-like-these", count = rest.len()));
    }
    remarks.join("; ")
}

fn why(language: &Language, facts: &Facts) -> String {
    let name = line(&facts.node.name);
    let to = names(language, facts, &facts.to);
    if facts.escalate_to.is_empty() {
        return text!(language, "mail-why", name = name, names = to);
    }
    let later = names(language, facts, &facts.escalate_to);
    text!(language, "mail-why-escalated", name = name, names = to, later = later)
}

fn names(language: &Language, facts: &Facts, ids: &[String]) -> String {
    let name = |id: &String| line(facts.people.get(id).unwrap_or(id));
    let names: Vec<String> = ids.iter().map(name).collect();
    if names.is_empty() { language.text("mail-nobody").into_owned() } else { names.join(", ") }
}

fn footer(language: &Language, facts: &Facts) -> String {
    text!(
        language,
        "mail-footer",
        episode = facts.dedup_key.as_str(),
        instant = phrases::instant(language, facts.at),
        hash = figures::short_hash(&facts.config_version)
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
        let view = serde_json::to_value(AlertView::of(
            kpid_language::english(),
            &samples::alerts::opened(),
            None,
        ))
        .unwrap();
        let mut alert = documented("template of an alert can name", "A row:");
        for beside in ["subject", "colours", "lang", "words", "facts"] {
            assert!(alert.remove(beside), "docs/templates.md says nothing of `{beside}`");
        }
        assert_eq!(alert, keys(&view));
        let row = &view["rows"][0];
        assert_eq!(documented("A row:", "template of a notice"), keys(row));
        assert_eq!(keys(&row["spark"]), ["heights", "text", "words"].map(str::to_owned).into());
        assert_eq!(keys(&view["details"][0]), ["label", "text"].map(str::to_owned).into());
    }
}
