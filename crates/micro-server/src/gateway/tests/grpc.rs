//! gRPC on the port of HTTP, by tonic and by hand.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use http::uri::PathAndQuery;
use micro::registry::{Node, Service};
use micro_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthServer};
use micro_proto::registry::Value;
use micro_rpc::Server;
use micro_rpc::bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::http::get;
use super::peer::{Peer, text};
use super::{limits, start, start_with};
use crate::gateway::Limits;

type Messages = ProstCodec<Value, Value>;

async fn client(address: &str) -> Grpc<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    Grpc::new(endpoint.connect().await.unwrap())
}

/// The client, which wants to be asked before every call whether it is ready.
async fn ready(client: &mut Grpc<Channel>) -> &mut Grpc<Channel> {
    client.ready().await.unwrap();
    client
}

fn path(path: &'static str) -> PathAndQuery {
    PathAndQuery::from_static(path)
}

fn named(name: &str) -> Value {
    Value {
        name: name.to_owned(),
        ..Value::default()
    }
}

/// A request with some headers.
fn with(name: &str, headers: &[(&'static str, &'static str)]) -> Request<Value> {
    let mut request = Request::new(named(name));
    for (name, value) in headers {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

async fn unary(
    client: &mut Grpc<Channel>,
    called: &'static str,
    request: Request<Value>,
) -> Result<String, Status> {
    let answer = ready(client)
        .await
        .unary(request, path(called), Messages::default())
        .await?;
    Ok(answer.into_inner().name)
}

async fn count(client: &mut Grpc<Channel>, to: &str) -> (Vec<String>, Option<Status>) {
    let request = Request::new(named(to));
    let answer = ready(client)
        .await
        .server_streaming(request, path("/echo.Echo/Count"), Messages::default())
        .await;
    match answer {
        Ok(answer) => names(answer.into_inner()).await,
        Err(status) => (Vec::new(), Some(status)),
    }
}

async fn names(
    mut answers: impl Stream<Item = Result<Value, Status>> + Unpin,
) -> (Vec<String>, Option<Status>) {
    let mut names = Vec::new();
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(answer) => names.push(answer.name),
            Err(status) => return (names, Some(status)),
        }
    }
    (names, None)
}

#[tokio::test]
async fn calls_of_all_four_kinds_are_answered() {
    let subject = start().await;
    let mut client = client(&subject.address).await;
    assert_eq!(
        unary(&mut client, "/echo.Echo/Call", with("ada", &[]))
            .await
            .unwrap(),
        "ada"
    );
    let large = unary(&mut client, "/echo.Echo/Call", with("large", &[])).await;
    assert_eq!(large.unwrap().len(), 3 << 20);
    let (counted, status) = count(&mut client, "3").await;
    assert_eq!(
        (counted.join(" "), status.map(|status| status.code())),
        ("0 1 2".to_owned(), None)
    );
    let words = stream::iter(["one", "two", "three"].map(named));
    let joined = ready(&mut client)
        .await
        .client_streaming(Request::new(words), path("/echo.Echo/Join"), Messages::default())
        .await
        .unwrap();
    assert_eq!(joined.into_inner().name, "one two three");

    // Both ways at once: each word is sent when the one before is answered.
    let (sender, mut words) = mpsc::channel(1);
    let words = stream::poll_fn(move |cx| words.poll_recv(cx));
    let mut answers = ready(&mut client)
        .await
        .streaming(Request::new(words), path("/echo.Echo/Chat"), Messages::default())
        .await
        .unwrap()
        .into_inner();
    for word in ["one", "two"] {
        sender.send(named(word)).await.unwrap();
        assert_eq!(
            answers.message().await.unwrap().unwrap().name,
            word.to_uppercase()
        );
    }
    drop(sender);
    assert_eq!(answers.message().await.unwrap(), None);
    // Plain HTTP is what it was.
    assert_eq!(get(&subject.address, "/echo/call?name=x").await.status, 200);
}

#[tokio::test]
async fn errors_are_said_as_grpc_says_them() {
    let subject = start().await;
    let mut client = client(&subject.address).await;
    let failed = unary(&mut client, "/echo.Echo/Call", with("fail", &[]))
        .await
        .unwrap_err();
    assert_eq!(failed.code(), Code::AlreadyExists);
    let error = micro_rpc::Error::parse(failed.message()).unwrap();
    assert_eq!(
        (error.id.as_str(), error.detail.as_str()),
        ("echo.Echo.Call", "100% é")
    );
    let (counted, status) = count(&mut client, "2!").await;
    assert_eq!((counted.len(), status.unwrap().code()), (2, Code::AlreadyExists));
    let (counted, status) = count(&mut client, "!").await;
    assert_eq!((counted.len(), status.unwrap().code()), (0, Code::AlreadyExists));
    let large = "x".repeat(110 * 1024);
    let refused = unary(&mut client, "/echo.Echo/Call", with(&large, &[]))
        .await
        .unwrap_err();
    assert!(refused.message().contains("limit of 102400 bytes"), "{refused}");
    let gone = unary(&mut client, "/gone.Echo/Call", with("x", &[]))
        .await
        .unwrap_err();
    assert!(
        matches!(gone.code(), Code::Unavailable | Code::Internal),
        "{gone}"
    );
}

#[tokio::test]
async fn the_service_is_that_of_the_package_or_of_the_header() {
    let subject = start().await;
    let mut client = client(&subject.address).await;
    let by_header: &[(&str, &str)] = &[("micro-service", "echo")];
    let by_long_name: &[(&str, &str)] = &[("micro-service", "go.micro.service.echo")];
    for (called, headers, expected) in [
        ("/echo.Echo/Call", &[][..], None),
        ("/go.micro.service.echo.Echo/Call", &[], None),
        ("/echo.v1.Echo/Call", &[], None),
        ("/foo.bar.Echo/Call", &[], None),
        ("/acme.words.v2.Echo/Call", by_header, None),
        ("/Echo/Call", by_long_name, None),
        ("/Echo/Call", &[], Some(Code::InvalidArgument)),
        ("/nothing.Echo/Call", &[], Some(Code::Unimplemented)),
        ("/acme.words.v2.Echo/Call", &[], Some(Code::Unimplemented)),
        ("/echo.Echo/Nothing", &[], Some(Code::Unimplemented)),
        ("/echo.Nothing/Call", &[], Some(Code::Unimplemented)),
        ("/echo.Echo/Call/more", &[], Some(Code::InvalidArgument)),
        ("/echo.Echo", &[], Some(Code::InvalidArgument)),
        ("/echo.Ec-ho/Call", &[], Some(Code::InvalidArgument)),
        ("/../echo.Echo/Call", &[], Some(Code::InvalidArgument)),
    ] {
        let answer = unary(&mut client, called, with("x", headers)).await;
        let code = answer.err().map(|status| status.code());
        assert_eq!(code, expected, "{called} {headers:?}");
    }
}

#[tokio::test]
async fn who_may_is_decided_as_for_every_request() {
    let subject = start().await;
    let mut client = client(&subject.address).await;
    for (headers, expected) in [
        (&[("micro-namespace", "acme")][..], Some(Code::Unauthenticated)),
        (&[("authorization", "Bearer of-acme")], None),
        (
            &[("micro-namespace", "acme"), ("authorization", "Bearer of-micro")],
            Some(Code::Unauthenticated),
        ),
        (
            &[("micro-namespace", "acme"), ("cookie", "micro-token=of-acme")],
            None,
        ),
        (&[("micro-namespace", "a/b")], Some(Code::InvalidArgument)),
    ] {
        let answer = unary(&mut client, "/echo.Echo/Call", with("x", headers)).await;
        assert_eq!(answer.err().map(|status| status.code()), expected, "{headers:?}");
    }
    // The header that names the service is not handed on.
    let named = with("service", &[("micro-service", "echo")]);
    assert_eq!(
        unary(&mut client, "/acme.words.Echo/Call", named).await.unwrap(),
        "none"
    );
    // Streams too.
    let mut request = with("1", &[("micro-namespace", "acme")]);
    let counted = ready(&mut client)
        .await
        .server_streaming(request, path("/echo.Echo/Count"), Messages::default())
        .await;
    assert_eq!(counted.unwrap_err().code(), Code::Unauthenticated);
    request = with("headers", &[("x-one", "1"), ("authorization", "Bearer of-acme")]);
    let seen = unary(&mut client, "/echo.Echo/Call", request).await.unwrap();
    let expected =
        "authorization=Bearer of-acme|method=POST|url=/echo.Echo/Call|micro-namespace=acme|x-one=1|";
    assert!(seen.starts_with(expected), "{seen}");
}

#[tokio::test]
async fn a_call_is_named() {
    let subject = start().await;
    let mut client = client(&subject.address).await;
    let request = with("id", &[("x-request-id", "mine")]);
    let answer = ready(&mut client)
        .await
        .unary(request, path("/echo.Echo/Call"), Messages::default())
        .await
        .unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "mine");
    assert!(answer.into_inner().name.starts_with("mine "));
}

/// A call by hand: its status, its message, and what it answered.
async fn by_hand(address: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> (u8, String, Bytes) {
    let peer = Peer::connect(address).await;
    let headers = [&[("te", "trailers")], headers].concat();
    let answer = peer.ask("POST /echo.Echo/Call", &headers, body).await;
    assert_eq!(answer.status, 200);
    let alone = answer.headers.contains_key("grpc-status");
    assert!(
        !alone || answer.body.is_empty() && answer.trailers.is_empty(),
        "{answer:?}"
    );
    let said = if alone { &answer.headers } else { &answer.trailers };
    let (status, message) = (text(said, "grpc-status"), text(said, "grpc-message"));
    (status.parse().unwrap(), message.to_owned(), answer.body.into())
}

fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[flag][..], &length.to_be_bytes(), message].concat()
}

const PROTO: (&str, &str) = ("content-type", "application/grpc");

#[tokio::test]
async fn json_is_a_codec_of_grpc() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    for (sent, answered) in [
        ("application/grpc+json", "application/grpc+json"),
        ("application/grpc+json; charset=utf-8", "application/grpc+json"),
        ("application/grpc", "application/grpc"),
        ("application/grpc+proto", "application/grpc+proto"),
    ] {
        let message: &[u8] = if sent.contains("json") {
            br#"{"name":"x"}"#
        } else {
            b"\x0a\x01x"
        };
        let answer = peer
            .ask(
                "POST /echo.Echo/Call",
                &[("content-type", sent)],
                frame(0, message),
            )
            .await;
        assert_eq!(answer.header("content-type"), answered);
        assert_eq!(text(&answer.trailers, "grpc-status"), "0");
        assert!(answer.body[5..].windows(1).any(|byte| byte == b"x"));
    }
    let (status, message, _) =
        by_hand(&subject.address, &[("content-type", "application/grpc+xml")], "").await;
    assert_eq!(status, 3);
    assert!(message.contains("application/grpc+xml"), "{message}");
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let subject = start().await;
    for (body, expected) in [
        (frame(1, b"\x0a\x01x"), 12),
        (vec![0, 0, 0], 3),
        (frame(0, b"\x0a\x01x")[..6].to_vec(), 3),
        (frame(0, b"\xff\xff"), 3),
        // A length that would not fit into the memory of most machines.
        (vec![0, 255, 255, 255, 255], 2),
        // Nothing is the empty message.
        (Vec::new(), 0),
        (frame(0, b""), 0),
    ] {
        let (status, message, _) = by_hand(&subject.address, &[PROTO], body.clone()).await;
        assert_eq!(status, expected, "{body:?} {message}");
    }
}

#[tokio::test]
async fn a_call_ends_with_its_deadline() {
    let subject = start_with(Limits {
        call: Duration::from_secs(60),
        ..limits()
    })
    .await;
    let sleep = frame(0, b"\x0a\x05sleep");
    for soon in [("grpc-timeout", "50m"), ("timeout", "50000000")] {
        let (status, ..) = by_hand(&subject.address, &[PROTO, soon], sleep.clone()).await;
        assert_eq!(status, 4, "{soon:?}");
    }
    // Streams have one too.
    let peer = Peer::connect(&subject.address).await;
    let headers = [PROTO, ("grpc-timeout", "50m")];
    let answer = peer
        .ask("POST /echo.Echo/Count", &headers, frame(0, b"\x0a\x04wait"))
        .await;
    let said = if answer.trailers.is_empty() {
        &answer.headers
    } else {
        &answer.trailers
    };
    assert_eq!(text(said, "grpc-status"), "4");
    // A unary call without one has the gateway's.
    let subject = start_with(Limits {
        call: Duration::from_millis(50),
        ..limits()
    })
    .await;
    let (status, ..) = by_hand(&subject.address, &[PROTO], sleep).await;
    assert_eq!(status, 4);
}

#[tokio::test]
async fn a_message_that_does_not_come_is_not_waited_for() {
    let subject = start().await;
    let peer = Peer::connect(&subject.address).await;
    let (answer, _sending) = peer
        .open(super::peer::request("POST /echo.Echo/Call", &[PROTO]))
        .await;
    assert_eq!(text(answer.await.unwrap().headers(), "grpc-status"), "4");
}

#[tokio::test]
async fn a_stream_ends_with_its_caller() {
    let subject = start().await;
    let mut client = client(&subject.address).await;
    let request = Request::new(named("wait"));
    // It is opened though it has nothing to say.
    let answers = ready(&mut client)
        .await
        .server_streaming(request, path("/echo.Echo/Count"), Messages::default())
        .await
        .unwrap();
    drop((answers, client));
    subject.stop.send(()).unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(4), subject.serving).await;
    assert!(
        stopped.is_ok(),
        "nobody reads the stream, so nothing is left to drain"
    );
}

#[tokio::test]
async fn what_tools_ask_every_server_the_proxy_answers() {
    let subject = start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Service {
        name: "proxy".to_owned(),
        nodes: vec![Node {
            id: "proxy-1".to_owned(),
            address: listener.local_addr().unwrap().to_string(),
            ..Node::default()
        }],
        ..Service::default()
    };
    let registry = &subject.gateway.0.config.registry;
    registry.register("micro", proxy, None).await.unwrap();
    let health = HealthServer::from_arc(micro::service::health::always(Vec::new()));
    let server = Server::builder("proxy")
        .handle(std::sync::Arc::new(health))
        .build();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await
    });

    let mut client = client(&subject.address).await;
    let request = Request::new(HealthCheckRequest::default());
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let answer = ready(&mut client)
        .await
        .unary(request, path("/grpc.health.v1.Health/Check"), codec)
        .await;
    assert_eq!(answer.unwrap().into_inner().status, 1);
}
