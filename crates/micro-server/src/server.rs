//! The platform in one process: opens the drivers, mounts the services, listens, and ends in the reverse order.

mod announce;
mod blocks;
mod error;
mod listen;
mod lock;
mod parts;
#[cfg(test)]
mod tests;
mod web;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use micro::join::Join;
use micro::registry::PARTS;
use micro_rpc::Open;

use announce::Announcement;
use listen::{Listening, Setting, reachable};
use lock::Lock;
use parts::Parts;

use crate::auth::{self, AdminReset, AdminSecret, RsaPair};
use crate::drain::Drain;
use crate::gateway::{self, Tls};
use crate::outside::Outside;
use crate::profile::Profile;
use crate::secret::SecretKey;

pub use blocks::{BLOCK_PORTS, Block, BlockPorts};
pub use error::Error;

/// How long calls under way may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(10);
/// The same for what is left at the proxy once the services have ended: short calls to the platform itself, and
/// watches, which never end.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// In the server's folder from the first start on that came to its end.
const ESTABLISHED: &str = "established";

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
    /// The certificate that the gateway shows, with its key; without them it speaks no TLS.
    pub gateway_tls: gateway::Files,
    /// `host:port` of the pages, or `none`. Unless set it is the usual one, which may be taken by something else.
    pub web_address: Option<String>,
    /// The name of the profile: `local` or `platform`.
    pub profile: String,
    /// Where the systems are that the profile `platform` stands on.
    pub outside: Outside,
    /// The address of this machine at which other machines reach it, and the services that it runs.
    pub advertise: Option<IpAddr>,
    /// The parts of the platform that are in this process; empty for all. Some alone are for the profile `platform`, where other
    /// processes have the others.
    pub parts: Vec<String>,
    /// What servers that share a store seal their keys and secret settings with (`MICRO_SECRET_KEY`); the profile `platform` needs it.
    pub secret_key: Option<SecretKey>,
    /// The folder with the framework's sources that services are built with.
    pub framework: PathBuf,
    /// The version to show.
    pub version: String,
    /// The control group below which namespaces with a quota are limited (`MICRO_CGROUP`); the server's own unless set.
    pub cgroup: Option<PathBuf>,
    /// Whether no administrator is made (`MICRO_AUTH_DISABLE_ADMIN`).
    pub disable_admin: bool,
    /// How long events are kept; a day unless set.
    pub events_retention: Option<Duration>,
    /// An RSA key to sign with (`MICRO_AUTH_PRIVATE_KEY`, `MICRO_AUTH_PUBLIC_KEY`), instead of that in the home.
    pub rsa: RsaPair,
    /// Which ports of the building blocks are opened beside the proxy's.
    pub block_ports: BlockPorts,
    /// How the gateway treats callers.
    pub gateway: gateway::Settings,
}

/// Where a running server answers.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// gRPC, for the command line and other callers.
    pub proxy: SocketAddr,
    /// HTTP and JSON.
    pub gateway: SocketAddr,
    /// Whether that is over TLS.
    pub gateway_tls: bool,
    /// Pages, unless something else has their usual address.
    pub web: Option<SocketAddr>,
    /// gRPC too, on the ports that programs know for the building blocks.
    pub blocks: Vec<Block>,
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
    gateway: Listening,
    web: Option<Listening>,
    proxy: Listening,
    announcement: Announcement,
    here: Open,
    parts: Parts,
    // Last, so that the home is free once everything above is gone.
    lock: Lock,
}

impl Server {
    /// Starts the platform. When this returns it answers.
    pub async fn start(config: Config) -> Result<Running, Error> {
        config.check_parts()?;
        // Before anything is changed, so that a file that is wrong costs nothing.
        let tls = Tls::open(&config.gateway_tls).map_err(|why| Error::part("the gateway", why))?;
        let folder = config.home.join("server");
        let unusable = |source| Error::Home {
            path: folder.clone(),
            source,
        };
        let lock = Lock::take(&folder).map_err(unusable)?;
        let lock = lock.ok_or_else(|| taken(&config))?;
        // One that was killed left it behind, and it leads nowhere.
        Join::remove(&config.home);
        // All are bound before anything is changed, so that a port that is taken costs nothing.
        let proxy = proxy_setting(&config).bind().await?;
        let gateway = gateway_setting(&config).bind().await?;
        let proxy_address = proxy.local_addr().map_err(unusable)?;
        let gateway_address = gateway.local_addr().map_err(unusable)?;
        let web = web::open(&config, gateway_address).await?;
        let (blocks, block_listeners) = config.block_ports.open(proxy_address.ip()).await;
        let addresses = Addresses {
            proxy: proxy_address,
            gateway: gateway_address,
            gateway_tls: tls.is_some(),
            web: web.as_ref().and_then(|web| web.local_addr().ok()),
            blocks,
        };
        let listeners = std::iter::once(proxy).chain(block_listeners).collect();
        let drain = Drain::new();
        let parts = Parts::open(&config, &addresses, &drain.signal()).await?;
        let established = folder.join(ESTABLISHED);
        if is_established(&config.home) && !has_accounts(&parts).await? {
            return Err(emptied(&config, &established));
        }
        let admin = parts.auth.ensure_admin(addresses.are_loopback()).await;
        let admin = admin.map_err(|source| Error::part("auth", source))?;
        let proxy = parts.serve_proxy(listeners, drain);
        let gateway = parts.serve_gateway(gateway, tls);
        let web = web.map(|web| parts.serve_web(web));
        let advertised = config.advertised(addresses.proxy);
        let here = parts.open_here(advertised);
        let announcement = parts.announce(advertised).await?;
        let join = join(&parts, &addresses).await?;
        // There is an account now, and from here on there always is.
        let mut private = std::fs::OpenOptions::new();
        private.write(true).create(true).truncate(true).mode(0o600);
        private.open(&established).map_err(unusable)?;
        join.write(&config.home)
            .map_err(|source| Error::part("the server", source))?;
        Ok(Running {
            addresses,
            admin_secret: match admin {
                AdminSecret::Generated(secret) => Some(secret),
                _ => None,
            },
            home: config.home,
            gateway,
            web,
            proxy,
            announcement,
            here,
            parts,
            lock,
        })
    }
}

impl Server {
    /// Gives the account `admin` a new secret and a way in, while no server uses the home.
    pub async fn reset_admin(config: Config) -> Result<AdminReset, Error> {
        let folder = config.home.join("server");
        let lock = Lock::take(&folder).map_err(|source| Error::Home {
            path: folder.clone(),
            source,
        })?;
        let lock = lock.ok_or_else(|| taken(&config))?;
        let profile = Profile::open(&config, &folder).await?;
        // Whoever starts the server next decides where it listens; the new secret is good anywhere.
        let settings = auth_settings(&config, &folder, false)?;
        let auth = auth::Block::open(settings, profile.store.clone()).await;
        let auth = auth.map_err(|source| Error::part("auth", source))?;
        let reset = auth.reset_admin().await;
        drop(lock);
        reset.map_err(|source| Error::part("auth", source))
    }
}

/// Somebody else has the home.
fn taken(config: &Config) -> Error {
    Error::Running {
        join: Join::read(&config.home).ok().flatten().map(Box::new),
        home: config.home.clone(),
    }
}

fn auth_settings(config: &Config, folder: &Path, loopback: bool) -> Result<auth::Config, Error> {
    let keys = match config.shared_key()? {
        Some(key) => auth::Keys::Store { key },
        None => auth::Keys::Files {
            key_file: folder.join("auth.key"),
        },
    };
    Ok(auth::Config {
        keys,
        home: config.home.clone(),
        rsa: config.rsa.clone(),
        loopback,
        disable_admin: config.disable_admin,
    })
}

impl Config {
    /// Where others reach what listens on an address: at the interface that is advertised, where one is.
    fn advertised(&self, bound: SocketAddr) -> SocketAddr {
        match self.advertise {
            Some(ip) => SocketAddr::new(ip, bound.port()),
            None => reachable(bound),
        }
    }

    /// Whether a part of the platform is to be in this process.
    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }

    /// One process alone has no other that could have the rest.
    fn check_parts(&self) -> Result<(), Error> {
        let unknown = self.parts.iter().find(|part| !PARTS.contains(&part.as_str()));
        let detail = if let Some(unknown) = unknown {
            format!(
                "{unknown} is no part of the platform; there are {}",
                PARTS.join(", ")
            )
        } else if !self.parts.is_empty() && self.profile != "platform" {
            format!(
                "the part {} does not run alone here: in the profile local one process answers for all parts. \
                 `micro server` runs them; parts of their own come with --profile=platform",
                self.parts.join(", ")
            )
        } else {
            return Ok(());
        };
        Err(Error::part(
            "the server",
            micro::Error::bad_request("server", detail),
        ))
    }

    /// What the servers of a platform share; none where this one is alone with its store.
    fn shared_key(&self) -> Result<Option<SecretKey>, Error> {
        if self.profile != "platform" {
            return Ok(None);
        }
        let key = match &self.secret_key {
            Some(key) => Ok(key.clone()),
            None => SecretKey::required(None),
        };
        key.map(Some).map_err(|source| Error::part("the profile", source))
    }
}

/// Whether a server has ever started to its end in this home.
pub(crate) fn is_established(home: &std::path::Path) -> bool {
    home.join("server").join(ESTABLISHED).exists()
}

async fn has_accounts(parts: &Parts) -> Result<bool, Error> {
    parts
        .auth
        .has_accounts()
        .await
        .map_err(|source| Error::part("auth", source))
}

/// A store that has lost everything must not become a new platform, with a secret that everybody knows.
fn emptied(config: &Config, established: &Path) -> Error {
    let folder = config.home.join("server/store");
    let (store, way) = match config.profile.as_str() {
        "platform" => ("database".to_owned(), "Say where the right one is, or restore it"),
        _ => (
            format!("store in {}", folder.display()),
            "Put the folder back from a copy",
        ),
    };
    let detail = format!(
        "the {store} is empty though it has held accounts: it was damaged or removed. {way}; \
         or, to begin anew with nothing, remove {} and start again",
        established.display()
    );
    Error::part("store", micro::Error::internal("store", detail))
}

fn proxy_setting(config: &Config) -> Setting<'_> {
    Setting {
        address: &config.proxy_address,
        flag: "--proxy_address",
        variable: "MICRO_PROXY_ADDRESS",
    }
}

fn gateway_setting(config: &Config) -> Setting<'_> {
    Setting {
        address: &config.gateway_address,
        flag: "--api_address",
        variable: "MICRO_API_ADDRESS",
    }
}

async fn join(parts: &Parts, addresses: &Addresses) -> Result<Join, Error> {
    let account = parts.auth.ensure_join_account().await;
    let (id, secret) = account.map_err(|source| Error::part("auth", source))?;
    Ok(Join {
        pid: std::process::id(),
        proxy: reachable(addresses.proxy).to_string(),
        gateway: addresses.gateway_url(reachable(addresses.gateway)),
        web: addresses
            .web
            .map(|web| format!("http://{}", reachable(web)))
            .unwrap_or_default(),
        id,
        secret,
    })
}

impl Addresses {
    /// Where the gateway answers, as programs ask for it; at this address of it.
    #[must_use]
    pub fn gateway_url(&self, address: SocketAddr) -> String {
        let scheme = if self.gateway_tls { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// Whether nobody beyond this machine can reach the platform.
    fn are_loopback(&self) -> bool {
        let web = self.web.map(|web| web.ip());
        let ips = [self.proxy.ip(), self.gateway.ip()].into_iter();
        ips.chain(web).all(|ip| ip.is_loopback())
    }
}

impl Running {
    /// Takes no new calls, lets those under way finish, and stops the services it runs; what was asked to run is
    /// remembered for the next start.
    ///
    /// The gateways go first, while the services that they wait for are there. Services finish the calls that they have,
    /// through the proxy too, so that is closed after them. What is acknowledged is on disk: the store needs no flush.
    pub async fn shutdown(self) {
        let patience = DRAIN + Duration::from_secs(1);
        let web = async {
            if let Some(web) = self.web {
                web.end(patience).await;
            }
        };
        tokio::join!(self.gateway.end(patience), web);
        if let Some(host) = &self.parts.host {
            host.shutdown().await;
        }
        self.announcement.end().await;
        drop(self.here);
        self.proxy.end(LAST_CALLS).await;
        drop(self.parts);
        Join::remove(&self.home);
        drop(self.lock);
    }

    /// Ready when the platform does not answer any more though nobody asked it to stop: a fault. It borrows nothing, so
    /// that [`Running::shutdown`] can be called beside it.
    pub fn wait_stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let (gateway, proxy) = (self.gateway.ended(), self.proxy.ended());
        let web = self.web.as_ref().map(Listening::ended);
        let web = async move {
            match web {
                Some(web) => web.await,
                None => std::future::pending().await,
            }
        };
        async move {
            tokio::select! {
                () = gateway => {}
                () = proxy => {}
                () = web => {}
            }
        }
    }

    /// The services that were asked to run, and how they are.
    pub async fn services(&self, namespace: &str) -> micro::Result<Vec<micro::runtime::Service>> {
        let query = micro::runtime::Query::default();
        match &self.parts.host {
            Some(host) => host.runtime().read(namespace, &query).await,
            None => Ok(Vec::new()),
        }
    }
}
