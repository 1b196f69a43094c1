//! Reads large answers on threads of their own: what takes long holds up no other KPI, and its question
//! ends at its time limit whether or not it is read by then.

use tokio::{sync::Semaphore, task};

/// A smaller answer is read in no time where it is.
const SMALL_BYTES: usize = 64 << 10;

/// Threads that read at once: as many as there are questions under way, and some that nobody waits
/// for any more, each of which holds an answer in memory until it is done.
const THREADS_MAX: usize = 80;

static THREADS: Semaphore = Semaphore::const_new(THREADS_MAX);

/// What comes of reading so many bytes.
pub(crate) async fn read_aside<T: Send + 'static>(
    bytes: usize,
    reading: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    if bytes < SMALL_BYTES { Ok(reading()) } else { aside(reading).await }
}

/// What comes of reading on a thread. A thread cannot be ended: one that is given up reads on to its
/// end, which comes, for what is read grows with the answer alone.
pub(crate) async fn aside<T: Send + 'static>(
    reading: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let Ok(place) = THREADS.try_acquire() else {
        return Err(format!(
            "was not read: {THREADS_MAX} answers are still being read, most of them beyond their \
             `timeout`; ask for less, lower `max_bytes`, or see whether a share hangs"
        ));
    };
    on_a_thread(place, reading).await
}

/// What comes of reading on a thread, which keeps its place until it ends.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    place: impl Send + 'static,
    reading: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let read = task::spawn_blocking(move || {
        let _place = place;
        reading()
    });
    read.await.map_err(|_| "broke off: the answer could not be read".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_reading_that_is_given_up_keeps_its_place_until_it_ends() {
        let (end, ended) = mpsc::channel::<()>();
        let long = read_aside(SMALL_BYTES, move || ended.recv().is_err());
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), long).await;
        assert!(given_up.is_err());
        assert!(THREADS.available_permits() < THREADS_MAX);
        assert_eq!(read_aside(SMALL_BYTES, || 5).await, Ok(5), "others go on");
        drop(end);
        let broken: Result<(), String> = read_aside(SMALL_BYTES, || panic!("unread")).await;
        assert!(broken.unwrap_err().starts_with("broke off"));
    }
}
