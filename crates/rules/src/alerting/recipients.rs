//! Who hears of what an episode comes to.

use crate::{
    alerting::episode::{Cause, Episode, Evaluation, Event},
    model::{alert_policy::AlertPolicy, id::Id},
};

impl Episode {
    /// Whoever heard of the trouble hears how it goes on, unless it is in the messages of an alert
    /// above, and of its end; whoever the policy names meanwhile hears how it goes on, and from then
    /// on of its end.
    pub(crate) fn recipients(
        &self,
        news: (Event, Cause),
        policy: &AlertPolicy,
        evaluation: &Evaluation,
    ) -> Vec<Id> {
        let heard_here =
            || self.notified.to.iter().filter(|id| !evaluation.heard_above.contains(*id));
        let mut to: Vec<Id> = match news {
            (_, Cause::AboveEnded) => self.left_by_the_alert_above(policy),
            (Event::Opened | Event::Reminded, _) => policy.to.clone(),
            (Event::Escalated, _) => policy.escalate_to.clone(),
            (Event::Worsened | Event::Acknowledged, _) => {
                self.named(policy).chain(heard_here()).cloned().collect()
            }
            (Event::Recovered | Event::Corrected, _) if self.notified.to.is_empty() => {
                self.named(policy).cloned().collect()
            }
            (Event::Recovered | Event::Corrected, _) => self.notified.to.clone(),
        };
        let mut seen = std::collections::HashSet::new();
        to.retain(|id| seen.insert(id.clone()));
        to
    }

    /// Those of whom the messages were kept while an alert above told them, and who read of it
    /// there no longer.
    pub(crate) fn left_by_the_alert_above(&self, policy: &AlertPolicy) -> Vec<Id> {
        let named = self.named(policy);
        named.filter(|id| self.heard_above.contains(*id)).cloned().collect()
    }

    /// Whoever is to know of it as far as it has come.
    fn named<'a>(&self, policy: &'a AlertPolicy) -> impl Iterator<Item = &'a Id> + use<'a> {
        let also = if self.escalated { policy.escalate_to.as_slice() } else { &[] };
        policy.to.iter().chain(also)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{alerting::episode::News, model::status::band};

    /// A look at one period after another.
    fn look(score: f64, occasion: &str) -> Evaluation {
        Evaluation {
            occasion: occasion.to_owned(),
            ..Evaluation::plain(band(score), Some(score), "2026-05")
        }
    }

    #[test]
    fn whoever_is_named_meanwhile_hears_how_it_goes_on_and_of_its_end() {
        let id = |id: &str| Id::parse(id).unwrap();
        let told = |episode: &Episode, to: &[&str], score, occasion| {
            let to = to.iter().map(|name| id(name)).collect();
            let policy = AlertPolicy { to, ..AlertPolicy::default() };
            let now = DateTime::UNIX_EPOCH;
            let (next, news) = episode.advance(&policy, &look(score, occasion), now);
            (next, news.map(|news| news.to).unwrap_or_default())
        };
        let (episode, to) = told(&Episode::default(), &["ines"], 35.0, "1");
        assert_eq!(to, [id("ines")]);
        let (episode, to) = told(&episode, &["tom", "am"], 10.0, "2");
        assert_eq!(to, [id("tom"), id("am"), id("ines")]);
        let (_, to) = told(&episode, &["eve"], 90.0, "3");
        assert_eq!(to, [id("ines"), id("tom"), id("am")]);
    }

    /// What is told to whom of an alert for ann and cy, which escalates to boss: for each look by
    /// score, and those who are told by an alert above.
    fn told_below(looks: &[(f64, &[&str])]) -> Vec<String> {
        let (mut episode, mut told) = (Episode::default(), Vec::new());
        for (at, (score, above)) in looks.iter().enumerate() {
            let left = |names: &[&str]| -> Vec<Id> {
                let left = names.iter().filter(|name| !above.contains(name));
                left.map(|name| Id::parse(name).unwrap()).collect()
            };
            let (to, escalate_to) = (left(&["ann", "cy"]), left(&["boss"]));
            let escalate_after = if escalate_to.is_empty() { 0 } else { 3 };
            let evaluation = Evaluation {
                all_hear_above: to.is_empty(),
                heard_above: above.iter().map(|name| Id::parse(name).unwrap()).collect(),
                ..look(*score, &at.to_string())
            };
            let evaluation = Evaluation { period: format!("2026-0{}", at + 1), ..evaluation };
            let policy = AlertPolicy { to, escalate_to, escalate_after, ..AlertPolicy::default() };
            let (next, news) = episode.advance(&policy, &evaluation, DateTime::UNIX_EPOCH);
            episode = next;
            let words = |news: News| {
                let to: Vec<&str> = news.to.iter().map(Id::as_str).collect();
                format!("{} {}", news.event.word(), to.join("+"))
            };
            told.push(news.map_or_else(|| "-".to_owned(), words));
        }
        told
    }

    #[test]
    fn whoever_had_it_in_an_alert_above_hears_of_it_when_that_ends() {
        let (nobody, ann, all): (&[&str], &[&str], &[&str]) = (&[], &["ann"], &["ann", "cy"]);
        for (looks, expected) in [
            // Cy is told; Ann when the alert above is over, and both of the end.
            (
                vec![(35.0, ann), (35.0, ann), (35.0, nobody), (35.0, nobody), (90.0, nobody)],
                "opened cy, -, escalated boss, reminded ann, recovered cy+boss+ann",
            ),
            // What is over before that, she read of above.
            (vec![(35.0, ann), (90.0, ann)], "opened cy, recovered cy"),
            (vec![(35.0, ann), (90.0, nobody)], "opened cy, recovered cy"),
            // What got worse is the first she hears of it here, and is not told twice.
            (
                vec![(35.0, ann), (10.0, nobody), (10.0, nobody)],
                "opened cy, worsened ann+cy, escalated boss",
            ),
            // Whoever was told before the alert above opened hears that it goes on, and of its end.
            (vec![(35.0, nobody), (35.0, all), (35.0, nobody)], "opened ann+cy, -, escalated boss"),
            (
                vec![(35.0, nobody), (10.0, ann), (10.0, nobody), (10.0, nobody)],
                "opened ann+cy, worsened cy, escalated boss, reminded ann",
            ),
            (vec![(35.0, nobody), (90.0, all)], "opened ann+cy, recovered ann+cy"),
            // With everybody told above it opens when that is over.
            (vec![(35.0, all), (35.0, nobody)], "-, opened ann+cy"),
        ] {
            assert_eq!(told_below(&looks).join(", "), expected, "{looks:?}");
        }
    }

    #[test]
    fn whoever_it_escalates_to_and_was_told_above_hears_of_it_when_that_ends() {
        let above: &[&str] = &["boss"];
        let looks = [(35.0, above), (35.0, above), (35.0, above), (35.0, &[]), (90.0, &[])];
        let told = "opened ann+cy, -, -, escalated boss, recovered ann+cy+boss";
        assert_eq!(told_below(&looks).join(", "), told);
    }
}
