//! What happened to an alert, and what was sent about it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::view::View;
use kpid_rules::{
    alerting::Event,
    model::{Period, Status},
};

/// Something that happened to an alert.
#[derive(Clone, Debug)]
pub struct Happened {
    /// When.
    pub at: DateTime<Utc>,
    /// What; none where the configuration no longer has it.
    pub event: Option<Event>,
    /// The key of the period that was judged.
    pub period: Option<String>,
    /// The status then.
    pub status: Option<Status>,
    /// The score then.
    pub score: Option<f64>,
}

/// A message about an alert.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When it was decided on.
    pub at: DateTime<Utc>,
    /// To whom: a person's name, or a channel.
    pub to: String,
    /// Over which channel.
    pub channel: String,
    /// Where it is, as the store calls it: `delivered`, `pending`.
    pub state: &'static str,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

pub(crate) fn section(view: &View<'_>, events: &[Happened], messages: &[Sent]) -> Markup {
    let language = view.language;
    html! {
        section aria-labelledby="happened" {
            h2 id="happened" { (language.text("what-happened")) }
            ol class="events" {
                @for event in events { (happened(view, event)) }
            }
            @if events.is_empty() { p class="soft" { (language.text("nothing-happened")) } }
        }
        section aria-labelledby="sent" {
            h2 id="sent" { (language.text("who-was-told")) }
            @if messages.is_empty() { p class="soft" { (language.text("nobody-was-told")) } }
            @else {
                div class="wide" tabindex="0" role="region" aria-labelledby="sent" {
                    table {
                        thead { tr {
                            th scope="col" { (language.text("when")) }
                            th scope="col" { (language.text("to-whom")) }
                            th scope="col" { (language.text("channel")) }
                            th scope="col" { (language.text("delivery-state")) }
                        } }
                        tbody { @for sent in messages {
                            tr {
                                td { (view.local(sent.at)) }
                                td { (view.written(&sent.to)) }
                                td { (view.written(&sent.channel)) }
                                td {
                                    (language.text(&format!("delivery-{}", sent.state.replace('_', "-"))))
                                    @if let Some(problem) = &sent.problem { ": " (view.written(problem)) }
                                }
                            }
                        } }
                    }
                }
            }
        }
    }
}

fn happened(view: &View<'_>, event: &Happened) -> Markup {
    let language = view.language;
    let key = match event.event {
        Some(Event::Opened) => "event-opened",
        Some(Event::Worsened) => "event-worsened",
        Some(Event::Reminded) => "event-reminded",
        Some(Event::Escalated) => "event-escalated",
        Some(Event::Acknowledged) => "event-acknowledged",
        Some(Event::Recovered) => "event-recovered",
        Some(Event::Corrected) => "event-corrected",
        None => "event-removed",
    };
    let period = event.period.as_deref().map(|key| {
        Period::parse(key).map_or_else(|_| key.to_owned(), |period| language.period(period))
    });
    html! {
        li {
            time datetime=(event.at.to_rfc3339()) { (view.local(event.at)) } ": "
            strong { (language.text(key)) }
            @if let Some(period) = period { " · " (period) }
            @if let Some(status) = event.status { " · " (language.status(status)) }
            @if let Some(score) = event.score { " " (view.score(score)) }
        }
    }
}
