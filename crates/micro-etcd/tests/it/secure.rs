//! Certificates and passwords.

use micro_etcd::{Config, Identity, Login, Registry, Tls};
use micro_outside::{Certificates, Etcd};

use crate::given::{LONG, ids, register, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in() {
    let etcd = Etcd::start();
    etcd.require_login("micro", "se5ame");
    let config = |password: &str| Config {
        endpoints: vec![etcd.endpoint()],
        login: Some(Login {
            user: "micro".into(),
            password: password.into(),
        }),
        ..Config::default()
    };
    let registry = Registry::open(config("se5ame")).unwrap();
    register(&registry, "user", &["a"], LONG).await;
    assert_eq!(ids(&registry, "user"), ["a"]);
    assert_eq!(registry.requests().logins, 1);

    let stranger = Registry::open(config("guessed")).unwrap();
    until("it is told why", || {
        let why = stranger.backend().away().unwrap_or_default();
        why.contains("authentication failed, invalid user ID or password")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_checked_on_both_sides() {
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let etcd = Etcd::start_secure(&certificates);
    let config = |ca: &Certificates, own: Option<&Certificates>| Config {
        endpoints: vec![etcd.endpoint()],
        tls: Some(Tls {
            ca: ca.ca(),
            identity: own.map(|own| Identity {
                certificate: own.certificate(),
                key: own.key(),
            }),
        }),
        ..Config::default()
    };
    let registry = Registry::open(config(&certificates, Some(&certificates))).unwrap();
    until("etcd answers", || registry.status().member.is_some()).await;
    register(&registry, "user", &["a"], LONG).await;
    assert_eq!(ids(&registry, "user"), ["a"]);

    for (ca, own, why) in [
        (&others, Some(&certificates), "invalid peer certificate"),
        (&certificates, Some(&others), "client certificate"),
        (&certificates, None, "client certificate"),
    ] {
        let stranger = Registry::open(config(ca, own)).unwrap();
        let away = || stranger.backend().away().unwrap_or_default();
        until("it is told why", || away().contains(why)).await;
        println!("{}", away());
        assert_eq!(stranger.status().revision, 0);
    }
}
