//! The disk that a source's files are on. It may be a share whose server is gone: whoever opens a file
//! there hangs, and the thread with it. So it is looked at first, by few threads of the connection's own.

use std::{path::Path, sync::Arc};

use tokio::sync::Semaphore;

use crate::{fault::Fault, reading_worker::on_a_thread};

/// Looks at once, and threads that a disk which hangs may keep.
const LOOKS_MAX: usize = 2;

/// Whether a disk answers.
#[derive(Debug)]
pub(crate) struct Disk {
    looks: Arc<Semaphore>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self { looks: Arc::new(Semaphore::new(LOOKS_MAX)) }
    }

    /// Waits until the disk says what is at a path, and refuses what would be waited for. What is not
    /// there is told by whoever opens it.
    pub(crate) async fn answers(&self, path: &Path) -> Result<(), Fault> {
        let at = path.to_owned();
        let found = self.look(move || at.metadata()).await?;
        match found {
            Ok(found) if !found.is_file() && !found.is_dir() => Err(Fault::Question(format!(
                "{} is a pipe or a device; name a file",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let place = Arc::clone(&self.looks).acquire_owned().await;
        let place = place.map_err(|closed| Fault::Question(closed.to_string()))?;
        on_a_thread(place, look).await.map_err(Fault::Question)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_disk_that_hangs_keeps_few_threads_and_is_used_again_when_it_answers() {
        let disk = Disk::new();
        let (answer, answers) = mpsc::channel::<()>();
        let answers = Arc::new(std::sync::Mutex::new(answers));
        let (begun, mut looks) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..10 {
            let (answers, begun) = (Arc::clone(&answers), begun.clone());
            let look = disk.look(move || {
                begun.send(()).unwrap();
                answers.lock().unwrap().recv().is_ok()
            });
            // Given up, as a question is whose time is over.
            assert!(look.now_or_never().is_none());
        }
        for _ in 0..LOOKS_MAX {
            looks.recv().await.unwrap();
        }
        assert!(looks.try_recv().is_err(), "no thread more");
        assert!(disk.answers(Path::new("/")).now_or_never().is_none());
        drop(answer);
        assert_eq!(disk.answers(Path::new("/")).await, Ok(()));
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused_and_what_is_not_there_is_left_to_others() {
        let disk = Disk::new();
        assert_eq!(disk.answers(Path::new("/nowhere/at.db")).await, Ok(()));
        let device = disk.answers(Path::new("/dev/zero")).await.unwrap_err();
        assert_eq!(device.words(), "/dev/zero is a pipe or a device; name a file");
    }
}
