//! KPIs whose endpoints never fail: whether each was asked for on time, whatever went on beside it.

use std::time::{Duration, Instant};

use crate::{
    company::{FIGURES, HEALTHY, HEALTHY_EVERY_SECS},
    world::origin::Origin,
};

/// Without being asked for so long, a KPI was missed: two of its instants.
const GAP_MAX: Duration = Duration::from_secs(2 * HEALTHY_EVERY_SECS + 2);

/// If nobody looked for so long, it is not known who was asked for on time.
const UNSEEN_MAX: Duration = Duration::from_secs(2);

/// What was seen of them.
#[derive(Debug)]
pub(crate) struct Healthy {
    asked: Vec<(usize, Instant)>,
    looked_at: Instant,
    missed: usize,
    longest: Duration,
}

impl Healthy {
    pub(crate) fn new(origin: &Origin) -> Self {
        for at in 0..HEALTHY {
            origin.figure(&path(at), FIGURES[0]);
        }
        let now = Instant::now();
        Self { asked: vec![(0, now); HEALTHY], looked_at: now, missed: 0, longest: Duration::ZERO }
    }

    /// Looks who was asked for, by a daemon that is able to ask since then, or is not.
    pub(crate) fn look(&mut self, origin: &Origin, able_since: Option<Instant>) {
        let now = Instant::now();
        let is_unseen = now - std::mem::replace(&mut self.looked_at, now) > UNSEEN_MAX;
        for (at, (count, last)) in self.asked.iter_mut().enumerate() {
            let asked = origin.asked(&path(at));
            let is_asked = asked > std::mem::replace(count, asked);
            let Some(able) = able_since.filter(|_| !is_unseen) else {
                *last = now;
                continue;
            };
            let gap = now.saturating_duration_since((*last).max(able));
            self.longest = self.longest.max(gap);
            if gap > GAP_MAX {
                println!("healthy{at} was not asked for in {:.1} s", gap.as_secs_f64());
                self.missed += 1;
            }
            if is_asked || gap > GAP_MAX {
                *last = now;
            }
        }
    }

    /// How often one was missed, and the longest time without a question.
    pub(crate) fn counts(&self) -> (usize, Duration) {
        (self.missed, self.longest)
    }
}

fn path(at: usize) -> String {
    format!("healthy{at}")
}
