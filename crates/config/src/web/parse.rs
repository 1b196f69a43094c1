//! `web:`, parsed.

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
};

use ipnet::IpNet;

use crate::{
    parse_context::{ParseContext, texts},
    problem::{Place, Problem},
    setup::Web,
    web::{
        document::WebDoc,
        oidc::oidc,
        roles::{WebMentions, roles},
        tokens::tokens,
    },
};
use kpid_rules::model::Id;
use kpid_sources::push::PushEndpoint;

pub(crate) fn web(
    context: &mut ParseContext,
    doc: &WebDoc,
    endpoints: &[&PushEndpoint],
) -> (Web, WebMentions) {
    let listen = doc.listen.as_ref().and_then(|doc| {
        let text = doc.value.as_deref()?;
        let address = text.parse::<SocketAddr>();
        context.checked(
            doc.place,
            address.map_err(|_| {
                format!("`{text}` is not a valid address; write one such as 127.0.0.1:8420")
            }),
        )
    });
    let public_url = doc.public_url.as_ref().and_then(|doc| context.web_address(doc));
    let mut mentions = WebMentions::default();
    let tokens = tokens(context, doc, &mut mentions);
    let trusted_header = doc.trusted_header.as_ref().and_then(|doc| {
        let name = doc.value.as_deref()?;
        context.header_name(name, doc.place)?;
        Some(name.to_owned())
    });
    let is_open = tokens.is_empty() && trusted_header.is_none() && doc.oidc.is_none();
    let is_loopback = listen.is_some_and(|address| address.ip().is_loopback());
    if let Some((address, doc)) = listen.zip(doc.listen.as_ref())
        && !address.ip().is_loopback()
        && is_open
        // With nothing but pushing let in, the page is shown to nobody.
        && endpoints.is_empty()
    {
        let message = format!("anybody who reaches {address} could read everything");
        let hint =
            "listen on 127.0.0.1, or add `tokens` (see `kpid token`), `trusted_header` or `oidc`";
        context.problems.push(Problem::error(doc.place, message).hint(hint));
    }
    let trusted_proxies = texts(doc.trusted_proxies.as_ref());
    let trusted_proxies = trusted_proxies.into_iter().filter_map(|(text, place)| {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
            format!(
                "`{text}` is not an address or a network; write one such as 10.1.2.3 or 10.1.0.0/16"
            )
        });
        context.checked(place, network)
    });
    let trusted_proxies = trusted_proxies.collect();
    let roles = roles(context, doc, &mut mentions);
    let groups_header = groups_header(context, doc);
    let oidc = oidc(context, doc);
    let local_user = local_user(context, doc, is_open && is_loopback, &mut mentions);
    let web = Web {
        listen,
        public_url,
        tokens,
        trusted_header,
        trusted_proxies,
        groups_header,
        local_user,
        oidc,
        roles,
        kpi_metrics: kpi_metrics(context, doc),
    };
    (web, mentions)
}

/// Where nothing listens there are no metrics to leave anything out of.
fn kpi_metrics(context: &mut ParseContext, web: &WebDoc) -> bool {
    let Some(doc) = &web.kpi_metrics else { return true };
    if web.listen.is_none() {
        let message = "there is no `/metrics`, since kpid does not listen";
        let hint = "add `listen`, or remove `kpi_metrics`";
        context.problems.push(Problem::error(doc.place, message).hint(hint));
    }
    doc.value.unwrap_or(true)
}

fn groups_header(context: &mut ParseContext, web: &WebDoc) -> Option<String> {
    let doc = web.groups_header.as_ref()?;
    let name = doc.value.as_deref()?;
    context.header_name(name, doc.place)?;
    if web.trusted_header.is_none() {
        let problem = Problem::error(doc.place, "groups of nobody: `trusted_header` is missing");
        let hint = "add `trusted_header` with the header in which your proxy names the user";
        context.problems.push(problem.hint(hint));
    }
    Some(name.to_owned())
}

/// Whoever is on this machine is that person, where nobody is asked who they are.
fn local_user(
    context: &mut ParseContext,
    web: &WebDoc,
    is_open_on_loopback: bool,
    mentions: &mut WebMentions,
) -> Option<Id> {
    let doc = web.local_user.as_ref()?;
    let mention = context.mention(doc)?;
    if !is_open_on_loopback {
        let message = "people are asked who they are here, so nobody is the local user";
        let hint = "remove `local_user`, or `tokens`, `trusted_header` and `oidc`, and listen on 127.0.0.1";
        context.problems.push(Problem::error(doc.place, message).hint(hint));
    }
    let id = mention.id.clone();
    mentions.people.push(mention);
    Some(id)
}

/// A token opens one endpoint, and one that leads to nowhere is no use.
pub(crate) fn check_tokens(
    context: &mut ParseContext,
    place: Place,
    endpoints: &[&PushEndpoint],
    listen: Option<SocketAddr>,
) {
    let mut seen = HashSet::new();
    for (name, hash) in endpoints.iter().flat_map(|endpoint| &endpoint.tokens) {
        if !seen.insert(hash) {
            let message =
                format!("the token `{name}` is used by two `push` connections; make another one");
            context.error(place, message);
        }
    }
    if listen.is_none() {
        let message = "a connection is `push`, but kpid does not listen";
        let hint = "add web: { listen: \"127.0.0.1:8420\" }";
        context.problems.push(Problem::warning(place, message).hint(hint));
    }
}
