//! Paths into JSON, as their author writes them.

use serde_json_path::JsonPath;

use crate::{parse_context::ParseContext, problem::Problem, yaml::located::Loc};
use kpid_sources::http::matches;

/// A JSONPath, or where it is wrong.
pub(crate) fn json_path(context: &mut ParseContext, doc: &Loc<String>) -> Option<JsonPath> {
    let text = doc.value.as_deref()?;
    context.without_period(doc.place, text, "a JSONPath")?;
    match JsonPath::parse(text) {
        Ok(path) => {
            if let Some(trouble) = matches::trouble(&path) {
                let hint = "name the steps on the way instead";
                context.problems.push(Problem::error(doc.place, trouble).hint(hint));
            } else if matches::descends_twice(&path) {
                let message =
                    format!("`{text}` has more than one `..`, so one entry may match often");
                let hint = "name the steps on the way instead";
                context.problems.push(Problem::warning(doc.place, message).hint(hint));
            }
            Some(path)
        }
        Err(error) => {
            let place = doc.place.within(error.position(), text);
            let message = format!("`{text}` is not a valid JSONPath");
            let hint = if text.starts_with('$') {
                "write one such as $.result.score".to_owned()
            } else {
                format!("a JSONPath begins with `$`; did you mean `$.{text}`?")
            };
            context.problems.push(Problem::error(place, message).hint(hint));
            None
        }
    }
}
