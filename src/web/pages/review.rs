//! The review of a period: the report as it was sent, or made now.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::web::pages::{
    minutes::{choices, may_settle, taken_down},
    nodes::{FoundScorecard, notes},
    page_request::{Answer, PageRequest},
};
use kpid_board::{
    minutes::{Filled, Forms, TakenDown},
    notice::Notice,
    review::{self, ReviewPage},
};
use kpid_message::{
    message::Message,
    overview::Overview,
    periodic::report::{ReportContext, key, report},
};
use kpid_rules::{
    alerting::KeptReviewItem,
    judgement::Judge,
    model::{Id, Period, Scorecard},
};

/// To the review of the newest period that is over.
pub(super) async fn newest(request: PageRequest, Path(id): Path<String>) -> Answer {
    let found = FoundScorecard::of(&request, &id).await?;
    let scorecard = found.scorecard;
    let frequency = scorecard.reporting_frequency();
    let period = scorecard.calendar.last_closed(frequency, request.site.clock.now());
    let mut to = request.address.link(&format!("/review/{}/{period}", scorecard.id));
    let about = request.site.portfolio.resolve(request.address.get("about").unwrap_or_default());
    if let Some(scope) = about.filter(|scope| *scope.scorecard() == scorecard.id) {
        to.push_str(&format!("{}about={scope}", if to.contains('?') { "&" } else { "?" }));
    }
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

pub(super) async fn review(
    request: PageRequest,
    Path((id, period)): Path<(String, String)>,
) -> Answer {
    let read = Period::parse(&period);
    let period = read.map_err(|_| request.refused(Notice::NoMoment(&period)))?;
    let scorecard = Id::parse(&id).ok().and_then(|id| request.scorecard(&id));
    let scorecard = scorecard.ok_or_else(|| request.refused(Notice::NotFound))?;
    let scope = request.address.get("about").unwrap_or_default().to_owned();
    shown(&request, scorecard, period, (&Filled { scope, ..Filled::default() }, None)).await
}

/// The page of a review, with what somebody wrote into its forms, and what is wrong with that.
pub(super) async fn shown(
    request: &PageRequest,
    scorecard: &Scorecard,
    period: Period,
    (filled, wrong): (&Filled, Option<&str>),
) -> Answer {
    let found = FoundScorecard::of(request, scorecard.id.as_str()).await?;
    let sent = sent(request, scorecard, period).await;
    let sent = sent.map_err(|error| request.unreadable(&error))?;
    let was_sent = sent.is_some();
    let mut kept = taken_down(request).await?;
    kept.retain(|kept| *kept.item.scope.scorecard() == scorecard.id);
    let report = match sent {
        Some(report) => report,
        None => made(request, &found, period, &kept).await?,
    };
    let nodes = choices(request, scorecard, &filled.scope);
    let may_settle = may_settle(request, &kept);
    let page = ReviewPage {
        scorecard,
        period,
        report: &report,
        was_sent,
        taken: TakenDown { kept: &kept, may_settle: &may_settle },
        forms: (!nodes.is_empty()).then_some(Forms { nodes: &nodes, filled, wrong }),
    };
    let page = review::page(&request.view(&found.seen), &page);
    Ok(match wrong {
        None => request.answer(page),
        Some(_) => (StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response(),
    })
}

/// The report of a period, if one was sent; in the reader's language if it was sent in that.
async fn sent(
    request: &PageRequest,
    scorecard: &Scorecard,
    period: Period,
) -> anyhow::Result<Option<Overview>> {
    let mut sent = Vec::new();
    for facts in request.site.store.sent_facts(&key(&scorecard.id, period)).await? {
        if let Message::Overview(overview) = Message::from_json(&facts)? {
            sent.push(*overview);
        }
    }
    Ok(Overview::in_language(sent, request.language))
}

async fn made(
    request: &PageRequest,
    found: &FoundScorecard<'_>,
    period: Period,
    kept: &[KeptReviewItem],
) -> Result<Overview, Response> {
    let (site, scorecard) = (&request.site, found.scorecard);
    let now = site.clock.now();
    let history = request.history_of(&scorecard.id, &found.seen).await?;
    let notes = notes(request).await?;
    let judge = Judge::new(&site.portfolio, &history, now);
    let review = judge.review(scorecard, period);
    let day = scorecard.calendar.last_day(period);
    let is_running = !scorecard.calendar.is_closed(period, now);
    let running = if is_running { scorecard.kpis().count() } else { 0 };
    let awaited = found.standing().awaited_by(&scorecard.calendar, day).len();
    Ok(report(ReportContext {
        language: request.language,
        scorecard,
        review: &review,
        episodes: &found.seen.episodes,
        notes: &notes,
        review_items: kept,
        people: &site.people,
        public_url: None,
        at: now,
        awaited: awaited.max(running),
        config: &site.config_hash,
    }))
}
