//! Programs that know nothing of the platform, as its services.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use micro::registry::Memory;
use micro::service::reflection::Reflection;
use micro_proto::health::{HEALTH_SERVICE, HealthServer};
use micro_proto::network::{NETWORK_SERVICE, NetworkServer};
use micro_proto::reflection::ServerReflectionServer;
use micro_rpc::{Context, Relay, Streaming};
use micro_server::network::NetworkHandler;
use micro_tests::command::Micro;
use micro_tests::{Server, process, wait};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Child;

const SOON: Duration = Duration::from_secs(60);

/// A program that answers HTTP: with each request's path and body, and with 404 for `Fail`.
async fn program() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
    format!("http://{address}")
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let namespace = request.headers()["micro-namespace"].to_str().unwrap().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let body = String::from_utf8_lossy(&body);
    let failed = path.ends_with("Fail");
    let said = match failed {
        true => "no such hour".to_owned(),
        false => json!({"path": path, "body": body, "namespace": namespace}).to_string(),
    };
    let status = if failed { 404 } else { 200 };
    Ok(Response::builder().status(status).body(Full::from(said)).unwrap())
}

/// A program that answers gRPC under the exact names of its contract, and reflection.
async fn strict_program() -> String {
    let handler = NetworkHandler::new(Arc::new(Memory::new()), "bell".to_owned(), "here:1".to_owned());
    let network = Arc::new(NetworkServer::new(handler));
    let reflection = Reflection::new(&[&NETWORK_SERVICE, &HEALTH_SERVICE]);
    let healthy = micro::service::health::always(vec![String::new()]);
    let program = micro_rpc::Server::builder("program")
        .handle(network)
        .handle(Arc::new(HealthServer::from_arc(healthy)))
        .handle(Arc::new(ServerReflectionServer::new(reflection)))
        .relay(Arc::new(Nowhere))
        .build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        program
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await;
    });
    address
}

/// Where there is a relay, only exact names are answered; this one answers no other.
struct Nowhere;

#[micro_rpc::async_trait]
impl Relay for Nowhere {
    async fn relay(
        &self,
        _: &Context,
        path: &str,
        _: &str,
        _: Streaming<Bytes>,
    ) -> micro_rpc::Result<Streaming<Bytes>> {
        Err(micro_rpc::Error::not_found(
            "program",
            format!("no method {path}"),
        ))
    }
}

async fn registered(micro: &Micro, name: &str, is_expected: bool) {
    wait::until(&format!("{name} to come or go"), SOON, || async {
        let services = micro.ok(&["services"]).await;
        match services.lines().any(|line| line == name) == is_expected {
            true => Ok(()),
            false => Err(services),
        }
    })
    .await;
}

async fn end(child: &mut Child) -> Option<i32> {
    process::signal(child.id().unwrap(), Signal::TERM);
    let ended = tokio::time::timeout(SOON, child.wait()).await;
    ended.unwrap().unwrap().code()
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_become_services_for_as_long_as_they_run() {
    let server = Server::start().await;
    let micro = server.micro();
    let endpoint = program().await;
    let (log, pid) = (server.home().join("clock.log"), server.home().join("clock.pid"));
    let command = format!("echo $$ > {}; exec sleep 1000", pid.display());
    let words = [
        "service",
        "-name=clock",
        "--endpoint",
        &endpoint,
        "--metadata=kind=http",
        "sh",
        "-c",
        &command,
    ];
    let mut clock = micro.start(&words, &log);
    registered(&micro, "clock", true).await;
    let answer: Value =
        serde_json::from_str(&micro.ok(&["call", "clock", "Clock.Now", r#"{"zone": 1}"#]).await).unwrap();
    assert_eq!(
        answer,
        json!({"path": "/Clock/Now", "body": "{\"zone\": 1}", "namespace": "micro"})
    );
    let over_http = server
        .http()
        .post("/clock/now", r#"{"zone":2}"#.to_owned())
        .await
        .ok();
    assert_eq!(over_http["path"], "/Clock/Now", "{over_http}");
    let failed = micro
        .run(&["call", "clock", "Clock.Fail", "{}"])
        .await
        .failed_with(127);
    assert!(failed.contains("no such hour"), "{failed}");
    assert!(micro.ok(&["debug", "health", "clock"]).await.contains("  ok"));
    assert_eq!(end(&mut clock).await, Some(0));
    registered(&micro, "clock", false).await;
    let pid: u32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    assert!(!process::is_alive(pid), "the program ended with it");

    let endpoint = format!("grpc://{}", strict_program().await);
    let mut bells = micro.start(&["service", "--name=bells", "--endpoint", &endpoint], &log);
    registered(&micro, "bells", true).await;
    let answer = micro.ok(&["call", "bells", "Network.Nodes", "{}"]).await;
    assert!(answer.contains("\"id\": \"bell\""), "{answer}");
    // What the program tells about its contract makes commands of its methods, with flags.
    let answer = micro.ok(&["bells", "network", "graph", "--depth=1"]).await;
    assert!(answer.contains("\"network\": \"micro\""), "{answer}");
    let help = micro.ok(&["bells", "network", "routes", "--help"]).await;
    assert!(help.contains("--query-service"), "{help}");
    let streamed = micro
        .run(&["stream", "--request_timeout=1s", "bells", "Health.Watch", "{}"])
        .await;
    assert!(streamed.stdout.contains("SERVING"), "{streamed}");
    assert_eq!(end(&mut bells).await, Some(0));
    registered(&micro, "bells", false).await;

    let part = micro.run(&["service", "store"]).await.failed_with(1);
    assert!(part.contains("the part store does not run alone here"), "{part}");
    let gone = micro
        .run(&[
            "service",
            "--name=gone",
            "--endpoint=http://127.0.0.1:1",
            "sh",
            "-c",
            "exit 7",
        ])
        .await;
    assert!(gone.failed_with(7).contains("ended with code 7"));
}
