//! The socket that the daemon shows itself on: bound before anything runs, kept over reloads.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use anyhow::{Context, anyhow};
use axum::http::HeaderName;
use indexmap::IndexMap;

use crate::web::{access::Access, viewer::Identity};
use kpid_config::setup::Setup;
use kpid_message::person::Person;
use kpid_os_error::{InWords, OsError};
use kpid_rules::model::Id;

/// Two kpids on one machine begin with the same port.
const TAKEN: &str =
    "another program has this port, perhaps another kpid; give this one another, e.g. 8421";

/// A bound socket.
#[derive(Debug)]
pub(crate) struct Listener {
    /// As configured.
    pub(crate) address: SocketAddr,
    socket: TcpListener,
}

impl Listener {
    /// Binds an address, if there is one.
    pub(crate) fn bind(address: Option<SocketAddr>) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(address) = address else { return Ok(None) };
        let failure = || format!("cannot listen on {address} (`web.listen`)");
        let bound = TcpListener::bind(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => anyhow!(TAKEN),
            _ => OsError::from(error).into(),
        });
        let socket = bound.with_context(failure)?;
        socket.set_nonblocking(true).in_words().with_context(failure)?;
        Ok(Some(Arc::new(Self { address, socket })))
    }

    /// Where it is reached: port 0 in the configuration is a free one here.
    pub(crate) fn reached_at(&self) -> anyhow::Result<SocketAddr> {
        self.socket.local_addr().context("the listening socket has no address")
    }

    /// The same socket, for whoever serves it now; connections that come meanwhile wait in it.
    pub(crate) fn socket(&self) -> anyhow::Result<tokio::net::TcpListener> {
        let socket = self.socket.try_clone().context("cannot share the listening socket")?;
        tokio::net::TcpListener::from_std(socket).context("cannot use the listening socket")
    }
}

/// How those who look are known, as configured.
pub(crate) fn identity(
    setup: &Setup,
    people: &Arc<IndexMap<Id, Person>>,
) -> anyhow::Result<Identity> {
    let web = &setup.web;
    let groups_header = web.groups_header.as_deref().map(|name| {
        name.parse()
            .with_context(|| format!("`{name}` is not a valid header name (`web.groups_header`)"))
    });
    Ok(Identity {
        people: Arc::clone(people),
        groups_header: groups_header.transpose()?,
        local_user: web.local_user.clone(),
        roles: web.roles.clone().into(),
    })
}

/// Who may look, as configured.
pub(crate) fn access(setup: &Setup) -> anyhow::Result<Access> {
    let web = &setup.web;
    let header = web.trusted_header.as_ref().map(|name| {
        name.parse::<HeaderName>()
            .with_context(|| format!("`{name}` is not a valid header name (`web.trusted_header`)"))
    });
    let public_host = web.public_url.as_ref().and_then(|url| url.host_str()).map(str::to_owned);
    let access = Access {
        tokens: web.tokens.clone().into(),
        trusted_header: header.transpose()?,
        trusted_proxies: web.trusted_proxies.clone(),
        has_login: web.oidc.is_some(),
        public_host,
        public_origin: web.public_url.as_ref().map(|url| url.origin().ascii_serialization()),
        is_beyond_loopback: web.listen.is_some_and(|address| !address.ip().is_loopback()),
    };
    // With nothing but pushing let in, the page is shown to nobody.
    let takes_pushes = setup.connections.values().any(|held| held.push_endpoint().is_some());
    if let Some(address) = web.listen {
        anyhow::ensure!(
            access.suffices_at(address) || takes_pushes,
            "anybody who reaches {address} could look; add `tokens`, `trusted_header` or `oidc` to `web`"
        );
    }
    Ok(access)
}
