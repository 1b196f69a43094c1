//! The bodies of one webhook.

use crate::{
    message::Message,
    template::Fault,
    webhook_formats::{
        alertmanager,
        content::{Content, Stage},
        format::Format,
        own::OwnBody,
        pagerduty, slack, teams,
    },
};
use kpid_language::Language;

/// Makes the bodies of one webhook. A template of its author's is compiled here, once.
#[derive(Debug)]
pub struct BodyRenderer {
    format: Format,
    own: Option<OwnBody>,
}

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The template of its author's fails.
    #[error("{fault}")]
    Template {
        /// Where and why.
        fault: Fault,
        /// Names the very text that fails.
        version: String,
    },
    /// The message cannot be written in this format.
    #[error("{0:#}")]
    Message(#[from] anyhow::Error),
}

impl BodyRenderer {
    /// Gets ready for a format.
    pub fn of(format: Format) -> Self {
        let own = match &format {
            Format::Own(body) => Some(OwnBody::compile(body)),
            _ => None,
        };
        Self { format, own }
    }

    /// The content type of the bodies.
    pub fn content_type(&self) -> &str {
        self.format.content_type()
    }

    /// The body of a message, its words in a language; `routing_key` is what PagerDuty knows us by.
    pub fn body(
        &self,
        language: &'static Language,
        message: &Message,
        routing_key: Option<&str>,
    ) -> Result<String, BodyError> {
        if let Some(own) = &self.own {
            let body = own.render(language, message);
            return body.map_err(|fault| BodyError::Template { fault, version: own.version() });
        }
        let value = match self.format {
            Format::Generic | Format::Own(_) => {
                return message.to_json().map_err(|error| BodyError::Message(error.into()));
            }
            Format::Slack => slack::body(&slack::fitting(language, message)?),
            Format::Teams => teams::body(&teams::fitting(language, message)?),
            Format::PagerDuty => {
                let content = Content::of(language, message)?;
                pagerduty::body(&content, content.stage, routing_key.unwrap_or_default(), message)
            }
            Format::Alertmanager => alertmanager::body(&Content::of(language, message)?),
        };
        Ok(value.to_string())
    }

    /// What is posted right after the body, to end at a pager what nobody will end.
    pub fn end(
        &self,
        language: &'static Language,
        message: &Message,
        routing_key: Option<&str>,
    ) -> Result<Option<String>, BodyError> {
        if self.format != Format::PagerDuty {
            return Ok(None);
        }
        let content = Content::of(language, message)?;
        if content.stage != Stage::Over {
            return Ok(None);
        }
        let key = routing_key.unwrap_or_default();
        Ok(Some(pagerduty::body(&content, Stage::Resolved, key, message).to_string()))
    }
}
