//! A client for tests of a handler, over a real connection.

use std::sync::Arc;
use std::time::Duration;

use micro_rpc::{Access, Account, Client, Credentials, Guard, Handler, Result, Server};

/// Takes a token of three words at its word: `issuer type scope`.
struct Believer;

#[micro_rpc::async_trait]
impl Guard for Believer {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        let [issuer, kind, scope] = token.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(Arc::new(Account {
            id: "test".to_owned(),
            kind: kind.to_owned(),
            issuer: issuer.to_owned(),
            scopes: vec![scope.to_owned()],
            ..Account::default()
        }))
    }

    fn authorise(&self, _access: &Access<'_>) -> Result<()> {
        Ok(())
    }
}

struct Token(&'static str);

impl Credentials for Token {
    fn token(&self) -> Option<Arc<str>> {
        Some(self.0.into())
    }
}

/// A client of a handler that is served for as long as the test runs; `caller` is `issuer type scope`.
pub(crate) async fn client(handler: Arc<dyn Handler>, caller: &'static str) -> Client {
    client_of(vec![handler], caller).await
}

/// The same of several handlers at one address.
pub(crate) async fn client_of(handlers: Vec<Arc<dyn Handler>>, caller: &'static str) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut builder = Server::builder("test").guard(Arc::new(Believer));
    for handler in handlers {
        builder = builder.handle(handler);
    }
    let server = builder.build();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await;
    });
    Client::builder()
        .address(&address)
        .credentials(Arc::new(Token(caller)))
        .build()
}
