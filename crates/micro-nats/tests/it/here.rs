//! What the tests share.

use std::time::Duration;

use micro::events::{Consume, Consumer, Draft, Event, Events as _};
use micro_nats::{Config, Connection, Events};
use micro_outside::{Nats, wait};

/// The namespace of the tests.
pub const HERE: &str = "here";

pub async fn events(nats: &Nats) -> Events {
    open(Config::new(nats.url())).await
}

pub async fn open(config: Config) -> Events {
    let connection = Connection::open(config).await.unwrap();
    Events::open(&connection).await.unwrap()
}

pub fn draft(topic: &str, payload: &str) -> Draft {
    Draft {
        topic: topic.to_owned(),
        payload: payload.to_owned().into(),
        ..Draft::default()
    }
}

pub async fn publish(events: &Events, topic: &str, payload: &str) -> u64 {
    events
        .publish(HERE, draft(topic, payload))
        .await
        .unwrap()
        .position
}

pub fn wanted(topic: &str, group: &str) -> Consume {
    Consume {
        topic: topic.to_owned(),
        group: group.to_owned(),
        ack_wait: Some(Duration::from_secs(60)),
        ..Consume::default()
    }
}

pub async fn join(events: &Events, wanted: Consume) -> Consumer {
    events.consume(HERE, wanted).await.unwrap()
}

pub async fn next(consumer: &mut Consumer) -> Event {
    let event = tokio::time::timeout(Duration::from_secs(20), consumer.next()).await;
    event.expect("an event comes").unwrap().unwrap()
}

pub async fn nothing_more(consumer: &mut Consumer) {
    let event = tokio::time::timeout(Duration::from_millis(300), consumer.next()).await;
    assert!(event.is_err(), "{event:?}");
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(within: Duration, what: &str, is_so: impl Fn() -> F) {
    wait::until(what, within, || async {
        is_so()
            .await
            .then_some(())
            .ok_or_else(|| "it is not so".to_owned())
    })
    .await;
}

/// Waits until a group is done with all.
pub async fn done(events: &Events, topic: &str, group: &str) {
    until(Duration::from_secs(20), "the group is done", || async {
        let groups = events.groups(HERE, topic).await.unwrap();
        groups.iter().any(|known| known.name == group && known.lag == 0)
    })
    .await;
}
