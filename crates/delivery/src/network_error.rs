//! Why a receiver or a mail server was not reached, in words that say what to look at.

use std::{
    error::Error,
    io::{self, ErrorKind},
    iter,
};

use kpid_os_error::in_words;
use rustls::{CertificateError, Error as TlsError};

/// Who was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A receiver of webhooks.
    Receiver,
    /// A mail server.
    MailServer,
}

impl Peer {
    /// The keys of a channel that say where it is.
    fn address(self) -> &'static str {
        match self {
            Self::Receiver => "`url`",
            Self::MailServer => "`smtp.host` and `smtp.port`",
        }
    }
}

/// Why a request brought no answer.
pub(crate) fn of_request(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it gave no answer in time".to_owned();
    }
    if let Some(words) = words(error, Peer::Receiver) {
        return words;
    }
    // The HTTP client has no kinds for these.
    let root = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let says = |part: &str| root.contains(part);
    if says("proxy") || says("tunnel") {
        "the proxy does not let kpid through; check `HTTPS_PROXY`".to_owned()
    } else if says("connection closed") {
        CLOSED.to_owned()
    } else if says("invalid HTTP") || says("frame") {
        format!("its answer is not HTTP; check {}", Peer::Receiver.address())
    } else {
        "it gave no answer".to_owned()
    }
}

const CLOSED: &str = "it closed the connection before it answered";

/// Why it was not reached, if the network or its encryption is why.
pub(crate) fn words(error: &(dyn Error + 'static), peer: Peer) -> Option<String> {
    if let Some(error) = tls(error) {
        return Some(of_tls(error, peer));
    }
    let error = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last()?;
    Some(of_io(error, peer))
}

/// What is wrong with the encryption, if that is the cause.
pub(crate) fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e TlsError> {
    causes(error).find_map(|cause| cause.downcast_ref::<TlsError>())
}

/// An error and what is behind it. Errors of reading and writing hide others from the chain.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error: &&'e (dyn Error + 'static)| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn of_tls(error: &TlsError, peer: Peer) -> String {
    let TlsError::InvalidCertificate(problem) = error else {
        let address = peer.address();
        return match error {
            TlsError::AlertReceived(_) => {
                format!("it refuses the encrypted connection; check {address}")
            }
            _ => format!("it does not speak TLS 1.2 or 1.3; check {address}"),
        };
    };
    let words = match problem {
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that this machine does not trust; add that \
             authority to the machine's certificates"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return format!("its certificate is for another host; check {}", peer.address());
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; its owner must renew it"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clocks of both machines"
        }
        CertificateError::Revoked => "its certificate has been revoked; its owner must renew it",
        CertificateError::BadEncoding => "its certificate cannot be read; its owner must renew it",
        _ => "its certificate is not accepted; look at it with `openssl s_client`",
    };
    words.to_owned()
}

fn of_io(error: &io::Error, peer: Peer) -> String {
    let address = peer.address();
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            format!("nothing accepts connections there; check {address}, and that it is running")
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        ErrorKind::TimedOut => "it gave no answer in time".to_owned(),
        ErrorKind::FileTooLarge => format!("its answer has no end; check {address}"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            "this machine has no way to it; check the network and the firewall".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "this machine does not let kpid connect to it; check the firewall".to_owned()
        }
        // The resolver of the system has no kind of its own.
        _ if error.to_string().contains("lookup address") => {
            format!("its name cannot be resolved; check {address}, and the machine's DNS")
        }
        _ => in_words(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    #[test]
    fn a_cause_is_found_however_deep_it_is_and_says_what_to_look_at() {
        let certificate = |problem| io::Error::other(TlsError::InvalidCertificate(problem));
        let own = CertificateError::Other(OtherError(Arc::new(io::Error::other("webpki"))));
        for (error, said) in [
            (certificate(CertificateError::UnknownIssuer), "does not trust; add that authority"),
            (certificate(CertificateError::NotValidForName), "check `smtp.host` and `smtp.port`"),
            (certificate(CertificateError::Expired), "must renew it"),
            (certificate(own), "look at it with `openssl s_client`"),
            (io::Error::other(TlsError::HandshakeNotComplete), "does not speak TLS 1.2 or 1.3"),
            (io::Error::from_raw_os_error(111), "nothing accepts connections there"),
            (io::Error::from_raw_os_error(104), "it closed the connection"),
            (io::Error::from_raw_os_error(113), "no way to it"),
            (io::Error::other("failed to lookup address information"), "check `smtp.host`"),
            (io::Error::from_raw_os_error(97), "address family not supported by protocol"),
        ] {
            let deep = io::Error::other(io::Error::other(error));
            let words = words(&deep, Peer::MailServer).unwrap();
            assert!(words.contains(said) && !words.contains("os error"), "{words}");
        }
        assert_eq!(words(&std::fmt::Error, Peer::Receiver), None);
    }
}
