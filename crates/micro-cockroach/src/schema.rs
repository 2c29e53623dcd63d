//! The tables, and how they come to be.
//!
//! One set of tables for all scopes, with the scope in front of each key, rather than a database per namespace and a table per service:
//! a scope then costs a row instead of a schema change (which on CockroachDB takes seconds, and which a service that is merely started
//! would need the right to make), all prepared statements serve all scopes, and one transaction can be shared. A scope is still one range
//! of the primary key. Its name, `database 0 table`, is in front as it is: shorter than most ids, and nothing has to be looked up first.
//!
//! A step is a list of statements that each may be run again, since CockroachDB does not promise schema changes in a transaction to be all
//! or nothing. Who runs them holds a lease, so that of processes that start at once one does it and the others wait.

use std::time::Duration;

use micro::store::{Error, Result};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::failure;
use crate::statements::LEASE;

/// As long as one statement of a step may take before another process takes over.
const LEASE_SECONDS: i64 = 20;
/// How long the others wait for the one that does it.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

const FOUNDATION: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS micro_leases (name TEXT PRIMARY KEY, holder BYTEA NOT NULL, until TIMESTAMPTZ NOT NULL)",
    "CREATE TABLE IF NOT EXISTS micro_schema (version INT8 PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL)",
];

/// Step by step, the oldest first. A step that was ever released is never changed.
const STEPS: &[&[&str]] = &[&[
    // `revision` counts commits: each is its records' version. The row of a scope stays for good, so versions never come back.
    // `writer` is who made the last transaction, for who has not heard how its own went.
    "CREATE TABLE IF NOT EXISTS micro_scopes (name BYTEA PRIMARY KEY, revision INT8 NOT NULL, writer BYTEA, \
     touched INT8 NOT NULL DEFAULT 0, watched_until TIMESTAMPTZ)",
    "CREATE TABLE IF NOT EXISTS micro_records (scope BYTEA NOT NULL, key BYTEA NOT NULL, value BYTEA NOT NULL, metadata TEXT, \
     expires_at INT8, version INT8 NOT NULL, PRIMARY KEY (scope, key))",
    "CREATE INDEX IF NOT EXISTS micro_records_expiry ON micro_records (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS micro_changes (scope BYTEA NOT NULL, revision INT8 NOT NULL, ordinal INT8 NOT NULL, \
     kind INT8 NOT NULL, key BYTEA NOT NULL, value BYTEA, metadata TEXT, expires_at INT8, PRIMARY KEY (scope, revision, ordinal))",
]];

/// Makes what is missing. Safe to be called by many at once.
pub async fn migrate(client: &Client) -> Result<()> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let holder = uuid::Uuid::new_v4();
    // A change of the tables may take longer than any other statement.
    let unlimited = client.batch_execute("SET statement_timeout = 0").await;
    unlimited.map_err(failure::failed)?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match version(client).await? {
            version if version == known => return Ok(()),
            version if version > known => return Err(too_new(version, known)),
            _ => {}
        }
        if lease(client, holder.as_bytes()).await? {
            return apply(client, holder.as_bytes()).await;
        }
        if tokio::time::Instant::now() > deadline {
            return Err(Error::unavailable(
                "another process has been making the store's tables for too long: see its log",
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The last step that was made; 0 where there is nothing yet.
async fn version(client: &Client) -> Result<i64> {
    let found = client
        .query_one("SELECT COALESCE(max(version), 0) FROM micro_schema", &[])
        .await;
    match found {
        Ok(row) => Ok(row.get(0)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            for statement in FOUNDATION {
                define(client, statement).await?;
            }
            Ok(0)
        }
        Err(error) => Err(failure::failed(error)),
    }
}

async fn apply(client: &Client, holder: &[u8]) -> Result<()> {
    // Somebody may have been done between the look at the version and the lease.
    let made = usize::try_from(version(client).await?).unwrap_or(0);
    for (step, statements) in STEPS.iter().enumerate().skip(made) {
        for statement in *statements {
            define(client, statement).await?;
            lease(client, holder).await?;
        }
        let number = i64::try_from(step + 1).unwrap_or(i64::MAX);
        client
            .execute(
                "INSERT INTO micro_schema (version, applied_at) VALUES ($1, now()) ON CONFLICT (version) DO NOTHING",
                &[&number],
            )
            .await
            .map_err(failure::failed)?;
        tracing::info!(version = number, "made the store's tables");
    }
    let released = client
        .execute(
            "DELETE FROM micro_leases WHERE name = 'schema' AND holder = $1",
            &[&holder],
        )
        .await;
    // It ends by itself otherwise.
    drop(released);
    Ok(())
}

async fn lease(client: &Client, holder: &[u8]) -> Result<bool> {
    loop {
        match client
            .query_opt(LEASE, &[&"schema", &holder, &LEASE_SECONDS])
            .await
        {
            Ok(row) => return Ok(row.is_some()),
            Err(error) if failure::is_retryable(&error) => tokio::time::sleep(LOOK_AGAIN).await,
            Err(error) => return Err(failure::failed(error)),
        }
    }
}

/// `IF NOT EXISTS` looks before it makes, and PostgreSQL lets two look at once: the second finds the first's work then.
async fn define(client: &Client, statement: &str) -> Result<()> {
    let clashes = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
    ];
    for _ in 0..10 {
        match client.batch_execute(statement).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                let clashed = error.code().is_some_and(|code| clashes.contains(code));
                if !clashed && !failure::is_retryable(&error) {
                    return Err(failure::failed(error));
                }
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(Error::unavailable(
        "the store's tables are being made by many at once: try again",
    ))
}

fn too_new(version: i64, known: i64) -> Error {
    Error::unavailable(format!(
        "the store's tables are of version {version} and this program knows up to {known}: use a newer one"
    ))
}
