//! The law of [`Events`], as one suite that every implementation passes.
//!
//! It works in namespaces of its own, whose names begin with `conformance`, and expects them to be empty.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use micro_rpc::Result;

use super::{Consume, Consumer, DeadLetter, Draft, Event, Events, Holdings, Start};

const HERE: &str = "conformance";
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

/// Runs the whole suite.
///
/// # Panics
///
/// When a promise is broken; the message says which.
pub async fn run(events: &dyn Events) {
    keeps_what_was_published(events).await;
    of_many_each_is_kept_as_if_it_came_alone(events).await;
    each_group_gets_each_event_in_order(events).await;
    members_share(events).await;
    what_is_not_answered_comes_again(events).await;
    what_is_refused_too_often_is_a_dead_letter(events).await;
    what_a_member_leaves_goes_to_others(events).await;
    what_is_open_keeps_nothing_back(events).await;
    a_new_group_begins_where_it_says(events).await;
    refuses_what_has_no_name(events).await;
}

/// What one implementation on the same store leaves, the next one goes on with.
///
/// # Panics
///
/// When it does not.
pub async fn goes_on<E: Events>(open: &dyn Fn() -> E) {
    let topic = "goes-on";
    let first = open();
    let mut consumer = join(&first, wanted(topic, "group")).await;
    for number in 0..5 {
        publish(&first, topic, &number.to_string()).await;
    }
    let done = next(&mut consumer).await;
    consumer.ack(&done).await;
    let open_one = next(&mut consumer).await;
    drop(consumer);
    settled(&first, topic, "group", 4).await;
    drop(first);

    let second = open();
    let mut consumer = join(&second, wanted(topic, "group")).await;
    publish(&second, topic, "5").await;
    let again = next(&mut consumer).await;
    assert_eq!(
        (again.payload.as_ref(), again.attempt),
        (open_one.payload.as_ref(), 2),
        "what was open comes first"
    );
    consumer.ack(&again).await;
    for number in 2..=5 {
        let event = next(&mut consumer).await;
        assert_eq!(
            event.payload,
            number.to_string(),
            "none is left out, and none comes that was done with"
        );
        consumer.ack(&event).await;
    }
    let position = second
        .read(HERE, topic, 100, 5)
        .await
        .map(|events| events[0].position);
    assert!(done_with(position) > 5, "positions do not come twice");
}

/// What an operator asks who moves all that is kept.
///
/// # Panics
///
/// When a promise is broken; the message says which.
pub async fn moves(events: &dyn Holdings) {
    let (topic, start) = ("moves", Start::Position);
    let mut positions = Vec::new();
    for number in 0..3 {
        positions.push(publish(events, topic, &number.to_string()).await);
    }
    let all = done_with(events.all_topics().await);
    let found = all
        .iter()
        .find(|(namespace, known)| namespace == HERE && known.name == topic);
    assert_eq!(found.map(|(_, topic)| topic.last), positions.last().copied());
    let behind = |position| events.read_after(HERE, topic, position, 2);
    for (position, expected) in [
        (0, vec!["0", "1"]),
        (positions[1], vec!["2"]),
        (positions[2], vec![]),
    ] {
        let payloads: Vec<_> = done_with(behind(position).await)
            .into_iter()
            .map(|event| event.payload)
            .collect();
        assert_eq!(payloads, expected, "behind {position}");
    }

    done_with(
        events
            .create_group(HERE, topic, "placed", start(positions[1]))
            .await,
    );
    done_with(
        events
            .create_group(HERE, topic, "placed", start(positions[2]))
            .await,
    );
    let groups = done_with(events.groups(HERE, topic).await);
    let placed = groups.iter().find(|group| group.name == "placed");
    assert_eq!(placed.map(|group| group.first), Some(positions[1]), "it stays");
    let mut consumer = join(events, wanted(topic, "placed")).await;
    let [one, two] = [next(&mut consumer).await, next(&mut consumer).await];
    assert_eq!(
        (one.payload.as_ref(), two.payload.as_ref()),
        (&b"1"[..], &b"2"[..])
    );
    consumer.ack(&two).await;
    settled(events, topic, "placed", 1).await;
    let groups = done_with(events.groups(HERE, topic).await);
    let first = groups.iter().find(|group| group.name == "placed");
    assert_eq!(first.map(|group| group.first), Some(positions[1]), "one is open");
    consumer.ack(&one).await;

    let buried = |event: Event| {
        let letter = DeadLetter {
            event: Some(event),
            group: "placed".to_owned(),
            died: 7,
        };
        events.keep_dead_letter(HERE, topic, letter)
    };
    let gone = Event {
        id: "gone".to_owned(),
        payload: "gone".into(),
        ..Event::default()
    };
    for event in [two.clone(), two, gone] {
        done_with(buried(event).await);
    }
    let after = publish(events, topic, "3").await;
    let letters = done_with(events.dead_letters(HERE, topic, "placed", 10).await);
    assert_eq!(letters.len(), 2, "the same is kept once");
    for letter in letters {
        let position = letter.event.unwrap_or_default().position;
        assert!(position != after, "no two events have one position");
        done_with(events.redrive(HERE, topic, "placed", position).await);
        let is_known = done_with(is_to_come(events, topic, "placed", position).await);
        assert!(is_known, "who moves the group takes position {position} along");
    }
    let mut seen = BTreeSet::new();
    // At least once is what is promised: one may come again before its answer is dealt with.
    while seen.len() < 3 {
        let event = next(&mut consumer).await;
        consumer.ack(&event).await;
        seen.insert(event.payload);
    }
    assert!(seen.into_iter().eq(["2", "3", "gone"]));
    settled(events, topic, "placed", 0).await;
    let again = done_with(events.handed_out_again(HERE, topic).await);
    assert_eq!(again, [], "what is done with is not handed out again");
    let kept = done_with(behind(positions[2]).await);
    assert!(kept.iter().any(|event| event.payload == "3"), "{kept:?}");
}

/// Whether somebody who moves a group, knowing where it is and what was handed to it again, moves an event that is still to come.
async fn is_to_come(events: &dyn Holdings, topic: &str, group: &str, position: u64) -> Result<bool> {
    let again = events.handed_out_again(HERE, topic).await?;
    let is_it = |letter: &DeadLetter| {
        letter.group == group
            && letter
                .event
                .as_ref()
                .is_some_and(|event| event.position == position)
    };
    if again.iter().any(is_it) {
        return Ok(true);
    }
    let groups = events.groups(HERE, topic).await?;
    let found = groups.iter().find(|found| found.name == group);
    Ok(found.is_some_and(|found| found.first <= position))
}

fn wanted(topic: &str, group: &str) -> Consume {
    Consume {
        topic: topic.to_owned(),
        group: group.to_owned(),
        ack_wait: Some(LONG),
        ..Consume::default()
    }
}

async fn publish(events: &dyn Events, topic: &str, payload: &str) -> u64 {
    let draft = Draft {
        topic: topic.to_owned(),
        payload: payload.to_owned().into(),
        metadata: [("kind".to_owned(), "test".to_owned())].into(),
        ..Draft::default()
    };
    done_with(events.publish(HERE, draft).await).position
}

async fn join(events: &dyn Events, wanted: Consume) -> Consumer {
    done_with(events.consume(HERE, wanted).await)
}

async fn keeps_what_was_published(events: &dyn Events) {
    let topic = "kept";
    let draft = Draft {
        topic: topic.to_owned(),
        id: "order-7".to_owned(),
        payload: "one".into(),
        ..Draft::default()
    };
    let first = done_with(events.publish(HERE, draft.clone()).await);
    let again = done_with(events.publish(HERE, draft.clone()).await);
    assert_eq!(
        (first.id.as_str(), &first),
        ("order-7", &again),
        "the same id is kept once"
    );
    publish(events, topic, "two").await;
    done_with(events.publish("conformance-other", draft).await);
    let read = done_with(events.read(HERE, topic, 100, 0).await);
    let payloads: Vec<_> = read.iter().map(|event| event.payload.as_ref()).collect();
    assert_eq!(payloads, [&b"one"[..], b"two"]);
    assert!(
        read[0].position < read[1].position && read[1].metadata["kind"] == "test" && read[0].timestamp > 0
    );
    assert_eq!(done_with(events.read(HERE, topic, 1, 1).await)[0].payload, "two");
    let topics = done_with(events.topics(HERE).await);
    let kept = topics
        .iter()
        .find(|known| known.name == topic)
        .expect("it is listed");
    assert_eq!(kept.last, read[1].position);
    let other = done_with(events.topics("conformance-other").await);
    assert_eq!(
        other.iter().map(|known| known.name.as_str()).collect::<Vec<_>>(),
        [topic],
        "namespaces are separate"
    );
}

async fn of_many_each_is_kept_as_if_it_came_alone(events: &dyn Events) {
    let draft = |topic: &str, id: &str, payload: &str| Draft {
        topic: topic.to_owned(),
        id: id.to_owned(),
        payload: payload.to_owned().into(),
        ..Draft::default()
    };
    let mut drafts = vec![
        draft("many", "first", "0"),
        draft("", "", "a topic is missing"),
        draft("many", "first", "again"),
        draft("many-others", "", "0"),
        draft("many", "a b", "an id cannot be this"),
    ];
    // More than travels at once anywhere.
    let rest = (1..=600).map(|number| draft("many", "", &number.to_string()));
    drafts.extend(rest);
    let outcomes = events.publish_all(HERE, drafts).await;
    let codes: Vec<_> = outcomes[..5]
        .iter()
        .map(|outcome| outcome.as_ref().map_or_else(|error| error.code, |_| 0))
        .collect();
    assert_eq!(codes, [0, 400, 0, 0, 400], "each has its own outcome");
    assert_eq!(outcomes[0], outcomes[2], "the same id is kept once");
    let read = done_with(events.read(HERE, "many", 1000, 0).await);
    let payloads: Vec<_> = read.iter().map(|event| event.payload.clone()).collect();
    let expected: Vec<_> = (0..=600).map(|number| number.to_string()).collect();
    assert_eq!(payloads, expected, "they are in their order");
    let told = outcomes[5..].iter().flatten();
    let told: Vec<_> = told
        .map(|published| (&published.id, published.position))
        .collect();
    let kept: Vec<_> = read[1..]
        .iter()
        .map(|event| (&event.id, event.position))
        .collect();
    assert_eq!(told, kept);
    assert_eq!(done_with(events.read(HERE, "many-others", 10, 0).await).len(), 1);
    assert!(events.publish_all(HERE, Vec::new()).await.is_empty());
}

async fn each_group_gets_each_event_in_order(events: &dyn Events) {
    let topic = "groups";
    publish(events, topic, "before anybody listens").await;
    let mut consumers = [
        join(events, wanted(topic, "a")).await,
        join(events, wanted(topic, "b")).await,
        // Acknowledged by itself, in a group of its own.
        join(
            events,
            Consume {
                ack_wait: None,
                ..wanted(topic, "")
            },
        )
        .await,
    ];
    for number in 0..200 {
        publish(events, topic, &number.to_string()).await;
    }
    for consumer in &mut consumers {
        for number in 0..200 {
            let event = next(consumer).await;
            assert_eq!(
                (event.payload.as_ref(), event.attempt),
                (number.to_string().as_bytes(), 1)
            );
            consumer.ack(&event).await;
        }
    }
}

async fn members_share(events: &dyn Events) {
    let topic = "members";
    let mut one = join(events, wanted(topic, "workers")).await;
    let mut two = join(events, wanted(topic, "workers")).await;
    for number in 0..40 {
        publish(events, topic, &number.to_string()).await;
    }
    let (mut seen, mut shares) = (BTreeMap::new(), [0, 0]);
    while seen.len() < 40 {
        let (member, event) = tokio::select! {
            event = next(&mut one) => (0, event),
            event = next(&mut two) => (1, event),
        };
        [&one, &two][member].ack(&event).await;
        shares[member] += 1;
        let before = seen.insert(event.payload.to_vec(), member);
        assert_eq!(before, None, "each event reaches one member");
    }
    assert!(
        shares.iter().all(|share| *share > 0),
        "the members share: {shares:?}"
    );
}

async fn what_is_not_answered_comes_again(events: &dyn Events) {
    let topic = "unanswered";
    let short = Consume {
        ack_wait: Some(SHORT),
        ..wanted(topic, "group")
    };
    let mut consumer = join(events, short).await;
    publish(events, topic, "one").await;
    for attempt in 1..=3 {
        let event = next(&mut consumer).await;
        assert_eq!((event.payload.as_ref(), event.attempt), (&b"one"[..], attempt));
        if attempt == 2 {
            consumer.nack(&event).await;
        }
        if attempt == 3 {
            consumer.ack(&event).await;
        }
    }
    settled(events, topic, "group", 0).await;
}

async fn what_is_refused_too_often_is_a_dead_letter(events: &dyn Events) {
    let topic = "refused";
    let limited = Consume {
        retry_limit: Some(1),
        ..wanted(topic, "group")
    };
    let mut consumer = join(events, limited).await;
    let position = publish(events, topic, "poison").await;
    publish(events, topic, "good").await;
    let mut attempts = Vec::new();
    while attempts.len() < 3 {
        let event = next(&mut consumer).await;
        attempts.push((event.payload.to_vec(), event.attempt));
        if event.payload == "good" {
            consumer.ack(&event).await;
        } else {
            consumer.nack(&event).await;
        }
    }
    attempts.sort();
    let poison = |attempt| (b"poison".to_vec(), attempt);
    assert_eq!(attempts, [(b"good".to_vec(), 1), poison(1), poison(2)]);
    let letters = loop {
        let letters = done_with(events.dead_letters(HERE, topic, "group", 10).await);
        if !letters.is_empty() {
            break letters;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let event = letters[0].event.clone().expect("a letter holds its event");
    assert_eq!(
        (letters.len(), event.payload.as_ref(), event.position),
        (1, &b"poison"[..], position)
    );
    assert!(done_with(events.dead_letters(HERE, topic, "other", 10).await).is_empty());

    done_with(events.redrive(HERE, topic, "group", position).await);
    let again = next(&mut consumer).await;
    assert_eq!(
        (again.payload.as_ref(), again.attempt),
        (&b"poison"[..], 1),
        "it is handed out once more"
    );
    consumer.ack(&again).await;
    assert!(done_with(events.dead_letters(HERE, topic, "", 10).await).is_empty());
    for refused in [
        events.redrive(HERE, topic, "group", position).await,
        events.discard(HERE, topic, "group", position).await,
    ] {
        assert_eq!(refused.map_err(|error| error.code), Err(404));
    }
}

async fn what_a_member_leaves_goes_to_others(events: &dyn Events) {
    let topic = "leaves";
    let mut leaving = join(events, wanted(topic, "group")).await;
    let position = publish(events, topic, "one").await;
    assert_eq!(next(&mut leaving).await.position, position);
    let mut staying = join(events, wanted(topic, "group")).await;
    drop(leaving);
    let event = next(&mut staying).await;
    assert_eq!(
        (event.position, event.attempt),
        (position, 2),
        "who breaks off has tried"
    );
    let mut other = join(events, wanted(topic, "group")).await;
    staying.finish().await;
    let event = next(&mut other).await;
    assert_eq!(
        (event.position, event.attempt),
        (position, 2),
        "who leaves in order has not"
    );
    other.ack(&event).await;
}

async fn what_is_open_keeps_nothing_back(events: &dyn Events) {
    let topic = "open";
    let mut first = join(events, wanted(topic, "group")).await;
    publish(events, topic, "one").await;
    next(&mut first).await;
    first.finish().await;
    publish(events, topic, "two").await;
    let mut second = join(events, wanted(topic, "group")).await;
    let mut seen = [next(&mut second).await.payload, next(&mut second).await.payload];
    seen.sort();
    assert_eq!(seen, ["one", "two"]);
}

async fn a_new_group_begins_where_it_says(events: &dyn Events) {
    let topic = "starts";
    let mut positions = Vec::new();
    for (number, timestamp) in [(0, 1_000), (1, 2_000), (2, 3_000)] {
        let draft = Draft {
            topic: topic.to_owned(),
            payload: number.to_string().into(),
            timestamp,
            ..Draft::default()
        };
        positions.push(done_with(events.publish(HERE, draft).await).position);
    }
    let at = |seconds| Start::Time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    for (start, expected) in [
        (Start::Position(positions[1]), "1"),
        (Start::Position(1), "0"),
        (at(1_500), "1"),
        (at(2_000), "1"),
        (at(3_000), "2"),
    ] {
        let mut consumer = join(
            events,
            Consume {
                start,
                ..wanted(topic, "")
            },
        )
        .await;
        assert_eq!(next(&mut consumer).await.payload, expected, "{start:?}");
    }
}

async fn refuses_what_has_no_name(events: &dyn Events) {
    for topic in ["", "a b", "a\u{1}b"] {
        let draft = Draft {
            topic: topic.to_owned(),
            ..Draft::default()
        };
        assert_eq!(
            events.publish(HERE, draft).await.map_err(|error| error.code),
            Err(400),
            "{topic:?}"
        );
        assert!(
            events.consume(HERE, wanted(topic, "g")).await.is_err(),
            "{topic:?}"
        );
    }
    assert!(events.consume(HERE, wanted("topic", "a b")).await.is_err());
}

/// Waits until so many events of a group are not yet done with.
async fn settled(events: &dyn Events, topic: &str, group: &str, lag: u64) {
    let waiting = async {
        loop {
            let groups = done_with(events.groups(HERE, topic).await);
            if groups.iter().any(|known| known.name == group && known.lag == lag) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .expect("what was answered is kept");
}

async fn next(consumer: &mut Consumer) -> Event {
    let event = tokio::time::timeout(Duration::from_secs(30), consumer.next()).await;
    done_with(
        event
            .expect("an event comes")
            .expect("the consumer stays in its group"),
    )
}

#[track_caller]
fn done_with<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("events failed: {error}"))
}
