//! The systems outside Micro that the profile `platform` stands on: where they are, who we are to them, and whether they answer.

use std::fmt;
use std::path::PathBuf;

use micro::Backend;

/// Where the outside systems are. Read once, at the edge.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// etcd, with a comma between its members: `http://etcd-0:2379,http://etcd-1:2379`.
    pub registry: Connection,
    /// NATS, with a comma between its servers: `nats://nats-0:4222`.
    pub broker: Connection,
    /// NATS's file of credentials, in place of a user.
    pub broker_credentials: Option<PathBuf>,
    /// CockroachDB or PostgreSQL: `postgres://micro@db:26257/micro`.
    pub store: Connection,
    /// Object storage for blobs; without it they are on the store.
    pub blobs: Bucket,
    /// On how many NATS servers an event lies before it is acknowledged; 1 unless set.
    pub replicas: Option<usize>,
    /// The operator's word that NATS writes events through to the disk.
    pub synced: bool,
    /// Whether the server refuses to start where an acknowledged event could be lost.
    pub require_durable: bool,
}

/// Where one of them is, and who we are to it.
#[derive(Clone, Default)]
pub struct Connection {
    /// One address or several; empty where it is not given.
    pub address: String,
    /// PEM file of the authorities that may have signed its certificate.
    pub ca: Option<PathBuf>,
    /// PEM file of our own certificate.
    pub certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub key: Option<PathBuf>,
    /// Our name there.
    pub user: String,
    /// What proves it. It is never printed.
    pub password: String,
}

/// A bucket of object storage that speaks S3.
#[derive(Clone, Default)]
pub struct Bucket {
    /// Its name; empty where there is none.
    pub name: String,
    /// The server; none for Amazon's of the region.
    pub address: Option<String>,
    /// The region; `us-east-1` unless set.
    pub region: Option<String>,
    /// PEM file of the authorities that may have signed the server's certificate.
    pub ca: Option<PathBuf>,
    /// Who we are there.
    pub access_key: String,
    /// What proves it. It is never printed.
    pub secret_key: String,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a password.
        let address = self.address.rsplit('@').next().unwrap_or_default();
        f.debug_struct("Connection")
            .field("address", &address)
            .field("ca", &self.ca)
            .field("certificate", &self.certificate)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("address", &self.address)
            .field("region", &self.region)
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// The addresses, one by one.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let addresses = self.address.split(',').map(str::trim);
        addresses
            .filter(|address| !address.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// The outside systems as their drivers find them.
#[derive(Clone, Default)]
pub struct Backends(Vec<Backend>);

impl Backends {
    pub(crate) fn new(backends: Vec<Backend>) -> Self {
        Self(backends)
    }

    /// Those that do not answer, and why.
    pub fn away(&self) -> Vec<(&'static str, String)> {
        let away = self
            .0
            .iter()
            .filter_map(|backend| Some((backend.name(), backend.away()?)));
        away.collect()
    }

    /// All, in words: `ok`, or why it is away.
    pub(crate) fn states(&self) -> Vec<(&'static str, String)> {
        let states = self.0.iter().map(|backend| {
            let state = backend.away().unwrap_or_else(|| "ok".to_owned());
            (backend.name(), state)
        });
        states.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let outside = Outside {
            store: Connection {
                address: "postgres://micro:hush@db:26257/micro".to_owned(),
                password: "hush".to_owned(),
                ..Connection::default()
            },
            blobs: Bucket {
                secret_key: "hush".to_owned(),
                ..Bucket::default()
            },
            ..Outside::default()
        };
        let printed = format!("{outside:?}");
        assert!(
            !printed.contains("hush") && printed.contains("db:26257/micro"),
            "{printed}"
        );
    }

    #[test]
    fn addresses_are_told_apart() {
        let connection = Connection {
            address: "http://a:1, b:2,,".to_owned(),
            ..Connection::default()
        };
        assert_eq!(connection.addresses(), ["http://a:1", "b:2"]);
    }

    #[test]
    fn who_is_away_is_named_with_the_reason() {
        let (etcd, database) = (Backend::new("etcd"), Backend::new("database"));
        let backends = Backends::new(vec![etcd.clone(), database]);
        assert!(backends.away().is_empty());
        etcd.lost("refused");
        assert_eq!(backends.away(), [("etcd", "refused".to_owned())]);
        let states = [("etcd", "refused".to_owned()), ("database", "ok".to_owned())];
        assert_eq!(backends.states(), states);
    }
}
