//! Where links in mails and webhooks lead: `/s/` and the path of a node, or a scorecard and a period.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::web::pages::look::Look;
use kpid_board::{notice::Notice, path};
use kpid_rules::model::Period;

pub(super) async fn follow(look: Look, Path(named): Path<String>) -> Response {
    let named = named.trim_end_matches('/');
    let scope = look.site.portfolio.resolve(named).filter(|scope| look.sees(scope.scorecard()));
    let review = || {
        let (scorecard, period) = named.split_once('/')?;
        let period = Period::parse(period).ok()?;
        look.site.portfolio.resolve(scorecard)?;
        Some(format!("/review/{scorecard}/{period}"))
    };
    let Some(to) = scope.map(|scope| path(&scope)).or_else(review) else {
        return look.refused(Notice::NotFound);
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, look.address.link(&to))]).into_response()
}
