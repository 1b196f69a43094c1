//! Commands, parsed.

use crate::{
    daemon::parse::{BODY_BYTES, bytes_max, concurrent_max, timeout},
    parse_context::{Desk, given},
    problem::Place,
    source::{
        command::document::{CommandDoc, CommandSourceDoc},
        parse::columns,
    },
    yaml::located::{Entries, Loc},
};
use kpid_sources::{
    Connection, Request,
    command::{Commands, Run},
    wording::Wording,
};

pub(crate) fn connection(desk: &mut Desk, doc: &CommandDoc) -> Option<Connection> {
    let folder = match given(doc.folder.as_ref()) {
        None => desk.folder.clone(),
        Some(written) => desk.folder.join(written),
    };
    if let Some(doc) = &doc.folder {
        desk.folder_of_source(&folder, doc.place);
    }
    let mut environment = Vec::new();
    for (name, value) in variables(desk, doc.environment.as_ref()) {
        let text = value.value.clone()?;
        desk.without_period(value.place, &text, "`environment`; write an argument of `run`")?;
        environment.push((name, text));
    }
    let mut secrets = Vec::new();
    for (name, secret) in variables(desk, doc.secrets.as_ref()) {
        secrets.push((name, desk.secret(secret)?));
    }
    let concurrent = concurrent_max(desk, &doc.max_concurrent);
    Some(Connection::Command(Commands {
        folder,
        environment,
        secrets,
        timeout: timeout(desk, &doc.timeout),
        concurrent_max: usize::try_from(concurrent).unwrap_or(usize::MAX),
        output_bytes_max: bytes_max(desk, &doc.max_bytes, BODY_BYTES),
    }))
}

pub(crate) fn request(desk: &mut Desk, doc: &CommandSourceDoc) -> Option<Request> {
    let words = doc.run.value.as_ref()?;
    let Some((program, arguments)) = words.split_first() else {
        desk.error(doc.run.place, "`run` is empty; write [program, argument, …]");
        return None;
    };
    let program = program.value.clone()?;
    if program.is_empty() || program.contains(char::is_whitespace) {
        let message = format!(
            "`{program}` is no program; no shell reads `run`, so write each argument by itself"
        );
        desk.error(doc.run.place, message);
        return None;
    }
    let mut said = Vec::new();
    for argument in arguments {
        let wording = Wording::parse(argument.value.as_deref()?);
        said.push(desk.told(argument.place, wording)?);
    }
    let figure = columns(desk, doc.run.place, &doc.value, &doc.numerator, &doc.denominator)?;
    Some(Request::Command(Run { program, arguments: said, figure }))
}

/// Variables whose names can be names of variables.
fn variables<'d, T>(
    desk: &mut Desk,
    docs: Option<&'d Loc<Entries<T>>>,
) -> Vec<(String, &'d Loc<T>)> {
    let entries = given(docs).into_iter().flat_map(|entries| &entries.0);
    let named = entries.filter_map(|(key, value)| Some((key.value.as_deref()?, key.place, value)));
    named.filter_map(|(name, place, value)| Some((variable(desk, name, place)?, value))).collect()
}

fn variable(desk: &mut Desk, name: &str, place: Place) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = name.bytes().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit());
    let message = format!("`{name}` is no name of a variable; write letters, digits and _");
    desk.told(place, if is_name && !name.is_empty() { Ok(name.to_owned()) } else { Err(message) })
}
