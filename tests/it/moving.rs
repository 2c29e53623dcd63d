//! All that a platform keeps in a file, and on other systems out of it.

use std::time::Duration;

use micro::events::{Consume, DeadLetter, Events as _, Remote, Start};
use micro_outside::{Etcd, Nats, Postgres};
use micro_tests::{Micro, Server, wait};
use serde_json::{Value, json};

use crate::crash;

const SOON: Duration = Duration::from_secs(60);
const KEY: &str = "bWljcm8gdGVzdHMgc2VhbCB0aGVpciBrZXlzIGhlcmU=";
const OTHER: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Saves, and says what it holds.
async fn save(micro: &Micro, file: &str, more: &[&str]) -> Value {
    let words = [
        &["--output=json", "store", "snapshot", "--destination", file],
        more,
    ];
    serde_json::from_str(&micro.ok(&words.concat()).await).unwrap()
}

async fn restore(micro: &Micro, file: &str) -> Value {
    let words = ["--output=json", "store", "restore", "--source", file];
    serde_json::from_str(&micro.ok(&words).await).unwrap()
}

/// Something of everything.
async fn fill(server: &Server, files: &std::path::Path) {
    let micro = server.micro();
    for number in 0..30 {
        let key = format!("user/{number:02}");
        micro
            .ok(&["store", "write", "--table=user", &key, &"x".repeat(number)])
            .await;
    }
    micro
        .ok(&["store", "write", "--database=acme", "--expiry=1h", "soon", "gone"])
        .await;
    let large = files.join("large");
    std::fs::write(&large, vec![7; 3 << 20]).unwrap();
    let large = large.to_str().unwrap();
    micro
        .ok(&["blob", "write", "--public", "pictures/1", large])
        .await;
    micro.ok(&["config", "set", "--secret", "desk.key", "hush"]).await;
    micro.ok(&["config", "set", "desk.size", "7"]).await;
    let secret = "--secret=correct horse battery";
    micro.ok(&["auth", "create", "account", "ada", secret]).await;
    let rule = ["--resource=service:desk:*", "--priority=7", "desks"];
    micro.ok(&[&["auth", "create", "rule"][..], &rule].concat()).await;
    let token = micro.ok(&["user", "token"]).await;
    let http = server.http().with_token(token.trim());
    for number in 0..5 {
        let event = json!({"topic": "orders", "payload": "eA==", "id": format!("order-{number}")});
        http.post("/events/Stream/Publish", event.to_string()).await.ok();
    }
    // A group that is done with two of them.
    let client = crash::client(server).await;
    let billing = Consume {
        topic: "orders".to_owned(),
        group: "billing".to_owned(),
        start: Start::Position(1),
        ack_wait: Some(SOON),
        retry_limit: None,
    };
    let events = Remote::new(&client);
    let mut consumer = events.consume("micro", billing.clone()).await.unwrap();
    for _ in 0..2 {
        let event = consumer.next().await.unwrap().unwrap();
        consumer.ack(&event).await;
    }
    consumer.finish().await;
    wait::until("the answers to be kept", SOON, || async {
        let groups = events.groups("micro", "orders").await.unwrap();
        (groups[0].first == 3).then_some(()).ok_or(format!("{groups:?}"))
    })
    .await;
    // One that gives up the last.
    let picky = Consume {
        group: "picky".to_owned(),
        start: Start::Position(5),
        retry_limit: Some(0),
        ..billing
    };
    let mut consumer = events.consume("micro", picky).await.unwrap();
    let event = consumer.next().await.unwrap().unwrap();
    consumer.nack(&event).await;
    consumer.finish().await;
    wait::until("the dead letter to be kept", SOON, || async {
        let letters = dead_letters(&events).await;
        (letters == ["order-4"])
            .then_some(())
            .ok_or(format!("{letters:?}"))
    })
    .await;
}

async fn dead_letters(events: &Remote) -> Vec<String> {
    let letters = events.dead_letters("micro", "orders", "picky", 10).await.unwrap();
    let event = |letter: DeadLetter| letter.event.unwrap_or_default();
    letters.into_iter().map(|letter| event(letter).id).collect()
}

/// Whether what [`fill`] wrote is there, for who reads it.
async fn is_filled(server: &Server) {
    let micro = server.micro();
    let keys = micro.ok(&["store", "list", "--table=user"]).await;
    assert_eq!(keys.lines().count(), 30);
    let expiring = ["store", "read", "--database=acme", "--verbose", "soon"];
    assert!(micro.ok(&expiring).await.contains("59m"));
    let secret = ["config", "get", "--secret", "desk.key"];
    assert_eq!(micro.ok(&secret).await.trim(), "hush");
    let login = json!({"id": "ada", "secret": "correct horse battery", "options": {"namespace": "micro"}});
    server
        .http()
        .post("/auth/Auth/Token", login.to_string())
        .await
        .ok();
    assert!(micro.ok(&["auth", "list", "rules"]).await.contains("desks"));
    let picture = server.http().get("/blob/micro/pictures/1").await;
    assert_eq!(picture.body.len(), 3 << 20);
    let token = micro.ok(&["user", "token"]).await;
    let http = server.http().with_token(token.trim());
    let asked = json!({"topic": "orders"}).to_string();
    let groups = http.post("/events/Stream/Groups", asked).await.ok();
    assert_eq!(
        (&groups["groups"][0]["name"], &groups["groups"][0]["lag"]),
        (&json!("billing"), &json!("3")),
        "{groups}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_moves_onto_other_systems_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let key = ("MICRO_CONFIG_SECRET_KEY", KEY);
    let from = Server::start_with(&[key]).await;
    fill(&from, folder.path()).await;
    let source = folder.path().join("parrot");
    std::fs::create_dir(&source).unwrap();
    let program = env!("CARGO_BIN_EXE_echo");
    let definition = format!("service parrot\n    command {program}\n");
    std::fs::write(source.join("parrot.mu"), definition).unwrap();
    from.micro().ok(&["run", source.to_str().unwrap()]).await;
    let saved = save(&from.micro(), &file("one"), &[]).await;
    let quiet = save(
        &from.micro(),
        &file("acme"),
        &["--database=micro", "--table=user"],
    )
    .await;

    let (etcd, nats, postgres) = (Etcd::start(), Nats::start(), Postgres::start());
    let (etcd, nats, postgres) = (etcd.endpoint(), nats.url(), postgres.url());
    let platform = Server::start_with(&[
        ("MICRO_PROFILE", "platform"),
        ("MICRO_SECRET_KEY", KEY),
        ("MICRO_REGISTRY_ADDRESS", &etcd),
        ("MICRO_BROKER_ADDRESS", &nats),
        ("MICRO_STORE_ADDRESS", &postgres),
    ])
    .await;
    let restored = restore(&platform.micro(), &file("one")).await;
    assert_eq!(restored["restored"], saved["holds"]);
    assert_eq!(restored["checksum"], saved["checksum"]);
    assert_eq!(
        saved["holds"]["blobs"], 2,
        "the picture, and the service's source: {saved}"
    );
    is_filled(&platform).await;
    // Its service runs there without further ado.
    let gateway = platform.gateway();
    wait::until("the service to be called", SOON, || async {
        let answer = micro_tests::http::Http::to(&gateway)
            .try_post("/parrot/echo/whoami", "{}")
            .await;
        let answer = answer.map_err(|error| format!("{error:#}"))?;
        match answer.status.as_u16() {
            200 => Ok(()),
            status => Err(format!("{status} {}", answer.text())),
        }
    })
    .await;
    let there = save(
        &platform.micro(),
        &file("users"),
        &["--database=micro", "--table=user"],
    )
    .await;
    assert_eq!(there["checksum"], quiet["checksum"]);

    // What was handed out again to a group that nobody is in does not stay behind.
    let events = Remote::new(&crash::client(&platform).await);
    assert_eq!(dead_letters(&events).await, ["order-4"]);
    let letters = events.dead_letters("micro", "orders", "picky", 1).await.unwrap();
    let position = letters[0].event.as_ref().unwrap().position;
    events
        .redrive("micro", "orders", "picky", position)
        .await
        .unwrap();
    assert!(dead_letters(&events).await.is_empty());

    let back = Server::start_with(&[key]).await;
    let again = save(&platform.micro(), &file("two"), &[]).await;
    let restored = restore(&back.micro(), &file("two")).await;
    assert_eq!(restored["checksum"], again["checksum"]);
    assert_eq!(
        restored["restored"]["records"], saved["holds"]["records"],
        "none more"
    );
    is_filled(&back).await;
    let events = Remote::new(&crash::client(&back).await);
    assert_eq!(dead_letters(&events).await, ["order-4"]);
    // Once more changes nothing.
    let restored = restore(&back.micro(), &file("two")).await;
    assert_eq!(restored["new_events"], 0, "{restored}");
    let there = save(
        &back.micro(),
        &file("users"),
        &["--database=micro", "--table=user"],
    )
    .await;
    assert_eq!(there["checksum"], quiet["checksum"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_need_their_key_and_what_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot");
    let name = file.to_str().unwrap();
    let from = Server::start_with(&[("MICRO_CONFIG_SECRET_KEY", KEY)]).await;
    from.micro().ok(&["store", "write", "a", "1"]).await;
    from.micro()
        .ok(&["config", "set", "--secret", "desk.key", "hush"])
        .await;
    save(&from.micro(), name, &[]).await;
    let mut other = Server::start_with(&[("MICRO_CONFIG_SECRET_KEY", OTHER)]).await;
    let refused = other.micro().run(&["store", "restore", "--source", name]).await;
    let refused = refused.failed_with(127);
    assert!(
        refused.contains("MICRO_CONFIG_SECRET_KEY") && refused.contains("nothing was written"),
        "{refused}"
    );
    other.micro().run(&["store", "read", "a"]).await.failed_with(1);

    // What was there before is still there, and nothing else.
    let before = std::fs::read(&file).unwrap();
    other.kill().await;
    other
        .micro()
        .run(&["store", "snapshot", "--destination", name])
        .await
        .failed_with(4);
    let inside = folder.path().join("none/snapshot");
    let refused = from
        .micro()
        .run(&["store", "snapshot", "--destination", inside.to_str().unwrap()])
        .await;
    assert!(refused.failed_with(1).contains("none/snapshot"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}
