//! What the operating system refuses, in words that a person can act on: no code, no jargon.

use std::{fmt, io};

/// The numbers that Linux has for what [`io::ErrorKind`] does not name.
const DISK_FAILED: i32 = 5;
const TOO_MANY_FILES_IN_ALL: i32 = 23;
const TOO_MANY_FILES: i32 = 24;
const LINKS_GO_ROUND: i32 = 40;

/// An error of the operating system that shows itself in words.
#[derive(Debug)]
pub struct OsError(io::Error);

impl From<io::Error> for OsError {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_words(&self.0))
    }
}

// Its words say all there is: a source would say it again, with a code.
impl std::error::Error for OsError {}

/// Results whose error is shown to a person.
pub trait InWords<T> {
    /// The same with an error in words.
    fn in_words(self) -> Result<T, OsError>;
}

impl<T> InWords<T> for io::Result<T> {
    fn in_words(self) -> Result<T, OsError> {
        self.map_err(OsError)
    }
}

/// What went wrong, and what to do about it; it follows the name of a file or an address.
pub fn in_words(error: &io::Error) -> String {
    if let Some(words) = error.raw_os_error().and_then(of_code) {
        return words.to_owned();
    }
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist",
        io::ErrorKind::PermissionDenied => "permission denied; give kpid's user access to it",
        io::ErrorKind::AlreadyExists => "it exists already; remove it, or name another",
        io::ErrorKind::IsADirectory => "it is a folder, not a file",
        io::ErrorKind::NotADirectory => "a part of its path is a file, not a folder",
        io::ErrorKind::DirectoryNotEmpty => "the folder is not empty",
        io::ErrorKind::InvalidFilename => "its name is too long, or not allowed there",
        io::ErrorKind::InvalidData => "it is not text in UTF-8",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full; free some space"
        }
        io::ErrorKind::FileTooLarge => "it would be too large for the file system",
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only; mount it so that it can be written"
        }
        io::ErrorKind::ExecutableFileBusy => "it is being written; try again",
        io::ErrorKind::UnexpectedEof => "it ends too early",
        io::ErrorKind::BrokenPipe => "nobody reads it any more",
        io::ErrorKind::OutOfMemory => "there is not enough memory",
        io::ErrorKind::AddrInUse => "another program uses this address",
        io::ErrorKind::AddrNotAvailable => "this machine does not have this address",
        io::ErrorKind::TimedOut => "it took too long",
        _ => return without_code(error),
    }
    .to_owned()
}

fn of_code(code: i32) -> Option<&'static str> {
    Some(match code {
        DISK_FAILED => "the disk failed to read or write; check its health",
        TOO_MANY_FILES => "kpid has too many files open; raise the limit (`ulimit -n`)",
        TOO_MANY_FILES_IN_ALL => "this machine has too many files open",
        LINKS_GO_ROUND => "its symbolic links go round in a circle",
        _ => return None,
    })
}

/// What the system itself says, without the number at the end.
fn without_code(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_shown_whatever_the_system_refuses() {
        for code in 1..134 {
            let words = in_words(&io::Error::from_raw_os_error(code));
            assert!(!words.contains("os error") && !words.is_empty(), "{code}: {words}");
            let first = words.chars().next();
            assert!(!first.is_some_and(char::is_uppercase), "{code}: {words}");
        }
    }

    #[test]
    fn what_happens_to_files_is_said_with_the_way_out() {
        let of = |path: &str| std::fs::read_to_string(path).in_words().unwrap_err().to_string();
        assert_eq!(of("/nowhere/at/all"), "it does not exist");
        assert_eq!(of("/"), "it is a folder, not a file");
        assert_eq!(of("/etc/passwd/x"), "a part of its path is a file, not a folder");
        let full = io::Error::from_raw_os_error(28);
        assert_eq!(in_words(&full), "the disk is full; free some space");
        let denied = io::Error::from_raw_os_error(13);
        assert_eq!(in_words(&denied), "permission denied; give kpid's user access to it");
    }
}
