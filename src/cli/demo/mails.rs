//! The mails that the demo's folder receives, and the text in them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use kpid_os_error::InWords;

/// A mail as its reader sees it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The file it is in.
    pub(crate) file: PathBuf,
    /// Whom it goes to.
    pub(crate) to: String,
    /// What it is about.
    pub(crate) subject: String,
    /// The part for people without HTML.
    pub(crate) text: String,
}

/// All mails of a folder, oldest file name first.
pub(crate) fn in_folder(folder: &Path) -> anyhow::Result<Vec<Mail>> {
    let entries =
        std::fs::read_dir(folder).in_words().with_context(|| format!("{}", folder.display()))?;
    let files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut files = files.in_words().with_context(|| format!("{}", folder.display()))?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
    files.sort();
    let read = |file: PathBuf| {
        let raw = std::fs::read_to_string(&file)
            .in_words()
            .with_context(|| format!("{}", file.display()))?;
        let raw = raw.replace("\r\n", "\n");
        let (to, subject) = (header(&raw, "To"), header(&raw, "Subject"));
        let text = text_part(&raw).with_context(|| format!("{} has no text", file.display()))?;
        Ok(Mail { to, subject, text, file })
    };
    files.into_iter().map(read).collect()
}

fn header(part: &str, name: &str) -> String {
    let head = part.split("\n\n").next().unwrap_or_default().replace("\n ", " ");
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default().to_owned()
}

/// The first `text/plain` part, decoded.
fn text_part(raw: &str) -> Option<String> {
    let boundary =
        header(raw, "Content-Type").split("boundary=\"").nth(1)?.split('"').next()?.to_owned();
    let delimiter = format!("--{boundary}");
    let mut parts = raw.split(&delimiter).skip(1).map(|part| part.trim_start());
    let part = parts.find(|part| header(part, "Content-Type").starts_with("text/plain"))?;
    let (_, body) = part.split_once("\n\n")?;
    match header(part, "Content-Transfer-Encoding").as_str() {
        "base64" => {
            let bytes = BASE64_STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
            String::from_utf8(bytes).ok().map(|text| text.replace("\r\n", "\n"))
        }
        "quoted-printable" => String::from_utf8(unquoted(body)).ok(),
        _ => Some(body.to_owned()),
    }
}

/// Quoted-printable: `=3D` is a byte, `=` at a line's end joins it to the next.
fn unquoted(body: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = match (first, after.first(), byte) {
            (b'=', Some(b'\n'), _) => &after[1..],
            (b'=', _, Some(byte)) => {
                bytes.push(byte);
                &after[2..]
            }
            _ => {
                bytes.push(first);
                after
            }
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: kpid@calder.example\nTo: ines.marlow@calder.example\nSubject: [Off track] Customer\n\
        Content-Type: multipart/alternative; \n boundary=\"kpid-1\"\n\n--kpid-1\n\
        Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
        95 =3D goal =E2=80=93 a long =\nline\n--kpid-1\nContent-Type: text/html\n\n<p>95</p>\n--kpid-1--\n";

    #[test]
    fn the_text_of_a_mail_is_found_and_decoded() {
        assert_eq!(header(MAIL, "To"), "ines.marlow@calder.example");
        assert_eq!(header(MAIL, "Subject"), "[Off track] Customer");
        assert_eq!(text_part(MAIL).as_deref(), Some("95 = goal – a long line\n"));
    }

    #[test]
    fn only_eml_files_are_mails() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.eml"), MAIL.replace('\n', "\r\n")).unwrap();
        std::fs::write(folder.path().join("2.tmp"), "half a mail").unwrap();
        let mails = in_folder(folder.path()).unwrap();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, "ines.marlow@calder.example");
    }
}
