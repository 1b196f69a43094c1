//! What somebody asks of the board: who, in which language, at what, and as of when.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    telemetry::store_health::StorePart,
    web::{
        board::Posted,
        denial,
        pages::moment,
        past::Grounds,
        peer::{self, Peer},
        site::Site,
        viewer::Viewer,
    },
};
use kpid_board::{Address, Moment, Reader, View, notice::Notice};
use kpid_language::{Language, negotiated};
use kpid_rules::{
    alerting::{Episode, begun_by},
    evaluation::judge_some,
    judgement::Standing,
    model::{Id, KpiRef, Scope, Scorecard},
    series::History,
};

/// What somebody asks for.
pub(in crate::web) struct PageRequest {
    pub(in crate::web) site: Site,
    pub(in crate::web) address: Address,
    pub(in crate::web) language: &'static Language,
    pub(in crate::web) reader: Reader,
    pub(in crate::web) viewer: Viewer,
    peer: Option<Peer>,
    headers: HeaderMap,
}

/// A page, or the page that says why there is none.
pub(in crate::web) type Answer = Result<Response, Response>;

/// What is there to see: of the scorecards that the reader may see.
pub(in crate::web) struct SeenStanding {
    pub(in crate::web) standing: Standing,
    earlier: Option<Standing>,
    pub(in crate::web) episodes: HashMap<Scope, Episode>,
    pub(in crate::web) posted: Arc<Posted>,
    moment: Moment,
    trouble: Option<String>,
}

/// Which scorecards a page is about.
#[derive(Clone, Copy)]
pub(in crate::web) enum About<'a> {
    All,
    One(&'a Id),
}

impl FromRequestParts<Site> for PageRequest {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Self::Rejection> {
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, site).await?;
        let address = Address::parse(uri.path(), uri.query().unwrap_or_default());
        let accepted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
        let language = negotiated(address.get("lang"), accepted);
        let peer = parts.extensions.get::<Peer>().copied();
        let viewer = Viewer::from_request_parts(parts, site).await?;
        let reader = Reader {
            person: viewer.person.clone(),
            name: viewer.name.clone(),
            has_session: viewer.session.is_some(),
            may_log_in: site.login.is_some() && viewer.person.is_none() && viewer.session.is_none(),
        };
        Ok(Self {
            site: site.clone(),
            language,
            reader,
            viewer,
            peer,
            headers: parts.headers.clone(),
            address,
        })
    }
}

impl PageRequest {
    /// What there is to see of some scorecards, or the page that says why there is nothing.
    pub(in crate::web) async fn see(&self, about: About<'_>) -> Result<SeenStanding, Response> {
        let site = &self.site;
        let (mut standing, posted) =
            site.posted().await.ok_or_else(|| self.refused(Notice::NotYet))?;
        standing.scorecards.retain(|held| self.sees(&held.id));
        let mut episodes = posted.episodes.clone();
        episodes.retain(|scope, _| self.sees(scope.scorecard()));
        let now = site.clock.now();
        let moment = self.moment("at")?;
        if moment != Moment::Present {
            let at = moment::instant(moment, &site.calendar, now);
            episodes = begun_by(at, episodes);
            standing = self.judged(&standing, about, moment, &episodes).await?;
        }
        let earlier = match self.moment("compare")? {
            Moment::Present => None,
            earlier => Some(self.judged(&standing, about, earlier, &HashMap::new()).await?),
        };
        let trouble = self.trouble(now, &standing);
        Ok(SeenStanding { standing, earlier, episodes, posted, moment, trouble })
    }

    /// Whether the reader may see a scorecard.
    pub(in crate::web) fn sees(&self, id: &Id) -> bool {
        self.scorecard(id).is_some()
    }

    /// The node of a path, if the reader may see it.
    #[expect(clippy::result_large_err, reason = "an answer, made once")]
    pub(in crate::web) fn scope(&self, path: &str) -> Result<Scope, Response> {
        let scope = self.site.portfolio.resolve(path).filter(|scope| self.sees(scope.scorecard()));
        scope.ok_or_else(|| self.refused(Notice::NotFound))
    }

    /// A scorecard that the reader may see.
    pub(in crate::web) fn scorecard(&self, id: &Id) -> Option<&Scorecard> {
        self.site.portfolio.scorecard(id).filter(|scorecard| self.viewer.sees(scorecard))
    }

    /// Everything held of some KPIs: of the engine, or from the store where that is busy.
    pub(in crate::web) async fn history(&self, kpis: HashSet<KpiRef>) -> Result<History, Response> {
        self.site.history(kpis).await.map_err(|error| self.unreadable(&error))
    }

    /// What a page about a scorecard is judged by.
    pub(in crate::web) async fn history_of(
        &self,
        scorecard: &Id,
        seen: &SeenStanding,
    ) -> Result<History, Response> {
        let history = self.history(self.site.portfolio.needed_by(scorecard)).await?;
        Ok(moment::known(history, seen.moment, &self.site.portfolio))
    }

    async fn judged(
        &self,
        standing: &Standing,
        about: About<'_>,
        moment: Moment,
        episodes: &HashMap<Scope, Episode>,
    ) -> Result<Standing, Response> {
        let portfolio = &self.site.portfolio;
        let is_wanted = |id: &&Id| match about {
            About::All => true,
            About::One(one) => **id == *one,
        };
        let ids: Vec<Id> =
            standing.scorecards.iter().map(|held| &held.id).filter(is_wanted).cloned().collect();
        let needed: Vec<HashSet<KpiRef>> = ids.iter().map(|id| portfolio.needed_by(id)).collect();
        let held = self.history(needed.iter().flatten().cloned().collect()).await?;
        let now = self.site.clock.now();
        let at = moment::instant(moment, &self.site.calendar, now);
        let hash = &self.site.config_hash;
        let judge = |ids: &[Id]| {
            let of_these = ids.iter().flat_map(|id| portfolio.needed_by(id));
            let of_these: HashSet<KpiRef> = of_these.collect();
            let history = moment::known(held.only(&of_these), moment, portfolio);
            judge_some(portfolio, ids, &history, episodes, hash, at).scorecards
        };
        let mut episodes_of: HashMap<&Id, HashMap<Scope, Episode>> = HashMap::new();
        for (scope, episode) in episodes {
            let of_it = episodes_of.entry(scope.scorecard()).or_default();
            of_it.insert(scope.clone(), episode.clone());
        }
        let grounds = ids.iter().zip(&needed).map(|(id, needed)| Grounds {
            id: id.clone(),
            history: held.only(needed),
            episodes: episodes_of.remove(id).unwrap_or_default(),
        });
        // A company's past takes longer than anything else that is shown: others are answered meanwhile.
        let scorecards = tokio::task::block_in_place(|| match at < now {
            true => self.site.past.of(moment, grounds.collect(), judge),
            false => judge(&ids),
        });
        let as_of = at.with_timezone(&standing.as_of.timezone());
        Ok(Standing { as_of, config: hash.clone(), scorecards })
    }

    #[expect(clippy::result_large_err, reason = "an answer, made once")]
    fn moment(&self, name: &str) -> Result<Moment, Response> {
        let written = self.address.get(name);
        moment::parse(written, &self.site.calendar)
            .ok_or_else(|| self.refused(Notice::NoMoment(written.unwrap_or_default())))
    }

    /// That what is shown is not the newest, since nothing can be kept.
    fn trouble(&self, now: DateTime<Utc>, standing: &Standing) -> Option<String> {
        let trouble = self.site.metrics.store.trouble(now)?;
        let since = trouble.since.with_timezone(&standing.as_of.timezone());
        Some(match trouble.part {
            StorePart::Family(_) | StorePart::Others => self.language.text_with(
                "store-trouble",
                [("since", self.language.instant(since).into()), ("reason", trouble.reason.into())],
            ),
            StorePart::Pages => trouble.reason,
        })
    }

    /// From where what the reader does came, for the audit.
    pub(in crate::web) fn way(&self) -> String {
        let way = if self.is_of_program() { "over the API" } else { "on the board" };
        match self.peer {
            Some(peer) => {
                let proxies = &self.site.access.trusted_proxies;
                format!("{way}, from {}", peer::client(peer, &self.headers, proxies))
            }
            None => way.to_owned(),
        }
    }

    fn is_of_program(&self) -> bool {
        denial::is_for_programs(self.address.path())
    }

    /// The view of a page.
    pub(in crate::web) fn view<'a>(&'a self, seen: &'a SeenStanding) -> View<'a> {
        View {
            language: self.language,
            address: &self.address,
            moment: seen.moment,
            reader: &self.reader,
            portfolio: &self.site.portfolio,
            standing: &seen.standing,
            earlier: seen.earlier.as_ref(),
            episodes: &seen.episodes,
            people: &self.site.people,
            may_act: false,
            trouble: seen.trouble.as_deref(),
        }
    }

    /// The view of a page about a node, on which the reader may act or not.
    pub(in crate::web) fn view_of<'a>(&'a self, seen: &'a SeenStanding, scope: &Scope) -> View<'a> {
        let scorecard = self.site.portfolio.scorecard(scope.scorecard());
        let may_act = scorecard.is_some_and(|scorecard| self.viewer.acts_on(scorecard, scope));
        View { may_act, ..self.view(seen) }
    }

    /// The page that says why there is none.
    pub(in crate::web) fn refused(&self, why: Notice<'_>) -> Response {
        match self.is_of_program() {
            true => denial::problem_of(why),
            false => denial::page(why, self.language),
        }
    }

    /// What went wrong is for the log; whoever looks learns that it did.
    pub(in crate::web) fn unreadable(&self, error: &anyhow::Error) -> Response {
        tracing::error!("cannot make the page {}: {error:#}", self.address.path());
        self.refused(Notice::Unreadable)
    }

    /// A page, or that the browser has it already.
    pub(in crate::web) fn answer(&self, page: String) -> Response {
        self.answer_as("text/html; charset=utf-8", page)
    }

    /// JSON, or that the caller has it already.
    pub(in crate::web) fn answer_json(&self, value: &Value) -> Response {
        self.answer_as("application/json", value.to_string())
    }

    /// A text of that media type, or that the caller has it already.
    pub(in crate::web) fn answer_as(&self, media: &'static str, text: String) -> Response {
        let hash = Sha256::digest(text.as_bytes());
        let tag: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let tag = format!("W/\"{tag}\"");
        let headers = [
            (header::CONTENT_TYPE, media.to_owned()),
            (header::ETAG, tag.clone()),
            (header::CACHE_CONTROL, "private, no-cache".to_owned()),
            (header::VARY, "Accept, Accept-Language, Cookie, Authorization".to_owned()),
        ];
        let held = self.header(&header::IF_NONE_MATCH);
        if held.is_some_and(|held| held.split(',').any(|held| held.trim() == tag)) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, text).into_response()
    }

    /// Whether the caller wants that media type.
    pub(in crate::web) fn accepts(&self, media: &str) -> bool {
        let wanted = self.header(&header::ACCEPT).unwrap_or_default();
        wanted.split(',').any(|part| part.split(';').next().is_some_and(|of| of.trim() == media))
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|held| held.to_str().ok())
    }
}
