//! What a message is about: a change of an alert, and what it is compared with.

use indexmap::IndexMap;
use url::Url;

use crate::{
    facts::named::{Named, PeriodName},
    person::Person,
};
use kpid_rules::{
    alerting::{Event, Note},
    analysis::Before,
    evaluation::EpisodeChange,
    judgement::{Judge, NodeStanding, ScorecardStanding, Standing},
    model::{AlertNode, Id, Period, Portfolio, Scope, Scorecard},
};

/// What a message is made from, beside what happened.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The definitions.
    pub portfolio: &'a Portfolio,
    /// Who judged what has been collected, and answers what more a message asks of it.
    pub judge: &'a Judge<'a>,
    /// Everybody who can be named.
    pub people: &'a IndexMap<Id, Person>,
    /// What links begin with, if the configuration says.
    pub public_url: Option<&'a Url>,
    /// What people wrote, the newest first.
    pub notes: &'a [Note],
}

/// What happened, to what, and what it is measured against.
pub(crate) struct Subject<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) standing: &'a Standing,
    pub(crate) change: &'a EpisodeChange,
    pub(crate) event: Event,
    pub(crate) scorecard: &'a Scorecard,
    /// The node that the alert is on.
    pub(crate) node: AlertNode<'a>,
    pub(crate) parent: &'a ScorecardStanding,
    /// The node, judged.
    pub(crate) judged: NodeStanding<'a>,
    pub(crate) judge: &'a Judge<'a>,
    pub(crate) before: Option<Before>,
}

impl<'a> Subject<'a> {
    /// Finds it; `None` when nobody is notified of the change.
    pub(crate) fn find(
        context: Context<'a>,
        standing: &'a Standing,
        change: &'a EpisodeChange,
    ) -> Option<Self> {
        let event = change.event?;
        let id = change.scope.scorecard();
        let parent = standing.scorecards.iter().find(|judged| judged.id == *id)?;
        let scorecard = context.portfolio.scorecard(id)?;
        let judge = context.judge;
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

    /// The period before, if it had a score to compare with.
    pub(crate) fn compared(&self) -> Option<&Before> {
        self.before.as_ref().filter(|before| before.verdict.score.is_some())
    }
}

pub(crate) fn named(id: &Id, name: &str) -> Named {
    Named { id: id.to_string(), name: name.to_owned() }
}

pub(crate) fn period_name(period: Period) -> PeriodName {
    PeriodName { key: period.to_string(), label: period.label() }
}
