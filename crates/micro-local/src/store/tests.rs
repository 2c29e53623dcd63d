//! The store as its callers see it.

use std::time::{Duration, SystemTime};

use micro::store::{ErrorKind, Store as _, conformance};

use super::*;

const WRITERS: usize = 256;
const WRITES_EACH: usize = 20;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn conforms() {
    let folder = folder();
    conformance::run(&Store::open(folder.path()).unwrap()).await;
}

#[tokio::test]
async fn keeps_records_for_the_next_one_who_opens_it() {
    let folder = folder();
    let scope = Scope::new("micro", "user");
    let record = Record {
        expires_at: Some(SystemTime::now() + Duration::from_secs(60)),
        ..Record::new("1", "Alice")
    };
    for _ in 0..3 {
        let store = Store::open(folder.path()).unwrap();
        store.write(&scope, record.clone()).await.unwrap();
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let kept = store.read(&scope, "1").await.unwrap();
        assert_eq!(
            kept,
            Record {
                version: kept.version,
                ..record.clone()
            }
        );
        assert_eq!(store.databases().await.unwrap(), ["micro"]);
    }
}

#[tokio::test]
async fn a_second_one_is_told_that_the_folder_is_in_use() {
    let folder = folder();
    let _first = Store::open(folder.path()).unwrap();
    let error = Store::open(folder.path()).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().contains("in use by another process"), "{error}");
    let mode = std::fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_share_syncs() {
    let folder = folder();
    let store = Arc::new(Store::open(folder.path()).unwrap());
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let scope = Scope::new("micro", "load");
            for write in 0..WRITES_EACH {
                let key = format!("{writer}/{write}");
                store
                    .commit(&scope, vec![Change::PutNew(Record::new(key, "value"))])
                    .await
                    .unwrap();
            }
        });
    }
    writers.join_all().await;
    let stats = store.stats();
    assert_eq!(stats.commits, (WRITERS * WRITES_EACH) as u64);
    assert!(stats.commits / stats.syncs >= 40, "{stats:?}");
    let written = store
        .scan(&Scope::new("micro", "load"), &Scan::default())
        .await
        .unwrap();
    assert_eq!(written.len(), WRITERS * WRITES_EACH);
}

#[tokio::test]
async fn one_key_has_one_winner() {
    let folder = folder();
    let store = Arc::new(Store::open(folder.path()).unwrap());
    let mut rivals = tokio::task::JoinSet::new();
    for rival in 0..64 {
        let store = Arc::clone(&store);
        rivals.spawn(async move {
            let record = Record::new("leader", rival.to_string());
            store
                .commit(&Scope::new("micro", "lock"), vec![Change::PutNew(record)])
                .await
                .is_ok()
        });
    }
    let winners = rivals.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn expired_records_are_taken_away() {
    let folder = folder();
    let scope = Scope::new("micro", "session");
    let expiring = |key: &str, after| Record {
        expires_at: Some(SystemTime::now() + Duration::from_millis(after)),
        ..Record::new(key, "v")
    };
    let store = Store::open(folder.path()).unwrap();
    store.write(&scope, expiring("short", 1)).await.unwrap();
    store.write(&scope, expiring("renewed", 1)).await.unwrap();
    store.write(&scope, Record::new("renewed", "v")).await.unwrap();
    store.write(&scope, expiring("long", 3_600_000)).await.unwrap();
    while store.read(&scope, "short").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(store);

    // The first sweep comes at once when a store is opened.
    let store = Store::open(folder.path()).unwrap();
    let kept = || {
        (
            store
                .engine
                .with(|engine| Ok(engine.records.len().unwrap()))
                .unwrap(),
            store
                .engine
                .with(|engine| Ok(engine.expiry.len().unwrap()))
                .unwrap(),
        )
    };
    let sweep = async {
        while kept() != (2, 1) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let swept = tokio::time::timeout(Duration::from_secs(30), sweep).await;
    assert!(swept.is_ok(), "records and expiry entries kept: {:?}", kept());
    assert_eq!(store.scan(&scope, &Scan::default()).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_on_it_keep_their_promise() {
    let folder = folder();
    let store = Arc::new(Store::open(folder.path()).unwrap());
    micro::store::model::conformance::run(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_on_it_keep_their_promise() {
    let folder = folder();
    let store = Arc::new(Store::open(folder.path()).unwrap());
    micro::events::conformance::run(&micro::events::Stored::new(store.clone())).await;
    micro::events::conformance::goes_on(&|| micro::events::Stored::new(store.clone())).await;
}
