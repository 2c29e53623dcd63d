//! Etcd is away, and comes back.

use std::time::{Duration, Instant};

use micro::registry::Registry as _;
use micro_etcd::Registry;
use micro_outside::{Etcd, Relay};

use crate::given::{LONG, deregister, ids, next, open, register, service, until, until_ids, until_open};

/// Everything works again within this.
const RECOVERY: Duration = Duration::from_secs(5);

async fn until_away(registry: &Registry) {
    until("it is noticed", || registry.backend().away().is_some()).await;
}

/// Waits until etcd is back, which may not take long.
async fn until_back(registry: &Registry) {
    let start = Instant::now();
    until("it is back", || registry.backend().away().is_none()).await;
    println!("back after {:?}", start.elapsed());
    assert!(start.elapsed() < RECOVERY, "{:?}", start.elapsed());
}

/// While etcd is away the known is answered, and the new is refused soon and with the reason.
async fn check_away(registry: &Registry) {
    assert_eq!(ids(registry, "user"), ["a"]);
    assert_eq!(registry.get("micro", "user").await.unwrap().len(), 1);
    assert_eq!(registry.list("*").await.unwrap().len(), 1);
    let start = Instant::now();
    register(registry, "user", &["a"], LONG).await;
    let refused = registry
        .register("micro", service("new", &["n"]), LONG)
        .await
        .unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(
        refused.code == 503 && refused.detail.contains("etcd is away: "),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn etcd_need_not_be_there_at_first() {
    let mut etcd = Etcd::start();
    etcd.kill();
    let registry = open(&etcd.endpoint());
    let start = Instant::now();
    let refused = registry.get("micro", "user").await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(
        refused.code == 503 && refused.detail.contains("refused"),
        "{refused}"
    );
    // Once it is known that etcd is away, nobody waits for it.
    let start = Instant::now();
    registry.list("micro").await.unwrap_err();
    registry
        .register("micro", service("user", &["a"]), LONG)
        .await
        .unwrap_err();
    registry
        .deregister("micro", service("user", &["a"]))
        .await
        .unwrap_err();
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    etcd.resume();
    until_back(&registry).await;
    until_open(&registry).await;
    register(&registry, "user", &["a"], LONG).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_and_a_freeze_are_survived() {
    let mut etcd = Etcd::start();
    let (one, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    register(&one, "user", &["a"], LONG).await;
    until_ids(&other, "user", &["a"]).await;
    let mut events = other.watch("micro", "").await.unwrap();

    etcd.kill();
    until_away(&one).await;
    check_away(&one).await;
    etcd.resume();
    until_back(&one).await;
    register(&one, "user", &["a", "b"], LONG).await;
    assert_eq!(next(&mut events).await, "update user a b");
    deregister(&one, "user", &["b"]).await;
    assert_eq!(next(&mut events).await, "update user a");

    etcd.freeze();
    let start = Instant::now();
    // It is in etcd's queue, which may take it later: not where it is watched here.
    let new = one.register("apart", service("new", &["n"]), LONG);
    let refused = new.await.unwrap_err();
    println!("before it is noticed: {:?}, {}", start.elapsed(), refused.detail);
    assert!(
        refused.code == 503 && start.elapsed() < Duration::from_secs(2),
        "{refused}"
    );
    until_away(&one).await;
    println!("a freeze is noticed after {:?}", start.elapsed());
    check_away(&one).await;
    etcd.thaw();
    until_back(&one).await;
    until_back(&other).await;
    register(&one, "user", &["a", "c"], LONG).await;
    assert_eq!(next(&mut events).await, "update user a c");
}

/// What happened while the cable was cut is told afterwards: each step where etcd still knows them, and the difference
/// where it was compacted away.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_leaves_no_gap() {
    let etcd = Etcd::start();
    let relay = Relay::to(etcd.port()).await;
    let (near, far) = (
        open(&etcd.endpoint()),
        open(&format!("http://127.0.0.1:{}", relay.port())),
    );
    for is_compacted in [false, true] {
        register(&near, "gone", &["g"], LONG).await;
        register(&near, "same", &["s"], LONG).await;
        register(&near, "user", &["a"], LONG).await;
        until_ids(&far, "user", &["a"]).await;
        let mut events = far.watch("micro", "").await.unwrap();

        relay.cut();
        until_away(&far).await;
        deregister(&near, "gone", &["g"]).await;
        register(&near, "user", &["a", "b"], LONG).await;
        register(&near, "passing", &["p"], LONG).await;
        deregister(&near, "passing", &["p"]).await;
        register(&near, "new", &["n"], LONG).await;
        if is_compacted {
            etcd.compact();
        }
        assert_eq!(ids(&far, "gone"), ["g"], "what was known stands");
        relay.mend();
        until_back(&far).await;
        until_ids(&far, "new", &["n"]).await;
        let steps: &[&str] = match is_compacted {
            false => &[
                "delete gone g",
                "update user a b",
                "create passing p",
                "delete passing p",
                "create new n",
            ],
            true => &["delete gone g", "create new n", "update user a b"],
        };
        for step in steps {
            assert_eq!(next(&mut events).await, *step, "compacted: {is_compacted}");
        }
        register(&near, "last", &["l"], LONG).await;
        assert_eq!(next(&mut events).await, "create last l", "and nothing else");
        for (name, nodes) in [("user", &["a", "b"][..]), ("new", &["n"]), ("last", &["l"])] {
            deregister(&near, name, nodes).await;
        }
        until_ids(&far, "last", &[]).await;
    }
    assert_eq!(
        far.requests().ranges,
        2,
        "once at first, once after the compaction"
    );
}

/// Running services stay known everywhere though etcd forgot them, and those that stopped meanwhile do not.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_outlive_their_lease_when_all_were_cut_off() {
    const TTL: Option<Duration> = Some(Duration::from_secs(3));
    let etcd = Etcd::start();
    let relay = Relay::to(etcd.port()).await;
    let address = format!("http://127.0.0.1:{}", relay.port());
    let (one, other, direct) = (open(&address), open(&address), open(&etcd.endpoint()));
    register(&one, "user", &["a", "b", "stops"], TTL).await;
    until_ids(&other, "user", &["a", "b", "stops"]).await;
    until_ids(&direct, "user", &["a", "b", "stops"]).await;
    let mut events = one.watch("micro", "").await.unwrap();

    relay.silence();
    let refreshed = async {
        loop {
            register(&one, "user", &["a", "b"], TTL).await;
            for id in ["a", "b"] {
                assert!(ids(&one, "user").contains(&id.to_owned()), "{:?}", one.status());
                assert!(
                    ids(&other, "user").contains(&id.to_owned()),
                    "{:?}",
                    other.status()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let meanwhile = async {
        until_ids(&direct, "user", &[]).await;
        until_ids(&one, "user", &["a", "b"]).await;
        relay.mend();
        until_back(&one).await;
        until_back(&other).await;
        until_ids(&direct, "user", &["a", "b"]).await;
        until("all is written", || one.status().unwritten == 0).await;
        until_ids(&other, "user", &["a", "b"]).await;
        tokio::time::sleep(RECOVERY + RECOVERY / 5).await;
    };
    tokio::select! {
        () = refreshed => unreachable!("it goes on for ever"),
        () = meanwhile => {}
    }
    assert_eq!(next(&mut events).await, "update user a b", "the one that stopped");
    let quiet = tokio::time::timeout(Duration::ZERO, events.next()).await;
    assert!(quiet.is_err(), "nothing else was told: {quiet:?}");
}

/// The process that kept a node is gone together with etcd; the service turns to another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_changes_hands_while_etcd_is_away() {
    let mut etcd = Etcd::start();
    let (lost, other) = (open(&etcd.endpoint()), open(&etcd.endpoint()));
    register(&lost, "user", &["a", "b"], LONG).await;
    until_ids(&other, "user", &["a", "b"]).await;
    etcd.kill();
    until_away(&other).await;
    drop(lost);
    register(&other, "user", &["a"], LONG).await;
    deregister(&other, "user", &["b"]).await;
    assert_eq!(ids(&other, "user"), ["a"]);
    assert_eq!((other.status().kept, other.status().unwritten), (1, 2));
    etcd.resume();
    until_back(&other).await;
    until("etcd was told", || other.status().unwritten == 0).await;
    let fresh = open(&etcd.endpoint());
    until_open(&fresh).await;
    assert_eq!(ids(&fresh, "user"), ["a"]);
}

/// Etcd lost its disk: who lives is written again.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_etcd_is_filled_again() {
    let mut etcd = Etcd::start();
    let registry = open(&etcd.endpoint());
    for name in ["one", "two", "three"] {
        register(&registry, name, &["a"], LONG).await;
    }
    etcd.kill();
    until_away(&registry).await;
    etcd.forget();
    etcd.resume();
    until_back(&registry).await;
    let fresh = open(&etcd.endpoint());
    for name in ["one", "two", "three"] {
        until_ids(&fresh, name, &["a"]).await;
        assert_eq!(ids(&registry, name), ["a"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_is_used_when_one_does_not_answer() {
    let etcd = Etcd::start();
    let (first, second) = (Relay::to(etcd.port()).await, Relay::to(etcd.port()).await);
    let config = micro_etcd::Config {
        endpoints: [&first, &second]
            .map(|relay| format!("127.0.0.1:{}", relay.port()))
            .into(),
        ..Default::default()
    };
    let registry = Registry::open(config).unwrap();
    register(&registry, "user", &["a"], LONG).await;
    for (broken, whole) in [(&first, &second), (&second, &first)] {
        broken.silence();
        let member = format!("http://127.0.0.1:{}/", whole.port());
        until("the other is used", || {
            registry.status().member.as_ref() == Some(&member)
        })
        .await;
        register(&registry, "user", &["a", &member], LONG).await;
        broken.mend();
    }
}

/// Three members: one may be lost; with two lost nothing is written, and what is known stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_used_while_it_has_a_majority() {
    let mut members = Etcd::start_three();
    let config = micro_etcd::Config {
        endpoints: members.iter().map(Etcd::endpoint).collect(),
        ..Default::default()
    };
    let registry = Registry::open(config).unwrap();
    register(&registry, "user", &["a"], LONG).await;
    let used = registry.status().member.unwrap();
    let position = |member: &Etcd| used.trim_end_matches('/') == member.endpoint();
    let first = members.iter().position(position).unwrap();
    members[first].kill();
    until_away(&registry).await;
    until_back(&registry).await;
    let start = Instant::now();
    while let Err(error) = registry
        .register("micro", service("user", &["a", "b"]), LONG)
        .await
    {
        assert!(error.code == 503 && start.elapsed() < RECOVERY, "{error}");
    }
    deregister(&registry, "user", &["b"]).await;

    members[(first + 1) % 3].kill();
    until_away(&registry).await;
    check_away(&registry).await;
    println!(
        "without a majority: {}",
        registry.backend().away().unwrap_or_default()
    );
    members[first].resume();
    until("it is back", || registry.backend().away().is_none()).await;
    until_ids(&registry, "user", &["a"]).await;
    register(&registry, "user", &["a", "c"], LONG).await;
}
