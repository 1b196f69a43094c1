//! Mails as `.eml` files in a folder.

use std::path::Path;

use anyhow::Context;
use kpid_os_error::InWords;
use tokio::{fs, io::AsyncWriteExt};
use uuid::Uuid;

/// Makes the folder if it is not there: its owner's alone, for mails have links that acknowledge.
pub(crate) async fn make(folder: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .await
        .in_words()
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Writes a mail. The file is written beside and renamed, so that a reader never sees half a mail; a
/// repetition replaces the first, it does not double it.
pub(crate) async fn write(folder: &Path, id: Uuid, mail: &[u8]) -> anyhow::Result<()> {
    make(folder).await?;
    let (draft, path) = (folder.join(format!(".{id}.tmp")), folder.join(format!("{id}.eml")));
    let written = async {
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&draft).await?;
        file.write_all(mail).await?;
        file.sync_all().await?;
        fs::rename(&draft, &path).await
    };
    written.await.in_words().with_context(|| format!("cannot write {}", path.display()))
}
