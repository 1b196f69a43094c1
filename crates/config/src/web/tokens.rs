//! `web.tokens`, parsed: who looks or acts by a token, and on which scorecards.

use std::collections::HashMap;

use crate::{
    parse_context::{ParseContext, given},
    problem::Problem,
    setup::{TokenScope, WebToken},
    token::token,
    web::{
        document::{TokenScopeDoc, WebDoc},
        roles::WebMentions,
    },
};

pub(crate) fn tokens(
    context: &mut ParseContext,
    web: &WebDoc,
    mentions: &mut WebMentions,
) -> Vec<WebToken> {
    let mut names: HashMap<[u8; 32], &str> = HashMap::new();
    let mut tokens = Vec::new();
    for (name, place, doc) in given(web.tokens.as_ref()).into_iter().flat_map(|docs| docs.iter()) {
        let scorecards = context.mentions(doc.scorecards.as_ref());
        if let (Some(doc), true) = (&doc.scorecards, scorecards.is_empty()) {
            let problem = Problem::error(doc.place, format!("the token `{name}` opens nothing"));
            let hint = "name scorecards, or remove `scorecards` for all of them";
            context.problems.push(problem.hint(hint));
        }
        let ids = scorecards.iter().map(|mention| mention.id.clone()).collect();
        mentions.scorecards.extend(scorecards);
        let Some(sha256) = token(context, &doc.sha256) else { continue };
        if let Some(other) = names.insert(sha256, name) {
            let message = format!("the tokens `{other}` and `{name}` are the same");
            let hint = "make another one with `kpid token`, so that each can be taken away alone";
            context.problems.push(Problem::error(place, message).hint(hint));
        }
        let scope = match doc.scope.as_ref().and_then(|doc| doc.value) {
            Some(TokenScopeDoc::Wall) => TokenScope::Wall,
            Some(TokenScopeDoc::Act) => TokenScope::Act,
            Some(TokenScopeDoc::Read) | None => TokenScope::Read,
        };
        tokens.push(WebToken { name: name.to_owned(), sha256, scope, scorecards: ids });
    }
    tokens
}
