//! The templates of channels, tried on samples; what is wrong with them is told at its place.

use indexmap::IndexMap;

use crate::{
    files::Files,
    problem::{Place, Problem},
};
use kpid_delivery::channel::Channel;
use kpid_message::{
    template::{Fault, Template},
    template_check,
    webhook_formats::format::Format,
};
use kpid_rules::model::Id;

/// Everything that is wrong with the templates of the channels; their texts join `files`.
pub(crate) fn templates(channels: &IndexMap<Id, Channel>, files: &mut Files) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, channel) in channels {
        let (templates, faults) = match channel {
            Channel::Email(email) => {
                (email.templates.as_slice(), template_check::mails(&email.templates))
            }
            Channel::Webhook(webhook) => match &webhook.format {
                Format::Own(body) => {
                    (std::slice::from_ref(&body.template), Ok(template_check::body(body)))
                }
                _ => continue,
            },
        };
        match faults {
            Ok(faults) => {
                problems.extend(faults.into_iter().map(|fault| problem(fault, templates, files)));
            }
            Err(error) => {
                let message = format!("cannot render the mails of `{id}`: {error:#}");
                problems.push(Problem::error(Place::default(), message));
            }
        }
    }
    problems
}

fn problem(fault: Fault, templates: &[Template], files: &mut Files) -> Problem {
    let text = templates.iter().find(|template| template.path == fault.path);
    let text = text.map_or("", |template| template.text.as_str());
    let known = files.iter().position(|(path, _)| path == fault.path);
    let file = known.unwrap_or_else(|| files.add_template(fault.path, text.to_owned()));
    let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let line_start = line_starts.clone().nth(fault.line.saturating_sub(1));
    let (offset, length) = match line_start {
        Some(start) if fault.range.is_empty() => (start, 0),
        _ => (fault.range.start, fault.range.len()),
    };
    let before = text.get(..offset).unwrap_or_default();
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Problem::error(Place { file, line: fault.line, column, offset, length }, fault.message)
}
