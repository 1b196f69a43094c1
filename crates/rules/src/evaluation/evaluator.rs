//! One look at one alert node: what its alert sees of the standing and of the alerts above it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::{
    alerting::episode::{Episode, Evaluation},
    evaluation::circumstances::{Circumstances, EpisodeChange},
    judgement::{
        judge::Judge,
        kpi_standing::KpiStanding,
        standing::{NodeStanding, Outlook, ScorecardStanding},
    },
    model::{
        alert_node::AlertNode,
        alert_policy::AlertPolicy,
        definition::Scorecard,
        id::{Id, Scope},
        period::Period,
        portfolio::Portfolio,
        status::Status,
    },
};

/// One outlook is a mood; this many in a row are told.
const OUTLOOKS_MIN: u32 = 2;

/// Where the alerts stand, those that moved in this evaluation before those that have not.
pub(crate) struct Alerts<'a> {
    before: &'a HashMap<Scope, Episode>,
    moved: HashMap<Scope, Episode>,
}

impl<'a> Alerts<'a> {
    /// As they stood before the evaluation.
    pub(crate) fn of(before: &'a HashMap<Scope, Episode>) -> Self {
        Self { before, moved: HashMap::new() }
    }

    /// Where an alert stood before the evaluation.
    pub(crate) fn before(&self, scope: &Scope) -> Option<&'a Episode> {
        self.before.get(scope)
    }

    /// Notes where an alert stands now; the change comes back if it moved.
    pub(crate) fn take(&mut self, change: EpisodeChange) -> Option<EpisodeChange> {
        if change.before == change.episode {
            return None;
        }
        self.moved.insert(change.scope.clone(), change.episode.clone());
        Some(change)
    }

    fn open(&self, scope: &Scope) -> Option<&Episode> {
        self.moved.get(scope).or_else(|| self.before.get(scope)).filter(|alert| alert.is_open())
    }

    /// What goes on above a node in its own scorecard.
    fn above(&self, scopes: &[Scope], circumstances: Circumstances<'_>) -> Above {
        let open = scopes.iter().filter_map(|scope| self.open(scope));
        Above {
            silenced: scopes.iter().any(|scope| circumstances.silences(scope)),
            notified: open.flat_map(|alert| alert.notified.to.iter().cloned()).collect(),
        }
    }

    /// What goes on in the units that a perspective is a part of: whoever was told there since it
    /// fell has read of it in a line of that message.
    fn above_in_other_units(&self, scopes: &[Scope], below: &Scope, now: DateTime<Utc>) -> Above {
        let fell = self.before.get(below).and_then(|alert| alert.bad_since).unwrap_or(now);
        let open = scopes.iter().filter_map(|scope| self.open(scope));
        let open = open.filter(|alert| alert.notified.at.is_some_and(|told| fell <= told));
        let notified = open.flat_map(|alert| alert.notified.to.iter().cloned()).collect();
        Above { silenced: false, notified }
    }
}

/// What is going on above a node.
struct Above {
    /// Nobody wants to hear of a node above.
    silenced: bool,
    /// Who is told how an alert above goes: what happens here is in those messages.
    notified: Vec<Id>,
}

impl Above {
    /// The policy for those who do not hear of it from above, and who does.
    fn split(&self, policy: &AlertPolicy) -> (AlertPolicy, BTreeSet<Id>) {
        let others = |of: &[Id]| -> Vec<Id> {
            of.iter().filter(|id| !self.notified.contains(id)).cloned().collect()
        };
        let named = policy.to.iter().chain(&policy.escalate_to);
        let heard_above = named.filter(|id| self.notified.contains(id)).cloned().collect();
        let (to, escalate_to) = (others(&policy.to), others(&policy.escalate_to));
        (AlertPolicy { to, escalate_to, ..policy.clone() }, heard_above)
    }
}

/// Evaluates alert nodes at one instant.
#[derive(Clone, Copy)]
pub(crate) struct Evaluator<'a> {
    pub(crate) judge: &'a Judge<'a>,
    pub(crate) portfolio: &'a Portfolio,
    pub(crate) circumstances: Circumstances<'a>,
    pub(crate) config_hash: &'a str,
    pub(crate) now: DateTime<Utc>,
}

/// A node as it is seen in one look.
pub(crate) struct NodeView<'a> {
    scorecard: &'a Scorecard,
    node: &'a AlertNode<'a>,
    judged: NodeStanding<'a>,
    above: Above,
}

impl Evaluator<'_> {
    /// The node as it is seen now; none where its scorecard was judged without it.
    pub(crate) fn view<'s>(
        &self,
        scorecard: &'s Scorecard,
        node: &'s AlertNode<'s>,
        whole: &'s ScorecardStanding,
        alerts: &Alerts<'_>,
    ) -> Option<NodeView<'s>> {
        let above = match &node.scope {
            Scope::Perspective(..) => alerts.above_in_other_units(
                self.portfolio.above(&node.scope),
                &node.scope,
                self.now,
            ),
            _ => alerts.above(&node.above, self.circumstances),
        };
        let judged = self.judge.alert_node(scorecard, node, whole)?;
        Some(NodeView { scorecard, node, judged, above })
    }

    /// The alert after a look at its node.
    pub(crate) fn advance(&self, view: &NodeView<'_>, before: Episode) -> EpisodeChange {
        let before = by_present_ids(before, view.node);
        let (policy, evaluation) = self.look(view, &before);
        let (episode, news) = before.advance(&policy, &evaluation, self.now);
        let (event, cause) = news.as_ref().map(|news| (news.event, news.cause)).unzip();
        let to = news.map(|news| news.to).unwrap_or_default();
        EpisodeChange { scope: view.node.scope.clone(), before, episode, event, cause, to }
    }

    /// The alert with what this configuration makes of the figures it counted last.
    pub(crate) fn rejudge(&self, view: &NodeView<'_>, before: Episode) -> EpisodeChange {
        let before = by_present_ids(before, view.node);
        let (_, evaluation) = self.look(view, &before);
        let (scope, episode) = (view.node.scope.clone(), before.rejudge(&evaluation));
        EpisodeChange { scope, before, episode, event: None, cause: None, to: Vec::new() }
    }

    /// What the alert sees of its node, and the policy for those who do not hear of it from above.
    fn look(&self, view: &NodeView<'_>, before: &Episode) -> (AlertPolicy, Evaluation) {
        let NodeView { node, judged, above, .. } = view;
        let worse = judged.early();
        let (policy, heard_above) = above.split(node.alert);
        let mut policy = effective(&policy);
        if worse.is_some() {
            policy.open_after = policy.open_after.max(OUTLOOKS_MIN);
        }
        let mut evaluation = self.evaluation(view, worse, before, &policy);
        let local = self.now.with_timezone(&view.scorecard.calendar.zone).naive_local();
        evaluation.silenced |= above.silenced || policy.is_quiet(local);
        evaluation.all_hear_above = policy.to.is_empty() && !node.alert.to.is_empty();
        evaluation.heard_above = heard_above;
        (policy, evaluation)
    }

    /// The first instant after this look at which a look at the same may see something else.
    pub(crate) fn deadline(&self, view: &NodeView<'_>, episode: &Episode) -> DateTime<Utc> {
        let (calendar, alert) = (&view.scorecard.calendar, view.node.alert);
        let today = calendar.local_day(self.now);
        // Days turn at midnight: that of an acknowledgement, or of a forecast.
        let tomorrow = calendar.midnight(today.succ_opt().unwrap_or(today));
        let receipts = self.circumstances.receipts(&view.node.scope);
        let heard = receipts.last.since(episode.notified.at);
        let reminder = heard.map(|heard| heard + alert.remind_after);
        let quiet = alert.quiet.iter().flat_map(|window| window.turns(calendar, today));
        let turns = quiet.chain(episode.flapping_until).chain(reminder);
        let turns = turns.chain(self.escalation_due(view.scorecard, view.node, episode, alert));
        turns.chain([tomorrow]).filter(|turn| self.now < *turn).min().unwrap_or(tomorrow)
    }

    fn evaluation(
        &self,
        view: &NodeView<'_>,
        worse: Option<Outlook>,
        before: &Episode,
        policy: &AlertPolicy,
    ) -> Evaluation {
        let NodeView { scorecard, node, judged, .. } = view;
        let (calendar, circumstances) = (&scorecard.calendar, self.circumstances);
        let day = calendar.local_day(self.now);
        let period = judged.period.map(|period| period.to_string()).unwrap_or_default();
        let mut occasion = occasion(scorecard, judged, &period);
        if let Some(early) = worse {
            // An outlook is a new one every day, and one by the pace only with a newer reading.
            let day = early.read_at.map_or(day, |read_at| calendar.local_day(read_at));
            occasion = format!("{occasion} on {day}");
        }
        // What may have opened early does not end because its outlook cannot be told.
        let stands_still = judged.outlook_is_stale
            && before.is_open()
            && judged.verdict.status != Status::OffTrack;
        let known = if stands_still { Status::NoData } else { judged.verdict.status };
        let first_look = circumstances.first_look_is_historical && !before.seen;
        let restated = judged.kpis().filter(|kpi| is_restated(kpi, judged.period));
        Evaluation {
            status: worse.map_or(known, |early| early.status),
            score: worse.map_or(judged.verdict.score, |early| early.score),
            path: node.scope.to_string(),
            occasion,
            period,
            official: judged.official,
            historical: circumstances.historical || first_look,
            silenced: circumstances.silences(&node.scope),
            heard_above: BTreeSet::new(),
            all_hear_above: false,
            red: judged.kpis().filter(|kpi| is_red(kpi)).map(|kpi| kpi.id.clone()).collect(),
            scores: scores(judged),
            missing: judged
                .kpis()
                .filter(|kpi| is_missing(kpi))
                .map(|kpi| kpi.id.clone())
                .collect(),
            restated: restated.map(|kpi| kpi.id.clone()).collect(),
            config: self.config_hash.to_owned(),
            heard: circumstances.receipts(&node.scope).last,
            day,
            escalation_due: self.escalation_due(scorecard, node, before, policy),
        }
    }

    /// From when on an open episode that nobody acknowledged goes to others.
    fn escalation_due(
        &self,
        scorecard: &Scorecard,
        node: &AlertNode<'_>,
        episode: &Episode,
        policy: &AlertPolicy,
    ) -> Option<DateTime<Utc>> {
        let unanswered = policy.escalate_unacknowledged;
        let receipts = self.circumstances.receipts(&node.scope);
        let known_since = receipts.first.since(episode.opened_at).filter(|_| unanswered > 0);
        known_since.map(|at| scorecard.calendar.working_days_after(at, unanswered))
    }
}

/// The episode with its KPIs by the ids that they have now: a rename is no further KPI.
fn by_present_ids(mut episode: Episode, node: &AlertNode<'_>) -> Episode {
    let red = &mut episode.notified.red;
    let mut scores = episode.last_verdict.as_mut().map(|last| &mut last.scores);
    for kpi in node.kpis() {
        if kpi.was.iter().any(|was| red.remove(was)) {
            red.insert(kpi.id.clone());
        }
        if let Some(scores) = &mut scores
            && let Some(score) = kpi.was.iter().find_map(|was| scores.remove(was))
        {
            scores.insert(kpi.id.clone(), score);
        }
    }
    episode
}

/// The scores of the KPIs that count, each with its weight among all of them.
fn scores(judged: &NodeStanding<'_>) -> BTreeMap<Id, (f64, f64)> {
    let scored =
        judged.kpis().filter_map(|kpi| Some((kpi.id.clone(), (kpi.score?, kpi.effective_weight?))));
    scored.collect()
}

fn is_missing(kpi: &KpiStanding) -> bool {
    kpi.status == Status::NoData && kpi.weight > 0.0
}

fn is_red(kpi: &KpiStanding) -> bool {
    kpi.status == Status::OffTrack && kpi.weight > 0.0
}

/// Whether a figure of the period judged was reported otherwise before.
fn is_restated(kpi: &KpiStanding, label: Option<Period>) -> bool {
    kpi.as_reported.is_some() && kpi.weight > 0.0 && kpi.period == label
}

/// Nobody to escalate to is never.
fn effective(policy: &AlertPolicy) -> AlertPolicy {
    let escalate_after = if policy.escalate_to.is_empty() { 0 } else { policy.escalate_after };
    AlertPolicy { escalate_after, ..policy.clone() }
}

/// The label, and the local day of the newest reading of a level.
fn occasion(scorecard: &Scorecard, judged: &NodeStanding<'_>, period: &str) -> String {
    match judged.level_read {
        None => period.to_owned(),
        Some(newest) => format!("{period} {}", scorecard.calendar.local_day(newest)),
    }
}
