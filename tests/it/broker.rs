//! Messages, from the command line and over HTTP.

use std::process::Stdio;
use std::time::Duration;

use micro_tests::{Server, wait};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_who_listens() {
    let server = Server::start().await;
    let micro = server.micro();
    let mut listening = micro
        .command(&["broker", "subscribe", "news"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(listening.stdout.take().unwrap()).lines();
    let token = micro.ok(&["user", "token"]).await.trim().to_owned();
    let http = server.http().with_token(&token);
    // Nothing tells from outside when the subscription stands, so messages are sent until one is heard.
    let (http, lines) = (&http, tokio::sync::Mutex::new(&mut lines));
    let heard = wait::until("a message to be heard", Duration::from_secs(30), || async {
        let message = json!({"topic": "news", "message": {"header": {"a": "b"}, "body": "aXQgcmFpbnM="}});
        http.post("/broker/publish", message.to_string()).await.ok();
        let mut lines = lines.lock().await;
        match tokio::time::timeout(Duration::from_millis(200), lines.next_line()).await {
            Ok(line) => Ok(line.unwrap().unwrap()),
            Err(_) => Err("nothing".to_owned()),
        }
    })
    .await;
    let heard: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!(
        (&heard["body"], &heard["header"]["a"]),
        (&json!("it rains"), &json!("b"))
    );
    assert!(
        !heard.to_string().contains(&token),
        "the publisher's token stays with him"
    );
    micro
        .ok(&[
            "broker",
            "publish",
            "--header=kind=weather",
            "news",
            "sun",
            "again",
        ])
        .await;
    let refused = micro.run(&["broker", "publish", "no blanks", "x"]).await;
    assert!(
        !refused.status.success() && refused.stderr.contains("without blanks"),
        "{refused}"
    );
    server
        .http()
        .post("/broker/publish", json!({"topic": "news"}).to_string())
        .await
        .failed_with(401);
    listening.kill().await.unwrap();
}
