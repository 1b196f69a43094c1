//! `GET /api/v1/explain/{path}`: what `kpid explain --format json` prints.

use serde_json::json;

use crate::{
    explanation::{self, NodeQuestion},
    web::{
        api::{
            operation::{self, Content, Operation, PATH, Parameter, Run},
            paging::unfit,
        },
        pages::page_request::{Answer, PageRequest},
    },
};
use kpid_board::notice::Notice;
use kpid_rules::{judgement::Judge, model::Period};

const PERIOD: Parameter = Parameter {
    name: "period",
    place: "query",
    description: "The period, such as `2026-05`; the one that is reported now, without it",
    schema: operation::period_schema,
    example: None,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    path: "/api/v1/explain/{path}",
    summary: "The arithmetic behind a node: what `kpid explain --format json` prints",
    parameters: &[PATH, PERIOD],
    answer: Content::Json(|_| {
        let text = json!({ "type": "string" });
        json!({ "type": "object", "required": ["scope"], "properties": { "scope": text } })
    }),
    run: Run::Get(|request, path| Box::pin(explain(request, path))),
}];

async fn explain(request: PageRequest, path: String) -> Answer {
    let scope = request.scope(&path)?;
    let period = request.address.get("period").map(Period::parse).transpose();
    let period = period.map_err(|error| unfit(format!("`period`: {error}")))?;
    let site = &request.site;
    let scorecard = request.scorecard(scope.scorecard());
    let scorecard = scorecard.ok_or_else(|| request.refused(Notice::NotFound))?;
    let history = request.history(site.portfolio.needed_by(scope.scorecard())).await?;
    let configuration = (&*site.portfolio, site.config_hash.as_str());
    let gone = explanation::gone(&site.store, configuration, scorecard, period).await;
    let gone = gone.map_err(|error| request.unreadable(&error))?;
    let judge = Judge::new(&site.portfolio, &history, site.clock.now());
    let question = NodeQuestion { judge, scorecard, scope: &scope, period };
    let (_, value) = explanation::explain(question, &gone)
        .map_err(|unexplained| unfit(unexplained.to_string()))?;
    Ok(request.answer_json(&value))
}
