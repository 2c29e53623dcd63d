//! Several processes on one etcd.

use std::time::{Duration, Instant};

use micro::registry::Registry as _;
use micro_outside::Etcd;

use crate::given::{LONG, deregister, ids, next, open, register, service, until, until_ids, until_open};

#[tokio::test(flavor = "multi_thread")]
async fn they_see_each_other_within_a_second() {
    let etcd = Etcd::start();
    let (one, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    let mut events = other.watch("micro", "user").await.unwrap();
    let start = Instant::now();
    register(&one, "user", &["a"], LONG).await;
    assert_eq!(ids(&one, "user"), ["a"], "who registered reads it at once");
    assert_eq!(next(&mut events).await, "create user a");
    deregister(&one, "user", &["a"]).await;
    assert_eq!(ids(&one, "user"), [""; 0]);
    assert_eq!(next(&mut events).await, "delete user a");
    println!("a change and its end were told within {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(other.get("micro", "user").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_refresh_keeps_the_node() {
    let etcd = Etcd::start();
    let (one, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    register(&one, "user", &["a"], LONG).await;
    until_ids(&other, "user", &["a"]).await;
    let mut events = one.watch("micro", "").await.unwrap();
    register(&other, "user", &["a"], LONG).await;
    until("one keeps it no more", || one.status().kept == 0).await;
    assert_eq!(
        (other.status().kept, ids(&one, "user")),
        (1, vec!["a".to_owned()])
    );

    // Taken back through either, and told once.
    deregister(&one, "user", &["a"]).await;
    until_ids(&other, "user", &[]).await;
    until("other keeps it no more", || other.status().kept == 0).await;
    assert_eq!(
        next(&mut events).await,
        "delete user a",
        "the refresh was no change"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_is_not_written() {
    let etcd = Etcd::start();
    let registry = open(&etcd.endpoint());
    for ttl in [None, LONG] {
        register(&registry, "user", &["a", "b"], ttl).await;
        let (before, revision) = (registry.requests(), etcd.revision());
        for seconds in [90, 80, 90] {
            let ttl = ttl.map(|_| Duration::from_secs(seconds));
            register(&registry, "user", &["a", "b"], ttl).await;
            register(&registry, "user", &["b"], ttl).await;
        }
        assert_eq!(
            (registry.requests().writes, etcd.revision()),
            (before.writes, revision),
            "{ttl:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_is_kept_once_and_not_for_ever() {
    let etcd = Etcd::start();
    let (one, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    let described = |nodes: &[&str]| {
        let mut service = service("user", nodes);
        service.metadata.insert("team".into(), "identity".into());
        service
    };
    let all = tokio::join!(
        one.register("micro", described(&["a"]), LONG),
        one.register("micro", described(&["b"]), LONG),
        other.register("micro", described(&["c"]), LONG),
    );
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok());
    let keys = || count(&etcd);
    assert_eq!(keys(), 4, "three nodes, one description");
    until_ids(&one, "user", &["a", "b", "c"]).await;
    for registry in [&one, &other] {
        let found = registry.lookup("micro", "user").unwrap();
        assert_eq!(found[0].metadata["team"], "identity");
    }
    deregister(&other, "user", &["a", "b", "c"]).await;
    until("nothing is left", || keys() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_platforms_on_one_etcd_are_apart() {
    let etcd = Etcd::start();
    let one = open(&etcd.endpoint());
    let config = micro_etcd::Config {
        endpoints: vec![etcd.endpoint()],
        prefix: "micro/registry2".into(),
        ..Default::default()
    };
    let other = micro_etcd::Registry::open(config).unwrap();
    register(&one, "user", &["a"], LONG).await;
    until_open(&other).await;
    assert!(other.list("*").await.unwrap().is_empty());
}

/// The keys of the registry in etcd: all from `micro/` to `micro0`.
fn count(etcd: &Etcd) -> u64 {
    let answer = etcd.post(
        "kv/range",
        r#"{"key":"bWljcm8v","range_end":"bWljcm8w","count_only":true}"#,
    );
    let count = answer.split_once("\"count\":\"").map(|(_, rest)| rest);
    count
        .and_then(|rest| rest.split_once('"'))
        .map_or(0, |(count, _)| count.parse().unwrap())
}
