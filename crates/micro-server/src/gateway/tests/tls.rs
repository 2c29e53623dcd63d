//! TLS on the same port, by clients that trust one authority.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use h2::client::Builder;
use micro_outside::Certificates;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::http::{exchange, get, parse};
use super::peer::{Peer, request};
use super::{Subject, gateway, limits, serve};
use crate::gateway::{Files, Limits, Tls};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Files {
    Files {
        certificate: Some(certificate.into()),
        key: Some(key.into()),
    }
}

async fn start(files: &Files, limits: Limits) -> Subject {
    let tls = Tls::open(files).unwrap().unwrap();
    serve(gateway(limits).await.secured(tls)).await
}

/// A connection of who trusts these authorities and offers these protocols.
async fn connect(address: &str, authorities: &[&Certificates], offered: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots
            .add(CertificateDer::from_pem_file(authority.ca()).unwrap())
            .unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    connected.unwrap()
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

fn certificate(of: &Certificates) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(of.certificate()).unwrap()
}

#[tokio::test]
async fn both_versions_of_http_are_offered() {
    let certificates = Certificates::make();
    let subject = start(&files(certificates.certificate(), certificates.key()), limits()).await;
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
        (&["http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let mut stream = connect(&subject.address, &[&certificates], offered).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen);
        if chosen == Some(b"h2") {
            let peer = Peer::over(stream, &Builder::new()).await;
            assert_eq!(peer.ask("GET /", &[], "").await.status, 200);
            continue;
        }
        stream.write_all(GET).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(parse(&answer).status, 200);
    }
}

#[tokio::test]
async fn services_are_told_that_it_was_tls() {
    let certificates = Certificates::make();
    let subject = start(&files(certificates.certificate(), certificates.key()), limits()).await;
    let stream = connect(&subject.address, &[&certificates], &["h2"]).await;
    let peer = Peer::over(stream, &Builder::new()).await;
    let ask = async |headers: &[(&str, &str)]| {
        let asked = peer.ask("POST /echo/call", headers, r#"{"name":"scheme"}"#).await;
        asked.text()
    };
    assert!(ask(&[]).await.contains(r#""name":"https""#));
    // What is in front knows better.
    assert!(
        ask(&[("x-forwarded-proto", "http")])
            .await
            .contains(r#""name":"http""#)
    );
    let plain = super::start().await;
    let asked = get(&plain.address, "/echo/call?name=scheme").await;
    assert!(asked.text().contains(r#""name":"""#), "{}", asked.text());
}

#[tokio::test]
async fn who_speaks_without_tls_is_told_so() {
    let certificates = Certificates::make();
    let subject = start(&files(certificates.certificate(), certificates.key()), limits()).await;
    let detail = get(&subject.address, "/echo/call?name=x").await.failed(400);
    assert!(detail.contains("https://"), "{detail}");
    // Neither who says nothing nor who stops within the handshake is waited for.
    assert!(exchange(&subject.address, b"", false).await.is_empty());
    exchange(&subject.address, b"\x16\x03\x01\x02\x00\x01", false).await;
    let nonsense = exchange(&subject.address, b"\x16\x03\x01\x00\x05hello", false).await;
    assert!(!nonsense.starts_with(b"HTTP"));
}

#[tokio::test]
async fn who_never_reads_is_given_up() {
    let certificates = Certificates::make();
    let limits = Limits {
        stall: Duration::from_millis(300),
        ..limits()
    };
    let subject = start(&files(certificates.certificate(), certificates.key()), limits).await;
    let mut stream = connect(&subject.address, &[&certificates], &["http/1.1"]).await;
    let ask = b"GET /echo?name=large HTTP/1.1\r\nhost: x\r\n\r\n".repeat(40);
    stream.write_all(&ask).await.unwrap();
    stream.flush().await.unwrap();
    // Not reading is the point, so that it is closed shows when nothing can be written.
    let closed = async {
        let stream = stream.get_ref().0;
        while stream.writable().await.is_ok()
            && !matches!(stream.try_write(b"x"), Err(error) if error.kind() != ErrorKind::WouldBlock)
        {
        }
    };
    let closed = tokio::time::timeout(Duration::from_secs(30), closed).await;
    assert!(closed.is_ok(), "the connection is closed");
}

#[tokio::test]
async fn a_certificate_is_renewed_while_connections_are_open() {
    let (old, new) = (Certificates::make(), Certificates::make());
    let folder = tempfile::tempdir().unwrap();
    let (pem, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let put = |from: &Path, to: &Path| std::fs::copy(from, to).unwrap();
    put(&old.certificate(), &pem);
    put(&old.key(), &key);
    let limits = Limits {
        certificate: Duration::from_millis(20),
        idle: Duration::from_secs(30),
        ..limits()
    };
    let subject = start(&files(&pem, &key), limits).await;
    let both = [&old, &new];
    let stream = connect(&subject.address, &both, &["h2"]).await;
    assert_eq!(shown(&stream), certificate(&old));
    let peer = Peer::over(stream, &Builder::new()).await;
    let (waiting, _sending) = peer.open(request("POST /echo/Echo/Chat", &[])).await;

    put(&new.certificate(), &pem);
    put(&new.key(), &key);
    let renewed = async {
        while shown(&connect(&subject.address, &both, &[]).await) != certificate(&new) {
            tokio::task::yield_now().await;
        }
    };
    let renewed = tokio::time::timeout(Duration::from_secs(20), renewed).await;
    assert!(renewed.is_ok(), "the new certificate is served");
    // Who was connected still is.
    assert_eq!(peer.ask("GET /", &[], "").await.status, 200);
    drop(waiting);
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let (one, other) = (Certificates::make(), Certificates::make());
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let missing = folder.path().join("missing.pem");
    for (files, parts) in [
        (files(&missing, one.key()), ["missing.pem", "cannot be read"]),
        (
            files(one.certificate(), &missing),
            ["missing.pem", "cannot be read"],
        ),
        (files(&empty, one.key()), ["empty.pem", "no certificate"]),
        (files(one.certificate(), &empty), ["empty.pem", "no private key"]),
        (files(one.key(), one.key()), ["machine.key", "no certificate"]),
        (
            files(one.certificate(), other.key()),
            ["machine.key", "not that of"],
        ),
        (
            Files {
                certificate: Some(one.certificate()),
                key: None,
            },
            ["machine.pem", "MICRO_API_TLS_KEY"],
        ),
        (
            Files {
                certificate: None,
                key: Some(one.key()),
            },
            ["machine.key", "MICRO_API_TLS_CERT"],
        ),
    ] {
        let why = Tls::open(&files).err().unwrap();
        assert!(parts.iter().all(|part| why.contains(part)), "{why}");
    }
    assert!(Tls::open(&Files::default()).unwrap().is_none());
}
