//! What a service is told by its environment, read once.

use std::path::PathBuf;
use std::sync::Arc;

use micro_rpc::{Error, Result};

use crate::auth::Identity;
use crate::join::Join;

pub(crate) struct Settings {
    /// Where the platform answers.
    pub proxy: String,
    pub namespace: String,
    pub name: Option<String>,
    pub version: Option<String>,
    /// Where to listen; a free port of the loopback interface unless set.
    pub address: String,
    pub node: Option<String>,
    pub identity: Arc<dyn Fn() -> Identity + Send + Sync>,
}

impl Settings {
    /// From the variables that the runtime sets; a service started by hand takes what the local server left for it.
    pub(crate) fn read() -> Result<Self> {
        let home = micro_home()?;
        let join = Join::read(&home).ok().flatten();
        let namespace = var("MICRO_NAMESPACE").unwrap_or_else(|| "micro".to_owned());
        let proxy = var("MICRO_PROXY").or_else(|| join.as_ref().map(|join| join.proxy.clone()));
        let given = var("MICRO_AUTH_ID").zip(var("MICRO_AUTH_SECRET"));
        let proxy = proxy.ok_or_else(|| nothing_to_join(&home))?;
        if given.is_none() && join.is_none() {
            return Err(nothing_to_join(&home));
        }
        let own = namespace.clone();
        Ok(Self {
            proxy,
            name: var("MICRO_SERVICE_NAME"),
            version: var("MICRO_SERVICE_VERSION"),
            address: var("MICRO_SERVICE_ADDRESS").unwrap_or_else(|| "127.0.0.1:0".to_owned()),
            node: var("MICRO_SERVICE_NODE"),
            namespace,
            identity: Arc::new(move || identity(&own, given.as_ref(), &home)),
        })
    }
}

// The local server may have been started anew, with other credentials for those who join by hand.
fn identity(namespace: &str, given: Option<&(String, String)>, home: &std::path::Path) -> Identity {
    if let Some((id, secret)) = given {
        return Identity {
            namespace: namespace.to_owned(),
            id: id.clone(),
            secret: secret.clone(),
        };
    }
    let join = Join::read(home).ok().flatten();
    let (id, secret) = join.map(|join| (join.id, join.secret)).unwrap_or_default();
    Identity {
        namespace: "micro".to_owned(),
        id,
        secret,
    }
}

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(crate) fn micro_home() -> Result<PathBuf> {
    let home = var("MICRO_HOME")
        .map(PathBuf::from)
        .or_else(|| var("HOME").map(|home| PathBuf::from(home).join(".micro")));
    home.ok_or_else(|| {
        Error::internal(
            "go.micro.service",
            "set MICRO_HOME or HOME to the folder of the local server",
        )
    })
}

fn nothing_to_join(home: &std::path::Path) -> Error {
    let detail = format!(
        "no platform to join: start `micro server`, or set MICRO_PROXY, MICRO_AUTH_ID and MICRO_AUTH_SECRET \
         (no server has left its address in {})",
        home.display()
    );
    Error::unavailable("go.micro.service", detail)
}
