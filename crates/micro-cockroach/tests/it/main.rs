//! The store against a real PostgreSQL, which stands for CockroachDB, too: the same suites run at the isolation that CockroachDB has.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

mod faults;
mod several;
mod uncertain;
mod watching;

use std::sync::Arc;

use micro::blob;
use micro::store::{conformance, model};
use micro_cockroach::{Config, Store};
use micro_outside::Postgres;

/// All that is promised, on a database of the test's own.
async fn conforms(server: &Postgres, database: &str, url: String) {
    let store = Arc::new(Store::open(&Config::new(url)).unwrap());
    conformance::run(&*store).await;
    model::conformance::run(store.clone()).await;
    assert_eq!(store.backend().away(), None);
    let records: u64 = server
        .sql(database, "SELECT count(*) FROM micro_records")
        .parse()
        .unwrap();
    assert!(records > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms_at_the_isolation_of_postgres() {
    let server = Postgres::shared();
    conforms(&server, "plain", server.database("plain")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms_at_the_isolation_of_cockroach() {
    let server = Postgres::shared();
    let url = server.database("strict");
    serializable(&server, "strict");
    conforms(&server, "strict", url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_blobs() {
    let server = Postgres::shared();
    for (database, is_strict) in [("blobs", false), ("blobs_strict", true)] {
        let url = server.database(database);
        if is_strict {
            serializable(&server, database);
        }
        let store = Store::open(&Config::new(url)).unwrap();
        blob::conformance::run(&blob::Stored::open(Arc::new(store))).await;
    }
}

fn serializable(server: &Postgres, database: &str) {
    let setting = format!("ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'");
    server.sql("postgres", &setting);
}
