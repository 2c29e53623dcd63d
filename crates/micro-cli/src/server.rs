//! `micro server`: the platform in the foreground.

mod files;
mod gateway;
mod outside;

use std::path::PathBuf;
use std::time::Duration;

use micro_server::auth::RsaPair;
use micro_server::gateway::Files;
use micro_server::{BlockPorts, Config, Error, Running, SecretKey, Server};
use tokio::signal::unix::{SignalKind, signal};

use crate::errors::{Failure, Result};
use crate::session::Globals;
use crate::{call, framework};
use gateway::GatewayArgs;
pub(crate) use outside::OutsideArgs;

/// Run the platform on this machine, in the foreground.
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLE:\n   micro server\n   micro server --profile=platform --registry_address=http://etcd:2379 --broker_address=nats://nats:4222 \\\n      --store_address=postgres://micro@db:26257/micro\n   micro server --api_address=127.0.0.1:9090\n   micro server --reset-admin"
)]
pub(crate) struct ServerCommand {
    #[command(flatten)]
    server: ServerArgs,
    /// Give the account `admin` a new secret, print it and end. For when nobody gets in any more; no server may run.
    #[arg(long = "reset_admin", alias = "reset-admin")]
    reset_admin: bool,
    /// Accepted for scripts; version 3 never listened there
    #[arg(long = "address", env = "MICRO_SERVER_ADDRESS", hide = true)]
    _address: Option<String>,
    /// Accepted for scripts; nothing runs from images here
    #[arg(long = "image", env = "MICRO_SERVER_IMAGE", hide = true)]
    _image: Option<String>,
}

impl ServerCommand {
    /// The profile may be named before the command as well.
    pub(crate) fn with_profile(mut self, given: Option<String>) -> Self {
        self.server = self.server.with_profile(given);
        self
    }

    /// Where outside systems are may be told before the command as well.
    pub(crate) fn or_outside(mut self, before: OutsideArgs) -> Self {
        self.server.outside = self.server.outside.or(before);
        self
    }

    /// The keys that were given before the command count where none were given after it.
    pub(crate) fn or_keys(mut self, private: Option<String>, public: Option<String>) -> Self {
        if self.server.private_key.is_none() {
            (self.server.private_key, self.server.public_key) = (private, public.or(self.server.public_key));
        }
        self
    }
}

// How the platform runs in this process. No comment of clap's, which would take the place of the command's own.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct ServerArgs {
    /// Where the gateway listens for HTTP.
    #[arg(long = "api_address", env = "MICRO_API_ADDRESS", value_name = "HOST:PORT")]
    api_address: Option<String>,
    /// PEM file of the gateway's certificate, and of those that vouch for it; it speaks TLS then. Renewed files are served within
    /// seconds.
    #[arg(long = "api_tls_cert", env = "MICRO_API_TLS_CERT", value_name = "FILE")]
    api_certificate: Option<PathBuf>,
    /// PEM file of its key.
    #[arg(long = "api_tls_key", env = "MICRO_API_TLS_KEY", value_name = "FILE")]
    api_key: Option<PathBuf>,
    /// Where the proxy listens for gRPC. As a flag, `--proxy_address` does the same here.
    #[arg(
        long = "listen_address",
        env = "MICRO_PROXY_ADDRESS",
        value_name = "HOST:PORT"
    )]
    listen_address: Option<String>,
    /// Where pages of services are shown to browsers, or none; 127.0.0.1:8082 unless given, and if that is free.
    #[arg(long = "web_address", env = "MICRO_WEB_ADDRESS", value_name = "HOST:PORT")]
    web_address: Option<String>,
    /// Which drivers the platform stands on.
    #[arg(long = "profile", env = "MICRO_PROFILE", default_value = "local")]
    profile: String,
    /// The control group below which namespaces with a quota are limited; the server's own unless given.
    #[arg(long, env = "MICRO_CGROUP", value_name = "FOLDER")]
    cgroup: Option<PathBuf>,
    /// Make no administrator.
    #[arg(long = "disable_admin", env = "MICRO_AUTH_DISABLE_ADMIN", num_args = 0..=1, default_missing_value = "true", default_value = "false")]
    disable_admin: String,
    /// How long events are kept, at least a second: 24h, 90m.
    #[arg(long = "events_retention", env = "MICRO_EVENTS_RETENTION", value_name = "DURATION", value_parser = retention)]
    events_retention: Option<Duration>,
    /// An RSA key to sign tokens with, base64 of its PEM; instead of `id_rsa` in the home.
    #[arg(
        long = "auth_private_key",
        id = "private_key",
        env = "MICRO_AUTH_PRIVATE_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    private_key: Option<String>,
    /// Its public half, base64 of its PEM.
    #[arg(
        long = "auth_public_key",
        id = "public_key",
        env = "MICRO_AUTH_PUBLIC_KEY",
        value_name = "KEY"
    )]
    public_key: Option<String>,
    /// Ports of the building blocks to open beside the proxy's, for programs that know only those: all, none, some such as
    /// 8003,8443, or auto, which is all where no address is given.
    #[arg(
        long = "block_ports",
        env = "MICRO_BLOCK_PORTS",
        default_value = "auto",
        value_name = "PORTS"
    )]
    block_ports: String,
    /// The address of this machine at which other machines reach this server and the services that it runs; with the profile platform
    #[arg(long = "advertise", env = "MICRO_ADVERTISE", value_name = "IP")]
    advertise: Option<std::net::IpAddr>,
    /// Only these parts of the platform in this process, where others have the rest: store, or registry,config. With the profile
    /// platform; `micro service store` says the same.
    #[arg(
        long = "parts",
        env = "MICRO_PARTS",
        value_delimiter = ',',
        value_name = "PARTS"
    )]
    parts: Vec<String>,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[command(flatten)]
    outside: OutsideArgs,
}

fn retention(text: &str) -> std::result::Result<Duration, String> {
    let wrong = || format!("{text:?} is no time of at least a second: say 24h, 90m or 3600s");
    call::duration(text)
        .filter(|time| time.as_secs() > 0)
        .ok_or_else(wrong)
}

impl ServerArgs {
    /// The profile may be named before the command as well.
    pub(crate) fn with_profile(mut self, given: Option<String>) -> Self {
        if let Some(profile) = given.filter(|_| self.profile == "local") {
            self.profile = profile;
        }
        self
    }
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn run(globals: &Globals, command: ServerCommand) -> Result<()> {
    let args = command.server;
    if command.reset_admin {
        return reset_admin(globals, args).await;
    }
    // Asked for before anything starts, so that no signal is missed.
    let stop = Stop::listen()?;
    let running = start(globals, args).await?;
    tell_admin(&running);
    let web = running.addresses.web.map(|web| format!("  web http://{web}"));
    println!(
        "micro server ready  gateway {}{}  proxy {}  home {}",
        running.addresses.gateway_url(running.addresses.gateway),
        web.unwrap_or_default(),
        running.addresses.proxy,
        globals.home.display()
    );
    if !running.addresses.blocks.is_empty() {
        let blocks: Vec<String> = running.addresses.blocks.iter().map(ToString::to_string).collect();
        println!("also on the ports {}", blocks.join(", "));
    }
    let has_failed = tokio::select! {
        () = stop.wait() => false,
        () = running.wait_stopped() => true,
    };
    running.shutdown().await;
    if has_failed {
        return Err(
            Failure::new(1, "The server stopped answering by itself").with_hint("what it printed says why")
        );
    }
    Ok(())
}

/// Starts the platform within this process.
pub(crate) async fn start(globals: &Globals, args: ServerArgs) -> Result<Running> {
    micro::start_log(tracing::Level::WARN);
    files::allow();
    let config = config(globals, args)?;
    Server::start(config).await.map_err(|error| failed(&error))
}

fn config(globals: &Globals, args: ServerArgs) -> Result<Config> {
    // The global flag names the proxy as well: of a server it is where that listens. Its variable does not, since
    // that one tells services and the command line where to call.
    let listen = proxy_flag().or(args.listen_address);
    let is_default = listen.is_none() && args.api_address.is_none();
    // Processes that have a part each are many on one machine.
    let (proxy_port, gateway_port) = if args.parts.is_empty() {
        (8081, 8080)
    } else {
        (0, 0)
    };
    let build = std::env::var_os("MICRO_BUILD_DIR")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from);
    Ok(Config {
        home: globals.home.clone(),
        proxy_address: listen.unwrap_or_else(|| format!("127.0.0.1:{proxy_port}")),
        gateway_address: args
            .api_address
            .unwrap_or_else(|| format!("127.0.0.1:{gateway_port}")),
        gateway_tls: Files {
            certificate: args.api_certificate.filter(|file| !file.as_os_str().is_empty()),
            key: args.api_key.filter(|file| !file.as_os_str().is_empty()),
        },
        web_address: args.web_address.filter(|address| !address.is_empty()),
        profile: args.profile,
        outside: args.outside.into(),
        advertise: args.advertise,
        parts: args.parts,
        secret_key: secret_key()?,
        // The compiler takes sources at another path for others: servers that build in one folder have one copy in it.
        framework: framework::lay_out(build.as_deref().unwrap_or(&globals.home))?,
        build,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cgroup: args.cgroup.filter(|folder| !folder.as_os_str().is_empty()),
        disable_admin: matches!(args.disable_admin.as_str(), "true" | "1"),
        block_ports: block_ports(&args.block_ports, is_default)?,
        gateway: args.gateway.settings()?,
        events_retention: args.events_retention,
        rsa: RsaPair {
            private: args.private_key,
            public: args.public_key,
        },
    })
}

/// What the servers of a platform seal with, where it is given.
fn secret_key() -> Result<Option<SecretKey>> {
    let given = std::env::var(SecretKey::VARIABLE).ok();
    let given = given.filter(|text| !text.trim().is_empty());
    let key = given.map(|text| SecretKey::required(Some(&text)));
    key.transpose().map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(1, chain(error))
}

/// Lets the administrator in again, without a server.
async fn reset_admin(globals: &Globals, args: ServerArgs) -> Result<()> {
    micro::start_log(tracing::Level::WARN);
    let reset = Server::reset_admin(config(globals, args)?).await;
    let reset = reset.map_err(|error| match error {
        Error::Running { .. } => {
            failed(&error).with_hint("the secret is reset while no server runs: stop this one first")
        }
        error => failed(&error),
    })?;
    for rule in &reset.removed_rules {
        println!("The rule {rule} is removed: it kept the administrator out");
    }
    if reset.restored_default {
        println!("The default rule is restored");
    }
    println!(
        "The account `admin` has a new secret, shown only now: {}",
        reset.secret
    );
    println!("Start the server, then: micro login --username=admin");
    Ok(())
}

fn block_ports(wanted: &str, is_default: bool) -> Result<BlockPorts> {
    match wanted.trim() {
        "auto" | "" if is_default => Ok(BlockPorts::All),
        "auto" | "" => Ok(BlockPorts::None),
        given => given
            .parse()
            .map_err(|why: String| Failure::new(1, format!("--block_ports: {why}"))),
    }
}

fn proxy_flag() -> Option<String> {
    let mut line = std::env::args();
    while let Some(word) = line.next() {
        let Some(flag) = word.strip_prefix('-').map(|word| word.trim_start_matches('-')) else {
            continue;
        };
        match flag.replace('-', "_").split_once('=') {
            Some(("proxy_address", _)) => return flag.split_once('=').map(|(_, value)| value.to_owned()),
            None if flag.replace('-', "_") == "proxy_address" => return line.next(),
            _ => {}
        }
    }
    None
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A secret that was made because others can reach the server is shown this one time.
pub(crate) fn tell_admin(running: &Running) {
    if let Some(secret) = &running.admin_secret {
        eprintln!("The account `admin` has a new secret, shown only now: {secret}");
    }
}

/// Ctrl-C and SIGTERM.
pub(crate) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
