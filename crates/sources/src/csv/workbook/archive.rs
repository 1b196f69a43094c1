//! The archive that a spreadsheet is: what is in it, and that it is no more than is read.

use std::io::{self, Cursor, Read};

use zip::{ZipArchive, result::ZipError};

/// What an archive holds of sheets may be so many times as much as a file may have: XML packs well.
const SHEETS_FACTOR: u64 = 16;

/// The texts of an Excel workbook, which are all held.
const TEXTS_FACTOR: u64 = 4;

/// More parts than this no workbook has.
const PARTS_MAX: usize = 10_000;

/// What an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkbookKind {
    Excel,
    OpenDocument,
}

/// A part of an archive that is read whole.
pub(super) type Archive<'b> = ZipArchive<Cursor<&'b [u8]>>;

/// Opens an archive, looks what it is, and that none of its parts is larger than is read.
pub(super) fn open(bytes: &[u8], bytes_max: usize) -> Result<(Archive<'_>, WorkbookKind), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let kind = kind(&archive)?;
    if archive.len() > PARTS_MAX {
        return Err(format!("has {} parts, which no workbook has", archive.len()));
    }
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let (mut sheets, mut others) = (limit.saturating_mul(SHEETS_FACTOR), limit);
    let mut texts = limit.saturating_mul(TEXTS_FACTOR);
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|error| damaged(&error))?;
        let name = part.name().map_err(|error| damaged(&error))?.into_owned();
        if !name.ends_with(".xml") && !name.ends_with(".rels") {
            continue;
        }
        let left = if name.starts_with("xl/worksheets/") || name == "content.xml" {
            &mut sheets
        } else if name == "xl/sharedStrings.xml" {
            &mut texts
        } else {
            &mut others
        };
        // What a header says of its size may be wrong: it is unpacked once to nowhere.
        let read = io::copy(&mut part.take(left.saturating_add(1)), &mut io::sink());
        let read = read.map_err(|_| "is damaged or cut off; save it again".to_owned())?;
        *left = left.checked_sub(read).ok_or_else(|| {
            format!(
                "has too much in `{name}` when it is unpacked; split it, or raise `max_bytes`, which \
                 is {bytes_max}"
            )
        })?;
    }
    Ok((archive, kind))
}

fn kind(archive: &Archive<'_>) -> Result<WorkbookKind, String> {
    let has = |name: &str| archive.index_for_name(name).is_some();
    if has("xl/workbook.xml") {
        Ok(WorkbookKind::Excel)
    } else if has("content.xml") {
        Ok(WorkbookKind::OpenDocument)
    } else if has("xl/workbook.bin") {
        Err("is a binary Excel workbook, which is not read; save it as .xlsx".to_owned())
    } else {
        Err("is a ZIP archive that is no workbook, which is not read; unpack it".to_owned())
    }
}

fn damaged(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            "is locked by a password, and is not read; save it without one".to_owned()
        }
        _ => "is a damaged or cut off workbook; save it again".to_owned(),
    }
}
