//! The store's promises, kept with a database.
//!
//! A commit takes the turn of its scope by writing the scope's row, whose `revision` becomes the version of the records, so that the
//! commits of a scope have one order on whichever database at whichever isolation level: the conditions are checked against rows that
//! nobody else can change meanwhile. One commit at a time would be slow, so those of a scope that wait become one
//! transaction ([`writer`]): each is still made as a whole or refused as a whole, on its own. Scopes do not wait for one another.
//!
//! Changes are logged, in the same transaction, only for scopes that somebody has asked to watch lately ([`watch`]): most are watched by nobody, and
//! then a log would double what is written.

mod batch;
mod commit;
mod encoding;
mod reads;
mod scan;
mod sweep;
pub(crate) mod watch;
mod writer;

use std::future::Future;
use std::sync::Arc;

use micro::store::{self, Change, Event, Record, Result, Scan, Scope, check_key};
use micro::{Backend, Streaming, async_trait};
use tokio::time::timeout;

use crate::config::Config;
use crate::connection::Connection;
use crate::pool::Pool;
use crate::pulse;
use crate::task::Task;

use encoding::{names, scope_name};
use reads::Reads;
use watch::Hub;
use writer::{Work, Writer};

/// Records in a database that many processes share.
pub struct Store {
    pool: Arc<Pool>,
    hub: Arc<Hub>,
    reads: Reads,
    writer: Arc<Writer>,
    _pulse: Task,
    _sweep: Task,
}

impl Store {
    /// A store in the database of an address. It need not be there yet: calls are refused as unavailable until it is.
    ///
    /// # Errors
    ///
    /// [`Invalid`](micro::store::ErrorKind::Invalid) where the configuration is wrong; the text says how.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn open(config: &Config) -> Result<Self> {
        let (pool, hub) = (Arc::new(Pool::new(config)?), Arc::new(Hub::default()));
        let writer = Arc::new(Writer::start(pool.clone(), hub.clone()));
        let pulse = pulse::beat(pool.clone(), hub.clone(), config.watch_every);
        let sweep = sweep::run(pool.clone(), writer.clone(), config.clone());
        Ok(Self {
            reads: Reads::start(&pool, config.read_connections),
            pool,
            hub,
            writer,
            _pulse: Task::spawn(pulse),
            _sweep: Task::spawn(sweep),
        })
    }

    /// Whether the database answers.
    pub fn backend(&self) -> Backend {
        self.pool.backend.clone()
    }

    /// Reads on a connection that others use at the same time; once more where that connection turns out to be broken.
    async fn read_with<T, F>(&self, read: impl Fn(Arc<Connection>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let deadline = tokio::time::Instant::now() + self.pool.statement_timeout;
        loop {
            let connection = self.pool.reader().await?;
            match timeout(self.pool.statement_timeout, read(connection)).await {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) => self.pool.again(error, deadline).await?,
                Err(_) => return Err(self.pool.slow()),
            }
        }
    }
}

#[async_trait]
impl store::Store for Store {
    async fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        scope.check()?;
        check_key(key)?;
        self.reads.read(scope, key).await
    }

    async fn read_all(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Record>>> {
        scope.check()?;
        keys.iter().try_for_each(|key| check_key(key))?;
        self.reads.read_all(scope, keys).await
    }

    async fn scan(&self, scope: &Scope, scan: &Scan) -> Result<Vec<Record>> {
        scope.check()?;
        let plan = scan::Plan::new(scope, scan);
        if plan.is_one_page() {
            let plan = &plan;
            let rows = self.read_with(|on| async move { plan.first(&on).await }).await?;
            return rows.iter().map(scan::answered).collect();
        }
        scan::all(&self.pool, &plan).await
    }

    async fn commit(&self, scope: &Scope, changes: Vec<Change>) -> Result<()> {
        scope.check()?;
        changes.iter().try_for_each(|change| check_key(change.key()))?;
        if changes.is_empty() {
            return Ok(());
        }
        self.writer.write(scope, Work::Commit(changes)).await
    }

    async fn watch(&self, scope: &Scope, prefix: &str) -> Result<Streaming<Event>> {
        scope.check()?;
        let name = scope_name(scope);
        let asked = &name;
        let row = self
            .read_with(|on| async move { on.client.query_one(&on.statements.watch, &[asked]).await })
            .await?;
        Ok(self.hub.listen(name, prefix, row.get(0)))
    }

    async fn databases(&self) -> Result<Vec<String>> {
        let rows = self
            .read_with(|on| async move { on.client.query(&on.statements.databases, &[]).await })
            .await?;
        names(&rows, |(database, _)| database)
    }

    async fn tables(&self, database: &str) -> Result<Vec<String>> {
        let (from, to) = (format!("{database}\0"), format!("{database}\u{1}"));
        let (from, to) = (&from.as_bytes(), &to.as_bytes());
        let rows = self
            .read_with(|on| async move { on.client.query(&on.statements.tables, &[from, to]).await })
            .await?;
        names(&rows, |(_, table)| table)
    }
}
