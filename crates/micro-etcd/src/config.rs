//! Where etcd is, and how it is reached.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use micro::{Error, Result};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

const CONNECT: Duration = Duration::from_secs(1);

/// Where etcd is, and how it is reached.
///
/// ```
/// let config = micro_etcd::Config {
///     endpoints: vec!["http://etcd-0:2379".into(), "http://etcd-1:2379".into()],
///     ..Default::default()
/// };
/// assert_eq!(config.prefix, "micro/registry");
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// The members of the cluster, as `http://host:2379`, `https://host:2379` or `host:2379`, which is `https` where `tls` is
    /// given. One is used, and the next when it does not answer.
    pub endpoints: Vec<String>,
    /// What certificates are checked against, and our own; needed for `https`.
    pub tls: Option<Tls>,
    /// Who we are, where etcd asks for a user.
    pub login: Option<Login>,
    /// What all keys begin with: two platforms on one etcd have two.
    pub prefix: String,
}

/// Whom to trust, and who we are.
#[derive(Clone, Debug)]
pub struct Tls {
    /// A PEM file with the certificates of the authorities that etcd's certificate may come from.
    pub ca: PathBuf,
    /// Ours, where etcd asks for one.
    pub identity: Option<Identity>,
}

/// A certificate of ours.
#[derive(Clone, Debug)]
pub struct Identity {
    /// A PEM file with the certificate, and those that lead to its authority.
    pub certificate: PathBuf,
    /// A PEM file with its key.
    pub key: PathBuf,
}

/// A user of etcd. It needs the right to read and write the keys under the prefix.
#[derive(Clone)]
pub struct Login {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Default for Config {
    /// An etcd on this machine that trusts everybody.
    fn default() -> Self {
        Self {
            endpoints: vec!["http://127.0.0.1:2379".to_owned()],
            tls: None,
            login: None,
            prefix: "micro/registry".to_owned(),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The members, ready to be connected to. Files are read here, so that a wrong one is found at the start.
    pub(crate) fn members(&self) -> Result<Vec<Endpoint>> {
        if self.endpoints.is_empty() {
            return Err(wrong(
                "no endpoint of etcd is given: name at least one, as http://host:2379",
            ));
        }
        if self.prefix.trim_matches('/').is_empty() {
            return Err(wrong(
                "the prefix of the keys in etcd is empty: choose one, as micro/registry",
            ));
        }
        let tls = self.tls.as_ref().map(Tls::read).transpose()?;
        let member = |given: &String| self.member(given, tls.as_ref());
        self.endpoints.iter().map(member).collect()
    }

    fn member(&self, given: &str, tls: Option<&ClientTlsConfig>) -> Result<Endpoint> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = match given.contains("://") {
            true => given.to_owned(),
            false => format!("{scheme}://{given}"),
        };
        let unfit = |why: &dyn fmt::Display| {
            wrong(format!(
                "{given:?} is no endpoint of etcd: {why}; write it as http://host:2379"
            ))
        };
        let endpoint = Endpoint::from_shared(url.clone()).map_err(|error| unfit(&error))?;
        let has_port = endpoint.uri().port().is_some();
        let is_secure = match endpoint.uri().scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(unfit(&"neither http nor https")),
        };
        if !has_port {
            return Err(unfit(&"it has no port"));
        }
        let endpoint = endpoint.connect_timeout(CONNECT).tcp_nodelay(true);
        match (is_secure, tls) {
            (false, _) => Ok(endpoint),
            (true, Some(tls)) => endpoint
                .tls_config(tls.clone().timeout(CONNECT))
                .map_err(|error| {
                    wrong(format!(
                        "the certificates for {given} cannot be used: {}",
                        causes(&error)
                    ))
                }),
            (true, None) => Err(wrong(format!(
                "{given} needs the certificates of its authority: give a CA file"
            ))),
        }
    }
}

impl Tls {
    fn read(&self) -> Result<ClientTlsConfig> {
        let config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(&self.ca)?));
        match &self.identity {
            None => Ok(config),
            Some(identity) => {
                let (certificate, key) = (read(&identity.certificate)?, read(&identity.key)?);
                Ok(config.identity(tonic::transport::Identity::from_pem(certificate, key)))
            }
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| wrong(format!("cannot read {}: {error}", file.display())))
}

fn wrong(what: impl Into<String>) -> Error {
    Error::bad_request("etcd.Config", what)
}

/// An error with what led to it: tonic's own words say only "transport error".
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(endpoint: &str) -> Config {
        Config {
            endpoints: vec![endpoint.to_owned()],
            ..Config::default()
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let login = Login {
            user: "micro".into(),
            password: "se5ame".into(),
        };
        let printed = format!(
            "{:?}",
            Config {
                login: Some(login),
                ..Config::default()
            }
        );
        assert!(
            printed.contains("micro") && !printed.contains("se5ame"),
            "{printed}"
        );
    }

    #[test]
    fn what_cannot_be_reached_is_named() {
        let nowhere = Config {
            endpoints: Vec::new(),
            ..Config::default()
        };
        let rootless = Config {
            prefix: "/".into(),
            ..Config::default()
        };
        let file = Tls {
            ca: "missing/ca.pem".into(),
            identity: None,
        };
        let unreadable = Config {
            tls: Some(file),
            ..Config::default()
        };
        for (config, part) in [
            (nowhere, "no endpoint"),
            (rootless, "prefix"),
            (unreadable, "missing/ca.pem"),
            (
                config("ftp://a:1"),
                "\"ftp://a:1\" is no endpoint of etcd: neither http nor https",
            ),
            (config("http://a"), "it has no port"),
            (config("a b"), "\"a b\""),
            (config("https://a:1"), "CA file"),
        ] {
            let error = config.members().unwrap_err();
            assert!(
                error.code == 400 && error.detail.contains(part),
                "{part}: {error}"
            );
        }
        assert_eq!(
            config("a:1").members().unwrap()[0].uri().to_string(),
            "http://a:1/"
        );
    }
}
