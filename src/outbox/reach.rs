//! What a channel's worker knows of its receiver: how many deliveries at once it takes, whether it is
//! there, and how long it wants to be left alone.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How often a receiver that is not there is tried with the delivery that waits longest: once it is
/// back, all that waited goes.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// Who is not there, refuses us or asks for patience, is tried with another delivery no later than that: whoever
/// takes a delivery up by hand waits for it. The one it refused waits as long as it asks.
const LEFT_ALONE_MAX: Duration = Duration::from_secs(5);

/// How long who is not there, or refuses us, is left alone the first time; then twice as long each time.
const LEFT_ALONE_FIRST: Duration = Duration::from_secs(1);

/// How often what was deferred goes with a success of another: what is wrong may be the message.
const HASTEN_EVERY: Duration = Duration::from_secs(60);

/// A delivery that takes longer is none of those that are bounded by `places`: it waits for a receiver
/// that looks through what it got, and keeps no other waiting.
const SLOW_AFTER: Duration = Duration::from_secs(10);

/// So many times the places may be under way, the slow ones included, as long as the receiver takes
/// nothing else.
const SLOW_SHARE: usize = 4;

/// How often a receiver that keeps all of these waiting is tried with another one: what hangs there may be
/// waited for for minutes after it is well again.
const TRIED_EVERY: Duration = Duration::from_secs(30);

/// What an attempt says of the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is there, and took a message.
    Takes,
    /// It is there, and said something of this message.
    Answers,
    /// It is there, and refuses us: it would say the same to others.
    Refuses,
    /// It is not there.
    Away,
    /// It wants to be left alone for so long.
    Patience(Duration),
    /// Nothing was sent to it.
    Unknown,
}

/// What is known of a receiver.
#[derive(Debug)]
pub(super) struct Reach {
    places: usize,
    state: Mutex<ReachState>,
}

#[derive(Debug)]
struct ReachState {
    /// Deliveries at once: one to somebody who was not there, and more again with each success.
    at_once: usize,
    /// Whether what waits for its next attempt goes as soon as it answers.
    was_away: bool,
    /// Whether something may wait for its next attempt since it answered that.
    has_deferred: bool,
    hastened_at: Option<Instant>,
    /// When it last took a message.
    took_at: Option<Instant>,
    /// How long it is left alone when it is not there the next time.
    left_alone_for: Duration,
    left_alone_until: Option<Instant>,
    probe_at: Instant,
}

impl Reach {
    /// Of a receiver that nothing is known of yet: what waits may have waited for it.
    pub(super) fn new(places: usize, now: Instant) -> Self {
        let state = ReachState {
            at_once: places,
            was_away: true,
            has_deferred: false,
            hastened_at: None,
            took_at: None,
            left_alone_for: LEFT_ALONE_FIRST,
            left_alone_until: None,
            probe_at: now,
        };
        Self { places, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, ReachState> {
        // Each value in it is good by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another delivery may begin beside those that began then.
    pub(super) fn has_room(
        &self,
        begun: impl ExactSizeIterator<Item = Instant>,
        now: Instant,
    ) -> bool {
        if self.is_left_alone(now) {
            return false;
        }
        let count = begun.len();
        let (mut quick, mut newest) = (0, None);
        for begun in begun {
            quick += usize::from(now.duration_since(begun) < SLOW_AFTER);
            newest = newest.max(Some(begun));
        }
        let state = self.state();
        // Once it has taken something since, what hangs keeps nothing else from it.
        if count < self.places * SLOW_SHARE || (state.took_at >= newest && newest.is_some()) {
            return quick < state.at_once;
        }
        newest.is_some_and(|newest| now.duration_since(newest) >= TRIED_EVERY)
    }

    pub(super) fn is_left_alone(&self, now: Instant) -> bool {
        self.state().left_alone_until.is_some_and(|until| now < until)
    }

    /// Takes note of an attempt. Says whether the receiver is back, so that what waits may go.
    pub(super) fn note(&self, presence: Presence, now: Instant) -> bool {
        let mut state = self.state();
        match presence {
            Presence::Takes => {
                state.took_at = Some(now);
                state.at_once = (state.at_once * 2).min(self.places);
                state.left_alone_for = LEFT_ALONE_FIRST;
                let is_time =
                    state.hastened_at.is_none_or(|at| now.duration_since(at) >= HASTEN_EVERY);
                let is_back = state.was_away || (state.has_deferred && is_time);
                if is_back {
                    state.hastened(now);
                }
                is_back
            }
            Presence::Answers => {
                let is_back = state.was_away;
                if is_back {
                    state.hastened(now);
                }
                state.has_deferred = true;
                is_back
            }
            Presence::Refuses => {
                state.leave_alone(now);
                state.was_away = false;
                false
            }
            Presence::Away => {
                state.leave_alone(now);
                state.was_away = true;
                state.probe_at = now + PROBE_EVERY;
                false
            }
            Presence::Patience(asked) => {
                state.at_once = 1;
                state.left_alone_until = Some(now + asked.min(LEFT_ALONE_MAX));
                false
            }
            Presence::Unknown => false,
        }
    }

    /// Whether it is time to try a receiver that was not there.
    pub(super) fn is_to_be_probed(&self, now: Instant) -> bool {
        let mut state = self.state();
        let is_time = state.was_away && state.probe_at <= now;
        if is_time {
            state.probe_at = now + PROBE_EVERY;
        }
        is_time
    }
}

impl ReachState {
    fn hastened(&mut self, now: Instant) {
        (self.was_away, self.has_deferred) = (false, false);
        self.hastened_at = Some(now);
    }

    /// Longer each time, until it takes something.
    fn leave_alone(&mut self, now: Instant) {
        self.at_once = 1;
        self.left_alone_until = Some(now + self.left_alone_for);
        self.left_alone_for = (self.left_alone_for * 2).min(LEFT_ALONE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_there_is_tried_with_one_and_then_with_more_at_once() {
        let mut now = Instant::now();
        let reach = Reach::new(4, now);
        let has_room = |count: usize, now| reach.has_room(std::iter::repeat_n(now, count), now);
        assert!(has_room(3, now) && !has_room(4, now));
        reach.note(Presence::Away, now);
        assert!(!has_room(0, now), "it is left alone");
        now += LEFT_ALONE_FIRST;
        assert!(has_room(0, now) && !has_room(1, now));
        assert!(reach.note(Presence::Takes, now), "what waits may go");
        assert!(!reach.note(Presence::Takes, now), "once");
        assert!(has_room(3, now) && !has_room(4, now));
    }

    #[test]
    fn what_is_slow_takes_no_place_up_to_a_bound() {
        let slow = Instant::now();
        let now = slow + SLOW_AFTER;
        let reach = Reach::new(2, slow);
        let has_room = |slow_ones: usize, quick: usize| {
            let mut all = vec![slow; slow_ones];
            all.resize(slow_ones + quick, now);
            reach.has_room(all.into_iter(), now)
        };
        assert!(has_room(2, 1) && !has_room(2, 2));
        assert!(has_room(7, 0) && !has_room(8, 0));
    }

    #[test]
    fn who_lets_everything_hang_is_tried_now_and_then_and_is_used_again_once_it_takes_something() {
        let slow = Instant::now();
        let reach = Reach::new(2, slow);
        let hanging = [slow; 8];
        assert!(!reach.has_room(hanging.into_iter(), slow + SLOW_AFTER));
        let tried = slow + TRIED_EVERY;
        assert!(reach.has_room(hanging.into_iter(), tried));
        let beside = |more: &[Instant]| [&hanging[..], more].concat().into_iter();
        assert!(!reach.has_room(beside(&[tried]), tried), "with one");
        let took = tried + Duration::from_secs(1);
        reach.note(Presence::Takes, took);
        assert!(reach.has_room(hanging.into_iter(), took), "what hangs is waited for beside it");
        assert!(reach.has_room(beside(&[took]), took));
        assert!(
            !reach.has_room(beside(&[took, took]), took),
            "with no more at once than otherwise"
        );
    }

    #[test]
    fn who_asks_for_patience_gets_it_and_who_is_away_is_tried_now_and_then() {
        let mut now = Instant::now();
        let reach = Reach::new(2, now);
        assert!(reach.is_to_be_probed(now), "after a start");
        assert!(!reach.is_to_be_probed(now));
        reach.note(Presence::Patience(Duration::from_secs(3600)), now);
        assert!(reach.is_left_alone(now));
        now += PROBE_EVERY;
        assert!(!reach.is_left_alone(now) && reach.is_to_be_probed(now));
        reach.note(Presence::Takes, now);
        assert!(!reach.is_to_be_probed(now + PROBE_EVERY), "it is there");
    }

    #[test]
    fn what_was_deferred_goes_with_a_success_of_another_now_and_then() {
        let mut now = Instant::now();
        let reach = Reach::new(2, now);
        reach.note(Presence::Takes, now);
        assert!(!reach.note(Presence::Answers, now));
        assert!(!reach.note(Presence::Takes, now), "it has just been tried");
        now += HASTEN_EVERY;
        assert!(reach.note(Presence::Takes, now) && !reach.note(Presence::Takes, now));
    }

    #[test]
    fn who_refuses_us_is_there_and_is_not_asked_again_and_again() {
        let now = Instant::now();
        let reach = Reach::new(2, now);
        assert!(!reach.note(Presence::Refuses, now), "nothing else goes for that");
        assert!(reach.is_left_alone(now) && !reach.is_to_be_probed(now + PROBE_EVERY));
        let reach = Reach::new(2, now);
        assert!(reach.note(Presence::Answers, now), "it is there, whatever it said");
        assert!(!reach.is_left_alone(now) && !reach.is_to_be_probed(now));
    }
}
