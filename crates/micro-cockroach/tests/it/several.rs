//! Several processes on one database: each has a `Store` of its own.

use std::time::{Duration, Instant};

use micro::Backend;
use micro::futures_util::future::join_all;
use micro::store::{Change, ErrorKind, Record, Scan, Scope, Store as _};
use micro_cockroach::Store;
use micro_outside::Postgres;

use super::database::{Database, at_each_isolation, open};

at_each_isolation!(
    tables_are_made_once_by_those_who_start_at_once,
    each_change_is_made_by_one_of_many,
    one_commit_that_cannot_be_kept_fails_alone,
    those_who_write_the_same_table_get_on,
    a_long_scan_is_one_picture,
);

pub fn scope() -> Scope {
    Scope::new("several", "t")
}

async fn tables_are_made_once_by_those_who_start_at_once(database: Database) {
    let stores: Vec<_> = (0..8).map(|_| database.open()).collect();
    let written = stores
        .iter()
        .enumerate()
        .map(|(n, store)| async move { store.write(&scope(), Record::new(n.to_string(), "v")).await });
    for written in join_all(written).await {
        written.unwrap();
    }
    assert_eq!(database.sql("SELECT version FROM micro_schema"), "1");
    assert_eq!(database.sql("SELECT count(*) FROM micro_leases"), "0");
    // Who comes later finds them made.
    let later = database.open();
    assert_eq!(later.scan(&scope(), &Scan::default()).await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_newer_program_are_left_alone() {
    let server = Postgres::shared();
    let url = server.database("newer");
    open(&url).write(&scope(), Record::new("a", "v")).await.unwrap();
    server.sql("newer", "INSERT INTO micro_schema VALUES (99, now())");
    let error = open(&url).read(&scope(), "a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().contains("version 99"), "{error}");
}

/// A counter that all increase with conditions: none is lost, none counts twice.
async fn each_change_is_made_by_one_of_many(database: Database) {
    const EACH: usize = 25;
    let stores = [database.open(), database.open(), database.open()];
    stores[0]
        .write(&scope(), Record::new("count", "0"))
        .await
        .unwrap();
    let racers = stores
        .iter()
        .flat_map(|store| [store.clone(), store.clone()])
        .map(|store| {
            tokio::spawn(async move {
                for _ in 0..EACH {
                    while !increase(&store).await {}
                }
            })
        });
    for racer in racers.collect::<Vec<_>>() {
        racer.await.unwrap();
    }
    let count = stores[1].read(&scope(), "count").await.unwrap();
    assert_eq!(count.value, (6 * EACH).to_string());
    // Where the database asks for another try, it gets one.
    let isolation = database.sql("SHOW default_transaction_isolation");
    assert_eq!(database.conflicts() > 0, isolation == "serializable");
}

async fn increase(store: &Store) -> bool {
    let there = store.read(&scope(), "count").await.unwrap();
    let count: usize = std::str::from_utf8(&there.value).unwrap().parse().unwrap();
    let next = Record::new("count", (count + 1).to_string());
    match store
        .commit(&scope(), vec![Change::PutIf(next, there.version)])
        .await
    {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
            false
        }
    }
}

/// Many writers in two processes, all at one scope: nobody waits for long, nobody is refused.
async fn those_who_write_the_same_table_get_on(database: Database) {
    let stores = [database.open(), database.open()];
    let writers = (0..64).map(|n| {
        let store = stores[n % 2].clone();
        tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            for count in 0..30 {
                let start = Instant::now();
                let record = Record::new(format!("{n}"), count.to_string());
                store.write(&scope(), record).await.unwrap();
                longest = longest.max(start.elapsed());
            }
            longest
        })
    });
    let start = Instant::now();
    let longest = join_all(writers.collect::<Vec<_>>())
        .await
        .into_iter()
        .map(Result::unwrap)
        .max();
    println!(
        "1920 writes within {:?}, the longest took {longest:?}",
        start.elapsed()
    );
    let tries = database.conflicts();
    println!("{tries} transactions were tried again");
    assert_eq!(
        stores[0].scan(&scope(), &Scan::default()).await.unwrap().len(),
        64
    );
}

async fn one_commit_that_cannot_be_kept_fails_alone(database: Database) {
    let store = database.open();
    store.write(&scope(), Record::new("a", "v")).await.unwrap();
    // The database refuses what breaks a rule of its own, as it refuses what is too large for it.
    database.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.key = 'bad'::BYTEA THEN RAISE EXCEPTION 'too large' USING ERRCODE = '54000'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT ON micro_records FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let keys = ["a", "b", "bad", "c", "d"];
    let written = keys.map(|key| {
        let store = store.clone();
        async move { store.write(&scope(), Record::new(key, "w")).await }
    });
    for (key, written) in keys.iter().zip(join_all(written).await) {
        let kind = written.err().map(|error| error.kind);
        assert_eq!(kind, (*key == "bad").then_some(ErrorKind::Invalid), "{key}");
    }
    assert_eq!(store.scan(&scope(), &Scan::default()).await.unwrap().len(), 4);
}

/// A scan of many pages is one picture, whatever is changed meanwhile.
async fn a_long_scan_is_one_picture(database: Database) {
    let (store, other) = (database.open(), database.open());
    let all = (0..3000)
        .map(|n| Change::Put(Record::new(format!("{n:05}"), "0")))
        .collect();
    store.commit(&scope(), all).await.unwrap();
    let writer = tokio::spawn(async move {
        for round in 1..20 {
            let all = (0..3000).map(|n| Change::Put(Record::new(format!("{n:05}"), round.to_string())));
            other.commit(&scope(), all.collect()).await.unwrap();
        }
    });
    let mut rounds = 0;
    while !writer.is_finished() {
        let scan = Scan {
            descending: rounds % 2 == 1,
            ..Scan::default()
        };
        let found = store.scan(&scope(), &scan).await.unwrap();
        assert_eq!(found.len(), 3000);
        assert!(
            found.iter().all(|record| record.value == found[0].value),
            "two pictures in one"
        );
        assert!(found.is_sorted_by(|a, b| (a.key < b.key) != scan.descending));
        rounds += 1;
    }
    assert!(rounds > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_database_is_named() {
    let server = Postgres::shared();
    let store = open(&server.url().replace("/postgres", "/nowhere"));
    let error = store.read(&scope(), "a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().contains("nowhere"), "{error}");
    let backend: Backend = store.backend();
    assert!(backend.away().unwrap().contains("nowhere"));
    server.database("nowhere");
    tokio::time::timeout(Duration::from_secs(5), backend.until_reached())
        .await
        .unwrap();
    assert_eq!(
        store.read(&scope(), "a").await.unwrap_err().kind,
        ErrorKind::NotFound
    );
}
