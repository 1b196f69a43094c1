//! The episode machine: when a scope's evaluations become news, and why. Pure: what it remembers is
//! in the episode, what it sees in the evaluation.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    alerting::{
        episode::{
            Cause, Episode, Evaluation, Event, LastVerdict, News, Notified, Phase, Rejudged,
        },
        look::{Health, Look, is_of_the_data},
    },
    model::{alert_policy::AlertPolicy, status::Status},
};

/// The time in which falls are counted, and for which what falls too often is only in the digest.
const FLAPPING_DAYS: i64 = 30;

/// More falls than this in that time are flapping.
const FALLS_MAX: usize = 3;

impl Episode {
    /// The episode after one more evaluation, and what is told of it.
    pub fn advance(
        &self,
        policy: &AlertPolicy,
        evaluation: &Evaluation,
        now: DateTime<Utc>,
    ) -> (Self, Option<News>) {
        let unknown =
            matches!(evaluation.status, Status::NoData | Status::Pending | Status::NotScored);
        if unknown || !evaluation.official {
            return (self.clone(), None);
        }
        let mut next = Self { seen: true, ..self.clone() };
        if evaluation.historical {
            return (next, None);
        }
        if self.last_verdict.as_ref().is_some_and(|last| is_of_the_data(last, evaluation)) {
            return (next, None);
        }
        let health = self.health(policy, evaluation);
        let look = Look::of(self, policy, evaluation, &health, now);
        let news = match health {
            Health::Bad => next.worsen(&look),
            Health::Between => {
                next.bad_periods = 0;
                if !next.is_open() {
                    next.bad_in_a_row = 0;
                    next.bad_since = None;
                }
                None
            }
            Health::Good => next.better(&look),
        };
        next.last_occasion = Some(evaluation.occasion.clone());
        next.last_period = Some(evaluation.period.clone());
        next.last_verdict = Some(LastVerdict {
            status: evaluation.status,
            score: evaluation.score,
            config: evaluation.config.clone(),
            scores: evaluation.scores.iter().map(|(id, (score, _))| (id.clone(), *score)).collect(),
            rejudged: None,
        });
        if next.is_open() {
            next.heard_above.extend(evaluation.heard_above.iter().cloned());
        }
        let news = news.map(|(event, cause)| next.tell(event, cause, &look));
        (next, news)
    }

    /// The episode with what another configuration makes of the figures that were counted last; the
    /// evaluation is of them. It tells nothing.
    pub(crate) fn rejudge(&self, evaluation: &Evaluation) -> Self {
        let mut next = self.clone();
        let is_known =
            !matches!(evaluation.status, Status::NoData | Status::Pending | Status::NotScored);
        let is_the_same = self.last_occasion.as_ref() == Some(&evaluation.occasion);
        if is_known && is_the_same && self.awaits_rejudging(&evaluation.config) {
            let last = next.last_verdict.as_mut().filter(|last| !is_of_the_data(last, evaluation));
            if let Some(last) = last {
                last.rejudged = Some(Rejudged::of(evaluation));
            }
        }
        next
    }

    fn worsen(&mut self, look: &Look<'_>) -> Option<(Event, Cause)> {
        self.count(look.evaluation);
        self.bad_since = self.bad_since.or(Some(look.now));
        if !self.is_open() {
            if self.bad_in_a_row < look.policy.open_after {
                return None;
            }
            if !self.end_untold {
                return (!look.quiet && !look.evaluation.all_hear_above).then(|| self.open(look));
            }
            // As far as anybody knows, the episode never ended.
            self.end_untold = false;
            self.end_restated = false;
            self.phase = Phase::Open;
            self.recovered_at = None;
            self.fell(look.now);
        }
        if let Some(rejudged) = &look.rejudged {
            self.rebase(rejudged);
        }
        if look.quiet {
            self.kept_back = true;
            return None;
        }
        if look.evaluation.all_hear_above {
            return None;
        }
        if self.acknowledgement.is_some()
            && !std::mem::replace(&mut self.acknowledgement_told, true)
        {
            return Some((Event::Acknowledged, Cause::Person));
        }
        self.escalation(look)
            .map(|cause| (Event::Escalated, cause))
            .or_else(|| self.new_facts(look.evaluation).map(|cause| (Event::Worsened, cause)))
            .or_else(|| self.reminder(look).map(|cause| (Event::Reminded, cause)))
            .or_else(|| {
                let is_news = !self.left_by_the_alert_above(look.policy).is_empty();
                is_news.then_some((Event::Reminded, Cause::AboveEnded))
            })
    }

    fn count(&mut self, evaluation: &Evaluation) {
        let is_new = self.last_occasion.as_ref() != Some(&evaluation.occasion);
        if is_new || self.bad_in_a_row == 0 {
            self.bad_in_a_row = self.bad_in_a_row.saturating_add(1);
        }
        let is_new_period = self.last_period.as_ref() != Some(&evaluation.period);
        if is_new_period || self.bad_periods == 0 {
            self.bad_periods = self.bad_periods.saturating_add(1);
        }
    }

    fn open(&mut self, look: &Look<'_>) -> (Event, Cause) {
        self.number += 1;
        self.phase = Phase::Open;
        self.opened_at = Some(look.now);
        self.opened_period = Some(look.evaluation.period.clone());
        self.opened_as = Some(look.evaluation.path.clone());
        self.recovered_at = None;
        self.escalated = false;
        self.acknowledgement = None;
        self.acknowledgement_told = false;
        self.due_told = false;
        self.kept_back = false;
        self.heard_above.clear();
        self.removed = false;
        self.notified = Notified::default();
        self.fell(look.now);
        if self.falls.len() > FALLS_MAX {
            self.flapping_until = Some(look.now + TimeDelta::days(FLAPPING_DAYS));
            return (Event::Opened, Cause::Flapping);
        }
        (Event::Opened, look.cause().unwrap_or(Cause::Fell))
    }

    fn fell(&mut self, now: DateTime<Utc>) {
        self.falls.retain(|fall| now - *fall < TimeDelta::days(FLAPPING_DAYS));
        self.falls.push(now);
    }

    /// Another configuration is no new fact: what it makes of the same figures counts as told.
    fn rebase(&mut self, rejudged: &Rejudged) {
        let before = self.last_verdict.as_ref().and_then(|last| last.score);
        if let (Some(told), Some(before), Some(now)) = (self.notified.score, before, rejudged.score)
        {
            self.notified.score = Some(told + now - before);
        }
        self.notified.status = Some(rejudged.status);
        self.notified.red.extend(rejudged.red.iter().cloned());
    }

    fn better(&mut self, look: &Look<'_>) -> Option<(Event, Cause)> {
        self.bad_in_a_row = 0;
        self.bad_since = None;
        self.bad_periods = 0;
        if self.is_open() {
            self.phase = Phase::Clear;
            self.recovered_at = Some(look.now);
            self.kept_back = false;
            self.end_restated = look.restated;
            if look.quiet {
                self.end_untold = true;
                return None;
            }
        } else if look.quiet || !std::mem::take(&mut self.end_untold) {
            return None;
        }
        if std::mem::take(&mut self.end_restated) {
            return Some((Event::Corrected, Cause::Restated));
        }
        Some((Event::Recovered, look.cause().unwrap_or(Cause::Improved)))
    }

    /// Notes what is told, and to whom.
    fn tell(&mut self, event: Event, cause: Cause, look: &Look<'_>) -> News {
        let to = self.recipients((event, cause), look.policy, look.evaluation);
        self.heard_above.retain(|id| !to.contains(id));
        let notified = &mut self.notified;
        notified.messages += 1;
        notified
            .to
            .extend(to.iter().filter(|id| !notified.to.contains(id)).cloned().collect::<Vec<_>>());
        // Whoever is told of everything has not heard what only others were told.
        let is_for_some =
            matches!(event, Event::Escalated | Event::Acknowledged) || cause == Cause::AboveEnded;
        if !is_for_some {
            let evaluation = look.evaluation;
            notified.at = Some(look.now);
            notified.period = Some(evaluation.period.clone());
            notified.status = Some(evaluation.status);
            notified.score = evaluation.score;
            notified.red = evaluation.red.clone();
            notified.reminders += u32::from(event == Event::Reminded);
            self.kept_back = false;
        }
        News { event, cause, to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{alert_policy::AlertOn, id::Id, status::band};

    /// A look on the n-th day at the same period, by the configuration named.
    fn look(score: f64, occasion: &str, config: &str) -> Evaluation {
        Evaluation {
            occasion: occasion.to_owned(),
            config: config.to_owned(),
            ..Evaluation::plain(band(score), Some(score), "2026-05")
        }
    }

    fn transcript(looks: &[Evaluation]) -> Vec<String> {
        let policy = AlertPolicy::default();
        let mut episode = Episode::default();
        let mut lines = Vec::new();
        for look in looks {
            let (next, news) = episode.advance(&policy, look, DateTime::UNIX_EPOCH);
            episode = next;
            lines.push(news.map_or_else(
                || "-".to_owned(),
                |news| format!("{} {}", news.event.word(), news.cause.word()),
            ));
        }
        lines
    }

    #[test]
    fn an_edit_tells_nothing_of_an_open_alert_again() {
        let looks = [
            look(35.0, "1", "a"),
            look(20.0, "1", "b"),
            look(15.0, "2", "b"),
            look(10.0, "3", "b"),
        ];
        assert_eq!(transcript(&looks), ["opened fell", "-", "-", "worsened score_fell"]);
    }

    #[test]
    fn a_figure_that_comes_with_an_edit_is_told_by_what_it_changed() {
        let policy = AlertPolicy::default();
        // The score after the edit alone, and with the figure that came before the next look.
        for (edited, figure, told) in [
            (35.0, 20.0, "worsened score_fell"),
            (20.0, 20.0, "-"),
            (20.0, 12.0, "-"),
            (20.0, 10.0, "worsened score_fell"),
            (35.0, 75.0, "recovered improved"),
            (75.0, 75.0, "recovered configuration"),
        ] {
            for occasion in ["1", "2"] {
                let now = DateTime::UNIX_EPOCH;
                let (open, _) = Episode::default().advance(&policy, &look(35.0, "1", "a"), now);
                assert!(open.awaits_rejudging("b") && !open.awaits_rejudging("a"));
                let rejudged = open.rejudge(&look(edited, "1", "b"));
                assert!(!rejudged.awaits_rejudging("b"));
                let (next, news) = rejudged.advance(&policy, &look(figure, occasion, "b"), now);
                let news = news.map(|news| [news.event.word(), news.cause.word()].join(" "));
                assert_eq!(news.unwrap_or("-".into()), told, "{edited} {figure} {occasion}");
                assert!(!next.awaits_rejudging("b"));
            }
        }
    }

    #[test]
    fn a_colour_that_an_edit_made_is_told_as_such() {
        let looks = [look(75.0, "1", "a"), look(35.0, "1", "b"), look(75.0, "1", "c")];
        let told = ["-", "opened configuration", "recovered configuration"];
        assert_eq!(transcript(&looks), told);
    }

    #[test]
    fn a_further_kpi_is_news_and_the_same_one_is_not() {
        let with = |red: &[&str], occasion: &str| Evaluation {
            red: red.iter().map(|id| Id::parse(id).unwrap()).collect(),
            ..look(35.0, occasion, "a")
        };
        let looks = [with(&["a"], "1"), with(&[], "2"), with(&["a"], "3"), with(&["a", "b"], "4")];
        assert_eq!(transcript(&looks), ["opened fell", "-", "-", "worsened further_kpi"]);
    }

    /// A look at the KPIs `a` and `b`, of which those named were restated at some time.
    fn of_two(a: f64, b: f64, restated: &[&str]) -> Evaluation {
        let id = |id: &str| Id::parse(id).unwrap();
        Evaluation {
            scores: [(id("a"), (a, 0.5)), (id("b"), (b, 0.5))].into(),
            restated: restated.iter().map(|name| id(name)).collect(),
            ..look(0.5 * a + 0.5 * b, "1", "a")
        }
    }

    #[test]
    fn only_the_restatement_that_moved_it_is_why() {
        let told = |looks: &[Evaluation]| transcript(looks).join(", ");
        let fell_and_rose = [
            of_two(71.9, 70.0, &[]),
            of_two(72.0, 70.0, &["a"]),
            of_two(72.0, 0.0, &["a"]),
            of_two(72.0, 70.0, &["a"]),
        ];
        assert_eq!(told(&fell_and_rose), "-, -, opened fell, recovered improved");
        let put_right =
            [of_two(72.0, 0.0, &[]), of_two(72.0, 70.0, &["b"]), of_two(0.0, 70.0, &["a", "b"])];
        let restated = "opened fell, corrected restated, opened restated";
        assert_eq!(told(&put_right), restated);
        let mut late = of_two(0.0, 70.0, &["a"]);
        late.scores.retain(|id, _| id.as_str() == "a");
        late = Evaluation { score: Some(0.0), status: Status::OffTrack, ..late };
        let looks = [late, of_two(30.0, 90.0, &["a"])];
        assert_eq!(told(&looks), "opened fell, recovered improved");
    }

    #[test]
    fn a_correction_in_a_silence_is_told_as_one_after_it() {
        let silenced = Evaluation { silenced: true, ..of_two(72.0, 70.0, &["b"]) };
        let after = of_two(72.0, 70.0, &["b"]);
        let looks = [of_two(72.0, 0.0, &[]), silenced, after];
        assert_eq!(transcript(&looks), ["opened fell", "-", "corrected restated"]);
    }

    #[test]
    fn a_label_that_moved_on_does_not_end_the_reminders() {
        let policy = AlertPolicy { escalate_after: 0, ..AlertPolicy::default() };
        let (mut episode, mut told) = (Episode::default(), Vec::new());
        for (day, period) in [(0, "2026-05"), (2, "2026-06"), (8, "2026-06"), (40, "2026-07")] {
            let look = Evaluation::plain(Status::OffTrack, Some(35.0), period);
            let now = DateTime::UNIX_EPOCH + TimeDelta::days(day);
            let (next, news) = episode.advance(&policy, &look, now);
            episode = next;
            told.push(news.map(|news| news.cause.word()));
        }
        assert_eq!(told, [Some("fell"), None, Some("unacknowledged"), Some("new_period")]);
    }

    /// What is told of an alert on `at_risk`, for each look by occasion, status and score.
    fn told_at_risk(looks: &[(&str, Status, f64)]) -> Vec<&'static str> {
        let policy = AlertPolicy { on: AlertOn::AtRisk, ..AlertPolicy::default() };
        let (mut episode, mut told) = (Episode::default(), Vec::new());
        for &(occasion, status, score) in looks {
            let look = Evaluation { status, ..look(score, occasion, "a") };
            let (next, news) = episode.advance(&policy, &look, DateTime::UNIX_EPOCH);
            episode = next;
            told.push(news.map_or("-", |news| news.event.word()));
        }
        told
    }

    #[test]
    fn an_alert_on_at_risk_recovers_well_above_the_line_or_twice_on_track() {
        use Status::{AtRisk, NoData, OffTrack, OnTrack};
        let bad = ("1", AtRisk, 55.0);
        for (looks, expected) in [
            // Well above the line: at once.
            (vec![bad, ("2", OnTrack, 72.0)], "opened recovered"),
            // Just above it, or capped at 70: at the second evaluation in a row.
            (vec![bad, ("2", OnTrack, 71.0), ("3", OnTrack, 71.0)], "opened - recovered"),
            (vec![bad, ("2", OnTrack, 70.0), ("3", OnTrack, 70.0)], "opened - recovered"),
            // Looking again at one evaluation makes no second one.
            (
                vec![bad, ("2", OnTrack, 71.0), ("2", OnTrack, 71.0), ("3", OnTrack, 70.0)],
                "opened - - recovered",
            ),
            // A dip between them starts the count again; no data does not.
            (
                vec![bad, ("2", OnTrack, 71.0), ("3", AtRisk, 69.0), ("4", OnTrack, 71.0)],
                "opened - - -",
            ),
            (
                vec![bad, ("2", OnTrack, 71.0), ("3", NoData, 0.0), ("4", OnTrack, 71.0)],
                "opened - - recovered",
            ),
            // From off track it is the same.
            (
                vec![("1", OffTrack, 20.0), ("2", OnTrack, 70.0), ("3", OnTrack, 70.0)],
                "opened - recovered",
            ),
        ] {
            assert_eq!(told_at_risk(&looks).join(" "), expected, "{looks:?}");
        }
    }
}
