//! Where links in mails and webhooks lead: `/s/` and the path of a node, with the period it was about after
//! its scorecard.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::web::pages::page_request::PageRequest;
use kpid_board::{notice::Notice, path};
use kpid_rules::model::{Period, Scope};

pub(super) async fn follow(request: PageRequest, Path(named): Path<String>) -> Response {
    let parts = named.split('/').filter(|part| !part.is_empty());
    let (periods, ids): (Vec<&str>, Vec<&str>) =
        parts.partition(|part| Period::parse(part).is_ok());
    let scope = request.site.portfolio.resolve(&ids.join("/"));
    let to = scope.filter(|scope| request.sees(scope.scorecard())).map(|scope| {
        // The report of a period is its review; what an alert was about is looked at as it stands now.
        match (&scope, periods.as_slice()) {
            (Scope::Scorecard(id), [period]) => format!("/review/{id}/{period}"),
            _ => path(&scope),
        }
    });
    let Some(to) = to else { return request.refused(Notice::NotFound) };
    (StatusCode::SEE_OTHER, [(header::LOCATION, request.address.link(&to))]).into_response()
}
