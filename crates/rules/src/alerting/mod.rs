//! An alert over time: the episode, what moves it, and what people say about it.

pub(crate) mod episode;
pub(crate) mod episode_machine;
mod look;
pub(crate) mod notice_kind;
mod open_alert;
pub(crate) mod operator_actions;
mod recipients;
pub(crate) mod review_item;

pub use episode::{
    Cause, Episode, Evaluation, Event, Heard, LastVerdict, News, Notified, Phase, Receipts,
    Rejudged, begun_by,
};
pub use notice_kind::NoticeKind;
pub use operator_actions::{
    Acknowledgement, Note, OperatorActionError, SILENCE_DAYS_MAX, Silence, TEXT_CHARS_MAX,
};
pub use review_item::{
    ActionState, KeptReviewItem, ReviewAction, ReviewItem, ReviewItemKind, actions_before,
    open_actions_of,
};
