use std::sync::Arc;

use super::parts::PART;
use super::*;
use crate::blob::conformance;
use crate::store::{Memory, Record};

const NO_TIME: Duration = Duration::ZERO;

fn open(keep: Duration, abandon: Duration) -> (Stored, Names, Table) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let parts = Table::new(store.clone(), Scope::platform("parts"));
    let names = Names {
        table: Table::new(store, Scope::platform("blobs")),
        pieces: Arc::new(Parts(parts.clone())),
        keep,
        abandon,
    };
    (Stored::with(names.clone()), names, parts)
}

fn blank() -> Entry {
    entry(&Record::new(
        "",
        r#"{"id":"","size":0,"sha256":"","content_type":"","public":false,"modified":0}"#,
    ))
    .unwrap()
}

fn data(length: usize) -> Streaming<Bytes> {
    Streaming::from_iter([Bytes::from(vec![7; length])])
}

async fn count(table: &Table, prefix: &str) -> usize {
    table.scan(&Scan::prefix(prefix)).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let stored = open(KEEP, ABANDON).0;
    conformance::run(&stored).await;
    conformance::moves(&stored).await;
}

#[tokio::test]
async fn what_was_replaced_or_deleted_goes_when_its_time_has_come() {
    let (blobs, names, parts) = open(NO_TIME, ABANDON);
    for length in [3 * PART, 2 * PART, PART + 1] {
        blobs
            .write("micro", "a", Options::default(), data(length))
            .await
            .unwrap();
    }
    let (_, mut reading) = blobs.read("micro", "a").await.unwrap();
    assert_eq!(count(&parts, "").await, 3 + 2 + 2);
    names.clean().await.unwrap();
    assert_eq!(count(&parts, "").await, 2);
    assert!(reading.next().await.unwrap().is_ok());
    blobs.delete("micro", "a").await.unwrap();
    names.clean().await.unwrap();
    assert_eq!((count(&parts, "").await, count(&names.table, "").await), (0, 0));
    let rest = reading.collect().await.unwrap_err();
    assert_eq!(rest.code, 503, "a reader is told: {rest}");
}

#[tokio::test]
async fn what_a_crash_leaves_goes_and_what_is_being_written_stays() {
    let (_blobs, names, parts) = open(KEEP, NO_TIME);
    let crashed = names.draft().await.unwrap();
    names.pieces.write(&crashed.id, data(2 * PART)).await.unwrap();
    let alive = Names {
        abandon: ABANDON,
        ..names.clone()
    };
    let draft = alive.draft().await.unwrap();
    alive.pieces.write(&draft.id, data(PART)).await.unwrap();
    names.clean().await.unwrap();
    assert_eq!(count(&parts, &crashed.id).await, 0);
    assert_eq!(count(&parts, &draft.id).await, 1);
    let late = names.publish("name", &crashed, &blank()).await.unwrap_err();
    assert_eq!(late.code, 503, "it is too late for a name: {late}");
    alive.publish("name", &draft, &blank()).await.unwrap();
    assert_eq!(count(&names.table, "due").await, 0);
}

#[tokio::test]
async fn damage_is_found() {
    let (blobs, _, parts) = open(KEEP, ABANDON);
    blobs
        .write("micro", "a", Options::default(), data(5))
        .await
        .unwrap();
    let found = parts.scan(&Scan::default()).await.unwrap();
    let damaged = Record::new(found[0].key.clone(), "\u{7}\u{7}\u{7}\u{7}\u{8}");
    parts.write(damaged).await.unwrap();
    let (_, mut pieces) = blobs.read("micro", "a").await.unwrap();
    assert!(pieces.next().await.unwrap().is_ok());
    assert_eq!(pieces.next().await.unwrap().unwrap_err().code, 500);
    assert!(pieces.next().await.is_none());
}
