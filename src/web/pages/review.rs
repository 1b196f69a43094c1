//! The review of a period: the report as it was sent, or made now.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::web::pages::{
    nodes::{FoundScorecard, notes},
    page_request::{Answer, PageRequest},
};
use kpid_board::{
    notice::Notice,
    review::{self, ReviewPage},
};
use kpid_message::{
    message::Message,
    overview::Overview,
    periodic::report::{ReportContext, key, report},
};
use kpid_rules::{
    judgement::Judge,
    model::{Period, Scorecard},
};

/// To the review of the newest period that is over.
pub(super) async fn newest(request: PageRequest, Path(id): Path<String>) -> Answer {
    let found = FoundScorecard::of(&request, &id).await?;
    let scorecard = found.scorecard;
    let frequency = scorecard.reporting_frequency();
    let period = scorecard.calendar.last_closed(frequency, request.site.clock.now());
    let to = request.address.link(&format!("/review/{}/{period}", scorecard.id));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

pub(super) async fn review(
    request: PageRequest,
    Path((id, period)): Path<(String, String)>,
) -> Answer {
    let found = FoundScorecard::of(&request, &id).await?;
    let read = Period::parse(&period);
    let period = read.map_err(|_| request.refused(Notice::NoMoment(&period)))?;
    let scorecard = found.scorecard;
    let sent = sent(&request, scorecard, period).await;
    let sent = sent.map_err(|error| request.unreadable(&error))?;
    let was_sent = sent.is_some();
    let report = match sent {
        Some(report) => report,
        None => made(&request, &found, period).await?,
    };
    let page = ReviewPage { scorecard, period, report: &report, was_sent };
    Ok(request.answer(review::page(&request.view(&found.seen), &page)))
}

/// The report of a period, if one was sent.
async fn sent(
    request: &PageRequest,
    scorecard: &Scorecard,
    period: Period,
) -> anyhow::Result<Option<Overview>> {
    let Some(facts) = request.site.store.sent_facts(&key(&scorecard.id, period)).await? else {
        return Ok(None);
    };
    Ok(match Message::from_json(&facts)? {
        Message::Overview(overview) => Some(*overview),
        _ => None,
    })
}

async fn made(
    request: &PageRequest,
    found: &FoundScorecard<'_>,
    period: Period,
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
        scorecard,
        review: &review,
        episodes: &found.seen.episodes,
        notes: &notes,
        people: &site.people,
        public_url: None,
        at: now,
        awaited: awaited.max(running),
        config: &site.config_hash,
    }))
}
