//! What is taken away in the background: expired records, and the log of changes that everybody has been told of.
//!
//! One process at a time does it, whoever has the lease.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use micro::store::Result;
use tokio::time::Instant;

use super::encoding::{nanoseconds, scope, text};
use super::writer::{Work, Writer};
use crate::config::Config;
use crate::connection::Connection;
use crate::failure;
use crate::pool::Pool;

/// Records that one look finds at most; it looks again at once then.
const FOUND: usize = 1000;
/// Revisions of the log that one statement removes.
const TRIMMED: i64 = 500;

pub async fn run(pool: Arc<Pool>, writer: Arc<Writer>, config: Config) {
    let mut sweeper = Sweeper {
        holder: uuid::Uuid::new_v4().into_bytes(),
        lease: i64::try_from(config.sweep_every.as_secs().saturating_mul(3).max(10)).unwrap_or(i64::MAX),
        keep: config.keep_changes,
        seen: HashMap::new(),
        pool,
        writer,
    };
    loop {
        tokio::time::sleep(config.sweep_every).await;
        if sweeper.pool.check().is_err() {
            continue;
        }
        if let Err(error) = sweeper.sweep().await {
            tracing::warn!(%error, "cannot take away what has expired");
        }
    }
}

struct Sweeper {
    pool: Arc<Pool>,
    writer: Arc<Writer>,
    holder: [u8; 16],
    /// In seconds.
    lease: i64,
    keep: Duration,
    /// When each log was how long: what was there long enough ago may go.
    seen: HashMap<Vec<u8>, VecDeque<(Instant, i64)>>,
}

impl Sweeper {
    async fn sweep(&mut self) -> Result<()> {
        while self.has_lease().await? {
            let found = self.expire().await?;
            if found < FOUND {
                return self.trim().await;
            }
        }
        Ok(())
    }

    async fn has_lease(&self) -> Result<bool> {
        let on = self.pool.reader().await?;
        let holder = &self.holder[..];
        let lease = on
            .client
            .query_opt(&on.statements.lease, &[&"sweep", &holder, &self.lease])
            .await;
        match lease {
            Ok(row) => Ok(row.is_some()),
            // Somebody else is just taking it.
            Err(error) if failure::is_retryable(&error) => Ok(false),
            Err(error) => Err(failure::failed(error)),
        }
    }

    /// Removes expired records, each scope's in a transaction that looks again and tells who watches.
    async fn expire(&self) -> Result<usize> {
        let on = self.pool.reader().await?;
        let now = nanoseconds(SystemTime::now());
        let rows = on.client.query(&on.statements.expired, &[&now]).await;
        let rows = rows.map_err(failure::failed)?;
        let mut expired: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for row in &rows {
            expired
                .entry(scope(row.get(0))?)
                .or_default()
                .push(text(row.get(1))?);
        }
        for (scope, keys) in expired {
            self.writer.write(&scope, Work::Expire(keys)).await?;
        }
        Ok(rows.len())
    }

    /// Removes what the logs held long enough ago.
    async fn trim(&mut self) -> Result<()> {
        let on = self.pool.reader().await?;
        let logs = on.client.query(&on.statements.logged, &[]).await;
        let logs = logs.map_err(failure::failed)?;
        let now = Instant::now();
        let mut seen = HashMap::new();
        for row in &logs {
            let (name, revision, first): (&[u8], i64, Option<i64>) = (row.get(0), row.get(1), row.get(2));
            let mut marks = self.seen.remove(name).unwrap_or_default();
            marks.push_back((now, revision));
            if let Some(upto) = old_enough(&mut marks, now, self.keep) {
                trim(&on, name, first, upto).await?;
            }
            seen.insert(name.to_vec(), marks);
        }
        self.seen = seen;
        Ok(())
    }
}

/// The last revision that was there before the time to keep it began.
fn old_enough(marks: &mut VecDeque<(Instant, i64)>, now: Instant, keep: Duration) -> Option<i64> {
    let is_old = |mark: &(Instant, i64)| now.duration_since(mark.0) >= keep;
    while marks.len() > 1 && is_old(&marks[1]) {
        marks.pop_front();
    }
    marks.front().filter(|mark| is_old(mark)).map(|mark| mark.1)
}

/// CockroachDB could delete with a limit, PostgreSQL cannot: a range of revisions is short on both.
async fn trim(on: &Connection, name: &[u8], first: Option<i64>, upto: i64) -> Result<()> {
    let Some(mut first) = first else {
        // Where nobody watches any more the scope need not be looked at again.
        let off = on.client.execute(&on.statements.watch_off, &[&name]).await;
        return skip_retryable(off);
    };
    while first <= upto {
        let last = upto.min(first + TRIMMED - 1);
        let trimmed = on
            .client
            .execute(&on.statements.trim, &[&name, &first, &last])
            .await;
        skip_retryable(trimmed)?;
        first = last + 1;
    }
    Ok(())
}

/// Next time is soon enough.
fn skip_retryable(done: Result<u64, tokio_postgres::Error>) -> Result<()> {
    match done {
        Err(error) if !failure::is_retryable(&error) => Err(failure::failed(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_kept_as_long_as_it_was_promised() {
        let (start, keep) = (Instant::now(), Duration::from_secs(100));
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut marks = VecDeque::from([(at(0), 5)]);
        assert_eq!(old_enough(&mut marks, at(99), keep), None);
        marks.push_back((at(50), 9));
        assert_eq!(old_enough(&mut marks, at(149), keep), Some(5));
        assert_eq!(old_enough(&mut marks, at(150), keep), Some(9));
    }
}
