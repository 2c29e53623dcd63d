//! Asks the other servers of the platform for what only the one has that runs a service: its log, and what was built.
//!
//! A server may know less than another which of them that is. What one asks of another is therefore answered there or not at
//! all, so that a call cannot go in circles.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use micro::runtime::{Key, LogRecord, LogsQuery, logs_request};
use micro_proto::runtime::{Build as _, BuildClient, Runtime as _, RuntimeClient, Service};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Context, Error, Result, Streaming};

use crate::auth::Block;
use crate::namespace::PLATFORM;

/// Says that a server asks.
const ASKED_BY_SERVER: &str = "micro-asked-by-server";
/// Connections are kept to so many servers.
const MOST_SERVERS: usize = 64;

tokio::task_local! {
    /// Set while a call of another server is answered.
    static FOR_SERVER: ();
}

/// Reaches the other servers' proxies, as the platform itself.
pub struct Peers {
    auth: Block,
    clients: Mutex<HashMap<String, Client>>,
}

/// Answers a call. What another server asks is not handed on to a third.
pub(super) async fn answer<T>(ctx: &Context, answer: impl Future<Output = T>) -> T {
    match ctx.metadata().get(ASKED_BY_SERVER) {
        Some(_) => FOR_SERVER.scope((), answer).await,
        None => answer.await,
    }
}

impl Peers {
    /// With tokens of this block, which the other servers accept: they sign with the same keys.
    pub fn new(auth: Block) -> Self {
        Self {
            auth,
            clients: Mutex::default(),
        }
    }

    fn client(&self, server: &str) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST_SERVERS && !clients.contains_key(server) {
            clients.clear();
        }
        let client = clients.entry(server.to_owned());
        client.or_insert_with(|| Client::to_address(server)).clone()
    }

    async fn context(&self, namespace: &str) -> Result<Context> {
        if FOR_SERVER.try_with(|()| ()).is_ok() {
            let detail = "the service is moving to another server: try again in a moment";
            return Err(Error::unavailable("runtime", detail));
        }
        let token = self.auth.server_token().await?;
        let ctx = Context::background().with_namespace(namespace);
        Ok(ctx.with_token(&token).with_metadata(ASKED_BY_SERVER, "1"))
    }
}

#[micro_rpc::async_trait]
impl micro_local::runtime::Peers for Peers {
    async fn logs(&self, server: &str, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        let ctx = self.context(PLATFORM).await?;
        RuntimeClient::new(&self.client(server))
            .logs(&ctx, logs_request(key, &query))
            .await
    }

    async fn build(&self, server: &str, key: &Key) -> Result<Streaming<Bytes>> {
        let request = Service {
            name: key.name.clone(),
            version: key.version.clone(),
            ..Service::default()
        };
        // What was built is asked for in the namespace that the call is about.
        let ctx = self.context(&key.namespace).await?;
        let pieces = BuildClient::new(&self.client(server)).read(&ctx, request).await?;
        Ok(pieces.map(|piece| Ok(piece.data)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use micro::events::Stored;
    use micro::runtime::{Create, Memory, Query, Resource, ResourceState, Runtime, Update};
    use micro_local::runtime::Peers as _;
    use micro_rpc::Server;

    use super::super::RuntimeHandler;
    use super::*;
    use crate::auth;
    use crate::drain::Drain;
    use crate::proxy::ByAlias;

    async fn block(home: &std::path::Path) -> Block {
        let config = auth::Config {
            keys: auth::Keys::Files {
                key_file: home.join("auth.key"),
            },
            home: home.to_owned(),
            rsa: auth::RsaPair::default(),
            loopback: true,
            disable_admin: true,
        };
        let store = Arc::new(micro::store::Memory::new());
        Block::open(config, store).await.unwrap()
    }

    /// A server's address, for as long as the test runs.
    async fn serve(auth: &Block, runtime: Arc<dyn Runtime>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let events = Arc::new(Stored::new(Arc::new(micro::store::Memory::new())));
        let handler = RuntimeHandler::new(runtime, events, Drain::new().signal());
        let mut server = Server::builder("proxy").guard(Arc::new(ByAlias::new(auth.guard())));
        for handler in handler.handlers() {
            server = server.handle_as("runtime", handler);
        }
        let server = server.build();
        tokio::spawn(async move {
            server
                .serve(listener, std::future::pending(), Duration::ZERO)
                .await;
        });
        address
    }

    fn key() -> Key {
        Key::new("acme", "greeter", "v1")
    }

    #[tokio::test]
    async fn logs_and_builds_are_had_from_the_server_that_has_them() {
        let home = tempfile::tempdir().unwrap();
        let auth = block(home.path()).await;
        let runtime = Arc::new(Memory::default());
        let tar = Streaming::from_iter([Bytes::from_static(b"built")]);
        runtime.upload(&key(), tar).await.unwrap();
        runtime.create(Create::new(key())).await.unwrap();
        for line in ["one", "two"] {
            runtime.print(&key(), line);
        }
        let server = serve(&auth, runtime).await;
        let peers = Peers::new(auth);
        let last = LogsQuery {
            count: 1,
            ..LogsQuery::default()
        };
        let logs = peers.logs(&server, &key(), last).await.unwrap();
        let lines = logs.collect().await.unwrap();
        assert_eq!(
            lines.iter().map(|line| &line.message).collect::<Vec<_>>(),
            ["two"]
        );
        let built = peers
            .build(&server, &key())
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        assert_eq!(built.concat(), b"built");

        let elsewhere = tempfile::tempdir().unwrap();
        let stranger = Peers::new(block(elsewhere.path()).await);
        let logs = stranger.logs(&server, &key(), LogsQuery::default()).await;
        let refused = refusal(logs).await;
        assert_eq!(refused.code, 401, "other keys are not the platform's: {refused}");
        let begin = std::time::Instant::now();
        let nobody = peers.logs("127.0.0.1:1", &key(), LogsQuery::default()).await;
        refusal(nobody).await;
        assert!(begin.elapsed() < Duration::from_secs(1));
    }

    async fn refusal<T>(opened: Result<Streaming<T>>) -> Error {
        match opened {
            Ok(mut stream) => stream.next().await.unwrap().err().unwrap(),
            Err(error) => error,
        }
    }

    /// Takes another server to have everything, and that is itself.
    struct Confused {
        peers: Peers,
        address: tokio::sync::OnceCell<String>,
        asked: std::sync::atomic::AtomicUsize,
    }

    #[micro_rpc::async_trait]
    impl Runtime for Confused {
        async fn logs(&self, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
            self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let address = self.address.get().unwrap();
            self.peers.logs(address, key, query).await
        }
        async fn build(&self, key: &Key) -> Result<Streaming<Bytes>> {
            let address = self.address.get().unwrap();
            self.peers.build(address, key).await
        }
        async fn upload(&self, _: &Key, _: Streaming<Bytes>) -> Result<String> {
            unreachable!()
        }
        async fn create(&self, _: Create) -> Result<()> {
            unreachable!()
        }
        async fn update(&self, _: &Key, _: Update) -> Result<()> {
            unreachable!()
        }
        async fn delete(&self, _: &Key) -> Result<()> {
            unreachable!()
        }
        async fn read(&self, _: &str, _: &Query) -> Result<Vec<Service>> {
            unreachable!()
        }
        async fn add_resource(&self, _: Resource) -> Result<()> {
            unreachable!()
        }
        async fn update_resource(&self, _: Resource) -> Result<()> {
            unreachable!()
        }
        async fn delete_resource(&self, _: Resource) -> Result<()> {
            unreachable!()
        }
        async fn resources(&self, _: Option<&str>) -> Result<Vec<ResourceState>> {
            unreachable!()
        }
    }

    #[tokio::test]
    async fn a_call_goes_from_one_server_to_another_and_no_further() {
        let home = tempfile::tempdir().unwrap();
        let auth = block(home.path()).await;
        let confused = Arc::new(Confused {
            peers: Peers::new(auth.clone()),
            address: tokio::sync::OnceCell::new(),
            asked: Default::default(),
        });
        let server = serve(&auth, confused.clone()).await;
        confused.address.set(server).unwrap();
        let refused = refusal(confused.logs(&key(), LogsQuery::default()).await).await;
        assert_eq!(refused.code, 503, "{refused}");
        assert!(refused.detail.contains("moving to another server"), "{refused}");
        let asked = confused.asked.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(asked, 2, "here, and at the other");
        assert_eq!(refusal(confused.build(&key()).await).await.code, 503);
    }
}
