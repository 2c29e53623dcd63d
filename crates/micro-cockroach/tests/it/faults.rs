//! The database goes away, in each of the ways it can, and comes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use micro::store::{Change, ErrorKind, Record, Scan, Scope, Store as _};
use micro_cockroach::{Config, Store};
use micro_outside::{Postgres, Relay, free_port, wait};

use super::database::{Database, SOON, at_each_isolation, open};

at_each_isolation!(
    a_cable_that_is_cut_loses_and_doubles_nothing,
    a_table_that_somebody_holds_is_waited_for_in_vain_but_not_for_ever,
);

fn scope(n: usize) -> Scope {
    Scope::new("faults", n.to_string())
}

async fn is_back(store: &Store) {
    let start = Instant::now();
    wait::until("it to come back", Duration::from_secs(5), || async {
        let written = store.write(&scope(9), Record::new("back", "v")).await;
        let is_fine = written
            .as_ref()
            .err()
            .is_none_or(|error| error.kind == ErrorKind::Unavailable);
        assert!(is_fine, "{written:?}");
        written.map_err(|error| error.to_string())
    })
    .await;
    println!("back after {:?}", start.elapsed());
}

/// Every call, refused in time with words.
async fn is_away(store: &Store, limit: Duration) {
    let start = Instant::now();
    let (scope, scan) = (scope(0), Scan::default());
    let calls = tokio::join!(
        store.read(&scope, "a"),
        store.write(&scope, Record::new("a", "v")),
        store.scan(&scope, &scan),
        store.databases(),
        async { store.watch(&scope, "").await.map(drop) },
    );
    let errors = [
        calls.0.err(),
        calls.1.err(),
        calls.2.err(),
        calls.3.err(),
        calls.4.err(),
    ];
    assert!(start.elapsed() < limit, "{:?}", start.elapsed());
    println!("refused after {:?}", start.elapsed());
    for error in errors {
        let error = error.expect("nothing works while the database is away");
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().len() > 20, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_before_the_database_is_there() {
    let port = free_port();
    let store = open(&format!("postgres://micro@127.0.0.1:{port}/postgres"));
    is_away(&store, Duration::from_secs(1)).await;
    assert!(store.backend().away().unwrap().contains("refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_it_is_killed_under_writes() {
    let mut server = Postgres::start();
    let store = open(&server.url());
    store.write(&scope(0), Record::new("a", "v")).await.unwrap();
    let books = Arc::new(Books::default());
    let writers: Vec<_> = (0..16)
        .map(|n| tokio::spawn(write(store.clone(), books.clone(), n)))
        .collect();
    for _ in 0..2 {
        books.go_on(200).await;
        server.kill();
        is_away(&store, Duration::from_secs(1)).await;
        server.resume();
        is_back(&store).await;
    }
    books.is_over.store(true, Ordering::Release);
    let mut acknowledged = 0;
    for (n, writer) in writers.into_iter().enumerate() {
        let last = writer.await.unwrap();
        acknowledged += last.values().sum::<u64>();
        for (key, count) in last {
            let there = store.read(&scope(n % 4), &key).await.unwrap();
            let found: u64 = std::str::from_utf8(&there.value).unwrap().parse().unwrap();
            assert!(
                found >= count,
                "{key}: {count} was acknowledged, {found} is there"
            );
        }
    }
    println!("{acknowledged} acknowledged commits are there");
    assert!(acknowledged > 100);
}

/// What the writers of a test share.
#[derive(Default)]
struct Books {
    acknowledged: AtomicUsize,
    is_over: AtomicBool,
}

impl Books {
    /// Waits until so many more commits are acknowledged.
    async fn go_on(&self, more: usize) {
        let enough = self.acknowledged.load(Ordering::Acquire) + more;
        let is_enough = || self.acknowledged.load(Ordering::Acquire) >= enough;
        wait::until_true("writers to go on", SOON, is_enough).await;
    }
}

/// Counts up under conditions; answers the last number of each key that was acknowledged.
async fn write(store: Arc<Store>, books: Arc<Books>, n: usize) -> BTreeMap<String, u64> {
    let (mut acknowledged, mut version, mut count) = (BTreeMap::new(), 0, 0);
    let key = format!("writer/{n}");
    while !books.is_over.load(Ordering::Acquire) {
        let record = Record::new(key.clone(), (count + 1).to_string());
        let change = match version {
            0 => Change::PutNew(record),
            version => Change::PutIf(record, version),
        };
        let made = store.commit(&scope(n % 4), vec![change]).await;
        if made.is_ok() {
            count += 1;
            acknowledged.insert(key.clone(), count);
            books.acknowledged.fetch_add(1, Ordering::AcqRel);
        }
        // After a failure it is not known: what is there says.
        match store.read(&scope(n % 4), &key).await {
            Ok(there) => {
                let found = std::str::from_utf8(&there.value).unwrap().parse().unwrap();
                assert!(
                    found == count || (made.is_err() && found == count + 1),
                    "{found}, not {count}"
                );
                (version, count) = (there.version, found);
            }
            Err(error) => {
                let is_fine = error.kind == ErrorKind::Unavailable || count == 0;
                assert!(is_fine, "{error}");
                let backend = store.backend();
                tokio::time::timeout(SOON, backend.until_reached()).await.unwrap();
            }
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_given_up_and_taken_up_again() {
    let server = Postgres::start();
    let store = open(&server.url());
    store.write(&scope(0), Record::new("a", "v")).await.unwrap();
    let mut events = store.watch(&scope(0), "").await.unwrap();
    server.freeze();
    is_away(&store, Duration::from_secs(6)).await;
    is_away(&store, Duration::from_millis(100)).await;
    assert!(store.backend().away().is_some());
    server.thaw();
    is_back(&store).await;
    assert_eq!(store.backend().away(), None);
    // A watch outlives it.
    store.write(&scope(0), Record::new("b", "v")).await.unwrap();
    let mut keys = Vec::new();
    while keys.last().is_none_or(|key| key != "b") {
        let event = tokio::time::timeout(Duration::from_secs(5), events.next()).await;
        keys.push(event.unwrap().unwrap().unwrap().key);
    }
}

/// The network fails, and the database goes on without us: what was under way when it failed is made once, or not at all.
async fn a_cable_that_is_cut_loses_and_doubles_nothing(database: Database) {
    let relay = Relay::to(database.port()).await;
    let store = open(&database.through(&relay));
    store.write(&scope(0), Record::new("a", "v")).await.unwrap();
    let books = Arc::new(Books::default());
    let writers: Vec<_> = (0..8)
        .map(|n| tokio::spawn(write(store.clone(), books.clone(), n)))
        .collect();
    for round in 0..6 {
        books.go_on(40).await;
        relay.cut();
        // Every other cut is over before anybody can have noticed.
        if round % 2 == 1 {
            wait::until_true("the cut to be noticed", SOON, || store.backend().away().is_some()).await;
        }
        relay.mend();
        is_back(&store).await;
    }
    books.is_over.store(true, Ordering::Release);
    for writer in writers {
        assert!(!writer.await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_network_is_noticed_and_recovered_from() {
    let server = Postgres::shared();
    let url = server.database("silent");
    let relay = Relay::to(server.port()).await;
    let store = open(&url.replace(&server.port().to_string(), &relay.port().to_string()));
    store.write(&scope(0), Record::new("a", "v")).await.unwrap();
    relay.silence();
    is_away(&store, Duration::from_secs(6)).await;
    is_away(&store, Duration::from_millis(100)).await;
    relay.mend();
    is_back(&store).await;
}

/// Somebody has a transaction open and does not end it: that is one table's trouble, not all of them.
async fn a_table_that_somebody_holds_is_waited_for_in_vain_but_not_for_ever(database: Database) {
    let config = Config {
        statement_timeout: Duration::from_secs(1),
        ..Config::new(database.url.as_str())
    };
    let store = Store::open(&config).unwrap();
    for n in 0..2 {
        store.write(&scope(n), Record::new("a", "v")).await.unwrap();
    }
    let database = Arc::new(database);
    let holder = database.clone();
    database.close_gate();
    let holding = tokio::task::spawn_blocking(move || {
        holder.sql(
            "BEGIN; UPDATE micro_scopes SET touched = 9 WHERE name = decode('6661756c74730030', 'hex'); \
             SELECT pass(); COMMIT",
        )
    });
    database.somebody_waits().await;
    let start = Instant::now();
    let error = store.write(&scope(0), Record::new("a", "w")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    store.write(&scope(1), Record::new("a", "w")).await.unwrap();
    assert_eq!(store.read(&scope(0), "a").await.unwrap().value, "v");
    assert_eq!(store.backend().away(), None);
    database.open_gate();
    holding.await.unwrap();
    store.write(&scope(0), Record::new("a", "w")).await.unwrap();
}
