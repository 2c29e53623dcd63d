use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use micro_rpc::Streaming;
use tokio::sync::watch;

use super::super::{Memory, Node};
use super::*;

fn service(name: &str, address: &str) -> Service {
    let node = Node {
        id: format!("{name}-1"),
        address: address.to_owned(),
        ..Node::default()
    };
    Service {
        name: name.to_owned(),
        version: "latest".to_owned(),
        nodes: vec![node],
        ..Service::default()
    }
}

/// A registry that can be away, and that counts how often it is asked.
#[derive(Default)]
struct Flaky {
    memory: Memory,
    is_away: watch::Sender<bool>,
    asked: AtomicUsize,
    watched: AtomicUsize,
}

impl Flaky {
    fn here(&self) -> Result<()> {
        match *self.is_away.borrow() {
            true => Err(Error::unavailable("registry", "away")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Registry for Flaky {
    async fn register(&self, namespace: &str, service: Service, ttl: Option<Duration>) -> Result<()> {
        self.memory.register(namespace, service, ttl).await
    }
    async fn deregister(&self, namespace: &str, service: Service) -> Result<()> {
        self.memory.deregister(namespace, service).await
    }
    async fn get(&self, namespace: &str, name: &str) -> Result<Vec<Service>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.here()?;
        self.memory.get(namespace, name).await
    }
    async fn list(&self, namespace: &str) -> Result<Vec<Service>> {
        self.here()?;
        self.memory.list(namespace).await
    }
    async fn watch(&self, namespace: &str, name: &str) -> Result<Streaming<Event>> {
        self.here()?;
        self.watched.fetch_add(1, Ordering::SeqCst);
        let mut away = self.is_away.subscribe();
        let gone = Box::pin(async move { drop(away.wait_for(|is_away| *is_away).await) });
        let events = self.memory.watch(namespace, name).await?;
        Ok(Streaming::new(events.take_until(gone)))
    }
}

/// Waits until the cache knows of exactly these addresses by itself.
async fn until_known(cache: &Cache, addresses: &[&str]) {
    let known = || {
        let versions = cache.lookup("micro", "user");
        let nodes = versions
            .iter()
            .flat_map(|versions| versions.iter())
            .flat_map(|version| version.nodes.clone());
        nodes.map(|node| node.address).collect::<Vec<_>>() == addresses
    };
    let waiting = async {
        while !known() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .unwrap();
}

#[tokio::test]
async fn follows_what_changes() {
    let registry = Arc::new(Memory::new());
    let cache = Cache::new(registry.clone());
    registry
        .register("micro", service("user", "a:1"), None)
        .await
        .unwrap();
    assert_eq!(
        *cache.resolve("micro", "go.micro.service.user").await.unwrap(),
        ["a:1"]
    );
    until_known(&cache, &["a:1"]).await;
    registry
        .register("micro", service("user", "b:2"), None)
        .await
        .unwrap();
    until_known(&cache, &["b:2"]).await;
    registry
        .deregister("micro", service("user", "b:2"))
        .await
        .unwrap();
    until_known(&cache, &[]).await;
}

#[tokio::test]
async fn stands_while_the_registry_is_away_and_catches_up_afterwards() {
    let registry = Arc::new(Flaky::default());
    let cache = Cache::new(registry.clone());
    registry
        .register("micro", service("user", "a:1"), None)
        .await
        .unwrap();
    cache.resolve("micro", "user").await.unwrap();
    until_known(&cache, &["a:1"]).await;

    registry.is_away.send_replace(true);
    registry
        .register("micro", service("user", "b:2"), None)
        .await
        .unwrap();
    assert_eq!(
        *cache.resolve("micro", "user").await.unwrap(),
        ["a:1"],
        "stale beats nothing"
    );
    assert_eq!(
        cache.resolve("micro", "other").await.unwrap_err().code,
        503,
        "the truth about the unknown"
    );

    registry.is_away.send_replace(false);
    until_known(&cache, &["b:2"]).await;
}

#[tokio::test]
async fn a_missing_service_is_asked_for_once_a_second_and_nothing_grows() {
    let registry = Arc::new(Flaky::default());
    let cache = Cache::new(registry.clone());
    for _ in 0..100 {
        let missing = cache.resolve("micro", "nobody").await.unwrap_err();
        assert_eq!((missing.code, missing.id.as_str()), (500, "go.micro.client"));
        assert_eq!(missing.detail, "service nobody: route not found");
    }
    assert_eq!(registry.asked.load(Ordering::SeqCst), 1);
    for number in 0..2 * ABSENT_LIMIT {
        let _ = cache.resolve(&format!("made-up-{number}"), "user").await;
    }
    assert!(cache.absent.lock().unwrap().asked.len() <= ABSENT_LIMIT);
    assert!(cache.namespaces.read().unwrap().is_empty());
    assert_eq!(
        registry.watched.load(Ordering::SeqCst),
        0,
        "what is made up is not followed"
    );
}

#[tokio::test]
async fn where_it_is_followed_names_that_are_made_up_are_not_asked_for() {
    let registry = Arc::new(Flaky::default());
    registry
        .register("micro", service("user", "a:1"), None)
        .await
        .unwrap();
    let cache = Cache::new(registry.clone());
    // Nobody follows it yet.
    assert_eq!(cache.seen("micro", "made-up").await, Ok(None));
    assert!(cache.seen("micro", "user").await.unwrap().is_some());
    until_known(&cache, &["a:1"]).await;
    let asked = registry.asked.load(Ordering::SeqCst);
    for number in 0..100 {
        assert_eq!(cache.seen("micro", &format!("made-up-{number}")).await, Ok(None));
        assert!(cache.seen("micro", "user").await.unwrap().is_some());
    }
    assert_eq!(registry.asked.load(Ordering::SeqCst), asked);
}

#[test]
fn a_full_list_of_missing_services_is_looked_through_once_a_second() {
    let (mut absent, start) = (Absent::default(), Instant::now());
    let mut add = |name: &str, after: Duration| {
        let key = ("micro".to_owned(), name.to_owned());
        absent.add(key.clone(), start + after);
        absent.asked.contains_key(&key)
    };
    for number in 0..ABSENT_LIMIT {
        assert!(add(&number.to_string(), Duration::ZERO));
    }
    assert!(!add("too many", ABSENT / 2));
    assert!(!add("too soon", ABSENT));
    assert!(add("in time", ABSENT * 3 / 2));
}

#[tokio::test]
async fn the_watch_ends_with_the_cache() {
    let registry = Arc::new(Flaky::default());
    let cache = Cache::new(registry.clone());
    registry
        .register("micro", service("user", "a:1"), None)
        .await
        .unwrap();
    cache.resolve("micro", "user").await.unwrap();
    until_known(&cache, &["a:1"]).await;
    drop(cache);
    let ended = async {
        while Arc::strong_count(&registry) > 1 {
            // A change wakes the follower, which finds that it is alone.
            registry
                .register("micro", service("user", "c:3"), None)
                .await
                .unwrap();
            registry
                .deregister("micro", service("user", "c:3"))
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .unwrap();
}
