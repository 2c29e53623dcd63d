//! The connections of a process: a few over which reads are pipelined, and some that one transaction has at a time.
//!
//! Whether the database is there is known to all of them at once: as soon as it is not, calls are refused without a try, and calls in flight
//! end, until [`pulse`](crate::pulse) has reached it again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use micro::Backend;
use micro::store::{Error, Result};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use crate::config::Config;
use crate::connection::{Connection, Connector};
use crate::{failure, schema};

/// A server that ends a connection says so a moment before it does.
const BREATH: Duration = Duration::from_millis(2);

pub struct Pool {
    pub backend: Backend,
    connector: Connector,
    /// How long a connection may take, with all hosts tried.
    connect_timeout: Duration,
    pub statement_timeout: Duration,
    tables: OnceCell<()>,
    readers: Vec<Reader>,
    next_reader: AtomicUsize,
    room: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

/// What is wrong where no connection can be made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Away,
    /// It takes too long.
    Slow,
    /// It takes no more connections.
    Full,
}

#[derive(Default)]
struct Reader {
    connection: Mutex<Option<Arc<Connection>>>,
    /// Of those who miss it at once, one makes it.
    making: tokio::sync::Mutex<()>,
}

/// A connection for one user at a time. It is used again only where that user says so, with no transaction open.
pub struct Exclusive<'a> {
    pool: &'a Pool,
    pub connection: Connection,
    _permit: SemaphorePermit<'a>,
}

impl Exclusive<'_> {
    pub fn give_back(self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.connection);
    }
}

impl Pool {
    pub fn new(config: &Config) -> Result<Self> {
        let hosts = config.address()?.server.get_hosts().len().max(1);
        Ok(Self {
            backend: Backend::new("database"),
            connector: Connector::new(config)?,
            connect_timeout: config.connect_timeout * u32::try_from(hosts).unwrap_or(u32::MAX),
            statement_timeout: config.statement_timeout,
            tables: OnceCell::new(),
            readers: (0..config.read_connections).map(|_| Reader::default()).collect(),
            next_reader: AtomicUsize::new(0),
            room: Semaphore::new(config.connections),
            idle: Mutex::default(),
        })
    }

    /// Refuses at once while the database is known to be away.
    pub fn check(&self) -> Result<()> {
        match self.backend.away() {
            Some(why) => Err(away(&why)),
            None => Ok(()),
        }
    }

    /// Refuses where an error of a read is no reason to try it again.
    pub async fn again(&self, error: tokio_postgres::Error, deadline: Instant) -> Result<()> {
        self.check()?;
        let is_worth_it = failure::is_lost(&error) || failure::is_retryable(&error);
        if !is_worth_it || Instant::now() >= deadline {
            return Err(failure::failed(error));
        }
        sleep(BREATH).await;
        Ok(())
    }

    /// It has not answered in time.
    pub fn slow(&self) -> Error {
        let limit = self.statement_timeout;
        Error::unavailable(format!("the database did not answer within {limit:?}"))
    }

    /// It is away: nobody waits for it any longer.
    pub fn lose(&self, why: &str) {
        self.backend.lost(why);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.connector.cut();
    }

    /// A connection for reads, shared with others.
    pub async fn reader(&self) -> Result<Arc<Connection>> {
        self.check()?;
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let reader = &self.readers[turn % self.readers.len()];
        if let Some(connection) = reader.open() {
            return Ok(connection);
        }
        let _making = reader.making.lock().await;
        if let Some(connection) = reader.open() {
            return Ok(connection);
        }
        let made = Arc::new(self.connect_or_lose().await?);
        *reader.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }

    /// A connection of the caller's own.
    pub async fn exclusive(&self) -> Result<Exclusive<'_>> {
        self.check()?;
        let permit = match timeout(self.statement_timeout, self.room.acquire()).await {
            Ok(Ok(permit)) => permit,
            _ => {
                return Err(Error::unavailable(
                    "all connections to the database are in use: try again later",
                ));
            }
        };
        let connection = match self.idle() {
            Some(connection) => connection,
            None => self.connect_or_lose().await?,
        };
        Ok(Exclusive {
            pool: self,
            connection,
            _permit: permit,
        })
    }

    fn idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.client.is_closed());
        idle.pop()
    }

    async fn connect_or_lose(&self) -> Result<Connection> {
        self.check()?;
        let made = match timeout(self.statement_timeout, self.connect()).await {
            Ok(made) => made,
            // The first connection of all makes the tables, or waits for another process that does.
            Err(_) => Err((Trouble::Slow, "its tables are still being made".to_owned())),
        };
        match made {
            Ok(connection) => Ok(connection),
            Err((trouble, why)) => {
                // One that is only slow may be at work on what others have asked: the pulse knows better.
                if trouble == Trouble::Away {
                    self.lose(&why);
                }
                Err(away(&why))
            }
        }
    }

    /// One more connection; otherwise what is wrong with the database, in words as well.
    pub async fn connect(&self) -> Result<Connection, (Trouble, String)> {
        self.tables.get_or_try_init(|| self.make_tables()).await?;
        let made = timeout(self.connect_timeout, async {
            Connection::on(self.connector.link().await?).await
        });
        match made.await {
            Ok(made) => made.map_err(|error| trouble(&error)),
            Err(_) => Err((Trouble::Slow, self.silent())),
        }
    }

    async fn make_tables(&self) -> Result<(), (Trouble, String)> {
        let link = match timeout(self.connect_timeout, self.connector.link()).await {
            Ok(link) => link.map_err(|error| trouble(&error))?,
            Err(_) => return Err((Trouble::Slow, self.silent())),
        };
        schema::migrate(&link.client)
            .await
            .map_err(|error| (Trouble::Away, error.to_string()))
    }

    fn silent(&self) -> String {
        format!("no connection within {:?}", self.connect_timeout)
    }
}

impl Reader {
    fn open(&self) -> Option<Arc<Connection>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection
            .as_ref()
            .filter(|connection| !connection.client.is_closed())
            .cloned()
    }
}

fn trouble(error: &tokio_postgres::Error) -> (Trouble, String) {
    let trouble = match failure::is_full(error) {
        true => Trouble::Full,
        false => Trouble::Away,
    };
    (trouble, failure::reason(error))
}

fn away(why: &str) -> Error {
    Error::unavailable(format!("the database does not answer: {why}"))
}
