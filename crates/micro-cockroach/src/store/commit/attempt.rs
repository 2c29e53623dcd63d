//! One try of a transaction.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use micro::futures_util::future::{join3, join4};
use micro::store::{Error, Result};
use tokio::time::timeout;
use tokio_postgres::Row;

use super::super::batch::{Batch, There, asked};
use super::super::encoding::text;
use super::super::writer::Work;
use super::rows::{Changes, Rows};
use crate::connection::Connection;
use crate::failure;
use crate::pool::Pool;

/// How a try has ended.
pub enum Outcome {
    Made {
        results: Vec<Result<()>>,
        is_logged: bool,
    },
    /// It was not made, and may be tried again.
    Again(Error),
    /// It was not made: something in it cannot be kept.
    Refused(Error),
    /// It may have been made.
    Unknown(Pending, Error),
}

/// What a transaction will have done, if it was made.
pub struct Pending {
    pub results: Vec<Result<()>>,
    pub revision: i64,
    pub writer: [u8; 16],
}

pub struct Attempt<'a> {
    pool: &'a Pool,
    name: &'a [u8],
    /// Names the transaction in the scope's row.
    writer: [u8; 16],
    /// The server gives up before we do.
    patience: Duration,
}

/// The scope's turn.
struct Turn {
    /// Of the last commit.
    revision: i64,
    is_watched: bool,
    there: HashMap<String, There>,
}

impl<'a> Attempt<'a> {
    pub fn new(pool: &'a Pool, name: &'a [u8]) -> Self {
        Self {
            pool,
            name,
            writer: uuid::Uuid::new_v4().into_bytes(),
            patience: pool.statement_timeout + Duration::from_millis(500),
        }
    }

    pub async fn make(&self, works: &[&Work]) -> Result<Outcome> {
        let exclusive = self.pool.exclusive().await?;
        let on = &exclusive.connection;
        let turn = match self.take_turn(on, works).await {
            Ok(turn) => turn,
            Err(outcome) => {
                if self.roll_back(on).await {
                    exclusive.give_back();
                }
                return Ok(outcome);
            }
        };
        let first = turn.revision - count(works) + 1;
        let mut batch = Batch::new(works, first, turn.there, SystemTime::now());
        let results = std::mem::take(&mut batch.results);
        if batch.is_empty() {
            if self.roll_back(on).await {
                exclusive.give_back();
            }
            return Ok(Outcome::Made {
                results,
                is_logged: false,
            });
        }
        let ended = self.finish(on, &batch, turn.is_watched).await;
        // After an unclear end the connection may be in any state.
        if !matches!(ended, Err(End::Unclear(_))) {
            exclusive.give_back();
        }
        Ok(match ended {
            Ok(()) => Outcome::Made {
                results,
                is_logged: turn.is_watched,
            },
            Err(End::NotMade(error)) => not_made(error),
            Err(End::Unclear(why)) => Outcome::Unknown(
                Pending {
                    results,
                    revision: turn.revision,
                    writer: self.writer,
                },
                why,
            ),
        })
    }

    /// The first round trip.
    async fn take_turn(&self, on: &Connection, works: &[&Work]) -> Result<Turn, Outcome> {
        let (keys, count, writer) = (asked(works), count(works), &self.writer[..]);
        let there = async {
            match keys.is_empty() {
                true => Ok(Vec::new()),
                false => on.client.query(&on.statements.there, &[&self.name, &keys]).await,
            }
        };
        // They are sent in this order, whichever way they are polled later.
        let lock = async {
            on.client
                .query_one(&on.statements.lock, &[&self.name, &count, &writer])
                .await
        };
        let all = join3(on.client.batch_execute("BEGIN"), lock, there);
        let (begun, locked, there) = timeout(self.patience, all)
            .await
            .map_err(|_| Outcome::Again(self.slow()))?;
        begun.map_err(not_made)?;
        let locked = locked.map_err(not_made)?;
        Ok(Turn {
            revision: locked.get(0),
            is_watched: locked.get(1),
            there: versions(&there.map_err(not_made)?).map_err(Outcome::Refused)?,
        })
    }

    /// The second: what follows a statement that fails is not made, COMMIT included.
    async fn finish(&self, on: &Connection, batch: &Batch<'_>, is_watched: bool) -> Result<(), End> {
        let (rows, changes) = (Rows::of(batch), Changes::of(batch, is_watched));
        let put = rows.put(on, self.name);
        let remove = rows.remove(on, self.name);
        let log = changes.log(on, self.name);
        let all = join4(put, remove, log, on.client.batch_execute("COMMIT"));
        let (put, remove, log, commit) = timeout(self.patience, all)
            .await
            .map_err(|_| End::Unclear(self.slow()))?;
        put.and(remove).and(log).map_err(|error| End::of(error, true))?;
        commit.map_err(|error| End::of(error, false))
    }

    /// Whether the connection is as good as new.
    async fn roll_back(&self, on: &Connection) -> bool {
        let rolled_back = timeout(self.patience, on.client.batch_execute("ROLLBACK")).await;
        matches!(rolled_back, Ok(Ok(())))
    }

    fn slow(&self) -> Error {
        Error::unavailable(format!("the database did not answer within {:?}", self.patience))
    }
}

/// How the second round trip failed.
enum End {
    NotMade(tokio_postgres::Error),
    Unclear(Error),
}

impl End {
    /// Where a statement was refused, the transaction is over. Where COMMIT itself was, that holds only if it is to be tried again.
    fn of(error: tokio_postgres::Error, is_statement: bool) -> Self {
        let is_answer = is_statement && !failure::is_lost(&error);
        if is_answer || failure::is_retryable(&error) {
            Self::NotMade(error)
        } else {
            Self::Unclear(failure::failed(error))
        }
    }
}

fn not_made(error: tokio_postgres::Error) -> Outcome {
    if failure::is_refusal(&error) {
        return Outcome::Refused(failure::failed(error));
    }
    Outcome::Again(failure::failed(error))
}

fn count(works: &[&Work]) -> i64 {
    i64::try_from(works.len()).unwrap_or(i64::MAX)
}

fn versions(rows: &[Row]) -> Result<HashMap<String, There>> {
    rows.iter()
        .map(|row| Ok((text(row.get(0))?, (row.get(1), row.get(2)))))
        .collect()
}
