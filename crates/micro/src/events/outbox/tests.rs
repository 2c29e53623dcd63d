use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::*;
use crate::events::{FakeEvents, Published};
use crate::store::model::{Entity, Model};
use crate::store::{ErrorKind, FakeStore};
use crate::{Account, Context, Tenant};

#[derive(Serialize, Deserialize)]
struct User {
    id: String,
    name: String,
}

impl Entity for User {
    const NAME: &'static str = "user";
    fn id(&self) -> &str {
        &self.id
    }
}

struct Bench {
    users: Model<User>,
    outbox: Outbox,
    events: Arc<FakeEvents>,
    store: Arc<FakeStore>,
    platform: Platform,
}

fn bench() -> Bench {
    let (events, store) = (Arc::new(FakeEvents::new()), Arc::new(FakeStore::new()));
    let platform = Platform {
        events: events.clone(),
        store: store.clone(),
        ..Platform::in_memory("acme")
    };
    let ctx = Context::background().with_account(Arc::new(Account {
        id: "ada".to_owned(),
        ..Account::default()
    }));
    let tenant = Tenant::of(&ctx).unwrap();
    Bench {
        users: Model::new(platform.table("user").of(&tenant)),
        outbox: Outbox::new(&platform, "user"),
        events,
        store,
        platform,
    }
}

fn user(name: &str) -> User {
    User {
        id: "1".to_owned(),
        name: name.to_owned(),
    }
}

fn told(payload: &str) -> Draft {
    Draft {
        topic: "user".to_owned(),
        payload: payload.to_owned().into(),
        ..Draft::default()
    }
}

impl Bench {
    fn published(&self) -> Vec<String> {
        let payload = |draft: Draft| String::from_utf8(draft.payload.to_vec()).unwrap();
        self.events.published().into_iter().map(payload).collect()
    }
}

#[tokio::test]
async fn a_change_and_its_event_are_one_commit_and_are_published_in_order() {
    let bench = bench();
    let Bench { users, outbox, .. } = &bench;
    users
        .create_and_post(&user("Ada"), outbox.post(told("created")))
        .await
        .unwrap();
    users
        .update_and_post("1", |user| {
            user.name = "Bea".to_owned();
            Ok(outbox.post(told("updated")))
        })
        .await
        .unwrap();
    let gone = users.delete_and_post("1", |user| outbox.post(told(&format!("deleted {}", user.name))));
    assert!(gone.await.unwrap());
    assert_eq!(bench.store.commits.call_count(), 3);
    assert!(bench.published().is_empty());
    assert_eq!(outbox.flush().await.unwrap(), 3);
    assert_eq!(bench.published(), ["created", "updated", "deleted Bea"]);
    assert_eq!(outbox.flush().await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_not_changed_is_not_told() {
    let bench = bench();
    let Bench { users, outbox, .. } = &bench;
    users
        .create_and_post(&user("Ada"), outbox.post(told("created")))
        .await
        .unwrap();
    let again = users
        .create_and_post(&user("Bea"), outbox.post(told("again")))
        .await;
    assert_eq!(again.unwrap_err().kind, ErrorKind::Exists);
    let refused = users
        .update_and_post("1", |_| Err(crate::store::Error::invalid("no")))
        .await;
    assert!(refused.is_err());
    assert!(
        !users
            .delete_and_post("2", |_| outbox.post(told("deleted")))
            .await
            .unwrap()
    );
    outbox.flush().await.unwrap();
    assert_eq!(bench.published(), ["created"]);
}

#[tokio::test]
async fn a_refusal_keeps_the_order_and_a_second_publication_has_the_same_id() {
    let bench = bench();
    let Bench {
        users,
        outbox,
        events,
        store,
        ..
    } = &bench;
    for name in ["a", "b"] {
        let user = User {
            id: name.to_owned(),
            name: name.to_owned(),
        };
        users
            .create_and_post(&user, outbox.post(told(name)))
            .await
            .unwrap();
    }
    events
        .publishes
        .returns_on_call(0, Err(Error::unavailable("events", "away")));
    assert!(outbox.flush().await.is_err());
    // Published, but the process dies before that is noted.
    let commits = store.commits.call_count();
    store
        .commits
        .returns_on_call(commits, Err(crate::store::Error::unavailable("away")));
    assert!(outbox.flush().await.is_err());
    assert_eq!(outbox.flush().await.unwrap(), 2);
    assert_eq!(bench.published(), ["a", "a", "b", "a", "b"]);
    let ids: std::collections::BTreeSet<_> = events.published().into_iter().map(|draft| draft.id).collect();
    assert_eq!(ids.len(), 2);
    let kept = events.read("acme", "user", 10, 0).await.unwrap();
    assert_eq!(kept.len(), 2);
}

#[tokio::test]
async fn what_no_events_would_take_holds_up_nothing() {
    let bench = bench();
    let Bench { users, outbox, .. } = &bench;
    let nowhere = Draft::default();
    users
        .create_and_post(&user("Ada"), outbox.post(nowhere))
        .await
        .unwrap();
    users
        .update_and_post("1", |_| Ok(outbox.post(told("next"))))
        .await
        .unwrap();
    assert_eq!(outbox.flush().await.unwrap(), 2);
    assert_eq!(bench.published().last().unwrap(), "next");
}

#[tokio::test]
async fn another_instances_postings_are_its_own_until_it_seems_gone() {
    let bench = bench();
    let other = Outbox::new(&bench.platform, "user");
    let posting = bench.outbox.post(told("created"));
    let Change::PutNew(record) = posting.clone().into_change() else {
        panic!("a posting is new")
    };
    assert!(bench.outbox.is_due(&record.key) && !other.is_due(&record.key));
    let (_, instance) = record.key.split_once('-').unwrap();
    assert!(other.is_due(&format!("{PREFIX}{:016x}-{instance}", 1)));
}

#[tokio::test]
async fn moments_never_repeat() {
    let outbox = bench().outbox;
    let moments: Vec<u64> = (0..1000).map(|_| outbox.next_moment()).collect();
    assert!(moments.is_sorted_by(|a, b| a < b));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_publishes_at_once_and_goes_on_after_a_failure() {
    let bench = bench();
    let Bench {
        users,
        outbox,
        events,
        ..
    } = &bench;
    events
        .publishes
        .returns_on_call(1, Err::<Published, _>(Error::unavailable("events", "away")));
    let (stop, stopped) = oneshot::channel::<()>();
    let relaying = tokio::spawn(outbox.clone().relay(async move { drop(stopped.await) }));
    for name in ["a", "b", "c"] {
        let user = User {
            id: name.to_owned(),
            name: name.to_owned(),
        };
        users
            .create_and_post(&user, outbox.post(told(name)))
            .await
            .unwrap();
    }
    loop {
        let kept = events.read("acme", "user", 10, 0).await.unwrap();
        if kept.len() == 3 {
            let payloads: Vec<_> = kept.iter().map(|event| event.payload.clone()).collect();
            assert_eq!(payloads, ["a", "b", "c"]);
            break;
        }
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    relaying.await.unwrap();
    assert!(
        bench
            .platform
            .table("user")
            .scan(&Scan::prefix(PREFIX))
            .await
            .unwrap()
            .is_empty()
    );
}
