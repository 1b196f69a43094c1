//! Files of a folder, and what of them is asked.

use tokio::fs;

use crate::csv::{Folder, Sheet, beneath::FileBeneath, sheet};
use crate::{
    charset,
    question::Question,
    reading_worker::{aside, read_aside},
    table::Table,
    unpack,
};
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
        let (folder, name) = (self.path.clone(), sheet.file.fill(question.window));
        let file_bytes_max = self.file_bytes_max;
        // A share that hangs keeps nobody but this thread.
        let read = aside(move || FileBeneath::open(&folder, &name)?.read(file_bytes_max));
        let bytes = read.await??;
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
}
