//! Templates of messages, read from their files.

use std::{fs, path::Path};

use crate::{
    parse_context::ParseContext,
    problem::{Problem, suggestion},
    yaml::located::Loc,
};
use kpid_message::{template::Template, template_check};
use kpid_os_error::in_words;

/// A longer one is no template of a message.
const TEMPLATE_BYTES_MAX: u64 = 256 << 10;

/// What ends the name of a template's file.
const ENDING: &str = ".j2";

/// What begins the name of a template that only others include.
const INCLUDED: char = '_';

/// What a body is sent as, unless its channel says otherwise.
const CONTENT_TYPE: &str = "application/json";

/// The templates of a folder.
pub(crate) fn folder(context: &mut ParseContext, doc: &Loc<String>) -> Vec<Template> {
    let Some(text) = doc.value.as_deref() else { return Vec::new() };
    let folder = context.folder.join(text);
    let hint = "`kpid notify --templates DIR` writes the built-in ones into a folder";
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message =
                format!("cannot read the templates in {}: {}", folder.display(), in_words(&error));
            context.problems.push(Problem::error(doc.place, message).hint(hint));
            return Vec::new();
        }
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ENDING)).collect();
    names.sort();
    if names.is_empty() {
        let message = format!("there is no template in {}", folder.display());
        context.problems.push(Problem::warning(doc.place, message).hint(hint));
    }
    let known: Vec<String> = template_check::built_in().map(|(name, _)| name).collect();
    let mut templates = Vec::new();
    for name in names {
        if !known.contains(&name) && !name.starts_with(INCLUDED) {
            let message = format!("no mail uses {}", folder.join(&name).display());
            let hint = suggestion(&name, known.iter().map(String::as_str));
            let all = || {
                format!(
                    "the templates are {}; names of included files begin with `_`",
                    known.join(", ")
                )
            };
            context
                .problems
                .push(Problem::error(doc.place, message).hint(hint.unwrap_or_else(all)));
            continue;
        }
        templates.extend(read(context, doc, &folder.join(&name)));
    }
    templates
}

/// The template in a file.
pub(crate) fn file(context: &mut ParseContext, doc: &Loc<String>) -> Option<Template> {
    let path = context.folder.join(doc.value.as_deref()?);
    read(context, doc, &path)
}

/// What a body of one's own is sent as.
pub(crate) fn content_type(
    context: &mut ParseContext,
    doc: Option<&Loc<String>>,
) -> Option<String> {
    let Some(doc) = doc else { return Some(CONTENT_TYPE.to_owned()) };
    let text = doc.value.as_deref()?;
    let is_good = text.contains('/') && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let message = format!(
        "`{text}` is not a valid content type; write one such as application/json or text/plain"
    );
    context.checked(doc.place, is_good.then(|| text.to_owned()).ok_or(message))
}

fn read(context: &mut ParseContext, doc: &Loc<String>, path: &Path) -> Option<Template> {
    let text = fs::metadata(path).and_then(|found| match found.len() {
        0..=TEMPLATE_BYTES_MAX => fs::read_to_string(path),
        bytes => Err(std::io::Error::other(format!(
            "{bytes} bytes; a template has at most {TEMPLATE_BYTES_MAX}"
        ))),
    });
    let told = |error: std::io::Error| {
        format!("cannot read the template {}: {}", path.display(), in_words(&error))
    };
    let text = context.checked(doc.place, text.map_err(told))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(ENDING).unwrap_or(&name).to_owned();
    Some(Template { name, path: path.to_path_buf(), text })
}
