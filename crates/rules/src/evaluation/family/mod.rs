//! A family judged step by step: of what is held only what changed, and what hangs on that, is judged
//! again. [`evaluate`](crate::evaluation::evaluate) is its measure: after each step standing and
//! episodes are what it makes of the same.
//!
//! A step goes up the tree once. KPIs with new figures, or whose time has come, are judged; their
//! objectives, perspectives and scorecards are rolled up again, and objectives of other units that these
//! contribute to; then the alerts of all these nodes look at them, and the alerts below an alert that
//! moved. Everything else stands as it stood: it depends on nothing that changed, and when time alone can
//! change it, is its deadline.

mod deadlines;
mod links;
#[cfg(test)]
pub(crate) mod oracle;
#[cfg(test)]
pub(crate) mod work;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    alerting::{
        episode::{Episode, Receipts},
        operator_actions::Silence,
    },
    evaluation::{
        circumstances::{Circumstances, EpisodeChange},
        evaluate::{in_order, standing},
        evaluator::{Alerts, Evaluator},
        family::{
            deadlines::Deadlines,
            links::{Links, Place, Places},
        },
    },
    judgement::{
        judge::{Judge, linked_as, objective_of, scorecard_of},
        kpi_standing::KpiStanding,
        past_verdicts::PastVerdicts,
        pictured::Pictured,
        standing::{ObjectiveStanding, ScorecardStanding, Standing},
    },
    model::{
        alert_node::NodePart,
        calendar::Calendar,
        definition::{Perspective, Scorecard},
        id::{Id, KpiRef, Scope},
        period::Period,
        portfolio::Portfolio,
    },
    series::{
        derived::{self, Outdated, compute},
        history::History,
    },
};

/// Scorecards that are judged together, as they stand.
#[derive(Debug)]
pub struct Family {
    /// The places of its scorecards in the portfolio.
    members: Vec<usize>,
    links: Links,
    standing: Option<Standing>,
    /// The actuals of KPIs that are computed.
    computed: History,
    /// KPIs in periods that have settled.
    past: PastVerdicts,
    /// When time alone may change the judgement of a KPI, by number.
    kpi_deadlines: Deadlines,
    /// When time alone may change an alert, by turn.
    alert_deadlines: Deadlines,
    /// Alerts that another look at the same may move, by turn.
    unsettled: BTreeSet<usize>,
    /// The nodes that were silenced at the last step.
    silenced: Vec<Scope>,
    /// Since when people knew of alerts at the last step.
    receipts: HashMap<Scope, Receipts>,
}

/// What a family is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The definitions, always the same for one family.
    pub portfolio: &'a Portfolio,
    /// What names them.
    pub config_hash: &'a str,
    /// What has been collected.
    pub history: &'a History,
    /// Where alerts stand.
    pub episodes: &'a HashMap<Scope, Episode>,
    /// Silences that are not over, also those to come.
    pub silences: &'a [Silence],
    /// Since when people know of alerts; of others, since they were told.
    pub receipts: &'a [(Scope, Receipts)],
    /// History is being loaded: everything is seen, nothing is told.
    pub historical: bool,
    /// A node that has never been seen with data before is seen now, and not told of.
    pub first_look_is_historical: bool,
}

/// What changed of what a family is judged by. Silences and receipts are not told: they are few, and
/// compared with those of the last step.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// KPIs about which something else is held.
    pub kpis: Vec<(KpiRef, SeriesChange)>,
    /// Scorecards of which an episode is another than after the last step: somebody acknowledged it, or
    /// it was read again.
    pub alerts: BTreeSet<Id>,
}

/// What changed about the series of a KPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesChange {
    /// A collection was tried: a failure, or a slot that is served.
    Attempt,
    /// The figure of a period.
    Figure(Period),
    /// Anything: it was read again.
    All,
}

/// What applying changes came to.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The episodes that moved.
    pub changes: Vec<EpisodeChange>,
    /// The KPIs that were judged.
    pub judged: Vec<KpiRef>,
    /// The objectives, perspectives and scorecards that were rolled up, children first.
    pub rolled_up: Vec<Scope>,
    /// The nodes whose alerts looked.
    pub looked: Vec<Scope>,
    /// Nothing was known before: all of it was judged.
    pub is_whole: bool,
    /// The places of the scorecards that were rolled up, or whose alerts looked.
    pub touched: BTreeSet<usize>,
    /// Of what was known before, the nodes that people see judged or measured otherwise now.
    pub moved: Vec<MovedNode>,
    /// The next instant at which time alone may change something, to take a step at.
    pub deadline: Option<DateTime<Utc>>,
}

/// A node that people see judged or measured otherwise than before.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedNode {
    /// Which node.
    pub scope: Scope,
    /// How it stood before.
    pub before: Pictured,
    /// How it stands now.
    pub now: Pictured,
}

/// The KPIs of a step, by number, and what changed about their series.
type Dirty = BTreeMap<usize, SeriesChange>;

impl SeriesChange {
    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Figure(one), Self::Figure(another)) => Self::Figure(one.min(another)),
            (Self::Attempt, other) => other,
            (figure @ Self::Figure(_), Self::Attempt) => figure,
        }
    }

    /// The local day from which on past verdicts may be others.
    fn since(self, calendar: &Calendar) -> Option<NaiveDate> {
        match self {
            Self::Attempt => None,
            Self::Figure(period) => Some(calendar.first_day(period)),
            Self::All => Some(NaiveDate::MIN),
        }
    }
}

impl Family {
    /// A family of which nothing is judged yet; the first step judges all of it.
    pub fn new(portfolio: &Portfolio, scorecards: &[Id]) -> Self {
        Self::of(portfolio, &Places::of(portfolio), scorecards)
    }

    /// Families of which nothing is judged yet.
    pub fn all(portfolio: &Portfolio, families: &[Vec<Id>]) -> Vec<Self> {
        let places = Places::of(portfolio);
        families.iter().map(|scorecards| Self::of(portfolio, &places, scorecards)).collect()
    }

    fn of(portfolio: &Portfolio, places: &Places<'_>, scorecards: &[Id]) -> Self {
        let members: Vec<usize> =
            scorecards.iter().filter_map(|id| places.scorecards.get(id).copied()).collect();
        let defined: Vec<&Scorecard> =
            members.iter().map(|at| &portfolio.scorecards()[*at]).collect();
        Self {
            links: Links::of(portfolio, places, &defined),
            members,
            standing: None,
            computed: History::default(),
            past: PastVerdicts::default(),
            kpi_deadlines: Deadlines::default(),
            alert_deadlines: Deadlines::default(),
            unsettled: BTreeSet::new(),
            silenced: Vec::new(),
            receipts: HashMap::new(),
        }
    }

    /// What the last step came to was not kept: the next one judges all of it.
    pub fn forget(&mut self) {
        self.standing = None;
    }

    /// Who judged the last step, at its instant, to ask for more than the standing says.
    pub fn judge_of<'a>(
        &'a self,
        portfolio: &'a Portfolio,
        history: &'a History,
        now: DateTime<Utc>,
    ) -> Judge<'a> {
        Judge::remembering(portfolio, (history, &self.computed), PastVerdicts::default(), now)
    }

    /// A KPI as it stands after the last step.
    pub fn kpi(&self, named: &KpiRef) -> Option<&KpiStanding> {
        let kpi = &self.links.kpis[self.links.number(named)?];
        let place = self.links.objectives[kpi.objective].place;
        place.held(self.standing.as_ref()?).kpis.get(kpi.at)
    }

    /// The scorecards as they stand after the last step; none before the first.
    pub fn standing(&self) -> Option<&Standing> {
        self.standing.as_ref()
    }

    /// Judges what changed, and what hangs on it, at `now`. The episodes that moved are the caller's
    /// to keep: the next step sees them in `episodes`.
    pub fn apply(&mut self, inputs: Inputs<'_>, changes: &Changes, now: DateTime<Utc>) -> Applied {
        let all = inputs.portfolio.scorecards();
        let members: Vec<&Scorecard> = self.members.iter().map(|at| &all[*at]).collect();
        // What was judged later says nothing of an earlier instant: the clock was set back.
        let known = self.standing.take().filter(|standing| standing.as_of.to_utc() <= now);
        let dirty = match &known {
            Some(_) => self.dirty(&members, inputs, changes, now),
            None => self.forget_all(inputs),
        };
        let mut turns = self.turns_of(inputs, changes, now);
        let (computed, past) = (std::mem::take(&mut self.computed), std::mem::take(&mut self.past));
        let judge = Judge::remembering(inputs.portfolio, (inputs.history, &computed), past, now);
        let mut applied = Applied::default();
        let mut standing = match known {
            Some(mut known) => {
                self.judge(&judge, &mut known, &members, dirty, &mut applied);
                let judged = applied.judged.iter().cloned().map(Scope::Kpi);
                let nodes = judged.chain(applied.rolled_up.iter().cloned());
                turns.extend(nodes.filter_map(|scope| self.links.turn(&scope)));
                Standing { as_of: now.with_timezone(&known.as_of.timezone()), ..known }
            }
            None => {
                applied.is_whole = true;
                turns.extend(0..self.links.alerts.len());
                self.judge_all(&judge, &members, inputs, &mut applied)
            }
        };
        self.look(&judge, &mut standing, &members, turns, inputs, &mut applied);
        self.standing = Some(standing);
        self.past = judge.into_past();
        self.computed = computed;
        applied.deadline = self.deadline(inputs.silences, now);
        applied
    }

    /// The KPIs that changed, whose time has come, and that hang on one that changed. What is computed
    /// is computed, and past verdicts that may be others are forgotten.
    fn dirty(
        &mut self,
        members: &[&Scorecard],
        inputs: Inputs<'_>,
        changes: &Changes,
        now: DateTime<Utc>,
    ) -> Dirty {
        let mut dirty = Dirty::new();
        let changed = changes.kpis.iter();
        let mut open: Vec<(usize, SeriesChange)> = changed
            .filter_map(|(named, change)| Some((self.links.number(named)?, *change)))
            .collect();
        while let Some((number, change)) = open.pop() {
            let known = dirty.get(&number).copied();
            let both = known.map_or(change, |known| known.and(change));
            if known != Some(both) {
                dirty.insert(number, both);
                let dependents = self.links.kpis[number].dependents.iter();
                open.extend(dependents.map(|dependent| (*dependent, both)));
            }
        }
        let mut computed = Vec::new();
        for (number, change) in &dirty {
            let kpi = &self.links.kpis[*number];
            let place = self.links.objectives[kpi.objective].place;
            if let Some(since) = change.since(&members[place.scorecard].calendar) {
                self.past.forget(&kpi.named, since);
            }
            let outdated = match change {
                SeriesChange::Attempt => Outdated::Nothing,
                SeriesChange::Figure(period) => Outdated::Since(*period),
                SeriesChange::All => Outdated::All,
            };
            computed.extend(kpi.computed.map(|order| (order, &kpi.named, outdated)));
        }
        computed.sort_unstable_by_key(|(order, ..)| *order);
        for (_, named, outdated) in computed {
            compute(inputs.portfolio, named, outdated, inputs.history, &mut self.computed);
        }
        for number in self.kpi_deadlines.take_due(now) {
            dirty.entry(number).or_insert(SeriesChange::Attempt);
        }
        dirty
    }

    /// Nothing is known any more; what is computed is computed again.
    fn forget_all(&mut self, inputs: Inputs<'_>) -> Dirty {
        self.computed = derived::computed(inputs.portfolio, inputs.history);
        self.past = PastVerdicts::default();
        self.kpi_deadlines = Deadlines::default();
        self.alert_deadlines = Deadlines::default();
        Dirty::new()
    }

    /// The alert nodes that look again for another reason than that they were judged.
    fn turns_of(
        &mut self,
        inputs: Inputs<'_>,
        changes: &Changes,
        now: DateTime<Utc>,
    ) -> BTreeSet<usize> {
        let mut turns = std::mem::take(&mut self.unsettled);
        turns.extend(self.alert_deadlines.take_due(now));
        for turn in changes.alerts.iter().flat_map(|scorecard| self.links.turns_of(scorecard)) {
            turns.insert(turn);
            turns.extend(&self.links.alerts[turn].below);
        }
        let receipts: HashMap<Scope, Receipts> = inputs.receipts.iter().cloned().collect();
        let are_others = |scope: &&Scope| receipts.get(*scope) != self.receipts.get(*scope);
        let known = receipts.keys().chain(self.receipts.keys()).filter(are_others);
        turns.extend(known.filter_map(|scope| self.links.turn(scope)));
        self.receipts = receipts;
        let holding = inputs.silences.iter().filter(|silence| silence.holds(now));
        let silenced: Vec<Scope> = holding.map(|silence| silence.scope.clone()).collect();
        let begun = silenced.iter().filter(|scope| !self.silenced.contains(scope));
        let ended = self.silenced.iter().filter(|scope| !silenced.contains(scope));
        for scope in begun.chain(ended) {
            turns.extend(self.links.turns_of(scope.scorecard()));
        }
        self.silenced = silenced;
        turns
    }

    /// Judges all KPIs and rolls all of it up.
    fn judge_all(
        &mut self,
        judge: &Judge<'_>,
        members: &[&Scorecard],
        inputs: Inputs<'_>,
        applied: &mut Applied,
    ) -> Standing {
        for (number, kpi) in self.links.kpis.iter().enumerate() {
            let place = self.links.objectives[kpi.objective].place;
            let defined = &place.objective(members).kpis[kpi.at];
            let case = judge.case(members[place.scorecard], defined);
            self.kpi_deadlines.set(number, case.deadline(judge.now()));
            applied.judged.push(kpi.named.clone());
        }
        let objectives = self.links.objectives.iter().map(|link| link.place.scope(members));
        applied.rolled_up.extend(objectives);
        let perspective = |(member, view): (&Scorecard, &Perspective)| {
            Scope::Perspective(member.id.clone(), view.id.clone())
        };
        let views = members
            .iter()
            .flat_map(|member| member.perspectives.iter().map(|view| (*member, view)));
        applied.rolled_up.extend(views.map(perspective));
        applied.rolled_up.extend(members.iter().map(|member| Scope::Scorecard(member.id.clone())));
        standing(judge, members, inputs.episodes, inputs.config_hash)
    }

    /// Judges KPIs, and rolls up what they count in.
    fn judge(
        &mut self,
        judge: &Judge<'_>,
        standing: &mut Standing,
        members: &[&Scorecard],
        dirty: Dirty,
        applied: &mut Applied,
    ) {
        let mut objectives = BTreeSet::new();
        for number in dirty.into_keys() {
            let kpi = &self.links.kpis[number];
            let place = self.links.objectives[kpi.objective].place;
            let defined = &place.objective(members).kpis[kpi.at];
            let case = judge.case(members[place.scorecard], defined);
            let now = judge.kpi(members[place.scorecard], defined);
            let held = &mut place.standing(standing).kpis[kpi.at];
            let (before, pictured) = (Pictured::of_kpi(held), Pictured::of_kpi(&now));
            applied.moves(|| Scope::Kpi(kpi.named.clone()), before, pictured);
            *held = now;
            self.kpi_deadlines.set(number, case.deadline(judge.now()));
            applied.judged.push(kpi.named.clone());
            objectives.insert(kpi.objective);
        }
        let mut perspectives = BTreeSet::new();
        while let Some(rank) = objectives.pop_first() {
            let link = &self.links.objectives[rank];
            let scope = link.place.scope(members);
            let before = link.place.held(standing).pictured();
            self.roll_up_objective(judge, standing, members, link.place);
            applied.moves(|| scope.clone(), before, link.place.held(standing).pictured());
            applied.rolled_up.push(scope);
            perspectives.insert((link.place.scorecard, link.place.perspective));
            objectives.extend(&link.counts_in);
        }
        let mut scorecards = BTreeSet::new();
        for (scorecard, perspective) in perspectives {
            let member = members[scorecard];
            let defined = &member.perspectives[perspective];
            let held = Arc::make_mut(&mut standing.scorecards[scorecard]);
            let held = &mut held.perspectives[perspective];
            let before = held.pictured();
            let objectives = std::mem::take(&mut held.objectives);
            *held = judge.perspective_of(member, defined, objectives, held.episode.take());
            let scope = Scope::Perspective(member.id.clone(), defined.id.clone());
            applied.moves(|| scope.clone(), before, held.pictured());
            applied.rolled_up.push(scope);
            scorecards.insert(scorecard);
        }
        for scorecard in scorecards {
            applied.touched.insert(scorecard);
            let member = members[scorecard];
            let held = Arc::make_mut(&mut standing.scorecards[scorecard]);
            let before = held.pictured();
            let perspectives = std::mem::take(&mut held.perspectives);
            *held = scorecard_of(member, perspectives);
            let scope = Scope::Scorecard(member.id.clone());
            applied.moves(|| scope.clone(), before, held.pictured());
            applied.rolled_up.push(scope);
        }
    }

    fn roll_up_objective(
        &self,
        judge: &Judge<'_>,
        standing: &mut Standing,
        members: &[&Scorecard],
        place: Place,
    ) {
        let (member, objective) = (members[place.scorecard], place.objective(members));
        let links =
            objective.contributions.iter().map(|link| match self.links.rank(&link.objective) {
                Some(rank) => {
                    let part = self.links.objectives[rank].place;
                    linked_as(member, link, members[part.scorecard], part.held(standing))
                }
                None => judge.linked(member, link),
            });
        let linked = links.collect();
        let held = place.standing(standing);
        let kpis = std::mem::take(&mut held.kpis);
        *held = objective_of(&NodePart::whole(objective), kpis, linked);
    }

    /// Lets alerts look at their nodes, and those below an alert that moved.
    fn look(
        &mut self,
        judge: &Judge<'_>,
        standing: &mut Standing,
        members: &[&Scorecard],
        mut turns: BTreeSet<usize>,
        inputs: Inputs<'_>,
        applied: &mut Applied,
    ) {
        let circumstances = Circumstances {
            historical: inputs.historical,
            first_look_is_historical: inputs.first_look_is_historical,
            silenced: &self.silenced,
            receipts: inputs.receipts,
        };
        let (portfolio, config_hash, now) = (inputs.portfolio, inputs.config_hash, judge.now());
        let evaluator = Evaluator { judge, portfolio, circumstances, config_hash, now };
        let circumstances = Circumstances { historical: false, ..circumstances };
        let next_look = Evaluator { circumstances, ..evaluator };
        let mut alerts = Alerts::of(inputs.episodes);
        let mut changes = Vec::new();
        while let Some(turn) = turns.pop_first() {
            let link = &self.links.alerts[turn];
            let (member, whole) =
                (members[link.scorecard], &mut standing.scorecards[link.scorecard]);
            let before = alerts.before(&link.scope);
            show(whole, &link.scope, before);
            let Some(node) = member.alert_node(&link.scope) else { continue };
            let Some(view) = evaluator.view(member, &node, whole, &alerts) else { continue };
            let change = evaluator.advance(&view, before.cloned().unwrap_or_default());
            // What is seen for the first time, or with history, is told at the next look.
            let again = next_look.advance(&view, change.episode.clone());
            if again.episode != again.before || again.event.is_some() {
                self.unsettled.insert(turn);
            }
            self.alert_deadlines.set(turn, evaluator.deadline(&view, &change.episode));
            applied.looked.push(link.scope.clone());
            applied.touched.insert(link.scorecard);
            let Some(change) = alerts.take(change) else { continue };
            show(whole, &change.scope, Some(&change.episode));
            for below in &link.below {
                // Units that count in each other's objectives: it looks at the next step.
                let next = if *below > turn { &mut turns } else { &mut self.unsettled };
                next.insert(*below);
            }
            changes.push((link.scorecard, change));
        }
        applied.changes = in_order(changes);
    }

    /// The next instant at which time alone may change something.
    fn deadline(&self, silences: &[Silence], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let ends = silences.iter().flat_map(|silence| [silence.from, silence.until]);
        let ends = ends.filter(|end| now < *end);
        ends.chain(self.kpi_deadlines.first()).chain(self.alert_deadlines.first()).min()
    }
}

impl Applied {
    /// Notes how a node stands now, if people see the difference.
    fn moves(&mut self, scope: impl FnOnce() -> Scope, before: Pictured, now: Pictured) {
        if !(now.is_judged_as(&before) && now.is_measured_as(&before)) {
            self.moved.push(MovedNode { scope: scope(), before, now });
        }
    }
}

/// Shows where the alert of a node stands. A scorecard that shows it already stays shared.
fn show(whole: &mut Arc<ScorecardStanding>, scope: &Scope, episode: Option<&Episode>) {
    if whole.episode(scope) != episode {
        Arc::make_mut(whole).take_episode(scope, episode);
    }
}

impl Place {
    /// The objective as it stands.
    fn held(self, standing: &Standing) -> &ObjectiveStanding {
        let perspective = &standing.scorecards[self.scorecard].perspectives[self.perspective];
        &perspective.objectives[self.objective]
    }

    /// The objective as it stands, to be judged again.
    fn standing(self, standing: &mut Standing) -> &mut ObjectiveStanding {
        let scorecard = Arc::make_mut(&mut standing.scorecards[self.scorecard]);
        &mut scorecard.perspectives[self.perspective].objectives[self.objective]
    }

    fn scope(self, members: &[&Scorecard]) -> Scope {
        let (perspective, objective) = (self.perspective(members), self.objective(members));
        let scorecard = members[self.scorecard].id.clone();
        Scope::Objective(scorecard, perspective.id.clone(), objective.id.clone())
    }
}
