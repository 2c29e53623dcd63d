//! What services use, against the block behind a real listener.

use std::net::SocketAddr;
use std::time::Duration;

use micro::auth::{Identity, RemoteGuard, TokenSource};
use micro_proto::auth::{CreateRequest, Resource, Rule, Rules};
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
