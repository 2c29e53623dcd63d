use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::Poll;

use bytes::Bytes;
use micro_proto::http::{Header, Request, RequestHead, ResponseHead};
use micro_rpc::{Context, MethodDescriptor, ServiceDescriptor, Streaming};
use prost::Message;

use super::*;
use crate::Service;

/// Answers with the body that it got, and what it knows of the request.
#[derive(Clone)]
struct Mirror;

impl tower_service::Service<http::Request<Body>> for Mirror {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (head, body) = request.into_parts();
        let namespace = head.extensions.get::<Context>().unwrap().namespace().to_owned();
        let mut response = http::Response::new(body);
        *response.status_mut() = http::StatusCode::CREATED;
        for (name, value) in [
            ("x-said", format!("{} {}", head.method, head.uri)),
            ("x-namespace", namespace),
        ] {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        for value in head.headers.get_all("x-two") {
            response.headers_mut().append("x-two", value.clone());
        }
        ready(Ok(response))
    }
}

fn head(method: &str, uri: &str, lines: &[(&str, &[u8])]) -> Request {
    let header = |(name, value): &(&str, &[u8])| Header {
        name: (*name).to_owned(),
        value: Bytes::copy_from_slice(value),
    };
    Request {
        head: Some(RequestHead {
            method: method.to_owned(),
            uri: uri.to_owned(),
            headers: lines.iter().map(header).collect(),
        }),
        data: Bytes::new(),
    }
}

fn data(bytes: &[u8]) -> Request {
    Request {
        head: None,
        data: Bytes::copy_from_slice(bytes),
    }
}

async fn ask(requests: Vec<Request>) -> micro_rpc::Result<(ResponseHead, Vec<Bytes>)> {
    let ctx = Context::background().with_namespace("acme");
    let answer = Routes::new(Mirror)
        .handle(&ctx, Streaming::from_iter(requests))
        .await?;
    let mut pieces = answer.collect().await?.into_iter();
    let head = pieces.next().unwrap().head.unwrap();
    Ok((head, pieces.map(|piece| piece.data).collect()))
}

#[tokio::test]
async fn requests_and_answers_are_handed_on_as_they_are() {
    let long = vec![7; 150_000];
    let lines = [("x-two", &b"1"[..]), ("X-Two", &b"\xff"[..])];
    let requests = vec![
        head("PUT", "/a%2Fb?c=d&e", &lines),
        data(b""),
        data(b"abc"),
        data(&long),
    ];
    let (head, pieces) = ask(requests).await.unwrap();
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|header| (&*header.name, &header.value[..]))
        .collect();
    assert_eq!(
        headers,
        [
            ("x-said", &b"PUT /a%2Fb?c=d&e"[..]),
            ("x-namespace", b"acme"),
            ("x-two", b"1"),
            ("x-two", b"\xff")
        ]
    );
    assert_eq!(head.status, 201);
    assert!(pieces.iter().all(|piece| (1..=64 * 1024).contains(&piece.len())));
    assert_eq!(pieces.concat(), [&b"abc"[..], &long].concat());
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    for requests in [
        vec![],
        vec![data(b"abc")],
        vec![head("GET", "no path", &[])],
        vec![head("G ET", "/", &[])],
        vec![head("GET", "/", &[("a b", b"")])],
        vec![head("GET", "/", &[("a", b"\n")])],
    ] {
        assert_eq!(ask(requests).await.unwrap_err().code, 400);
    }
}

#[test]
fn routes_are_told_with_the_endpoint() {
    let routes = Routes::new(Mirror)
        .route("POST", "/hooks/{kind}")
        .route("GET", "/files/{*path}");
    let endpoints = Service::new("shop").api(routes).endpoints();
    let route = |method: &str, path: &str| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        ..Route::default()
    };
    let expected = [route("POST", "/hooks/{kind}"), route("GET", "/files/{path=**}")];
    assert_eq!(endpoints[0].name, ENDPOINT);
    assert_eq!(Route::of(&endpoints[0]).unwrap(), expected);
    // The last one counts.
    let service = Service::new("shop").api(Routes::new(Mirror).route("GET", "/a"));
    let endpoints = service.api(Routes::new(Mirror).route("GET", "/b")).endpoints();
    assert_eq!(
        (endpoints.len(), Route::of(&endpoints[0]).unwrap()),
        (1, vec![route("GET", "/b")])
    );
}

#[test]
fn what_cannot_be_read_is_said() {
    let endpoint = Endpoint {
        name: "User.Read".to_owned(),
        metadata: [(METADATA.to_owned(), "GET /a".to_owned())].into(),
        ..Endpoint::default()
    };
    assert!(
        Route::of(&endpoint)
            .unwrap_err()
            .starts_with("the routes of User.Read cannot be read")
    );
    assert_eq!(Route::of(&Endpoint::default()), Ok(Vec::new()));
}

/// A field of protobuf: its key, and bytes with their length.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

#[test]
fn a_contract_tells_its_rules() {
    let custom = field(8, &[field(1, b"REPORT"), field(2, b"/c")].concat());
    let rule = [
        field(4, b"/v1/{name=a/*}"),
        field(7, b"*"),
        field(12, b"text"),
        field(11, &field(2, b"/b")),
        field(11, &custom),
        field(11, &[]),
    ];
    let method = [field(1, b"Read"), field(4, &field(72_295_728, &rule.concat()))].concat();
    let plain = field(2, &field(1, b"Write"));
    let service = [field(1, b"User"), field(2, &method), plain].concat();
    let file = [field(2, b"user"), field(6, &service)].concat();
    let set: &'static [u8] = field(1, &file).leak();
    assert!(prost_types::FileDescriptorSet::decode(set).is_ok());
    let descriptor = ServiceDescriptor {
        package: "user",
        name: "User",
        methods: &[MethodDescriptor {
            name: "Read",
            client_streaming: false,
            server_streaming: false,
        }],
        file_descriptor_set: set,
    };
    let endpoints = crate::registry::schema::endpoints(&descriptor);
    assert_eq!(
        endpoints[0].metadata[METADATA],
        r#"[{"method":"POST","path":"/v1/{name=a/*}","body":"*","response_body":"text"},{"method":"GET","path":"/b"},{"method":"REPORT","path":"/c"}]"#
    );
    assert!(!endpoints[1].metadata.contains_key(METADATA));
}
