//! One step of families: what changed is judged, with what hangs on it, and what follows from that is
//! decided. Pure: what it came to is the owner's to keep.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    engine::{
        data_incidents::{self, Looked},
        families::Families,
        judgement::{self, LIVE},
    },
    instance::Instance,
    outbox::{
        held_mail::{Judged, Release},
        report,
    },
};
use kpid_rules::{
    alerting::{Heard, Receipts},
    evaluation::{Applied, Changes, Family, Inputs},
    judgement::Standing,
    model::Scope,
};
use kpid_store::{Held, Judgement};

/// What a step works with.
#[derive(Clone, Copy)]
pub(super) struct Step<'s> {
    pub(super) instance: &'s Instance,
    pub(super) families: &'s Families,
    /// Families with what changed of each.
    pub(super) due: &'s [(usize, Changes)],
    /// Whether connections and what is not followed any more are looked at, too.
    pub(super) looks_at_others: bool,
    pub(super) now: DateTime<Utc>,
}

/// What a step came to.
pub(super) struct Stepped {
    pub(super) judgement: Judgement,
    /// Of each family that was due.
    pub(super) applied: Vec<Applied>,
    /// The families of which somebody awaits a message that is on its way.
    pub(super) awaited: Vec<usize>,
}

impl Step<'_> {
    /// Takes the step.
    pub(super) fn take(self, judged: &mut [Family], held: &Held) -> Stepped {
        let mut receipts = self.receipts(held);
        let (mut applied, mut awaited) = (Vec::with_capacity(self.due.len()), Vec::new());
        for (at, changes) in self.due {
            let receipts = receipts.remove(at).unwrap_or_default();
            if receipts.iter().any(|(_, known)| known.last == Heard::NotYet) {
                awaited.push(*at);
            }
            let inputs = Inputs {
                portfolio: &self.instance.setup.portfolio,
                config_hash: &self.instance.setup.config_hash,
                history: &held.history,
                episodes: &held.episodes,
                silences: &held.silences,
                receipts: &receipts,
                historical: LIVE.historical,
                first_look_is_historical: LIVE.first_look_is_historical,
            };
            let family = judged.get_mut(*at);
            applied.push(family.map(|family| family.apply(inputs, changes, self.now)));
        }
        let applied: Vec<Applied> = applied.into_iter().map(Option::unwrap_or_default).collect();
        let judgement = self.follow(judged, &applied, held);
        Stepped { judgement, applied, awaited }
    }

    /// Since when people know of alerts, by family.
    fn receipts(self, held: &Held) -> HashMap<usize, Vec<(Scope, Receipts)>> {
        let mut receipts: HashMap<usize, Vec<(Scope, Receipts)>> = HashMap::new();
        for (scope, known) in &held.known {
            if let Some(family) = self.families.of_scorecard(scope.scorecard()) {
                receipts.entry(family).or_default().push((scope.clone(), known.receipts));
            }
        }
        receipts
    }

    /// What follows from how families stand now.
    fn follow(self, judged: &[Family], applied: &[Applied], held: &Held) -> Judgement {
        let Self { instance, now, .. } = self;
        let setup = &instance.setup;
        let families = self.due.iter().filter_map(|(at, _)| judged.get(*at));
        let families: Vec<(&Family, &Applied)> = families.zip(applied).collect();
        let judges: Vec<_> = families
            .iter()
            .map(|(family, _)| family.judge_of(&setup.portfolio, &held.history, now))
            .collect();
        let stood = families.iter().zip(&judges);
        let stood: Vec<Judged<'_>> = stood
            .filter_map(|((family, applied), judge)| {
                let context = judgement::context(setup, judge, held);
                Some(Judged { context, standing: family.standing()?, changes: &applied.changes })
            })
            .collect();
        let mut deliveries = judgement::messages(instance, held, &stood, now);
        let silenced = held.silenced(now);
        let release = Release { setup, judged: &stood, silenced: &silenced, now };
        let hold_decisions = release.decisions(held, &deliveries);
        let found = data_incidents::look(instance, held, &self.looked(&families), now);
        deliveries.extend(found.deliveries);
        let mut reports = Vec::new();
        for ((family, applied), judge) in families.iter().zip(&judges) {
            let Some(standing) = family.standing() else { continue };
            let touched = applied.touched.iter();
            let touched = touched.filter_map(|at| standing.scorecards.get(*at)).map(AsRef::as_ref);
            let reported = report::look(report::Look { instance, held, judge, now }, touched);
            reports.extend(reported.reports);
            deliveries.extend(reported.deliveries);
        }
        let mut standing = Standing {
            as_of: now.with_timezone(&setup.calendar.zone),
            config: setup.config_hash.clone(),
            scorecards: Vec::new(),
        };
        let (mut anew, mut moved, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for (family, applied) in families {
            let scorecards = family.standing().map(|standing| standing.scorecards.as_slice());
            let scorecards = scorecards.unwrap_or_default();
            if applied.is_whole {
                anew.extend_from_slice(scorecards);
            }
            // Whoever is told of an alert is told how it stood.
            if !applied.changes.is_empty() {
                standing.scorecards.extend_from_slice(scorecards);
            }
            moved.extend_from_slice(&applied.moved);
            changes.extend_from_slice(&applied.changes);
        }
        let incidents = found.incidents;
        Judgement { standing, anew, moved, changes, incidents, reports, deliveries, hold_decisions }
    }

    /// What of the data is looked at: what was judged again.
    fn looked<'f>(self, families: &[(&'f Family, &Applied)]) -> Looked<'f> {
        let judged = families.iter().flat_map(|(family, applied)| {
            let kpis = applied.judged.iter();
            kpis.filter_map(|named| Some((named.clone(), family.kpi(named)?)))
        });
        Looked { kpis: judged.collect(), others: self.looks_at_others }
    }
}
