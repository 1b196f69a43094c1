//! The page behind the link in a mail: GET shows the alert and asks, POST acknowledges it, so that
//! a scanner of mails that follows links does not. The token in the address is the authority, for
//! one alert and one person; a page elsewhere that does not have it cannot make a browser act.

use axum::{
    Form,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::timeout};

use crate::web::change::{Acknowledge, Change};
use crate::web::{
    page,
    site::{ANSWER_TIME_MAX, Site, not_yet},
};
use kpid_message::{acknowledge_link::LinkError, person::Person};
use kpid_rules::{
    alerting::{Acknowledgement, Episode},
    judgement::{KpiStanding, Standing, rounding},
    model::{AlertPolicy, Id, Moment, Scope, Scorecard, Status},
};

/// KPIs that are shown; whoever wants all has the mail.
const KPIS_MAX: usize = 12;

/// What somebody wrote into the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AcknowledgeForm {
    comment: String,
    due: String,
}

/// An alert, and who would answer for it.
struct OpenedLink {
    dedup_key: String,
    person: Person,
    episode: Episode,
    /// The name of whoever acknowledged it.
    answers: Option<String>,
    zone: Tz,
    node: Option<Node>,
}

/// How its node stands.
#[derive(Serialize)]
struct Node {
    name: String,
    scorecard: String,
    tone: &'static str,
    word: &'static str,
    score: String,
    kpis: Vec<page::KpiView>,
}

#[derive(Serialize)]
struct AcknowledgePage {
    node: Option<Node>,
    opened: String,
    /// What is so.
    said: String,
    form: Option<Fields>,
}

#[derive(Serialize)]
struct Fields {
    who: String,
    comment: String,
    due: String,
    /// What is wrong with what was written.
    wrong: String,
}

/// Shows the alert, and asks.
pub(super) async fn show(State(site): State<Site>, Path(token): Path<String>) -> Response {
    match asked(&site, &token).await {
        Ok(asked) => asked.answer(StatusCode::OK, &AcknowledgeForm::default(), ""),
        Err(refused) => refused,
    }
}

/// Acknowledges it, and shows what is so then.
pub(super) async fn act(
    State(site): State<Site>,
    Path(token): Path<String>,
    Form(filled): Form<AcknowledgeForm>,
) -> Response {
    let asked = match asked(&site, &token).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    if asked.is_open() {
        let now = site.clock.now();
        let acknowledgement = match filled.read(&asked, now) {
            Ok(acknowledgement) => acknowledgement,
            Err(wrong) => return asked.answer(StatusCode::UNPROCESSABLE_ENTITY, &filled, &wrong),
        };
        let dedup_key = asked.dedup_key.clone();
        let (answer, came) = oneshot::channel();
        let change = Change::Acknowledge(Acknowledge { dedup_key, acknowledgement }, answer);
        let is_taken = site.changes.try_send(change).is_ok();
        if !is_taken || !matches!(timeout(ANSWER_TIME_MAX, came).await, Ok(Ok(true))) {
            let wrong = "This could not be kept just now. Please try again in a minute.";
            return asked.answer(StatusCode::SERVICE_UNAVAILABLE, &filled, wrong);
        }
    }
    // Shown by GET, so that looking again does not ask again. Beside this address, whatever a proxy
    // puts before it.
    (StatusCode::SEE_OTHER, [(header::LOCATION, token)]).into_response()
}

impl AcknowledgeForm {
    fn read(&self, asked: &OpenedLink, now: DateTime<Utc>) -> Result<Acknowledgement, String> {
        let comment = Some(self.comment.trim()).filter(|comment| !comment.is_empty());
        let due = match self.due.trim() {
            "" => None,
            text => {
                let day = Moment::parse_day(text);
                let day = day.ok_or_else(|| {
                    format!("`{text}` is not a valid day; write one such as 2026-06-30")
                })?;
                if day < now.with_timezone(&asked.zone).date_naive() {
                    return Err(format!("{day} is past; name a day to come"));
                }
                Some(day)
            }
        };
        Acknowledgement::new(asked.person.id.as_str(), comment, due, now)
            .map_err(|error| error.to_string())
    }
}

/// What a token is for, or the page that says why it is for nothing.
async fn asked(site: &Site, token: &str) -> Result<OpenedLink, Response> {
    let now = site.clock.now();
    let read = site.signer.as_ref().ok_or(LinkError::Forged);
    let claim = read.and_then(|signer| signer.read(token, now)).map_err(|error| match error {
        LinkError::Forged => sentence(StatusCode::NOT_FOUND, error),
        LinkError::Expired => sentence(StatusCode::GONE, error),
    })?;
    let (standing, posted) = site.posted().await.ok_or_else(not_yet)?;
    let found =
        posted.episodes.iter().find(|(scope, held)| held.dedup_key(scope) == claim.dedup_key);
    let Some((scope, episode)) = found else {
        let words = "this alert is over; the newest mail has the link of one that is open";
        return Err(sentence(StatusCode::GONE, words));
    };
    let scorecard = site.portfolio.scorecard(scope.scorecard());
    let person = site.people.get(&claim.person);
    let Some((scorecard, person)) = scorecard.zip(person).filter(|(scorecard, person)| {
        // Whoever is not told of it any more does not answer for it either.
        let notifies = |(of, alert): (Scope, &AlertPolicy)| {
            of == *scope
                && (alert.to.contains(&person.id) || alert.escalate_to.contains(&person.id))
        };
        scorecard.alerts().into_iter().any(notifies)
    }) else {
        let words = "you are no longer notified of this alert, so this link does nothing";
        return Err(sentence(StatusCode::FORBIDDEN, words));
    };
    let answers = episode.acknowledgement.as_ref().and_then(|by| Id::parse(&by.by).ok());
    let answers = answers.and_then(|id| site.people.get(&id));
    Ok(OpenedLink {
        answers: answers.map(|person| person.name.clone()),
        dedup_key: claim.dedup_key,
        person: person.clone(),
        episode: episode.clone(),
        zone: scorecard.calendar.zone,
        node: node(&standing, scorecard, scope),
    })
}

impl OpenedLink {
    fn is_open(&self) -> bool {
        self.episode.is_open() && self.episode.acknowledgement.is_none()
    }

    fn answer(self, status: StatusCode, filled: &AcknowledgeForm, wrong: &str) -> Response {
        let local =
            |at: DateTime<Utc>| at.with_timezone(&self.zone).format("%-d %B %Y, %H:%M").to_string();
        let opened = self.episode.opened_at.map(local);
        let form = self.is_open().then(|| Fields {
            who: self.person.name.clone(),
            comment: filled.comment.clone(),
            due: filled.due.clone(),
            wrong: wrong.to_owned(),
        });
        let said = match (&self.episode.acknowledgement, self.episode.recovered_at) {
            _ if form.is_some() => String::new(),
            (_, Some(at)) if !self.episode.is_open() => {
                format!("This alert ended on {}; there is nothing to acknowledge.", local(at))
            }
            (Some(by), _) => {
                let comment = by.comment.as_ref().map(|comment| format!(": “{comment}”"));
                let due = by.due.map(|due| format!(", due {}", due.format("%-d %B %Y")));
                format!(
                    "Acknowledged by {} on {}{}{}.",
                    self.answers.as_deref().unwrap_or(&by.by),
                    local(by.at),
                    comment.unwrap_or_default(),
                    due.unwrap_or_default()
                )
            }
            _ => "This alert is over; there is nothing to acknowledge.".to_owned(),
        };
        shown(
            status,
            &AcknowledgePage { node: self.node, opened: opened.unwrap_or_default(), said, form },
        )
    }
}

/// A page that only says something.
fn sentence(status: StatusCode, words: impl ToString) -> Response {
    let words = words.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let said = format!("{}{}.", first.unwrap_or_default(), letters.as_str());
    shown(status, &AcknowledgePage { node: None, opened: String::new(), said, form: None })
}

fn shown(status: StatusCode, view: &AcknowledgePage) -> Response {
    match page::rendered("acknowledge", view) {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!("cannot render the page of a link: {error:#}");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be made; the log says why\n")
                .into_response()
        }
    }
}

/// How a node stands, with the KPIs below it that are not on track, the worst first.
fn node(standing: &Standing, scorecard: &Scorecard, scope: &Scope) -> Option<Node> {
    let node = standing.node(scope)?;
    let status = node.status();
    let mut kpis = Vec::new();
    let judged = standing.scorecards.iter().find(|held| held.id == scorecard.id)?;
    for perspective in &judged.perspectives {
        for objective in &perspective.objectives {
            let is_within = |kpi: &KpiStanding| match scope {
                Scope::Scorecard(_) => true,
                Scope::Perspective(_, id) => perspective.id == *id,
                Scope::Objective(_, _, id) => objective.id == *id,
                Scope::Kpi(named) => kpi.id == named.kpi,
            };
            let is_bad =
                |kpi: &&KpiStanding| matches!(kpi.status, Status::OffTrack | Status::AtRisk);
            kpis.extend(objective.kpis.iter().filter(is_bad).filter(|kpi| is_within(kpi)));
        }
    }
    kpis.sort_by_key(|kpi| kpi.status != Status::OffTrack);
    Some(Node {
        name: node.name().to_owned(),
        scorecard: scorecard.name.clone(),
        tone: status.tone(),
        word: status.words(),
        score: node.score().map(rounding::score).unwrap_or_default(),
        kpis: kpis.into_iter().take(KPIS_MAX).map(page::row).collect(),
    })
}
