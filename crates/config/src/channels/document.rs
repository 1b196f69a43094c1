//! `channels:` as its author writes it: the ways to tell somebody.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::yaml::{located::Loc, scalar::SecretDoc};

/// A way to notify somebody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChannelDoc {
    /// By mail.
    Email(Box<EmailDoc>),
    /// By an HTTP request.
    Webhook(Box<WebhookDoc>),
}

/// How mail leaves: by a server, or into a folder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct EmailDoc {
    /// Who writes, e.g. `Scorecard <kpid@example.com>`.
    pub(crate) from: Loc<String>,
    /// A mail server.
    pub(crate) smtp: Option<Loc<SmtpDoc>>,
    /// A folder that gets one .eml file a mail; relative to this file.
    pub(crate) folder: Option<Loc<String>>,
    /// A folder of templates that stand in for those built in; relative to this file.
    pub(crate) templates: Option<Loc<String>>,
}

/// A mail server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct SmtpDoc {
    /// Name or address.
    pub(crate) host: Loc<String>,
    /// TCP port; 587 with starttls, 465 with implicit, 25 without encryption.
    pub(crate) port: Option<Loc<u16>>,
    /// `starttls` (default), `implicit` or `none`.
    pub(crate) tls: Option<Loc<SmtpTlsDoc>>,
    /// User name, if the server asks.
    pub(crate) user: Option<Loc<String>>,
    /// Password, if the server asks.
    pub(crate) password: Option<Loc<SecretDoc>>,
    /// What kpid calls itself there, a full name such as `kpid.example.com`; by default the name of
    /// this machine if it is a full one, or the domain of `from`.
    pub(crate) hello: Option<Loc<String>>,
}

/// How an SMTP connection is encrypted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmtpTlsDoc {
    /// By STARTTLS, required.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Never.
    None,
}

/// Where an HTTP request goes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct WebhookDoc {
    /// Where to POST.
    pub(crate) url: Loc<String>,
    /// Signs the request as Standard Webhooks do.
    pub(crate) secret: Option<Loc<SecretDoc>>,
    /// The secret before the present one: as long as it is here, both sign.
    pub(crate) previous_secret: Option<Loc<SecretDoc>>,
    /// The shape of the body.
    pub(crate) format: Option<Loc<WebhookFormatDoc>>,
    /// What a body of one's own is sent as; `application/json` by default.
    pub(crate) content_type: Option<Loc<String>>,
    /// Whether its name may lead to an address inside, such as 10.0.0.5; no by default.
    pub(crate) allow_private: Option<Loc<bool>>,
}

/// The shape of a webhook's body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WebhookFormatDoc {
    /// The facts as JSON, as docs/webhook.md has them; the default.
    Generic,
    /// A message for an incoming webhook of Slack.
    Slack,
    /// An adaptive card for a workflow of Microsoft Teams.
    Teams,
    /// An event for PagerDuty (Events API v2); `secret` is the routing key.
    Pagerduty,
    /// An alert for `POST /api/v2/alerts` of Alertmanager.
    Alertmanager,
    /// Whatever this template makes; relative to this file.
    Template(Loc<String>),
}
