//! The database without the driver, for `cargo xtask bench backends`: `raw_sql URL` takes lines `read MILLISECONDS` and
//! `write MILLISECONDS`, and answers each with how many statements a second the client library made for so long.
//!
//! It is set up as one who writes for this database alone would: one table, statements that are prepared, several
//! connections, on each of which many calls are under way at once.
#![allow(clippy::unwrap_used, reason = "a measurement that breaks is none")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls, Statement};

const IN_FLIGHT: usize = 64;
/// As many as the driver writes and reads with.
const WRITING: usize = 8;
const READING: usize = 4;
/// Records that are read.
const RECORDS: u64 = 2_000;
const VALUE: &[u8] = &[b'x'; 128];
/// Not counted.
const WARM_UP: Duration = Duration::from_millis(300);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS raw (key BYTEA PRIMARY KEY, value BYTEA NOT NULL)";
const UPSERT: &str =
    "INSERT INTO raw (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const SELECT: &str = "SELECT value FROM raw WHERE key = $1";

#[derive(Clone, Copy)]
enum Work {
    Read,
    Write,
}

struct Connection {
    client: Client,
    upsert: Statement,
    select: Statement,
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).expect("an address");
    let mut connections = Vec::new();
    for _ in 0..WRITING {
        connections.push(Arc::new(Connection::open(&url).await));
    }
    for number in 0..RECORDS {
        connections[0].write(&format!("read/{number}")).await;
    }
    let next = Arc::new(AtomicU64::new(0));
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (work, milliseconds) = line.split_once(' ').unwrap();
        let duration = Duration::from_millis(milliseconds.parse().unwrap());
        let (work, used) = match work {
            "read" => (Work::Read, READING),
            _ => (Work::Write, WRITING),
        };
        println!("{}", rate(&connections[..used], work, &next, duration).await);
    }
}

impl Connection {
    async fn open(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(TABLE).await.unwrap();
        Self {
            upsert: client.prepare(UPSERT).await.unwrap(),
            select: client.prepare(SELECT).await.unwrap(),
            client,
        }
    }

    async fn write(&self, key: &str) {
        let key = key.as_bytes();
        let written = self.client.execute(&self.upsert, &[&key, &VALUE]).await;
        assert_eq!(written.unwrap(), 1);
    }

    async fn read(&self, key: &str) {
        let row = self
            .client
            .query_one(&self.select, &[&key.as_bytes()])
            .await
            .unwrap();
        assert_eq!(row.get::<_, &[u8]>(0), VALUE);
    }
}

/// Statements a second with so many in flight.
async fn rate(connections: &[Arc<Connection>], work: Work, next: &Arc<AtomicU64>, duration: Duration) -> f64 {
    let begin = Instant::now() + WARM_UP;
    let end = begin + duration;
    let callers = (0..IN_FLIGHT).map(|caller| {
        let (connection, next) = (connections[caller % connections.len()].clone(), next.clone());
        tokio::spawn(async move {
            let mut answered = 0u64;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                match work {
                    Work::Read => connection.read(&format!("read/{}", number % RECORDS)).await,
                    Work::Write => connection.write(&format!("write/{number}")).await,
                }
                let now = Instant::now();
                if now >= end {
                    return answered;
                }
                answered += u64::from(now >= begin);
            }
        })
    });
    let mut answered = 0;
    for caller in callers.collect::<Vec<_>>() {
        answered += caller.await.unwrap();
    }
    answered as f64 / duration.as_secs_f64()
}
