//! The configurations that are measured, as an author would write them.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{baseline::AT_ONCE, origin::Peer};

/// KPIs of a scorecard where there are many.
const KPIS_OF_MANY: usize = 20;

/// KPIs of an objective.
const KPIS_OF_OBJECTIVE: usize = 5;

/// Perspectives of a scorecard.
const PERSPECTIVES: usize = 4;

/// How KPIs are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One scorecard has all of them.
    One,
    /// Scorecards of twenty.
    Many,
    /// Scorecards of as many.
    Of(usize),
}

/// Where figures come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Figures {
    /// The origin, at a schedule.
    Http { every: &'static str },
    /// A SQLite file, at a schedule.
    Sql { every: &'static str },
    /// `kpid import`: monthly figures.
    Imported,
}

/// What is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portfolio {
    pub(crate) kpis: usize,
    pub(crate) shape: Shape,
    pub(crate) figures: Figures,
    pub(crate) told: Told,
}

/// Who is told of what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nobody,
    /// Of each scorecard its owner by mail, and a webhook.
    Owners,
    /// So many people by mail, of every scorecard, and a webhook.
    Everybody(usize),
}

/// A configuration in a folder of its own.
#[derive(Debug)]
pub(crate) struct Written {
    folder: TempDir,
}

impl Shape {
    /// As a row calls it.
    pub(crate) fn name(self) -> &'static str {
        if self == Self::One { "one scorecard" } else { "scorecards of 20" }
    }
}

impl Written {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("kpid.yaml")
    }

    /// The SQLite file of figures, which is not kpid's store.
    pub(crate) fn figures(&self) -> PathBuf {
        self.path().join("figures.db")
    }

    /// Adds a scorecard of KPIs that are fetched from the origin each second.
    pub(crate) fn add_due(&self, kpis: usize) {
        let due = Portfolio {
            kpis,
            shape: Shape::One,
            figures: Figures::Http { every: "1s" },
            told: Told::Nobody,
        };
        fs::write(self.path().join("scorecards/due.yaml"), due.scorecard("due", 0..kpis)).unwrap();
    }
}

impl Portfolio {
    /// As many KPIs of the origin, at a schedule; nobody is told.
    pub(crate) fn polled(kpis: usize, shape: Shape, every: &'static str) -> Self {
        Self { kpis, shape, figures: Figures::Http { every }, told: Told::Nobody }
    }

    /// Writes it, into a folder that goes with the return value.
    pub(crate) fn write(&self, origin: &Peer, sink: &Peer) -> Written {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scorecards")).unwrap();
        let of_one = self.kpis_of_one();
        let cards = self.kpis.div_ceil(of_one);
        for card in 0..cards {
            let kpis = card * of_one..self.kpis.min((card + 1) * of_one);
            let path = folder.path().join(format!("scorecards/s{card}.yaml"));
            fs::write(path, self.scorecard(&format!("s{card}"), kpis)).unwrap();
        }
        let text = self.configuration(folder.path(), origin, sink, cards);
        fs::write(folder.path().join("kpid.yaml"), text).unwrap();
        Written { folder }
    }

    /// KPIs of each scorecard.
    pub(crate) fn kpis_of_one(&self) -> usize {
        match self.shape {
            Shape::One => self.kpis,
            Shape::Many => KPIS_OF_MANY,
            Shape::Of(kpis) => kpis,
        }
    }

    fn configuration(&self, folder: &Path, origin: &Peer, sink: &Peer, cards: usize) -> String {
        let mut text = format!(
            "store: kpid.db
calendar: {{ timezone: Europe/Amsterdam }}
connections:
  api: {{ http: {{ base_url: \"{api}\", timeout: 10s, max_concurrent: {AT_ONCE} }} }}
  books: {{ sqlite: {{ path: {books}, max_concurrent: 4 }} }}
web: {{ listen: \"127.0.0.1:0\" }}
",
            api = origin.url(),
            books = folder.join("figures.db").display(),
        );
        if self.told != Told::Nobody {
            write!(
                text,
                "channels:
  mail: {{ email: {{ smtp: {{ host: 127.0.0.1, port: {port}, tls: none, hello: load.example }}, \
                 from: \"Scorecard <kpid@acme.example>\" }} }}
  ops: {{ webhook: {{ url: \"{hook}hook\", secret: \"a secret of nobody\" }} }}
people:
",
                port = sink.smtp_port(),
                hook = sink.url(),
            )
            .unwrap();
            for at in 0..if let Told::Everybody(people) = self.told { people } else { cards } {
                writeln!(text, "  p{at}: {{ name: Owner {at}, email: p{at}@acme.example }}")
                    .unwrap();
            }
        }
        text
    }

    fn scorecard(&self, id: &str, kpis: std::ops::Range<usize>) -> String {
        let mut text = format!("scorecard: {id}\nname: Unit {id}\nperspectives:\n");
        let numbers: Vec<usize> = kpis.collect();
        let of_one = numbers.len().div_ceil(PERSPECTIVES);
        for (perspective, kpis) in numbers.chunks(of_one).enumerate() {
            write!(text, "  v{perspective}:\n    name: Perspective {perspective} of {id}\n")
                .unwrap();
            let readers = match self.told {
                Told::Nobody => Vec::new(),
                Told::Owners => vec![id.replace('s', "p")],
                Told::Everybody(people) => (0..people).map(|at| format!("p{at}")).collect(),
            };
            if let Some(owner) = readers.first() {
                let readers = readers.join(", ");
                writeln!(text, "    owner: {owner}\n    alert: {{ to: [{readers}, ops] }}")
                    .unwrap();
            }
            text.push_str("    objectives:\n");
            for (objective, kpis) in kpis.chunks(KPIS_OF_OBJECTIVE).enumerate() {
                write!(text, "      o{perspective}-{objective}:\n        kpis:\n").unwrap();
                for kpi in kpis {
                    writeln!(text, "          {}", self.kpi(*kpi)).unwrap();
                }
            }
        }
        text
    }

    fn kpi(&self, at: usize) -> String {
        let (every, source) = match self.figures {
            Figures::Imported => {
                return format!(
                    "k{at}: {{ name: Figure {at}, nature: flow, unit: orders, lag: 40d, target: 100, \
                     tolerance: 10% }}"
                );
            }
            Figures::Http { every } => {
                (every, format!("http: {{ from: api, get: f/{at}, value: $.value }}"))
            }
            Figures::Sql { every } => {
                let query = format!("select value from figures where id = {at}");
                (every, format!("sql: {{ from: books, query: \"{query}\" }}"))
            }
        };
        format!(
            "k{at}: {{ name: Figure {at}, nature: level, unit: points, schedule: {{ every: {every} }}, \
             target: 95, tolerance: 3, source: {{ {source} }} }}"
        )
    }
}
