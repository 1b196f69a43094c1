//! Which file it is.

use std::{fs::Metadata, io, os::unix::fs::MetadataExt, path::Path};

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// Of the file at a path, if there is one.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        match path.metadata() {
            Ok(found) => Ok(Some(Self::from(found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As it is noted for others.
    pub(crate) fn to_line(self) -> String {
        format!("{} {}", self.device, self.inode)
    }

    /// As it was noted.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let (device, inode) = line.split_once(' ')?;
        Some(Self { device: device.parse().ok()?, inode: inode.parse().ok()? })
    }
}

impl From<Metadata> for Identity {
    fn from(found: Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_was_noted_of_it() {
        let identity = Identity { device: 64_768, inode: u64::MAX };
        assert_eq!(Identity::of_line(&identity.to_line()), Some(identity));
        assert_eq!(Identity::of_line("64768"), None);
    }
}
