//! Reads files: bounded in size, and only when nobody writes them meanwhile.

use std::{fs::Metadata, io, path::Path};

use tokio::{
    fs::{self, File},
    io::AsyncReadExt,
};

use crate::csv::{Folder, Sheet, sheet};
use crate::{charset, question::Question, reading_worker::read_aside, table::Table, unpack};
use kpid_os_error::in_words;

impl Folder {
    /// What is asked, for messages.
    pub(crate) fn describe(&self, sheet: &Sheet, question: &Question<'_>) -> String {
        format!("`{}`", sheet.file.fill(question.window))
    }

    /// Reads a file, and takes its rows out.
    pub(crate) async fn table(
        &self,
        sheet: &Sheet,
        question: &Question<'_>,
    ) -> Result<Table, String> {
        let path = self.path.join(sheet.file.fill(question.window));
        let bytes = self.read(&path).await?;
        let bytes = unpack::unpacked_aside(bytes, self.file_bytes_max).await?;
        let (dialect, rows_max) = (self.dialect, self.rows_max);
        let (rows, window) = (sheet.rows.clone(), question.window.clone());
        let (calendar, frequency, now) =
            (question.calendar.clone(), question.frequency, question.now);
        let read = read_aside(bytes.len(), move || {
            let bytes = charset::utf8(&bytes, dialect.encoding)?;
            let question = Question { window: &window, frequency, calendar: &calendar, now };
            sheet::table(&bytes, dialect, rows_max, &rows, &question)
        });
        read.await?
    }

    /// Whether the folder is there.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        match fs::read_dir(&self.path).await {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("cannot read {}: {}", self.path.display(), in_words(&error))),
        }
    }

    async fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let told =
            |error: io::Error| format!("cannot read {}: {}", path.display(), in_words(&error));
        let before = fs::metadata(path).await.map_err(told)?;
        // A pipe would be waited for, and a device has no end.
        if !before.is_file() {
            return Err(format!("{} is not a file; name a file of CSV", path.display()));
        }
        let mut file = File::open(path).await.map_err(told)?;
        let mut bytes = Vec::new();
        // One byte over tells that there is more.
        let bytes_max = self.file_bytes_max;
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        (&mut file).take(limit).read_to_end(&mut bytes).await.map_err(told)?;
        if bytes.len() > bytes_max {
            return Err(format!(
                "has more than {bytes_max} bytes, the most that is read of a file; split it, or \
                 raise `max_bytes`"
            ));
        }
        let after = file.metadata().await.map_err(told)?;
        if is_same(&before, &after) {
            Ok(bytes)
        } else {
            Err("was written while it was read; write it under another name and rename it when \
                 it is whole"
                .to_owned())
        }
    }
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len() && before.modified().ok() == after.modified().ok()
}
