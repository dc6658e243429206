//! TLS towards banks: the public roots, or the authority an operator names. Nothing is skipped.

use std::fmt;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

/// Whose word about a bank's name is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsRoots {
    /// The public authorities the world's browsers believe.
    Public,
    /// Only the authorities in this PEM text: a bank's own, or a sandbox's.
    Only(String),
}

/// Why no TLS can be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsError {
    /// The PEM text holds no certificate, or one that cannot be read.
    BadRoots,
    /// The cryptography offers no usable version of TLS.
    NoVersions,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadRoots => "the authorities' PEM text holds no readable certificate",
            Self::NoVersions => "no usable version of TLS is available",
        })
    }
}

impl std::error::Error for TlsError {}

pub(crate) fn connector(roots: &TlsRoots) -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::NoVersions)?
        .with_root_certificates(store(roots)?)
        .with_no_client_auth();
    // A request in the first flight could be replayed by whoever recorded it.
    config.enable_early_data = false;
    Ok(TlsConnector::from(Arc::new(config)))
}

fn store(roots: &TlsRoots) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        TlsRoots::Public => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        TlsRoots::Only(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|_| TlsError::BadRoots)?;
                store.add(certificate).map_err(|_| TlsError::BadRoots)?;
            }
            if store.is_empty() {
                return Err(TlsError::BadRoots);
            }
        }
    }
    Ok(store)
}
