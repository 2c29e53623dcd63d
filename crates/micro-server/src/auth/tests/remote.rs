//! What services use, against the block behind a real listener.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use micro::auth::{AsService, Identity, RemoteGuard, TokenSource};
use micro_proto::auth::{
    Accounts, CreateRequest, ListAccountsRequest, Resource, RotateKeysRequest, Rule, Rules,
};
use micro_rpc::{Access, Client, Credentials, Guard, Server};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(fixture: &Fixture, address: SocketAddr) -> Running {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let block = fixture.block();
        let builder = Server::builder("auth").guard(block.guard());
        let server = block
            .handlers()
            .into_iter()
            .fold(builder, |builder, handler| builder.handle(handler))
            .build();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            server
                .serve(listener, async { drop(stopped.await) }, Duration::ZERO)
                .await;
        });
        Running { address, stop, task }
    }

    async fn stop(self) -> SocketAddr {
        drop(self.stop);
        self.task.await.unwrap();
        self.address
    }
}

async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}");
}

fn everything(id: &str, access: i32, priority: i32) -> CreateRequest {
    let any = || "*".to_owned();
    let resource = Some(Resource {
        name: any(),
        r#type: any(),
        endpoint: any(),
    });
    let rule = Rule {
        id: id.into(),
        scope: String::new(),
        resource,
        access,
        priority,
    };
    CreateRequest {
        rule: Some(rule),
        options: options("foo"),
    }
}

#[tokio::test]
async fn a_service_decides_by_the_last_rules_it_was_told() {
    let fixture = Fixture::new().await;
    let server = Running::start(&fixture, ([127, 0, 0, 1], 0).into()).await;
    let address = server.address.to_string();
    let (id, secret) = fixture
        .block()
        .issue_service_account("foo", "user", "latest")
        .await
        .unwrap();
    let identity = Identity {
        namespace: "foo".into(),
        id,
        secret,
    };
    let source = TokenSource::start(&Client::to_address(&address), identity)
        .await
        .unwrap();
    let token = source.token().unwrap();
    let client = Client::builder().address(&address).credentials(source).build();
    let guard = RemoteGuard::start(&client, "foo");
    guard.ready(PATIENCE).await.unwrap();
    let caller = guard.authenticate(&token).unwrap();
    assert_eq!(
        (caller.id.as_str(), caller.issuer.as_str()),
        ("user-latest", "foo")
    );
    assert!(guard.authenticate("x.y.z").is_none());

    let access = Access {
        account: None,
        service: "user",
        endpoint: "User.Read",
        namespace: "",
    };
    assert_eq!(guard.authorise(&access), Ok(()));
    fixture
        .rules
        .create(&admin(), everything("closed", 2, 1))
        .await
        .unwrap();
    wait_until("the change arrives", || guard.authorise(&access).is_err()).await;

    let address = server.stop().await;
    assert_eq!(
        guard.authorise(&access).unwrap_err().code,
        401,
        "what was known last still counts"
    );
    fixture
        .rules
        .create(&admin(), everything("open", 1, 2))
        .await
        .unwrap();
    let _server = Running::start(&fixture, address).await;
    wait_until("it catches up when the platform is back", || {
        guard.authorise(&access).is_ok()
    })
    .await;
}

#[tokio::test]
async fn without_the_right_secret_there_is_no_token() {
    let fixture = Fixture::new().await;
    let server = Running::start(&fixture, ([127, 0, 0, 1], 0).into()).await;
    let (id, _) = fixture.block().ensure_join_account().await.unwrap();
    let identity = Identity {
        namespace: "micro".into(),
        id,
        secret: "wrong".into(),
    };
    let refused = TokenSource::start(&Client::to_address(&server.address.to_string()), identity).await;
    assert_eq!(
        refused.err().map(|error| error.detail),
        Some("Secret not correct".into())
    );
}

#[tokio::test]
async fn a_service_makes_accounts_in_its_own_name_whoever_calls_it() {
    let fixture = Fixture::new().await;
    let server = Running::start(&fixture, ([127, 0, 0, 1], 0).into()).await;
    let address = server.address.to_string();
    let (id, secret) = fixture
        .block()
        .issue_service_account("foo", "user", "1")
        .await
        .unwrap();
    let identity = Identity {
        namespace: "foo".into(),
        id,
        secret,
    };
    let source = TokenSource::start(&Client::to_address(&address), identity)
        .await
        .unwrap();
    let client = Client::builder().address(&address).credentials(source).build();
    let platform: Arc<dyn Auth> = Arc::new(AsService::new(&client, "foo"));
    let accounts: Arc<dyn Accounts> = Arc::new(AsService::new(&client, "foo"));
    // The caller has a token that allows nothing of it, and another namespace in mind.
    let stranger = Context::background().with_token("x.y.z").with_namespace("bar");
    let new = GenerateRequest {
        id: "ada".into(),
        ..GenerateRequest::default()
    };
    let made = platform.generate(&stranger, new).await.unwrap().account.unwrap();
    assert_eq!(made.issuer, "foo");
    let listed = accounts
        .list(&stranger, ListAccountsRequest::default())
        .await
        .unwrap()
        .accounts;
    assert!(listed.iter().any(|account| account.id == "ada"));
    let elsewhere = ListAccountsRequest {
        options: options("micro"),
    };
    assert_eq!(accounts.list(&stranger, elsewhere).await.unwrap_err().code, 403);
    let request = TokenRequest {
        id: "ada".into(),
        secret: made.secret,
        algorithm: "EdDSA".into(),
        ..TokenRequest::default()
    };
    assert!(platform.token(&stranger, request).await.unwrap().token.is_some());
}

/// Tokens are asked for and used all the time, by services that verify them themselves.
#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_while_everybody_calls() {
    let fixture = Arc::new(Fixture::new().await);
    fixture.make("ada", "right").await;
    let mut server = Running::start(&fixture, ([127, 0, 0, 1], 0).into()).await;
    let address = server.address.to_string();
    let (id, secret) = fixture
        .block()
        .issue_service_account("micro", "user", "latest")
        .await
        .unwrap();
    let identity = Identity {
        namespace: "micro".into(),
        id,
        secret,
    };
    let client = Client::to_address(&address);
    let source = TokenSource::start(&client, identity).await.unwrap();
    let client = Client::builder().address(&address).credentials(source).build();
    let guard = RemoteGuard::start(&client, "micro");
    guard.ready(PATIENCE).await.unwrap();

    let is_over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = ["EdDSA", "RS256", "EdDSA", "RS256"]
        .map(|algorithm| {
            let caller = Caller {
                fixture: Arc::clone(&fixture),
                guard: Arc::clone(&guard),
                algorithm,
            };
            tokio::spawn(caller.call_until(Arc::clone(&is_over)))
        })
        .into();
    for round in 0..4 {
        let before = signing_keys(&fixture).await;
        let request = RotateKeysRequest { delay: 1 };
        fixture.auth.rotate_keys(&admin(), request).await.unwrap();
        let replaced = async {
            while signing_keys(&fixture)
                .await
                .iter()
                .any(|key| before.contains(key))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, replaced)
            .await
            .expect("the new keys sign");
        if round == 1 {
            let address = server.stop().await;
            server = Running::start(&fixture, address).await;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let mut calls = 0;
    for caller in callers {
        let (made, keys) = caller.await.unwrap();
        assert!(keys >= 4, "each key was used: {keys}");
        calls += made;
    }
    assert!(calls > 100, "{calls}");
    drop(server);
}

/// The headers of tokens that are signed now, one for each algorithm: they name the keys.
async fn signing_keys(fixture: &Fixture) -> Vec<String> {
    let mut keys = Vec::new();
    for algorithm in ["EdDSA", "RS256"] {
        let request = TokenRequest {
            id: "ada".into(),
            secret: "right".into(),
            algorithm: algorithm.into(),
            ..TokenRequest::default()
        };
        let token = fixture.token(request).await.unwrap().access_token;
        keys.push(token.split('.').next().unwrap_or_default().to_owned());
    }
    keys
}

struct Caller {
    fixture: Arc<Fixture>,
    guard: Arc<RemoteGuard>,
    algorithm: &'static str,
}

impl Caller {
    /// How many calls were made and under how many keys; panics when one is refused.
    async fn call_until(self, is_over: Arc<AtomicBool>) -> (usize, usize) {
        let asked = |secret: String| TokenRequest {
            id: "ada".into(),
            secret,
            algorithm: self.algorithm.into(),
            ..TokenRequest::default()
        };
        let mut token = self
            .fixture
            .token(asked("right".into()))
            .await
            .unwrap()
            .access_token;
        let mut tokens = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            token = self.fixture.token(asked(token)).await.unwrap().access_token;
            tokens.push(token.clone());
            for token in tokens.iter().rev().take(3).chain(tokens.first()) {
                if self.guard.authenticate(token).is_none() {
                    self.guard.refresh(token).await;
                    assert!(
                        self.guard.authenticate(token).is_some(),
                        "a good token is refused: {token}"
                    );
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let keys: HashSet<_> = tokens
            .iter()
            .filter_map(|token| token.split_once('.').map(|(header, _)| header))
            .collect();
        (tokens.len(), keys.len())
    }
}
