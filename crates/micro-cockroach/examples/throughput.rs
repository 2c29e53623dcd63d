//! How many reads and writes a second the driver makes of a database, beside bare statements on as many connections of the same client.
//!
//! `cargo run --release -p micro-cockroach --example throughput [URL]`; without an address it starts a PostgreSQL of its own.
#![allow(clippy::unwrap_used, reason = "a measurement that breaks is none")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use micro::store::{Record, Scope, Store as _};
use micro_cockroach::{Config, Store};
use micro_outside::Postgres;
use tokio_postgres::{Client, NoTls};

const IN_FLIGHT: usize = 64;
const KEYS: usize = 10_000;
const ROUND: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let server = std::env::args()
        .nth(1)
        .map_or_else(|| (String::new(), Some(Postgres::start())), |url| (url, None));
    let url = server.1.as_ref().map_or(server.0, Postgres::url);
    let store = Arc::new(Store::open(&Config::new(&url)).unwrap());
    let scopes: Arc<Vec<Scope>> = Arc::new((0..8).map(|n| Scope::new("bench", format!("t{n}"))).collect());
    for connections in [1, 4, 8, 16] {
        let bare = bare(&url, connections).await;
        let upsert = move |n: usize| {
            let client = bare[n % bare.len()].clone();
            async move { upsert(&client, n).await }
        };
        println!(
            "bare upsert, {connections} connections: {:.0}/s",
            measured(upsert).await
        );
    }
    for connections in [1, 4] {
        let bare = bare(&url, connections).await;
        let select = move |n: usize| {
            let client = bare[n % bare.len()].clone();
            async move { select(&client, n).await }
        };
        println!(
            "bare select, {connections} connections: {:.0}/s",
            measured(select).await
        );
    }
    for tables in [1, 8] {
        println!(
            "write, {tables} tables: {:.0}/s",
            writes(&store, &scopes, tables).await
        );
    }
    println!("read: {:.0}/s", reads(&store, &scopes).await);
    let _watch = store.watch(&scopes[0], "").await.unwrap();
    println!(
        "write, a table that is watched: {:.0}/s",
        writes(&store, &scopes, 1).await
    );
}

async fn writes(store: &Arc<Store>, scopes: &Arc<Vec<Scope>>, tables: usize) -> f64 {
    let (store, scopes) = (store.clone(), scopes.clone());
    measured(move |n| {
        let (store, scopes) = (store.clone(), scopes.clone());
        async move { store.write(&scopes[n % tables], record(n)).await.unwrap() }
    })
    .await
}

async fn reads(store: &Arc<Store>, scopes: &Arc<Vec<Scope>>) -> f64 {
    let (store, scopes) = (store.clone(), scopes.clone());
    measured(move |n| {
        let (store, scopes) = (store.clone(), scopes.clone());
        async move { drop(store.read(&scopes[0], &key(n)).await.unwrap()) }
    })
    .await
}

/// Calls a second with so many in flight.
async fn measured<F: Future<Output = ()> + Send + 'static>(
    call: impl Fn(usize) -> F + Send + Sync + 'static,
) -> f64 {
    let call = Arc::new(call);
    let (count, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let callers = (0..IN_FLIGHT).map(|_| {
        let (count, call) = (count.clone(), call.clone());
        tokio::spawn(async move {
            while start.elapsed() < ROUND {
                call(count.fetch_add(1, Ordering::Relaxed)).await;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

fn key(n: usize) -> String {
    format!("key/{:08}", n * 7919 % KEYS)
}

fn record(n: usize) -> Record {
    Record::new(key(n), format!("{n:0100}"))
}

/// Tables as the store has them, so that both do the same work.
async fn bare(url: &str, connections: usize) -> Arc<Vec<Arc<(Client, [tokio_postgres::Statement; 2])>>> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
            .batch_execute("CREATE TABLE IF NOT EXISTS bare (key BYTEA PRIMARY KEY, value BYTEA)")
            .await
            .unwrap();
        let upsert = "INSERT INTO bare (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let statements = [
            client.prepare(upsert).await.unwrap(),
            client
                .prepare("SELECT value FROM bare WHERE key = $1")
                .await
                .unwrap(),
        ];
        clients.push(Arc::new((client, statements)));
    }
    Arc::new(clients)
}

async fn upsert(on: &(Client, [tokio_postgres::Statement; 2]), n: usize) {
    let (key, value) = (key(n).into_bytes(), format!("{n:0100}").into_bytes());
    on.0.execute(&on.1[0], &[&key, &value]).await.unwrap();
}

async fn select(on: &(Client, [tokio_postgres::Statement; 2]), n: usize) {
    let key = key(n).into_bytes();
    on.0.query_opt(&on.1[1], &[&key]).await.unwrap();
}
