//! Several servers on one store. What runs is counted by the processes themselves: each writes its id down.

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

#[tokio::test]
async fn a_service_runs_at_one_server_and_is_seen_and_changed_at_each() {
    let platform = Platform::on_disk(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let again = b.runtime.create(platform.create(&serve())).await.unwrap_err();
    assert_eq!(again, runtime::already_exists());
    let (owner, other) = platform.sides(a, b).await;
    let service = other.service().await;
    assert_eq!(platform.alive(), [meta(&service, "pid")]);
    assert_eq!(meta(&service, "instances"), "1/1");
    for server in [&owner, &other] {
        assert!(
            server
                .log(&platform.key)
                .await
                .unwrap()
                .contains(&"hello".to_owned())
        );
        let unbuilt = server.runtime.build(&platform.key).await.err().unwrap();
        assert_eq!(unbuilt, runtime::build_not_found());
    }
    let follow = LogsQuery {
        follow: true,
        count: 1,
        since: None,
    };
    let mut lines = other.runtime.logs(&platform.key, follow).await.unwrap();

    platform.is_checking.store(false, Ordering::Relaxed);
    let asked = Instant::now();
    let two = Update {
        instances: Some(2),
        metadata: [("note".to_owned(), "two".to_owned())].into(),
        ..Update::default()
    };
    other.runtime.update(&platform.key, two).await.unwrap();
    let is_taken_up = async || {
        owner.runtime.running.get(&platform.key).unwrap().view().request
            == other.runtime.cluster.as_ref().unwrap().board.borrow().services[&platform.key].request
    };
    platform.until("taken up", is_taken_up).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    let is_done = |service: &Service| {
        meta(service, "instances") == "2/2"
            && meta(service, "update").is_empty()
            && meta(service, "note") == "two"
    };
    for server in [&owner, &other] {
        platform
            .until("updated", async || is_done(&server.service().await))
            .await;
    }
    assert_eq!(lines.next().await.unwrap().unwrap().message, "hello");
    assert_eq!(
        lines.next().await.unwrap().unwrap().message,
        "hello",
        "of the new ones"
    );

    other.runtime.delete(&platform.key).await.unwrap();
    assert_eq!(platform.alive(), [""; 0], "they have ended when it answers");
    for server in [&owner, &other] {
        platform
            .until("gone", async || server.service().await == Service::default())
            .await;
        assert_eq!(
            server.runtime.delete(&platform.key).await.unwrap_err(),
            runtime::not_found()
        );
        let missing = server.log(&platform.key).await.unwrap_err();
        assert_eq!(missing, runtime::logs_not_found("greeter"));
    }
    for kind in ["service:", "claim:", "status:"] {
        assert_eq!(platform.records(kind).await, 0, "{kind}");
    }
    assert_eq!(platform.records("server:").await, 2);
    for server in [owner, other] {
        server.runtime.shutdown().await;
    }
    assert_eq!(
        platform.records("server:").await,
        0,
        "who has stopped is not waited for"
    );
}

#[tokio::test]
async fn an_update_that_was_not_taken_up_yet_is_seen_to_be_under_way() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    owner.cut(true);
    other
        .runtime
        .update(&platform.key, Update::default())
        .await
        .unwrap();
    let service = other.service().await;
    assert_eq!(
        (service.status, meta(&service, "update")),
        (State::Running as i32, "pending")
    );
    let before = platform.alive();
    platform.is_checking.store(false, Ordering::Relaxed);
    owner.cut(false);
    platform
        .until("carried out", async || {
            meta(&other.service().await, "update").is_empty() && platform.alive() != before
        })
        .await;
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_planned_stop_hands_over_at_once() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let first = platform.alive();
    owner.runtime.shutdown().await;
    let second = platform.running(&other, &other.address()).await;
    assert!(!first.contains(&second));
    assert_eq!(platform.alive(), std::slice::from_ref(&second));
    let reopened = platform.open(owner.name).await;
    assert_eq!(
        platform.running(&reopened, &other.address()).await,
        second,
        "it stays where it is"
    );
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn what_a_dead_server_ran_is_taken_over_after_the_time_to_live() {
    let platform = Platform::new(SHORT);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let (name, died) = (owner.name, Instant::now());
    drop(owner);
    let service = other.service().await;
    assert_eq!(
        meta(&service, "server"),
        format!("{name}:8081"),
        "nobody knows yet"
    );
    let unasked = other.log(&platform.key).await.unwrap_err();
    assert_eq!(unasked.code, 503);
    assert!(unasked.detail.contains(&format!("{name}:8081")), "{unasked}");
    platform.running(&other, &other.address()).await;
    assert!(
        died.elapsed() >= SHORT / 2,
        "not before it was missed: {:?}",
        died.elapsed()
    );
    let reopened = platform.open(name).await;
    let pid = platform.running(&reopened, &other.address()).await;
    assert_eq!(platform.alive(), [pid], "it stays where it is");
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_knows_what_was_its_own() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let (name, before) = (owner.name, platform.alive());
    drop(owner);
    platform
        .until("ended", async || platform.alive().is_empty())
        .await;
    let reopened = platform.open(name).await;
    let at = reopened.address();
    platform
        .until("started again", async || {
            platform.alive().first().is_some_and(|pid| !before.contains(pid))
        })
        .await;
    platform.running(&other, &at).await;
    reopened.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_away_ends_nothing_and_moves_nothing() {
    let platform = Platform::new(SHORT);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let before = platform.alive();
    for server in [&owner, &other] {
        server.cut(true);
    }
    let begin = Instant::now();
    platform
        .until("two lives later", async || {
            for server in [&owner, &other] {
                assert_eq!(server.service().await.status, State::Running as i32);
                assert!(server.log(&platform.key).await.is_ok());
            }
            begin.elapsed() > SHORT * 2
        })
        .await;
    for server in [&owner, &other] {
        let asked = Instant::now();
        let refused = server
            .runtime
            .create(platform.create(&serve()))
            .await
            .unwrap_err();
        assert_eq!(refused.code, 503, "{refused}");
        let refused = server.runtime.delete(&platform.key).await.unwrap_err();
        assert_eq!(refused.code, 503, "{refused}");
        assert!(asked.elapsed() < Duration::from_secs(1));
    }
    // The owner is the last to hear that it is back: the other waits a whole life from then on.
    other.cut(false);
    tokio::time::sleep(SHORT / 3).await;
    owner.cut(false);
    let begin = Instant::now();
    platform
        .until("two lives later", async || {
            assert_eq!(platform.alive(), before);
            begin.elapsed() > SHORT * 2
        })
        .await;
    assert_eq!(platform.running(&other, &owner.address()).await, before[0]);
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_cut_off_ends_what_another_has_taken_over() {
    let platform = Platform::new(SHORT);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let first = platform.alive();
    platform.is_checking.store(false, Ordering::Relaxed);
    owner.cut(true);
    let second = platform.running(&other, &other.address()).await;
    assert_eq!(
        platform.alive(),
        [&first[..], std::slice::from_ref(&second)].concat(),
        "it goes on to serve"
    );
    owner.cut(false);
    platform
        .until("ended", async || platform.alive() == [second.clone()])
        .await;
    platform.is_checking.store(true, Ordering::Relaxed);
    assert_eq!(platform.running(&owner, &other.address()).await, second);
    owner.runtime.delete(&platform.key).await.unwrap();
}

/// The source of a service that says what it is and serves.
async fn upload(server: &Server, key: &Key, says: &str) {
    let serving = format!("echo {says}\n{}\n", serve());
    let mut tar = Tar::new(Vec::new());
    for (path, text) in [
        ("greeter.mu", "service greeter\n    command sh serve.sh\n"),
        ("serve.sh", &serving),
    ] {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let tar = Bytes::from(tar.into_inner().unwrap());
    server
        .runtime
        .upload(key, Streaming::from_iter([tar]))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_source_that_one_server_was_given_is_built_by_each() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    let create = Create {
        command: Vec::new(),
        ..platform.create("")
    };
    upload(&a, &platform.key, "first").await;
    a.runtime.create(create).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let has_log = async |server: &Server, line: &str| {
        let log = server.log(&platform.key).await;
        log.is_ok_and(|log| log.iter().any(|said| said == line))
    };
    platform
        .until("said", async || has_log(&other, "first").await)
        .await;
    platform.is_checking.store(false, Ordering::Relaxed);
    upload(&other, &platform.key, "second").await;
    other
        .runtime
        .update(&platform.key, Update::default())
        .await
        .unwrap();
    platform
        .until("said", async || has_log(&other, "second").await)
        .await;
    let built = other
        .runtime
        .build(&platform.key)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    let built = String::from_utf8_lossy(&built.concat()).into_owned();
    assert!(built.contains("echo second"), "{built}");
    platform
        .until("settled", async || {
            meta(&other.service().await, "update").is_empty()
        })
        .await;
    owner.runtime.shutdown().await;
    platform.running(&other, &other.address()).await;
    assert!(has_log(&other, "second").await && !has_log(&other, "first").await);
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_folder_of_a_machine_that_is_gone_is_said_to_be_missing() {
    let platform = Platform::new(NEVER);
    let a = platform.open("a").await;
    let create = Create {
        source: "file:///nowhere/to/be/found".to_owned(),
        ..platform.create(&serve())
    };
    a.runtime.create(create).await.unwrap();
    let service = a.service().await;
    assert_eq!(service.status, State::Pending as i32);
    assert!(
        meta(&service, "error").contains("/nowhere/to/be/found"),
        "{service:?}"
    );
    a.runtime.delete(&platform.key).await.unwrap();
    assert_eq!(platform.alive(), [""; 0]);
}

#[tokio::test]
async fn services_are_spread() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    for number in 0..6 {
        let create = Create {
            key: Key::new("micro", format!("sleeper-{number}"), ""),
            ..platform.create("exec sleep 600")
        };
        a.runtime.create(create).await.unwrap();
        let is_claimed = async || platform.records("claim:").await == number + 1;
        platform.until("claimed", is_claimed).await;
    }
    for server in [&a, &b] {
        let has_half = async || server.runtime.running.all().len() == 3;
        platform.until("half of them each", has_half).await;
    }
    let everything = Resource::Namespace(micro::runtime::Namespace {
        name: "micro".to_owned(),
    });
    a.runtime.add_resource(everything.clone()).await.unwrap();
    b.runtime.delete_resource(everything).await.unwrap();
    assert_eq!(
        platform.records("claim:").await,
        0,
        "a namespace takes those of all servers along"
    );
}

#[tokio::test]
async fn the_law_of_runtimes_among_others() {
    let platform = Platform::new(NEVER);
    let (a, _b) = (platform.open("a").await, platform.open("b").await);
    micro::runtime::conformance::run(&*a.runtime).await;
}
