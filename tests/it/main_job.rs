//! From an empty folder to a service answering, in every way of calling.

use std::time::Duration;

use futures_util::stream;
use http::Method;
use micro_tests::grpc::{Peer, helloworld, reflection};
use micro_tests::service::Source;
use micro_tests::{Server, wait};
use serde_json::json;

/// One test, for one server and one service: each part reads like a page of the guide.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_service_answers_in_every_way() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let source = Source::new(&server.micro(), folder.path(), "greeter").await;
    for file in [
        "Cargo.toml",
        "main.rs",
        "lib.rs",
        "greeter.mu",
        "README.md",
        "handler/greeter.rs",
        "proto/greeter.proto",
    ] {
        assert!(source.folder.join(file).is_file(), "micro new makes {file}");
    }
    server.micro().within(folder.path()).ok(&["run", "greeter"]).await;

    over_http(&server).await;
    by_command(&server).await;
    by_grpc(&server).await;
    by_grpcurl(&server).await;
    is_listed(&server).await;
    tells_its_logs(&server).await;
    is_updated(&server, &source).await;
    is_killed(&server).await;
}

async fn over_http(server: &Server) {
    let http = server.http();
    let hello = json!({"msg": "Hello Alice"});
    assert_eq!(http.get("/greeter/call?name=Alice").await.ok(), hello);
    assert_eq!(http.get("/greeter?name=Alice").await.ok(), hello);
    assert_eq!(
        http.post("/greeter/call", r#"{"name":"Alice"}"#).await.ok(),
        hello
    );
    assert_eq!(
        http.post("/greeter/Greeter/Call", r#"{"name":"Alice"}"#)
            .await
            .ok(),
        hello
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(
        http.send(Method::POST, "/greeter/call", &form, "name=Alice")
            .await
            .ok(),
        hello
    );
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let body = "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAlice\r\n--x--\r\n";
    assert_eq!(
        http.send(Method::POST, "/greeter/call", &multipart, body)
            .await
            .ok(),
        hello
    );

    let answer = http
        .send(
            Method::OPTIONS,
            "/greeter/call",
            &[("origin", "http://example.com")],
            "",
        )
        .await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, ""));
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "http://example.com"
    );
    assert_eq!(
        http.get("/nothere/call").await.failed_with(404),
        "service not found"
    );
    http.post("/greeter/call", "{").await.failed_with(400);
}

async fn by_command(server: &Server) {
    let micro = server.micro();
    let hello = |text: String| {
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            json!({"msg": "Hello Alice"})
        )
    };
    hello(micro.ok(&["greeter", "--name=Alice"]).await);
    hello(micro.ok(&["greeter", "call", "--name", "Alice"]).await);
    hello(
        micro
            .ok(&["go.micro.service.greeter", "call", "--name=Alice"])
            .await,
    );
    hello(
        micro
            .ok(&["call", "greeter", "Greeter.Call", r#"{"name":"Alice"}"#])
            .await,
    );
    hello(
        micro
            .ok(&[
                "call",
                "-output=raw",
                "greeter",
                "Greeter.Call",
                r#"{"name":"Alice"}"#,
            ])
            .await,
    );

    let counted = micro
        .ok(&["stream", "greeter", "Greeter.Stream", r#"{"count":3}"#])
        .await;
    let stream = serde_json::Deserializer::from_str(&counted).into_iter::<serde_json::Value>();
    let numbers: Vec<_> = stream.map(|message| message.unwrap()["count"].clone()).collect();
    assert_eq!(numbers, [json!("0"), json!("1"), json!("2")]);

    let help = micro.run(&["greeter", "call", "--help"]).await;
    assert!(help.status.success(), "{help}");
    assert!(
        format!("{}{}", help.stdout, help.stderr).contains("--name"),
        "{help}"
    );
    micro
        .run(&["greeter", "call", "--nonsense=1"])
        .await
        .failed_with(1);
    assert!(
        micro
            .run(&["greeter", "nothing", "--x=1"])
            .await
            .failed_with(128)
            .contains("Greeter.Nothing")
    );
}

async fn by_grpc(server: &Server) {
    let peer = Peer::connect(&server.proxy()).await.unwrap();
    for path in ["/greeter.Greeter/Call", "/go.micro.service.greeter.Greeter/Call"] {
        let request = helloworld::Request { name: "Alice".into() };
        let response: helloworld::Response = peer.unary(path, request).await.unwrap();
        assert_eq!(response.msg, "Hello Alice");
    }

    let request = helloworld::Number { value: 3 };
    let mut counted = peer
        .server_stream::<_, helloworld::Number>("/greeter.Greeter/Stream", request)
        .await
        .unwrap();
    for expected in 0..3 {
        assert_eq!(counted.message().await.unwrap().unwrap().value, expected);
    }
    assert!(
        counted.message().await.unwrap().is_none(),
        "the server ends the stream without waiting for our end"
    );

    let pings = stream::iter([1, 2, 3].map(|value| helloworld::Number { value }));
    let mut pongs = peer
        .streaming::<_, helloworld::Number>("/greeter.Greeter/PingPong", pings)
        .await
        .unwrap();
    for expected in 1..=3 {
        assert_eq!(pongs.message().await.unwrap().unwrap().value, expected);
    }

    let call =
        |path: &'static str| peer.unary::<_, helloworld::Response>(path, helloworld::Request::default());
    let status = call("/greeter.Greeter/Nothing").await.unwrap_err();
    assert!(
        status.message().contains("unknown service Greeter.Nothing"),
        "{status:?}"
    );
    let status = call("/nothere.Nothere/Call").await.unwrap_err();
    assert!(
        status.message().contains("service nothere: route not found"),
        "{status:?}"
    );
}

async fn by_grpcurl(server: &Server) {
    let peer = Peer::connect(&server.proxy()).await.unwrap();
    let question = reflection::Question {
        list_services: Some(String::new()),
        ..Default::default()
    };
    let names: Vec<_> = peer.reflect(question).await.unwrap().services.unwrap().services;
    assert!(
        names.iter().any(|service| service.name == "greeter.Greeter"),
        "{names:?}"
    );
    let question = reflection::Question {
        file_containing_symbol: Some("greeter.Greeter".into()),
        ..Default::default()
    };
    let files = peer.reflect(question).await.unwrap().files.unwrap();
    assert!(!files.descriptors.is_empty(), "the file of the service");
    let question = reflection::Question {
        file_containing_symbol: Some("no.Such".into()),
        ..Default::default()
    };
    assert_eq!(
        peer.reflect(question).await.unwrap().error.unwrap().code,
        5,
        "not found"
    );

    let proxy = server.proxy();
    let words = [
        "-plaintext",
        "-d",
        r#"{"name":"Alice"}"#,
        &proxy,
        "greeter.Greeter/Call",
    ];
    match tokio::process::Command::new("grpcurl").args(words).output().await {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("Hello Alice"),
                "grpcurl: {output:?}"
            );
        }
        Err(_) => println!("grpcurl is not installed; tonic alone was the peer"),
    }
}

async fn is_listed(server: &Server) {
    let micro = server.micro();
    let services = micro.ok(&["services"]).await;
    let names: Vec<&str> = services.lines().collect();
    for name in ["auth", "greeter", "registry", "runtime"] {
        assert!(names.contains(&name), "{services}");
    }
    assert!(names.is_sorted(), "{services}");
    let status = micro.ok(&["status"]).await;
    assert!(status.starts_with("NAME"), "{status}");
    assert!(
        row(&status, "greeter").is_some_and(|row| row.contains("running")),
        "{status}"
    );
    let service = micro.ok(&["get", "service", "greeter"]).await;
    assert!(
        service.contains("Greeter.Call") && service.contains("name string"),
        "{service}"
    );
    let as_json = micro.ok(&["services", "--output", "json"]).await;
    assert!(
        serde_json::from_str::<serde_json::Value>(&as_json).is_ok(),
        "{as_json}"
    );
}

async fn tells_its_logs(server: &Server) {
    let micro = server.micro();
    let micro = &micro;
    wait::until(
        "the service's first line in its log",
        Duration::from_secs(10),
        || async move {
            let ran = micro.run(&["logs", "greeter"]).await;
            if ran.stdout.trim().is_empty() {
                Err(ran.to_string())
            } else {
                Ok(())
            }
        },
    )
    .await;
    let ran = micro.run(&["logs", "nothere"]).await;
    assert!(ran.failed_with(1).contains("Service not found"));
}

async fn is_updated(server: &Server, source: &Source) {
    source.replace("Hello ", "Good day ");
    let parent = source.folder.parent().unwrap();
    server.micro().within(parent).ok(&["update", "greeter"]).await;
    let http = server.http();
    assert_eq!(
        http.get("/greeter/call?name=Alice").await.ok(),
        json!({"msg": "Good day Alice"}),
        "update returns when the new answers"
    );
}

async fn is_killed(server: &Server) {
    let micro = server.micro();
    micro.ok(&["kill", "greeter"]).await;
    let status = micro.ok(&["status"]).await;
    assert!(row(&status, "greeter").is_none(), "{status}");
    let http = server.http();
    let http = &http;
    wait::until(
        "the gateway to forget the service",
        Duration::from_secs(10),
        || async move {
            let answer = http.get("/greeter/call?name=Alice").await;
            if answer.status == 404 {
                Ok(())
            } else {
                Err(answer.text())
            }
        },
    )
    .await;
}

/// The line of a table that begins with the name.
pub fn row<'a>(table: &'a str, name: &str) -> Option<&'a str> {
    table
        .lines()
        .find(|line| line.split_whitespace().next() == Some(name))
}
