//! From a judgement to the facts of a message: pure, in the transaction that decides.

mod affected;
#[cfg(test)]
pub(crate) mod calder;
mod early;
mod kpis;
mod people;
mod remarks;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use url::Url;

use crate::{
    facts::{
        Change, EpisodeFacts, Facts, LastNotified, Links, Named, NodeFacts, NodeKind, Parent,
        PeriodName, Since,
    },
    person::Person,
};
use kpid_rules::{
    alerting::{Event, Note},
    analysis::Before,
    evaluation::EpisodeChange,
    judgement::{Judge, NodeStanding, ScorecardStanding, Standing, Verdict},
    model::{AlertNode, Finality, Id, Period, Perspective, Portfolio, Scope, Scorecard, Status},
    series::History,
};

/// More periods than anybody reviews; ends a count that a broken calendar would keep going.
const PERIODS_COUNTED_MAX: u32 = 10_000;

/// What a message is made from, beside what happened.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The definitions.
    pub portfolio: &'a Portfolio,
    /// What has been collected, as the judgement saw it.
    pub history: &'a History,
    /// Everybody who can be named.
    pub people: &'a IndexMap<Id, Person>,
    /// What links begin with, if the configuration says.
    pub public_url: Option<&'a Url>,
    /// What people wrote, the newest first.
    pub notes: &'a [Note],
}

/// What happened, to what, and what it is measured against.
struct Subject<'a> {
    context: Context<'a>,
    standing: &'a Standing,
    change: &'a EpisodeChange,
    event: Event,
    scorecard: &'a Scorecard,
    /// The node that the alert is on.
    node: AlertNode<'a>,
    parent: &'a ScorecardStanding,
    /// The node, judged.
    judged: NodeStanding<'a>,
    judge: Judge<'a>,
    before: Option<Before>,
}

impl Facts {
    /// Everything a message about the change needs; `None` when the change is told to nobody.
    pub fn of(context: Context<'_>, standing: &Standing, change: &EpisodeChange) -> Option<Self> {
        Subject::find(context, standing, change).map(|subject| subject.facts())
    }
}

impl<'a> Subject<'a> {
    fn find(
        context: Context<'a>,
        standing: &'a Standing,
        change: &'a EpisodeChange,
    ) -> Option<Self> {
        let event = change.event?;
        let id = change.scope.scorecard();
        let parent = standing.scorecards.iter().find(|judged| judged.id == *id)?;
        let scorecard = context.portfolio.scorecard(id)?;
        let judge = Judge::new(context.portfolio, context.history, standing.as_of.to_utc());
        let node = scorecard.alert_node(&change.scope)?;
        let judged = judge.alert_node(scorecard, &node, parent)?;
        let before = judged.period.map(|period| {
            let before = judge.before(scorecard, &node, period);
            let day = scorecard.calendar.last_day(before.period);
            match &change.scope {
                Scope::Scorecard(_) => {
                    Before { verdict: judge.scorecard_on(scorecard, day).verdict, ..before }
                }
                _ => before,
            }
        });
        Some(Self {
            context,
            standing,
            change,
            event,
            scorecard,
            node,
            parent,
            judged,
            judge,
            before,
        })
    }

    fn facts(&self) -> Facts {
        let (now, before) = (&self.judged, self.before.as_ref());
        let zone = self.scorecard.calendar.zone;
        let (kpis, linked) = (kpis::kpis(self), kpis::linked(self));
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
            remarks: remarks::remarks(now),
            links: self.links(),
            to: self.readers(&self.node.alert.to),
            escalate_to: self.readers(&self.node.alert.escalate_to),
            people: self.people(),
            config_version: self.standing.config.clone(),
        }
    }

    /// The period before, if it had a score to compare with.
    fn compared(&self) -> Option<&Before> {
        self.before.as_ref().filter(|before| before.verdict.score.is_some())
    }

    /// The message of the episode before this one.
    fn last_notified(&self) -> Option<LastNotified> {
        let told = &self.change.before.notified;
        let at = told.at.filter(|_| self.change.before.is_open())?;
        let at = at.with_timezone(&self.scorecard.calendar.zone).fixed_offset();
        Some(LastNotified { at, status: told.status, score: told.score })
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

    /// The page of the perspective that holds the node.
    fn page(&self) -> Option<Id> {
        let holds = |view: &&Perspective, kpi: &Id| {
            let kpis = view.objectives.iter().flat_map(|objective| &objective.kpis);
            kpis.into_iter().any(|held| held.id == *kpi)
        };
        match &self.change.scope {
            Scope::Scorecard(_) => None,
            Scope::Perspective(_, id) | Scope::Objective(_, id, _) => Some(id.clone()),
            Scope::Kpi(named) => {
                let mut views = self.scorecard.perspectives.iter();
                views.find(|view| holds(view, &named.kpi)).map(|view| view.id.clone())
            }
        }
    }

    /// The board, opened at the perspective: the page has an anchor for each.
    fn links(&self) -> Option<Links> {
        let (card, view) = (&self.scorecard.id, self.page());
        let mut details = self.context.public_url?.clone();
        details
            .path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(["s", card.as_str()])
            .extend(self.judged.period.map(|period| period.to_string()))
            .extend(view.as_ref().map(Id::as_str));
        let anchor = view.map_or_else(|| card.to_string(), |view| format!("{card}/{view}"));
        details.set_fragment(Some(&anchor));
        Some(Links { details: details.to_string() })
    }
}

fn named(id: &Id, name: &str) -> Named {
    Named { id: id.to_string(), name: name.to_owned() }
}

fn period_name(period: Period) -> PeriodName {
    PeriodName { key: period.to_string(), label: period.label() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{CountNeed, KpiFacts},
        facts_builder::calder::at,
        mail::render,
    };
    use kpid_rules::{
        alerting::Acknowledgement,
        evaluation::{Circumstances, evaluate},
        model::{
            Aim, AlertOn, AlertPolicy, Amount, Contribution, Kpi, KpiRef, Nature, Objective,
            ObjectiveRef, Target, Tolerance,
        },
        series::{Actual, Figure},
    };

    fn news(now: &str) -> Vec<Facts> {
        news_of(&calder::portfolio(), now)
    }

    fn news_of(portfolio: &Portfolio, now: &str) -> Vec<Facts> {
        news_from(portfolio, &calder::history(), &[now], |change| change)
    }

    /// The news of the last of some looks, of changes as they are made up.
    fn news_from(
        portfolio: &Portfolio,
        history: &History,
        looks: &[&str],
        made_up: fn(EpisodeChange) -> EpisodeChange,
    ) -> Vec<Facts> {
        let people = calder::people();
        let url = "https://kpi.calder.example/".parse().unwrap();
        let all: Vec<Id> = portfolio.scorecards().iter().map(|card| card.id.clone()).collect();
        let mut episodes = calder::seen();
        let mut news = Vec::new();
        for now in looks {
            let (standing, changes) = evaluate(
                portfolio,
                &all,
                history,
                &episodes,
                Circumstances::default(),
                "sha256:4f2a9c01d7e8b6a5",
                at(now),
            );
            for change in &changes {
                episodes.insert(change.scope.clone(), change.episode.clone());
            }
            let (public_url, people) = (Some(&url), &people);
            let context = Context { portfolio, history, people, public_url, notes: &[] };
            let changes = changes.into_iter().map(made_up);
            news = changes.filter_map(|change| Facts::of(context, &standing, &change)).collect();
        }
        news
    }

    fn text(facts: &Facts) -> String {
        render::plain(&facts.clone().into()).unwrap().text
    }

    fn tenths(of: Option<f64>) -> f64 {
        (of.unwrap() * 10.0).round() / 10.0
    }

    #[test]
    fn the_fall_of_may_is_explained_to_the_tenth() {
        let facts = news("2026-06-03T06:00:00+02:00");
        let [facts] = facts.as_slice() else { panic!("one event, not {facts:?}") };
        assert_eq!((tenths(facts.score.from), tenths(facts.score.to)), (72.0, 55.9));
        let parts = |of: fn(&KpiFacts) -> Option<f64>| -> Vec<f64> {
            facts.kpis.iter().map(|kpi| tenths(of(kpi))).collect()
        };
        assert_eq!(parts(|kpi| kpi.share_pct), [75.4, 24.6, 0.0, 0.0]);
        assert_eq!(parts(|kpi| kpi.contribution), [-16.5, -2.8, 2.2, 1.1]);
        let explained: f64 = facts.kpis.iter().filter_map(|kpi| kpi.contribution).sum();
        let change = facts.score.to.unwrap() - facts.score.from.unwrap();
        assert!((explained + facts.residual.unwrap() - change).abs() < 1e-9);
        let count = facts.kpis[0].need.unwrap().count;
        assert_eq!(count, Some(CountNeed { more: 147.0, of: 3000.0 }));
        insta::assert_snapshot!("may_text", render::plain(&facts.clone().into()).unwrap().text);
    }

    #[test]
    fn a_period_before_without_a_score_is_said_to_be_that() {
        let (portfolio, may) = (calder::portfolio(), calder::only_may());
        let facts = news_from(&portfolio, &may, &["2026-06-03T06:00:00+02:00"], |change| change);
        let [facts] = facts.as_slice() else { panic!("one event, not {facts:?}") };
        assert_eq!((facts.status.from, facts.score.from, facts.residual), (None, None, None));
        assert!(facts.kpis.iter().all(|kpi| kpi.contribution.is_none()));
        let said = text(facts);
        assert!(said.contains("score 55.9, without a score in April."), "{said}");
    }

    #[test]
    fn nodes_on_every_level_speak_for_themselves() {
        let mut scorecard = calder::portfolio().scorecards()[0].clone();
        let alert =
            |to: &str| Some(AlertPolicy { to: vec![calder::id(to)], ..AlertPolicy::default() });
        scorecard.alert = alert("chief");
        let objective = &mut scorecard.perspectives[0].objectives[0];
        objective.alert = alert("lead");
        objective.kpis[0].alert = alert("tosei");
        let portfolio = Portfolio::new(vec![scorecard]).unwrap();
        let facts = news_of(&portfolio, "2026-06-03T06:00:00+02:00");
        let said: Vec<_> = facts.iter().map(headline).collect();
        assert_eq!(
            said,
            [
                "perspective calder/customer 55.9: deliver-on-promise",
                "objective calder/customer/deliver-on-promise 31.0: -",
                "kpi calder/on-time-delivery 21.0: -",
            ]
        );
        let subjects: Vec<_> = facts
            .iter()
            .map(|facts| render::plain(&facts.clone().into()).unwrap().subject)
            .collect();
        assert_eq!(subjects[1], "[Off track] Deliver on promise - Calder Cycles - May 2026: 31.0");
        assert_eq!(facts[2].kpis.len(), 1);
    }

    fn headline(facts: &Facts) -> String {
        let kind = serde_json::to_value(facts.node.kind).unwrap();
        let culprit = facts.culprit.as_ref().map_or("-", |culprit| culprit.id.as_str());
        let score = facts.score.to.unwrap();
        format!("{} {} {score:.1}: {culprit}", kind.as_str().unwrap(), facts.node.path)
    }

    #[test]
    fn an_early_alert_says_what_it_is_early_about() {
        let margins = (Amount::Absolute(0.0), Amount::Absolute(10.0));
        let tolerance = Tolerance::Margins { green: margins.0, red: margins.1, floor: None };
        let revenue = Kpi {
            name: "Revenue".to_owned(),
            unit: Some("kEUR".to_owned()),
            aims: vec![Aim { from: None, target: Some(Target::Fixed(100.0)), tolerance }],
            ..Kpi::plain(calder::id("revenue"), Nature::Flow)
        };
        let mut scorecard = calder::portfolio().scorecards()[0].clone();
        let view = &mut scorecard.perspectives[0];
        view.alert.on = AlertOn::Provisional;
        view.objectives.truncate(1);
        view.objectives[0].kpis = vec![revenue];
        let kpi = KpiRef { scorecard: calder::id("calder"), kpi: calder::id("revenue") };
        let mut history = History::default();
        for (period, value) in [("2026-09", 101.0), ("2026-10", 100.5), ("2026-11", 22.0)] {
            // Read again each morning.
            let observed_at = at("2026-11-29T04:00:00Z");
            let figure = Figure::Value(value);
            let actual = Actual { figure, target: None, observed_at, collected_at: observed_at };
            history.kpi_mut(&kpi).record(Period::parse(period).unwrap(), actual);
        }
        let portfolio = Portfolio::new(vec![scorecard]).unwrap();
        let looks = ["2026-11-28T06:00:00Z", "2026-11-29T06:00:00Z"];
        let facts = news_from(&portfolio, &history, &looks, |change| change);
        let [facts] = facts.as_slice() else { panic!("one event, not {facts:?}") };
        let rendered = render::plain(&facts.clone().into()).unwrap();
        insta::assert_snapshot!("early_text", format!("{}\n\n{}", rendered.subject, rendered.text));
    }

    /// Calder Cycles, whose off-track objective drives another and counts into the group's.
    fn with_a_group(private: bool) -> Portfolio {
        let mut calder = calder::portfolio().scorecards()[0].clone();
        let mut group = calder.clone();
        let promise = &mut calder.perspectives[0].objectives[0];
        promise.drives = vec![calder::id("delight-riders")];
        promise.kpis[0].alert =
            Some(AlertPolicy { to: vec![calder::id("tosei")], ..AlertPolicy::default() });
        let of_calder =
            |id: &Id| ObjectiveRef { scorecard: calder::id("calder"), objective: id.clone() };
        let link = Contribution { objective: of_calder(&promise.id), weight: 1.0, critical: false };
        let kept = Objective {
            id: calder::id("keep-word"),
            name: "Keep our word".to_owned(),
            contributions: vec![link],
            kpis: Vec::new(),
            ..promise.clone()
        };
        let kept = Objective { drives: Vec::new(), ..kept };
        (group.id, group.name, group.private) = (calder::id("group"), "Group".to_owned(), private);
        group.perspectives[0].objectives = vec![kept];
        // Or the readers below would hear of it from there.
        group.perspectives[0].alert.to = vec![calder::id("ceo")];
        Portfolio::new(vec![calder, group]).unwrap()
    }

    #[test]
    fn the_line_of_sight_names_what_is_above_driven_and_counted_into() {
        let affects = |private, of: &str| {
            let facts = news_of(&with_a_group(private), "2026-06-03T06:00:00+02:00");
            let facts = facts.iter().find(|facts| facts.node.path == of).unwrap();
            let text = text(facts);
            text.lines().find_map(|line| line.strip_prefix("Affects: ")).unwrap().to_owned()
        };
        assert_eq!(
            affects(false, "calder/customer"),
            "Delight riders (on track, 80.8); Keep our word, Group (off track, 31.0); \
             Calder Cycles scorecard (at risk, 55.9)"
        );
        assert_eq!(
            affects(true, "calder/on-time-delivery"),
            "Deliver on promise (off track, 31.0); Customer (off track, 55.9); \
             Delight riders (on track, 80.8); Calder Cycles scorecard (at risk, 55.9)"
        );
    }

    #[test]
    fn a_whole_does_not_affect_itself() {
        let mut scorecard = calder::portfolio().scorecards()[0].clone();
        scorecard.alert = Some(AlertPolicy {
            to: vec![calder::id("chief")],
            on: AlertOn::AtRisk,
            ..AlertPolicy::default()
        });
        let portfolio = Portfolio::new(vec![scorecard]).unwrap();
        let facts = news_of(&portfolio, "2026-06-03T06:00:00+02:00");
        let facts = facts.iter().find(|facts| facts.node.kind == NodeKind::Scorecard).unwrap();
        assert!(!text(facts).contains("Affects"), "{}", text(facts));
    }

    #[test]
    fn what_may_still_change_of_itself_is_not_called_final() {
        let facts = news("2026-06-02T06:00:00+02:00");
        assert!(
            text(&facts[0]).contains("Data: complete, still provisional"),
            "{}",
            text(&facts[0])
        );
    }

    #[test]
    fn money_is_not_counted_in_whole_euros() {
        let mut history = History::default();
        let margin = Figure::Ratio { numerator: 310_000.37, denominator: 1_000_000.11 };
        let (days, score) = (Figure::Value(6.0), Figure::Value(41.0));
        calder::collect(&mut history, "2026-05", [margin, days, score, margin]);
        let looks = ["2026-06-03T06:00:00+02:00"];
        let facts = news_from(&calder::portfolio(), &history, &looks, |change| change);
        let count = facts[0].kpis.iter().find_map(|kpi| kpi.need?.count).unwrap();
        assert_eq!((count.more, count.of), (640_000.0, 1_000_000.11));
        assert!(text(&facts[0]).contains("i.e. 640000 more of 1000000"), "{}", text(&facts[0]));
    }

    #[test]
    fn who_acknowledged_goes_by_name() {
        let answered = |mut change: EpisodeChange| {
            change.episode.acknowledgement = Some(Acknowledgement {
                by: "ines".to_owned(),
                at: at("2026-06-03T06:00:00Z"),
                comment: None,
                due: None,
            });
            change
        };
        let looks = ["2026-06-03T06:00:00+02:00"];
        let facts = news_from(&calder::portfolio(), &calder::history(), &looks, answered);
        assert_eq!(facts[0].episode.acknowledged_by.as_deref(), Some("Ines Marlow"));
        assert!(text(&facts[0]).contains("Notified: Ines Marlow, ops; if it persists: ceo."));
    }

    #[test]
    fn what_is_told_to_nobody_has_no_facts() {
        assert_eq!(news("2026-05-20T06:00:00+02:00"), []);
    }
}
