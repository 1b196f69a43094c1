//! Secrets: where they are kept, and the only place that reads the environment.

use std::{fs, path::Path};

use secrecy::SecretString;

use crate::config::document::scalar::SecretDoc;

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

/// Reads a secret; the message names where it should have been, never what it is.
pub(super) fn read(doc: &SecretDoc, folder: &Path) -> Result<SecretString, String> {
    match doc {
        SecretDoc::Text(text) => Ok(text.clone().into()),
        SecretDoc::Env(name) => variable(name)
            .map(SecretString::from)
            .ok_or_else(|| format!("the environment variable `{name}` is not set")),
        SecretDoc::File(path) => file(&folder.join(path)),
        SecretDoc::Credential(name) => match variable(CREDENTIALS_FOLDER) {
            Some(credentials) => file(&Path::new(&credentials).join(name)),
            None => Err(format!(
                "the credential `{name}` is not there: ${CREDENTIALS_FOLDER} is not set; the service \
                 finds it as /etc/credstore/{name} (the packaged unit imports names that begin with \
                 `kpid.`); in a terminal: \
                 systemd-run --pipe --wait -p ImportCredential={name} kpid …"
            )),
        },
    }
}

/// Who is logged in, as far as the environment says; of whoever became somebody else, who it was.
pub(crate) fn login() -> Option<String> {
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(variable)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A file's text without the line end that editors add.
fn file(path: &Path) -> Result<SecretString, String> {
    let told =
        |error: std::io::Error| format!("cannot read the secret {}: {error}", path.display());
    let size = fs::metadata(path).map_err(told)?.len();
    if size > SECRET_BYTES_MAX {
        return Err(format!("{} is no secret: {size} bytes", path.display()));
    }
    let text = fs::read_to_string(path).map_err(told)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(text.strip_suffix('\r').unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

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
        let message = |doc| read(&doc, folder.path()).unwrap_err();
        assert!(message(SecretDoc::File("nowhere".into())).contains("nowhere"));
        assert!(message(SecretDoc::Env("KPID_NO_SUCH".into())).contains("KPID_NO_SUCH"));
        let told = message(SecretDoc::Credential("kpid.erp".into()));
        assert!(told.contains("the service finds it as /etc/credstore/kpid.erp"), "{told}");
        assert!(told.contains("-p ImportCredential=kpid.erp kpid"), "{told}");
    }

    #[test]
    fn a_secret_is_never_in_debug_output() {
        assert!(!format!("{:?}", SecretDoc::Text("hush".into())).contains("hush"));
    }
}
