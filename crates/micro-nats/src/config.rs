//! Where NATS is, and what is asked of it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How long events are kept unless configured otherwise.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

/// How the platform uses NATS.
///
/// ```
/// use micro_nats::{Config, Credentials};
///
/// let config = Config {
///     servers: vec!["nats://nats-0:4222".to_owned(), "nats://nats-1:4222".to_owned()],
///     credentials: Credentials::Token("hush".to_owned()),
///     replicas: 3,
///     ..Config::default()
/// };
/// assert!(!format!("{config:?}").contains("hush"));
/// ```
#[derive(Clone)]
pub struct Config {
    /// One server or several of one cluster: `nats://host:4222`, or `tls://host:4222`. A name and a password may be within.
    pub servers: Vec<String>,
    /// Certificates, where the servers want TLS.
    pub tls: Tls,
    /// Who the platform is to the servers.
    pub credentials: Credentials,
    /// With what subjects, streams and consumers begin, so that several platforms can share servers: letters, digits and `-`.
    pub prefix: String,
    /// On how many servers each event lies before it is acknowledged, 1 to 5. With 1, one disk is all there is.
    pub replicas: usize,
    /// How long events are kept; zero is without end.
    pub retention: Duration,
    /// Refuse to work where an acknowledged event could be lost.
    pub require_durable: bool,
    /// The operator's word that the servers write each event through to the disk before they acknowledge it (`sync_interval: always`
    /// in their configuration, from version 2.10 on). A client cannot see it.
    pub synced: bool,
}

/// Files of certificates and keys, in PEM.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Whom to trust; without it those whom the system trusts.
    pub ca: Option<PathBuf>,
    /// The platform's own certificate; its key is needed with it.
    pub certificate: Option<PathBuf>,
    /// The key of the certificate.
    pub key: Option<PathBuf>,
}

/// Who the platform is to the servers.
#[derive(Clone, Default)]
pub enum Credentials {
    /// They do not ask, or a certificate says it.
    #[default]
    None,
    /// A file with a JWT and a seed, as `nsc` makes it.
    File(PathBuf),
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Token(String),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            servers: vec!["nats://127.0.0.1:4222".to_owned()],
            tls: Tls::default(),
            credentials: Credentials::None,
            prefix: "micro".to_owned(),
            replicas: 1,
            retention: RETENTION,
            require_durable: false,
            synced: false,
        }
    }
}

impl Config {
    /// One server, and the defaults besides.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            servers: vec![url.into()],
            ..Self::default()
        }
    }

    /// The servers as they may be told to people.
    pub(crate) fn shown(&self) -> String {
        let shown: Vec<_> = self.servers.iter().map(|url| without_secrets(url)).collect();
        shown.join(", ")
    }

    /// What is wrong with it, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        if self.servers.is_empty() {
            return Err("no NATS server is given: name at least one".to_owned());
        }
        if self.prefix.is_empty() || self.prefix.len() > 32 || !self.prefix.chars().all(is_plain) {
            let prefix = &self.prefix;
            return Err(format!(
                "{prefix:?} is no prefix: use at most 32 letters, digits and '-'"
            ));
        }
        if !(1..=5).contains(&self.replicas) {
            let replicas = self.replicas;
            return Err(format!("{replicas} replicas cannot be had from NATS: use 1 to 5"));
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return Err("a client certificate and its key are given together or not at all".to_owned());
        }
        let files = [&self.tls.ca, &self.tls.certificate, &self.tls.key];
        match files.into_iter().flatten().find(|file| !file.is_file()) {
            Some(missing) => Err(format!("there is no file {}", missing.display())),
            None => Ok(()),
        }
    }
}

/// A URL without the name and the password that may be in it.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Password { user, .. } => write!(f, "Password {{ user: {user:?}, .. }}"),
            Self::Token(_) => f.write_str("Token(..)"),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("servers", &self.shown())
            .field("tls", &self.tls)
            .field("credentials", &self.credentials)
            .field("prefix", &self.prefix)
            .field("replicas", &self.replicas)
            .field("retention", &self.retention)
            .field("require_durable", &self.require_durable)
            .field("synced", &self.synced)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_no_secrets() {
        let config = Config {
            credentials: Credentials::Password {
                user: "micro".to_owned(),
                password: "hush".to_owned(),
            },
            ..Config::new("nats://micro:hush@127.0.0.1:4222")
        };
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("hush") && shown.contains("127.0.0.1:4222"),
            "{shown}"
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |config: Config| config.check().unwrap_err();
        let config = Config::default();
        assert!(config.check().is_ok());
        assert!(
            wrong(Config {
                replicas: 7,
                ..config.clone()
            })
            .contains("7 replicas")
        );
        assert!(
            wrong(Config {
                prefix: "a.b".to_owned(),
                ..config.clone()
            })
            .contains("\"a.b\"")
        );
        let tls = Tls {
            ca: Some("/nowhere/ca.pem".into()),
            ..Tls::default()
        };
        assert!(wrong(Config { tls, ..config }).contains("/nowhere/ca.pem"));
    }
}
