//! TLS of a connection that names whom it trusts: authorities beside the system's, or the very
//! certificate of a server, which programs often sign themselves and mark as an authority.

use std::sync::Arc;

use anyhow::Context;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

use crate::tls_error::is_authority;

/// Said of a `client_certificate`, whose parser's own words may quote the key.
pub(crate) const NO_IDENTITY: &str =
    "its `client_certificate` is not PEM of a certificate and its key";

/// What a server may speak, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// TLS that trusts the certificates of `authority`, and shows `identity` to servers that ask.
pub(crate) fn tls(authority: &[u8], identity: Option<&str>) -> anyhow::Result<ClientConfig> {
    let pinned = certificates(authority)?;
    let provider = CryptoProvider::get_default().context("there is no provider of TLS")?.clone();
    let usual = Verifier::new_with_extra_roots(pinned.iter().cloned(), Arc::clone(&provider));
    let usual = usual.context("its `ca` cannot be trusted")?;
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions()?.dangerous();
    let builder = builder.with_custom_certificate_verifier(Arc::new(Pinned { usual, pinned }));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let (chain, key) = identity_of(pem).context(NO_IDENTITY)?;
            let config = builder.with_client_auth_cert(chain, key);
            config.map_err(|_| anyhow::anyhow!(NO_IDENTITY))?
        }
    };
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}

/// The certificates of a `ca`, or why there is none.
pub(crate) fn certificates(authority: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(authority).collect();
    let found = read.context("its `ca` is not PEM")?;
    anyhow::ensure!(!found.is_empty(), "its `ca` holds no certificate in PEM");
    Ok(found)
}

fn identity_of(pem: &str) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    Some((chain.ok()?, key.ok()?))
}

/// The usual rules, but that a certificate which is named itself needs no other authority.
#[derive(Debug)]
struct Pinned {
    usual: Verifier,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.usual.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match usual {
            // Found only after its dates have been looked at.
            Err(Error::InvalidCertificate(problem))
                if is_authority(&problem) && self.pinned.iter().any(|held| held == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            usual => usual,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}
