//! Several servers on one store. What runs is counted by the processes themselves: each writes its id down.

mod requests;
mod taking_over;

use std::collections::HashMap;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::StreamExt;
use micro::blob::Memory as Blobs;
use micro::store::{Change, Error as StoreError, Event, Record, Result as Stored, Scan, Scope, Store};

use super::*;

/// Longer than any test: what happens does not happen because of it.
const NEVER: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(1500);

/// What one server reaches of the store, which may be nothing.
struct Line {
    store: Arc<dyn Store>,
    is_cut: tokio::sync::watch::Sender<bool>,
}

impl Line {
    fn check(&self) -> Stored<()> {
        match *self.is_cut.borrow() {
            true => Err(StoreError::unavailable("connection refused")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Line {
    async fn read(&self, scope: &Scope, key: &str) -> Stored<Record> {
        self.check()?;
        self.store.read(scope, key).await
    }
    async fn scan(&self, scope: &Scope, scan: &Scan) -> Stored<Vec<Record>> {
        self.check()?;
        self.store.scan(scope, scan).await
    }
    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Stored<()> {
        self.check()?;
        self.store.commit(scope, changes).await
    }
    async fn watch(&self, scope: &Scope, prefix: &str) -> Stored<Streaming<Event>> {
        self.check()?;
        let mut is_cut = self.is_cut.subscribe();
        let cut = Box::pin(async move {
            let _ = is_cut.wait_for(|is_cut| *is_cut).await;
        });
        let changes = self.store.watch(scope, prefix).await?;
        Ok(Streaming::new(changes.take_until(cut)))
    }
    async fn databases(&self) -> Stored<Vec<String>> {
        self.check()?;
        self.store.databases().await
    }
    async fn tables(&self, database: &str) -> Stored<Vec<String>> {
        self.check()?;
        self.store.tables(database).await
    }
}

/// Finds the other servers in this process.
#[derive(Default)]
struct Here(Mutex<HashMap<String, Weak<Runtime>>>);

impl Here {
    fn at(&self, address: &str) -> Result<Arc<Runtime>> {
        let runtime = self.0.lock().unwrap().get(address).and_then(Weak::upgrade);
        runtime.ok_or_else(|| Error::unavailable("go.micro.client", "connection refused"))
    }
}

#[async_trait]
impl Peers for Here {
    async fn logs(&self, server: &str, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        self.at(server)?.logs(key, query).await
    }
    async fn build(&self, server: &str, key: &Key) -> Result<Streaming<Bytes>> {
        self.at(server)?.build(key).await
    }
}

/// A platform of servers `a`, `b`, ... with a home each.
struct Platform {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    registry: Arc<Nodes>,
    blobs: Arc<Blobs>,
    peers: Arc<Here>,
    registrar: tokio::task::JoinHandle<()>,
    ttl: Duration,
    key: Key,
    is_checking: Arc<AtomicBool>,
}

struct Server {
    name: &'static str,
    runtime: Arc<Runtime>,
    line: Arc<Line>,
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.registrar.abort();
    }
}

impl Platform {
    fn new(ttl: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("nodes")).unwrap();
        let registry = Arc::new(Nodes::new());
        Self {
            registrar: tokio::spawn(register(folder.path().join("nodes"), registry.clone())),
            folder,
            store: Arc::new(Memory::new()),
            registry,
            blobs: Arc::default(),
            peers: Arc::default(),
            ttl,
            key: Key::new("micro", "greeter", ""),
            is_checking: Arc::new(AtomicBool::new(true)),
        }
    }

    /// The same with records on the disk, which takes its time.
    fn on_disk(ttl: Duration) -> Self {
        let mut platform = Self::new(ttl);
        platform.store = Arc::new(crate::Store::open(platform.folder.path().join("store")).unwrap());
        platform
    }

    async fn open(&self, name: &'static str) -> Server {
        let line = Arc::new(Line {
            store: self.store.clone(),
            is_cut: tokio::sync::watch::Sender::new(false),
        });
        let home = self.folder.path().join(name);
        let sharing = Sharing {
            interface: None,
            address: format!("{name}:8081"),
            peers: self.peers.clone(),
            ttl: self.ttl,
        };
        let config = Config {
            folder: home.join("server"),
            build: home.join("build"),
            framework: home.join("framework"),
            blobs: self.blobs.clone(),
            store: line.clone(),
            registry: self.registry.clone(),
            credentials: Arc::new(Accounts),
            vault: Arc::new(Safe),
            cgroup: Some(home.join("cgroup")),
            proxy: "127.0.0.1:8081".to_owned(),
            gateway: "http://127.0.0.1:8080".to_owned(),
            sharing: Some(sharing),
        };
        let runtime = Arc::new(Runtime::open_with(config, Arc::new(Always)).await.unwrap());
        let found = Arc::downgrade(&runtime);
        self.peers.0.lock().unwrap().insert(format!("{name}:8081"), found);
        Server { name, runtime, line }
    }

    fn create(&self, script: &str) -> Create {
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        Create {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: vec![
                ("NODES".to_owned(), path("nodes")),
                ("RUNS".to_owned(), path("runs")),
            ],
            ..Create::new(self.key.clone())
        }
    }

    /// The processes of the service that there are.
    fn alive(&self) -> Vec<String> {
        let runs = std::fs::read_to_string(self.folder.path().join("runs")).unwrap_or_default();
        let pids = runs.lines().filter(|pid| is_alive(pid)).map(str::to_owned);
        let alive: Vec<String> = pids.collect();
        assert!(
            alive.len() <= 1 || !self.is_checking.load(Ordering::Relaxed),
            "it runs at two servers: {alive:?}"
        );
        alive
    }

    async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so().await {
            self.alive();
            assert!(Instant::now() < deadline, "never {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a server says that the service is running, and where; the process that it says.
    async fn running(&self, server: &Server, at: &str) -> String {
        let mut pid = String::new();
        let is_so = async || {
            let service = server.service().await;
            pid = meta(&service, "pid").to_owned();
            service.status == State::Running as i32 && meta(&service, "server") == at
        };
        self.until(&format!("running at {at} as {} sees it", server.name), is_so)
            .await;
        pid
    }

    /// The one of two that runs the service, and the other, once both say so.
    async fn sides(&self, one: Server, two: Server) -> (Server, Server) {
        let mut at = String::new();
        let is_known = async || {
            let services = (one.service().await, two.service().await);
            at = meta(&services.0, "server").to_owned();
            !at.is_empty()
                && services.0.status == State::Running as i32
                && services.0.metadata == services.1.metadata
        };
        self.until("known at both alike", is_known).await;
        if at == one.address() {
            (one, two)
        } else {
            (two, one)
        }
    }

    async fn records(&self, prefix: &str) -> usize {
        let scan = Scan::prefix(prefix);
        self.store
            .scan(&Scope::platform("runtime"), &scan)
            .await
            .unwrap()
            .len()
    }
}

impl Server {
    fn address(&self) -> String {
        format!("{}:8081", self.name)
    }

    fn cut(&self, is_cut: bool) {
        self.line.is_cut.send_replace(is_cut);
    }

    async fn service(&self) -> Service {
        let found = self.runtime.read("micro", &Query::of("greeter")).await.unwrap();
        found.into_iter().next().unwrap_or_default()
    }

    async fn log(&self, key: &Key) -> Result<Vec<String>> {
        let records = self.runtime.logs(key, LogsQuery::default()).await?;
        let records = records.collect().await?;
        Ok(records.into_iter().map(|record| record.message).collect())
    }
}

fn serve() -> String {
    format!("echo $$ >> $RUNS; echo hello; {SERVE}")
}
