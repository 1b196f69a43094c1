//! Secrets: where they are kept, and the only place that reads the environment.

use std::{fs, path::Path};

use secrecy::{ExposeSecret, SecretString};

use crate::yaml::scalar::SecretDoc;
use kpid_os_error::in_words;

/// A longer one is the wrong file.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// The variable by which systemd names the folder of a unit's credentials.
const CREDENTIALS_FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// Whether a secret must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// They are about to be used: one that cannot be read is an error.
    Needed,
    /// Nobody uses them: one that cannot be read is a warning, and empty.
    Unused,
}

/// Why a secret cannot be used; the sentence names where it is kept, never what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretError {
    /// It is not here; where it is used it may be.
    Missing(String),
    /// It is here, and nothing can be done with it.
    Bad(String),
}

/// Reads a secret. One that is empty or blank protects nothing, and is none.
pub(crate) fn read(doc: &SecretDoc, folder: &Path) -> Result<SecretString, SecretError> {
    let (secret, whose) = match doc {
        SecretDoc::Text(text) => (text.clone().into(), "the secret".to_owned()),
        SecretDoc::Env(name) => {
            let whose = format!("the environment variable `{name}`");
            let value =
                set(name).ok_or_else(|| SecretError::Missing(format!("{whose} is not set")))?;
            (value.into(), whose)
        }
        SecretDoc::File(path) => {
            let path = folder.join(path);
            let whose = format!("the secret {}", path.display());
            (file(&path)?, whose)
        }
        SecretDoc::Credential(name) => (credential(name)?, format!("the credential `{name}`")),
    };
    let text = secret.expose_secret();
    if text.trim().is_empty() {
        let what = if text.is_empty() { "is empty" } else { "contains only blanks" };
        return Err(SecretError::Bad(format!(
            "{whose} {what}; store the secret there, or remove the key if there is none"
        )));
    }
    if text.contains('\0') {
        return Err(SecretError::Bad(format!(
            "{whose} contains a NUL byte; store it as plain text"
        )));
    }
    Ok(secret)
}

fn credential(name: &str) -> Result<SecretString, SecretError> {
    match variable(CREDENTIALS_FOLDER) {
        Some(credentials) => file(&Path::new(&credentials).join(name)),
        None => Err(SecretError::Missing(format!(
            "the credential `{name}` is not available: ${CREDENTIALS_FOLDER} is not set; the service \
             reads it from /etc/credstore/{name} (the packaged unit imports names that begin with \
             `kpid.`); in a terminal, run: \
             systemd-run --pipe --wait -p ImportCredential={name} kpid …"
        ))),
    }
}

/// Who is logged in, as far as the environment says; of whoever became somebody else, who it was.
pub fn login() -> Option<String> {
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(variable)
}

fn variable(name: &str) -> Option<String> {
    set(name).filter(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A file's text without the line end that editors add.
fn file(path: &Path) -> Result<SecretString, SecretError> {
    let told = |error: std::io::Error| {
        let why = in_words(&error);
        SecretError::Missing(format!("cannot read the secret {}: {why}", path.display()))
    };
    let size = fs::metadata(path).map_err(told)?.len();
    if size > SECRET_BYTES_MAX {
        let words = format!("{} is too large for a secret: {size} bytes", path.display());
        return Err(SecretError::Bad(words));
    }
    let text = String::from_utf8(fs::read(path).map_err(told)?).map_err(|_| {
        SecretError::Bad(format!("the secret {} is not UTF-8; store it as text", path.display()))
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(text.strip_suffix('\r').unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_loses_only_its_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), " p@ss word \r\n").unwrap();
        let read = read(&SecretDoc::File("token".into()), folder.path()).unwrap();
        assert_eq!(read.expose_secret(), " p@ss word ");
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = |doc| match read(&doc, folder.path()) {
            Err(SecretError::Missing(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(message(SecretDoc::File("nowhere".into())).contains("nowhere"));
        assert!(message(SecretDoc::Env("KPID_NO_SUCH".into())).contains("KPID_NO_SUCH"));
        let told = message(SecretDoc::Credential("kpid.erp".into()));
        assert!(told.contains("the service reads it from /etc/credstore/kpid.erp"), "{told}");
        assert!(told.contains("-p ImportCredential=kpid.erp kpid"), "{told}");
    }

    #[test]
    fn a_secret_that_protects_nothing_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("empty", "");
        write("line", "\r\n");
        write("blanks", "   \n");
        write("nul", "p\0w\n");
        fs::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
        let file = |name: &str| SecretDoc::File(name.into());
        for (doc, said) in [
            (SecretDoc::Text(String::new()), "the secret is empty"),
            (SecretDoc::Text(" \t ".into()), "the secret contains only blanks"),
            (file("empty"), "empty is empty; store the secret there"),
            (file("line"), "line is empty; store the secret there"),
            (file("blanks"), "blanks contains only blanks"),
            (file("nul"), "nul contains a NUL byte"),
            (file("binary"), "binary is not UTF-8; store it as text"),
        ] {
            let told = read(&doc, folder.path());
            let Err(SecretError::Bad(told)) = told else { panic!("{doc:?}: {told:?}") };
            assert!(told.contains(said), "{told}");
        }
    }

    #[test]
    fn a_secret_is_never_in_debug_output() {
        assert!(!format!("{:?}", SecretDoc::Text("hush".into())).contains("hush"));
    }
}
