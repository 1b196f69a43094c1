//! What is wrong with a certificate, its or ours, in words that say what to do.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError, Error as TlsError};

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// That of an HTTP API.
    Api,
    /// That of a server of databases.
    Database,
}

impl Peer {
    /// The key of a connection that names its host.
    fn address(self) -> &'static str {
        match self {
            Self::Api => "`base_url`",
            Self::Database => "`host`",
        }
    }

    /// What to do with a certificate that a server signed itself.
    fn self_signed(self) -> &'static str {
        match self {
            Self::Api => "name that very certificate by `ca`",
            Self::Database => {
                "no `ca` can name it: give the server a certificate of an authority and name that, or \
                 write `tls: require`, which trusts any"
            }
        }
    }
}

/// What is wrong with a certificate, if that is the root of an error.
pub(crate) fn words(root: &(dyn Error + 'static), peer: Peer) -> Option<String> {
    // Errors of TLS come in one or more of reading and writing, which hide them from the chain.
    let mut inner = root;
    while let Some(error) = inner.downcast_ref::<io::Error>().and_then(|error| error.get_ref()) {
        inner = error;
    }
    let address = peer.address();
    Some(match inner.downcast_ref::<TlsError>()? {
        TlsError::InvalidCertificate(problem) => refused(problem, peer),
        TlsError::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::HandshakeFailure,
        ) => "it wants a certificate of ours that it knows; check `client_certificate`".to_owned(),
        _ => format!("TLS fails; check the port of {address}, and that it speaks TLS 1.2 or 1.3"),
    })
}

fn refused(problem: &CertificateError, peer: Peer) -> String {
    let words = match problem {
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that is not trusted; name it by `ca`"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return format!("its certificate is for another host; check {}", peer.address());
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; its owner must renew it"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clocks here and there"
        }
        problem if is_authority(problem) => {
            let way = peer.self_signed();
            return format!("its certificate is self-signed and marked as an authority; {way}");
        }
        CertificateError::Revoked => "its certificate has been revoked; its owner must renew it",
        CertificateError::BadEncoding => "its certificate cannot be read; its owner must renew it",
        CertificateError::BadSignature => {
            "its certificate is not signed by whom it names; check `ca`"
        }
        _ => "its certificate is not accepted; check it and `ca` with `openssl s_client`",
    };
    words.to_owned()
}

/// Whether a server shows a certificate that is marked as an authority, as those are that it signed
/// itself.
pub(crate) fn is_authority(problem: &CertificateError) -> bool {
    // It has no kind of its own: rustls passes on what webpki calls it.
    matches!(problem, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    #[derive(Debug)]
    struct CaUsedAsEndEntity;

    impl std::fmt::Display for CaUsedAsEndEntity {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an error of webpki")
        }
    }

    impl Error for CaUsedAsEndEntity {}

    #[test]
    fn a_certificate_that_is_refused_says_what_to_do_with_it() {
        let own = || CertificateError::Other(OtherError(Arc::new(CaUsedAsEndEntity)));
        for (problem, peer, part) in [
            (own(), Peer::Api, "name that very certificate by `ca`"),
            (own(), Peer::Database, "give the server a certificate of an authority"),
            (CertificateError::UnknownIssuer, Peer::Database, "name it by `ca`"),
            (CertificateError::NotValidForName, Peer::Database, "another host; check `host`"),
            (CertificateError::NotValidForName, Peer::Api, "another host; check `base_url`"),
        ] {
            let error = TlsError::InvalidCertificate(problem);
            let hidden = io::Error::new(io::ErrorKind::InvalidData, error);
            let words = words(&io::Error::other(hidden), peer).unwrap();
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(words(&io::Error::from(io::ErrorKind::InvalidData), Peer::Api), None);
    }
}
