//! What a mail server answered, or why it did not, in words.

use std::error::Error as _;

use lettre::transport::smtp::Error;

use crate::network_error::{self, Peer};

/// What went wrong with the mail server at `host`: its own words, if it said any.
pub(crate) fn words(host: &str, error: &Error) -> String {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(code) = error.status() {
        return format!("{host} answered {code} {said}").trim_end().to_owned();
    }
    let why = network_error::words(error, Peer::MailServer);
    format!("{host}: {}", why.unwrap_or_else(|| of_client(&said, error)))
}

/// What the SMTP client says, which has texts and no kinds for it.
fn of_client(said: &str, error: &Error) -> String {
    let says = |part: &str| said.contains(part);
    let words = if says("STARTTLS is not supported") {
        "it does not offer STARTTLS; write `tls: implicit` for a port that is encrypted from the \
         first byte, or `tls: none`"
    } else if says("authentication mechanism") {
        "it offers no login that kpid knows (PLAIN, LOGIN, XOAUTH2); check `smtp.tls`, since many \
         servers offer it only on encrypted connections"
    } else if says("resolve") || says("DNS name") {
        "its name cannot be resolved; check `smtp.host`, and the machine's DNS"
    } else if says("incomplete response") {
        "it closed the connection in the middle of an answer"
    } else if error.is_response() {
        "its answer is not SMTP; check `smtp.host` and `smtp.port`"
    } else if error.is_tls() {
        "the connection cannot be encrypted; check `smtp.tls` and `smtp.host`"
    } else {
        "the conversation with it failed; check `smtp.host`, `smtp.port` and `smtp.tls`"
    };
    words.to_owned()
}
