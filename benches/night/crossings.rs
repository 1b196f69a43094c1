//! Perspectives that fall and recover, each when the last that was to be told of it has come; and the
//! ledger of that against what came.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    company::{FIGURES, INES, PERSPECTIVES, SCORECARDS, path, side},
    world::{
        dice::Dice,
        ledger::{Arrival, Entry},
        origin::Origin,
        town::Town,
    },
};

/// One more within thirty days would be flapping, which is told once and then quiet.
const FALLS_MAX: u32 = 3;

/// Where one is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// It stands as it is at least until then.
    Rests(Instant),
    /// It changed, and that is not told yet.
    Waits,
}

#[derive(Clone, Debug)]
struct Side {
    is_fallen: bool,
    falls: u32,
    stage: Stage,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Crossings {
    dice: Dice,
    /// One that may fall does so once in so many steps.
    rarity: u64,
    sides: Vec<Side>,
    told: usize,
    seen: usize,
}

/// What the ledger finds.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    expected: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    invented: Vec<String>,
    repeats: usize,
}

impl Crossings {
    /// Ones that fall now and then for so many steps.
    pub(crate) fn new(origin: &Origin, steps: u64, mut dice: Dice) -> Self {
        let sides = (0..SCORECARDS * PERSPECTIVES).map(|at| {
            origin.figure(&path(at), FIGURES[0]);
            let rest = Duration::from_millis(20_000 + dice.below(120_000));
            Side { is_fallen: false, falls: 0, stage: Stage::Rests(Instant::now() + rest) }
        });
        let sides = sides.collect();
        let rarity = (steps * 3 / 4 / u64::from(FALLS_MAX)).max(1);
        Self { dice, rarity, sides, told: 0, seen: 0 }
    }

    /// Takes in what came, and lets those fall and recover that may.
    pub(crate) fn step(&mut self, town: &Town) {
        self.take_in(town);
        let now = Instant::now();
        for at in 0..self.sides.len() {
            let Stage::Rests(until) = self.sides[at].stage else { continue };
            let side = &self.sides[at];
            if now < until || (!side.is_fallen && side.falls == FALLS_MAX) {
                continue;
            }
            if !side.is_fallen && !self.dice.once_in(self.rarity) {
                continue;
            }
            let side = &mut self.sides[at];
            side.is_fallen = !side.is_fallen;
            side.falls += u32::from(side.is_fallen);
            side.stage = Stage::Waits;
            town.origin.figure(&path(at), FIGURES[usize::from(side.is_fallen)]);
        }
    }

    /// Whether something that was to be told has not come yet.
    pub(crate) fn is_waiting(&mut self, town: &Town) -> bool {
        self.take_in(town);
        self.sides.iter().any(|side| matches!(side.stage, Stage::Waits))
    }

    fn take_in(&mut self, town: &Town) {
        let calls = town.webhook.calls();
        for call in calls.iter().skip(self.seen) {
            let said = call.json();
            let (Some(key), Some(event)) = (said["dedup_key"].as_str(), said["event"].as_str())
            else {
                continue;
            };
            let known = (0..self.sides.len()).find(|at| {
                let side = &self.sides[*at];
                let awaited = if side.is_fallen { "opened" } else { "recovered" };
                matches!(side.stage, Stage::Waits)
                    && event == awaited
                    && key == format!("{}/{}", crate::company::side(*at), side.falls)
            });
            let Some(at) = known else { continue };
            self.told += 1;
            let rest = Duration::from_millis(2_000 + self.dice.below(30_000));
            self.sides[at].stage = Stage::Rests(Instant::now() + rest);
        }
        self.seen = calls.len();
    }

    /// Crossings that were told, and those that still wait.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let waiting = self.sides.iter().filter(|side| matches!(side.stage, Stage::Waits));
        (self.told, waiting.count())
    }

    /// What was to be told to each reader, under one id, against what came.
    pub(crate) fn held_against(&self, entries: &[Entry], arrivals: &[Arrival]) -> Faults {
        let mut faults = Faults::default();
        let by_id: BTreeMap<&str, &Entry> =
            entries.iter().map(|entry| (entry.id.as_str(), entry)).collect();
        let mut came: BTreeMap<(String, &str, &str), BTreeSet<&str>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for arrival in arrivals.iter().filter(|arrival| arrival.channel != "watch") {
            let Some(entry) = by_id.get(arrival.id.as_str()) else {
                faults.invented.push(format!("{arrival:?}"));
                continue;
            };
            faults.repeats += usize::from(!ids.insert(&arrival.id));
            // Whoever acknowledges is told of to channels, beside what was to be told.
            if entry.event != "acknowledged" {
                let key = (entry.dedup_key.clone(), &*entry.event, &*arrival.recipient);
                came.entry(key).or_default().insert(&arrival.id);
            }
        }
        for (at, held) in self.sides.iter().enumerate() {
            for fall in 1..=held.falls {
                let is_over = fall < held.falls || !held.is_fallen;
                let events = ["opened", "recovered"].into_iter().take(1 + usize::from(is_over));
                for (event, reader) in
                    events.flat_map(|event| ["ops", INES].map(|reader| (event, reader)))
                {
                    faults.expected += 1;
                    let words = format!("{}/{fall} {event} to {reader}", side(at));
                    let key = (format!("{}/{fall}", side(at)), event, reader);
                    match came.remove(&key).map_or(0, |ids| ids.len()) {
                        0 => faults.lost.push(words),
                        1 => {}
                        _ => faults.doubled.push(words),
                    }
                }
            }
        }
        faults
            .invented
            .extend(came.keys().map(|(key, event, to)| format!("{key} {event} to {to}")));
        faults
    }
}

impl Faults {
    pub(crate) fn print(&self) {
        println!(
            "{} messages were to come: {} lost, {} doubled under another id, {} that nothing called for; \
             {} came again under the same id",
            self.expected,
            self.lost.len(),
            self.doubled.len(),
            self.invented.len(),
            self.repeats
        );
        let all = [("lost", &self.lost), ("doubled", &self.doubled), ("invented", &self.invented)];
        for (word, list) in all {
            for line in list.iter().take(20) {
                println!("{word}: {line}");
            }
        }
    }

    pub(crate) fn are_none(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.invented.is_empty()
    }
}
