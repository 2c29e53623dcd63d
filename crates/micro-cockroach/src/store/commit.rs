//! One transaction, from its beginning to a certain end.
//!
//! Two round trips: the turn, with the versions that conditions ask for; then all writes and the commit. Values travel as arrays, so any
//! number of records is one statement.
//!
//! Where the answer to COMMIT is lost, nobody knows whether it was made. The scope's row says who wrote it last, and writing that row
//! waits for a transaction that may still be under way, so asking it gives certainty: the transaction is done, or is made again. Where even
//! that cannot be asked, callers are told that it is not known.

mod attempt;
mod rows;

use std::time::Duration;

use micro::store::{Error, Result, Scope};
use tokio::time::{Instant, sleep, timeout};

use super::encoding::scope_name;
use super::watch::Hub;
use super::writer::Work;
use crate::failure;
use crate::pool::Pool;
use attempt::{Attempt, Outcome, Pending};

/// Pauses before another try, doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_micros(500);
const LAST_PAUSE: Duration = Duration::from_millis(100);

/// How long a transaction of unknown end waits for the database's return.
const WORTH_WAITING: Duration = Duration::from_millis(1500);

/// Why nothing was made.
struct Failure {
    error: Error,
    /// One of the commits cannot be kept; without it the others can.
    is_refusal: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_refusal: false,
        }
    }
}

/// Makes one transaction of commits, and answers each.
pub async fn write(pool: &Pool, hub: &Hub, scope: &Scope, works: &[&Work]) -> Vec<Result<()>> {
    let name = scope_name(scope);
    let failure = match write_together(pool, hub, &name, works).await {
        Ok(results) => return results,
        Err(failure) => failure,
    };
    if !failure.is_refusal || works.len() == 1 {
        return works.iter().map(|_| Err(failure.error.clone())).collect();
    }
    let mut results = Vec::with_capacity(works.len());
    for &work in works {
        let alone = write_together(pool, hub, &name, &[work]).await;
        results.push(match alone {
            Ok(mut results) => results.pop().unwrap_or(Ok(())),
            Err(failure) => Err(failure.error),
        });
    }
    results
}

async fn write_together(
    pool: &Pool,
    hub: &Hub,
    name: &[u8],
    works: &[&Work],
) -> Result<Vec<Result<()>>, Failure> {
    let deadline = Instant::now() + pool.statement_timeout;
    let mut pause = FIRST_PAUSE;
    loop {
        let outcome = Attempt::new(pool, name).make(works).await?;
        let why = match outcome {
            Outcome::Made { results, is_logged } => {
                if is_logged {
                    hub.wake();
                }
                return Ok(results);
            }
            Outcome::Refused(error) => {
                return Err(Failure {
                    error,
                    is_refusal: true,
                });
            }
            Outcome::Again(why) => why,
            Outcome::Unknown(pending, why) => match resolve(pool, name, &pending, why).await? {
                Some(why) => why,
                None => {
                    hub.wake();
                    return Ok(pending.results);
                }
            },
        };
        pool.check()?;
        if Instant::now() >= deadline {
            return Err(why.into());
        }
        // Those who meet once are not to meet again: the pauses differ.
        let share = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
        sleep(pause.mul_f64(0.5 + share / 2.0)).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Finds out whether a transaction was made: none if it was, the reason for another try if it was not, an error if nobody can know.
async fn resolve(pool: &Pool, name: &[u8], pending: &Pending, why: Error) -> Result<Option<Error>> {
    let start = Instant::now();
    let deadline = start + pool.statement_timeout;
    let unknown = || failure::unknown(&why.to_string());
    loop {
        let exclusive = match pool.exclusive().await {
            Ok(exclusive) => exclusive,
            // A database that is soon back is worth the wait: nothing else can tell.
            Err(_) if start.elapsed() < WORTH_WAITING => {
                sleep(LAST_PAUSE).await;
                continue;
            }
            Err(_) => return Err(unknown()),
        };
        let on = &exclusive.connection;
        let asked = async { on.client.query_one(&on.statements.resolve, &[&name]).await };
        match timeout(pool.statement_timeout, asked).await {
            Ok(Ok(row)) => {
                let (revision, writer): (i64, Option<&[u8]>) = (row.get(0), row.get(1));
                let is_ours = writer == Some(&pending.writer[..]);
                let is_before = revision < pending.revision;
                exclusive.give_back();
                return match (is_ours, is_before) {
                    (true, _) => Ok(None),
                    (false, true) => Ok(Some(why)),
                    // Somebody else came after it, or instead of it.
                    (false, false) => Err(unknown()),
                };
            }
            Ok(Err(error)) if failure::is_retryable(&error) && Instant::now() < deadline => {
                exclusive.give_back()
            }
            Ok(Err(error)) if failure::is_lost(&error) && Instant::now() < deadline => drop(exclusive),
            _ => return Err(unknown()),
        }
    }
}
