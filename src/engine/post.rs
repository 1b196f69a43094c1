//! How everything stands is put up for those who show it: as it is committed, never as it may become.

use std::{collections::HashMap, sync::Arc};

use tokio::time::Instant;

use crate::{
    engine::owner::{Owner, POSTED_EVERY},
    web::board::Posted,
};
use kpid_rules::{
    evaluation::judge_some,
    judgement::{ScorecardStanding, Standing},
    model::Id,
};

impl Owner {
    /// Puts up how everything stands. Nothing that is judged already is judged or copied for it.
    pub(super) fn post(&mut self) {
        // What a commit that failed left in memory is not in the store.
        if !self.memory.is_as_stored() {
            return;
        }
        self.post_at = Instant::now() + POSTED_EVERY;
        let scorecards = self.scorecards();
        let (setup, held) = (&self.instance.setup, self.memory.held());
        let standing = Standing {
            as_of: self.clock.now().with_timezone(&setup.calendar.zone),
            config: setup.config_hash.clone(),
            scorecards,
        };
        self.told.board.post(Posted {
            standing,
            episodes: held.episodes.clone(),
            attempts: held.attempts.clone(),
            troubles: held.incidents.open().count(),
            version: self.memory.version(),
        });
    }

    /// All scorecards in the order of the configuration.
    fn scorecards(&self) -> Vec<Arc<ScorecardStanding>> {
        let (setup, held) = (&self.instance.setup, self.memory.held());
        let mut standings: HashMap<&Id, Arc<ScorecardStanding>> = HashMap::new();
        let before = self.told.board.posted();
        // Those that wait for figures which are asked for, or for a store that takes them.
        let mut unknown: Vec<Id> = Vec::new();
        for (family, members) in self.judged.iter().zip(self.families.members()) {
            match family.standing() {
                Some(standing) => {
                    let scorecards = members.iter().zip(&standing.scorecards);
                    standings.extend(scorecards.map(|(id, held)| (id, Arc::clone(held))));
                }
                None => unknown.extend_from_slice(members),
            }
        }
        let before = before.iter().flat_map(|posted| &posted.standing.scorecards);
        let before: HashMap<&Id, &Arc<ScorecardStanding>> = match unknown.is_empty() {
            true => HashMap::new(),
            false => before.map(|scorecard| (&scorecard.id, scorecard)).collect(),
        };
        unknown.retain(|id| !before.contains_key(id));
        let (portfolio, history, now) = (&setup.portfolio, &held.history, self.clock.now());
        let guessed = match unknown.is_empty() {
            true => Vec::new(),
            false => {
                let (episodes, hash) = (&held.episodes, &setup.config_hash);
                judge_some(portfolio, &unknown, history, episodes, hash, now).scorecards
            }
        };
        let guessed: HashMap<&Id, &Arc<ScorecardStanding>> =
            guessed.iter().map(|scorecard| (&scorecard.id, scorecard)).collect();
        let ids = portfolio.scorecards().iter().map(|scorecard| &scorecard.id);
        let found = ids.filter_map(|id| {
            let judged = standings.remove(id);
            judged.or_else(|| before.get(id).or(guessed.get(id)).map(|held| Arc::clone(held)))
        });
        found.collect()
    }
}
