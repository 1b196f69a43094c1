//! Commands, parsed.

use crate::{
    parse_context::{ParseContext, given},
    problem::Place,
    source::{
        command::document::{CommandDoc, CommandSourceDoc},
        date_formats::formats,
        figure_columns::columns,
        limits::{BODY_BYTES, bytes_max, concurrent_max, timeout},
    },
    yaml::located::{Entries, Loc},
};
use kpid_sources::{
    Connection, Request,
    command::{Commands, Run},
    wording::Wording,
};

pub(crate) fn connection(context: &mut ParseContext, doc: &CommandDoc) -> Option<Connection> {
    let folder = match given(doc.folder.as_ref()) {
        None => context.folder.clone(),
        Some(written) => context.folder.join(written),
    };
    if let Some(doc) = &doc.folder {
        context.folder_of_source(&folder, doc.place);
    }
    let mut environment = Vec::new();
    for (name, value) in variables(context, doc.environment.as_ref()) {
        let text = value.value.clone()?;
        context.without_period(
            value.place,
            &text,
            "`environment`; use it in an argument of `run`",
        )?;
        environment.push((name, text));
    }
    let mut secrets = Vec::new();
    for (name, secret) in variables(context, doc.secrets.as_ref()) {
        secrets.push((name, context.secret(secret)?));
    }
    let concurrent = concurrent_max(context, &doc.max_concurrent);
    Some(Connection::Command(Commands {
        folder,
        environment,
        secrets,
        timeout: timeout(context, &doc.timeout),
        concurrent_max: usize::try_from(concurrent).unwrap_or(usize::MAX),
        output_bytes_max: bytes_max(context, &doc.max_bytes, BODY_BYTES),
    }))
}

pub(crate) fn request(context: &mut ParseContext, doc: &CommandSourceDoc) -> Option<Request> {
    let words = doc.run.value.as_ref()?;
    let Some((program, arguments)) = words.split_first() else {
        context.error(doc.run.place, "`run` is empty; write [program, argument, …]");
        return None;
    };
    let program = program.value.clone()?;
    if program.is_empty() || program.contains(char::is_whitespace) {
        let message = format!(
            "`{program}` is not the name of a program; no shell reads `run`, so write each argument as an item"
        );
        context.error(doc.run.place, message);
        return None;
    }
    let mut said = Vec::new();
    for argument in arguments {
        let wording = Wording::parse(argument.value.as_deref()?);
        said.push(context.checked(argument.place, wording)?);
    }
    let figure = columns(context, doc.run.place, &doc.value, &doc.numerator, &doc.denominator)?;
    let formats = formats(context, &doc.period_format, &doc.observed_at_format)?;
    Some(Request::Command(Box::new(Run { program, arguments: said, figure, formats })))
}

/// Variables whose names can be names of variables.
fn variables<'d, T>(
    context: &mut ParseContext,
    docs: Option<&'d Loc<Entries<T>>>,
) -> Vec<(String, &'d Loc<T>)> {
    let entries = given(docs).into_iter().flat_map(|entries| &entries.0);
    let named = entries.filter_map(|(key, value)| Some((key.value.as_deref()?, key.place, value)));
    named
        .filter_map(|(name, place, value)| Some((variable(context, name, place)?, value)))
        .collect()
}

fn variable(context: &mut ParseContext, name: &str, place: Place) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = name.bytes().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit());
    let message = format!("`{name}` is not a valid variable name; use letters, digits and _");
    context.checked(
        place,
        if is_name && !name.is_empty() { Ok(name.to_owned()) } else { Err(message) },
    )
}
