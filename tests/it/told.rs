//! What is told of random stories: figures that come late, are restated, go missing, in silences and
//! across restarts.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kpid_rules::{
    alerting::{Episode, Event},
    analysis::timeline::{StepOutcome, TimelineStep, play},
    evaluation::{Circumstances, EpisodeChange, evaluate},
    model::{Frequency, Id, Kpi, Portfolio, Scope},
    series::{Actual, Figure},
};
use proptest::{collection::vec, prelude::*};

use crate::vectors::world;

/// One thing that happens: days later, a KPI, how many closed months back, a value, a silence.
type Happening = (i64, usize, usize, f64, bool);

fn stories() -> impl Strategy<Value = Vec<Happening>> {
    vec((0_i64..20, 0_usize..2, 0_usize..3, 0.0..200.0, any::<bool>()), 1..40)
}

fn portfolio() -> Portfolio {
    let aim = world::aim_of(&serde_json::json!({ "target": 100, "tolerance": 50 }));
    let kpi = |name: &str| Kpi { aims: vec![aim.clone()], ..world::kpi(name) };
    let mut card = world::of_kpis(vec![kpi("k0"), kpi("k1")]);
    let alert = &mut card.perspectives[0].alert;
    alert.to = vec![world::id("owner")];
    alert.escalate_to = vec![world::id("chief")];
    Portfolio::new(vec![card]).unwrap()
}

fn steps(portfolio: &Portfolio, story: &[Happening]) -> Vec<TimelineStep> {
    let card = &portfolio.scorecards()[0];
    let mut at: DateTime<Utc> = "2026-02-03T06:00:00Z".parse().unwrap();
    let mut steps = Vec::new();
    for &(days, kpi, back, value, silenced) in story {
        at += TimeDelta::days(days);
        let newest = card.calendar.last_closed(Frequency::Month, at);
        let mut periods = std::iter::successors(Some(newest), |period| Some(period.previous()));
        let period = periods.nth(back).unwrap();
        let named = card.named(card.kpis().nth(kpi).unwrap());
        let figure = Figure::Value(value);
        let actual = Actual { figure, target: None, observed_at: at, collected_at: at };
        let silenced = if silenced { vec![Scope::Scorecard(card.id.clone())] } else { Vec::new() };
        let actuals = vec![(named, period, actual)];
        steps.push(TimelineStep {
            at,
            actuals,
            failures: Vec::new(),
            historical: false,
            silenced,
            receipts: Vec::new(),
            acknowledged: Vec::new(),
        });
    }
    steps
}

fn told(moments: &[StepOutcome]) -> Vec<&EpisodeChange> {
    let changes = moments.iter().flat_map(|moment| &moment.changes);
    changes.filter(|change| change.event.is_some()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_episode_is_opened_once_and_ends_once_for_all_who_were_told(story in stories()) {
        let portfolio = portfolio();
        let moments = play(&portfolio, "", &steps(&portfolio, &story));
        let mut open: Option<u32> = None;
        let mut heard: Vec<Id> = Vec::new();
        for change in told(&moments) {
            let number = change.episode.number;
            match change.event.unwrap() {
                Event::Opened => {
                    prop_assert_eq!(open.replace(number), None);
                    heard.clear();
                }
                Event::Recovered | Event::Corrected => {
                    prop_assert_eq!(open.take(), Some(number));
                    prop_assert_eq!(&change.to, &heard);
                }
                Event::Worsened | Event::Reminded | Event::Escalated | Event::Acknowledged => {
                    prop_assert_eq!(open, Some(number));
                }
            }
            let new = change.to.iter().filter(|id| !heard.contains(id)).cloned();
            let new: Vec<Id> = new.collect();
            heard.extend(new);
        }
    }

    #[test]
    fn no_message_is_of_an_older_period_than_one_before_or_than_the_present_one(story in stories()) {
        let portfolio = portfolio();
        let moments = play(&portfolio, "", &steps(&portfolio, &story));
        let mut newest = None;
        for moment in &moments {
            let judged = &moment.standing.scorecards[0].perspectives[0];
            for change in moment.changes.iter().filter(|change| change.event.is_some()) {
                let period = change.episode.last_period.clone();
                prop_assert_eq!(&period, &judged.period.map(|period| period.to_string()));
                prop_assert!(newest <= period, "{newest:?} before {period:?}");
                newest = period;
            }
        }
    }

    #[test]
    fn a_score_comes_back_from_what_is_stored_to_its_last_digit(score in 0.0..200.0) {
        let text = serde_json::to_string(&score).unwrap();
        prop_assert_eq!(serde_json::from_str::<f64>(&text).unwrap(), score);
    }

    #[test]
    fn a_restart_between_any_two_steps_changes_nothing(story in stories()) {
        let portfolio = portfolio();
        let steps = steps(&portfolio, &story);
        let moments = play(&portfolio, "", &steps);
        let expected: Vec<_> = told(&moments).into_iter().map(|change| (change.event, change.cause)).collect();
        let all = [portfolio.scorecards()[0].id.clone()];
        let mut history = kpid_rules::series::History::default();
        let mut stored: HashMap<Scope, String> = HashMap::new();
        let mut found = Vec::new();
        for step in &steps {
            for (kpi, period, actual) in &step.actuals {
                history.kpi_mut(kpi).record(*period, *actual);
            }
            let read = |text: &String| serde_json::from_str::<Episode>(text).unwrap();
            let episodes = stored.iter().map(|(scope, text)| (scope.clone(), read(text))).collect();
            let around = Circumstances { silenced: &step.silenced, ..Circumstances::default() };
            let (_, changes) =
                evaluate(&portfolio, &all, &history, &episodes, around, "", step.at);
            for change in changes {
                stored.insert(change.scope, serde_json::to_string(&change.episode).unwrap());
                found.extend(change.event.map(|event| (Some(event), change.cause)));
            }
        }
        prop_assert_eq!(found, expected);
    }
}
