//! TLS, with certificates on both sides.

use micro::store::{ErrorKind, Record, Store as _};
use micro_cockroach::{Config, Store};
use micro_outside::{Certificates, Postgres};

use super::several::scope;

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_are_known_by_their_certificates() {
    let (server, certificates) = Postgres::with_tls();
    let url = server.database("tls");
    let (ca, certificate, key) = (certificates.ca(), certificates.certificate(), certificates.key());
    let known = Config {
        ca: Some(ca.clone()),
        certificate: Some(certificate.clone()),
        key: Some(key.clone()),
        ..Config::new(url.as_str())
    };
    let store = Store::open(&known).unwrap();
    store.write(&scope(), Record::new("a", "v")).await.unwrap();
    let in_url = format!(
        "{url}?sslmode=verify-full&sslrootcert={}&sslcert={}&sslkey={}",
        ca.display(),
        certificate.display(),
        key.display()
    );
    let store = Store::open(&Config::new(in_url)).unwrap();
    assert_eq!(store.read(&scope(), "a").await.unwrap().value, "v");

    let stranger = Certificates::make();
    let refused = [
        (
            Config {
                ca: Some(stranger.ca()),
                ..known.clone()
            },
            "certificate",
        ),
        (
            Config {
                certificate: None,
                key: None,
                ..known.clone()
            },
            "certificate",
        ),
        // The server's certificate is for 127.0.0.1 alone.
        (
            Config {
                url: url.replace("127.0.0.1", "localhost"),
                ..known.clone()
            },
            "certificate",
        ),
        (Config::new(format!("{url}?sslmode=disable")), "no encryption"),
    ];
    for (config, part) in refused {
        let error = Store::open(&config)
            .unwrap()
            .read(&scope(), "a")
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        println!("{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let missing = Config {
        key: Some("/nowhere/client.key".into()),
        ..known
    };
    let error = Store::open(&missing).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.to_string().contains("/nowhere/client.key"), "{error}");
}
