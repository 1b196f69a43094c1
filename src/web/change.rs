//! What somebody wants changed over HTTP. The web changes nothing itself: it hands this to the
//! daemon, which keeps one change after the other, and waits for the answer.

use axum::body::Bytes;
use tokio::sync::{mpsc, oneshot};

use kpid_rules::{alerting::Acknowledgement, model::Id};
use kpid_store::{Acted, OperatorAct, Receipt, SessionChange};

/// Changes that wait for the daemon; a sender that finds it full comes back.
pub const WAITING_MAX: usize = 16;

/// Where changes go.
pub type Changes = mpsc::Sender<Change>;

/// Something to change, and where the answer goes.
#[derive(Debug)]
pub enum Change {
    /// Keep what a system pushed.
    Push(Push, oneshot::Sender<PushAnswer>),
    /// Acknowledge an alert, if nobody has; says whether the store could be asked.
    Acknowledge(Acknowledge, oneshot::Sender<bool>),
    /// What a person known by name does; says what came of it, or nothing if it could not be kept.
    Act(Act, oneshot::Sender<Option<Acted>>),
    /// Keep that somebody logs in or out, or is still there; says whether it could be kept.
    Session(SessionChange, oneshot::Sender<bool>),
}

/// What a person does on a page, or a program for them.
#[derive(Debug)]
pub struct Act {
    /// What.
    pub act: OperatorAct,
    /// On which way it came, for the audit: `on the board, from 10.1.2.3`.
    pub way: String,
}

/// Readings as a system pushed them.
#[derive(Debug)]
pub struct Push {
    /// The connection whose token it had.
    pub connection: Id,
    /// That token's name.
    pub by: String,
    /// What its sender calls it, so that it is kept once.
    pub key: Option<String>,
    /// How the body is to be read.
    pub media: Media,
    /// The body.
    pub body: Bytes,
}

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`
    Json,
    /// `text/csv`
    Csv,
}

/// What came of a push.
#[derive(Debug)]
pub enum PushAnswer {
    /// It is kept, now or under the same key before.
    Kept(Receipt),
    /// It cannot be read at all, and why.
    Unreadable(String),
    /// It has more readings than are taken at once.
    TooMany(String),
    /// These of its readings are wrong; nothing is kept.
    Bad(Vec<BadReading>),
    /// Its key names another one.
    KeyTaken,
    /// The store refuses; its sender tries again.
    NotKept,
}

/// A reading that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadReading {
    /// Where: its place from 0 in a list of JSON, its line from 1 in CSV.
    pub at: u64,
    /// A sentence for its author.
    pub message: String,
}

/// An acknowledgement by the link of a mail.
#[derive(Debug)]
pub struct Acknowledge {
    /// What the messages of the alert are recognised by.
    pub dedup_key: String,
    /// Who, in which words.
    pub acknowledgement: Acknowledgement,
}
