//! A family judged step by step is what `evaluate` makes of the same, whatever happens: random
//! portfolios, and what comes to them over months. A failure names its seed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Applied, Changes, Family, Inputs, SeriesChange};
use crate::{
    alerting::{
        episode::{Episode, Heard, Receipts},
        operator_actions::{Acknowledgement, Silence},
    },
    evaluation::{
        circumstances::{Circumstances, EpisodeChange},
        evaluate::{evaluate, judge, judge_some},
    },
    judgement::{pictured::Pictured, standing::Standing},
    model::{
        alert_policy::{AlertOn, AlertPolicy},
        calendar::{Calendar, Lag},
        definition::{Contribution, Objective, ObjectiveRef, Perspective, Scorecard},
        formula::Formula,
        id::{Id, KpiRef, Scope},
        kpi_definition::{Input, Kpi, Nature, Span},
        period::{Frequency, Period},
        portfolio::Portfolio,
        quiet_window::QuietWindow,
        rollup_rule::{Missing, Rollup, RollupRule},
        target::{Aim, Amount, Band, Direction, Reference, Target, Tolerance, TrajectoryShape},
    },
    series::history::{Actual, Asked, Failure, Figure, History},
};

/// Portfolios that are played, each with a story of its own.
const SEEDS: u64 = 16;

/// Steps of a story.
const STEPS: usize = 40;

/// Chance that can be had again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // SplitMix64, which takes any seed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % end
    }

    fn pick<T: Clone>(&mut self, faces: &[T]) -> T {
        faces[self.below(faces.len())].clone()
    }

    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A value around 100, often near to it.
    pub(crate) fn value(&mut self) -> f64 {
        self.pick(&[0.0, 20.0, 60.0, 85.0, 92.0, 95.0, 97.0, 100.0, 104.0, 120.0, 180.0])
    }
}

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn kpi(dice: &mut Dice, name: &str, frequency: Frequency) -> Kpi {
    let natures = [Nature::Flow, Nature::Flow, Nature::Level, Nature::Level, Nature::Ratio];
    let nature = dice.pick(&natures);
    let mut kpi = Kpi { frequency, ..Kpi::plain(id(name), nature) };
    kpi.direction = dice.pick(&[Direction::Higher, Direction::Higher, Direction::Lower]);
    kpi.weight = dice.pick(&[1.0, 1.0, 2.0, 0.0]);
    kpi.critical = dice.once_in(6);
    kpi.lag = dice.pick(&[None, None, Some(Lag::Days(3)), Some(Lag::WorkingDays(40))]);
    kpi.poll_interval = dice.pick(&[None, Some(TimeDelta::hours(1)), Some(TimeDelta::hours(30))]);
    if nature == Nature::Level {
        kpi.max_age = dice.pick(&[None, Some(TimeDelta::hours(5)), Some(TimeDelta::days(9))]);
    }
    kpi.carry_forward = dice.pick(&[0, 0, 2]);
    if nature == Nature::Flow && dice.once_in(4) {
        kpi.cumulative = Some(dice.pick(&[Span::FiscalYear, Span::Quarter]));
    }
    kpi.sanity = dice.pick(&[None, None, None, Some((-1.0, 150.0))]);
    if dice.once_in(4) {
        kpi.alert = Some(Box::new(policy(dice)));
    }
    let aims = dice.below(3).max(1);
    kpi.aims = (0..aims).map(|at| aim(dice, at)).collect();
    kpi
}

fn aim(dice: &mut Dice, at: usize) -> Aim {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let target = match dice.below(9) {
        0 => Target::Rolling { periods: 3, min: 1 },
        1 => Target::Relative { to: Reference::PreviousPeriod, improve: Amount::Percent(2.0) },
        2 => Target::Relative { to: Reference::SamePeriodLastYear, improve: Amount::Percent(0.0) },
        3 => Target::Trajectory {
            points: vec![(day("2025-06-01"), 80.0), (day("2026-12-31"), 110.0)],
            shape: dice.pick(&[TrajectoryShape::Linear, TrajectoryShape::Step]),
        },
        4 => Target::Band(Band { low: 90.0, high: 105.0, red_low: 80.0, red_high: 120.0 }),
        5 if at == 0 => Target::Milestone { due: day("2026-04-20") },
        _ => Target::Fixed(100.0),
    };
    let tolerance = Tolerance::Margins {
        green: Amount::Percent(3.0),
        red: Amount::Percent(15.0),
        floor: Some(1.0),
    };
    let from = (at > 0).then(|| Period::Month(2026, 2 + u32::try_from(at).unwrap()));
    Aim { from, target: Some(target), tolerance }
}

fn policy(dice: &mut Dice) -> AlertPolicy {
    let time = |hour| NaiveTime::from_hms_opt(hour, 30, 0).unwrap();
    let night = QuietWindow { days: Vec::new(), from: time(22), to: time(2) };
    let noon = QuietWindow { days: vec![chrono::Weekday::Mon], from: time(11), to: time(14) };
    let on = [AlertOn::OffTrack, AlertOn::AtRisk, AlertOn::Provisional, AlertOn::Forecast];
    AlertPolicy {
        on: dice.pick(&on),
        to: dice.pick(&[vec![id("ann")], vec![id("ann"), id("cy")], Vec::new()]),
        escalate_to: dice.pick(&[vec![id("boss")], Vec::new(), vec![id("ann")]]),
        open_after: dice.pick(&[1, 1, 2]),
        escalate_unacknowledged: dice.pick(&[0, 2]),
        remind_after: dice.pick(&[TimeDelta::zero(), TimeDelta::hours(50), TimeDelta::days(7)]),
        quiet: dice.pick(&[Vec::new(), Vec::new(), vec![night.clone()], vec![noon, night]]),
        ..AlertPolicy::default()
    }
}

fn rollup(dice: &mut Dice) -> Rollup {
    let rules = [
        RollupRule::WeightedMean,
        RollupRule::WeightedMean,
        RollupRule::WorstOf,
        RollupRule::Majority,
    ];
    Rollup {
        rule: dice.pick(&rules),
        red_guard: dice.once_in(2),
        missing: dice.pick(&[Missing::Exclude, Missing::Exclude, Missing::Worst, Missing::Block]),
        ..Rollup::default()
    }
}

fn objective(dice: &mut Dice, name: &str, frequency: Frequency) -> Objective {
    let kpis = (0..=dice.below(3)).map(|at| kpi(dice, &format!("{name}-k{at}"), frequency));
    let kpis = kpis.collect();
    Objective {
        id: id(name),
        was: Vec::new(),
        name: name.to_owned(),
        weight: dice.pick(&[1.0, 2.0]),
        critical: dice.once_in(6),
        owner: None,
        rollup: rollup(dice),
        drives: Vec::new(),
        contributions: Vec::new(),
        aligned: Vec::new(),
        initiatives: Vec::new(),
        alert: dice.once_in(4).then(|| policy(dice)),
        kpis,
    }
}

fn scorecard(dice: &mut Dice, name: &str) -> Scorecard {
    let zone = dice.pick(&[
        chrono_tz::Europe::Amsterdam,
        chrono_tz::America::New_York,
        chrono_tz::UTC,
        chrono_tz::Asia::Kolkata,
    ]);
    let calendar = Calendar { fiscal_year_start: dice.pick(&[1, 4]), ..Calendar::plain(zone) };
    let perspectives = (0..=dice.below(2)).map(|at| {
        let view = format!("{name}-p{at}");
        let frequencies = [Frequency::Day, Frequency::Week, Frequency::Month, Frequency::Month];
        let objectives = (0..=dice.below(2)).map(|at| {
            let frequency = dice.pick(&frequencies);
            objective(dice, &format!("{view}-o{at}"), frequency)
        });
        let objectives = objectives.collect();
        Perspective {
            id: id(&view),
            was: Vec::new(),
            name: view,
            weight: 1.0,
            critical: dice.once_in(6),
            owner: None,
            rollup: rollup(dice),
            alert: policy(dice),
            objectives,
        }
    });
    let perspectives = perspectives.collect();
    Scorecard {
        id: id(name),
        name: name.to_owned(),
        owner: None,
        calendar: calendar.into(),
        rollup: rollup(dice),
        show_overall: true,
        private: false,
        materiality_pct: 1.0,
        freeze_after: None,
        alert: dice.once_in(3).then(|| policy(dice)),
        report: None,
        perspectives,
    }
}

/// Ties KPIs and objectives of random scorecards to each other.
fn tie(dice: &mut Dice, scorecards: &mut [Scorecard]) {
    let named: Vec<(KpiRef, Kpi)> = scorecards
        .iter()
        .flat_map(|unit| unit.kpis().map(|kpi| (unit.named(kpi), kpi.clone())))
        .collect();
    let objectives: Vec<ObjectiveRef> = scorecards
        .iter()
        .flat_map(|unit| {
            unit.objectives().map(|objective| ObjectiveRef {
                scorecard: unit.id.clone(),
                objective: objective.id.clone(),
            })
        })
        .collect();
    for unit in scorecards {
        let card = unit.id.clone();
        for objective in unit.perspectives.iter_mut().flat_map(|view| &mut view.objectives) {
            if dice.once_in(3) {
                let link = dice.pick(&objectives);
                let (weight, critical) = (dice.pick(&[1.0, 1.0, 0.0]), dice.once_in(4));
                if link.scorecard != card {
                    objective.contributions.push(Contribution {
                        objective: link,
                        weight,
                        critical,
                    });
                }
            }
            for kpi in &mut objective.kpis {
                let (other, like) = dice.pick(&named);
                let own = KpiRef { scorecard: card.clone(), kpi: kpi.id.clone() };
                if other == own || like.frequency != kpi.frequency {
                    continue;
                }
                match dice.below(5) {
                    0 => {
                        kpi.nature = like.nature;
                        kpi.direction = like.direction;
                        kpi.input = Input::Shared(vec![other]);
                    }
                    1 => {
                        let formula = format!("coalesce({other}, 50) + 1");
                        kpi.input = Input::Derived(Formula::parse(&formula).unwrap());
                    }
                    2 => {
                        let (to, improve) = (Reference::Kpi(other), Amount::Absolute(1.0));
                        kpi.aims[0].target = Some(Target::Relative { to, improve });
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A portfolio in which everything is tied to something, and that has no cycles.
pub(crate) fn portfolio(dice: &mut Dice) -> Portfolio {
    loop {
        let count = 1 + dice.below(3);
        let mut scorecards: Vec<Scorecard> =
            (0..count).map(|at| scorecard(dice, &format!("s{at}"))).collect();
        tie(dice, &mut scorecards);
        if let Ok(portfolio) = Portfolio::new(scorecards) {
            return portfolio;
        }
    }
}

/// Figures of some months, some of them late, some restated.
pub(crate) fn collected(
    dice: &mut Dice,
    portfolio: &Portfolio,
    (from, to): (NaiveDate, NaiveDate),
) -> History {
    let mut history = History::default();
    for (named, scorecard, kpi) in portfolio.kpis() {
        let calendar = &scorecard.calendar;
        let mut period = calendar.period_of(kpi.frequency, from);
        while calendar.first_day(period) <= to {
            let (_, end) = calendar.bounds(period);
            let mut at = end + TimeDelta::hours(dice.below(200) as i64 - 40);
            while !dice.once_in(3) {
                let figure = Figure::Value(dice.value());
                let actual = Actual { figure, target: None, observed_at: at, collected_at: at };
                history.kpi_mut(&named).record(period, actual);
                at += TimeDelta::hours(dice.below(900) as i64);
            }
            period = period.next();
        }
    }
    history
}

/// A family beside what is held of it, and its story so far.
struct Story {
    dice: Dice,
    portfolio: Portfolio,
    ids: Vec<Id>,
    kpis: Vec<KpiRef>,
    family: Family,
    history: History,
    episodes: HashMap<Scope, Episode>,
    silences: Vec<Silence>,
    receipts: BTreeMap<Scope, Receipts>,
    now: DateTime<Utc>,
    deadline: Option<DateTime<Utc>>,
}

impl Story {
    fn begin(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let portfolio = portfolio(&mut dice);
        let ids: Vec<Id> = portfolio.scorecards().iter().map(|unit| unit.id.clone()).collect();
        Self {
            kpis: portfolio.kpis().map(|(named, _, _)| named).collect(),
            family: Family::new(&portfolio, &ids),
            dice,
            portfolio,
            ids,
            history: History::default(),
            episodes: HashMap::new(),
            silences: Vec::new(),
            receipts: BTreeMap::new(),
            now: "2026-02-24T09:00:00Z".parse().unwrap(),
            deadline: None,
        }
    }

    /// Lets time pass: mostly a little, sometimes up to the deadline, seldom back.
    fn pass(&mut self) {
        let span = match self.dice.below(12) {
            0..4 => TimeDelta::minutes(7),
            4..6 => TimeDelta::hours(3),
            6 | 7 => TimeDelta::days(1),
            8 => TimeDelta::days(11),
            9 => TimeDelta::hours(-2),
            _ => {
                let just_before = TimeDelta::microseconds(self.dice.below(2) as i64);
                let wait = self.deadline.map(|at| at - self.now - just_before);
                wait.unwrap_or(TimeDelta::seconds(1)).min(TimeDelta::days(40))
            }
        };
        self.now += span;
    }

    /// Something that happens, or nothing.
    fn happen(&mut self, changes: &mut Changes) {
        match self.dice.below(14) {
            0..7 => self.collect(changes),
            7 => self.fail(changes),
            8 => self.acknowledge(changes),
            9 | 12 => self.silence(),
            10 => self.hear(),
            11 if self.dice.once_in(4) => self.family.forget(),
            _ => {}
        }
    }

    /// A figure of the running period, of the last or of an older one; of what is followed closely.
    fn collect(&mut self, changes: &mut Changes) {
        let named = self.dice.pick(&self.kpis);
        let unit = self.portfolio.scorecard(&named.scorecard).unwrap();
        let kpi = unit.kpi(&named.kpi).unwrap();
        let back = self.dice.pick(&[0, 0, 1, 1, 1, 2, 3, 13]);
        let running = unit.calendar.period_at(kpi.frequency, self.now);
        let period = std::iter::successors(Some(running), |at| Some(at.previous())).nth(back);
        let period = period.unwrap();
        let value = self.dice.value();
        let figure = match kpi.nature {
            Nature::Ratio => Figure::Ratio { numerator: value / 100.0, denominator: 1.0 },
            _ => Figure::Value(value),
        };
        let ahead = self.dice.pick(&[0, 0, 0, 0, 0, 40]);
        let observed_at = unit.calendar.observed_in(period, self.now) + TimeDelta::minutes(ahead);
        let actual = Actual { figure, target: None, observed_at, collected_at: self.now };
        let held = self.history.kpi_mut(&named);
        held.record(period, actual);
        held.failure = None;
        let slot = self.now - TimeDelta::minutes(1);
        held.asked = kpi.poll_interval.map(|_| Asked { slot, over_at: self.now }).or(held.asked);
        let change = self.dice.pick(&[SeriesChange::Figure(period), SeriesChange::All]);
        changes.kpis.push((named, change));
    }

    fn fail(&mut self, changes: &mut Changes) {
        let named = self.dice.pick(&self.kpis);
        let message = "it hung up".to_owned();
        let held = self.history.kpi_mut(&named);
        held.failure = Some(Failure { at: self.now, message });
        held.asked = Some(Asked { slot: self.now, over_at: self.now });
        changes.kpis.push((named, SeriesChange::Attempt));
    }

    fn acknowledge(&mut self, changes: &mut Changes) {
        let mut open: Vec<Scope> = self
            .episodes
            .iter()
            .filter(|(_, held)| held.is_open())
            .map(|(scope, _)| scope.clone())
            .collect();
        open.sort();
        if open.is_empty() {
            return;
        }
        let scope = self.dice.pick(&open);
        let due = Some(self.now.date_naive() + TimeDelta::days(2));
        let by = Acknowledgement { by: "ann".to_owned(), at: self.now, comment: None, due };
        let episode = self.episodes[&scope].acknowledge(by);
        changes.alerts.insert(scope.scorecard().clone());
        self.episodes.insert(scope, episode);
    }

    fn silence(&mut self) {
        if self.dice.once_in(2) && self.silences.pop().is_some() {
            return;
        }
        let alerts: Vec<Scope> = self
            .portfolio
            .scorecards()
            .iter()
            .flat_map(|unit| unit.alerts().into_iter().map(|(scope, _)| scope))
            .collect();
        let from = self.now + TimeDelta::hours(self.dice.pick(&[-1, -1, 0, 5]));
        // Some end before anything else happens to what they silenced.
        let until = from + TimeDelta::minutes(self.dice.pick(&[66, 120, 1_800, 12_000]));
        let (reason, by) = ("stocktaking".to_owned(), "ann".to_owned());
        self.silences.push(Silence { scope: self.dice.pick(&alerts), from, until, reason, by });
    }

    /// Receivers have got a message, or it is on its way.
    fn hear(&mut self) {
        let mut scopes: Vec<Scope> = self.episodes.keys().cloned().collect();
        scopes.sort();
        if scopes.is_empty() {
            return;
        }
        let scope = self.dice.pick(&scopes);
        let heard = [Heard::AsTold, Heard::NotYet, Heard::At(self.now)];
        let (first, last) = (self.dice.pick(&heard), self.dice.pick(&heard));
        if self.dice.once_in(3) {
            self.receipts.remove(&scope);
        } else {
            self.receipts.insert(scope, Receipts { first, last });
        }
    }

    /// What `evaluate` makes of what is held at an instant.
    fn expected(&self, historical: bool, at: DateTime<Utc>) -> (Standing, Vec<EpisodeChange>) {
        let holding = self.silences.iter().filter(|silence| silence.holds(at));
        let silenced: Vec<Scope> = holding.map(|silence| silence.scope.clone()).collect();
        let receipts: Vec<_> = self.receipts.clone().into_iter().collect();
        let circumstances = Circumstances {
            historical,
            first_look_is_historical: true,
            silenced: &silenced,
            receipts: &receipts,
        };
        let (history, episodes) = (&self.history, &self.episodes);
        evaluate(&self.portfolio, &self.ids, history, episodes, circumstances, "sha256:1", at)
    }

    fn step(&mut self, historical: bool, changes: &Changes) -> Applied {
        let receipts: Vec<_> = self.receipts.clone().into_iter().collect();
        let inputs = Inputs {
            portfolio: &self.portfolio,
            config_hash: "sha256:1",
            history: &self.history,
            episodes: &self.episodes,
            silences: &self.silences,
            receipts: &receipts,
            historical,
            first_look_is_historical: true,
        };
        self.family.apply(inputs, changes, self.now)
    }
}

/// A standing as text, but for the instants that it shows.
fn shown(standing: &Standing) -> String {
    let mut standing = standing.clone();
    standing.as_of = DateTime::UNIX_EPOCH.with_timezone(&chrono_tz::UTC);
    for unit in &mut standing.scorecards {
        for view in &mut Arc::make_mut(unit).perspectives {
            if let Some(outlook) = &mut view.outlook {
                outlook.read_at = None;
            }
            for kpi in view.objectives.iter_mut().flat_map(|objective| &mut objective.kpis) {
                if let Some(pace) = &mut kpi.pace {
                    pace.read_at = DateTime::UNIX_EPOCH;
                }
            }
        }
    }
    format!("{standing:?}")
}

/// What differs first is shown with what stands before it.
fn assert_same(found: &Standing, expected: &Standing, what: &str) {
    let (found, expected) = (shown(found), shown(expected));
    let pairs = found.bytes().zip(expected.bytes());
    if found != expected {
        let from = pairs.take_while(|(found, expected)| found == expected).count();
        let around = |text: &str| -> String {
            text.chars().skip(from.saturating_sub(600)).take(700).collect()
        };
        panic!("{what}: found\n…{}…\nexpected\n…{}…", around(&found), around(&expected));
    }
}

#[test]
fn a_family_judged_step_by_step_is_what_evaluate_makes_of_the_same() {
    for seed in 0..SEEDS {
        let mut story = Story::begin(seed);
        for step in 0..STEPS {
            let what = format!("seed {seed}, step {step}");
            story.pass();
            let mut changes = Changes::default();
            for _ in 0..=story.dice.below(3) {
                story.happen(&mut changes);
            }
            let historical = story.dice.once_in(15);
            let (standing, moved) = story.expected(historical, story.now);
            let before = story.family.standing().map(pictures);
            let applied = story.step(historical, &changes);
            assert_moved(before.as_ref(), &pictures(&standing), &applied, &what);
            assert_same(story.family.standing().unwrap(), &standing, &what);
            assert_eq!(applied.changes, moved, "{what}");
            for change in moved {
                story.episodes.insert(change.scope.clone(), change.episode);
            }
            story.deadline = applied.deadline;
            assert_nothing_changes_before_the_deadline(&mut story, &what);
        }
    }
}

/// What people see of each node.
fn pictures(standing: &Standing) -> BTreeMap<Scope, Pictured> {
    let mut pictures = BTreeMap::new();
    for unit in &standing.scorecards {
        pictures.insert(Scope::Scorecard(unit.id.clone()), unit.pictured());
        for view in &unit.perspectives {
            let scope = Scope::Perspective(unit.id.clone(), view.id.clone());
            pictures.insert(scope, view.pictured());
            for goal in &view.objectives {
                let scope = Scope::Objective(unit.id.clone(), view.id.clone(), goal.id.clone());
                pictures.insert(scope, goal.pictured());
            }
        }
        for kpi in unit.kpis() {
            let named = KpiRef { scorecard: unit.id.clone(), kpi: kpi.id.clone() };
            pictures.insert(Scope::Kpi(named), Pictured::of_kpi(kpi));
        }
    }
    pictures
}

/// The nodes that are seen otherwise are named, and no others.
fn assert_moved(
    before: Option<&BTreeMap<Scope, Pictured>>,
    now: &BTreeMap<Scope, Pictured>,
    applied: &Applied,
    what: &str,
) {
    let Some(before) = before.filter(|_| !applied.is_whole) else {
        return assert!(applied.moved.is_empty(), "{what}");
    };
    let mut found: Vec<_> =
        applied.moved.iter().map(|node| (&node.scope, &node.before, &node.now)).collect();
    found.sort_by_key(|(scope, ..)| *scope);
    let pairs = now.iter().map(|(scope, now)| (scope, &before[scope], now));
    let is_seen = |(_, before, now): &(&Scope, &Pictured, &Pictured)| {
        !(now.is_judged_as(before) && now.is_measured_as(before))
    };
    assert_eq!(found, pairs.filter(is_seen).collect::<Vec<_>>(), "{what}");
}

/// Whoever looks before the deadline sees the same, and but for what another look moves, so do alerts.
fn assert_nothing_changes_before_the_deadline(story: &mut Story, what: &str) {
    let Some(deadline) = story.deadline else { return };
    assert!(story.now < deadline, "{what}: {deadline} is over");
    let span = (deadline - story.now).num_microseconds().unwrap();
    let part = i64::try_from(story.dice.below(1_000)).unwrap() * (span / 1_000);
    let at = story
        .dice
        .pick(&[story.now + TimeDelta::microseconds(part), deadline - TimeDelta::microseconds(1)]);
    let what = format!("{what}, {at} before {deadline}");
    let (mut standing, moved) = story.expected(false, at);
    let mut found = story.family.standing().unwrap().clone();
    forget_episodes(&mut found);
    forget_episodes(&mut standing);
    assert_same(&found, &standing, &what);
    if story.family.unsettled.is_empty() {
        assert_eq!(moved, [], "{what}");
    }
}

fn forget_episodes(standing: &mut Standing) {
    for view in
        standing.scorecards.iter_mut().flat_map(|unit| &mut Arc::make_mut(unit).perspectives)
    {
        view.episode = None;
    }
}

#[test]
fn a_scorecard_is_judged_by_what_it_needs_as_among_all_others() {
    let span = ("2025-12-01".parse().unwrap(), "2026-05-10".parse().unwrap());
    let now = "2026-05-20T08:00:00Z".parse().unwrap();
    for seed in 0..4 * SEEDS {
        let mut dice = Dice(seed);
        let portfolio = portfolio(&mut dice);
        let history = collected(&mut dice, &portfolio, span);
        let whole = judge(&portfolio, &history, &HashMap::new(), "sha256:test", now);
        for standing in &whole.scorecards {
            let needed = history.only(&portfolio.needed_by(&standing.id));
            let (ids, none) = ([standing.id.clone()], HashMap::new());
            let alone = judge_some(&portfolio, &ids, &needed, &none, "sha256:test", now);
            let [alone] = alone.scorecards.as_slice() else { panic!("seed {seed}: one scorecard") };
            assert_eq!(format!("{alone:?}"), format!("{standing:?}"), "seed {seed}");
        }
    }
}
