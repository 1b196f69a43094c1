//! Bodies that a template of an author's own makes.

use kpid_language::Language;
use minijinja::{Environment, context, value::Serde};
use serde::de::IgnoredAny;
use serde_json::error::Category;

use crate::{
    message::Message,
    template::{self, Fault, Template},
    webhook_formats::{
        content::{Content, Stage},
        format::{BodyTemplate, JSON},
    },
};

/// A template of an author's own, compiled.
#[derive(Debug)]
pub(crate) struct OwnBody {
    template: Template,
    content_type: String,
    compiled: Result<Environment<'static>, Fault>,
}

impl OwnBody {
    /// Compiles the template; one that cannot be compiled fails with every message.
    pub(crate) fn compile(body: &BodyTemplate) -> Self {
        let BodyTemplate { template, content_type } = body.clone();
        let mut environment = template::environment();
        let fault = template::add(&mut environment, std::slice::from_ref(&template)).pop();
        let compiled = fault.map_or(Ok(environment), Err);
        Self { template, content_type, compiled }
    }

    /// Names its text.
    pub(crate) fn version(&self) -> String {
        template::version([&self.template])
    }

    /// The body of a message.
    pub(crate) fn render(
        &self,
        language: &'static Language,
        message: &Message,
    ) -> Result<String, Fault> {
        let environment = self.compiled.as_ref().map_err(Fault::clone)?;
        let whole = |words: String| Fault::whole(&self.template, words);
        let content =
            Content::of(language, message).map_err(|error| whole(format!("{error:#}")))?;
        let (name, templates) = (&self.template.name, std::slice::from_ref(&self.template));
        let text = template::render(environment, name, &model(&content, message));
        let text = text.map_err(|error| {
            let fault = Fault::of(&error, name, templates);
            fault.unwrap_or_else(|| whole(error.to_string()))
        })?;
        if text.trim().is_empty() {
            return Err(whole("it produces no text".to_owned()));
        }
        if is_json(&self.content_type)
            && let Err(error) = serde_json::from_str::<IgnoredAny>(&text)
        {
            return Err(whole(format!("its output is not valid JSON: {}", json_words(&error))));
        }
        Ok(text)
    }
}

/// Where JSON stops being JSON.
fn json_words(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        Category::Eof => "it ends too early, at",
        Category::Syntax | Category::Data | Category::Io => "there is a mistake at",
    };
    format!("{what} line {line}, column {column} of the output")
}

/// What a template of an author's own can name.
fn model(content: &Content, message: &Message) -> minijinja::Value {
    let (kind, facts) = match message {
        Message::Alert(facts) => ("alert", minijinja::Value::from(Serde(facts.as_ref()))),
        Message::Overview(overview) => {
            (overview.word(), minijinja::Value::from(Serde(overview.as_ref())))
        }
        Message::Notice(notice) => ("notice", minijinja::Value::from(Serde(notice))),
    };
    let stage = match content.stage {
        Stage::Triggered | Stage::Over => "triggered",
        Stage::Acknowledged => "acknowledged",
        Stage::Resolved => "resolved",
    };
    context! {
        kind,
        stage,
        severity => content.severity,
        subject => &content.subject,
        text => &content.text,
        link => &content.link,
        facts,
    }
}

/// `application/json`, `application/cloudevents+json; charset=utf-8`
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == JSON || kind.ends_with("+json")
}
