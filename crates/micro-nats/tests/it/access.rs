//! Who may, and over what.

use micro::events::Events as _;
use micro_nats::{Config, Connection, Credentials, Events, Tls};
use micro_outside::{Certificates, Nats};

use crate::here::{HERE, draft};

/// What becomes of a publish.
async fn tried(config: Config) -> Result<(), String> {
    let connection = Connection::open(config).await.unwrap();
    let events = Events::open(&connection).await.unwrap();
    let published = events.publish(HERE, draft("access", "x")).await;
    published.map(drop).map_err(|error| error.detail)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_are_known_by_their_certificates() {
    let made = Certificates::make();
    let [ca, certificate, key] = [made.ca(), made.certificate(), made.key()];
    let nats = Nats::with_settings(&format!(
        "tls {{ ca_file: {ca:?}, cert_file: {certificate:?}, key_file: {key:?}, verify: true }}\n"
    ));
    let full = Tls {
        ca: Some(ca.clone()),
        certificate: Some(certificate),
        key: Some(key),
    };
    let with = |tls| Config {
        tls,
        ..Config::new(nats.url())
    };
    assert_eq!(tried(with(full)).await, Ok(()));
    let unknown = Tls {
        ca: Some(ca),
        ..Tls::default()
    };
    for tls in [unknown, Tls::default()] {
        let why = tried(with(tls)).await.unwrap_err();
        assert!(why.contains("a certificate?"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_is_told_so() {
    let nats = Nats::with_settings("authorization { user: micro, password: hush }\n");
    let with = |credentials| Config {
        credentials,
        ..Config::new(nats.url())
    };
    let right = Credentials::Password {
        user: "micro".to_owned(),
        password: "hush".to_owned(),
    };
    assert_eq!(tried(with(right)).await, Ok(()));
    for wrong in [Credentials::None, Credentials::Token("hush".to_owned())] {
        let why = tried(with(wrong)).await.unwrap_err();
        assert!(why.contains("authorization violation"), "{why}");
    }
}
