//! TLS below a session: which certificates are trusted, and when none is asked for.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::DigitallySignedStruct;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::Target;
use super::config::TlsMode;
use super::error::Error;

/// Makes the TLS side of a connection to that target.
///
/// # Errors
/// When the certificate file cannot be read or holds none, or the machine has no trust store.
pub(super) fn connector(target: &Target) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let check = match target.protection() {
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => Check::Nothing,
        TlsMode::VerifyCa => Check::Issuer(trusted(target, &provider)?),
        TlsMode::VerifyFull => Check::Everything(trusted(target, &provider)?),
    };
    let verifier = Arc::new(Checked { check, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::connect(format!("cannot set up TLS: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn trusted(target: &Target, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let wrong = |error: &dyn std::fmt::Display| Error::connect(format!("cannot set up TLS: {error}"));
    match &target.root_certificates {
        None => Ok(Arc::new(Verifier::new(Arc::clone(provider)).map_err(|error| wrong(&error))?)),
        Some(path) => {
            let roots = Arc::new(read_roots(path)?);
            let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
            builder.build().map(|v| v as Arc<dyn ServerCertVerifier>).map_err(|error| wrong(&error))
        }
    }
}

fn read_roots(path: &Path) -> Result<RootCertStore, Error> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::connect(format!("cannot read certificates from `{}`: {error}", path.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"there are none in it"));
    }
    Ok(roots)
}

/// How much of a certificate is looked at.
#[derive(Debug)]
enum Check {
    Nothing,
    Issuer(Arc<dyn ServerCertVerifier>),
    Everything(Arc<dyn ServerCertVerifier>),
}

#[derive(Debug)]
struct Checked {
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Checked {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verify = |verifier: &Arc<dyn ServerCertVerifier>| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match &self.check {
            Check::Nothing => Ok(ServerCertVerified::assertion()),
            Check::Everything(verifier) => verify(verifier),
            Check::Issuer(verifier) => match verify(verifier) {
                // `verify-ca` asks who signed it, not whom it names.
                Err(rustls::Error::InvalidCertificate(
                    rustls::CertificateError::NotValidForName
                    | rustls::CertificateError::NotValidForNameContext { .. },
                )) => Ok(ServerCertVerified::assertion()),
                other => other,
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
