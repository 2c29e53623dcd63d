//! What the database reads for a call does not depend on what it believes of the tables.

use micro::futures_util::future::try_join_all;
use micro::store::{Change, Record, Scan, Scope, Store as _};
use micro_outside::wait;

use super::database::{Database, SOON, at_each_isolation};

at_each_isolation!(no_call_reads_more_than_it_asks_for);

/// Scopes that make the database believe that a scope has one record.
const SMALL: usize = 300;
/// Records of one that has more.
const RECORDS: usize = 3_000;
/// Calls of a kind, so many that the database no longer plans each anew.
const CALLS: usize = 20;
const KEYS: usize = 10;

fn large() -> Scope {
    Scope::new("plans", "large")
}

fn key(number: usize) -> String {
    format!("key/{number:05}")
}

async fn no_call_reads_more_than_it_asks_for(database: Database) {
    fill(&database).await;
    let logged = rows_read(&database, "micro_changes").await;
    // Each change once, and one more look at the end of each page.
    assert!(
        logged <= RECORDS * 3 / 2,
        "{logged} rows read for {RECORDS} changes"
    );
    let before = rows_read(&database, "micro_records").await;
    let store = database.open();
    for call in 0..CALLS {
        let keys: Vec<String> = (0..KEYS).map(|number| key(call * KEYS + number)).collect();
        let found = store.read_all(&large(), &keys).await.unwrap();
        assert!(found.iter().all(Option::is_some));
        let page = Scan {
            after: keys[0].clone(),
            limit: Some(KEYS),
            ..Scan::prefix("key/")
        };
        assert_eq!(store.scan(&large(), &page).await.unwrap().len(), KEYS);
        let written = keys
            .iter()
            .map(|key| Change::Put(Record::new(key.clone(), "new")));
        store.commit(&large(), written.collect()).await.unwrap();
        let deleted = keys.into_iter().map(Change::Delete);
        store.commit(&large(), deleted.collect()).await.unwrap();
        assert_eq!(store.databases().await.unwrap().len(), SMALL + 1);
        assert_eq!(store.tables("plans").await.unwrap(), ["large"]);
    }
    drop(store);
    let read = rows_read(&database, "micro_records").await - before;
    // A key is looked for when it is read, one by one and in a page, when it is written, and when it is removed; each list looks once at
    // each scope.
    let asked_for = CALLS * (KEYS * 7 + 2 * (SMALL + 1) + 1);
    assert!(
        read <= asked_for * 2,
        "{read} rows read where {asked_for} were asked for"
    );
    let left = database.sql("SELECT count(*) FROM micro_records");
    assert_eq!(left, (SMALL + RECORDS - CALLS * KEYS).to_string());
}

/// The database counts before one scope grows.
async fn fill(database: &Database) {
    let store = database.open();
    let small = (0..SMALL).map(|number| {
        let (store, scope) = (store.clone(), Scope::new(format!("plans{number}"), "small"));
        async move { store.write(&scope, Record::new("key", "v")).await }
    });
    try_join_all(small).await.unwrap();
    let mut changes = store.watch(&large(), "").await.unwrap();
    database.sql("ANALYZE");
    let records = (0..RECORDS).map(|number| Change::Put(Record::new(key(number), "v")));
    store.commit(&large(), records.collect()).await.unwrap();
    for _ in 0..RECORDS {
        let change = tokio::time::timeout(SOON, changes.next()).await;
        change.expect("changes come").unwrap().unwrap();
    }
}

/// Of a table, by all connections that have ended; they tell when they do (PostgreSQL 15).
async fn rows_read(database: &Database, table: &str) -> usize {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' \
                  AND pid <> pg_backend_pid()";
    wait::until_true("the connections to end", SOON, || database.sql(others) == "0").await;
    let read =
        format!("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = '{table}'");
    database.sql(&read).parse().unwrap()
}
