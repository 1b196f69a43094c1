//! `web.roles` and who looks from this machine, parsed. Whether these names are there is known when
//! everything is read.

use crate::{
    parse_context::{Mention, ParseContext, given, texts},
    problem::Problem,
    setup::{Role, RoleGrant},
    web::document::{RoleDoc, RoleGrantDoc, WebDoc},
    yaml::located::Loc,
};

/// What `web` names.
#[derive(Debug, Default)]
pub(crate) struct WebMentions {
    pub(crate) people: Vec<Mention>,
    pub(crate) scorecards: Vec<Mention>,
}

pub(crate) fn roles(
    context: &mut ParseContext,
    doc: &WebDoc,
    mentions: &mut WebMentions,
) -> Vec<RoleGrant> {
    let docs = given(doc.roles.as_ref()).into_iter().flatten();
    docs.filter_map(|held| grant(context, doc, held, mentions)).collect()
}

fn grant(
    context: &mut ParseContext,
    web: &WebDoc,
    located: &Loc<RoleGrantDoc>,
    mentions: &mut WebMentions,
) -> Option<RoleGrant> {
    let doc = located.value.as_ref()?;
    let role = match doc.role.value? {
        RoleDoc::Viewer => Role::Viewer,
        RoleDoc::Owner => Role::Owner,
        RoleDoc::Operator => Role::Operator,
    };
    let people = context.mentions(doc.people.as_ref());
    let scorecards = context.mentions(doc.scorecards.as_ref());
    let groups = texts(doc.groups.as_ref());
    if people.is_empty() && groups.is_empty() {
        let problem = Problem::error(located.place, "nobody has this role");
        context.problems.push(problem.hint("add `people: [ID]` or `groups: [NAME]`"));
    }
    if let (Some((group, place)), None, None) = (groups.first(), &web.groups_header, &web.oidc) {
        let message = format!("nothing says who is in the group `{group}`");
        let hint =
            "add `groups_header` with the header in which your proxy names groups, or `oidc`";
        context.problems.push(Problem::error(*place, message).hint(hint));
    }
    let ids = |mentions: &[Mention]| mentions.iter().map(|mention| mention.id.clone()).collect();
    let grant = RoleGrant {
        role,
        people: ids(&people),
        groups: groups.into_iter().map(|(group, _)| group).collect(),
        scorecards: ids(&scorecards),
    };
    mentions.people.extend(people);
    mentions.scorecards.extend(scorecards);
    Some(grant)
}
