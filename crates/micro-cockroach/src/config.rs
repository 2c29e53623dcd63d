//! What the driver is told by the operator.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use micro::store::{Error, Result};
use tokio_postgres::config::SslMode;

/// Where the database is, and how it is used.
///
/// ```
/// let config = micro_cockroach::Config {
///     connections: 16,
///     ..micro_cockroach::Config::new("postgres://micro:secret@db.example.org:26257/micro?sslmode=verify-full&sslrootcert=ca.crt")
/// };
/// assert!(!format!("{config:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct Config {
    /// `postgres://user:password@host:port/database`, with several hosts separated by commas, tried in their order. The
    /// database has to be there: `CREATE DATABASE` is the operator's; the tables in it are made by the driver.
    ///
    /// `sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`. Where TLS is used, the server's certificate and its
    /// name are always verified. `sslrootcert`, `sslcert` and `sslkey` are understood as other clients do.
    pub url: String,
    /// PEM file of the authorities that may have signed the server's certificate. With it TLS is required.
    pub ca: Option<PathBuf>,
    /// PEM file of this client's certificate, for a server that asks for one.
    pub certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub key: Option<PathBuf>,
    /// Connections for transactions and long scans at most; 8.
    pub connections: usize,
    /// Connections over which reads are pipelined; 4.
    pub read_connections: usize,
    /// How long it may take to connect, host by host; 1 second.
    pub connect_timeout: Duration,
    /// How long a statement may take, and a call wait for its turn; 5 seconds.
    pub statement_timeout: Duration,
    /// How often the changes of other processes are looked for while somebody watches; 200 milliseconds.
    pub watch_every: Duration,
    /// How long changes are kept for those who watch; 3 minutes.
    pub keep_changes: Duration,
    /// How often expired records are removed; 30 seconds.
    pub sweep_every: Duration,
}

impl Config {
    /// A database by its address, everything else as usual.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca: None,
            certificate: None,
            key: None,
            connections: 8,
            read_connections: 4,
            connect_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(5),
            watch_every: Duration::from_millis(200),
            keep_changes: Duration::from_secs(180),
            sweep_every: Duration::from_secs(30),
        }
    }

    /// The address in the client's terms, and the files that it names.
    pub(crate) fn address(&self) -> Result<Address> {
        self.check()?;
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.url.starts_with(scheme))
        {
            return Err(self.no_address("it begins with neither postgres:// nor postgresql://"));
        }
        let (url, parameters) = split(&self.url);
        let mut files = Files {
            ca: self.ca.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        };
        let (mut mode, mut rest) = (None, Vec::new());
        for parameter in parameters {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name {
                "sslmode" => mode = Some(ssl_mode(value)?),
                "sslrootcert" => drop(files.ca.get_or_insert_with(|| value.into())),
                "sslcert" => drop(files.certificate.get_or_insert_with(|| value.into())),
                "sslkey" => drop(files.key.get_or_insert_with(|| value.into())),
                _ => rest.push(parameter),
            }
        }
        let url = match rest.is_empty() {
            true => url.to_owned(),
            false => format!("{url}?{}", rest.join("&")),
        };
        let mut server: tokio_postgres::Config = url
            .parse()
            .map_err(|error| self.no_address(&crate::failure::reason(&error)))?;
        if server.get_hosts().is_empty() {
            return Err(Error::invalid(format!(
                "the database's address {} names no host",
                self.shown()
            )));
        }
        let mode = mode.unwrap_or(match files.ca {
            Some(_) => SslMode::Require,
            None => SslMode::Prefer,
        });
        if mode == SslMode::Require && files.ca.is_none() {
            return Err(Error::invalid(
                "TLS to the database needs the authority that signed its certificate: name its PEM file, or use sslmode=disable",
            ));
        }
        server.ssl_mode(mode);
        server.connect_timeout(self.connect_timeout);
        if server.get_application_name().is_none() {
            server.application_name("micro");
        }
        Ok(Address { server, files })
    }

    fn check(&self) -> Result<()> {
        let counts = [
            ("connections", self.connections),
            ("read_connections", self.read_connections),
        ];
        let durations = [
            ("connect_timeout", self.connect_timeout),
            ("statement_timeout", self.statement_timeout),
            ("watch_every", self.watch_every),
            ("keep_changes", self.keep_changes),
            ("sweep_every", self.sweep_every),
        ];
        let empty = counts.iter().find(|(_, count)| *count == 0).map(|(name, _)| name);
        let zero = durations
            .iter()
            .find(|(_, duration)| duration.as_millis() == 0)
            .map(|(name, _)| name);
        match empty.or(zero) {
            Some(name) => Err(Error::invalid(format!(
                "the database's setting {name} is 0: it must be more"
            ))),
            None => Ok(()),
        }
    }

    fn no_address(&self, why: &str) -> Error {
        Error::invalid(format!(
            "{} is no address of a database: {why}; use postgres://user:password@host:port/database",
            self.shown()
        ))
    }

    /// The address without its password.
    fn shown(&self) -> String {
        shown(&self.url)
    }
}

/// What a connection is made with.
pub(crate) struct Address {
    pub server: tokio_postgres::Config,
    pub files: Files,
}

/// PEM files for TLS.
#[derive(Default)]
pub(crate) struct Files {
    pub ca: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

fn split(url: &str) -> (&str, Vec<&str>) {
    match url.split_once('?') {
        Some((url, parameters)) => (url, parameters.split('&').filter(|one| !one.is_empty()).collect()),
        None => (url, Vec::new()),
    }
}

fn ssl_mode(value: &str) -> Result<SslMode> {
    match value {
        "disable" => Ok(SslMode::Disable),
        "allow" | "prefer" => Ok(SslMode::Prefer),
        // The certificate is verified in each of them.
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        _ => Err(Error::invalid(format!(
            "sslmode {value:?} is unknown: use disable, prefer, require, verify-ca or verify-full"
        ))),
    }
}

/// Anything that is no URL may hold the password anywhere.
fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "(not shown)".to_owned();
    };
    let (address, parameters) = split(rest);
    let address = match address.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => address.to_owned(),
    };
    let parameters: Vec<&str> = parameters
        .into_iter()
        .filter(|parameter| !parameter.starts_with("password"))
        .collect();
    match parameters.is_empty() {
        true => format!("{scheme}://{address}"),
        false => format!("{scheme}://{address}?{}", parameters.join("&")),
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("url", &self.shown())
            .field("ca", &self.ca)
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .field("connections", &self.connections)
            .field("read_connections", &self.read_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("watch_every", &self.watch_every)
            .field("keep_changes", &self.keep_changes)
            .field("sweep_every", &self.sweep_every)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_or_refused_with_words() {
        let fine = [
            "postgres://micro@127.0.0.1:5432/micro",
            "postgresql://micro:secret@a:26257,b:26257/micro?sslmode=disable&application_name=x",
            "postgres://micro@db/micro?sslmode=verify-full&sslrootcert=/certs/ca.crt&sslcert=a&sslkey=b",
        ];
        for url in fine {
            assert!(Config::new(url).address().is_ok(), "{url}");
        }
        let wrong = [
            ("", "no address"),
            ("mysql://micro:secret@db/micro", "no address"),
            (
                "postgres://micro:secret@db/micro?sslmode=maybe",
                "sslmode \"maybe\"",
            ),
            ("postgres://micro:secret@db/micro?sslmode=require", "authority"),
            ("postgres://micro:secret@db/micro?colour=blue", "colour"),
            ("postgres:///micro", "no host"),
        ];
        for (url, part) in wrong {
            let error = Config::new(url).address().err().unwrap().to_string();
            assert!(error.contains(part), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let config = Config {
            connections: 0,
            ..Config::new(fine[0])
        };
        assert!(
            config
                .address()
                .err()
                .unwrap()
                .to_string()
                .contains("connections")
        );
    }

    #[test]
    fn a_certificate_authority_makes_tls_required() {
        let address = Config::new(
            "postgres://micro@db/micro?sslmode=verify-full&sslrootcert=/certs/ca.crt&sslkey=/certs/key",
        )
        .address()
        .unwrap();
        assert_eq!(address.server.get_ssl_mode(), SslMode::Require);
        assert_eq!(address.files.ca, Some("/certs/ca.crt".into()));
        assert_eq!(address.files.key, Some("/certs/key".into()));
    }

    #[test]
    fn passwords_are_not_shown() {
        for url in [
            "postgres://micro:secret@db:26257/micro?sslmode=disable&password=secret",
            "host=db password=secret",
            "postgres://micro:se@secret@db/micro",
        ] {
            let text = format!("{:?}", Config::new(url));
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
