//! What the driver is told by the operator.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use micro::store::{Error, Result};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, Certificate, ClientOptions, RetryConfig};

/// Where the bucket is, and how it is used.
///
/// ```
/// let config = micro_s3::Config {
///     endpoint: Some("https://s3.example.org".to_owned()),
///     access_key: "key".to_owned(),
///     secret_key: "secret".to_owned(),
///     ..micro_s3::Config::new("blobs")
/// };
/// assert!(!format!("{config:?}").contains("secret\""));
/// ```
#[derive(Clone)]
pub struct Config {
    /// The address of the server, `https://...` or `http://...`; none for Amazon's of the region.
    pub endpoint: Option<String>,
    /// The bucket, which has to be there.
    pub bucket: String,
    /// The region; `us-east-1`, which is what most other servers want.
    pub region: String,
    /// Who we are. Where it is empty, the machine's role is asked for, as on Amazon's own machines.
    pub access_key: String,
    /// What proves it.
    pub secret_key: String,
    /// What the names of all objects begin with; `micro`.
    pub prefix: String,
    /// PEM file of the authorities that may have signed the server's certificate, besides those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Whether the bucket is a part of the server's name; usually it is a part of the path.
    pub is_virtual_hosted: bool,
    /// How long it may take to connect; 1 second.
    pub connect_timeout: Duration,
    /// How long the server may say nothing; 10 seconds. A part of 5 MiB has to be taken within it.
    pub timeout: Duration,
}

impl Config {
    /// A bucket by its name, everything else as usual.
    pub fn new(bucket: impl Into<String>) -> Self {
        Self {
            endpoint: None,
            bucket: bucket.into(),
            region: "us-east-1".to_owned(),
            access_key: String::new(),
            secret_key: String::new(),
            prefix: "micro".to_owned(),
            ca: None,
            is_virtual_hosted: false,
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
        }
    }

    pub(crate) fn client(&self) -> Result<AmazonS3> {
        self.check()?;
        // An error means that somebody has installed one already, which is ring's as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_virtual_hosted_style_request(self.is_virtual_hosted)
            .with_client_options(self.options()?)
            .with_retry(retry())
            .with_disable_bulk_delete(true);
        if let Some(endpoint) = &self.endpoint {
            builder = builder
                .with_endpoint(endpoint.trim_end_matches('/'))
                .with_allow_http(endpoint.starts_with("http://"));
        }
        if !self.access_key.is_empty() {
            builder = builder
                .with_access_key_id(&self.access_key)
                .with_secret_access_key(&self.secret_key);
        }
        builder
            .build()
            .map_err(|error| Error::invalid(format!("the object storage cannot be used: {error}")))
    }

    fn check(&self) -> Result<()> {
        if self.bucket.is_empty() {
            return Err(Error::invalid("the object storage needs the name of a bucket"));
        }
        if self.access_key.is_empty() != self.secret_key.is_empty() {
            return Err(Error::invalid(
                "the object storage needs an access key and its secret, or neither",
            ));
        }
        let is_address =
            |endpoint: &String| endpoint.starts_with("https://") || endpoint.starts_with("http://");
        match &self.endpoint {
            Some(endpoint) if !is_address(endpoint) => Err(Error::invalid(format!(
                "{endpoint:?} is no address of an object storage: use https://host:port"
            ))),
            _ => Ok(()),
        }
    }

    fn options(&self) -> Result<ClientOptions> {
        let mut options = ClientOptions::new()
            .with_connect_timeout(self.connect_timeout)
            .with_read_timeout(self.timeout)
            // A large blob may take any time as long as it goes on.
            .with_timeout_disabled();
        if let Some(ca) = &self.ca {
            let shown = ca.display();
            let pem = std::fs::read(ca)
                .map_err(|error| Error::invalid(format!("the PEM file {shown} cannot be read: {error}")))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .map_err(|error| Error::invalid(format!("the PEM file {shown} cannot be used: {error}")))?;
            for certificate in certificates {
                options = options.with_root_certificate(certificate);
            }
        }
        Ok(options)
    }
}

/// Little: callers are told that it is away, and try again.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_millis(500),
            base: 2.0,
        },
        max_retries: 3,
        retry_timeout: Duration::from_secs(2),
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("access_key", &self.access_key)
            .field("secret_key", &"(not shown)")
            .field("prefix", &self.prefix)
            .field("ca", &self.ca)
            .field("is_virtual_hosted", &self.is_virtual_hosted)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let with = |change: fn(&mut Config)| {
            let mut config = Config::new("blobs");
            change(&mut config);
            config.client().map(drop).map_err(|error| error.to_string())
        };
        let wrong = [
            (with(|config| config.bucket.clear()), "bucket"),
            (
                with(|config| config.endpoint = Some("s3.example.org".to_owned())),
                "s3.example.org",
            ),
            (with(|config| config.access_key = "key".to_owned()), "secret"),
            (
                with(|config| config.ca = Some("/nowhere/ca.pem".into())),
                "/nowhere/ca.pem",
            ),
        ];
        for (result, part) in wrong {
            let error = result.unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(
            with(|config| config.endpoint = Some("https://s3.example.org/".to_owned())),
            Ok(())
        );
    }
}
