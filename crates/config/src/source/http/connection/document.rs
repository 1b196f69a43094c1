//! HTTP APIs in `connections:`, as their author writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    source::http::request::document::RequestDoc,
    yaml::{
        located::{Entries, Loc},
        scalar::{FieldDoc, SecretDoc},
    },
};

/// An HTTP API.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct HttpDoc {
    /// What requests are relative to.
    pub(crate) base_url: Loc<String>,
    /// How the API knows us.
    pub(crate) auth: Option<Loc<AuthDoc>>,
    /// How long one fetch may take; 30s by default.
    pub(crate) timeout: Option<Loc<String>>,
    /// Requests at once; 4 by default.
    pub(crate) max_concurrent: Option<Loc<u32>>,
    /// Bytes a body may have; 1048576 by default.
    pub(crate) max_bytes: Option<Loc<u64>>,
    /// Requests a minute; as many as there are by default.
    pub(crate) max_per_minute: Option<Loc<u32>>,
    /// Requests that several KPIs read, by name.
    pub(crate) requests: Option<Loc<Entries<RequestDoc>>>,
    /// Headers sent with every request; a secret says where it is kept.
    pub(crate) headers: Option<Loc<Entries<FieldDoc>>>,
    /// A PEM file of authorities to trust beside the system's; relative to this file.
    pub(crate) ca: Option<Loc<String>>,
    /// A PEM file with a certificate and its key, by which the API knows us; relative to this file.
    pub(crate) client_certificate: Option<Loc<String>>,
    /// A proxy to go through, e.g. `http://proxy.internal:3128`; by default as the environment says.
    pub(crate) proxy: Option<Loc<ProxyDoc>>,
}

/// A proxy, alone or with who we are there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProxyDoc {
    /// Its address.
    #[schemars(untagged)]
    #[serde(rename = "<text>")]
    Text(String),
    /// One that asks who comes.
    #[schemars(untagged)]
    #[serde(rename = "<map>")]
    Map(ProxyLoginDoc),
}

/// A proxy that asks who comes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ProxyLoginDoc {
    /// Its address.
    pub(crate) url: Loc<String>,
    /// User name.
    pub(crate) user: Loc<String>,
    /// Password.
    pub(crate) password: Loc<SecretDoc>,
}

/// How an HTTP API knows us.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthDoc {
    /// A bearer token.
    Bearer(Loc<SecretDoc>),
    /// User and password.
    Basic(BasicDoc),
    /// A key in a header of its own.
    ApiKey(ApiKeyDoc),
    /// A token fetched with a client's credentials (OAuth 2), kept until it is about to expire.
    Oauth2(Oauth2Doc),
}

/// A key in a header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ApiKeyDoc {
    /// The header's name, e.g. `X-Api-Key`.
    pub(crate) header: Loc<String>,
    /// The key.
    pub(crate) key: Loc<SecretDoc>,
}

/// Client credentials.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct Oauth2Doc {
    /// Where tokens are fetched.
    pub(crate) token_url: Loc<String>,
    /// The client's name.
    pub(crate) client_id: Loc<String>,
    /// The client's secret.
    pub(crate) client_secret: Loc<SecretDoc>,
    /// What it asks to be allowed.
    pub(crate) scope: Option<Loc<String>>,
}

/// User and password.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct BasicDoc {
    /// User name.
    pub(crate) user: Loc<String>,
    /// Password.
    pub(crate) password: Loc<SecretDoc>,
}
