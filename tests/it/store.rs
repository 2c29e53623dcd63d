//! Records, from the command line and over HTTP.

use std::os::unix::fs::PermissionsExt;

use micro_tests::Server;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn records_from_the_command_line_and_over_http() {
    let server = Server::start().await;
    let micro = server.micro();
    for (key, value) in [("user/1", "Alice"), ("user/2", "Bob"), ("other", "x")] {
        assert_eq!(micro.ok(&["store", "write", key, value]).await, "");
    }
    micro
        .ok(&[
            "store",
            "write",
            "--table=notes",
            "--expiry=1h",
            "a",
            "two",
            "words",
        ])
        .await;
    assert_eq!(micro.ok(&["store", "read", "user/1"]).await, "Alice\n");
    assert_eq!(
        micro.ok(&["store", "read", "--prefix", "user/"]).await,
        "Alice\nBob\n"
    );
    assert_eq!(
        micro
            .ok(&["store", "read", "-p", "--limit=1", "--offset=1", "user/"])
            .await,
        "Bob\n"
    );
    assert_eq!(
        micro
            .ok(&["store", "read", "-p", "--order=desc", "-l=1", ""])
            .await,
        "Bob\n"
    );
    assert_eq!(micro.ok(&["store", "read", "-t=notes", "a"]).await, "two words\n");
    let table = micro
        .ok(&["store", "read", "--verbose", "--table=notes", "a"])
        .await;
    assert!(table.contains("KEY") && table.contains("59m"), "{table}");
    assert_eq!(micro.ok(&["store", "list"]).await, "other\nuser/1\nuser/2\n");
    assert_eq!(
        micro.ok(&["store", "list", "--suffix=2", "user/"]).await,
        "user/2\n"
    );
    assert_eq!(micro.ok(&["store", "tables"]).await, "micro\nnotes\n");
    assert_eq!(micro.ok(&["store", "databases"]).await, "micro\n");
    micro.ok(&["store", "delete", "other"]).await;
    assert_eq!(
        micro.run(&["store", "read", "other"]).await.failed_with(1).trim(),
        "Not found"
    );
    let wrong = micro
        .run(&["store", "write", "--expiry=soon", "a", "b"])
        .await
        .failed_with(1);
    assert!(wrong.contains("30s"), "{wrong}");

    let token = micro.ok(&["user", "token"]).await.trim().to_owned();
    let http = server.http().with_token(&token);
    let read = http
        .post("/store/read", json!({"key": "user/1"}).to_string())
        .await
        .ok();
    assert_eq!(read["records"][0]["value"], "QWxpY2U=", "{read}");
    let missing = http
        .post("/store/read", json!({"key": "none"}).to_string())
        .await
        .failed_with(404);
    assert_eq!(missing, "not found");
    server
        .http()
        .post("/store/read", json!({"key": "user/1"}).to_string())
        .await
        .failed_with(401);
    let hidden = json!({"key": "a", "options": {"database": "/platform", "table": "auth"}});
    http.post("/store/read", hidden.to_string())
        .await
        .failed_with(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_restored_elsewhere_and_a_damaged_one_is_not() {
    let (here, there) = (Server::start().await, Server::start().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot");
    let name = file.to_str().unwrap();
    for number in 0..20 {
        let key = format!("user/{number}");
        here.micro()
            .ok(&["store", "write", "--table=user", &key, &"x".repeat(number)])
            .await;
    }
    let saved = here
        .micro()
        .ok(&["store", "snapshot", "--table=user", "--destination", name])
        .await;
    assert!(saved.starts_with("20 records saved"), "{saved}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only its owner may read it");

    let whole = std::fs::read_to_string(&file).unwrap();
    for damaged in [
        whole.replacen("user/7", "user/8", 1),
        whole[..whole.len() / 2].to_owned(),
        String::new(),
    ] {
        std::fs::write(&file, damaged).unwrap();
        let refused = there
            .micro()
            .run(&["store", "restore", "--source", name])
            .await
            .failed_with(1);
        assert!(refused.contains("nothing was written"), "{refused}");
    }
    assert_eq!(there.micro().ok(&["store", "list", "--table=user"]).await, "");

    std::fs::write(&file, whole).unwrap();
    let told = there
        .micro()
        .ok(&["store", "restore", "--source", &format!("file://{name}")])
        .await;
    let checksum = saved.lines().nth(1).unwrap();
    assert!(
        told.starts_with("20 records restored") && told.contains(checksum),
        "{told}"
    );
    for words in [
        &["store", "list", "--table=user"][..],
        &["store", "read", "--table=user", "-p", "user/"],
    ] {
        assert_eq!(there.micro().ok(words).await, here.micro().ok(words).await);
    }
}
