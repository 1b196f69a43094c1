//! What the mail of a digest or report says, worded: the one model of text and HTML.

use serde::Serialize;

use crate::{
    mail::figures,
    overview::{Entry, MapCell, MapRow, Mark, Overview, OverviewSection},
    wording::line,
};
use kpid_rules::judgement::rounding;

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
    more: usize,
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
    pub(crate) fn of(overview: &Overview) -> Self {
        let row = |row: &MapRow| {
            let objectives = row.objectives.iter().map(cell).collect();
            PerspectiveRow { name: line(&row.named.name), mark: chip(row.mark), objectives }
        };
        let config_hash = figures::short_hash(&overview.config_version);
        Self {
            title: line(&overview.title),
            summary: line(&overview.summary),
            tone: overview.overall.map_or("grey", |mark| mark.status.tone()),
            map: overview.map.iter().map(row).collect(),
            sections: overview.sections.iter().map(part).collect(),
            link: overview.links.as_ref().map(|links| links.details.clone()),
            why: line(&overview.why),
            footer: format!(
                "Made {}, configuration {config_hash}",
                overview.at.format("%-d %B %Y %H:%M (UTC%:z)")
            ),
        }
    }
}

fn chip(mark: Mark) -> StatusChip {
    StatusChip {
        word: mark.status.words().to_uppercase(),
        score: mark.score.map(rounding::score).unwrap_or_default(),
        tone: mark.status.tone(),
    }
}

fn cell(cell: &MapCell) -> ObjectiveCell {
    ObjectiveCell { name: line(&cell.named.name), mark: chip(cell.mark) }
}

fn part(chapter: &OverviewSection) -> SectionView {
    SectionView {
        title: line(&chapter.title),
        items: chapter.entries.iter().map(item).collect(),
        more: chapter.more,
    }
}

fn item(entry: &Entry) -> EntryView {
    EntryView {
        name: line(&entry.name),
        of: line(&entry.of),
        mark: entry.status.map(|status| chip(Mark { status, score: entry.score })),
        words: line(&entry.words),
        notes: entry.notes.iter().map(|note| line(note)).collect(),
    }
}
