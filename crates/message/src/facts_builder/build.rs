//! The facts of one message, from a judgement: pure, in the transaction that decides.

use chrono::{DateTime, Utc};

use crate::{
    facts::{
        alert::{Change, EpisodeFacts, Facts, LastNotified, NodeFacts, NodeKind, Parent, Since},
        named::{Named, PeriodName},
    },
    facts_builder::{
        affected, early, kpis, remarks,
        subject::{Context, Subject, named, period_name},
    },
    mail::data_remarks,
};
use kpid_language::english;
use kpid_rules::{
    evaluation::EpisodeChange,
    judgement::{NodeStanding, Standing, Verdict},
    model::{Finality, Id, Period, Scope, Status},
};

/// More periods than anybody reviews; ends a count that a broken calendar would keep going.
const PERIODS_COUNTED_MAX: u32 = 10_000;

impl Facts {
    /// Everything a message about the change needs; `None` when nobody is notified of the change.
    pub fn of(context: Context<'_>, standing: &Standing, change: &EpisodeChange) -> Option<Self> {
        Subject::find(context, standing, change).map(|subject| subject.facts())
    }
}

impl Subject<'_> {
    fn facts(&self) -> Facts {
        let (now, before) = (&self.judged, self.before.as_ref());
        let zone = self.scorecard.calendar.zone;
        let (kpis, linked) = (kpis::kpis(self), kpis::linked(self));
        let data_remarks = remarks::remarks(now);
        let sentence = |remark| data_remarks::sentence(english(), remark);
        let sentences = data_remarks.iter().map(sentence).collect();
        Facts {
            event: self.event,
            cause: self.change.cause,
            dedup_key: self.change.episode.dedup_key(&self.change.scope),
            at: self.standing.as_of.with_timezone(&zone).fixed_offset(),
            scorecard: named(&self.scorecard.id, &self.scorecard.name),
            node: NodeFacts {
                kind: NodeKind::of(&self.change.scope),
                path: self.change.scope.to_string(),
                id: self.node.id.to_string(),
                name: self.node.name.to_owned(),
            },
            period: now.period.map(period_name),
            official: now.official,
            status: Change {
                from: self.compared().map(|before| before.verdict.status),
                to: Some(now.verdict.status),
            },
            score: Change {
                from: self.compared().and_then(|before| before.verdict.score),
                to: now.verdict.score,
            },
            before: before.map(|before| period_name(before.period)),
            early: early::early(self),
            reason: now.verdict.reason,
            culprit: now.culprit.as_ref().map(|id| self.culprit(id)),
            since: since(now),
            episode: self.episode(),
            residual: kpis::residual(self, &kpis, &linked),
            last_notified: self.last_notified(),
            further: self.further(),
            kpis,
            linked,
            owner: self.node.owner.and_then(|owner| self.person(owner)),
            initiatives: self.initiatives(),
            note: self.note(),
            affects: self.affects(),
            affects_nodes: affected::affected(self),
            coverage: now.verdict.coverage,
            is_final: Some(is_final(now)),
            remarks: sentences,
            data_remarks,
            links: self.links(),
            to: self.readers(&self.node.alert.to),
            escalate_to: self.readers(&self.node.alert.escalate_to),
            people: self.people(),
            config_version: self.standing.config.clone(),
        }
    }

    /// The message of the episode before this one.
    fn last_notified(&self) -> Option<LastNotified> {
        let last = &self.change.before.notified;
        let at = last.at.filter(|_| self.change.before.is_open())?;
        let at = at.with_timezone(&self.scorecard.calendar.zone).fixed_offset();
        Some(LastNotified { at, status: last.status, score: last.score })
    }

    fn further(&self) -> Vec<Named> {
        if self.last_notified().is_none() {
            return Vec::new();
        }
        let known = &self.change.before.notified.red;
        let further = self
            .judged
            .kpis()
            .filter(|kpi| kpi.status == Status::OffTrack && !known.contains(&kpi.id));
        further.map(|kpi| named(&kpi.id, &kpi.name)).collect()
    }

    /// The child that decided, by its name.
    fn culprit(&self, id: &Id) -> Named {
        let objectives = &self.judged.objectives;
        let views = self.parent.perspectives.iter().map(|view| (&view.id, &view.name));
        let kpis = objectives.iter().flat_map(|objective| &objective.kpis);
        let kpis = kpis.map(|kpi| (&kpi.id, &kpi.name));
        let objectives = objectives.iter().map(|objective| (&objective.id, &objective.name));
        let of = |found: Option<(&Id, &String)>| {
            named(id, found.map_or(id.as_str(), |(_, name)| name.as_str()))
        };
        let is_it = |(child, _): &(&Id, &String)| *child == id;
        match &self.change.scope {
            Scope::Scorecard(_) => of(views.into_iter().find(is_it)),
            Scope::Perspective(..) => of(objectives.into_iter().find(is_it)),
            Scope::Objective(..) | Scope::Kpi(_) => of(kpis.into_iter().find(is_it)),
        }
    }

    /// The scorecard above the node, where its author shows it.
    fn affects(&self) -> Parent {
        let is_above = !matches!(self.change.scope, Scope::Scorecard(_));
        if self.parent.show_overall && is_above {
            let Verdict { status, score, .. } = self.parent.verdict;
            Parent { status: Some(status), score }
        } else {
            Parent { status: None, score: None }
        }
    }

    fn episode(&self) -> EpisodeFacts {
        let (episode, zone) = (&self.change.episode, self.scorecard.calendar.zone);
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).fixed_offset();
        let opened_period = episode.opened_period.as_deref().map(|key| match Period::parse(key) {
            Ok(period) => period_name(period),
            Err(_) => PeriodName { key: key.to_owned(), label: key.to_owned() },
        });
        let acknowledgement = episode.acknowledgement.as_ref();
        EpisodeFacts {
            number: episode.number,
            opened_at: episode.opened_at.map(local),
            opened_period,
            recovered_at: episode.recovered_at.map(local),
            acknowledged_by: acknowledgement.map(|by| self.by(&by.by)),
            acknowledged_at: acknowledgement.map(|by| local(by.at)),
            comment: acknowledgement.and_then(|by| by.comment.clone()),
            due: acknowledgement.and_then(|by| by.due),
            flapping_until: episode.flapping_until.map(local),
        }
    }
}

fn since(node: &NodeStanding<'_>) -> Option<Since> {
    let (first, last) = (node.since?, node.period?);
    let frequency = first.frequency();
    if frequency != last.frequency() || last < first {
        return None;
    }
    let mut periods = 1;
    let mut period = first;
    while period < last && periods < PERIODS_COUNTED_MAX {
        period = period.next();
        periods += 1;
    }
    Some(Since { period: period_name(first), periods, frequency })
}

/// Whether no figure that counts may still change of itself.
fn is_final(node: &NodeStanding<'_>) -> bool {
    let mut counted = node.kpis().filter(|kpi| kpi.weight > 0.0);
    counted.all(|kpi| kpi.finality != Some(Finality::Provisional))
}
