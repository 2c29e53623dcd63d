//! Settings: from the command line, over HTTP, and as one who watches sees them.

use std::time::Duration;

use micro_tests::{Server, wait};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::test(flavor = "multi_thread")]
async fn settings_from_the_command_line_and_over_http() {
    let mut server = Server::start().await;
    let micro = server.micro();
    assert_eq!(
        micro.run(&["config", "get", "user"]).await.failed_with(1).trim(),
        "Not found"
    );
    micro.ok(&["config", "set", "user.limit", "3"]).await;
    micro
        .ok(&["config", "set", "user", r#"{"name": "Alice", "deep": {"x": -1}}"#])
        .await;
    micro.ok(&["config", "set", "user.deep.y", "-7"]).await;
    assert_eq!(micro.ok(&["config", "get", "user.limit"]).await, "3\n");
    assert_eq!(micro.ok(&["config", "get", "user.name"]).await, "Alice\n");
    assert_eq!(
        micro.ok(&["config", "get", "user.deep"]).await,
        "{\n\t\"x\": -1,\n\t\"y\": -7\n}\n"
    );
    micro
        .ok(&["config", "set", "mail.password", "s3cret", "--secret"])
        .await;
    assert_eq!(micro.ok(&["config", "get", "mail.password"]).await, "[secret]\n");
    micro.ok(&["config", "set", "mail.password", "n3w"]).await;
    assert_eq!(
        micro.ok(&["config", "get", "mail.password"]).await,
        "[secret]\n",
        "once secret, always secret"
    );
    micro.ok(&["config", "set", "hosts", "[1, 2]"]).await;
    let wrong = micro.run(&["config", "set", "hosts.0", "9"]).await;
    assert!(
        !wrong.status.success() && wrong.stderr.contains("hosts is a list"),
        "{wrong}"
    );
    let wrong = micro.run(&["config", "set", "a..b", "1"]).await;
    assert!(
        !wrong.status.success() && wrong.stderr.contains("single dots"),
        "{wrong}"
    );

    let deep = vec!["d"; 3000].join(".");
    let wrong = micro.run(&["config", "set", &deep, "1"]).await;
    assert!(
        !wrong.status.success() && wrong.stderr.contains("at most 32"),
        "{wrong}"
    );

    server.kill().await;
    server.restart().await;
    let micro = server.micro();
    assert_eq!(micro.ok(&["config", "get", "-s", "mail.password"]).await, "n3w\n");
    micro.ok(&["config", "del", "user.deep"]).await;
    let all = micro.ok(&["config", "get", "--all"]).await;
    assert!(
        all.contains("[secret]") && all.contains("Alice") && !all.contains("deep"),
        "{all}"
    );

    let token = micro.ok(&["user", "token"]).await.trim().to_owned();
    let http = server.http().with_token(&token);
    let answer = http
        .post("/config/get", json!({"path": "user.limit"}).to_string())
        .await
        .ok();
    assert_eq!(answer["value"]["data"], "3", "{answer}");
    server
        .http()
        .post("/config/get", json!({"path": "user.limit"}).to_string())
        .await
        .failed_with(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_sees_a_change() {
    let mut server = Server::start().await;
    let micro = server.micro();
    let mut watching = micro
        .command(&["config", "watch", "user.limit"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("null"));
    micro.ok(&["config", "set", "other", "1"]).await;
    micro.ok(&["config", "set", "user.limit", "4"]).await;
    let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
    assert_eq!(line.expect("a change is told").unwrap().as_deref(), Some("4"));
    server.kill().await;
    server.restart().await;
    let micro = server.micro();
    micro.ok(&["config", "set", "user.limit", "5"]).await;
    let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
    assert_eq!(
        line.expect("a change is told after a restart")
            .unwrap()
            .as_deref(),
        Some("5")
    );
    watching.kill().await.unwrap();
    let pid = watching.id();
    wait::until("the watcher to be gone", Duration::from_secs(30), || {
        std::future::ready(if pid.is_none_or(|pid| !micro_tests::process::is_alive(pid)) {
            Ok(())
        } else {
            Err("it lives".to_owned())
        })
    })
    .await;
}
