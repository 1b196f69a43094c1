//! When what fails is left alone, a system or one request to it, and when it is asked again. Pure:
//! its guard says what happened and when.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::fault::Fault;

/// So many failures in a row are no slip of the moment: each of them waited for its time limit, or
/// was tried more than once.
const FAILURES_MAX: u32 = 5;

/// How long a system is first left alone: about what a restart takes.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(10);

/// No system is left alone for longer: a KPI that falls due once a day shall not miss its instant
/// for more than this after the system is back, and one question in so long burdens nobody.
const WAIT_MAX: TimeDelta = TimeDelta::seconds(60);

/// A system that asks for more patience than this is asked again nevertheless: limits are mostly
/// counted by the minute or the hour.
const ASKED_MAX: TimeDelta = TimeDelta::hours(1);

/// What is known of one system, or of one request to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Circuit {
    failures: u32,
    open: Option<Open>,
}

/// A system that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Open {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    wait: TimeDelta,
    because: String,
    /// Whether somebody is asking, to see whether it is well again.
    is_tried: bool,
    /// The requests by which it was tried in vain.
    in_vain: HashSet<usize>,
}

/// Who wants to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    /// By which of the requests.
    pub(crate) request: usize,
    /// How many are known of.
    pub(crate) requests: usize,
}

/// Whether a question may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Yes.
    Ask,
    /// Yes, and what comes of it decides for the others.
    Try,
    /// Not before the one that tries is back.
    Wait,
    /// No.
    LeftAlone {
        /// When the system is asked again.
        until: DateTime<Utc>,
        /// Its last failure.
        because: String,
    },
}

/// What a question changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// From now on the system is left alone, until then.
    Opened(DateTime<Utc>),
    /// It is well again.
    Closed,
}

impl Circuit {
    /// Whether a question may be asked now. Trials go round: a request by which the system was tried
    /// in vain lets others try, or one that always fails would try for ever, and keep them all out.
    pub(crate) fn admit(&mut self, now: DateTime<Utc>, asker: Asker) -> Admission {
        let Some(open) = &mut self.open else { return Admission::Ask };
        // A clock that was set back would leave the system alone for as long as it was set back.
        if open.in_vain.len() >= asker.requests {
            open.in_vain.clear();
        }
        let has_tried = open.in_vain.contains(&asker.request);
        // For others may have nothing to ask for a day.
        let until = if has_tried { open.until + open.wait } else { open.until };
        if (open.since..until).contains(&now) {
            return Admission::LeftAlone { until, because: open.because.clone() };
        }
        if open.is_tried {
            return Admission::Wait;
        }
        open.is_tried = true;
        Admission::Try
    }

    /// The system answered, whatever it said.
    pub(crate) fn answered(&mut self) -> Option<Change> {
        let was_open = self.open.is_some();
        *self = Self::default();
        was_open.then_some(Change::Closed)
    }

    /// The system failed one that asked, or one that tried. Waits are longer or shorter by `chance`, and
    /// never shorter than the system asks for.
    pub(crate) fn failed(
        &mut self,
        trial: Option<usize>,
        fault: &Fault,
        now: DateTime<Utc>,
        chance: f64,
    ) -> Option<Change> {
        self.failures = self.failures.saturating_add(1);
        let asked = fault.asked().map_or(TimeDelta::zero(), |asked| {
            TimeDelta::from_std(asked).unwrap_or(ASKED_MAX).min(ASKED_MAX)
        });
        let wait = match &mut self.open {
            // Asked before it was left alone: no news, but for how long it asks for.
            Some(open) if trial.is_none() => {
                open.until = open.until.max(now + asked);
                return None;
            }
            Some(open) => (open.wait * 2).min(WAIT_MAX),
            None if self.failures < FAILURES_MAX => return None,
            None => FIRST_WAIT,
        };
        let is_new = self.open.is_none();
        let seconds = wait.as_seconds_f64() * chance;
        let until = now + TimeDelta::milliseconds((seconds * 1000.0) as i64).max(asked);
        let because = fault.words().to_owned();
        let mut in_vain = self.open.take().map(|open| open.in_vain).unwrap_or_default();
        in_vain.extend(trial);
        self.open = Some(Open { since: now, until, wait, because, is_tried: false, in_vain });
        is_new.then_some(Change::Opened(until))
    }

    /// The one that tried was given up: another may try.
    pub(crate) fn given_up(&mut self) {
        if let Some(open) = &mut self.open {
            open.is_tried = false;
        }
    }

    /// Whether it is left alone, or about to be tried.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fault::Blame;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + second, 0).unwrap()
    }

    /// What happens at a second.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Asked,
        /// By the other of two requests.
        OtherAsked,
        Answered,
        Failed,
        /// For so many seconds.
        PutOff(u64),
        TrialFailed,
        TrialPutOff(u64),
        TrialGivenUp,
    }

    fn down(words: &str) -> Fault {
        Fault::System(words.to_owned())
    }

    fn busy(seconds: u64) -> Fault {
        let asked = Duration::from_secs(seconds);
        Fault::Busy { words: "busy".to_owned(), asked, blame: Blame::System }
    }

    /// What a circuit says to each event, in few words.
    fn transcript(events: &[(i64, Event)]) -> Vec<String> {
        let mut circuit = Circuit::default();
        let after = |until: DateTime<Utc>| (until - at(0)).num_seconds();
        let is_other = |(_, event): &(i64, Event)| matches!(event, Event::OtherAsked);
        let requests = if events.iter().any(is_other) { 2 } else { 1 };
        let admitted = |admission: Admission| match admission {
            Admission::Ask => "ask".to_owned(),
            Admission::Try => "try".to_owned(),
            Admission::Wait => "wait".to_owned(),
            Admission::LeftAlone { until, because } => {
                format!("not before {}: {because}", after(until))
            }
        };
        let changed = |change: Option<Change>| match change {
            None => "-".to_owned(),
            Some(Change::Opened(until)) => format!("left alone until {}", after(until)),
            Some(Change::Closed) => "well".to_owned(),
        };
        let mut said = Vec::new();
        for (second, event) in events {
            let now = at(*second);
            said.push(match *event {
                Event::Asked => admitted(circuit.admit(now, Asker { request: 0, requests })),
                Event::OtherAsked => admitted(circuit.admit(now, Asker { request: 1, requests })),
                Event::Answered => changed(circuit.answered()),
                Event::Failed => changed(circuit.failed(None, &down("down"), now, 1.0)),
                Event::PutOff(asked) => changed(circuit.failed(None, &busy(asked), now, 1.0)),
                Event::TrialFailed => {
                    changed(circuit.failed(Some(0), &down("still down"), now, 1.0))
                }
                Event::TrialPutOff(asked) => {
                    changed(circuit.failed(Some(0), &busy(asked), now, 1.0))
                }
                Event::TrialGivenUp => {
                    circuit.given_up();
                    "-".to_owned()
                }
            });
        }
        said
    }

    /// Fails five times in the first second.
    fn after_five(then: &[(i64, Event)]) -> Vec<String> {
        let events: Vec<_> = [(0, Event::Failed); 5].iter().chain(then).copied().collect();
        transcript(&events).split_off(4)
    }

    use Event::{
        Answered, Asked, Failed, OtherAsked, PutOff, TrialFailed, TrialGivenUp, TrialPutOff,
    };

    #[test]
    fn five_failures_in_a_row_are_needed() {
        let four = [(0, Failed); 4];
        let interrupted: Vec<_> = four
            .iter()
            .chain(&[(1, Answered)])
            .chain(&four)
            .chain(&[(2, Asked)])
            .copied()
            .collect();
        assert_eq!(transcript(&interrupted).last().unwrap(), "ask");
        assert_eq!(
            after_five(&[(1, Asked), (9, Asked)]),
            ["left alone until 10", "not before 10: down", "not before 10: down"]
        );
    }

    #[test]
    fn one_tries_while_the_others_wait_and_success_lets_them_all_go() {
        assert_eq!(
            after_five(&[(10, Asked), (10, Asked), (11, Answered), (11, Asked)]),
            ["left alone until 10", "try", "wait", "well", "ask"]
        );
    }

    #[test]
    fn trials_go_round_and_one_that_always_fails_keeps_nobody_out() {
        assert_eq!(
            after_five(&[
                (10, Asked),
                (11, TrialFailed),
                (31, Asked),
                (31, OtherAsked),
                (31, Answered),
                (31, Asked),
            ]),
            ["left alone until 10", "try", "-", "not before 51: still down", "try", "well", "ask",]
        );
        assert_eq!(
            after_five(&[(10, Asked), (11, TrialFailed), (51, Asked), (60, OtherAsked)])[3..],
            ["try", "wait"],
            "for want of another"
        );
    }

    #[test]
    fn waits_grow_up_to_their_limit_and_begin_anew_after_success() {
        let mut events = Vec::new();
        for second in [10, 40, 100, 200, 400, 800] {
            events.extend([(second, Asked), (second, TrialFailed), (second, Asked)]);
        }
        let said = after_five(&events);
        let untils: Vec<_> = said.iter().filter(|said| said.starts_with("not before")).collect();
        let waits = [30, 80, 160, 260, 460, 860].map(|at| format!("not before {at}: still down"));
        assert_eq!(untils, waits.iter().collect::<Vec<_>>());
        let anew: Vec<_> = [(10, Asked), (10, TrialFailed), (30, Asked), (30, Answered)]
            .into_iter()
            .chain([(100, Failed); 5])
            .collect();
        assert_eq!(after_five(&anew).last().unwrap(), "left alone until 110");
    }

    #[test]
    fn a_system_is_left_alone_for_as_long_as_it_asks_and_an_hour_at_most() {
        assert_eq!(
            after_five(&[(10, Asked), (11, TrialPutOff(90)), (100, Asked), (101, Asked)]),
            ["left alone until 10", "try", "-", "not before 101: busy", "try"]
        );
        let put_off = |seconds: u64| transcript(&[(0, PutOff(seconds)); 5]).split_off(3);
        assert_eq!(put_off(60), ["-", "left alone until 60"], "one may be a slip");
        assert_eq!(put_off(2), ["-", "left alone until 10"]);
        assert_eq!(put_off(u64::MAX), ["-", "left alone until 3600"]);
        assert_eq!(
            after_five(&[(5, PutOff(60)), (10, Asked)]),
            ["left alone until 10", "-", "not before 65: down"],
            "by one that was asked before"
        );
    }

    #[test]
    fn what_was_asked_before_says_nothing_new_unless_it_is_answered() {
        assert_eq!(
            after_five(&[(5, Failed), (6, Asked), (7, Answered), (7, Asked)]),
            ["left alone until 10", "-", "not before 10: down", "well", "ask"]
        );
    }

    #[test]
    fn a_trial_that_is_given_up_and_a_clock_set_back_keep_nobody_waiting() {
        assert_eq!(
            after_five(&[(10, Asked), (11, TrialGivenUp), (12, Asked)]),
            ["left alone until 10", "try", "-", "try"]
        );
        assert_eq!(after_five(&[(-3600, Asked)]), ["left alone until 10", "try"]);
    }

    #[test]
    fn chance_moves_a_wait() {
        for (chance, seconds) in [(0.75, 7), (1.2, 12)] {
            let mut circuit = Circuit::default();
            let opened =
                (0..5).filter_map(|_| circuit.failed(None, &down("down"), at(0), chance)).last();
            let Some(Change::Opened(until)) = opened else { panic!("{circuit:?}") };
            assert_eq!((until - at(0)).num_seconds(), seconds);
        }
    }
}
