//! The law of [`Store`], as one suite that every implementation passes.
//!
//! It works in databases of its own, whose names begin with `conformance`, and expects them to be empty.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{Change, ErrorKind, MAX_KEY_LENGTH, Record, Result, Scan, Scope, Store};

/// Runs the whole suite.
///
/// # Panics
///
/// When the store breaks a promise; the message says which.
pub async fn run(store: &dyn Store) {
    reads_what_was_written(store).await;
    reads_several_as_one_by_one(store).await;
    refuses_what_cannot_be_kept(store).await;
    puts_new_only_once(store).await;
    changes_only_what_nobody_else_changed(store).await;
    tells_watchers_in_order(store).await;
    commits_all_or_nothing(store).await;
    changes_apply_in_order(store).await;
    scans_in_order(store).await;
    never_returns_expired(store).await;
    scopes_are_separate(store).await;
    names_databases_and_tables(store).await;
}

async fn reads_what_was_written(store: &dyn Store) {
    let scope = Scope::new("conformance", "write");
    assert_kind(store.read(&scope, "a").await, ErrorKind::NotFound);
    let mut record = Record::new("a", vec![0, 255, 10, 0]);
    record
        .metadata
        .insert("content-type".to_owned(), "text/plain; ü".to_owned());
    record.expires_at = Some(SystemTime::now() + Duration::from_secs(3600));
    done(store.write(&scope, record.clone()).await);
    assert_eq!(
        written(store, &scope, "a").await,
        record,
        "a record is read as it was written"
    );

    let other = Record::new("a", "");
    done(store.write(&scope, other.clone()).await);
    assert_eq!(
        written(store, &scope, "a").await,
        other,
        "a write replaces the whole record"
    );

    done(store.delete(&scope, "a").await);
    done(store.delete(&scope, "a").await);
    assert_kind(store.read(&scope, "a").await, ErrorKind::NotFound);
}

async fn reads_several_as_one_by_one(store: &dyn Store) {
    let scope = Scope::new("conformance", "several");
    let elsewhere = Scope::new("conformance", "several-elsewhere");
    for key in ["a", "b", "c"] {
        done(store.write(&scope, Record::new(key, key)).await);
    }
    done(store.write(&elsewhere, Record::new("d", "d")).await);
    let over = Record {
        expires_at: Some(SystemTime::now() - Duration::from_secs(1)),
        ..Record::new("e", "e")
    };
    done(store.write(&scope, over).await);
    let read = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let scope = &scope;
        async move { store.read_all(scope, &keys).await }
    };
    let found = done(read(&["c", "none", "a", "d", "c", "e"]).await);
    let found: Vec<_> = found
        .iter()
        .map(|record| {
            record
                .as_ref()
                .map(|record| (record.key.as_str(), &record.value[..]))
        })
        .collect();
    let (a, c) = (Some(("a", &b"a"[..])), Some(("c", &b"c"[..])));
    assert_eq!(found, [c, None, a, None, c, None], "each is read as if alone");
    assert_eq!(done(read(&[]).await), []);
    assert_kind(read(&["a", ""]).await, ErrorKind::Invalid);

    let many: Vec<String> = (0..1500).map(|number| format!("many/{number}")).collect();
    let puts = many
        .iter()
        .map(|key| Change::Put(Record::new(key.as_str(), key.clone())));
    done(store.commit(&scope, puts.collect()).await);
    let found = done(store.read_all(&scope, &many).await);
    let found: Vec<_> = found.into_iter().flatten().map(|record| record.key).collect();
    assert_eq!(found, many, "so many that they do not fit into one question");
    let together = many.iter().take(200).map(|key| store.read(&scope, key));
    for (key, record) in many.iter().zip(futures_util::future::join_all(together).await) {
        assert_eq!(
            done(record).value,
            key.as_bytes(),
            "reads at the same time are not mixed up"
        );
    }
}

async fn refuses_what_cannot_be_kept(store: &dyn Store) {
    let scope = Scope::new("conformance", "keys");
    let longest = "k".repeat(MAX_KEY_LENGTH);
    done(store.write(&scope, Record::new(longest.clone(), "v")).await);
    assert_eq!(done(store.read(&scope, &longest).await).value, "v");
    for key in ["", "a\0b", &"k".repeat(MAX_KEY_LENGTH + 1)] {
        assert_kind(
            store.write(&scope, Record::new(key, "v")).await,
            ErrorKind::Invalid,
        );
        assert_kind(store.read(&scope, key).await, ErrorKind::Invalid);
    }
    for scope in [
        Scope::new("", "t"),
        Scope::new("conformance", ""),
        Scope::new("conformance", "a\0b"),
    ] {
        assert_kind(
            store.write(&scope, Record::new("a", "v")).await,
            ErrorKind::Invalid,
        );
        assert_kind(store.scan(&scope, &Scan::default()).await, ErrorKind::Invalid);
    }
}

async fn puts_new_only_once(store: &dyn Store) {
    let scope = Scope::new("conformance", "new");
    let put = |value: &'static str| store.commit(&scope, vec![Change::PutNew(Record::new("a", value))]);
    done(put("first").await);
    assert_kind(put("second").await, ErrorKind::Exists);
    assert_eq!(
        done(store.read(&scope, "a").await).value,
        "first",
        "a refused PutNew changes nothing"
    );
    done(store.delete(&scope, "a").await);
    done(put("third").await);
}

async fn changes_only_what_nobody_else_changed(store: &dyn Store) {
    let scope = Scope::new("conformance", "versions");
    let put = |value: &'static str, version| {
        store.commit(&scope, vec![Change::PutIf(Record::new("a", value), version)])
    };
    assert_kind(put("nothing there", 1).await, ErrorKind::Conflict);
    done(store.write(&scope, Record::new("a", "1")).await);
    let first = done(store.read(&scope, "a").await).version;
    assert_ne!(first, 0, "a record that is there has a version");
    done(put("2", first).await);
    let second = done(store.read(&scope, "a").await).version;
    assert_ne!(first, second, "each write has a version of its own");
    assert_kind(put("3", first).await, ErrorKind::Conflict);
    let delete = |version| store.commit(&scope, vec![Change::DeleteIf("a".to_owned(), version)]);
    assert_kind(delete(first).await, ErrorKind::Conflict);
    assert_eq!(
        done(store.read(&scope, "a").await).value,
        "2",
        "a refused change changes nothing"
    );
    done(delete(second).await);
    assert_kind(delete(second).await, ErrorKind::Conflict);
    done(store.write(&scope, Record::new("a", "4")).await);
    let third = done(store.read(&scope, "a").await).version;
    assert!(![first, second].contains(&third), "a version does not come back");
    let rivals = (0..16).map(|rival| {
        let record = Record::new("a", rival.to_string());
        store.commit(&scope, vec![Change::PutIf(record, third)])
    });
    let outcomes = futures_util::future::join_all(rivals).await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "of rivals one wins"
    );
}

async fn tells_watchers_in_order(store: &dyn Store) {
    let scope = Scope::new("conformance", "watch");
    let mut events = done(store.watch(&scope, "user/").await);
    let elsewhere = Scope::new("conformance", "watch2");
    done(store.write(&elsewhere, Record::new("user/1", "elsewhere")).await);
    done(store.write(&scope, Record::new("other", "of no interest")).await);
    let both = vec![
        Change::Put(Record::new("user/1", "Alice")),
        Change::Put(Record::new("user/2", "Bob")),
    ];
    done(store.commit(&scope, both).await);
    done(store.delete(&scope, "user/1").await);
    let refused = store
        .commit(&scope, vec![Change::PutNew(Record::new("user/2", "Eve"))])
        .await;
    assert_kind(refused, ErrorKind::Exists);
    done(store.write(&scope, Record::new("user/2", "Carol")).await);
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let event = tokio::time::timeout(Duration::from_secs(30), events.next()).await;
        let event = event
            .expect("a change is told")
            .expect("the watch goes on")
            .expect("it was not slow");
        seen.push((event.key, event.record.map(|record| record.value)));
    }
    let text = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    let mut first: Vec<_> = seen.drain(..2).collect();
    first.sort();
    assert_eq!(
        first,
        [
            ("user/1".to_owned(), text("Alice")),
            ("user/2".to_owned(), text("Bob"))
        ]
    );
    assert_eq!(
        seen,
        [("user/1".to_owned(), None), ("user/2".to_owned(), text("Carol"))]
    );
}

async fn commits_all_or_nothing(store: &dyn Store) {
    let scope = Scope::new("conformance", "commit");
    done(store.write(&scope, Record::new("taken", "1")).await);
    let refused = vec![
        Change::Put(Record::new("new", "2")),
        Change::Put(Record::new("taken", "2")),
        Change::PutNew(Record::new("other", "2")),
        Change::PutNew(Record::new("taken", "2")),
    ];
    assert_kind(store.commit(&scope, refused).await, ErrorKind::Exists);
    assert_eq!(
        keys(store, &scope, Scan::default()).await,
        ["taken"],
        "a refused commit leaves nothing"
    );
    assert_eq!(done(store.read(&scope, "taken").await).value, "1");
    let invalid = vec![
        Change::Put(Record::new("new", "2")),
        Change::Delete(String::new()),
    ];
    assert_kind(store.commit(&scope, invalid).await, ErrorKind::Invalid);
    assert_eq!(
        keys(store, &scope, Scan::default()).await,
        ["taken"],
        "an invalid commit leaves nothing"
    );
    done(store.commit(&scope, Vec::new()).await);
}

async fn changes_apply_in_order(store: &dyn Store) {
    let scope = Scope::new("conformance", "order");
    let changes = vec![
        Change::Put(Record::new("a", "1")),
        Change::Delete("a".to_owned()),
        Change::PutNew(Record::new("a", "2")),
        Change::Put(Record::new("b", "1")),
        Change::Delete("b".to_owned()),
    ];
    done(store.commit(&scope, changes).await);
    assert_eq!(done(store.read(&scope, "a").await).value, "2");
    assert_kind(store.read(&scope, "b").await, ErrorKind::NotFound);
    let twice = vec![
        Change::PutNew(Record::new("c", "1")),
        Change::PutNew(Record::new("c", "2")),
    ];
    assert_kind(store.commit(&scope, twice).await, ErrorKind::Exists);
    assert_kind(store.read(&scope, "c").await, ErrorKind::NotFound);
}

async fn scans_in_order(store: &dyn Store) {
    let scope = Scope::new("conformance", "scan");
    assert!(keys(store, &scope, Scan::default()).await.is_empty());
    for key in [
        "user/3.json",
        "user/10.json",
        "user/1.txt",
        "use",
        "user0",
        "Äpfel",
        "user/é.json",
    ] {
        done(store.write(&scope, Record::new(key, key.to_owned())).await);
    }
    let all = [
        "use",
        "user/1.txt",
        "user/10.json",
        "user/3.json",
        "user/é.json",
        "user0",
        "Äpfel",
    ];
    assert_eq!(
        keys(store, &scope, Scan::default()).await,
        all,
        "keys come in the order of their bytes"
    );
    assert_eq!(keys(store, &scope, Scan::prefix("user/")).await, all[1..5]);
    assert!(keys(store, &scope, Scan::prefix("zebra")).await.is_empty());

    let json = Scan {
        suffix: ".json".to_owned(),
        ..Scan::prefix("user/")
    };
    assert_eq!(keys(store, &scope, json.clone()).await, all[2..5]);
    let backwards = Scan {
        descending: true,
        ..json.clone()
    };
    assert_eq!(
        keys(store, &scope, backwards.clone()).await,
        [all[4], all[3], all[2]]
    );
    let page = Scan {
        offset: 1,
        limit: Some(1),
        ..json.clone()
    };
    assert_eq!(
        keys(store, &scope, page).await,
        [all[3]],
        "offset and limit count matches only"
    );
    let page = Scan {
        offset: 2,
        limit: Some(5),
        ..backwards
    };
    assert_eq!(keys(store, &scope, page).await, [all[2]]);
    let only = Scan {
        keys_only: true,
        ..Scan::prefix("user/1.txt")
    };
    let [record] = &done(store.scan(&scope, &only).await)[..] else {
        panic!("one key begins so");
    };
    assert!(
        record.key == "user/1.txt" && record.value.is_empty(),
        "values are left out"
    );
    for (after, descending, expected) in [
        (all[2], false, &[all[3], all[4]][..]),
        ("user/2", false, &[all[3], all[4]]),
        (all[4], false, &[]),
        (all[4], true, &[all[3], all[2]]),
        (all[2], true, &[]),
    ] {
        let page = Scan {
            after: after.to_owned(),
            descending,
            ..json.clone()
        };
        assert_eq!(keys(store, &scope, page).await, expected, "after {after}");
    }
    assert!(
        keys(
            store,
            &scope,
            Scan {
                offset: 3,
                ..json.clone()
            }
        )
        .await
        .is_empty()
    );
    assert!(
        keys(
            store,
            &scope,
            Scan {
                limit: Some(0),
                ..json
            }
        )
        .await
        .is_empty()
    );
}

async fn never_returns_expired(store: &dyn Store) {
    let scope = Scope::new("conformance", "expiry");
    let expiring = |key: &str, at| Record {
        expires_at: Some(at),
        ..Record::new(key, "v")
    };
    let now = SystemTime::now();
    done(
        store
            .write(&scope, expiring("past", now - Duration::from_secs(1)))
            .await,
    );
    assert_kind(store.read(&scope, "past").await, ErrorKind::NotFound);
    assert!(keys(store, &scope, Scan::default()).await.is_empty());

    done(
        store
            .write(&scope, expiring("soon", now + Duration::from_millis(100)))
            .await,
    );
    done(store.write(&scope, Record::new("stays", "v")).await);
    let deadline = now + Duration::from_secs(30);
    while store.read(&scope, "soon").await.is_ok() {
        assert!(
            SystemTime::now() < deadline,
            "an expired record is still returned"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        SystemTime::now() >= now + Duration::from_millis(100),
        "a record is gone before its time"
    );
    let limited = Scan {
        limit: Some(1),
        ..Scan::default()
    };
    assert_eq!(
        keys(store, &scope, limited).await,
        ["stays"],
        "expired records do not count"
    );
    done(
        store
            .commit(&scope, vec![Change::PutNew(Record::new("soon", "again"))])
            .await,
    );
    assert_eq!(done(store.read(&scope, "soon").await).value, "again");
}

async fn scopes_are_separate(store: &dyn Store) {
    let scopes = [
        Scope::new("conformance", "scope"),
        Scope::new("conformance", "scope2"),
        Scope::new("conformance2", "scope"),
    ];
    for scope in &scopes {
        done(
            store
                .commit(
                    scope,
                    vec![Change::PutNew(Record::new("key", scope.table.clone()))],
                )
                .await,
        );
    }
    done(store.delete(&scopes[1], "key").await);
    assert_eq!(keys(store, &scopes[0], Scan::default()).await, ["key"]);
    assert!(keys(store, &scopes[1], Scan::default()).await.is_empty());
    assert_eq!(keys(store, &scopes[2], Scan::default()).await, ["key"]);
}

async fn names_databases_and_tables(store: &dyn Store) {
    done(
        store
            .write(&Scope::new("conformance3", "b"), Record::new("1", "v"))
            .await,
    );
    done(
        store
            .write(&Scope::new("conformance3", "a"), Record::new("1", "v"))
            .await,
    );
    let databases = done(store.databases().await);
    assert!(databases.is_sorted(), "databases are sorted: {databases:?}");
    for database in ["conformance", "conformance2", "conformance3"] {
        let times = databases.iter().filter(|name| *name == database).count();
        assert_eq!(times, 1, "{database} is named once in {databases:?}");
    }
    assert_eq!(done(store.tables("conformance3").await), ["a", "b"]);
    assert!(done(store.tables("conformance-none").await).is_empty());
}

/// As it was given to the store.
async fn written(store: &dyn Store, scope: &Scope, key: &str) -> Record {
    Record {
        version: 0,
        ..done(store.read(scope, key).await)
    }
}

async fn keys(store: &dyn Store, scope: &Scope, scan: Scan) -> Vec<String> {
    done(store.scan(scope, &scan).await)
        .into_iter()
        .map(|record| record.key)
        .collect()
}

#[track_caller]
fn done<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error} ({error:?})"))
}

#[track_caller]
fn assert_kind<T>(result: Result<T>, kind: ErrorKind) {
    match result {
        Ok(_) => panic!("expected {kind:?}, but it worked"),
        Err(error) => assert_eq!(error.kind, kind, "{error}"),
    }
}
