//! Where the systems are that the profile `platform` stands on, as flags and variables.

use std::path::PathBuf;

use micro_server::outside::{Bucket, Connection, Outside};

// No comment of clap's, which would take the place of the command's own. A variable that is set and empty counts as not set.
#[derive(clap::Args, Clone, Default)]
#[command(next_help_heading = "OPTIONS OF THE PROFILE PLATFORM")]
pub(crate) struct OutsideArgs {
    /// etcd, with a comma between its members: http://etcd-0:2379,http://etcd-1:2379
    #[arg(
        long = "registry_address",
        id = "etcd_address",
        env = "MICRO_REGISTRY_ADDRESS",
        value_name = "URLS"
    )]
    pub(crate) registry_address: Option<String>,
    /// PEM file of the authorities that vouch for etcd
    #[arg(
        long = "registry_tls_ca",
        id = "etcd_ca",
        env = "MICRO_REGISTRY_TLS_CA",
        value_name = "FILE"
    )]
    pub(crate) registry_ca: Option<PathBuf>,
    /// PEM file of the server's certificate for etcd
    #[arg(
        long = "registry_tls_cert",
        id = "etcd_cert",
        env = "MICRO_REGISTRY_TLS_CERT",
        value_name = "FILE"
    )]
    pub(crate) registry_certificate: Option<PathBuf>,
    /// PEM file of its key
    #[arg(
        long = "registry_tls_key",
        id = "etcd_key",
        env = "MICRO_REGISTRY_TLS_KEY",
        value_name = "FILE"
    )]
    pub(crate) registry_key: Option<PathBuf>,
    /// The server's name at etcd; its password is MICRO_REGISTRY_PASSWORD
    #[arg(
        long = "registry_user",
        id = "etcd_user",
        env = "MICRO_REGISTRY_USER",
        value_name = "NAME"
    )]
    pub(crate) registry_user: Option<String>,
    /// NATS, with a comma between its servers: nats://nats-0:4222,nats://nats-1:4222
    #[arg(
        long = "broker_address",
        id = "nats_address",
        env = "MICRO_BROKER_ADDRESS",
        value_name = "URLS"
    )]
    pub(crate) broker_address: Option<String>,
    /// PEM file of the authorities that vouch for NATS
    #[arg(
        long = "broker_tls_ca",
        id = "nats_ca",
        env = "MICRO_BROKER_TLS_CA",
        value_name = "FILE"
    )]
    pub(crate) broker_ca: Option<PathBuf>,
    /// PEM file of the server's certificate for NATS
    #[arg(
        long = "broker_tls_cert",
        id = "nats_cert",
        env = "MICRO_BROKER_TLS_CERT",
        value_name = "FILE"
    )]
    pub(crate) broker_certificate: Option<PathBuf>,
    /// PEM file of its key
    #[arg(
        long = "broker_tls_key",
        id = "nats_key",
        env = "MICRO_BROKER_TLS_KEY",
        value_name = "FILE"
    )]
    pub(crate) broker_key: Option<PathBuf>,
    /// The server's name at NATS; its password, or a token without a name, is MICRO_BROKER_PASSWORD
    #[arg(
        long = "broker_user",
        id = "nats_user",
        env = "MICRO_BROKER_USER",
        value_name = "NAME"
    )]
    pub(crate) broker_user: Option<String>,
    /// NATS's file of credentials, in place of a name
    #[arg(
        long = "broker_credentials",
        env = "MICRO_BROKER_CREDENTIALS",
        value_name = "FILE"
    )]
    pub(crate) broker_credentials: Option<PathBuf>,
    /// On how many NATS servers an event lies before it is acknowledged, 1 to 5; 1 unless given
    #[arg(long = "events_replicas", env = "MICRO_EVENTS_REPLICAS", value_name = "COUNT", value_parser = replicas)]
    pub(crate) events_replicas: Option<usize>,
    /// Your word that NATS writes events through to its disk (sync_interval: always), which no client can see
    #[arg(long = "events_synced", env = "MICRO_EVENTS_SYNCED", num_args = 0..=1, default_missing_value = "true", default_value = "false")]
    pub(crate) events_synced: String,
    /// Refuse to start where an acknowledged event could be lost
    #[arg(long = "require_durable", alias = "require-durable", env = "MICRO_REQUIRE_DURABLE", num_args = 0..=1, default_missing_value = "true", default_value = "false")]
    pub(crate) require_durable: String,
    /// CockroachDB or PostgreSQL: postgres://micro@db:26257/micro. A password belongs in the variable, which others cannot see
    #[arg(
        long = "store_address",
        id = "database_address",
        env = "MICRO_STORE_ADDRESS",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) store_address: Option<String>,
    /// PEM file of the authorities that vouch for the database
    #[arg(long = "store_tls_ca", env = "MICRO_STORE_TLS_CA", value_name = "FILE")]
    pub(crate) store_ca: Option<PathBuf>,
    /// PEM file of the server's certificate for the database
    #[arg(long = "store_tls_cert", env = "MICRO_STORE_TLS_CERT", value_name = "FILE")]
    pub(crate) store_certificate: Option<PathBuf>,
    /// PEM file of its key
    #[arg(long = "store_tls_key", env = "MICRO_STORE_TLS_KEY", value_name = "FILE")]
    pub(crate) store_key: Option<PathBuf>,
    /// A bucket for blobs, which are on the store otherwise; who we are there is MICRO_BLOB_ACCESS_KEY and MICRO_BLOB_SECRET_KEY
    #[arg(long = "blob_bucket", env = "MICRO_BLOB_BUCKET", value_name = "NAME")]
    pub(crate) blob_bucket: Option<String>,
    /// The server of the bucket, unless it is Amazon's
    #[arg(long = "blob_address", env = "MICRO_BLOB_ADDRESS", value_name = "URL")]
    pub(crate) blob_address: Option<String>,
    /// Its region; us-east-1 unless given
    #[arg(long = "blob_region", env = "MICRO_BLOB_REGION", value_name = "NAME")]
    pub(crate) blob_region: Option<String>,
    /// PEM file of the authorities that vouch for it
    #[arg(long = "blob_tls_ca", env = "MICRO_BLOB_TLS_CA", value_name = "FILE")]
    pub(crate) blob_ca: Option<PathBuf>,
}

fn replicas(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=5).contains(count));
    count.ok_or_else(|| format!("{text:?} is no number of replicas: say 1 to 5"))
}

/// What is never a flag, which everybody on the machine could read.
fn secret(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn file(given: Option<PathBuf>) -> Option<PathBuf> {
    given.filter(|path| !path.as_os_str().is_empty())
}

fn text(given: Option<String>) -> Option<String> {
    given.filter(|text| !text.is_empty())
}

fn is_set(given: &str) -> bool {
    matches!(given, "true" | "1")
}

impl OutsideArgs {
    /// What was given before the command counts where nothing was given after it.
    pub(crate) fn or(mut self, before: Self) -> Self {
        self.registry_address = self.registry_address.or(before.registry_address);
        self.registry_ca = self.registry_ca.or(before.registry_ca);
        self.registry_certificate = self.registry_certificate.or(before.registry_certificate);
        self.registry_key = self.registry_key.or(before.registry_key);
        self.broker_address = self.broker_address.or(before.broker_address);
        self.broker_ca = self.broker_ca.or(before.broker_ca);
        self.broker_certificate = self.broker_certificate.or(before.broker_certificate);
        self.broker_key = self.broker_key.or(before.broker_key);
        self.store_address = self.store_address.or(before.store_address);
        self
    }
}

impl From<OutsideArgs> for Outside {
    fn from(args: OutsideArgs) -> Self {
        Self {
            registry: Connection {
                address: args.registry_address.unwrap_or_default(),
                ca: file(args.registry_ca),
                certificate: file(args.registry_certificate),
                key: file(args.registry_key),
                user: args.registry_user.unwrap_or_default(),
                password: secret("MICRO_REGISTRY_PASSWORD"),
            },
            broker: Connection {
                address: args.broker_address.unwrap_or_default(),
                ca: file(args.broker_ca),
                certificate: file(args.broker_certificate),
                key: file(args.broker_key),
                user: args.broker_user.unwrap_or_default(),
                password: secret("MICRO_BROKER_PASSWORD"),
            },
            broker_credentials: file(args.broker_credentials),
            store: Connection {
                address: args.store_address.unwrap_or_default(),
                ca: file(args.store_ca),
                certificate: file(args.store_certificate),
                key: file(args.store_key),
                ..Connection::default()
            },
            blobs: Bucket {
                name: args.blob_bucket.unwrap_or_default(),
                address: text(args.blob_address),
                region: text(args.blob_region),
                ca: file(args.blob_ca),
                access_key: secret("MICRO_BLOB_ACCESS_KEY"),
                secret_key: secret("MICRO_BLOB_SECRET_KEY"),
            },
            replicas: args.events_replicas,
            synced: is_set(&args.events_synced),
            require_durable: is_set(&args.require_durable),
        }
    }
}
