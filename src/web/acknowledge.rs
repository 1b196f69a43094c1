//! The page behind the link in a mail: GET shows the alert and asks, POST acknowledges it, so that
//! a scanner of mails that follows links does not. The token in the address is the authority, for
//! one alert and one person; a page elsewhere that does not have it cannot make a browser act.

use std::collections::HashMap;

use axum::{
    Extension, Form,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use tokio::{sync::oneshot, time::timeout};

use crate::web::{
    alert_history::{self, AlertHistory},
    change::{Acknowledge, Change},
    denial::{self, language},
    peer::{self, Peer},
    refusal::refusal,
    site::{ANSWER_TIME_MAX, Site, not_yet, unreadable},
};
use kpid_board::{
    Address, Moment as BoardMoment, Reader, View,
    acknowledge::{AcknowledgePage, Details, Fields, LinkedNode, page},
    notice::Notice,
};
use kpid_language::{Language, text};
use kpid_message::{acknowledge_link::LinkError, person::Person};
use kpid_rules::{
    alerting::{Acknowledgement, Episode},
    judgement::{Judge, KpiStanding, Standing},
    model::{AlertPolicy, Id, Moment, Scope, Status},
};

/// KPIs that are shown; whoever wants all has the mail.
const KPIS_MAX: usize = 12;

/// What somebody wrote into the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AcknowledgeForm {
    pub(super) comment: String,
    pub(super) due: String,
}

/// An alert, and who would answer for it.
struct OpenedLink {
    language: &'static Language,
    dedup_key: String,
    person: Person,
    episode: Episode,
    /// The name of whoever acknowledged it.
    answers: Option<String>,
    zone: Tz,
    scope: Scope,
    scorecard: String,
    standing: Standing,
}

/// Shows the alert, and asks.
pub(super) async fn show(
    State(site): State<Site>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match asked(&site, &token, language(&headers)).await {
        Ok(asked) => asked.answer(&site, StatusCode::OK, &AcknowledgeForm::default(), None).await,
        Err(refused) => refused,
    }
}

/// Acknowledges it, and shows what is so then.
pub(super) async fn act(
    State(site): State<Site>,
    Path(token): Path<String>,
    headers: HeaderMap,
    peer: Option<Extension<Peer>>,
    Form(filled): Form<AcknowledgeForm>,
) -> Response {
    if let Some(Extension(peer)) = peer {
        let client = peer::client(peer, &headers, &site.access.trusted_proxies);
        if let Err(after) = site.links_by_address.count(client, site.clock.now()) {
            let page = denial::page(Notice::TooManyLinks, language(&headers));
            return ([(header::RETRY_AFTER, after.to_string())], page).into_response();
        }
    }
    let asked = match asked(&site, &token, language(&headers)).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    if asked.is_open() {
        let now = site.clock.now();
        let today = now.with_timezone(&asked.zone).date_naive();
        let acknowledgement =
            match filled.read(asked.person.id.as_str(), asked.language, today, now) {
                Ok(acknowledgement) => acknowledgement,
                Err(wrong) => {
                    let status = StatusCode::UNPROCESSABLE_ENTITY;
                    return asked.answer(&site, status, &filled, Some(&wrong)).await;
                }
            };
        if let Err(after) = site.changes_by_actor.count(asked.person.id.as_str(), now) {
            let wrong = asked.language.text("too-many-words");
            let status = StatusCode::TOO_MANY_REQUESTS;
            let answer = asked.answer(&site, status, &filled, Some(&wrong)).await;
            return ([(header::RETRY_AFTER, after.to_string())], answer).into_response();
        }
        let dedup_key = asked.dedup_key.clone();
        let (answer, came) = oneshot::channel();
        let change = Change::Acknowledge(Acknowledge { dedup_key, acknowledgement }, answer);
        let is_taken = site.changes.try_send(change).is_ok();
        if !is_taken || !matches!(timeout(ANSWER_TIME_MAX, came).await, Ok(Ok(true))) {
            let wrong = asked.language.text("not-kept");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return asked.answer(&site, status, &filled, Some(&wrong)).await;
        }
    }
    // Shown by GET, so that looking again does not ask again. Beside this address, whatever a proxy
    // puts before it.
    (StatusCode::SEE_OTHER, [(header::LOCATION, token)]).into_response()
}

impl AcknowledgeForm {
    /// What is written, as somebody's acknowledgement; or what is wrong with it.
    pub(super) fn read(
        &self,
        by: &str,
        language: &Language,
        today: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Acknowledgement, String> {
        let comment = Some(self.comment.trim()).filter(|comment| !comment.is_empty());
        let due = match self.due.trim() {
            "" => None,
            written => {
                let day = Moment::parse_day(written);
                let day = day.ok_or_else(|| text!(language, "no-day", written = written))?;
                if day < today {
                    return Err(text!(language, "day-past", day = language.day(day)));
                }
                Some(day)
            }
        };
        Acknowledgement::new(by, comment, due, now).map_err(|error| refusal(language, &error))
    }
}

/// What a token is for, or the page that says why it is for nothing.
async fn asked(
    site: &Site,
    token: &str,
    language: &'static Language,
) -> Result<OpenedLink, Response> {
    let now = site.clock.now();
    let read = site.signer.as_ref().ok_or(LinkError::Forged);
    let claim = read.and_then(|signer| signer.read(token, now)).map_err(|error| match error {
        LinkError::Forged => sentence(StatusCode::NOT_FOUND, language, "link-forged"),
        LinkError::Expired => sentence(StatusCode::GONE, language, "link-expired"),
    })?;
    let (standing, posted) = site.posted().await.ok_or_else(not_yet)?;
    let found =
        posted.episodes.iter().find(|(scope, held)| held.dedup_key(scope) == claim.dedup_key);
    let Some((scope, episode)) = found else {
        return Err(sentence(StatusCode::GONE, language, "link-over"));
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
        return Err(sentence(StatusCode::FORBIDDEN, language, "link-not-yours"));
    };
    let answers = episode.acknowledgement.as_ref().and_then(|by| Id::parse(&by.by).ok());
    let answers = answers.and_then(|id| site.people.get(&id));
    // Who reads the page is known: in the language of the mails, whatever the browser says.
    let language = person.language.unwrap_or(language);
    Ok(OpenedLink {
        language,
        answers: answers.map(|person| person.name.clone()),
        dedup_key: claim.dedup_key,
        person: person.clone(),
        episode: episode.clone(),
        zone: scorecard.calendar.zone,
        scope: scope.clone(),
        scorecard: scorecard.name.clone(),
        standing,
    })
}

impl OpenedLink {
    fn is_open(&self) -> bool {
        self.episode.is_open() && self.episode.acknowledgement.is_none()
    }

    async fn answer(
        &self,
        site: &Site,
        status: StatusCode,
        filled: &AcknowledgeForm,
        wrong: Option<&str>,
    ) -> Response {
        match self.page(site, filled, wrong).await {
            Ok(page) => (status, Html(page)).into_response(),
            Err(error) => unreadable(&error),
        }
    }

    /// The alert, with all that its own page has, and the form where there is something to answer.
    async fn page(
        &self,
        site: &Site,
        filled: &AcknowledgeForm,
        wrong: Option<&str>,
    ) -> anyhow::Result<String> {
        let AlertHistory { happened, sent } =
            alert_history::read(site, &self.scope, &self.episode).await?;
        let mut notes = site.store.notes().await?;
        notes.retain(|note| site.portfolio.is_below(&note.scope, &self.scope));
        let history = site.history(site.portfolio.needed_by(self.scope.scorecard())).await?;
        let judge = Judge::new(&site.portfolio, &history, self.standing.as_of.to_utc());
        let reader = Reader { person: Some(self.person.id.clone()), ..Reader::default() };
        let (address, episodes) = (Address::default(), HashMap::new());
        let view = View {
            language: self.language,
            address: &address,
            moment: BoardMoment::Present,
            reader: &reader,
            portfolio: &site.portfolio,
            standing: &self.standing,
            earlier: None,
            episodes: &episodes,
            people: &site.people,
            may_act: false,
            trouble: None,
        };
        let opened = self.episode.opened_at.map(|at| self.local(at));
        let form = self.is_open().then_some(Fields {
            who: &self.person.name,
            comment: &filled.comment,
            due: &filled.due,
            wrong,
        });
        let said = if form.is_some() { None } else { Some(self.said()) };
        let kpis = wanting(&self.standing, &self.scope);
        let details = Details {
            view: &view,
            judge: &judge,
            scope: &self.scope,
            happened: &happened,
            sent: &sent,
            notes: &notes,
        };
        let node = self.standing.node(&self.scope).map(|node| LinkedNode {
            name: node.name(),
            scorecard: &self.scorecard,
            status: node.status(),
            score: node.score(),
            opened: opened.as_deref(),
            kpis: &kpis,
            details,
        });
        let language = self.language;
        Ok(page(&AcknowledgePage { language, node, said: said.as_deref(), form }))
    }

    /// What is so where there is nothing to answer.
    fn said(&self) -> String {
        let language = self.language;
        match (&self.episode.acknowledgement, self.episode.recovered_at) {
            (_, Some(at)) if !self.episode.is_open() => {
                text!(language, "link-ended", instant = self.local(at))
            }
            (Some(by), _) => {
                let name = self.answers.as_deref().unwrap_or(&by.by);
                let mut said =
                    text!(language, "acknowledged-by", name = name, instant = self.local(by.at));
                if let Some(due) = by.due {
                    said.push_str(&format!(
                        " {}.",
                        text!(language, "due", day = language.day(due))
                    ));
                }
                if let Some(comment) = &by.comment {
                    said.push_str(&format!(" “{comment}”"));
                }
                said
            }
            _ => language.text("link-nothing").into_owned(),
        }
    }

    fn local(&self, at: DateTime<Utc>) -> String {
        self.language.instant(at.with_timezone(&self.zone))
    }
}

/// A page that only says something.
fn sentence(status: StatusCode, language: &'static Language, key: &str) -> Response {
    let said = language.text(key);
    let page = page(&AcknowledgePage { language, node: None, said: Some(&said), form: None });
    (status, Html(page)).into_response()
}

/// The KPIs below a node that are not on track, the worst first.
fn wanting<'a>(standing: &'a Standing, scope: &Scope) -> Vec<&'a KpiStanding> {
    let Some(judged) = standing.scorecards.iter().find(|held| held.id == *scope.scorecard()) else {
        return Vec::new();
    };
    let mut kpis = Vec::new();
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
    kpis.truncate(KPIS_MAX);
    kpis
}
