//! What those who watch are told, in another process as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use micro::Streaming;
use micro::store::{Record, Store as _};
use micro_cockroach::{Config, Store};
use micro_outside::{Relay, wait};

use super::database::{Database, SOON, at_each_isolation, open};
use super::several::scope;

at_each_isolation!(
    what_one_changes_the_other_is_told_in_order_and_soon,
    a_watch_begins_at_one_place_in_the_order,
    expired_records_are_removed_once_and_watchers_are_told,
    who_has_missed_a_change_is_told_so,
    a_watch_outlives_cuts_and_misses_nothing,
);

async fn told<T: Send + 'static>(events: &mut Streaming<T>, limit: Duration) -> micro::Result<T> {
    let event = tokio::time::timeout(limit, events.next()).await;
    event.expect("it is told in time").expect("the watch goes on")
}

async fn what_one_changes_the_other_is_told_in_order_and_soon(database: Database) {
    let (here, there) = (database.open(), database.open());
    here.write(&scope(), Record::new("a/0", "before")).await.unwrap();
    let mut events = there.watch(&scope(), "a/").await.unwrap();
    let large = "x".repeat(100_000);
    let start = Instant::now();
    for n in 0..1500 {
        here.write(&scope(), Record::new(format!("b/{n}"), "v"))
            .await
            .unwrap();
        if n % 100 == 0 {
            here.write(&scope(), Record::new(format!("a/{n}"), large.clone()))
                .await
                .unwrap();
        }
    }
    for n in (0..1500).step_by(100) {
        let event = told(&mut events, Duration::from_secs(10)).await.unwrap();
        assert_eq!(event.key, format!("a/{n}"));
        assert_eq!(event.record.unwrap().value.len(), large.len());
    }
    println!("1500 commits told of within {:?}", start.elapsed());
    let start = Instant::now();
    here.delete(&scope(), "a/0").await.unwrap();
    let event = told(&mut events, Duration::from_secs(1)).await.unwrap();
    assert_eq!((event.key.as_str(), event.record), ("a/0", None));
    println!("told of one change after {:?}", start.elapsed());
    let mut own = here.watch(&scope(), "").await.unwrap();
    let start = Instant::now();
    here.write(&scope(), Record::new("c", "v")).await.unwrap();
    told(&mut own, Duration::from_secs(1)).await.unwrap();
    println!("told of its own change after {:?}", start.elapsed());
}

/// Every commit that follows the answer of a watch is told, none that was before it, whoever commits meanwhile.
async fn a_watch_begins_at_one_place_in_the_order(database: Database) {
    let (here, there) = (database.open(), database.open());
    let written = Arc::new(AtomicU64::new(0));
    let count = written.clone();
    let writer = tokio::spawn(async move {
        for n in 0..400 {
            here.write(&scope(), Record::new("n", n.to_string()))
                .await
                .unwrap();
            count.fetch_add(1, Ordering::AcqRel);
        }
    });
    let mut watches = Vec::new();
    for begun in (0..400).step_by(50) {
        wait::until_true("the writer to go on", SOON, || {
            written.load(Ordering::Acquire) >= begun
        })
        .await;
        watches.push(there.watch(&scope(), "").await.unwrap());
    }
    writer.await.unwrap();
    for mut watch in watches.into_iter().rev().skip(1) {
        let mut last: Option<u64> = None;
        while last != Some(399) {
            let record = told(&mut watch, Duration::from_secs(10))
                .await
                .unwrap()
                .record
                .unwrap();
            let n = std::str::from_utf8(&record.value).unwrap().parse().unwrap();
            assert!(last.is_none_or(|last| n == last + 1), "{last:?} then {n}");
            last = Some(n);
        }
    }
}

async fn expired_records_are_removed_once_and_watchers_are_told(database: Database) {
    let config = Config {
        sweep_every: Duration::from_millis(200),
        keep_changes: Duration::from_millis(500),
        ..Config::new(database.url.as_str())
    };
    let stores = [Store::open(&config).unwrap(), Store::open(&config).unwrap()];
    let mut events = stores[1].watch(&scope(), "").await.unwrap();
    let at = std::time::SystemTime::now() + Duration::from_millis(300);
    for n in 0..20 {
        let record = Record {
            expires_at: Some(at),
            ..Record::new(format!("soon/{n}"), "v")
        };
        stores[n % 2].write(&scope(), record).await.unwrap();
    }
    stores[0]
        .write(&scope(), Record::new("stays", "v"))
        .await
        .unwrap();
    let mut removed = 0;
    while removed < 20 {
        let event = told(&mut events, Duration::from_secs(20)).await.unwrap();
        removed += usize::from(event.record.is_none());
    }
    assert_eq!(
        database.sql("SELECT convert_from(key, 'UTF8') FROM micro_records"),
        "stays"
    );
    assert_eq!(
        database.sql("SELECT count(*) FROM micro_leases WHERE name = 'sweep'"),
        "1"
    );
    // The log goes, too, when it is old enough.
    wait::until_true("the log to be trimmed", SOON, || {
        database.sql("SELECT count(*) FROM micro_changes") == "0"
    })
    .await;
    stores[0]
        .write(&scope(), Record::new("later", "v"))
        .await
        .unwrap();
    let event = told(&mut events, Duration::from_secs(5)).await.unwrap();
    assert_eq!(event.key, "later", "who has heard all misses nothing");
}

/// A log that was cut off before a watcher has read it is noticed.
async fn who_has_missed_a_change_is_told_so(database: Database) {
    let relay = Relay::to(database.port()).await;
    let (slow, other) = (open(&database.through(&relay)), database.open());
    let mut events = slow.watch(&scope(), "").await.unwrap();
    other.write(&scope(), Record::new("a", "v")).await.unwrap();
    told(&mut events, Duration::from_secs(10)).await.unwrap();
    relay.silence();
    for n in 0..3 {
        other
            .write(&scope(), Record::new("b", n.to_string()))
            .await
            .unwrap();
    }
    database.sql("DELETE FROM micro_changes WHERE revision < 4");
    relay.mend();
    let missed = told(&mut events, Duration::from_secs(10)).await.unwrap_err();
    assert_eq!(missed.code, 503);
    assert!(events.next().await.is_none());
}

/// The network between the watcher and the database fails now and then.
async fn a_watch_outlives_cuts_and_misses_nothing(database: Database) {
    let relay = Relay::to(database.port()).await;
    let (far, near) = (open(&database.through(&relay)), database.open());
    let mut events = far.watch(&scope(), "").await.unwrap();
    let mut count = 0_u64;
    let mut write = async || {
        for _ in 0..50 {
            let record = Record::new("n", count.to_string());
            near.write(&scope(), record).await.unwrap();
            count += 1;
        }
    };
    for fault in [Relay::cut, Relay::silence, Relay::cut] {
        write().await;
        fault(&relay);
        write().await;
        wait::until_true("the fault to be noticed", SOON, || far.backend().away().is_some()).await;
        relay.mend();
    }
    write().await;
    for n in 0..count {
        let event = told(&mut events, Duration::from_secs(5)).await.unwrap();
        assert_eq!(event.record.unwrap().value, n.to_string());
    }
}
