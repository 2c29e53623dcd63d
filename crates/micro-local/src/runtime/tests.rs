//! The runtime as its callers see it. The services are small scripts and programs that leave their node's id in a
//! folder; the test registers what it finds there, in place of the framework that they lack.

use std::time::Duration;

use micro::registry::{Memory as Nodes, Node, Service as Registered};
use micro::runtime::{Runtime as _, State};
use micro::store::Memory;
use tar::{Builder as Tar, Header};

use super::*;

/// Writes its node down, and serves until it is asked to end.
const SERVE: &str = "echo x > $NODES/$MICRO_SERVICE_NODE; trap 'exit 0' TERM; while :; do sleep 0.02; done";
const PATIENCE: Duration = Duration::from_secs(60);

struct Accounts;

#[async_trait]
impl Issuer for Accounts {
    async fn issue(&self, _: &str, name: &str, version: &str) -> Result<(String, String)> {
        Ok((format!("{name}-{version}"), "secret-of-its-own".to_owned()))
    }
}

/// Seals by turning round, and holds one setting.
struct Safe;

#[async_trait]
impl Vault for Safe {
    async fn setting(&self, namespace: &str, path: &str) -> Result<Option<String>> {
        let is_there = (namespace, path) == ("micro", "mail.password");
        Ok(is_there.then(|| "from-config".to_owned()))
    }
    fn seal(&self, _: &Key, _: &str, value: &str) -> Result<String> {
        Ok(value.chars().rev().collect())
    }
    fn open(&self, _: &Key, _: &str, sealed: &str) -> Result<String> {
        Ok(sealed.chars().rev().collect())
    }
}

struct Always;

#[async_trait]
impl Probe for Always {
    async fn is_serving(&self, _: &str) -> bool {
        true
    }
}

struct Fixture {
    folder: tempfile::TempDir,
    store: Arc<Memory>,
    registry: Arc<Nodes>,
    runtime: Runtime,
    registrar: tokio::task::JoinHandle<()>,
    key: Key,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.registrar.abort();
    }
}

async fn open(folder: &Path, store: &Arc<Memory>, registry: &Arc<Nodes>) -> Runtime {
    let config = Config {
        folder: folder.join("server"),
        build: folder.join("build"),
        framework: folder.join("framework"),
        blobs: Arc::new(micro::blob::Memory::default()),
        store: store.clone(),
        registry: registry.clone(),
        credentials: Arc::new(Accounts),
        vault: Arc::new(Safe),
        cgroup: Some(folder.join("cgroup")),
        proxy: "127.0.0.1:8081".to_owned(),
        gateway: "http://127.0.0.1:8080".to_owned(),
        sharing: None,
    };
    Runtime::open_with(config, Arc::new(Always)).await.unwrap()
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("nodes")).unwrap();
    let (store, registry) = (Arc::new(Memory::new()), Arc::new(Nodes::new()));
    let runtime = open(folder.path(), &store, &registry).await;
    let registrar = tokio::spawn(register(folder.path().join("nodes"), registry.clone()));
    Fixture {
        folder,
        store,
        registry,
        runtime,
        registrar,
        key: Key::new("micro", "greeter", ""),
    }
}

async fn register(nodes: PathBuf, registry: Arc<Nodes>) {
    loop {
        for entry in std::fs::read_dir(&nodes).into_iter().flatten().flatten() {
            let id = entry.file_name().to_string_lossy().into_owned();
            let node = Node {
                id,
                address: "127.0.0.1:1".to_owned(),
                ..Node::default()
            };
            let service = Registered {
                name: "greeter".to_owned(),
                version: "latest".to_owned(),
                nodes: vec![node],
                ..Registered::default()
            };
            registry.register("micro", service, None).await.unwrap();
            let _ = std::fs::remove_file(entry.path());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Fixture {
    fn script(&self, script: &str) -> Create {
        Create {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            ..self.create()
        }
    }

    fn create(&self) -> Create {
        let nodes = self.folder.path().join("nodes").to_string_lossy().into_owned();
        Create {
            env: vec![("NODES".to_owned(), nodes)],
            ..Create::new(self.key.clone())
        }
    }

    async fn service(&self) -> Service {
        let mut services = self.runtime.read("micro", &Query::of("greeter")).await.unwrap();
        assert_eq!(services.len(), 1);
        services.remove(0)
    }

    /// Waits until the service is as described.
    async fn until(&self, what: &str, is_so: impl Fn(&Service) -> bool) -> Service {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let service = self.service().await;
            if is_so(&service) {
                return service;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "never {what}: {service:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn until_state(&self, state: State) -> Service {
        self.until(state.word(), |service| service.status == state as i32)
            .await
    }

    async fn log(&self) -> Vec<String> {
        let records = self
            .runtime
            .logs(&self.key, LogsQuery::default())
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        records.into_iter().map(|record| record.message).collect()
    }

    /// Uploads a package whose program does this.
    async fn upload(&self, main: &str) {
        let manifest =
            "[package]\nname = \"greeter-service\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
        self.upload_files(&[("Cargo.toml", manifest), ("src/main.rs", main)])
            .await;
    }

    async fn upload_files(&self, files: &[(&str, &str)]) {
        let mut tar = Tar::new(Vec::new());
        for (path, text) in files {
            let mut header = Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        let tar = Bytes::from(tar.into_inner().unwrap());
        let name = self
            .runtime
            .upload(&self.key, Streaming::from_iter([tar]))
            .await
            .unwrap();
        assert_eq!(name, "source://greeter:latest");
    }
}

fn is_alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn meta<'a>(service: &'a Service, name: &str) -> &'a str {
    service.metadata.get(name).map_or("", String::as_str)
}

#[tokio::test]
async fn a_service_runs_in_its_environment_and_ends_with_all_it_started() {
    let fixture = fixture().await;
    let child = "sleep 600 & echo child $!; env | grep ^MICRO_ | sort;";
    let mut create = fixture.script(&format!("{child} {SERVE}"));
    create
        .env
        .push(("MICRO_NAMESPACE".to_owned(), "other".to_owned()));
    create
        .env
        .push(("MICRO_SERVICE_VERSION".to_owned(), "chosen".to_owned()));
    create.metadata.insert("owner".to_owned(), "alice".to_owned());
    fixture.runtime.create(create.clone()).await.unwrap();
    let error = fixture.runtime.create(create).await.unwrap_err();
    assert_eq!((error.code, error.detail.as_str()), (500, "already exists"));

    let service = fixture.until_state(State::Running).await;
    for (name, value) in [
        ("status", "running"),
        ("owner", "alice"),
        ("instances", "1/1"),
        ("retries", "0"),
        ("error", ""),
    ] {
        assert_eq!(meta(&service, name), value, "{name}");
    }
    assert!(status::parse_rfc3339(meta(&service, "started")).is_some());
    let log = fixture.log().await;
    let node = log
        .iter()
        .find_map(|line| line.strip_prefix("MICRO_SERVICE_NODE=greeter-"))
        .unwrap();
    assert_eq!(node.len(), 36);
    for expected in [
        "MICRO_AUTH_ID=greeter-latest",
        "MICRO_AUTH_SECRET=secret-of-its-own",
        "MICRO_NAMESPACE=micro",
        "MICRO_PROFILE=service",
        "MICRO_PROXY=127.0.0.1:8081",
        "MICRO_GATEWAY=http://127.0.0.1:8080",
        "MICRO_SERVICE_NAME=greeter",
        "MICRO_SERVICE_VERSION=chosen",
    ] {
        assert!(
            log.iter().any(|line| line == expected),
            "{expected} is not in {log:?}"
        );
    }

    let child = log[0].strip_prefix("child ").unwrap().to_owned();
    let pid = meta(&service, "pid").to_owned();
    assert!(is_alive(&child) && is_alive(&pid));
    fixture.runtime.delete(&fixture.key).await.unwrap();
    assert!(!is_alive(&child) && !is_alive(&pid));
    assert!(
        fixture
            .runtime
            .read("micro", &Query::default())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        fixture
            .runtime
            .logs(&fixture.key, LogsQuery::default())
            .await
            .unwrap_err()
            .code,
        500
    );
    let error = fixture.runtime.delete(&fixture.key).await.unwrap_err();
    assert_eq!((error.code, error.detail.as_str()), (500, "not found"));
    let notes = std::fs::read_dir(fixture.folder.path().join("server/runtime"))
        .unwrap()
        .count();
    assert_eq!(notes, 0);
}

#[tokio::test]
async fn one_that_never_comes_up_is_given_up_with_its_reason() {
    let fixture = fixture().await;
    fixture
        .runtime
        .create(fixture.script("echo starting; echo no database at $MICRO_PROXY >&2; exit 3"))
        .await
        .unwrap();
    let service = fixture.until_state(State::Error).await;
    let error = meta(&service, "error");
    assert!(error.starts_with("exited with code 3 after 0."), "{error}");
    assert!(error.ends_with(" s: no database at 127.0.0.1:8081"), "{error}");
    let log = fixture.log().await;
    assert_eq!(log.iter().filter(|line| *line == "starting").count(), 5);
    assert!(log.last().unwrap().ends_with("not started again"), "{log:?}");

    fixture
        .runtime
        .create(Create {
            force: true,
            ..fixture.script(SERVE)
        })
        .await
        .unwrap();
    let service = fixture.until_state(State::Running).await;
    assert_eq!(meta(&service, "error"), "");
}

#[tokio::test]
async fn one_that_crashes_is_started_again() {
    let fixture = fixture().await;
    fixture
        .runtime
        .create(Create {
            instances: Some(2),
            ..fixture.script(SERVE)
        })
        .await
        .unwrap();
    let both = fixture
        .until("both run", |service| meta(service, "instances") == "2/2")
        .await;
    let pids: Vec<&str> = meta(&both, "pid").split(',').collect();
    let victim = rustix::process::Pid::from_raw(pids[0].parse().unwrap()).unwrap();
    rustix::process::kill_process(victim, rustix::process::Signal::KILL).unwrap();
    let one = fixture
        .until("one is down", |service| meta(service, "instances") == "1/2")
        .await;
    assert_eq!(
        one.status,
        State::Running as i32,
        "one instance is enough to be running"
    );
    assert!(
        meta(&one, "error").starts_with("killed by signal 9 after "),
        "{one:?}"
    );
    let nodes = fixture.registry.get("micro", "greeter").await.unwrap();
    assert_eq!(nodes[0].nodes.len(), 1, "nobody is sent to the one that is gone");
    let both = fixture
        .until("both run again", |service| meta(service, "instances") == "2/2")
        .await;
    assert_eq!((meta(&both, "error"), meta(&both, "retries")), ("", "0"));
    assert!(meta(&both, "pid").contains(pids[1]) && !meta(&both, "pid").contains(pids[0]));
    fixture.runtime.shutdown().await;
}

/// A program that says its version and serves.
fn program(version: &str) -> String {
    format!(
        "fn main() {{\n    println!(\"{version}\");\n    let node = std::env::var(\"MICRO_SERVICE_NODE\").unwrap();\n    \
         let nodes = std::env::var(\"NODES\").unwrap();\n    std::fs::write(format!(\"{{nodes}}/{{node}}\"), \"x\").unwrap();\n    \
         std::thread::sleep(std::time::Duration::from_secs(600));\n}}\n"
    )
}

#[tokio::test]
async fn an_update_replaces_what_serves_only_when_it_works() {
    let fixture = fixture().await;
    assert_eq!(
        fixture.runtime.create(fixture.create()).await.unwrap_err().code,
        400,
        "nothing was uploaded"
    );
    fixture.upload(&program("version 1")).await;
    fixture.runtime.create(fixture.create()).await.unwrap();
    let state = fixture.service().await.status;
    assert!(state == State::Pending as i32 || state == State::Building as i32);
    let first = fixture.until_state(State::Running).await;

    fixture.upload("fn main() { let n: u32 = \"x\"; }").await;
    fixture
        .runtime
        .update(&fixture.key, Update::default())
        .await
        .unwrap();
    assert_ne!(
        meta(&fixture.service().await, "update"),
        "",
        "it can be seen that an update goes on"
    );
    let settled = |service: &Service| meta(service, "update").is_empty();
    let second = fixture.until("settled", settled).await;
    assert_eq!(
        (second.status, meta(&second, "pid")),
        (State::Running as i32, meta(&first, "pid"))
    );
    assert!(meta(&second, "error").contains("mismatched types"), "{second:?}");
    assert!(
        fixture
            .log()
            .await
            .iter()
            .any(|line| line.contains("mismatched types"))
    );

    fixture
        .upload("fn main() { println!(\"no licence\"); std::process::exit(7); }")
        .await;
    fixture
        .runtime
        .update(&fixture.key, Update::default())
        .await
        .unwrap();
    let third = fixture.until("settled", settled).await;
    assert_eq!(
        (third.status, meta(&third, "pid")),
        (State::Running as i32, meta(&first, "pid"))
    );
    assert!(
        meta(&third, "error").contains("exited with code 7") && meta(&third, "error").ends_with("no licence")
    );

    fixture.upload(&program("version 2")).await;
    let two = Update {
        instances: Some(2),
        ..Update::default()
    };
    fixture.runtime.update(&fixture.key, two).await.unwrap();
    let fourth = fixture
        .until("two", |service| {
            meta(service, "instances") == "2/2" && settled(service)
        })
        .await;
    assert_eq!(meta(&fourth, "error"), "");
    assert!(!meta(&fourth, "pid").contains(meta(&first, "pid")));
    assert_eq!(
        fixture
            .log()
            .await
            .iter()
            .filter(|line| *line == "version 2")
            .count(),
        2
    );
    let gone = async {
        while is_alive(meta(&first, "pid")) {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
    fixture.runtime.shutdown().await;
}

mod foreign;
mod servers;

#[tokio::test]
async fn the_next_server_starts_what_was_to_run_without_building_it() {
    let fixture = fixture().await;
    fixture.upload(&program("hello")).await;
    fixture.runtime.create(fixture.create()).await.unwrap();
    let first = fixture.until_state(State::Running).await;
    fixture.runtime.shutdown().await;
    assert!(!is_alive(meta(&first, "pid")));
    assert!(
        fixture
            .runtime
            .read("micro", &Query::default())
            .await
            .unwrap()
            .is_empty()
    );

    std::fs::remove_dir_all(fixture.folder.path().join("build")).unwrap();
    let stranger = fixture
        .folder
        .path()
        .join("server/bin/micro/greeter-latest-00000000");
    std::fs::write(&stranger, "left behind").unwrap();
    let next = open(fixture.folder.path(), &fixture.store, &fixture.registry).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while next.read("micro", &Query::default()).await.unwrap()[0].status != State::Running as i32 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!fixture.folder.path().join("build").exists(), "nothing was built");
    assert!(!stranger.exists(), "programs that nothing runs are removed");
    next.shutdown().await;
}

#[tokio::test]
async fn who_goes_away_while_a_service_is_made_blocks_its_name_for_nobody() {
    let fixture = fixture().await;
    let create = fixture.script(SERVE);
    // As far as it had come: written down, and not yet started.
    let written = super::Desired::new(create.clone(), std::collections::BTreeMap::new());
    fixture.runtime.shared.ledger.add(&written).await.unwrap();
    assert!(fixture.runtime.shared.ledger.add(&written).await.is_err());
    fixture.runtime.create(create).await.unwrap();
    fixture.until_state(State::Running).await;
    fixture.runtime.delete(&fixture.key).await.unwrap();
    assert!(
        fixture.runtime.shared.ledger.replace(&written).await.is_err(),
        "what was removed stays so"
    );
    assert!(fixture.runtime.shared.ledger.all().await.unwrap().is_empty());
}
