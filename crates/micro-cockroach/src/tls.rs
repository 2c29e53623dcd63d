//! TLS to the database, with ring's cryptography as everywhere in the tree.

use std::path::Path;
use std::sync::Arc;

use micro::store::{Error, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::Files;

/// What makes TLS connections; none where no authority is named.
pub fn connector(files: &Files) -> Result<Option<MakeRustlsConnect>> {
    let Some(ca) = &files.ca else {
        return match &files.certificate {
            Some(certificate) => Err(Error::invalid(format!(
                "the client's certificate {} is of no use without the authority's: name its PEM file",
                certificate.display()
            ))),
            None => Ok(None),
        };
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| wrong(ca, error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::invalid("TLS cannot be set up").caused_by(error))?
        .with_root_certificates(roots);
    let config = match (&files.certificate, &files.key) {
        (Some(certificate), Some(key)) => {
            let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, secret)
                .map_err(|error| wrong(certificate, error))?
        }
        (None, None) => builder.with_no_client_auth(),
        (Some(file), None) | (None, Some(file)) => {
            return Err(Error::invalid(format!(
                "{} is of no use alone: name the client's certificate and its key, or neither",
                file.display()
            )));
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(file).map_err(|error| wrong(file, error))?;
    let certificates: Vec<_> = found
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| wrong(file, error))?;
    match certificates.is_empty() {
        true => Err(Error::invalid(format!(
            "{} holds no certificate in PEM",
            file.display()
        ))),
        false => Ok(certificates),
    }
}

fn wrong(file: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let detail = format!("the PEM file {} cannot be used: {error}", file.display());
    Error::invalid(detail).caused_by(error)
}
