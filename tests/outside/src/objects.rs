//! A small object storage that speaks S3, since none is in Debian: objects whole and in parts, reads by range, deletes, lists.
//!
//! Each request has to be signed. It keeps everything in memory, and lists in one page.

mod signature;
mod state;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::header::{HeaderValue, RANGE};
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Certificates;
use state::{Answer, Ask, State, lock, refused};

/// A server with one bucket.
pub struct Objects {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Objects {
    /// The only bucket.
    pub const BUCKET: &'static str = "blobs";
    /// The only user.
    pub const ACCESS_KEY: &'static str = "tester";
    /// What the user signs with.
    pub const SECRET_KEY: &'static str = "not told to anybody";

    /// Listens on a free port.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Listens with TLS, as the server of these certificates.
    pub async fn start_with_tls(certificates: &Certificates) -> Self {
        let (certificate, key) = (certificates.certificate(), certificates.key());
        let chain = CertificateDer::pem_file_iter(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                chain.map(Result::unwrap).collect(),
                PrivateKeyDer::from_pem_file(key).unwrap(),
            )
            .unwrap();
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let task = tokio::spawn(accept(listener, tls, state.clone()));
        Self { port, state, task }
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        lock(&self.state.objects).keys().cloned().collect()
    }

    /// How many uploads in parts are neither complete nor aborted.
    pub fn uploads(&self) -> usize {
        lock(&self.state.uploads).len()
    }

    /// Changes a byte of each object.
    pub fn damage(&self) {
        for object in lock(&self.state.objects).values_mut() {
            let mut data = object.data.to_vec();
            if let Some(byte) = data.last_mut() {
                *byte ^= 1;
            }
            object.data = data.into();
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let (tls, state) = (tls.clone(), state.clone());
        connections.spawn(async move {
            match tls {
                None => serve(stream, state).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, state).await;
                    }
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let serve = service_fn(move |request| {
        let state = state.clone();
        async move { Ok::<_, Infallible>(answer(&state, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new();
    let _ = connection.serve_connection(TokioIo::new(stream), serve).await;
}

async fn answer(state: &State, request: Request<hyper::body::Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return refused(StatusCode::BAD_REQUEST, "IncompleteBody");
    };
    let body = body.to_bytes();
    if !signature::verify(&head, &body, Objects::ACCESS_KEY, Objects::SECRET_KEY) {
        return refused(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
    }
    let path = percent_decode_str(head.uri.path())
        .decode_utf8_lossy()
        .into_owned();
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket != Objects::BUCKET {
        return refused(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    state.answer(&Ask {
        key: key.to_owned(),
        query: query(head.uri.query().unwrap_or_default()),
        range: head.headers.get(RANGE).and_then(range),
        method: head.method,
        body,
    })
}

fn query(text: &str) -> HashMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// From the first byte to the one behind the last.
fn range(value: &HeaderValue) -> Option<(usize, usize)> {
    let (first, last) = value.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let end = last.parse().map_or(usize::MAX, |last: usize| last + 1);
    Some((first.parse().ok()?, end))
}
