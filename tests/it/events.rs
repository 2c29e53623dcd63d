//! Events, from the command line, and through a server that is killed.

use std::collections::BTreeSet;
use std::time::Duration;

use micro_tests::Server;
use micro_tests::random::Random;
use serde_json::{Value, json};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_from_the_command_line() {
    let server = Server::start().await;
    let micro = server.micro();
    let first: Value = serde_json::from_str(
        &micro
            .ok(&["events", "publish", "--id=a", "user", r#"{"n": 1}"#])
            .await,
    )
    .unwrap();
    let again: Value =
        serde_json::from_str(&micro.ok(&["events", "publish", "--id=a", "user", "other"]).await).unwrap();
    assert_eq!(
        (&first, &first["id"]),
        (&again, &json!("a")),
        "the same id is kept once"
    );
    micro
        .ok(&[
            "events",
            "publish",
            "--metadata=kind=test",
            "user",
            "two",
            "words",
        ])
        .await;
    let read = lines(&micro.ok(&["events", "read", "user"]).await);
    assert_eq!(
        (&read[0]["payload"], &read[1]["payload"]),
        (&json!({"n": 1}), &json!("two words"))
    );
    assert_eq!(read[1]["metadata"]["kind"], "test");
    assert_eq!(micro.ok(&["events", "topics"]).await, "user\n");

    let consume = |count: &'static str| {
        let micro = micro.clone();
        async move {
            lines(
                &micro
                    .ok(&["events", "consume", "--group=mailer", "--from=1", count, "user"])
                    .await,
            )
        }
    };
    let one = consume("--count=1").await;
    assert_eq!(
        (one.len(), &one[0]["id"], &one[0]["attempt"]),
        (1, &json!("a"), &json!(1))
    );
    let other = consume("--count=1").await;
    assert_eq!(other[0]["payload"], "two words", "the group goes on where it was");
    let groups = micro.ok(&["events", "groups", "user"]).await;
    assert!(groups.contains("mailer"), "{groups}");
    assert!(
        micro
            .ok(&["events", "dead", "list", "user"])
            .await
            .starts_with("GROUP")
    );
    let missing = micro
        .run(&["events", "dead", "redrive", "user", "mailer", "1"])
        .await;
    assert!(
        !missing.status.success() && missing.stderr.contains("no dead letter"),
        "{missing}"
    );
    let wrong = micro
        .run(&["events", "consume", "--from=then", "user"])
        .await
        .failed_with(1);
    assert!(wrong.contains("1h"), "{wrong}");

    let token = micro.ok(&["user", "token"]).await.trim().to_owned();
    let http = server.http().with_token(&token);
    let published = http
        .post("/events/stream/publish", json!({"topic": "user"}).to_string())
        .await
        .ok();
    assert!(
        published["position"]
            .as_str()
            .is_some_and(|position| position.parse::<u64>().unwrap() > 2),
        "{published}"
    );
    let unsaid = http.post("/events/stream/publish", "{}").await.failed_with(400);
    assert_eq!(unsaid, "Missing topic");
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_lose_no_acknowledged_event() {
    let mut server = Server::start().await;
    let mut random = Random::new(Random::fresh_seed());
    let mut acknowledged = BTreeSet::new();
    for kill in 0..15 {
        let token = server.micro().ok(&["user", "token"]).await.trim().to_owned();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (server, token) = (server.gateway(), token.clone());
                tokio::spawn(async move {
                    let mut done = Vec::new();
                    for number in 0.. {
                        let id = format!("{kill}-{writer}-{number}");
                        let event = json!({"topic": "orders", "id": id, "metadata": {"mark": id}});
                        let ran = publish(&server, &token, event).await;
                        if !ran {
                            return done;
                        }
                        done.push(id);
                    }
                    done
                })
            })
            .collect();
        // Not a wait for anything: the moment of the blow is what varies.
        tokio::time::sleep(Duration::from_millis(5 + random.below(80) as u64)).await;
        server.kill().await;
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        server.restart().await;
    }
    assert!(
        acknowledged.len() > 100,
        "only {} were acknowledged",
        acknowledged.len()
    );
    let micro = server.micro();
    let count = format!("--count={}", acknowledged.len());
    let read = lines(
        &micro
            .ok(&[
                "events",
                "consume",
                "--group=checker",
                "--from=1",
                &count,
                "orders",
            ])
            .await,
    );
    let kept = lines(&micro.ok(&["events", "read", "--limit=100000", "orders"]).await);
    let ids = |events: &[Value]| -> Vec<String> {
        events
            .iter()
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let unique: BTreeSet<String> = ids(&kept).into_iter().collect();
    assert_eq!(unique.len(), kept.len(), "none is kept twice");
    let lost: Vec<_> = acknowledged.difference(&unique).collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    assert!(
        kept.iter().all(|event| event["id"] == event["metadata"]["mark"]),
        "none is torn"
    );
    assert_eq!(
        ids(&read),
        ids(&kept)[..read.len()],
        "a group gets them in their order"
    );
}

/// Whether it was acknowledged.
async fn publish(gateway: &str, token: &str, event: Value) -> bool {
    let http = micro_tests::http::Http::to(gateway).with_token(token);
    let answer = http.try_post("/events/stream/publish", event.to_string()).await;
    answer.is_ok_and(|answer| answer.status == 200)
}
