//! Encrypted connections to PostgreSQL.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::VerifierBuilderError;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::{Settings, Verify};

/// Why there are no encrypted connections.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("the certificates in {}, which `sslrootcert` names: {reason}", file.display())]
    Certificates { file: PathBuf, reason: String },
    #[error("the system has no certificates of whom to trust; name a file of them with sslrootcert=FILE")]
    NoneTrusted,
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
    #[error(transparent)]
    Tls(#[from] Error),
}

/// What makes connections of these settings safe.
pub(super) fn connector(settings: &Settings) -> Result<MakeRustlsConnect, TlsError> {
    // Its own provider, whichever the rest of the program has installed.
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let issued = || -> Result<_, TlsError> {
        let roots = Arc::new(trusted(settings)?);
        Ok(WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build()?)
    };
    let config = match settings.verify {
        Verify::IssuerAndHost => builder.with_webpki_verifier(issued()?),
        verify @ (Verify::Issuer | Verify::Nothing) => {
            let issued = (verify == Verify::Issuer).then(issued).transpose()?;
            let lenient = Lenient { provider, issued };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(lenient))
        }
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

/// Those in the file, or those of the system.
fn trusted(settings: &Settings) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = &settings.root_certificates {
        let bad = |reason: String| TlsError::Certificates { file: file.clone(), reason };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))? {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            roots.add(certificate).map_err(|error| bad(error.to_string()))?;
        }
        return if roots.is_empty() { Err(bad("there is none in it".to_owned())) } else { Ok(roots) };
    }
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoneTrusted) } else { Ok(roots) }
}

/// What is to be done, where a connection failed for its certificate.
pub(super) fn advice(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let mut source = Some(error);
    while let Some(error) = source {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(Error::InvalidCertificate(reason)) = inner.and_then(|inner| inner.downcast_ref()) {
            return match reason {
                CertificateError::UnknownIssuer => {
                    Some("sslrootcert=FILE says whose certificates are trusted, instead of the system's")
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Some("sslmode=verify-ca does without the host's name")
                }
                _ => None,
            };
        }
        source = error.source();
    }
    None
}

/// Takes certificates that are of another host; and, where nobody is trusted, those of anybody.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    /// Who must have issued them.
    issued: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(issued) = &self.issued else { return Ok(ServerCertVerified::assertion()) };
        // The name is the last that is looked at.
        match issued.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    // Who shows a certificate must have its key, whosever it is.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
