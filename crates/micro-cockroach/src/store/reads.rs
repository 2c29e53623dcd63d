//! Reads of one key, which share statements as commits share transactions.
//!
//! What a statement costs the database is mostly not the row: of many reads at once, those of one scope travel as one statement. A read
//! alone waits for nobody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use micro::futures_util::future::join_all;
use micro::store::{Error, Record, Result, Scope};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::encoding::{record, scope_name, text};
use crate::connection::Connection;
use crate::pool::Pool;
use crate::task::Task;

/// Reads that may wait, and that one look at the queue takes.
const QUEUE: usize = 1024;
const BATCH: usize = 64;
/// Keys that one statement has at most.
const KEYS: usize = 512;

pub struct Reads {
    pool: Arc<Pool>,
    queue: mpsc::Sender<Ask>,
    _tasks: Vec<Task>,
}

struct Ask {
    scope: Vec<u8>,
    key: String,
    answer: oneshot::Sender<Result<Record>>,
}

/// The reads of a scope.
type Asked = Vec<(String, oneshot::Sender<Result<Record>>)>;

impl Reads {
    /// With so many statements under way at a time.
    pub fn start(pool: &Arc<Pool>, at_once: usize) -> Self {
        let (queue, asks) = mpsc::channel(QUEUE);
        let asks = Arc::new(Mutex::new(asks));
        let tasks = (0..at_once).map(|_| Task::spawn(serve(pool.clone(), asks.clone())));
        Self {
            pool: pool.clone(),
            queue,
            _tasks: tasks.collect(),
        }
    }

    pub async fn read(&self, scope: &Scope, key: &str) -> Result<Record> {
        self.pool.check()?;
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            scope: scope_name(scope),
            key: key.to_owned(),
            answer,
        };
        let ended = || Error::unavailable("the store has been closed");
        let both = async {
            self.queue.send(ask).await.map_err(|_| ended())?;
            answered.await.map_err(|_| ended())?
        };
        match timeout(self.pool.statement_timeout, both).await {
            Ok(answer) => answer,
            Err(_) => Err(self.pool.slow()),
        }
    }

    /// Those that one caller asks for together are a statement of their own already, or a few if there are very many.
    pub async fn read_all(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Record>>> {
        self.pool.check()?;
        let scope = scope_name(scope);
        let mut records = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS) {
            let mut unique: Vec<&str> = keys.iter().map(String::as_str).collect();
            unique.sort_unstable();
            unique.dedup();
            let found = find(&self.pool, &scope, &unique).await?;
            let now = SystemTime::now();
            records.extend(keys.iter().map(|key| live(&found, key, now)));
        }
        Ok(records)
    }
}

fn live(found: &HashMap<String, Record>, key: &str, now: SystemTime) -> Option<Record> {
    found.get(key).filter(|record| !record.is_expired(now)).cloned()
}

async fn serve(pool: Arc<Pool>, queue: Arc<Mutex<mpsc::Receiver<Ask>>>) {
    let mut asks = Vec::new();
    loop {
        if queue.lock().await.recv_many(&mut asks, BATCH).await == 0 {
            return;
        }
        let mut scopes: HashMap<Vec<u8>, Asked> = HashMap::new();
        for ask in asks.drain(..) {
            scopes.entry(ask.scope).or_default().push((ask.key, ask.answer));
        }
        let answers = scopes.into_iter().map(|(scope, asks)| answer(&pool, scope, asks));
        join_all(answers).await;
    }
}

async fn answer(pool: &Pool, scope: Vec<u8>, asks: Asked) {
    let mut keys: Vec<&str> = asks.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let found = find(pool, &scope, &keys).await;
    let now = SystemTime::now();
    for (key, answer) in asks {
        let record = match &found {
            Ok(found) => live(found, &key, now).ok_or_else(Error::not_found),
            Err(error) => Err(error.clone()),
        };
        // A caller that has gone does not want to know.
        let _ = answer.send(record);
    }
}

/// The records of keys; once more where the connection turns out to be broken.
async fn find(pool: &Pool, scope: &[u8], keys: &[&str]) -> Result<HashMap<String, Record>> {
    let deadline = Instant::now() + pool.statement_timeout;
    loop {
        let on = pool.reader().await?;
        match timeout(pool.statement_timeout, ask(&on, scope, keys)).await {
            Ok(Ok(rows)) => {
                let records = rows.iter().map(|row| {
                    let key = text(row.get(0))?;
                    Ok((key.clone(), record(key, row, 1)?))
                });
                return records.collect();
            }
            Ok(Err(error)) => pool.again(error, deadline).await?,
            Err(_) => return Err(pool.slow()),
        }
    }
}

async fn ask(
    on: &Connection,
    scope: &[u8],
    keys: &[&str],
) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
    match keys {
        // The plan for one is the cheapest.
        [key] => {
            on.client
                .query(&on.statements.read, &[&scope, &key.as_bytes()])
                .await
        }
        keys => {
            let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
            on.client.query(&on.statements.read_all, &[&scope, &keys]).await
        }
    }
}
