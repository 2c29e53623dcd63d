//! The store against a real PostgreSQL, which stands for CockroachDB, too: the same tests run at the isolation that CockroachDB has.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

mod database;
mod faults;
mod plans;
mod several;
mod tls;
mod uncertain;
mod watching;

use micro::blob;
use micro::store::{conformance, model};

use database::{Database, at_each_isolation};

at_each_isolation!(conforms, keeps_blobs);

async fn conforms(database: Database) {
    let store = database.open();
    conformance::run(&*store).await;
    model::conformance::run(store.clone()).await;
    assert_eq!(store.backend().away(), None);
    let records: u64 = database
        .sql("SELECT count(*) FROM micro_records")
        .parse()
        .unwrap();
    assert!(records > 0);
}

async fn keeps_blobs(database: Database) {
    blob::conformance::run(&blob::Stored::open(database.open())).await;
}
