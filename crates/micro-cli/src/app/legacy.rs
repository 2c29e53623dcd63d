//! What programs of version 3 write before the command.

use crate::errors::{Failure, Result};
use crate::server::OutsideArgs;

/// Flags that programs give before the command. They belong to services, or to set-ups with several processes.
#[derive(clap::Args)]
pub(super) struct LegacyArgs {
    #[arg(long = "namespace", id = "legacy_namespace", hide = true)]
    pub(super) namespace: Option<String>,
    #[arg(long = "profile", id = "legacy_profile", hide = true)]
    pub(super) profile: Option<String>,
    #[arg(long = "auth_address", hide = true)]
    auth_address: Option<String>,
    #[arg(long = "auth_id", hide = true)]
    auth_id: Option<String>,
    #[arg(long = "auth_secret", hide = true)]
    auth_secret: Option<String>,
    #[arg(long = "auth_public_key", hide = true)]
    pub(super) auth_public_key: Option<String>,
    #[arg(long = "auth_private_key", hide = true)]
    pub(super) auth_private_key: Option<String>,
    #[arg(long = "registry_address", hide = true)]
    registry_address: Option<String>,
    #[arg(long = "registry_tls_ca", hide = true)]
    registry_tls_ca: Option<std::path::PathBuf>,
    #[arg(long = "registry_tls_cert", hide = true)]
    registry_tls_cert: Option<std::path::PathBuf>,
    #[arg(long = "registry_tls_key", hide = true)]
    registry_tls_key: Option<std::path::PathBuf>,
    #[arg(long = "broker_address", hide = true)]
    broker_address: Option<String>,
    #[arg(long = "broker_tls_ca", hide = true)]
    broker_tls_ca: Option<std::path::PathBuf>,
    #[arg(long = "broker_tls_cert", hide = true)]
    broker_tls_cert: Option<std::path::PathBuf>,
    #[arg(long = "broker_tls_key", hide = true)]
    broker_tls_key: Option<std::path::PathBuf>,
    #[arg(long = "events_tls_ca", hide = true)]
    events_tls_ca: Option<String>,
    #[arg(long = "events_tls_cert", hide = true)]
    events_tls_cert: Option<String>,
    #[arg(long = "events_tls_key", hide = true)]
    events_tls_key: Option<String>,
    #[arg(long = "store_address", hide = true)]
    store_address: Option<String>,
    #[arg(long = "service_name", hide = true)]
    service_name: Option<String>,
    #[arg(long = "service_version", hide = true)]
    service_version: Option<String>,
    #[arg(long = "service_address", hide = true)]
    service_address: Option<String>,
    #[arg(long = "config_secret_key", hide = true)]
    config_secret_key: Option<String>,
    #[arg(long = "tracing_reporter_address", hide = true)]
    tracing_reporter_address: Option<String>,
}

impl LegacyArgs {
    /// Where outside systems are, for a server.
    pub(super) fn outside(&mut self) -> OutsideArgs {
        OutsideArgs {
            registry_address: self.registry_address.take(),
            registry_ca: self.registry_tls_ca.take(),
            registry_certificate: self.registry_tls_cert.take(),
            registry_key: self.registry_tls_key.take(),
            broker_address: self.broker_address.take(),
            broker_ca: self.broker_tls_ca.take(),
            broker_certificate: self.broker_tls_cert.take(),
            broker_key: self.broker_tls_key.take(),
            store_address: self.store_address.take(),
            ..OutsideArgs::default()
        }
    }
}

/// Profiles that programs name before the command. Which drivers a server stands on is a flag of its own.
pub(super) fn check_profile(profile: Option<&str>) -> Result<()> {
    const KNOWN: [&str; 6] = ["client", "service", "server", "local", "platform", "test"];
    let variable = std::env::var("MICRO_PROFILE").ok();
    let named = profile
        .map(str::to_owned)
        .or(variable)
        .filter(|name| !name.is_empty());
    match named {
        Some(name) if !KNOWN.contains(&name.as_str()) => {
            let text = format!("Unknown profile {name:?}");
            Err(Failure::new(1, text).with_hint(format!("known: {}", KNOWN.join(", "))))
        }
        _ => Ok(()),
    }
}
