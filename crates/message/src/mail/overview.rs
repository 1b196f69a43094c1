//! What the mail of a digest or report says, worded: the one model of text and HTML.

use serde::Serialize;

use crate::{
    mail::{figures, phrases},
    overview::{Entry, MapCell, MapRow, Mark, Overview, OverviewSection},
    wording::line,
};
use kpid_language::{Language, text};

/// A digest or report, worded.
#[derive(Debug, Serialize)]
pub(crate) struct OverviewView {
    title: String,
    summary: String,
    /// The colour of the whole.
    tone: &'static str,
    map: Vec<PerspectiveRow>,
    sections: Vec<SectionView>,
    link: Option<String>,
    why: String,
    footer: String,
}

/// A perspective of the map.
#[derive(Debug, Serialize)]
struct PerspectiveRow {
    name: String,
    mark: StatusChip,
    /// Its objectives.
    objectives: Vec<ObjectiveCell>,
}

/// An objective of the map.
#[derive(Debug, Serialize)]
struct ObjectiveCell {
    name: String,
    mark: StatusChip,
}

/// A status with its score, beside its colour.
#[derive(Debug, Serialize)]
struct StatusChip {
    word: String,
    score: String,
    tone: &'static str,
}

/// Entries under a heading.
#[derive(Debug, Serialize)]
struct SectionView {
    title: String,
    items: Vec<EntryView>,
    /// How many more there are, in words; empty if none.
    more: String,
}

/// One entry.
#[derive(Debug, Serialize)]
struct EntryView {
    name: String,
    of: String,
    mark: Option<StatusChip>,
    words: String,
    notes: Vec<String>,
}

impl OverviewView {
    pub(crate) fn of(language: &Language, overview: &Overview) -> Self {
        let row = |row: &MapRow| {
            let objectives = row.objectives.iter().map(|objective| cell(language, objective));
            PerspectiveRow {
                name: line(&row.named.name),
                mark: chip(language, row.mark),
                objectives: objectives.collect(),
            }
        };
        Self {
            title: line(&overview.title),
            summary: line(&overview.summary),
            tone: overview.overall.map_or("grey", |mark| mark.status.tone()),
            map: overview.map.iter().map(row).collect(),
            sections: overview.sections.iter().map(|section| part(language, section)).collect(),
            link: overview.links.as_ref().map(|links| links.details.clone()),
            why: line(&overview.why),
            footer: text!(
                language,
                "overview-footer",
                instant = phrases::instant(language, overview.at),
                hash = figures::short_hash(&overview.config_version)
            ),
        }
    }
}

fn chip(language: &Language, mark: Mark) -> StatusChip {
    StatusChip {
        word: language.status(mark.status).to_uppercase(),
        score: mark.score.map(|score| figures::score(language, score)).unwrap_or_default(),
        tone: mark.status.tone(),
    }
}

fn cell(language: &Language, cell: &MapCell) -> ObjectiveCell {
    ObjectiveCell { name: line(&cell.named.name), mark: chip(language, cell.mark) }
}

fn part(language: &Language, chapter: &OverviewSection) -> SectionView {
    let more = chapter.more;
    SectionView {
        title: line(&chapter.title),
        items: chapter.entries.iter().map(|entry| item(language, entry)).collect(),
        more: if more > 0 { text!(language, "mail-and-more", count = more) } else { String::new() },
    }
}

fn item(language: &Language, entry: &Entry) -> EntryView {
    let mark = |status| chip(language, Mark { status, score: entry.score });
    EntryView {
        name: line(&entry.name),
        of: line(&entry.of),
        mark: entry.status.map(mark),
        words: line(&entry.words),
        notes: entry.notes.iter().map(|note| line(note)).collect(),
    }
}
