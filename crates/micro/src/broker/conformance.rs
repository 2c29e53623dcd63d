//! The law of [`Broker`], as one suite that every implementation passes.

use std::time::Duration;

use micro_rpc::{Result, Streaming};

use super::{Broker, MAX_NAME_LENGTH, Message};

/// More than any implementation keeps for a subscriber.
const MANY: usize = 5_000;

/// Runs the whole suite.
///
/// # Panics
///
/// When a promise is broken; the message says which.
pub async fn run(broker: &dyn Broker) {
    everybody_gets_each_message_in_order(broker).await;
    of_a_queue_one_does(broker).await;
    who_is_slow_holds_up_nobody(broker).await;
    refuses_what_has_no_name(broker).await;
}

fn message(text: &str) -> Message {
    Message {
        header: [("kind".to_owned(), "test".to_owned())].into(),
        body: text.to_owned().into(),
    }
}

async fn everybody_gets_each_message_in_order(broker: &dyn Broker) {
    done(broker.publish("conformance", message("nobody listens")).await);
    let mut all = [
        done(broker.subscribe("conformance", "").await),
        done(broker.subscribe("conformance", "").await),
    ];
    let mut elsewhere = done(broker.subscribe("conformance2", "").await);
    for number in 0..100 {
        done(broker.publish("conformance", message(&number.to_string())).await);
    }
    done(broker.publish("conformance2", message("elsewhere")).await);
    for messages in &mut all {
        for number in 0..100 {
            let received = next(messages).await;
            assert_eq!(received.body, number.to_string(), "in order, and none is missing");
            assert_eq!(received.header.get("kind").map(String::as_str), Some("test"));
        }
    }
    assert_eq!(
        next(&mut elsewhere).await.body,
        "elsewhere",
        "topics are separate"
    );
}

async fn of_a_queue_one_does(broker: &dyn Broker) {
    let topic = "conformance-queue";
    let mut members = [
        done(broker.subscribe(topic, "workers").await),
        done(broker.subscribe(topic, "workers").await),
    ];
    let mut other = done(broker.subscribe(topic, "others").await);
    for number in 0..40 {
        done(broker.publish(topic, message(&number.to_string())).await);
    }
    for number in 0..40 {
        assert_eq!(
            next(&mut other).await.body,
            number.to_string(),
            "each queue gets each message"
        );
    }
    let [one, two] = &mut members;
    let mut seen = Vec::new();
    let mut shares = [0, 0];
    while seen.len() < 40 {
        let (member, received) = tokio::select! {
            received = next(one) => (0, received),
            received = next(two) => (1, received),
        };
        shares[member] += 1;
        seen.push(
            String::from_utf8_lossy(&received.body)
                .parse::<usize>()
                .expect("a number"),
        );
    }
    seen.sort_unstable();
    assert_eq!(
        seen,
        (0..40).collect::<Vec<_>>(),
        "each message reaches one member"
    );
    assert!(
        shares.iter().all(|share| *share > 0),
        "the members share: {shares:?}"
    );
}

async fn who_is_slow_holds_up_nobody(broker: &dyn Broker) {
    let topic = "conformance-slow";
    let slow = done(broker.subscribe(topic, "").await);
    let publishing = async {
        for _ in 0..MANY {
            done(broker.publish(topic, message("x")).await);
        }
    };
    let published = tokio::time::timeout(Duration::from_secs(60), publishing).await;
    assert!(
        published.is_ok(),
        "a subscriber that does not read holds up the publisher"
    );
    drop(slow);
}

async fn refuses_what_has_no_name(broker: &dyn Broker) {
    for topic in ["", "a b", "a\n", &"t".repeat(MAX_NAME_LENGTH + 1)] {
        let published = broker.publish(topic, message("x")).await;
        assert_eq!(published.map_err(|error| error.code), Err(400), "{topic:?}");
        assert!(broker.subscribe(topic, "").await.is_err(), "{topic:?}");
    }
}

async fn next(messages: &mut Streaming<Message>) -> Message {
    let message = tokio::time::timeout(Duration::from_secs(30), messages.next()).await;
    done(
        message
            .expect("a message comes")
            .expect("the subscription goes on"),
    )
}

#[track_caller]
fn done<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the broker failed: {error}"))
}
