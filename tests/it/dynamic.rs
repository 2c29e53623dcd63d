//! Commands that are services: flags become messages, of every shape, and streams both ways.

use std::process::Stdio;
use std::time::Duration;

use micro_tests::{Server, wait};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::ChildStdout;
use tokio::sync::Mutex;

/// The next JSON value of a command that prints several, each over several lines.
async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let mut text = String::new();
    loop {
        text += &lines.next_line().await.unwrap().expect("another message");
        if let Ok(value) = serde_json::from_str(&text) {
            return value;
        }
    }
}

fn parsed(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_become_messages_and_messages_lines() {
    let server = Server::start().await;
    let micro = server.micro();

    // A stream of the server prints each message as it comes.
    let mut watch = micro.command(&["registry", "watch", "--service=shop"]);
    let mut watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    let changes = Mutex::new(BufReader::new(watch.stdout.take().unwrap()).lines());
    // The first registration may come before the watch has begun.
    let register = [
        "registry",
        "register",
        "--name=shop",
        "--version=v1",
        r#"--nodes=[{"id": "shop-1", "address": "127.0.0.1:1", "metadata": {"a": "b"}}]"#,
        "--metadata=kind=test",
        "--metadata",
        "team=a=b",
        "--options-ttl=0x3c",
        "--options_domain",
        "micro",
    ];
    let first = wait::until("the watch to see it", Duration::from_secs(30), || {
        let (micro, changes, register) = (&micro, &changes, &register);
        async move {
            micro
                .ok(&[
                    "registry",
                    "deregister",
                    "--name=shop",
                    "--version=v1",
                    r#"--nodes=[{"id":"shop-1"}]"#,
                ])
                .await;
            assert_eq!(micro.ok(register).await, "{}\n");
            let mut changes = changes.lock().await;
            tokio::time::timeout(Duration::from_millis(500), next(&mut changes))
                .await
                .map_err(|_| "nothing yet".to_owned())
        }
    })
    .await;
    assert_eq!(first["service"]["name"], "shop", "{first}");
    watch.kill().await.unwrap();

    let found = parsed(micro.ok(&["registry", "get-service", "--service", "shop"]).await);
    let shop = &found["services"][0];
    assert_eq!(shop["version"], "v1");
    assert_eq!(shop["nodes"][0]["metadata"]["a"], "b");
    assert_eq!(
        (&shop["metadata"]["kind"], &shop["metadata"]["team"]),
        (&json!("test"), &json!("a=b"))
    );
    let described = micro.ok(&["get", "service", "shop"]).await;
    assert!(
        described
            .starts_with("service  shop\n\nversion v1\n\nID\tAddress\tMetadata\nshop-1\t127.0.0.1:1\ta=b\n"),
        "{described}"
    );

    // A group of commands has no such command, and the service of its name has such an endpoint.
    let accounts = parsed(micro.ok(&["auth", "accounts", "list"]).await);
    assert_eq!(accounts["accounts"][0]["id"], "admin", "{accounts}");
    let said = micro.run(&["auth", "accounts", "fly"]).await.failed_with(1);
    assert!(
        said.contains("Unrecognized subcommand for micro auth: accounts"),
        "{said}"
    );

    // Three levels deep, and an enum of a word; both names of a service.
    micro
        .ok(&["runtime", "create", "--resource-namespace-name=shop"])
        .await;
    micro
        .ok(&[
            "go.micro.service.runtime",
            "Runtime.Delete",
            "--resource_namespace_name=shop",
        ])
        .await;
    // Where the endpoint has no such field, these are about the call.
    let listed = micro
        .ok(&[
            "registry",
            "list-services",
            "--header=X-Kind: test",
            "--metadata=a=b",
            "--request_timeout=5s",
        ])
        .await;
    assert!(
        parsed(listed)["services"]
            .as_array()
            .is_some_and(|services| services.len() > 5)
    );
    let late = micro.run(&["registry", "watch", "--request_timeout=300ms"]).await;
    assert!(late.failed_with(1).contains("Request timed out"));

    // A stream of the caller is read from the standard input: an archive in two pieces of base64.
    let mut upload = micro.command(&["runtime", "source", "upload"]);
    let mut upload = upload
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The end of an archive is two blocks of 512 zeros.
    let piece = "A".repeat(683) + "=";
    let lines = format!(
        "{}\n\n{}\n{}\n",
        json!({"service": {"name": "shop", "version": "v1"}}),
        json!({"data": piece}),
        json!({"data": piece}),
    );
    upload
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .await
        .unwrap();
    let said = upload.wait_with_output().await.unwrap();
    let err = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{err}");
    assert_eq!(
        parsed(String::from_utf8(said.stdout).unwrap())["id"],
        "source://shop:v1"
    );

    for (words, code, text) in [
        (
            &["registry", "fly"][..],
            128,
            "Endpoint Registry.Fly not found for service registry",
        ),
        (
            &["registry", "get-service", "--servise=x"],
            1,
            "Unknown flag: servise\nDid you mean --service?",
        ),
        (
            &["registry", "register", "--options-ttl=soon"],
            1,
            "Invalid value for --options-ttl: expected int64",
        ),
        (&["registry", "a", "b", "c"], 1, "Incorrect number of arguments"),
    ] {
        let said = micro.run(words).await.failed_with(code);
        assert!(said.contains(text), "expected {text}: {said}");
    }
    let help = micro.ok(&["registry", "register", "--help"]).await;
    for part in [
        "NAME:\n\tmicro registry register - ",
        "USAGE:\n\tmicro registry register [flags]\n",
        "\t--options-ttl     int64\n",
        "EXAMPLE:\n",
    ] {
        assert!(help.contains(part), "expected {part}: {help}");
    }
}
