//! The life of a service: join, listen, register, answer, drain.

mod registration;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use micro_rpc::{Client, Error, Local, Resolver, Result, async_trait};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::auth::{AsService, RemoteGuard, TokenSource};
use crate::registry::{self, Cache, Registry};
use crate::settings::Settings;
use crate::{Clock, Platform, Service, blob, broker, config, events, runtime, store};
use registration::{Registration, advertised, entry};
use subscriptions::subscriptions;

const DRAIN: Duration = Duration::from_secs(10);
/// What the registry promises: a change reaches everybody who follows it within this time.
const KNOWN_EVERYWHERE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a service until SIGTERM or Ctrl-C, then lets it finish what it is doing.
///
/// SIGTERM is what an instance gets in whose place another one serves: it takes its registration back, goes on taking calls
/// until nobody can take it for registered any more, a second, and only then asks its callers to leave. Ctrl-C, SIGINT, is
/// for one that is to end now: it takes no call after its registration is gone.
///
/// Everything it needs to know comes from the environment that the runtime sets. Started by hand it joins the local
/// server, so a debugger needs no arguments.
///
/// # Errors
///
/// When there is no platform to join, it refuses the account, or the address cannot be listened on.
pub fn run(service: impl FnOnce(&Platform) -> Service) -> Result<()> {
    crate::log::start(tracing::Level::INFO);
    let settings = Settings::read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("go.micro.service", format!("cannot start threads: {error}")))?;
    // The function is the user's: it runs on this thread, so that it need not be Send.
    let joined = runtime.block_on(join(&settings))?;
    let service = {
        let _inside = runtime.enter();
        service(&joined.platform)
    };
    runtime.block_on(serve(service, settings, joined))
}

struct Joined {
    platform: Platform,
    guard: Arc<RemoteGuard>,
    registry: Arc<dyn Registry>,
    namespace: String,
    /// A service that calls itself does so without the network.
    local: Local,
}

async fn join(settings: &Settings) -> Result<Joined> {
    let anonymous = Client::builder()
        .address(&settings.proxy)
        .namespace("micro")
        .build();
    let credentials = TokenSource::start_with(&anonymous, settings.identity.clone()).await?;
    let control = Client::builder()
        .address(&settings.proxy)
        .namespace("micro")
        .credentials(credentials.clone())
        .build();
    let guard = RemoteGuard::start(&control, &settings.namespace);
    let registry: Arc<dyn Registry> = Arc::new(registry::Remote::new(&control));
    let cache = Cache::new(registry.clone());
    let local = Local::default();
    let client = Client::builder()
        .local(&local)
        .resolver(Arc::new(Routes {
            platform: [settings.proxy.clone()].into(),
            services: cache,
        }))
        .namespace(&settings.namespace)
        .credentials(credentials)
        .build();
    let auth = Arc::new(AsService::new(&control, &settings.namespace));
    let platform = Platform {
        client,
        auth: auth.clone(),
        accounts: auth.clone(),
        rules: auth,
        registry: registry.clone(),
        store: Arc::new(store::Remote::new(&control)),
        blobs: Arc::new(blob::Remote::new(&control)),
        broker: Arc::new(broker::Remote::new(&control)),
        events: Arc::new(events::Remote::new(&control)),
        config: Arc::new(config::Remote::new(&control)),
        runtime: Arc::new(runtime::Remote::new(&control)),
        clock: Clock::system(),
        namespace: settings.namespace.clone(),
    };
    Ok(Joined {
        platform,
        guard,
        registry,
        namespace: settings.namespace.clone(),
        local,
    })
}

/// Services are called where they run, the platform's own parts where the platform answers.
struct Routes {
    platform: Arc<[String]>,
    services: Arc<Cache>,
}

#[async_trait]
impl Resolver for Routes {
    async fn resolve(&self, namespace: &str, service: &str) -> Result<Arc<[String]>> {
        if registry::PARTS.contains(&service) {
            return Ok(self.platform.clone());
        }
        Resolver::resolve(&*self.services, namespace, service).await
    }
}

async fn serve(mut service: Service, settings: Settings, joined: Joined) -> Result<()> {
    if let Some(name) = &settings.name {
        service.name = registry::short_name(name).to_owned();
    }
    if let Some(version) = &settings.version {
        service.version = version.clone();
    }
    let listener = TcpListener::bind(&settings.address).await.map_err(|error| {
        Error::internal(
            "go.micro.service",
            format!("cannot listen on {}: {error}", settings.address),
        )
    })?;
    let bound = listener
        .local_addr()
        .map_err(|error| Error::internal("go.micro.service", error.to_string()))?;
    let mut stop = stop_signal()?;
    joined.guard.ready(PATIENCE).await?;
    let (serving, is_serving) = watch::channel(true);
    let server = service.server(Some(joined.guard.clone()), &joined.namespace, is_serving);
    let address = advertised(bound, &settings.proxy);
    let open = joined.local.open(&address, &server);
    let entry = entry(&service, &settings, address);
    let (registered, refused) =
        Registration::start(joined.registry.clone(), joined.namespace.clone(), entry.clone());
    tracing::info!(service = service.name, version = service.version, address = %bound, "serving");
    let (leaving, left) = watch::channel(false);
    let (ending, ended) = watch::channel(false);
    let (mut subscriptions, relaying) = subscriptions(&mut service, &joined, &left, &ended);
    let (closing, closed) = watch::channel(false);
    let running = tokio::spawn(async move { server.serve(listener, begun(closed), DRAIN).await });
    let (how, refused) = tokio::select! {
        how = stop.wait() => (how, None),
        Ok(error) = refused => (Ending::Now, Some(error)),
    };
    drop(registered);
    let _ = serving.send(false);
    // Events need no caller that knows the way: whoever takes this one's place gets them from now on.
    let _ = leaving.send(true);
    let gone = joined.registry.deregister(&joined.namespace, entry);
    let gone = tokio::time::timeout(Duration::from_secs(2), gone).await;
    // Where the platform itself is gone nobody calls any more.
    if how == Ending::Replaced && matches!(gone, Ok(Ok(()))) {
        let _ = tokio::time::timeout(KNOWN_EVERYWHERE, stop.wait()).await;
    }
    drop(open);
    let _ = closing.send(true);
    let finished = async { while subscriptions.join_next().await.is_some() {} };
    let _ = tokio::join!(running, tokio::time::timeout(DRAIN, finished));
    // What the last calls posted is published by who took them, not by another instance after a while.
    let _ = ending.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(2), relaying).await;
    if let Some(error) = refused {
        tracing::error!(service = service.name, "not registered: {}", error.detail);
        return Err(error);
    }
    tracing::info!(service = service.name, "stopped");
    Ok(())
}

async fn begun(mut signal: watch::Receiver<bool>) {
    // An error is the signal's owner gone: the same.
    let _ = signal.wait_for(|begun| *begun).await;
}

/// How a service is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Another instance serves in its place.
    Replaced,
    Now,
}

struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

fn stop_signal() -> Result<Stop> {
    let listen = |kind| {
        signal(kind)
            .map_err(|error| Error::internal("go.micro.service", format!("cannot wait for signals: {error}")))
    };
    Ok(Stop {
        terminate: listen(SignalKind::terminate())?,
        interrupt: listen(SignalKind::interrupt())?,
    })
}

impl Stop {
    async fn wait(&mut self) -> Ending {
        tokio::select! {
            _ = self.terminate.recv() => Ending::Replaced,
            _ = self.interrupt.recv() => Ending::Now,
        }
    }
}
