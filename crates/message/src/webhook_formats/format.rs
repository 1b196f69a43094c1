//! For which receiver the body of a webhook is made.

use std::sync::Arc;

use crate::template::Template;

/// What a body is sent as, unless its author says otherwise.
pub(crate) const JSON: &str = "application/json";

/// What the body of a webhook looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The facts as JSON.
    #[default]
    Generic,
    /// A message of Slack.
    Slack,
    /// An adaptive card of Microsoft Teams.
    Teams,
    /// An event of PagerDuty; the secret is its routing key and signs nothing.
    PagerDuty,
    /// An alert of Alertmanager.
    Alertmanager,
    /// What a template of its author's makes.
    Own(Arc<BodyTemplate>),
}

impl Format {
    /// Whether its receiver keeps an alert open until its end is sent under the same key.
    pub fn keeps_open(&self) -> bool {
        matches!(self, Self::PagerDuty | Self::Alertmanager)
    }

    /// The content type of its bodies.
    pub fn content_type(&self) -> &str {
        match self {
            Self::Own(body) => &body.content_type,
            _ => JSON,
        }
    }
}

/// A template of an author's own for the body of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyTemplate {
    /// The template.
    pub template: Template,
    /// The content type that the body is sent with. If it is JSON, the body must be valid JSON.
    pub content_type: String,
}
