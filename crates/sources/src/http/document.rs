//! From the bytes of an answer to a document in the format that was asked for.

use encoding_rs::{Encoding, UTF_8};
use serde_json::Value;

use crate::http::{Format, HttpRequest};
use crate::{charset, json};

/// An answer, read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Document {
    Json(Value),
    /// CSV, and how it is written; UTF-8 only if the program that wrote it says the truth.
    Csv(Vec<u8>),
    /// Samples of Prometheus.
    Text(String),
}

impl HttpRequest {
    /// The document that came as `media`; where it is none, `excerpt` says what of it is shown.
    pub(crate) fn document(
        &self,
        body: &[u8],
        media: &str,
        excerpt: impl Fn(&[u8]) -> String,
    ) -> Result<Document, String> {
        let said = charset::of_media(media);
        let encoding: &'static Encoding = match (self.encoding, said) {
            (Some(encoding), _) => encoding,
            (None, Some(said)) => said?,
            (None, None) => UTF_8,
        };
        let text = charset::utf8(body, encoding)?;
        if text.is_empty() && self.format != Format::Prometheus {
            let noun = self.format.noun();
            return Err(format!("came with an empty body ({media}) where {noun} is expected"));
        }
        match self.format {
            Format::Json => json::parse(utf8(&text, media)?).map(Document::Json).map_err(|error| {
                let trouble = if error.is_data() { "is ambiguous" } else { "is not JSON" };
                format!("came with {media} that {trouble} ({error}): \"{}\"", excerpt(&text))
            }),
            // Some say that a page to log in is what was asked for.
            Format::Csv(_) if is_page(&text) => {
                Err(format!("came with {media}, a web page and not CSV: \"{}\"", excerpt(&text)))
            }
            Format::Csv(_) => Ok(Document::Csv(text.into_owned())),
            Format::Prometheus => {
                let text = utf8(&text, media)?;
                let is_open = media.starts_with("application/openmetrics-text");
                if is_open && !text.trim_end().ends_with("# EOF") {
                    return Err("ends without `# EOF`: it was cut off on its way".to_owned());
                }
                Ok(Document::Text(text.to_owned()))
            }
        }
    }
}

impl Format {
    fn noun(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Csv(_) => "CSV",
            Self::Prometheus => "the text of Prometheus",
        }
    }
}

fn is_page(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"<")
}

fn utf8<'t>(text: &'t [u8], media: &str) -> Result<&'t str, String> {
    std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        format!("came with {media} that is not UTF-8 at byte {at}; name its `encoding`")
    })
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use serde_json::json;

    use super::*;
    use crate::{
        csv::CsvDialect,
        http::{Sent, Template},
    };

    fn read(
        format: Format,
        encoding: Option<&'static Encoding>,
        body: &[u8],
        media: &str,
    ) -> Result<Document, String> {
        let path = Template::parse("a").unwrap();
        let (method, sent, headers, pages) = (Method::GET, Sent::Nothing, Vec::new(), None);
        let secrets = Vec::new();
        let (last_page, require, statuses) = (Vec::new(), Vec::new(), Vec::new());
        let request = HttpRequest {
            method,
            path,
            sent,
            headers,
            secrets,
            pages,
            last_page,
            require,
            statuses,
            format,
            encoding,
        };
        request.document(body, media, |text| String::from_utf8_lossy(text).into_owned())
    }

    #[test]
    fn texts_are_read_in_the_charset_they_come_in() {
        let latin = Encoding::for_label(b"windows-1252");
        let json = json!({ "a": "é" });
        for (encoding, body, media) in [
            (None, "{\"a\": \"é\"}".as_bytes(), "application/json"),
            (None, "\u{feff}{\"a\": \"é\"}".as_bytes(), "application/json"),
            (None, b"{\"a\": \"\xe9\"}", "application/json; charset=iso-8859-1"),
            (latin, b"{\"a\": \"\xe9\"}", "application/json"),
            (latin, b"{\"a\": \"\xe9\"}", "application/json; charset=utf-8"),
        ] {
            let found = read(Format::Json, encoding, body, media);
            assert_eq!(found, Ok(Document::Json(json.clone())), "{media}");
        }
    }

    #[test]
    fn what_is_no_such_document_is_told() {
        let dialect =
            CsvDialect { encoding: UTF_8, delimiter: b',', decimal: None, thousands: None };
        let (csv, metrics) = (Format::Csv(dialect), Format::Prometheus);
        for (format, body, media, part) in [
            (Format::Json, &b"{\"a\": \"\xe9\"}"[..], "application/json", "not UTF-8 at byte 7"),
            (Format::Json, b"\xe9", "application/json; charset=shift_jis", "is not Shift_JIS"),
            (Format::Json, b"{}", "application/json; charset=klingon", "the charset `klingon`"),
            (Format::Json, b"", "application/json", "empty body (application/json) where JSON"),
            (Format::Json, b"a,b", "text/csv", "text/csv that is not JSON"),
            (
                Format::Json,
                b"{\"v\":1,\"v\":2}",
                "application/json",
                "that is ambiguous (the key `v` is in one object twice at line 1 column",
            ),
            (csv, b"", "text/csv", "where CSV is expected"),
            (csv, b" <!doctype html>", "text/html", "text/html, a web page and not CSV"),
            (metrics, b"a 1\n", "application/openmetrics-text; version=1.0.0", "# EOF"),
        ] {
            let error = read(format, None, body, media).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
