//! The platform in one process: opens the drivers, mounts the services, listens, and ends in the reverse order.

mod lock;
mod parts;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use micro::join::Join;
use micro::runtime::Runtime as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use lock::Lock;
use parts::Parts;

use crate::auth::AdminSecret;

/// How long calls under way may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// What the server needs to know. Read once, at the edge.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the state is kept, `~/.micro`.
    pub home: PathBuf,
    /// Where builds keep sources and what they compile; within the home unless set.
    pub build: Option<PathBuf>,
    /// `host:port` of the proxy; port 0 takes a free one.
    pub proxy_address: String,
    /// `host:port` of the gateway; port 0 takes a free one.
    pub gateway_address: String,
    /// The name of the profile; `local`.
    pub profile: String,
    /// The folder with the framework's sources that services are built with.
    pub framework: PathBuf,
    /// The version to show.
    pub version: String,
    /// Whether no administrator is made (`MICRO_AUTH_DISABLE_ADMIN`).
    pub disable_admin: bool,
}

/// Where a running server answers.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// gRPC, for the command line and other callers.
    pub proxy: SocketAddr,
    /// HTTP and JSON.
    pub gateway: SocketAddr,
}

/// Why the server did not start.
#[derive(Debug)]
pub enum Error {
    /// Another server uses this home.
    Running {
        /// The home.
        home: PathBuf,
        /// What that server left, if it is readable.
        join: Option<Join>,
    },
    /// An address cannot be listened on.
    Listen {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
        /// The variable that sets it.
        variable: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The home cannot be used.
    Home {
        /// The home.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no profile of that name.
    Profile {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The store cannot be opened.
    Store {
        /// Why.
        source: micro::store::Error,
    },
    /// A part of the platform did not start.
    Part {
        /// Which.
        name: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running {
                home,
                join: Some(join),
            } => write!(
                f,
                "a micro server uses {} already: process {}, proxy {}, gateway {}; stop it, or set MICRO_HOME to another folder",
                home.display(),
                join.pid,
                join.proxy,
                join.gateway
            ),
            Self::Running { home, join: None } => {
                write!(
                    f,
                    "a micro server uses {} already; stop it, or set MICRO_HOME to another folder",
                    home.display()
                )
            }
            Self::Listen {
                address,
                flag,
                variable,
                source,
            } if source.kind() == std::io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "address {address} is in use; stop what listens there, or choose another with {flag} or {variable}"
                )
            }
            Self::Listen {
                address,
                flag,
                variable,
                ..
            } => {
                write!(f, "cannot listen on {address} (set by {flag} or {variable})")
            }
            Self::Home { path, .. } => write!(f, "cannot use the folder {}", path.display()),
            Self::Profile { name, known } => write!(f, "no profile {name:?}; known: {known}"),
            Self::Store { .. } => f.write_str("cannot open the store"),
            Self::Part { name, .. } => write!(f, "cannot start {name}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => None,
            Self::Listen { source, .. } | Self::Home { source, .. } => Some(source),
            Self::Store { source } => Some(source),
            Self::Part { source, .. } => Some(&**source),
            Self::Running { .. } | Self::Profile { .. } => None,
        }
    }
}

/// The platform, not yet started.
pub struct Server;

/// A platform that answers. Dropping it without [`Running::shutdown`] is like a crash, which the next start repairs.
pub struct Running {
    /// Where it answers.
    pub addresses: Addresses,
    /// The administrator's new secret, to be shown once; `None` when it is known or was set before.
    pub admin_secret: Option<String>,
    home: PathBuf,
    parts: Parts,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    _lock: Lock,
}

impl Server {
    /// Starts the platform. When this returns it answers.
    pub async fn start(config: Config) -> Result<Running, Error> {
        let folder = config.home.join("server");
        let unusable = |source| Error::Home {
            path: folder.clone(),
            source,
        };
        let lock = match Lock::take(&folder).map_err(unusable)? {
            Some(lock) => lock,
            None => {
                let join = Join::read(&config.home).ok().flatten();
                return Err(Error::Running {
                    home: config.home,
                    join,
                });
            }
        };
        // Both are bound before anything is changed, so that a port that is taken costs nothing.
        let proxy = bind(&config.proxy_address, "--proxy_address", "MICRO_PROXY_ADDRESS").await?;
        let gateway = bind(&config.gateway_address, "--api_address", "MICRO_API_ADDRESS").await?;
        let addresses = Addresses {
            proxy: proxy.local_addr().map_err(unusable)?,
            gateway: gateway.local_addr().map_err(unusable)?,
        };
        let parts = Parts::open(&config, &addresses).await?;
        let loopback = addresses.proxy.ip().is_loopback() && addresses.gateway.ip().is_loopback();
        let admin = parts
            .auth
            .ensure_admin(loopback)
            .await
            .map_err(|source| part("auth", source))?;
        let (stop, stopped) = watch::channel(false);
        let listeners = parts.serve(proxy, gateway, &stopped);
        parts
            .register(&addresses)
            .await
            .map_err(|source| part("registry", source))?;
        let (id, secret) = parts
            .auth
            .ensure_join_account()
            .await
            .map_err(|source| part("auth", source))?;
        let join = Join {
            pid: std::process::id(),
            proxy: reachable(addresses.proxy).to_string(),
            gateway: format!("http://{}", reachable(addresses.gateway)),
            id,
            secret,
        };
        join.write(&config.home)
            .map_err(|source| part("the server", source))?;
        Ok(Running {
            addresses,
            admin_secret: match admin {
                AdminSecret::Generated(secret) => Some(secret),
                _ => None,
            },
            home: config.home,
            parts,
            stop,
            listeners,
            _lock: lock,
        })
    }
}

impl Running {
    /// Takes no new calls, lets those under way finish, and stops the services it runs; what was asked to run is
    /// remembered for the next start.
    pub async fn shutdown(self) {
        Join::remove(&self.home);
        // Services first: they leave the registry through the proxy.
        self.parts.runtime.shutdown().await;
        let _ = self.stop.send(true);
        for listener in self.listeners {
            let _ = tokio::time::timeout(DRAIN + Duration::from_secs(1), listener).await;
        }
    }

    /// The services that were asked to run, and how they are.
    pub async fn services(&self, namespace: &str) -> micro::Result<Vec<micro::runtime::Service>> {
        self.parts.runtime.read(namespace, None, None).await
    }
}

fn part(name: &'static str, source: micro::Error) -> Error {
    Error::Part {
        name,
        source: Box::new(source),
    }
}

async fn bind(address: &str, flag: &'static str, variable: &'static str) -> Result<TcpListener, Error> {
    // `:8080` is every interface.
    let full = if address.starts_with(':') {
        format!("0.0.0.0{address}")
    } else {
        address.to_owned()
    };
    TcpListener::bind(&full).await.map_err(|source| Error::Listen {
        address: address.to_owned(),
        flag,
        variable,
        source,
    })
}

/// How this machine reaches an address that it listens on.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}
