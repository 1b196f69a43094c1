//! `pages:` of a request, parsed.

use crate::{
    parse_context::{ParseContext, given},
    problem::Place,
    source::{
        http::request::document::{CounterDoc, CursorDoc, NumberDoc, OffsetDoc, PagesDoc},
        json_path::json_path,
    },
    yaml::located::Loc,
};
use kpid_sources::http::{PagePlace, Pages};

/// How further pages are found; `is_json_sent` says whether a key of what is sent can ask for them.
pub(crate) fn pages(
    context: &mut ParseContext,
    written: &Loc<PagesDoc>,
    is_json_sent: bool,
) -> Option<Pages> {
    let mut place = |parameter: &Option<Loc<String>>, variable: &Option<Loc<String>>| {
        page_place(context, written.place, parameter, variable, is_json_sent)
    };
    Some(match written.value.as_ref()? {
        PagesDoc::LinkHeader => Pages::LinkHeader,
        PagesDoc::Next(path) => Pages::Next(json_path(context, path)?),
        PagesDoc::Number(number) => match number.value.as_ref()? {
            NumberDoc::Text(parameter) => {
                Pages::Number { at: PagePlace::Parameter(parameter.clone()), from: 1 }
            }
            NumberDoc::Map(CounterDoc { parameter, variable, from }) => Pages::Number {
                at: place(parameter, variable)?,
                from: given(from.as_ref()).copied().unwrap_or(1),
            },
        },
        PagesDoc::Offset(OffsetDoc { parameter, variable, from, limit }) => {
            let at = place(parameter, variable)?;
            if let Some(limit) = limit.as_ref().filter(|limit| limit.value == Some(0)) {
                context.error(limit.place, "`limit` must be at least 1");
                return None;
            }
            let from = given(from.as_ref()).copied().unwrap_or(0);
            Pages::Offset { at, from, limit: given(limit.as_ref()).copied() }
        }
        PagesDoc::Cursor(CursorDoc { path, parameter, variable }) => {
            let at = place(parameter, variable)?;
            Pages::Cursor { path: json_path(context, path)?, at }
        }
    })
}

/// What takes the number or cursor of a page.
fn page_place(
    context: &mut ParseContext,
    place: Place,
    parameter: &Option<Loc<String>>,
    variable: &Option<Loc<String>>,
    is_json_sent: bool,
) -> Option<PagePlace> {
    match (parameter, variable) {
        (Some(parameter), None) => parameter.value.clone().map(PagePlace::Parameter),
        (None, Some(variable)) if is_json_sent => variable.value.clone().map(PagePlace::Variable),
        (None, Some(variable)) => {
            let message = "`variable` is a key of the JSON that is sent, and none is; write \
                           `parameter`, or send `json`";
            context.error(variable.place, message);
            None
        }
        _ => {
            context.error(place, "`pages` needs either `parameter` or `variable` for its pages");
            None
        }
    }
}
