//! What the mail of a digest or report says, worded: the one model of text and HTML.

use serde::Serialize;

use crate::{
    bulletin::{Bulletin, Chapter, Entry, MapCell, Mark},
    mail::{figures, view::line},
};
use kpid_rules::judgement::rounding;

/// Objectives side by side in the map; a narrow screen has no room for more.
const CELLS_IN_ROW: usize = 4;

/// A digest or report, worded.
#[derive(Debug, Serialize)]
pub(crate) struct Sheet {
    title: String,
    summary: String,
    /// The colour of the whole.
    tone: &'static str,
    map: Vec<Row>,
    sections: Vec<Part>,
    link: Option<String>,
    why: String,
    footer: String,
}

/// A perspective of the map.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    mark: Chip,
    /// Its objectives in rows.
    rows: Vec<Vec<Cell>>,
}

/// An objective of the map.
#[derive(Debug, Serialize)]
struct Cell {
    name: String,
    mark: Chip,
}

/// A status with its score, beside its colour.
#[derive(Debug, Serialize)]
struct Chip {
    word: String,
    score: String,
    tone: &'static str,
}

/// Entries under a heading.
#[derive(Debug, Serialize)]
struct Part {
    title: String,
    items: Vec<Item>,
    more: usize,
}

/// One entry.
#[derive(Debug, Serialize)]
struct Item {
    name: String,
    of: String,
    mark: Option<Chip>,
    words: String,
    notes: Vec<String>,
}

impl Sheet {
    pub(crate) fn of(bulletin: &Bulletin) -> Self {
        let row = |row: &crate::bulletin::MapRow| {
            let cells = row.objectives.chunks(CELLS_IN_ROW);
            let rows = cells.map(|cells| cells.iter().map(cell).collect()).collect();
            Row { name: line(&row.named.name), mark: chip(row.mark), rows }
        };
        let config_hash = figures::short_hash(&bulletin.config_version);
        Self {
            title: line(&bulletin.title),
            summary: line(&bulletin.summary),
            tone: bulletin.overall.map_or("grey", |mark| mark.status.tone()),
            map: bulletin.map.iter().map(row).collect(),
            sections: bulletin.sections.iter().map(part).collect(),
            link: bulletin.links.as_ref().map(|links| links.details.clone()),
            why: line(&bulletin.why),
            footer: format!(
                "Made {}, configuration {config_hash}",
                bulletin.at.format("%-d %B %Y %H:%M (UTC%:z)")
            ),
        }
    }
}

fn chip(mark: Mark) -> Chip {
    Chip {
        word: mark.status.words().to_uppercase(),
        score: mark.score.map(rounding::score).unwrap_or_default(),
        tone: mark.status.tone(),
    }
}

fn cell(cell: &MapCell) -> Cell {
    Cell { name: line(&cell.named.name), mark: chip(cell.mark) }
}

fn part(chapter: &Chapter) -> Part {
    Part {
        title: line(&chapter.title),
        items: chapter.entries.iter().map(item).collect(),
        more: chapter.more,
    }
}

fn item(entry: &Entry) -> Item {
    Item {
        name: line(&entry.name),
        of: line(&entry.of),
        mark: entry.status.map(|status| chip(Mark { status, score: entry.score })),
        words: line(&entry.words),
        notes: entry.notes.iter().map(|note| line(note)).collect(),
    }
}
