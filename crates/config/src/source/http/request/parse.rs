//! What is asked of an HTTP API, parsed, whoever reads the answer.

use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use serde_json_path::JsonPath;

use crate::{
    parse_context::{ParseContext, given},
    problem::{Place as At, Problem},
    source::{
        conditions, csv,
        http::request::{
            document::{FormatDoc, RequestDoc},
            paging,
        },
        json_path::json_path,
    },
    yaml::{
        located::{Entries, Loc},
        scalar::{FieldDoc, SecretDoc},
    },
};
use kpid_sources::{
    http::{Field, Format, HttpRequest, Kept, Sent, Template, promql},
    rows::condition::Condition,
    wording::Wording,
};

/// What is asked; mistakes that have no place of their own are told at `place`.
pub(crate) fn request(
    context: &mut ParseContext,
    doc: &RequestDoc,
    place: At,
) -> Option<HttpRequest> {
    let mut secrets = Vec::new();
    let (method, path, sent) = match (&doc.get, &doc.post, &doc.path, &doc.promql) {
        (Some(get), None, None, None) => {
            (Some(Method::GET), template(context, get), sent_by_get(context, doc))
        }
        (None, Some(post), None, None) => {
            (Some(Method::POST), template(context, post), sent(context, doc, place, &mut secrets))
        }
        (None, None, Some(path), None) => (
            method(context, doc, path.place),
            template(context, path),
            sent(context, doc, place, &mut secrets),
        ),
        (None, None, None, Some(promql)) => {
            let path = Template::parse(promql::PATH).ok();
            (Some(Method::GET), path, sent_by_promql(context, doc, promql))
        }
        _ => {
            let message = "an HTTP request needs exactly one of `get`, `post`, `promql`, and `path` with \
                           `method`";
            context.error(place, message);
            return None;
        }
    };
    if let Some(stray) = doc.method.as_ref().filter(|_| doc.path.is_none()) {
        context.error(
            stray.place,
            "`method` requires `path`; write that instead of `get`, `post` or `promql`",
        );
        return None;
    }
    let format = format(context, doc, place);
    let encoding = match &doc.encoding {
        None => None,
        Some(written) => Some(csv::parse::encoding(context, Some(written))?),
    };
    let is_json_sent = matches!(sent, Some(Sent::Json(_) | Sent::GraphQl { .. }));
    let pages = match &doc.pages {
        None => None,
        Some(pages) => Some(paging::pages(context, pages, is_json_sent)?),
    };
    let last_page = at_paths(context, "last_page", &doc.last_page)?;
    if let Some(last_page) = doc.last_page.as_ref().filter(|_| pages.is_none()) {
        context.error(last_page.place, "`last_page` requires `pages`");
    }
    let require = at_paths(context, "require", &doc.require)?;
    if let Some(require) = doc.require.as_ref().filter(|_| format != Some(Format::Json)) {
        context.error(require.place, "`require` requires JSON");
    }
    let statuses = statuses(context, &doc.accept_status)?;
    if let Some(pages) = doc.pages.as_ref().filter(|_| format.is_some_and(|at| at != Format::Json))
    {
        context.error(pages.place, "`pages` requires JSON");
    }
    let headers = headers(context, given(doc.headers.as_ref()));
    Some(HttpRequest {
        method: method?,
        path: path?,
        sent: sent?,
        headers,
        secrets,
        pages,
        last_page,
        require,
        statuses,
        format: format?,
        encoding,
    })
}

/// Conditions on places of an answer.
fn at_paths(
    context: &mut ParseContext,
    key: &str,
    doc: &Option<Loc<Value>>,
) -> Option<Vec<(JsonPath, Condition)>> {
    let place = doc.as_ref().map(|doc| doc.place);
    let mut found = Vec::new();
    for (path, condition) in conditions::conditions(context, key, doc)? {
        let path = Loc { place: place?, value: Some(path) };
        found.push((json_path(context, &path)?, condition));
    }
    Some(found)
}

/// Statuses of errors that are answers of this API.
fn statuses(context: &mut ParseContext, doc: &Option<Loc<Vec<Loc<u16>>>>) -> Option<Vec<u16>> {
    let mut found = Vec::new();
    for status in given(doc.as_ref()).into_iter().flatten() {
        let code = status.value?;
        // 202 and 206 are no whole answers; who is not known or asks too much has none.
        let is_answer = (300..600).contains(&code) || code == 203 || code == 207;
        if !is_answer || [401, 407, 429].contains(&code) || (300..400).contains(&code) {
            let message = format!(
                "an answer with status {code} is never read as figures; name one such as 404"
            );
            context.error(status.place, message);
            return None;
        }
        found.push(code);
    }
    Some(found)
}

/// By what a `path` is asked; what can bring no figure is refused.
fn method(context: &mut ParseContext, doc: &RequestDoc, path: At) -> Option<Method> {
    let Some(written) = &doc.method else {
        let problem = Problem::error(path, "`path` requires `method`");
        context
            .problems
            .push(problem.hint("write one such as `method: SEARCH`, or use `get` or `post`"));
        return None;
    };
    let text = written.value.as_deref()?;
    let method = match Method::from_bytes(text.to_ascii_uppercase().as_bytes()) {
        Ok(Method::HEAD) => Err("the answer to HEAD has no body, so it has no figure".to_owned()),
        Ok(Method::CONNECT | Method::TRACE) => {
            Err(format!("`{text}` does not ask for data; write a method such as SEARCH"))
        }
        Ok(method) => Ok(method),
        Err(_) => Err(format!("`{text}` is not a valid HTTP method; write one such as SEARCH")),
    };
    context.checked(written.place, method)
}

fn template(context: &mut ParseContext, doc: &Loc<String>) -> Option<Template> {
    let path = doc.value.as_deref().map(Template::parse)?;
    context.checked(doc.place, path)
}

fn format(context: &mut ParseContext, doc: &RequestDoc, place: At) -> Option<Format> {
    let signs = csv::parse::Signs {
        delimiter: doc.delimiter.as_ref(),
        decimal: doc.decimal.as_ref(),
        thousands: doc.thousands.as_ref(),
    };
    let written = given(doc.format.as_ref()).copied().unwrap_or(FormatDoc::Json);
    let sign = [signs.delimiter, signs.decimal, signs.thousands].into_iter().flatten().next();
    if let Some(sign) = sign.filter(|_| written != FormatDoc::Csv) {
        context.error(sign.place, "this key is only for CSV; add `format: csv`");
    }
    Some(match written {
        FormatDoc::Json => Format::Json,
        // Read as UTF-8 once it has been decoded.
        FormatDoc::Csv => {
            Format::Csv(csv::parse::dialect(context, &signs, place, encoding_rs::UTF_8)?)
        }
        FormatDoc::Prometheus => Format::Prometheus,
    })
}

fn bodies(doc: &RequestDoc) -> Option<At> {
    let bodies = [
        doc.json.as_ref().map(|doc| doc.place),
        doc.form.as_ref().map(|doc| doc.place),
        doc.graphql.as_ref().map(|doc| doc.place),
        doc.body.as_ref().map(|doc| doc.place),
        doc.content_type.as_ref().map(|doc| doc.place),
    ];
    bodies.into_iter().flatten().next()
}

fn sent_by_get(context: &mut ParseContext, doc: &RequestDoc) -> Option<Sent> {
    if let Some(place) = bodies(doc) {
        let message = "`get` sends no body; use `post`, or `path` with `method: GET`";
        context.error(place, message);
        return None;
    }
    Some(Sent::Nothing)
}

fn sent_by_promql(
    context: &mut ParseContext,
    doc: &RequestDoc,
    words: &Loc<String>,
) -> Option<Sent> {
    let others =
        [doc.format.as_ref().map(|doc| doc.place), doc.pages.as_ref().map(|doc| doc.place)];
    if let Some(place) = bodies(doc).or(others.into_iter().flatten().next()) {
        context.error(place, "`promql` defines the whole request and its answer; remove this");
        return None;
    }
    let text = words.value.clone()?;
    unfolded(context, words.place, &text)?;
    context.without_period(
        words.place,
        &text,
        "PromQL, which is evaluated at the end of the period",
    )?;
    Some(Sent::PromQl(text))
}

/// A query in which no comment hides the rest of it, as one does when YAML folds all lines into one.
fn unfolded(context: &mut ParseContext, place: At, text: &str) -> Option<()> {
    let mut quote = None;
    let comment = text.char_indices().find(|(_, c)| {
        match (quote, c) {
            (Some(open), c) if open == *c => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(*c),
            (None, '#') => return true,
            _ => {}
        }
        false
    });
    let Some((at, _)) = comment else { return Some(()) };
    let is_empty = text[at..].trim_matches(['#', ' ', '\n']).is_empty();
    if text.trim_end().contains('\n') || is_empty {
        return Some(());
    }
    let message = "this comment runs to the end of the query, and hides the rest of it";
    let hint = "YAML folds the lines of `>` and of plain text into one: write the query below `|`, or \
                leave the comment out";
    context.problems.push(Problem::error(place, message).hint(hint));
    None
}

fn sent(
    context: &mut ParseContext,
    doc: &RequestDoc,
    place: At,
    secrets: &mut Vec<Kept>,
) -> Option<Sent> {
    if let Some(stray) = doc.content_type.as_ref().filter(|_| doc.body.is_none()) {
        let message = "`content_type` requires `body`; for anything else write it in `headers`";
        context.error(stray.place, message);
        return None;
    }
    match (&doc.graphql, &doc.json, &doc.form, &doc.body) {
        (Some(query), json, None, None) => {
            let variables = match json {
                None => json!({}),
                Some(json) => worded(context, json, secrets)?,
            };
            let text = query.value.clone()?;
            unfolded(context, query.place, &text)?;
            let what = "a GraphQL query; use it in the variables, in `json`";
            context.without_period(query.place, &text, what)?;
            Some(Sent::GraphQl { query: text, variables })
        }
        (None, Some(json), None, None) => worded(context, json, secrets).map(Sent::Json),
        (None, None, Some(form), None) => {
            let fields = form.value.iter().flat_map(|form| form.iter());
            let fields = fields.filter_map(|(name, place, doc)| {
                Some((name.to_owned(), field(context, place, doc)?))
            });
            Some(Sent::Form(fields.collect()))
        }
        (None, None, None, Some(body)) => text(context, body, doc.content_type.as_ref()),
        (None, None, None, None) => Some(Sent::Nothing),
        _ => {
            context
                .error(place, "a request sends only one of `json`, `form`, `graphql` and `body`");
            None
        }
    }
}

/// A text as it is written, and what it is written in.
fn text(
    context: &mut ParseContext,
    body: &Loc<String>,
    media: Option<&Loc<String>>,
) -> Option<Sent> {
    let words = context.checked(body.place, Wording::parse(body.value.as_deref()?));
    let media = match media {
        None => None,
        Some(media) => {
            let text = media.value.as_deref()?;
            let read = HeaderValue::from_str(text);
            let read = read.map_err(|_| format!("`{text}` is not a valid content type"));
            Some(context.checked(media.place, read)?)
        }
    };
    Some(Sent::Text { words: words?, media })
}

/// The key of an object in JSON that stands for a secret, and says where it is kept.
fn kept(map: &serde_json::Map<String, Value>) -> Option<SecretDoc> {
    let (key, Value::String(name)) = map.iter().next().filter(|_| map.len() == 1)? else {
        return None;
    };
    match key.as_str() {
        "env" => Some(SecretDoc::Env(name.clone())),
        "file" => Some(SecretDoc::File(name.clone())),
        "credential" => Some(SecretDoc::Credential(name.clone())),
        _ => None,
    }
}

/// JSON whose texts are all wordings, and the secrets that stand in it.
fn worded(context: &mut ParseContext, doc: &Loc<Value>, secrets: &mut Vec<Kept>) -> Option<Value> {
    let value = doc.value.clone()?;
    let mut open = vec![&value];
    while let Some(node) = open.pop() {
        match node {
            Value::String(text) => {
                without_variable(context, doc.place, text)?;
                context.checked(doc.place, Wording::parse(text))?;
            }
            Value::Array(list) => open.extend(list),
            Value::Object(map) => match kept(map) {
                Some(at) => {
                    let secret = context.secret(&Loc { place: doc.place, value: Some(at) })?;
                    secrets.push(Kept { at: node.to_string(), secret });
                }
                None => open.extend(map.values()),
            },
            _ => {}
        }
    }
    Some(value)
}

/// A text that is not the name of a variable, as shells write it.
fn without_variable(context: &mut ParseContext, place: At, text: &str) -> Option<()> {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let Some(name) = text.strip_prefix('$').filter(|name| name.len() > 1) else { return Some(()) };
    if !name.chars().all(is_of_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(());
    }
    let message = format!("`{text}` would be sent as it stands; no variable is put in its place");
    let hint = format!("write {{ env: {name} }}");
    context.problems.push(Problem::error(place, message).hint(hint));
    None
}

/// A text in which the window stands, or a secret.
fn field(context: &mut ParseContext, place: At, doc: &FieldDoc) -> Option<Field> {
    let at = match doc {
        FieldDoc::Text(text) => {
            without_variable(context, place, text)?;
            return context.checked(place, Wording::parse(text)).map(Field::Words);
        }
        FieldDoc::Env(name) => json!({ "env": name }),
        FieldDoc::File(path) => json!({ "file": path }),
        FieldDoc::Credential(name) => json!({ "credential": name }),
    };
    let secret = context.secret(&Loc { place, value: doc.secret() })?;
    Some(Field::Kept(Kept { at: at.to_string(), secret }))
}

fn headers(
    context: &mut ParseContext,
    docs: Option<&Entries<FieldDoc>>,
) -> Vec<(HeaderName, Field)> {
    let docs = docs.into_iter().flat_map(|docs| docs.iter());
    let header = |(name, place, doc): (&str, At, &FieldDoc)| {
        let field = field(context, place, doc);
        Some((context.header_name(name, place)?, field?))
    };
    docs.filter_map(header).collect()
}
