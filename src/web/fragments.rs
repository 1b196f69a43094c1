//! What was written of each scorecard, kept as long as it stands as it stood: of thousands only those
//! that changed are written again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use kpid_rules::{
    judgement::{ScorecardStanding, Standing},
    model::Id,
};

/// A scorecard, and what was written of it.
type Written = (Arc<ScorecardStanding>, Arc<str>);

/// What was written in one form. Copies are the same.
#[derive(Clone, Debug, Default)]
pub struct Fragments(Arc<Mutex<HashMap<Id, Written>>>);

impl Fragments {
    /// What is written of these scorecards, in their order. Of others nothing is kept any more.
    pub(super) fn of<E>(
        &self,
        scorecards: &[Arc<ScorecardStanding>],
        write: impl Fn(&ScorecardStanding) -> Result<String, E>,
    ) -> Result<Vec<Arc<str>>, E> {
        let known: Vec<Option<Arc<str>>> = {
            let kept = self.kept();
            let fragment = |scorecard: &Arc<ScorecardStanding>| {
                let (stood, fragment) = kept.get(&scorecard.id)?;
                Arc::ptr_eq(stood, scorecard).then(|| Arc::clone(fragment))
            };
            scorecards.iter().map(fragment).collect()
        };
        let mut written = HashMap::with_capacity(scorecards.len());
        let mut fragments = Vec::with_capacity(scorecards.len());
        for (scorecard, known) in scorecards.iter().zip(known) {
            let fragment = match known {
                Some(fragment) => fragment,
                None => write(scorecard)?.into(),
            };
            fragments.push(Arc::clone(&fragment));
            written.insert(scorecard.id.clone(), (Arc::clone(scorecard), fragment));
        }
        // Whoever wrote at the same time wrote the same, or what is as new.
        *self.kept() = written;
        Ok(fragments)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Id, Written>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The standing as it serialises, of which scorecards are written once as long as they stand so.
pub(super) fn json(standing: &Standing, fragments: &Fragments) -> serde_json::Result<String> {
    let scorecards = fragments.of(&standing.scorecards, serde_json::to_string)?;
    let (as_of, config) =
        (serde_json::to_string(&standing.as_of)?, serde_json::to_string(&standing.config)?);
    let scorecards = scorecards.join(",");
    Ok(format!(r#"{{"as_of":{as_of},"config":{config},"scorecards":[{scorecards}]}}"#))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible};

    use chrono::DateTime;

    use super::*;
    use kpid_rules::{evaluation::judge, series::History};

    #[test]
    fn only_what_changed_is_written_again() {
        let portfolio = crate::web::tests::portfolio(&["care"]);
        let standing =
            judge(&portfolio, &History::default(), &HashMap::new(), "", DateTime::UNIX_EPOCH);
        let [card] = standing.scorecards.as_slice() else { panic!("{standing:?}") };
        let (fragments, writes) = (Fragments::default(), Cell::new(0));
        let write = |card: &ScorecardStanding| {
            writes.set(writes.get() + 1);
            Ok::<_, Infallible>(format!("{} {}", card.id, writes.get()))
        };
        let of = |cards: &[Arc<ScorecardStanding>]| fragments.of(cards, write).unwrap();
        assert_eq!(of(std::slice::from_ref(card)), ["care 1".into()]);
        assert_eq!(of(std::slice::from_ref(card)), ["care 1".into()]);
        let changed = Arc::new(ScorecardStanding::clone(card));
        assert_eq!(of(&[changed]), ["care 2".into()]);
        let text = json(&standing, &Fragments::default()).unwrap();
        assert_eq!(text, serde_json::to_string(&standing).unwrap(), "as it serialises");
        assert!(of(&[]).is_empty());
        assert_eq!(of(std::slice::from_ref(card)), ["care 3".into()], "nothing was kept");
    }
}
