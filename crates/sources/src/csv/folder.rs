//! Files of a folder, and what of them is asked.

use tokio::fs;

use crate::csv::{
    Folder, Sheet,
    beneath::FileBeneath,
    records,
    workbook::{self, Limits, part::WorkbookPart},
};
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
        let is_workbook = workbook::is_workbook(&bytes);
        let bytes = match is_workbook {
            true => bytes,
            false => unpack::unpacked_aside(bytes, self.file_bytes_max).await?,
        };
        let (dialect, rows_max) = (self.dialect, self.rows_max);
        let (rows, part, window) =
            (sheet.rows.clone(), sheet.part.clone(), question.window.clone());
        let (calendar, frequency, now) =
            (question.calendar.clone(), question.frequency, question.now);
        // A few bytes of a workbook may be many.
        let size = if is_workbook { usize::MAX } else { bytes.len() };
        let read = read_aside(size, move || {
            let question = Question { window: &window, frequency, calendar: &calendar, now };
            if is_workbook {
                let limits = Limits { bytes_max: file_bytes_max, rows_max };
                return workbook::table(&bytes, dialect, limits, (&part, &rows), &question);
            }
            if part != WorkbookPart::default() {
                let told = "is no workbook, so it has no `sheet`, `range` or `table`; remove them";
                return Err(told.to_owned());
            }
            let bytes = charset::utf8(&bytes, dialect.encoding)?;
            records::table(&bytes, dialect, rows_max, &rows, &question)
        });
        Ok(read.await??.settled())
    }

    /// Whether the folder is there.
    pub(crate) async fn probe(&self) -> Result<(), String> {
        match fs::read_dir(&self.path).await {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("cannot read {}: {}", self.path.display(), in_words(&error))),
        }
    }
}
