//! TLS on the gateway's port, with a certificate that may change while it is served.
//!
//! Certificates are short-lived, and whoever renews them only writes files. So the files are looked at every few seconds: what they
//! hold anew is served to who connects from then on, and what cannot be used, be it only half written, leaves the certificate that there
//! is. Connections that are open notice nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What may be spoken over it, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Files in PEM: a certificate with those that vouch for it, and its key. Both are needed; without them there is no TLS.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The certificate (`MICRO_API_TLS_CERT`).
    pub certificate: Option<PathBuf>,
    /// Its key (`MICRO_API_TLS_KEY`).
    pub key: Option<PathBuf>,
}

/// What takes TLS off connections.
pub struct Tls {
    files: Named,
    served: Arc<Served>,
    acceptor: TlsAcceptor,
}

/// The files, both of them.
#[derive(Clone)]
struct Named {
    certificate: PathBuf,
    key: PathBuf,
}

/// What the files held.
#[derive(PartialEq)]
struct Read {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads the files; `None` where none are named. The error says in words which file cannot be used, and why.
    pub fn open(files: &Files) -> Result<Option<Self>, String> {
        let files = match (&files.certificate, &files.key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => Named {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            (Some(alone), None) | (None, Some(alone)) => {
                return Err(format!(
                    "{} is of no use alone: name the gateway's certificate (MICRO_API_TLS_CERT) and its key (MICRO_API_TLS_KEY), or neither",
                    alone.display()
                ));
            }
        };
        let provider = Arc::new(ring::default_provider());
        let read = files.read()?;
        let served = Arc::new(Served {
            certificate: RwLock::new(Arc::new(files.certified(&read, &provider)?)),
            provider: provider.clone(),
        });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .with_no_client_auth()
            .with_cert_resolver(served.clone());
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Some(Self {
            files,
            served,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }))
    }

    /// Takes it off a connection.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Looks at the files so often, and serves what they hold anew. Does not end.
    pub(super) async fn follow(&self, every: Duration) {
        let mut last = None;
        loop {
            self.look(&mut last).await;
            tokio::time::sleep(every).await;
        }
    }

    /// Serves what the files hold, if it is not what they held at the `last` look.
    async fn look(&self, last: &mut Option<Result<Read, String>>) {
        let files = self.files.clone();
        // Files are on disks, which may take their time, and connections are not to wait for them.
        let Ok(read) = tokio::task::spawn_blocking(move || files.read()).await else {
            return;
        };
        // The first time it is what was opened, or newer than that already.
        if last.as_ref() != Some(&read) {
            self.take(&read, last.is_none());
            *last = Some(read);
        }
    }

    /// Serves what was read, if that can be served.
    fn take(&self, read: &Result<Read, String>, is_first: bool) {
        let certified = read.as_ref().map_err(String::clone);
        let certified = certified.and_then(|read| self.files.certified(read, &self.served.provider));
        match certified {
            Ok(certified) => {
                let mut served = self
                    .served
                    .certificate
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                *served = Arc::new(certified);
                drop(served);
                if !is_first {
                    tracing::info!(file = %self.files.certificate.display(), "the certificate has changed");
                }
            }
            Err(why) => tracing::warn!(
                "the certificate stays the one it was, since what its files hold now cannot be used: {why}"
            ),
        }
    }
}

impl Named {
    fn read(&self) -> Result<Read, String> {
        let read = |file: &Path| {
            std::fs::read(file)
                .map_err(|error| format!("the PEM file {} cannot be read: {error}", file.display()))
        };
        Ok(Read {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
        })
    }

    fn certified(&self, read: &Read, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("the PEM file {certificate} cannot be used: {error}"))?;
        if chain.is_empty() {
            return Err(format!("{certificate} holds no certificate in PEM"));
        }
        let secret = PrivateKeyDer::from_pem_slice(&read.key)
            .map_err(|error| format!("{key} holds no private key in PEM that can be used: {error}"))?;
        CertifiedKey::from_der(chain, secret, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => format!(
                "the key in {key} is not that of the first certificate in {certificate}: name the files that were made together"
            ),
            error => format!("the certificate in {certificate} cannot be used with the key in {key}: {error}"),
        })
    }
}

/// The certificate that is shown to who connects now.
#[derive(Debug)]
struct Served {
    certificate: RwLock<Arc<CertifiedKey>>,
    provider: Arc<CryptoProvider>,
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificate = self.certificate.read().unwrap_or_else(PoisonError::into_inner);
        Some(certificate.clone())
    }
}

#[cfg(test)]
mod tests {
    use micro_outside::Certificates;

    use super::*;

    #[tokio::test]
    async fn only_what_can_be_used_takes_the_place_of_what_is_served() {
        let (old, new) = (Certificates::make(), Certificates::make());
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let put = |from: &Path, to: &Path| std::fs::copy(from, to).unwrap();
        put(&old.certificate(), &certificate);
        put(&old.key(), &key);
        let files = Files {
            certificate: Some(certificate.clone()),
            key: Some(key.clone()),
        };
        let tls = Tls::open(&files).unwrap().unwrap();
        let mut last = None;
        let mut looked = async |expected: &Certificates, step: &str| {
            tls.look(&mut last).await;
            let served = tls.served.certificate.read().unwrap().cert[0].clone();
            assert_eq!(
                served,
                CertificateDer::from_pem_file(expected.certificate()).unwrap(),
                "{step}"
            );
        };
        looked(&old, "what was opened").await;
        put(&new.certificate(), &certificate);
        looked(&old, "half of it is written").await;
        std::fs::write(&key, "nonsense").unwrap();
        looked(&old, "nonsense").await;
        std::fs::remove_file(&key).unwrap();
        looked(&old, "a file is gone").await;
        put(&new.key(), &key);
        looked(&new, "both are written").await;
        looked(&new, "nothing has changed").await;
    }
}
