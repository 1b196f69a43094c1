//! What a request sends along: headers, and a body in which the window and secrets stand.

use reqwest::{
    RequestBuilder,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::http::{Field, Format, HttpRequest, Kept, Sent, pages::PageTurn};
use crate::{question::Window, wording::Wording};

/// What a body of the author's own is written in, unless he says so.
const TEXT: &str = "text/plain; charset=utf-8";

impl HttpRequest {
    /// The request with its headers, which take the place of the connection's, and its body.
    pub(crate) fn put(
        &self,
        request: RequestBuilder,
        usual: &HeaderMap,
        window: &Window,
        turn: &PageTurn,
    ) -> Result<RequestBuilder, String> {
        let mut headers = usual.clone();
        // What is asked for by its format; whoever writes the header himself knows better.
        let format = HeaderValue::from_static(self.format.media());
        headers.entry(ACCEPT).or_insert(format);
        for (name, field) in &self.headers {
            headers.insert(name, header(field, window, name.as_str())?);
        }
        let request = request.headers(headers.clone());
        Ok(match &self.sent {
            Sent::Nothing | Sent::PromQl(_) => request,
            Sent::Json(body) => {
                let mut body = filled(body, window, &self.secrets);
                turn.put_into(&mut body);
                request.json(&body)
            }
            Sent::Text { words, media } => {
                let own = HeaderValue::from_static(TEXT);
                let is_said = headers.contains_key(CONTENT_TYPE);
                let media = media.clone().or((!is_said).then_some(own));
                // They take the place of others.
                let media = media.map(|media| (CONTENT_TYPE, media));
                request.headers(media.into_iter().collect()).body(words.fill(window))
            }
            Sent::Form(fields) => {
                let fields: Vec<(&str, String)> = fields
                    .iter()
                    .map(|(name, field)| (name.as_str(), field.text(window)))
                    .collect();
                request.form(&fields)
            }
            Sent::GraphQl { query, variables } => {
                let mut variables = filled(variables, window, &self.secrets);
                turn.put_into(&mut variables);
                request.json(&json!({ "query": query, "variables": variables }))
            }
        })
    }

    /// The body as a person may see it: with the place of a secret instead of it.
    pub(crate) fn body_shown(&self, window: &Window) -> Option<String> {
        match &self.sent {
            Sent::Nothing | Sent::PromQl(_) => None,
            Sent::Json(body) => Some(filled(body, window, &[]).to_string()),
            Sent::Text { words, .. } => Some(words.fill(window)),
            Sent::Form(fields) => {
                let field = |(name, field): &(String, Field)| match field {
                    Field::Words(words) => format!("{name}={}", words.fill(window)),
                    Field::Kept(kept) => format!("{name}={}", kept.at),
                };
                Some(fields.iter().map(field).collect::<Vec<_>>().join("&"))
            }
            Sent::GraphQl { query, variables } => {
                Some(format!("{query} with {}", filled(variables, window, &[])))
            }
        }
    }
}

impl Format {
    /// What is accepted as an answer; anything else is better than none.
    fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json, */*;q=0.5",
            Self::Csv(_) => "text/csv, */*;q=0.5",
            Self::Prometheus => {
                "application/openmetrics-text;version=1.0.0, text/plain;q=0.9, */*;q=0.5"
            }
        }
    }
}

impl Field {
    fn text(&self, window: &Window) -> String {
        match self {
            Self::Words(words) => words.fill(window),
            Self::Kept(kept) => kept.secret.expose_secret().to_owned(),
        }
    }
}

fn header(field: &Field, window: &Window, name: &str) -> Result<HeaderValue, String> {
    let value = HeaderValue::from_str(&field.text(window));
    let mut value = value.map_err(|_| format!("has a value that no header may have: `{name}`"))?;
    value.set_sensitive(matches!(field, Field::Kept(_)));
    Ok(value)
}

/// The same JSON with the window in its texts, and the secrets in their places.
fn filled(value: &Value, window: &Window, secrets: &[Kept]) -> Value {
    match value {
        // Checked when it was read: a text that is no wording stays as it is.
        Value::String(text) => match Wording::parse(text) {
            Ok(words) => Value::String(words.fill(window)),
            Err(_) => value.clone(),
        },
        Value::Array(list) => list.iter().map(|value| filled(value, window, secrets)).collect(),
        Value::Object(map) => {
            let at = value.to_string();
            if let Some(kept) = secrets.iter().find(|kept| kept.at == at) {
                return Value::String(kept.secret.expose_secret().to_owned());
            }
            map.iter().map(|(key, value)| (key.clone(), filled(value, window, secrets))).collect()
        }
        other => other.clone(),
    }
}
