//! The clients that requests go out by: who is trusted, who we are, how far redirects are followed.

use anyhow::Context;
use reqwest::{
    Certificate, Client, Identity, Proxy,
    redirect::{Attempt, Policy},
};
use secrecy::ExposeSecret;

use crate::http::Endpoint;

/// An API that moved answers within a few; more is a loop.
const REDIRECTS_MAX: usize = 5;

/// What all HTTP connections share: redirects stay on their host, so that credentials do too.
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
        .redirect(Policy::custom(|attempt| match stray(&attempt) {
            None => attempt.follow(),
            Some(words) => attempt.error(words),
        }))
        .referer(false)
}

/// A client of one connection, where it has a certificate, an authority or a proxy of its own.
pub(crate) fn own(endpoint: &Endpoint) -> anyhow::Result<Client> {
    let mut builder = builder();
    if let Some(pem) = &endpoint.authority {
        let authorities = Certificate::from_pem_bundle(pem).context("its `ca` is no PEM")?;
        // The reader of PEM takes any other text for a file with none.
        anyhow::ensure!(!authorities.is_empty(), "its `ca` holds no certificate in PEM");
        for authority in authorities {
            builder = builder.add_root_certificate(authority);
        }
    }
    if let Some(pem) = &endpoint.identity {
        let identity = Identity::from_pem(pem.expose_secret().as_bytes());
        let told = "its `client_certificate` is no PEM of a certificate and its key";
        // The parser's own words may quote the key.
        builder = builder.identity(identity.map_err(|_| anyhow::anyhow!(told))?);
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

/// Why a redirect is not followed.
fn stray(attempt: &Attempt<'_>) -> Option<String> {
    let (next, previous) = (attempt.url(), attempt.previous());
    let first = previous.first()?;
    let is_upgrade = (first.scheme(), next.scheme()) == ("http", "https");
    let is_same_host = next.host() == first.host();
    if previous.len() > REDIRECTS_MAX {
        Some(format!("redirects more than {REDIRECTS_MAX} times"))
    } else if next.origin() == first.origin() || (is_same_host && is_upgrade) {
        None
    } else {
        let origin = next.origin().ascii_serialization();
        Some(format!("redirects to {origin}, which is not followed; write that into base_url"))
    }
}
