//! Texts in the encodings that programs write, as UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// The text without its byte order mark, which says more surely than anybody else how it is
/// encoded. What claims to be UTF-8 is not looked at.
pub(crate) fn utf8<'b>(
    bytes: &'b [u8],
    encoding: &'static Encoding,
) -> Result<Cow<'b, [u8]>, String> {
    let (encoding, mark_bytes) = Encoding::for_bom(bytes).unwrap_or((encoding, 0));
    let bytes = &bytes[mark_bytes..];
    if encoding == UTF_8 {
        return Ok(Cow::Borrowed(bytes));
    }
    match encoding.decode_without_bom_handling(bytes) {
        (text, false) => Ok(Cow::Owned(text.into_owned().into_bytes())),
        (_, true) => Err(format!("is not {}; check `encoding`", encoding.name())),
    }
}

/// What the `charset` of a media type names, if it names any.
pub(crate) fn of_media(media: &str) -> Option<Result<&'static Encoding, String>> {
    let named = media.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })?;
    let found = Encoding::for_label(named.as_bytes());
    Some(found.ok_or_else(|| {
        format!("came in the charset `{named}`, which nobody knows; name its `encoding`")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_may_name_its_charset() {
        for (media, expected) in [
            ("text/csv", None),
            ("text/csv; charset=utf-8", Some(Ok("UTF-8"))),
            ("text/csv;header=present; Charset=\"ISO-8859-1\"", Some(Ok("windows-1252"))),
            ("text/csv; charset=klingon", Some(Err("`klingon`"))),
        ] {
            match (of_media(media), expected) {
                (None, None) => {}
                (Some(Ok(found)), Some(Ok(name))) => assert_eq!(found.name(), name),
                (Some(Err(words)), Some(Err(part))) => assert!(words.contains(part), "{words}"),
                (found, _) => panic!("{media}: {found:?}"),
            }
        }
    }
}
