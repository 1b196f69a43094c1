//! An alert over time: the episode, what moves it, and what people say about it.

pub(crate) mod episode;
pub(crate) mod episode_machine;
mod recipients;
pub(crate) mod silence_ack_note;

pub use episode::{
    Cause, Episode, Evaluation, Event, Heard, LastVerdict, News, Phase, Receipts, Told,
};
pub use silence_ack_note::{Acknowledgement, Note, RemarkError, Silence};
