//! Scans, page by page along the primary key.

use std::time::SystemTime;

use micro::futures_util::future::join;
use micro::store::{Error, Record, Result, Scan, Scope};
use tokio::time::timeout;
use tokio_postgres::Row;

use super::encoding::{nanoseconds, record, scope_name, text};
use crate::connection::Connection;
use crate::failure;
use crate::pool::Pool;

/// Records of one page. A scan of no more shares a connection with other reads.
const PAGE: usize = 500;

/// How often a long scan is begun anew where its connection breaks or the database asks for it.
const TRIES: usize = 3;

/// A scan in the database's terms.
pub struct Plan {
    scope: Vec<u8>,
    from: Vec<u8>,
    to: Vec<u8>,
    suffix: Vec<u8>,
    now: i64,
    offset: i64,
    limit: Option<usize>,
    is_descending: bool,
    is_keys_only: bool,
}

impl Plan {
    pub fn new(scope: &Scope, scan: &Scan) -> Self {
        let (from, to) = bounds(scan);
        Self {
            scope: scope_name(scope),
            from,
            to,
            suffix: scan.suffix.clone().into_bytes(),
            now: nanoseconds(SystemTime::now()),
            offset: i64::try_from(scan.offset).unwrap_or(i64::MAX),
            limit: scan.limit,
            is_descending: scan.descending,
            is_keys_only: scan.keys_only,
        }
    }

    pub fn is_one_page(&self) -> bool {
        self.limit.is_some_and(|limit| limit <= PAGE)
    }

    /// The first page.
    pub async fn first(&self, on: &Connection) -> Result<Vec<Row>, tokio_postgres::Error> {
        let size = self.limit.unwrap_or(PAGE).min(PAGE);
        self.page(on, &self.from, &self.to, size, self.offset).await
    }

    async fn page(
        &self,
        on: &Connection,
        from: &[u8],
        to: &[u8],
        size: usize,
        offset: i64,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = match self.is_descending {
            true => &on.statements.page_down,
            false => &on.statements.page_up,
        };
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        on.client
            .query(
                statement,
                &[
                    &self.scope,
                    &from,
                    &to,
                    &self.now,
                    &self.is_keys_only,
                    &self.suffix,
                    &size,
                    &offset,
                ],
            )
            .await
    }

    /// The page behind a key, which was the last of so many records.
    async fn next(
        &self,
        on: &Connection,
        last: &[u8],
        found: usize,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let left = self
            .limit
            .map_or(PAGE, |limit| limit.saturating_sub(found).min(PAGE));
        match self.is_descending {
            true => self.page(on, &self.from, last, left, 0).await,
            false => self.page(on, &behind(last), &self.to, left, 0).await,
        }
    }
}

/// The smallest key that is greater.
fn behind(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// From the first key on, up to the last, itself excluded.
fn bounds(scan: &Scan) -> (Vec<u8>, Vec<u8>) {
    let prefix = scan.prefix.as_bytes().to_vec();
    // No key holds the byte 255, which UTF-8 does not have.
    let end = [&prefix[..], &[255]].concat();
    if scan.after.is_empty() {
        return (prefix, end);
    }
    let after = scan.after.as_bytes();
    match scan.descending {
        true => (prefix.clone(), after.to_vec().clamp(prefix, end)),
        false => (behind(after).clamp(prefix, end.clone()), end),
    }
}

pub fn answered(row: &Row) -> Result<Record> {
    record(text(row.get(0))?, row, 1)
}

/// All pages in one transaction, which sees the scope as it was at its beginning. CockroachDB has no REPEATABLE READ unless it is told
/// to, and takes SERIALIZABLE instead: that is the same picture.
pub async fn all(pool: &Pool, plan: &Plan) -> Result<Vec<Record>> {
    let mut tries = 0;
    loop {
        tries += 1;
        let exclusive = pool.exclusive().await?;
        match pages(&exclusive.connection, plan, pool).await {
            Ok(found) => {
                exclusive.give_back();
                return Ok(found);
            }
            Err(Trouble::Database(error)) => {
                // What is open there ends with the connection.
                drop(exclusive);
                pool.check()?;
                let is_worth_it = failure::is_lost(&error) || failure::is_retryable(&error);
                if !is_worth_it || tries >= TRIES {
                    return Err(failure::failed(error));
                }
            }
            Err(Trouble::Else(error)) => return Err(error),
        }
    }
}

enum Trouble {
    Database(tokio_postgres::Error),
    Else(Error),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

async fn pages(on: &Connection, plan: &Plan, pool: &Pool) -> Result<Vec<Record>, Trouble> {
    let limit = pool.statement_timeout;
    let slow = |_| {
        Trouble::Else(Error::unavailable(format!(
            "the database did not answer within {limit:?}"
        )))
    };
    // One round trip: the first page need not wait for the answer to the beginning.
    let begin = on
        .client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    let (begun, mut rows) = timeout(limit, join(begin, plan.first(on))).await.map_err(slow)?;
    begun?;
    let mut found = Vec::new();
    loop {
        let page = rows?;
        for row in &page {
            found.push(answered(row).map_err(Trouble::Else)?);
        }
        let is_last = page.len() < PAGE || plan.limit.is_some_and(|limit| found.len() >= limit);
        let Some(last) = page.last().filter(|_| !is_last) else {
            break;
        };
        let next = plan.next(on, last.get(0), found.len());
        rows = timeout(limit, next).await.map_err(slow)?;
    }
    timeout(limit, on.client.batch_execute("COMMIT"))
        .await
        .map_err(slow)??;
    Ok(found)
}
