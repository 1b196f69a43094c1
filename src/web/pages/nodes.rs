//! Pages of nodes: home, a person's, a scorecard's and what is below it.

use axum::{extract::Path, response::Response};
use chrono::{DateTime, Utc};

use crate::web::pages::{
    minutes::{may_settle, taken_down},
    page_request::{About, Answer, PageRequest, SeenStanding},
};
use kpid_board::{
    data, home, kpi, mine, minutes::TakenDown, notice::Notice, perspective, scorecard, wall,
};
use kpid_rules::{
    alerting::Note,
    judgement::{Judge, ScorecardStanding, StandingNode},
    model::{Id, KpiRef, Scope, Scorecard},
    series::History,
};

pub(super) async fn home(request: PageRequest) -> Answer {
    let seen = request.see(About::All).await?;
    Ok(request.answer(home::page(&request.view(&seen))))
}

pub(super) async fn mine(request: PageRequest) -> Answer {
    let person = request.reader.person.clone();
    let person = person.ok_or_else(|| request.refused(Notice::NotFound))?;
    let seen = request.see(About::All).await?;
    let kept = taken_down(&request).await?;
    let may_settle = may_settle(&request, &kept);
    let taken = TakenDown { kept: &kept, may_settle: &may_settle };
    Ok(request.answer(mine::page(&request.view(&seen), &person, taken)))
}

pub(super) async fn data(request: PageRequest) -> Answer {
    let seen = request.see(About::All).await?;
    let mut failures: Vec<data::SourceFailure> = seen
        .posted
        .attempts
        .iter()
        .filter(|(kpi, _)| request.sees(&kpi.scorecard))
        .filter_map(|(kpi, newest)| {
            let problem = newest.failure.clone()?;
            Some(data::SourceFailure { kpi: kpi.clone(), at: newest.finished_at, problem })
        })
        .collect();
    failures.sort_by(|left, right| left.kpi.cmp(&right.kpi));
    Ok(request.answer(data::page(&request.view(&seen), &failures)))
}

pub(super) async fn wall(request: PageRequest, Path(id): Path<String>) -> Answer {
    let found = FoundScorecard::of(&request, &id).await?;
    Ok(request.answer(wall::page(&request.view(&found.seen), found.standing())))
}

pub(super) async fn scorecard(request: PageRequest, Path(id): Path<String>) -> Answer {
    let found = FoundScorecard::of(&request, &id).await?;
    let history = request.history_of(&found.scorecard.id, &found.seen).await?;
    let judge = found.judge(&request, &history);
    let view = request.view(&found.seen);
    Ok(request.answer(scorecard::page(&view, &judge, found.scorecard, found.standing())))
}

pub(super) async fn perspective(
    request: PageRequest,
    Path((id, perspective)): Path<(String, String)>,
) -> Answer {
    below(&request, &id, &perspective, None).await
}

/// `/c/{scorecard}/kpi/{kpi}` is a KPI, unless a perspective is called `kpi` and has such an objective.
pub(super) async fn objective_or_kpi(
    request: PageRequest,
    Path((id, perspective, node)): Path<(String, String, String)>,
) -> Answer {
    let scorecard = Id::parse(&id).ok().and_then(|id| request.scorecard(&id));
    let named = Id::parse(&node).ok().zip(scorecard);
    let is_kpi = named.is_some_and(|(id, scorecard)| scorecard.kpi(&id).is_some());
    match perspective == "kpi" && is_kpi {
        true => kpi(&request, &id, &node).await,
        false => below(&request, &id, &perspective, Some(&node)).await,
    }
}

pub(super) async fn nothing(request: PageRequest) -> Response {
    request.refused(Notice::NotFound)
}

async fn below(
    request: &PageRequest,
    id: &str,
    perspective: &str,
    objective: Option<&str>,
) -> Answer {
    let found = FoundScorecard::of(request, id).await?;
    let scorecard = found.scorecard;
    let nothing = || request.refused(Notice::NotFound);
    let defined = Id::parse(perspective).ok().and_then(|id| scorecard.perspective(&id));
    let defined = defined.ok_or_else(nothing)?;
    let objective = match objective {
        None => None,
        Some(named) => {
            let found = defined.objectives.iter().find(|held| held.id.as_str() == named);
            Some(&found.ok_or_else(nothing)?.id)
        }
    };
    let standing = found.standing().perspectives.iter().find(|held| held.id == defined.id);
    let standing = standing.ok_or_else(nothing)?;
    let history = request.history_of(&scorecard.id, &found.seen).await?;
    let notes = notes(request).await?;
    let kept = taken_down(request).await?;
    let may_settle = may_settle(request, &kept);
    let judge = found.judge(request, &history);
    let node = perspective::Node {
        scorecard,
        perspective: defined,
        standing,
        objective,
        notes: &notes,
        taken: TakenDown { kept: &kept, may_settle: &may_settle },
    };
    let view = request.view_of(&found.seen, &node.scope());
    Ok(request.answer(perspective::page(&view, &judge, &node)))
}

async fn kpi(request: &PageRequest, id: &str, kpi: &str) -> Answer {
    let found = FoundScorecard::of(request, id).await?;
    let nothing = || request.refused(Notice::NotFound);
    let scorecard = found.scorecard;
    let defined = Id::parse(kpi).ok().and_then(|id| scorecard.kpi(&id)).ok_or_else(nothing)?;
    let named: KpiRef = scorecard.named(defined);
    let scope = Scope::Kpi(named.clone());
    let Some(StandingNode::Kpi(standing)) = found.seen.standing.node(&scope) else {
        return Err(nothing());
    };
    let history = request.history_of(&scorecard.id, &found.seen).await?;
    let notes = notes(request).await?;
    let before = request.site.store.attempts_of(&named).await;
    let before = before.map_err(|error| request.unreadable(&error))?;
    let newest = found.seen.posted.attempts.get(&named).cloned();
    let at = newest.as_ref().map_or(DateTime::<Utc>::MAX_UTC, |newest| newest.finished_at);
    let before = before.into_iter().filter(|attempt| attempt.finished_at < at);
    let runs: Vec<kpi::Run> = newest
        .into_iter()
        .chain(before)
        .map(|attempt| kpi::Run { at: attempt.finished_at, problem: attempt.failure })
        .collect();
    let kept = taken_down(request).await?;
    let may_settle = may_settle(request, &kept);
    let judge = found.judge(request, &history);
    let source = request.site.sources.of(&named);
    let node = kpi::KpiNode {
        scorecard,
        kpi: defined,
        standing,
        source: source.as_ref(),
        runs: &runs,
        notes: &notes,
        taken: TakenDown { kept: &kept, may_settle: &may_settle },
    };
    Ok(request.answer(kpi::page(&request.view_of(&found.seen, &scope), &judge, &node)))
}

/// What people wrote, the newest first.
pub(super) async fn notes(request: &PageRequest) -> Result<Vec<Note>, Response> {
    request.site.store.notes().await.map_err(|error| request.unreadable(&error))
}

/// A scorecard that the reader may see, with how it stands.
pub(in crate::web) struct FoundScorecard<'a> {
    pub(in crate::web) scorecard: &'a Scorecard,
    pub(in crate::web) seen: SeenStanding,
    at: usize,
}

impl<'a> FoundScorecard<'a> {
    pub(in crate::web) async fn of(request: &'a PageRequest, id: &str) -> Result<Self, Response> {
        let nothing = || request.refused(Notice::NotFound);
        let id = Id::parse(id).map_err(|_| nothing())?;
        let scorecard = request.scorecard(&id).ok_or_else(nothing)?;
        let seen = request.see(About::One(&id)).await?;
        let at =
            seen.standing.scorecards.iter().position(|held| held.id == id).ok_or_else(nothing)?;
        Ok(Self { scorecard, seen, at })
    }

    pub(super) fn standing(&self) -> &ScorecardStanding {
        &self.seen.standing.scorecards[self.at]
    }

    fn judge<'j>(&self, request: &'j PageRequest, history: &'j History) -> Judge<'j> {
        Judge::new(&request.site.portfolio, history, self.seen.standing.as_of.to_utc())
    }
}
