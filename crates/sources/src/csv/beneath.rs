//! Opens files that are in a folder, and nothing else: whoever may put files there may put links there,
//! too, and shall not have read by kpid what only kpid may read.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use kpid_os_error::in_words;

/// A file, opened and found to be beneath its folder.
#[derive(Debug)]
pub(crate) struct FileBeneath {
    file: File,
    path: PathBuf,
}

impl FileBeneath {
    /// Opens a file by its name in the folder. A link is followed, as long as it stays in there.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Self, String> {
        let path = folder.join(name);
        let told =
            |error: io::Error| format!("cannot read {}: {}", path.display(), in_words(&error));
        // A handle that only says what is there: a pipe would be waited for, and to open a device does
        // something. What the handle is of does not change any more, whatever becomes of the name.
        let handle = rustix::fs::open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let handle = File::from(handle.map_err(|error| told(error.into()))?);
        let opened = PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()));
        let real = fs::read_link(&opened).map_err(told)?;
        let within = fs::canonicalize(folder).map_err(told)?;
        if !real.starts_with(&within) {
            return Err(format!(
                "leads out of the folder {}, and is not read; put the file itself there",
                folder.display()
            ));
        }
        if !handle.metadata().map_err(told)?.is_file() {
            return Err(format!("{} is not a file; name a file of CSV", path.display()));
        }
        let file = File::open(&opened).map_err(told)?;
        Ok(Self { file, path })
    }

    /// Reads the whole, which has as many bytes at most and is not written meanwhile.
    pub(crate) fn read(&mut self, bytes_max: usize) -> Result<Vec<u8>, String> {
        let Self { file, path } = self;
        let told =
            |error: io::Error| format!("cannot read {}: {}", path.display(), in_words(&error));
        let before = file.metadata().map_err(told)?;
        let mut bytes = Vec::new();
        // One byte over tells that there is more.
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut bytes).map_err(told)?;
        if bytes.len() > bytes_max {
            return Err(format!(
                "has more than {bytes_max} bytes, the most that is read of a file; split it, or \
                 raise `max_bytes`"
            ));
        }
        let after = file.metadata().map_err(told)?;
        if before.len() == after.len() && before.modified().ok() == after.modified().ok() {
            Ok(bytes)
        } else {
            Err("was written while it was read; write it under another name and rename it when \
                 it is whole"
                .to_owned())
        }
    }
}
