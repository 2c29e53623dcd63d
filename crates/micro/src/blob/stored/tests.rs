use std::sync::Arc;

use super::tables::PART;
use super::*;
use crate::blob::conformance;
use crate::store::{Memory, Record};

const NO_TIME: Duration = Duration::ZERO;

fn open(keep: Duration, abandon: Duration) -> (Stored, Tables) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let tables = Tables {
        names: Table::new(store.clone(), Scope::platform("blobs")),
        parts: Table::new(store, Scope::platform("parts")),
        keep,
        abandon,
    };
    (Stored::with(tables.clone()), tables)
}

fn data(length: usize) -> Streaming<Bytes> {
    Streaming::from_iter([Bytes::from(vec![7; length])])
}

async fn count(table: &Table, prefix: &str) -> usize {
    table.scan(&Scan::prefix(prefix)).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    conformance::run(&open(KEEP, ABANDON).0).await;
}

#[tokio::test]
async fn what_was_replaced_or_deleted_goes_when_its_time_has_come() {
    let (blobs, tables) = open(NO_TIME, ABANDON);
    for length in [3 * PART, 2 * PART, PART + 1] {
        blobs
            .write("micro", "a", Options::default(), data(length))
            .await
            .unwrap();
    }
    let (_, mut reading) = blobs.read("micro", "a").await.unwrap();
    assert_eq!(count(&tables.parts, "").await, 3 + 2 + 2);
    tables.clean().await.unwrap();
    assert_eq!(count(&tables.parts, "").await, 2);
    assert!(reading.next().await.unwrap().is_ok());
    blobs.delete("micro", "a").await.unwrap();
    tables.clean().await.unwrap();
    assert_eq!(
        (count(&tables.parts, "").await, count(&tables.names, "").await),
        (0, 0)
    );
    let rest = reading.collect().await.unwrap_err();
    assert_eq!(rest.code, 503, "a reader is told: {rest}");
}

#[tokio::test]
async fn what_a_crash_leaves_goes_and_what_is_being_written_stays() {
    let (_blobs, tables) = open(KEEP, NO_TIME);
    let mut crashed = tables.draft().await.unwrap();
    tables.fill(&mut crashed, data(2 * PART)).await.unwrap();
    let alive = Tables {
        abandon: ABANDON,
        ..tables.clone()
    };
    let mut draft = alive.draft().await.unwrap();
    alive.fill(&mut draft, data(PART)).await.unwrap();
    tables.clean().await.unwrap();
    assert_eq!(count(&tables.parts, &crashed.id).await, 0);
    assert_eq!(count(&tables.parts, &draft.id).await, 1);
    let late = tables.publish("name", &crashed, b"{}").await.unwrap_err();
    assert_eq!(late.code, 503, "it is too late for a name: {late}");
    alive.publish("name", &draft, b"{}").await.unwrap();
    assert_eq!(count(&tables.names, "due").await, 0);
}

#[tokio::test]
async fn damage_is_found() {
    let (blobs, tables) = open(KEEP, ABANDON);
    blobs
        .write("micro", "a", Options::default(), data(5))
        .await
        .unwrap();
    let found = tables.parts.scan(&Scan::default()).await.unwrap();
    let damaged = Record::new(found[0].key.clone(), "\u{7}\u{7}\u{7}\u{7}\u{8}");
    tables.parts.write(damaged).await.unwrap();
    let (_, mut pieces) = blobs.read("micro", "a").await.unwrap();
    assert!(pieces.next().await.unwrap().is_ok());
    assert_eq!(pieces.next().await.unwrap().unwrap_err().code, 500);
    assert!(pieces.next().await.is_none());
}
