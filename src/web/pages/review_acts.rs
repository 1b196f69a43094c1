//! What people take down in a review, and how far its actions are: each goes to the engine, which keeps it
//! with who did it and from where.

use axum::{Form, extract::Path, response::Response};
use serde::Deserialize;

use crate::web::{
    pages::{
        acts::{actor, counted, kept, see_other},
        minutes::{may_settle_one, taken_down},
        page_request::{Answer, PageRequest},
        review,
    },
    refusal::refusal,
};
use kpid_board::{minutes::Filled, notice::Notice};
use kpid_language::text;
use kpid_message::person::who;
use kpid_rules::{
    alerting::{ActionState, ReviewItem},
    model::{Id, Moment, Period, Scorecard},
};
use kpid_store::{Acted, OperatorAct};

/// What somebody wrote into a form of a review.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TakeDownForm {
    kind: String,
    scope: String,
    text: String,
    who: String,
    due: String,
}

/// How far somebody says that an action is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SettleForm {
    state: String,
    back: String,
}

/// `POST /review/{scorecard}/{period}`
pub(super) async fn take_down(
    request: PageRequest,
    Path((id, period)): Path<(String, String)>,
    Form(form): Form<TakeDownForm>,
) -> Answer {
    let nothing = || request.refused(Notice::NotFound);
    let of = Id::parse(&id).ok();
    let scorecard = of.as_ref().and_then(|of| request.scorecard(of)).ok_or_else(nothing)?;
    let period = Period::parse(&period).map_err(|_| request.refused(Notice::NoMoment(&period)))?;
    let wrong = match read(&request, scorecard, period, &form)? {
        Ok(item) => match kept(&request, OperatorAct::TakeDown(item)).await {
            Some(Acted::Done(_, number)) => {
                let to = request.address.link(&format!("/review/{id}/{period}"));
                let at = number.map_or_else(|| "minutes".to_owned(), |at| format!("item-{at}"));
                return Ok(see_other(&format!("{to}#{at}")));
            }
            Some(Acted::NotOpen) | None => request.language.text("not-kept").into_owned(),
        },
        Err(wrong) => wrong,
    };
    let TakeDownForm { kind, scope, text, who, due } = form;
    let filled = Filled { kind, scope, text, who, due };
    review::shown(&request, scorecard, period, (&filled, Some(&wrong))).await
}

/// What is written, as something to keep, or what is wrong with it; or the page of somebody who may not.
#[expect(clippy::result_large_err, reason = "an answer, made once")]
fn read(
    request: &PageRequest,
    scorecard: &Scorecard,
    period: Period,
    form: &TakeDownForm,
) -> Result<Result<ReviewItem, String>, Response> {
    let (language, site) = (request.language, &request.site);
    let named = site.portfolio.resolve(&form.scope);
    let Some(scope) = named.filter(|scope| *scope.scorecard() == scorecard.id) else {
        let scope = form.scope.chars().take(100).collect::<String>();
        return Ok(Err(text!(language, "review-no-node", path = scope)));
    };
    let person = actor(request, &scope)?;
    let now = site.clock.now();
    let (of, text, by) = ((scope, period), form.text.as_str(), person.as_str());
    let read = match form.kind.as_str() {
        "decision" => ReviewItem::decision(of, text, by, now),
        "success" => ReviewItem::success(of, text, by, now),
        "action" => {
            let today = now.with_timezone(&scorecard.calendar.zone).date_naive();
            let Some(due) = Moment::parse_day(form.due.trim()) else {
                let written = form.due.chars().take(40).collect::<String>();
                return Ok(Err(text!(language, "no-day", written = written)));
            };
            let who = match who(&form.who, &site.people) {
                Ok(who) => who,
                Err(nobody) => {
                    return Ok(Err(text!(language, "review-nobody", written = nobody.0)));
                }
            };
            ReviewItem::action(of, text, (&who, due, today), by, now)
        }
        _ => return Err(request.refused(Notice::NotFound)),
    };
    Ok(read.map_err(|error| refusal(language, &error)))
}

/// `POST /actions/{action}`
pub(super) async fn settle(
    request: PageRequest,
    Path(action): Path<String>,
    Form(form): Form<SettleForm>,
) -> Answer {
    let nothing = || request.refused(Notice::NotFound);
    let items = taken_down(&request).await?;
    let id = action.parse::<i64>().map_err(|_| nothing())?;
    let found = items.iter().find(|kept| kept.id == id && kept.item.as_action().is_some());
    let item = &found.ok_or_else(nothing)?.item;
    let state = ActionState::parse(&form.state).ok_or_else(nothing)?;
    let person = counted(&request, may_settle_one(&request, item))?;
    match kept(&request, OperatorAct::Settle { id, state, by: person }).await {
        // As far already is what was wanted.
        Some(Acted::Done(..) | Acted::NotOpen) => {
            let (scorecard, period) = (item.scope.scorecard(), item.period);
            let is_ours = |back: &&String| {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
                back.starts_with('/') && !back.starts_with("//") && back.chars().all(is_plain)
            };
            let back = Some(&form.back).filter(is_ours).cloned();
            let back = back.unwrap_or_else(|| format!("/review/{scorecard}/{period}"));
            Ok(see_other(&format!("{}#item-{id}", request.address.link(&back))))
        }
        None => Err(request.refused(Notice::Wrong(&request.language.text("not-kept")))),
    }
}
