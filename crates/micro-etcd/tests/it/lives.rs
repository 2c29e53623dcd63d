//! How nodes end.

use std::time::{Duration, Instant};

use micro::registry::Registry as _;
use micro_outside::Etcd;

use crate::given::{LONG, deregister, ids, next, open, register, until, until_ids};

const BRIEF: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_gone_when_its_service_stops_refreshing() {
    let etcd = Etcd::start();
    let (one, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    let mut events = other.watch("micro", "").await.unwrap();
    register(&one, "kept", &["k"], Some(BRIEF)).await;
    register(&one, "brief", &["b"], Some(BRIEF)).await;
    let start = Instant::now();
    assert_eq!(next(&mut events).await, "create kept k");
    assert_eq!(next(&mut events).await, "create brief b");
    while ids(&other, "brief") == ["b"] {
        register(&one, "kept", &["k"], Some(BRIEF)).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("gone everywhere after {:?} of {BRIEF:?}", start.elapsed());
    assert!(
        start.elapsed() > BRIEF - Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
    assert!(
        start.elapsed() < BRIEF + Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(next(&mut events).await, "delete brief b");
    assert_eq!(ids(&other, "kept"), ["k"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_a_lost_process_are_gone_and_others_are_not() {
    let etcd = Etcd::start();
    let (lost, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    register(&lost, "user", &["brief"], Some(BRIEF)).await;
    register(&lost, "user", &["endless"], None).await;
    register(&lost, "user", &["long"], LONG).await;
    register(&other, "user", &["mine"], LONG).await;
    until_ids(&other, "user", &["brief", "endless", "long", "mine"]).await;
    let start = Instant::now();
    drop(lost);
    until_ids(&other, "user", &["endless", "long", "mine"]).await;
    println!("gone {:?} after its process", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn services_outlive_a_restart_of_the_process_that_kept_them() {
    let etcd = Etcd::start();
    let watcher = open(&etcd.endpoint());
    let before = open(&etcd.endpoint());
    register(&before, "user", &["a"], Some(2 * BRIEF)).await;
    until_ids(&watcher, "user", &["a"]).await;
    let mut events = watcher.watch("micro", "").await.unwrap();
    drop(before);
    let after = open(&etcd.endpoint());
    let start = Instant::now();
    while start.elapsed() < 3 * BRIEF {
        register(&after, "user", &["a"], Some(2 * BRIEF)).await;
        assert_eq!(ids(&watcher, "user"), ["a"]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let quiet = tokio::time::timeout(Duration::ZERO, events.next()).await;
    assert!(quiet.is_err(), "nobody noticed: {quiet:?}");
}

/// Leases are told to live on while so much happens that there is never a pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_lives_on_in_a_storm_of_changes() {
    let etcd = Etcd::start();
    let (one, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    register(&one, "user", &["a"], Some(BRIEF)).await;
    register(&one, "long", &["l"], LONG).await;
    let mut events = other.watch("micro", "user").await.unwrap();
    let start = Instant::now();
    for number in 0.. {
        register(&one, "user", &["a"], Some(BRIEF)).await;
        register(&one, "storm", &[&number.to_string()], LONG).await;
        deregister(&one, "storm", &[&number.to_string()]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if start.elapsed() > 2 * BRIEF {
            break;
        }
    }
    let quiet = tokio::time::timeout(Duration::ZERO, events.next()).await;
    assert!(quiet.is_err(), "user was never lost: {quiet:?}");
    assert_eq!(ids(&other, "user"), ["a"]);
}

/// Etcd gave a lease up while both sides were there, as when this process was held for too long.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_is_replaced_and_nobody_here_notices() {
    let etcd = Etcd::start();
    let (registry, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    register(&registry, "user", &["a"], LONG).await;
    register(&registry, "user", &["b"], Some(BRIEF * 10)).await;
    until_ids(&other, "user", &["a", "b"]).await;
    let mut events = registry.watch("micro", "").await.unwrap();
    etcd.revoke_leases();
    register(&registry, "new", &["n"], LONG).await;
    assert_eq!(next(&mut events).await, "create new n");
    until_ids(&other, "user", &["a", "b"]).await;
    until_ids(&other, "new", &["n"]).await;
    until("all is written", || registry.status().unwritten == 0).await;
    let fresh = open(&etcd.endpoint());
    until_ids(&fresh, "user", &["a", "b"]).await;
    let quiet = tokio::time::timeout(Duration::ZERO, events.next()).await;
    assert!(quiet.is_err(), "user was never lost: {quiet:?}");
}
