//! Tokens, keys, and who is let in, as clients and administrators meet them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Method;
use micro_proto::auth::{InspectRequest, InspectResponse};
use micro_tests::disk::{Recording, strace};
use micro_tests::grpc::Peer;
use micro_tests::http::{Answer, Http};
use micro_tests::random::Random;
use micro_tests::server::on_free_ports;
use micro_tests::{Server, wait};
use rustix::process::Signal;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
const ALGORITHMS: [&str; 2] = ["EdDSA", "RS256"];

/// A log-in over HTTP.
async fn log_in(http: &Http, algorithm: &str) -> Value {
    let body = json!({"id": "admin", "secret": "micro", "algorithm": algorithm});
    http.post("/auth/Auth/Token", body.to_string()).await.ok()["token"].clone()
}

fn access_token(token: &Value) -> String {
    token["access_token"].as_str().unwrap().to_owned()
}

/// The beginning of a token tells the algorithm and the key.
fn header(token: &str) -> &str {
    token.split('.').next().unwrap()
}

async fn key_set(http: &Http) -> Vec<Value> {
    let set = http.get("/.well-known/jwks.json").await.ok();
    set["keys"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_keys_are_for_everybody() {
    let server = Server::start().await;
    let http = server.http();
    assert_eq!(key_set(&http).await.len(), 1, "nobody has asked for RSA yet");
    let plain = http
        .post(
            "/auth/Auth/Token",
            json!({"id": "admin", "secret": "micro"}).to_string(),
        )
        .await
        .ok();
    let plain = access_token(&plain["token"]);
    let ours = access_token(&log_in(&http, "EdDSA").await);
    assert_eq!(
        header(&plain),
        header(&access_token(&log_in(&http, "RS256").await))
    );
    for token in [&plain, &ours] {
        let inspected = http
            .post("/auth/Auth/Inspect", json!({ "token": token }).to_string())
            .await;
        assert_eq!(inspected.ok()["account"]["id"], "admin");
        assert_eq!(
            http.clone()
                .with_token(token)
                .post("/auth/Accounts/List", "{}")
                .await
                .status,
            200
        );
    }
    let keys = key_set(&http).await;
    let kinds: Vec<_> = keys
        .iter()
        .map(|key| (&key["kty"], &key["alg"], &key["use"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&json!("OKP"), &json!("EdDSA"), &json!("sig")),
            (&json!("RSA"), &json!("RS256"), &json!("sig"))
        ]
    );
    let answer = http
        .send(
            Method::GET,
            "/.well-known/jwks.json",
            &[("origin", "http://page")],
            "",
        )
        .await;
    assert_eq!(answer.headers["cache-control"], "public, max-age=60");
    assert_eq!(answer.headers["access-control-allow-origin"], "http://page");
    http.post("/.well-known/jwks.json", "{}").await.failed_with(405);
    let micro = server.micro();
    let listed = micro.ok(&["auth", "list", "keys"]).await;
    for key in &keys {
        assert!(listed.contains(key["kid"].as_str().unwrap()), "{listed}");
    }
    let made = micro
        .ok(&[
            "auth",
            "create",
            "token",
            "--id=admin",
            "--secret=micro",
            "--algorithm=EdDSA",
        ])
        .await;
    let made: Value = serde_json::from_str(made.trim().strip_prefix("Token created: ").unwrap()).unwrap();
    assert_eq!(header(&access_token(&made)), header(&ours));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_from_the_proxy_is_in_its_message_alone() {
    let server = Server::start().await;
    let peer = Peer::connect(&server.proxy()).await.unwrap();
    let request = InspectRequest {
        token: "x".into(),
        options: None,
    };
    let refused = peer
        .unary::<_, InspectResponse>("/auth.Auth/Inspect", request)
        .await
        .unwrap_err();
    assert_eq!(
        serde_json::from_str::<Value>(refused.message()).unwrap(),
        json!({"id": "auth.Auth.Inspect", "code": 400, "detail": "invalid token provided", "status": "Bad Request"})
    );
    assert!(
        refused.details().is_empty(),
        "clients that serve nothing stumble over them"
    );
}

/// What callers share while the server comes and goes.
struct Calls {
    gateway: RwLock<String>,
    is_over: AtomicBool,
}

impl Calls {
    /// An answer, as soon as there is a server that gives one.
    async fn post(&self, token: Option<&str>, path: &str, body: &str) -> Option<Answer> {
        while !self.is_over.load(Ordering::Relaxed) {
            let http = Http::to(&self.gateway.read().unwrap().clone());
            let http = token.map_or(http.clone(), |token| http.with_token(token));
            if let Ok(answer) = http.try_post(path, body.to_owned()).await {
                return Some(answer);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// Calls with the token that it has, renews it, and calls with the first one again; returns the number of calls.
    async fn call(self: Arc<Self>, first: Value, algorithm: &'static str) -> usize {
        let refresh = json!({"refresh_token": first["refresh_token"], "algorithm": algorithm}).to_string();
        let first = access_token(&first);
        let mut latest = first.clone();
        let mut calls = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            for token in [&first, &latest] {
                let Some(answer) = self.post(Some(token), "/auth/Accounts/List", "{}").await else {
                    return calls;
                };
                assert_eq!(answer.status, 200, "a good token is refused: {}", answer.text());
                calls += 1;
            }
            let Some(answer) = self.post(None, "/auth/Auth/Token", &refresh).await else {
                return calls;
            };
            latest = access_token(&answer.ok()["token"]);
        }
        calls
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_through_kills_and_no_call_is_refused() {
    let mut server = Server::start().await;
    let calls = Arc::new(Calls {
        gateway: RwLock::new(server.gateway()),
        is_over: AtomicBool::new(false),
    });
    let mut callers = Vec::new();
    let mut headers = Vec::new();
    for algorithm in ALGORITHMS {
        let token = log_in(&server.http(), algorithm).await;
        headers.push(header(&access_token(&token)).to_owned());
        callers.push(tokio::spawn(Arc::clone(&calls).call(token, algorithm)));
    }
    // Killed before, while and after the new keys are kept.
    for pause in [0, 15, 30, 60, 120] {
        let micro = server.micro();
        let rotating =
            tokio::spawn(async move { micro.run(&["auth", "rotate", "keys", "--delay=1s"]).await });
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.kill().await;
        rotating.await.unwrap();
        server.restart().await;
        *calls.gateway.write().unwrap() = server.gateway();
    }
    server.micro().ok(&["auth", "rotate", "keys", "--delay=1s"]).await;
    let http = &server.http();
    for (algorithm, old) in ALGORITHMS.into_iter().zip(&headers) {
        wait::until("a new key to sign", SOON, || async move {
            let token = access_token(&log_in(http, algorithm).await);
            if header(&token) == old { Err(token) } else { Ok(()) }
        })
        .await;
    }
    calls.is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 20);
    }
    assert!(
        key_set(http).await.len() >= 4,
        "what old keys have signed is still good"
    );
}

/// Rotations before the power goes, and power cuts that are tried out.
const ROTATIONS: usize = 3;
const CUTS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_lost_when_the_power_goes_while_keys_rotate() {
    let notes = tempfile::tempdir().unwrap();
    let home = tempfile::Builder::new().prefix("micro-power-").tempdir().unwrap();
    let mut server = Server::start_recorded(home, notes.path()).await;
    let given = tokens_over_rotations(&server.http()).await;
    server.kill().await;
    wait::until_true("strace to end", SOON, || strace::has_ended(notes.path())).await;
    let recording = Recording::read(notes.path());

    let seed = Random::fresh_seed();
    let mut random = Random::new(seed);
    let (first, last) = (given[0].1, given[given.len() - 1].1);
    for _ in 0..CUTS {
        let moment = first + random.below((last - first) as usize) as u64;
        let left = tempfile::Builder::new().prefix("micro-power-").tempdir().unwrap();
        recording.after_power_cut(server.home(), left.path(), moment, &mut random);
        let after = Server::start_in(left, &["server"]).await;
        for (token, _) in given.iter().filter(|(_, acknowledged)| *acknowledged <= moment) {
            let body = json!({ "token": token }).to_string();
            let status = after.http().post("/auth/Auth/Inspect", body).await.status;
            assert_eq!(status, 200, "a good token is refused (seed {seed}): {token}");
        }
        log_in(&after.http(), "RS256").await;
    }
}

/// Tokens of both kinds under each key, and when each was there, in Unix nanoseconds.
async fn tokens_over_rotations(http: &Http) -> Vec<(String, u64)> {
    let mut given = Vec::new();
    for _ in 0..ROTATIONS {
        let before = access_token(&log_in(http, "EdDSA").await);
        let rotate = http.clone().with_token(&before);
        rotate.post("/auth/Auth/RotateKeys", r#"{"delay":1}"#).await.ok();
        loop {
            let tokens = [
                access_token(&log_in(http, "EdDSA").await),
                access_token(&log_in(http, "RS256").await),
            ];
            let has_changed = header(&tokens[0]) != header(&before);
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            given.extend(tokens.map(|token| (token, u64::try_from(now.as_nanos()).unwrap())));
            if has_changed {
                break;
            }
        }
    }
    given
}

#[tokio::test(flavor = "multi_thread")]
async fn who_locks_himself_out_is_told_before_and_let_in_after() {
    let mut server = Server::start().await;
    let micro = server.micro();
    let deny = [
        "auth",
        "create",
        "rule",
        "--access=denied",
        "--resource=service:auth:*",
        "--priority=9",
        "nobody",
    ];
    let told = micro.run(&deny).await.failed_with(127);
    assert!(
        told.contains("shut you out") && told.contains("--force"),
        "{told}"
    );
    micro.ok(&["auth", "delete", "rule", "default"]).await;
    assert!(
        micro.ok(&["auth", "list", "rules"]).await.contains("default"),
        "the last rule comes back"
    );
    let forced = [&deny[..], &["--force"]].concat();
    assert_eq!(micro.ok(&forced).await.trim(), "Rule created");
    let refused = micro
        .run(&["auth", "delete", "rule", "--force", "nobody"])
        .await
        .failed_with(127);
    assert!(
        refused.contains("Forbidden call made to auth:Rules.Delete by admin"),
        "{refused}"
    );
    let running = on_free_ports(server.home())
        .run_within(SOON, &["server", "--reset-admin"])
        .await
        .failed_with(1);
    assert!(running.contains("stop"), "{running}");

    server.stop(Signal::TERM).await;
    let said = on_free_ports(server.home())
        .ok(&["server", "--reset-admin"])
        .await;
    assert!(said.contains("The rule nobody is removed"), "{said}");
    let secret = said
        .lines()
        .find_map(|line| line.strip_prefix("The account `admin` has a new secret, shown only now: "))
        .unwrap_or_else(|| panic!("{said}"));
    server.restart().await;
    let known = micro
        .run(&["login", "--username=admin", "--password=micro"])
        .await
        .failed_with(127);
    assert!(known.contains("Secret not correct"), "{known}");
    micro
        .ok(&["login", "--username=admin", &format!("--password={secret}")])
        .await;
    assert_eq!(micro.ok(&["user"]).await.trim(), "admin");
    micro.ok(&["auth", "create", "account", "ada"]).await;
    let rules = micro.ok(&["auth", "list", "rules"]).await;
    assert!(!rules.contains("nobody") && rules.contains("default"), "{rules}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_the_block_list_gets_no_further_than_the_gateway() {
    let mut server = Server::start().await;
    let micro = server.micro();
    let token = access_token(&log_in(&server.http(), "EdDSA").await);
    let jane = r#"{"id":"admin","namespace":"micro"}"#;
    micro.ok(&["call", "api", "Api.AddToBlockList", jane]).await;
    let list = async |server: &Server| {
        let http = server.http().with_token(&token);
        http.post("/auth/Accounts/List", "{}").await
    };
    assert_eq!(list(&server).await.status, 200, "only when it is switched on");
    micro
        .ok(&["config", "set", "micro.api.blocklist_enabled", "true"])
        .await;
    let server_now = &server;
    wait::until("the gateway to refuse", SOON, || async move {
        let answer = list(server_now).await;
        if answer.status == 401 {
            Ok(())
        } else {
            Err(answer.text())
        }
    })
    .await;
    assert_eq!(list(&server).await.text(), "unauthorized request\n");
    assert_eq!(
        server.http().post("/auth/Accounts/List", "{}").await.status,
        401,
        "nobody is refused by the service"
    );
    server.kill().await;
    server.restart().await;
    assert_eq!(list(&server).await.text(), "unauthorized request\n", "it is kept");
    let read = micro.ok(&["call", "api", "Api.ReadBlockList"]).await;
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(
        read["ids"],
        json!(["micro:admin"]),
        "the command line goes through the proxy"
    );
    micro.ok(&["call", "api", "Api.RemoveFromBlockList", jane]).await;
    assert_eq!(list(&server).await.status, 200);
}
