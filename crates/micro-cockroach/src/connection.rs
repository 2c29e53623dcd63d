//! One connection, ready to be used.

use std::future::Future;

use micro::store::Result;
use tokio::sync::watch;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Error, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::Config;
use crate::statements::Statements;
use crate::task::Task;
use crate::tls;

/// Which of the two it is: they plan differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    PostgreSql,
    CockroachDb,
}

/// What PostgreSQL is told besides. It would look through tables that it takes for small, whatever they have become since, or sort a whole
/// scope for a page of it; and would compile statements that end before that pays.
const PLANS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off";

/// Makes connections.
pub struct Connector {
    server: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    /// What each connection is told first.
    settings: String,
    /// When it changes, all connections end: calls in flight need not wait for a server that is away.
    cut: watch::Sender<()>,
}

/// A client with the task that carries its bytes.
pub struct Link {
    pub client: Client,
    pub database: Database,
    _carrier: Task,
}

/// A link to a database that has its tables.
pub struct Connection {
    pub client: Client,
    pub statements: Statements,
    _carrier: Task,
}

impl Connector {
    pub fn new(config: &Config) -> Result<Self> {
        let address = config.address()?;
        let timeout = config.statement_timeout.as_millis();
        Ok(Self {
            tls: tls::connector(&address.files)?,
            server: address.server,
            // A process that halts in the middle of a transaction must not hold up the others.
            settings: format!(
                "SET statement_timeout = '{timeout}ms'; SET idle_in_transaction_session_timeout = '{timeout}ms'"
            ),
            cut: watch::Sender::new(()),
        })
    }

    pub async fn link(&self) -> Result<Link, Error> {
        let (client, carrier) = match &self.tls {
            Some(tls) => self.link_with(tls.clone()).await?,
            None => self.link_with(NoTls).await?,
        };
        client.batch_execute(&self.settings).await?;
        let version: String = client.query_one("SELECT version()", &[]).await?.try_get(0)?;
        let database = match version.starts_with("CockroachDB") {
            true => Database::CockroachDb,
            false => Database::PostgreSql,
        };
        if database == Database::PostgreSql {
            client.batch_execute(PLANS).await?;
        }
        Ok(Link {
            client,
            database,
            _carrier: carrier,
        })
    }

    async fn link_with<T>(&self, tls: T) -> Result<(Client, Task), Error>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let (client, connection) = self.server.connect(tls).await?;
        Ok((client, Task::spawn(carry(connection, self.cut.subscribe()))))
    }

    /// Ends all connections.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}

async fn carry(connection: impl Future<Output = Result<(), Error>>, mut cut: watch::Receiver<()>) {
    tokio::select! {
        // Whoever waits for an answer is told of the failure, too.
        _ = connection => {}
        _ = cut.changed() => {}
    }
}

impl Connection {
    pub async fn on(link: Link) -> Result<Self, Error> {
        Ok(Self {
            statements: Statements::prepare(&link.client, link.database).await?,
            client: link.client,
            _carrier: link._carrier,
        })
    }
}
