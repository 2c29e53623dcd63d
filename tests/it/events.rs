//! Events from the command line.

use std::time::Duration;

use micro_tests::{Server, wait};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

const SOON: Duration = Duration::from_secs(30);

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
async fn events_are_kept_as_long_as_told() {
    let home = tempfile::Builder::new().prefix("micro-test-").tempdir().unwrap();
    let server = Server::start_in(home, &["server", "--events_retention=1s"]).await;
    let micro = server.micro();
    micro.ok(&["events", "publish", "brief", "{}"]).await;
    let micro = &micro;
    wait::until("the event to go", Duration::from_secs(30), || async move {
        let kept = micro.ok(&["events", "read", "brief"]).await;
        kept.is_empty().then_some(()).ok_or(kept)
    })
    .await;
    let wrong = micro
        .run(&["server", "--events_retention=soon"])
        .await
        .failed_with(1);
    assert!(wrong.contains("say 24h"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_goes_on_after_a_restart() {
    let mut server = Server::start().await;
    let micro = server.micro();
    let listen = |words: &[&str]| {
        let mut child = micro
            .command(words)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    };
    let (_consumer, mut events) = listen(&["events", "consume", "--from=1", "user"]);
    let (_subscriber, mut messages) = listen(&["broker", "subscribe", "news"]);
    for turn in 0..2 {
        micro
            .ok(&["events", "publish", "user", &format!("event {turn}")])
            .await;
        let event = tokio::time::timeout(SOON, events.next_line()).await;
        let event = event.expect("an event in time").unwrap().expect("events go on");
        assert!(event.contains(&format!("event {turn}")), "each once: {event}");
        // A message reaches who listens at the time.
        let heard = async {
            loop {
                micro
                    .ok(&["broker", "publish", "news", &format!("news {turn}")])
                    .await;
                let line = tokio::time::timeout(Duration::from_millis(300), messages.next_line()).await;
                if let Ok(line) = line {
                    let line = line.unwrap().expect("messages go on");
                    if line.contains(&format!("news {turn}")) {
                        return;
                    }
                }
            }
        };
        tokio::time::timeout(SOON, heard)
            .await
            .expect("a message in time");
        server.kill().await;
        server.restart().await;
    }
}
