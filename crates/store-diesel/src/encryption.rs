//! Encryption on the way to PostgreSQL: rustls, with the server's certificate and name always checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::OpenError;

/// Whose word a server needs to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// There is none, and nobody is asked.
    None,
    /// An authority that this system trusts.
    TrustsSystem,
    /// An authority of this PEM file.
    TrustsFile(PathBuf),
}

impl Encryption {
    /// What makes connections of this kind. One that does not encrypt is of the same type and trusts nobody.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, OpenError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| OpenError::Unreachable(error.to_string()))?;
        let config = match self {
            Self::None => config.with_root_certificates(RootCertStore::empty()),
            Self::TrustsSystem => config.with_platform_verifier().map_err(|error| OpenError::NoAuthorities {
                file: "the system's certificates".into(),
                reason: error.to_string(),
            })?,
            Self::TrustsFile(path) => config.with_root_certificates(authorities(path)?),
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, OpenError> {
    let unusable = |reason: String| OpenError::NoAuthorities { file: path.display().to_string(), reason };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        store.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(unusable("there is no certificate in it".into()));
    }
    Ok(store)
}
