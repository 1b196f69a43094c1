//! Mails from templates: those that are built in, or an author's own in their place.

use std::sync::LazyLock;

use minijinja::{Environment, Error, ErrorKind, Value, context, value::Serde};

use crate::{
    acknowledge_link::Link,
    fit,
    mail::{headline, overview::OverviewView, view::AlertView},
    message::Message,
    notice::{Notice, Section},
    template::{self, Fault, Template},
    wording::line,
};
use kpid_language::{Language, english};

/// The templates that are built in, by the name of the file that takes their place.
pub(crate) const BUILT_IN: [(&str, &str); 12] = [
    ("alert.subject", "{{ subject }}\n"),
    ("alert.txt", include_str!("alert.txt.j2")),
    ("alert.html", include_str!("alert.html.j2")),
    ("digest.subject", "{{ subject }}\n"),
    ("digest.txt", include_str!("overview.txt.j2")),
    ("digest.html", include_str!("overview.html.j2")),
    ("report.subject", "{{ subject }}\n"),
    ("report.txt", include_str!("overview.txt.j2")),
    ("report.html", include_str!("overview.html.j2")),
    ("notice.subject", "{{ subject }}\n"),
    ("notice.txt", include_str!("notice.txt.j2")),
    ("notice.html", include_str!("notice.html.j2")),
];

/// Gmail clips what is longer than 102 kB, with the link at its end.
const HTML_BYTES_MAX: usize = 90_000;

/// Stands before the name of a built-in template, so that one's own may include it.
const BUILT_IN_PREFIX: &str = "builtin/";

/// The templates that are built in, compiled once in the life of the process.
static BUILT_IN_RENDERER: LazyLock<Result<MailRenderer, String>> = LazyLock::new(|| {
    let mut environment = template::environment();
    for (name, text) in BUILT_IN {
        template::compile(&mut environment, format!("{BUILT_IN_PREFIX}{name}"), text)
            .map_err(|error| error.to_string())?;
    }
    Ok(MailRenderer { environment, own: Vec::new(), broken: Vec::new() })
});

/// A mail, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// At most 70 characters.
    pub subject: String,
    /// For readers of text.
    pub text: String,
    /// For the others; the same content.
    pub html: String,
}

/// The templates of mails, compiled.
#[derive(Debug)]
pub struct MailRenderer {
    environment: Environment<'static>,
    own: Vec<Template>,
    /// What was wrong with its own from the start.
    broken: Vec<Fault>,
}

/// What a mail is made from.
struct Model {
    /// The first part of its templates' names.
    kind: &'static str,
    /// The subject as built in.
    subject: String,
    values: Value,
}

impl MailRenderer {
    /// Renders mails as they are built in.
    pub(crate) fn built_in() -> Result<&'static Self, Error> {
        let compiled = BUILT_IN_RENDERER.as_ref();
        compiled.map_err(|why| Error::new(ErrorKind::InvalidOperation, why.clone()))
    }

    /// Renders mails by an author's own templates where there are any, compiled here; one that cannot
    /// be used is a fault of every mail.
    pub fn of(own: &[Template]) -> Result<Self, Error> {
        let mut environment = Self::built_in()?.environment.clone();
        let broken = template::add(&mut environment, own);
        Ok(Self { environment, own: own.to_vec(), broken })
    }

    /// Renders a mail in English that asks nothing.
    pub(crate) fn mail(&self, message: &Message) -> Result<(Rendered, Vec<Fault>), Error> {
        self.mail_asking(english(), message, None)
    }

    /// Renders a mail in its reader's language, with the link by which its reader acknowledges it. Where a template of an
    /// author's own fails, the built-in one is used, and the fault is returned. What a reader's program
    /// would clip is shorter.
    pub fn mail_asking(
        &self,
        language: &Language,
        message: &Message,
        link: Option<&Link>,
    ) -> Result<(Rendered, Vec<Fault>), Error> {
        let fits = |made: &Result<(Rendered, Vec<Fault>), Error>| match made {
            Ok((mail, _)) => mail.html.len() <= HTML_BYTES_MAX,
            Err(error) => !matches!(error.kind(), ErrorKind::OutOfFuel | ErrorKind::WriteFailure),
        };
        let mut made = self.made(language, message, link);
        if !fits(&made) {
            for shorter in fit::shorter(message) {
                made = self.made(language, &shorter, link);
                if fits(&made) {
                    break;
                }
            }
        }
        made
    }

    /// Renders a mail, however long.
    pub(crate) fn made(
        &self,
        language: &Language,
        message: &Message,
        link: Option<&Link>,
    ) -> Result<(Rendered, Vec<Fault>), Error> {
        let Model { kind, subject, values } = Model::of(language, message, link);
        let mut faults = Vec::new();
        let mut part = |part: &str, model: &Value| {
            let name = format!("{kind}.{part}");
            match self.own(&name, model) {
                Some(Ok(text)) => return Ok(text),
                Some(Err(fault)) => faults.extend(fault),
                None => {}
            }
            template::render(&self.environment, &format!("{BUILT_IN_PREFIX}{name}"), model)
        };
        let model = context! { subject, ..values.clone() };
        let subject = line(&part("subject", &model)?);
        let subject = headline::in_a_line(&subject);
        let model = context! { subject => &subject, ..values };
        let (text, html) = (part("txt", &model)?, part("html", &model)?);
        Ok((Rendered { subject, text, html }, faults))
    }

    /// What an author's own template makes, if there is one.
    fn own(&self, name: &str, model: &Value) -> Option<Result<String, Vec<Fault>>> {
        let own = self.own.iter().find(|own| own.name == name)?;
        let broken = self.broken.iter().filter(|fault| fault.path == own.path);
        let broken: Vec<Fault> = broken.cloned().collect();
        if !broken.is_empty() {
            return Some(Err(broken));
        }
        Some(match template::render(&self.environment, name, model) {
            Ok(text) if text.trim().is_empty() => {
                Err(vec![Fault::whole(own, "it produces no text")])
            }
            Ok(text) => Ok(text),
            Err(error) => Err(Fault::of(&error, name, &self.own).into_iter().collect()),
        })
    }

    /// What is wrong with an author's own templates, whatever the mail.
    pub(crate) fn broken(&self) -> &[Fault] {
        &self.broken
    }

    /// Names its own templates as they are.
    pub fn version(&self) -> String {
        template::version(&self.own)
    }
}

impl Model {
    fn of(language: &Language, message: &Message, link: Option<&Link>) -> Self {
        let language = match message {
            Message::Alert(_) => language,
            // Its sentences are made with it.
            Message::Overview(overview) => overview.language(),
            Message::Notice(_) => english(),
        };
        match message {
            Message::Alert(facts) => Self {
                kind: "alert",
                subject: headline::subject(language, facts),
                values: context! {
                    colours => colours(),
                    lang => language.code(),
                    words => words(language),
                    facts => Serde(facts.as_ref()),
                    ..Value::from(Serde(AlertView::of(language, facts, link)))
                },
            },
            Message::Overview(overview) => Self {
                kind: overview.word(),
                subject: overview.subject.clone(),
                values: context! {
                    colours => colours(),
                    lang => language.code(),
                    words => words(language),
                    facts => Serde(overview.as_ref()),
                    ..Value::from(Serde(OverviewView::of(language, overview)))
                },
            },
            Message::Notice(notice) => Self {
                kind: "notice",
                subject: notice.subject.clone(),
                values: context! {
                    colours => colours(),
                    lang => language.code(),
                    words => words(language),
                    facts => Serde(notice),
                    ..Value::from(Serde(&on_lines(notice)))
                },
            },
        }
    }
}

/// The same notice, each of its sentences on one line: what a source said must not end one.
fn on_lines(notice: &Notice) -> Notice {
    let section = |Section { title, lines }: &Section| Section {
        title: line(title),
        lines: lines.iter().map(|text| line(text)).collect(),
    };
    Notice {
        summary: line(&notice.summary),
        why: line(&notice.why),
        sections: notice.sections.iter().map(section).collect(),
        ..notice.clone()
    }
}

/// What the built-in templates say themselves.
fn words(language: &Language) -> Value {
    context! {
        reason => language.text("mail-reason"),
        change => language.text("mail-change"),
        details => language.text("mail-details"),
        acknowledge => language.text("acknowledge"),
        acknowledge_alert => language.text("mail-acknowledge-alert"),
        of_the_shortfall => language.text("mail-of-the-shortfall"),
        no_share => language.text("mail-share-none"),
        no_shortfall => language.text("mail-no-shortfall"),
    }
}

/// White on each of these has a contrast of at least 4.5 : 1.
fn colours() -> Value {
    context! { green => "#1a7f37", amber => "#9a6700", red => "#cf222e", grey => "#59636e" }
}
