//! The clients that requests go out by: who is trusted, who we are, how far redirects are followed.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, Identity, Proxy, redirect::Policy};
use secrecy::ExposeSecret;

use crate::http::{Endpoint, pinned};

/// A host that takes longer to answer at all is not there, also where a lost packet is sent twice again.
/// Without this, nobody could tell it from one request that hangs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What all HTTP connections share. Redirects are followed by `redirect`, which keeps what is asked
/// and where credentials go.
pub(crate) fn shared() -> anyhow::Result<Client> {
    Ok(builder().build()?)
}

fn builder() -> reqwest::ClientBuilder {
    // Building panics without one; the daemon may have installed it before.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    Client::builder()
        .user_agent(concat!("kpid/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .referer(false)
}

/// A client of one connection, where it has a certificate, an authority or a proxy of its own.
pub(crate) fn own(endpoint: &Endpoint) -> anyhow::Result<Client> {
    let mut builder = builder();
    let identity = endpoint.identity.as_ref().map(ExposeSecret::expose_secret);
    match (&endpoint.authority, identity) {
        (Some(authority), identity) => {
            builder = builder.tls_backend_preconfigured(pinned::tls(authority, identity)?);
        }
        (None, Some(pem)) => {
            let identity = Identity::from_pem(pem.as_bytes());
            // The parser's own words may quote the key.
            builder = builder.identity(identity.map_err(|_| anyhow::anyhow!(pinned::NO_IDENTITY))?);
        }
        (None, None) => {}
    }
    if let Some(crate::http::Proxy { url, login }) = &endpoint.proxy {
        let mut proxy = Proxy::all(url.clone()).context("its `proxy` cannot be used")?;
        if let Some((user, password)) = login {
            proxy = proxy.basic_auth(user, password.expose_secret());
        }
        builder = builder.proxy(proxy);
    }
    Ok(builder.build()?)
}
