use std::time::Instant;

use super::*;
use crate::lease;

const OURS: i64 = 7;
const THEIRS: i64 = 8;
const TTL: Duration = Duration::from_secs(90);

fn version() -> VersionKey {
    VersionKey {
        namespace: "micro".into(),
        name: "user".into(),
        version: "1".into(),
    }
}

fn key(id: &str) -> NodeKey {
    NodeKey {
        version: version(),
        id: id.into(),
    }
}

fn node(id: &str) -> Node {
    Node {
        id: id.into(),
        address: format!("{id}:1"),
        ..Node::default()
    }
}

fn service(ids: &[&str]) -> Service {
    let mut service = Service {
        nodes: ids.iter().map(|id| node(id)).collect(),
        ..Service::default()
    };
    stored::name(&mut service, &version());
    service
}

/// Etcd has a node under a lease since a revision.
fn put(id: &str, lease: i64, revision: i64) -> Change {
    let known = Known {
        node: node(id),
        ttl: Some(TTL),
        lease,
        revision,
    };
    Change::Node(key(id), Some(known))
}

fn gone(id: &str) -> Change {
    Change::Node(key(id), None)
}

fn described(revision: i64) -> Change {
    Change::Description(version(), Some((service(&[]), revision)))
}

/// A picture with one node of each process, `ours` and `theirs`.
fn picture() -> Picture {
    let mut picture = Picture::default();
    picture.own(OURS);
    let all = vec![described(1), put("ours", OURS, 2), put("theirs", THEIRS, 3)];
    picture.replace(all, 3, 1);
    picture
}

fn shown(picture: &Picture) -> Vec<String> {
    let versions = picture.get("micro", "user");
    versions
        .iter()
        .flat_map(|version| &version.nodes)
        .map(|node| node.id.clone())
        .collect()
}

async fn told(events: &mut Streaming<Event>) -> usize {
    let mut count = 0;
    while let Ok(Some(_)) = tokio::time::timeout(Duration::ZERO, events.next()).await {
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_node_that_its_process_takes_back_is_gone() {
    let mut picture = picture();
    let mut events = picture.watch("*", "");
    picture.apply(vec![gone("theirs")], 4);
    assert_eq!(shown(&picture), ["ours"]);
    assert_eq!(told(&mut events).await, 1);
}

#[tokio::test]
async fn a_node_that_was_lost_in_an_outage_is_held_until_its_process_writes_it_again() {
    let mut picture = picture();
    let mut events = picture.watch("*", "");
    picture.returned(TTL);
    picture.replace(vec![described(1), put("ours", OURS, 2)], 9, 1);
    assert_eq!(shown(&picture), ["ours", "theirs"]);
    picture.expire(Instant::now());
    picture.apply(vec![put("theirs", THEIRS, 10)], 10);
    picture.expire(Instant::now() + TTL / 2);
    assert_eq!(shown(&picture), ["ours", "theirs"]);
    assert_eq!(told(&mut events).await, 0, "it was never gone");
}

#[tokio::test]
async fn a_node_that_nobody_writes_again_is_held_no_longer() {
    let mut picture = picture();
    picture.returned(TTL);
    picture.apply(vec![gone("theirs")], 4);
    picture.expire(Instant::now() + Duration::from_secs(4));
    assert_eq!(shown(&picture), ["ours", "theirs"]);
    picture.expire(Instant::now() + Duration::from_secs(6));
    assert_eq!(shown(&picture), ["ours"]);
}

#[test]
fn an_outage_shorter_than_a_lease_explains_nothing() {
    let mut picture = picture();
    picture.returned(lease::class(TTL) / 2);
    picture.apply(vec![gone("theirs")], 4);
    assert_eq!(shown(&picture), ["ours"]);
}

#[test]
fn a_node_of_ours_is_doubted_until_the_lease_is_known_to_be_lost_or_not() {
    for is_lost in [false, true] {
        let mut picture = picture();
        picture.apply(vec![gone("ours")], 4);
        assert_eq!(shown(&picture), ["ours", "theirs"]);
        assert!(picture.has_news());
        let doubted = picture.doubted();
        assert_eq!(doubted, HashMap::from([(OURS, vec![key("ours")])]));
        if is_lost {
            picture.believe(&doubted[&OURS]);
            let unwritten = picture.unwritten();
            assert_eq!((unwritten.len(), unwritten[0].known.revision), (1, 0));
            picture.apply(vec![put("ours", OURS, 5)], 5);
            assert!(picture.unwritten().is_empty());
            assert_eq!(shown(&picture), ["ours", "theirs"]);
        } else {
            picture.disbelieve(doubted[&OURS].clone());
            assert_eq!(shown(&picture), ["theirs"]);
            assert!(picture.deletions().is_empty(), "etcd knows");
        }
    }
}

#[test]
fn what_is_taken_back_stays_away_unless_it_is_written_anew() {
    let mut picture = picture();
    picture.expire(Instant::now() + 2 * TTL);
    assert_eq!(shown(&picture), ["theirs"]);
    picture.replace(
        vec![described(1), put("ours", OURS, 2), put("theirs", THEIRS, 3)],
        5,
        1,
    );
    assert_eq!(shown(&picture), ["theirs"], "etcd was not told yet");
    let deletions = picture.deletions();
    assert_eq!((deletions.len(), deletions[0].revision), (1, 2));
    assert!(picture.deletions().is_empty(), "it is under way");
    picture.apply(vec![put("ours", OURS, 6)], 6);
    assert_eq!(shown(&picture), ["ours", "theirs"]);
}

#[test]
fn a_refresh_elsewhere_is_claimed_here_and_outlives_a_resync() {
    let mut picture = picture();
    let plan = picture.refresh(&version(), &service(&["theirs"]), Some(TTL));
    assert!(!plan.is_done());
    assert!(picture.claim(&version(), &plan, Some(TTL)));
    picture.replace(
        vec![described(1), put("ours", OURS, 2), put("theirs", THEIRS, 3)],
        5,
        1,
    );
    assert_eq!(picture.unwritten().len(), 1);
    let plan = picture.refresh(&version(), &service(&["theirs"]), Some(TTL));
    assert!(plan.is_done(), "it is kept here");
    // Unless its own process, or another, has it anew.
    picture.apply(vec![put("theirs", THEIRS, 6)], 6);
    assert!(picture.unwritten().is_empty());
}

#[test]
fn what_is_new_cannot_be_claimed() {
    let mut picture = picture();
    let mut moved = service(&["ours"]);
    moved.nodes[0].address = "elsewhere:1".into();
    let mut retold = service(&["theirs"]);
    retold.metadata.insert("team".into(), "identity".into());
    for news in [service(&["new"]), moved, retold, service(&["theirs", "new"])] {
        let plan = picture.refresh(&version(), &news, Some(TTL));
        assert!(
            !plan.is_done() && !picture.claim(&version(), &plan, Some(TTL)),
            "{news:?}"
        );
    }
    let endless = picture.refresh(&version(), &service(&["ours"]), None);
    assert!(!endless.is_done() && !picture.claim(&version(), &endless, None));
}

#[test]
fn a_description_without_nodes_is_an_orphan_until_it_is_gone() {
    let mut picture = picture();
    picture.apply(vec![gone("theirs")], 4);
    picture.take_back(&[key("ours")]);
    assert!(picture.get("micro", "user").is_empty());
    assert_eq!(picture.orphans(Duration::ZERO), [version()]);
    picture.apply(vec![Change::Description(version(), None)], 5);
    assert!(picture.orphans(Duration::ZERO).is_empty() && picture.versions.is_empty());
}

#[tokio::test]
async fn a_watcher_that_falls_behind_is_ended() {
    let mut picture = picture();
    let mut slow = picture.watch("micro", "");
    for revision in 5..1200 {
        picture.apply(vec![put("theirs", THEIRS, 2 * revision)], 2 * revision);
        picture.apply(vec![gone("theirs")], 2 * revision + 1);
    }
    let mut seen = 0;
    while let Some(event) = slow.next().await {
        event.unwrap();
        seen += 1;
    }
    assert_eq!(seen, 1024, "what was told before is still read");
}
