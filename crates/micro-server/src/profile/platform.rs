//! The drivers of the profile `platform`: etcd, NATS, and CockroachDB or PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use micro::blob;
use micro::registry::Registry as _;
use micro::store;

use super::Profile;
use crate::follow::{FIRST_WAIT, patiently};
use crate::outside::{Backends, Connection, Outside};
use crate::server::Error;

/// Opens the drivers, and waits until the registry answers: a server that knows nobody could answer nobody. Later each system may go and
/// come back.
pub(super) async fn open(outside: &Outside, retention: Option<Duration>) -> Result<Profile, Error> {
    let missing = missing(outside);
    if !missing.is_empty() {
        let detail = format!(
            "the profile platform stands on etcd, NATS and CockroachDB, or PostgreSQL: say where with {}",
            missing.join(" and ")
        );
        return Err(Error::part(
            "the profile",
            micro::Error::bad_request("server", detail),
        ));
    }
    let store = micro_cockroach::Store::open(&database(&outside.store));
    let store = Arc::new(store.map_err(|source| Error::Store { source })?);
    let registry = micro_etcd::Registry::open(etcd(&outside.registry));
    let registry = Arc::new(registry.map_err(|source| Error::part("registry", source))?);
    let connection = micro_nats::Connection::open(nats(outside, retention)).await;
    let connection = connection.map_err(|source| Error::part("broker", source))?;
    let events = micro_nats::Events::open(&connection).await;
    let events = events.map_err(|source| Error::part("events", source))?;
    let mut backends = vec![registry.backend(), connection.backend(), store.backend()];
    let blobs: Arc<dyn blob::Holdings> = if outside.blobs.name.is_empty() {
        Arc::new(blob::Stored::open(store.clone()))
    } else {
        let objects = micro_s3::Blobs::open(&bucket(outside), store.clone());
        let objects = objects.map_err(|source| Error::part("blob", source))?;
        backends.push(objects.backend());
        Arc::new(objects)
    };
    // The store is waited for by who reads it first.
    let listed = patiently("the registry", FIRST_WAIT, || async {
        let listed = registry.list("*").await;
        listed
            .map(drop)
            .map_err(|error| store::Error::unavailable(error.detail))
    });
    listed.await.map_err(|source| Error::part("registry", source))?;
    Ok(Profile {
        blobs,
        events: Arc::new(events),
        broker: Arc::new(micro_nats::Broker::new(&connection)),
        store,
        registry,
        backends: Backends::new(backends),
    })
}

/// The settings that are missing, as an operator writes them.
fn missing(outside: &Outside) -> Vec<&'static str> {
    let settings = [
        (&outside.registry, "MICRO_REGISTRY_ADDRESS"),
        (&outside.broker, "MICRO_BROKER_ADDRESS"),
        (&outside.store, "MICRO_STORE_ADDRESS"),
    ];
    let missing = settings.into_iter().filter(|(to, _)| to.addresses().is_empty());
    missing.map(|(_, name)| name).collect()
}

fn database(to: &Connection) -> micro_cockroach::Config {
    micro_cockroach::Config {
        ca: to.ca.clone(),
        certificate: to.certificate.clone(),
        key: to.key.clone(),
        ..micro_cockroach::Config::new(to.address.as_str())
    }
}

fn etcd(to: &Connection) -> micro_etcd::Config {
    let identity = to.certificate.clone().zip(to.key.clone());
    let identity = identity.map(|(certificate, key)| micro_etcd::Identity { certificate, key });
    let tls = to.ca.clone().map(|ca| micro_etcd::Tls { ca, identity });
    let login = (!to.user.is_empty()).then(|| micro_etcd::Login {
        user: to.user.clone(),
        password: to.password.clone(),
    });
    micro_etcd::Config {
        endpoints: to.addresses(),
        tls,
        login,
        ..micro_etcd::Config::default()
    }
}

fn nats(outside: &Outside, retention: Option<Duration>) -> micro_nats::Config {
    let to = &outside.broker;
    let usual = micro_nats::Config::default();
    let credentials = match &outside.broker_credentials {
        Some(file) => micro_nats::Credentials::File(file.clone()),
        None if !to.user.is_empty() => micro_nats::Credentials::Password {
            user: to.user.clone(),
            password: to.password.clone(),
        },
        None if !to.password.is_empty() => micro_nats::Credentials::Token(to.password.clone()),
        None => micro_nats::Credentials::default(),
    };
    micro_nats::Config {
        servers: to.addresses(),
        tls: micro_nats::Tls {
            ca: to.ca.clone(),
            certificate: to.certificate.clone(),
            key: to.key.clone(),
        },
        credentials,
        replicas: outside.replicas.unwrap_or(usual.replicas),
        retention: retention.unwrap_or(usual.retention),
        require_durable: outside.require_durable,
        synced: outside.synced,
        ..usual
    }
}

fn bucket(outside: &Outside) -> micro_s3::Config {
    let bucket = &outside.blobs;
    let usual = micro_s3::Config::new(bucket.name.as_str());
    micro_s3::Config {
        endpoint: bucket.address.clone(),
        region: bucket.region.clone().unwrap_or_else(|| usual.region.clone()),
        access_key: bucket.access_key.clone(),
        secret_key: bucket.secret_key.clone(),
        ca: bucket.ca.clone(),
        ..usual
    }
}
