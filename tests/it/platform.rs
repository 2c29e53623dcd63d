//! The profile `platform` on real etcd, NATS and PostgreSQL: the same for services, callers and the command line, and going on
//! while a system is away.

mod storm;

use std::time::{Duration, Instant};

use crate::echo;
use http::StatusCode;
use micro_outside::{Etcd, Nats, Postgres};
use micro_tests::http::Http;
use micro_tests::load::{Load, Tally};
use micro_tests::{Server, process, wait};
use rustix::process::Signal;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);
/// After the return of a system everything is as before within this.
const RECOVERY: Duration = Duration::from_secs(5);
/// A block that cannot serve says so within this.
const REFUSAL: Duration = Duration::from_secs(3);
/// What all servers of one platform seal their keys with.
const KEY: &str = "bWljcm8gdGVzdHMgc2VhbCB0aGVpciBrZXlzIGhlcmU=";

/// The systems of one platform.
struct Ground {
    etcd: Etcd,
    nats: Nats,
    postgres: Postgres,
}

impl Ground {
    fn new() -> Self {
        Self {
            etcd: Etcd::start(),
            nats: Nats::start(),
            postgres: Postgres::start(),
        }
    }

    /// A server on them with a home of its own.
    async fn server(&self) -> Server {
        self.server_with(&[]).await
    }

    /// The same, with more variables in its environment.
    async fn server_with(&self, more: &[(&str, &str)]) -> Server {
        server_at(
            &self.etcd.endpoint(),
            &self.nats.url(),
            &self.postgres.url(),
            more,
        )
        .await
    }

    fn kill(&mut self, system: System) {
        match system {
            System::Etcd => self.etcd.kill(),
            System::Nats => self.nats.process().kill(),
            System::Database => self.postgres.kill(),
        }
    }

    fn freeze(&mut self, system: System) {
        match system {
            System::Etcd => self.etcd.freeze(),
            System::Nats => self.nats.process().freeze(),
            System::Database => self.postgres.freeze(),
        }
    }

    fn thaw(&mut self, system: System) {
        match system {
            System::Etcd => self.etcd.thaw(),
            System::Nats => self.nats.process().thaw(),
            System::Database => self.postgres.thaw(),
        }
    }

    fn resume(&mut self, system: System) {
        match system {
            System::Etcd => self.etcd.resume(),
            System::Nats => self.nats.process().resume(),
            System::Database => self.postgres.resume(),
        }
    }
}

/// A server on systems at these addresses.
async fn server_at(etcd: &str, nats: &str, postgres: &str, more: &[(&str, &str)]) -> Server {
    let variables = [
        ("MICRO_PROFILE", "platform"),
        ("MICRO_SECRET_KEY", KEY),
        ("MICRO_REGISTRY_ADDRESS", etcd),
        ("MICRO_BROKER_ADDRESS", nats),
        ("MICRO_STORE_ADDRESS", postgres),
    ];
    Server::start_with(&[&variables, more].concat()).await
}

/// One of them.
#[derive(Clone, Copy, Debug)]
enum System {
    Etcd,
    Nats,
    Database,
}

impl System {
    /// As health names it.
    fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Nats => "NATS",
            Self::Database => "database",
        }
    }
}

async fn call(gateway: &str, name: &str) -> Result<(), String> {
    let answer = Http::to(gateway)
        .try_post(&format!("/{name}/echo/whoami"), "{}")
        .await;
    let answer = answer.map_err(|error| format!("{error:#}"))?;
    if answer.status == StatusCode::OK {
        Ok(())
    } else {
        Err(format!("{} {}", answer.status, answer.text()))
    }
}

async fn until_called(server: &Server, name: &str) {
    let gateway = server.gateway();
    wait::until("the service to be called", SOON, || call(&gateway, name)).await;
}

async fn admin(server: &Server) -> Http {
    let token = server.micro().ok(&["user", "token"]).await;
    server.http().with_token(token.trim())
}

async fn health(server: &Server) -> Value {
    server.http().get("/health").await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_block_does_the_same_on_real_systems() {
    let ground = Ground::new();
    let mut server = ground.server().await;
    let micro = server.micro();
    let whole = json!({"status": "ok", "backends": {"etcd": "ok", "NATS": "ok", "database": "ok"}});
    assert_eq!(health(&server).await, whole);

    let _echo = echo::start(&server, "echo");
    until_called(&server, "echo").await;
    assert!(micro.ok(&["services"]).await.contains("echo"));

    micro.ok(&["store", "write", "user/1", "Ada"]).await;
    assert_eq!(micro.ok(&["store", "read", "user/1"]).await.trim(), "Ada");
    micro.ok(&["config", "set", "desk.size", "7"]).await;
    assert_eq!(micro.ok(&["config", "get", "desk.size"]).await.trim(), "7");
    micro.ok(&["config", "set", "--secret", "desk.key", "hush"]).await;
    assert_eq!(
        micro.ok(&["config", "get", "--secret", "desk.key"]).await.trim(),
        "hush"
    );
    let http = admin(&server).await;
    let event = json!({"topic": "news", "payload": "e30="}).to_string();
    http.post("/events/Stream/Publish", event).await.ok();
    let read = http
        .post("/events/Store/Read", json!({"topic": "news"}).to_string())
        .await
        .ok();
    assert_eq!(read["events"].as_array().unwrap().len(), 1);
    let file = server.home().join("picture");
    std::fs::write(&file, vec![7; 1 << 20]).unwrap();
    let path = file.to_string_lossy().into_owned();
    micro.ok(&["blob", "write", "picture", &path]).await;
    let copy = server.home().join("copy");
    micro
        .ok(&["blob", "read", "picture", &copy.to_string_lossy()])
        .await;
    assert_eq!(std::fs::read(copy).unwrap(), vec![7; 1 << 20]);
    assert_eq!(server.stop(Signal::TERM).await, Some(0));
    // Nothing of it was on this machine.
    assert!(!server.home().join("server/store").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let home = tempfile::tempdir().unwrap();
    let micro = micro_tests::Micro::new(home.path());
    let told = micro
        .run(&[
            "server",
            "--profile=platform",
            "--registry_address=http://127.0.0.1:1",
        ])
        .await
        .failed_with(1);
    assert!(
        told.contains("MICRO_BROKER_ADDRESS and MICRO_STORE_ADDRESS"),
        "{told}"
    );
}

/// How long each system is away: long enough that everybody notices; an operator who tries more sets `MICRO_OUTAGE_SECONDS`.
fn outage() -> Duration {
    let seconds = std::env::var("MICRO_OUTAGE_SECONDS").ok();
    Duration::from_secs(seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(6))
}

#[tokio::test(flavor = "multi_thread")]
async fn running_services_do_without_each_system_for_a_while() {
    let mut ground = Ground::new();
    let server = ground.server().await;
    let _echo = echo::start(&server, "echo");
    until_called(&server, "echo").await;
    let http = admin(&server).await;
    let gateway = server.gateway();
    let load = Load::start(100, move || {
        let gateway = gateway.clone();
        async move { call(&gateway, "echo").await }
    });
    for (round, system) in [System::Etcd, System::Nats, System::Database]
        .into_iter()
        .enumerate()
    {
        let key = format!("kept/{round}");
        use_of(&http, system, &key).await.unwrap();
        ground.kill(system);
        let gone = Instant::now();
        wait::until("health to tell", SOON, || async {
            let told = health(&server).await;
            (told["backends"][system.name()] == "away" && told["status"] == "degraded")
                .then_some(())
                .ok_or(told.to_string())
        })
        .await;
        let told = server.micro().run(&["status"]).await;
        assert!(told.stderr.contains(system.name()), "{}", told.stderr);
        refused(&http, system).await;
        tokio::time::sleep(outage().saturating_sub(gone.elapsed())).await;
        refused(&http, system).await;
        ground.resume(system);
        let back = Instant::now();
        let again = format!("again/{round}");
        wait::until("everything to be as before", RECOVERY, || async {
            use_of(&http, system, &again).await?;
            let told = health(&server).await;
            (told["status"] == "ok").then_some(()).ok_or(told.to_string())
        })
        .await;
        println!("{system:?} was back after {:?}", back.elapsed());
        is_kept(&http, system, &key).await;
    }
    let Tally { answered, failures } = load.stop().await;
    println!(
        "{answered} calls were answered, {} were not: {failures:?}",
        failures.len()
    );
    assert!(answered > 1000, "{answered}");
    // 99.9 %
    assert!(failures.len() * 1000 <= answered, "{failures:?}");
}

/// Changes something that the system keeps.
async fn use_of(http: &Http, system: System, key: &str) -> Result<(), String> {
    let (path, body) = match system {
        System::Etcd => (
            "/registry/Registry/Register",
            json!({"name": "somebody", "nodes": [{"id": key, "address": "127.0.0.1:9"}], "options": {"ttl": 600}}),
        ),
        System::Nats => (
            "/events/Stream/Publish",
            json!({"topic": "news", "id": key, "payload": "e30="}),
        ),
        System::Database => (
            "/store/Store/Write",
            json!({"record": {"key": key, "value": "dg=="}}),
        ),
    };
    let answer = http.try_post(path, body.to_string()).await;
    let answer = answer.map_err(|error| format!("{error:#}"))?;
    if answer.status == StatusCode::OK {
        Ok(())
    } else {
        Err(format!("{} {}", answer.status, answer.text()))
    }
}

/// What needs the system is refused at once, with the reason.
async fn refused(http: &Http, system: System) {
    let start = Instant::now();
    let why = use_of(http, system, "refused").await.unwrap_err();
    assert!(start.elapsed() < REFUSAL, "{:?}", start.elapsed());
    assert!(why.starts_with("503"), "{why}");
}

/// What was acknowledged before the system went is there.
async fn is_kept(http: &Http, system: System, key: &str) {
    let (path, body) = match system {
        System::Etcd => ("/registry/Registry/GetService", json!({"service": "somebody"})),
        System::Nats => ("/events/Store/Read", json!({"topic": "news"})),
        System::Database => ("/store/Store/Read", json!({"key": key})),
    };
    let answer = http.post(path, body.to_string()).await.ok().to_string();
    assert!(answer.contains(key), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_are_one_platform() {
    let ground = Ground::new();
    let (one, mut other) = (ground.server().await, ground.server().await);
    let _echo = echo::start(&one, "echo");
    until_called(&one, "echo").await;
    until_called(&other, "echo").await;

    let (at_one, at_other) = (one.micro(), other.micro());
    at_one.ok(&["store", "write", "a", "1"]).await;
    assert_eq!(at_other.ok(&["store", "read", "a"]).await.trim(), "1");
    at_one.ok(&["config", "set", "desk.size", "7"]).await;
    assert_eq!(at_other.ok(&["config", "get", "desk.size"]).await.trim(), "7");
    at_one
        .ok(&["config", "set", "--secret", "desk.key", "hush"])
        .await;
    assert_eq!(
        at_other
            .ok(&["config", "get", "--secret", "desk.key"])
            .await
            .trim(),
        "hush"
    );

    // An account of the one logs in at the other, and what the one's rules say counts there within a second.
    at_one
        .ok(&[
            "auth",
            "create",
            "account",
            "ada",
            "--secret=correct horse battery",
        ])
        .await;
    let token = json!({"id": "ada", "secret": "correct horse battery", "options": {"namespace": "micro"}});
    let given = other
        .http()
        .post("/auth/Auth/Token", token.to_string())
        .await
        .ok();
    let token = given["token"]["access_token"].as_str().unwrap().to_owned();
    for server in [&one, &other] {
        let known = server.http().with_token(&token);
        let who = known.post("/echo/echo/whoami", "{}").await.ok();
        assert_eq!(who["account"], "ada", "{who}");
    }
    at_one
        .ok(&[
            "auth",
            "create",
            "rule",
            "--access=denied",
            "--resource=service:echo:*",
            "--scope=",
            "--priority=100",
            "nobody",
        ])
        .await;
    wait::until(
        "the rule to be known at the other",
        Duration::from_secs(2),
        || async {
            let rules = at_other.ok(&["auth", "list", "rules"]).await;
            rules.contains("nobody").then_some(()).ok_or(rules)
        },
    )
    .await;
    let refused = call(&other.gateway(), "echo").await.unwrap_err();
    assert!(
        refused.starts_with("401") || refused.starts_with("403"),
        "{refused}"
    );
    at_other.ok(&["auth", "delete", "rule", "nobody"]).await;
    until_called(&one, "echo").await;

    // Killed and started again, each in turn, under load on the other.
    let gateway = one.gateway();
    let load = Load::start(50, move || {
        let gateway = gateway.clone();
        async move { call(&gateway, "echo").await }
    });
    process::signal(other.pid(), Signal::KILL);
    other.kill().await;
    wait::until_true("some calls to pass", SOON, || load.tally().answered > 100).await;
    let Tally { answered, failures } = load.stop().await;
    assert!(
        failures.is_empty(),
        "{} of {answered}: {failures:?}",
        failures.len()
    );
}

/// A server is stopped as for an upgrade, or dies, and comes back; who calls by the other way notices nothing.
#[tokio::test(flavor = "multi_thread")]
async fn servers_restart_one_by_one_under_load() {
    let ground = Ground::new();
    let (mut one, mut two) = tokio::join!(ground.server(), ground.server());
    let _echo = echo::start(&one, "echo");
    until_called(&one, "echo").await;
    until_called(&two, "echo").await;
    for ends in [Signal::TERM, Signal::KILL] {
        for _ in 0..2 {
            let gateway = two.gateway();
            let load = Load::start(100, move || {
                let gateway = gateway.clone();
                async move { call(&gateway, "echo").await }
            });
            wait::until_true("some calls to pass", SOON, || load.tally().answered > 50).await;
            one.stop(ends).await;
            one.restart().await;
            let begun = load.tally().answered;
            wait::until_true("more calls to pass", SOON, || load.tally().answered > begun + 50).await;
            let Tally { answered, failures } = load.stop().await;
            assert!(failures.is_empty(), "of {answered}: {failures:?}");
            // The one that came back has to serve before the other may go.
            until_called(&one, "echo").await;
            std::mem::swap(&mut one, &mut two);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_may_be_many_processes() {
    let ground = Ground::new();
    let most = "api,auth,broker,config,events,network,proxy,registry,runtime";
    let most = ground.server_with(&[("MICRO_PARTS", most)]).await;
    let (one, mut other) = tokio::join!(
        ground.server_with(&[("MICRO_PARTS", "store")]),
        ground.server_with(&[("MICRO_PARTS", "store")])
    );
    let micro = most.micro();
    micro.ok(&["store", "write", "a", "1"]).await;
    // The command line at a part finds the others.
    assert_eq!(one.micro().ok(&["store", "read", "a"]).await.trim(), "1");
    one.micro().ok(&["config", "set", "desk.size", "7"]).await;
    let http = admin(&most).await;
    other.kill().await;
    for round in 0..20 {
        use_of(&http, System::Database, &format!("key/{round}"))
            .await
            .unwrap();
    }
    let home = tempfile::tempdir().unwrap();
    let alone = micro_tests::Micro::new(home.path());
    let told = alone.run(&["service", "store"]).await.failed_with(1);
    assert!(told.contains("--profile=platform"), "{told}");
    let told = alone
        .run(&["server", "--parts=stores", "--profile=platform"])
        .await
        .failed_with(1);
    assert!(told.contains("stores is no part of the platform"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_runs_at_one_server_and_moves_to_another() {
    let ground = Ground::new();
    let (mut one, other) = (ground.server().await, ground.server().await);
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_echo");
    std::fs::write(
        folder.path().join("parrot.mu"),
        format!("service parrot\n    command {program}\n"),
    )
    .unwrap();
    let source = folder.path().to_string_lossy().into_owned();
    one.micro().ok(&["run", &source]).await;
    until_called(&one, "parrot").await;
    until_called(&other, "parrot").await;
    let is_running = |server: &Server| {
        let micro = server.micro();
        async move {
            let status = micro.ok(&["status", "parrot"]).await;
            status.contains("running").then_some(()).ok_or(status)
        }
    };
    for server in [&one, &other] {
        wait::until("the status to be told", SOON, || is_running(server)).await;
        assert!(server.micro().ok(&["logs", "parrot"]).await.contains("serving"));
    }
    assert_eq!(one.stop(Signal::TERM).await, Some(0));
    until_called(&other, "parrot").await;
    wait::until("it to run at the other", SOON, || is_running(&other)).await;
    let runs = process::of_folder(other.home());
    assert!(
        runs.iter()
            .any(|pid| process::program(*pid).is_some_and(|name| name != "micro")),
        "{runs:?}"
    );
    other.micro().ok(&["kill", "parrot"]).await;
    let gateway = other.gateway();
    wait::until("it to be gone", SOON, || async {
        match call(&gateway, "parrot").await {
            Err(why) if why.starts_with("404") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}
