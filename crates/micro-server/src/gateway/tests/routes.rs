//! Requests that are handed on to a service, and services that answer badly.

use std::sync::Arc;
use std::time::Duration;

use micro::api::{ENDPOINT, METADATA, Route};
use micro::registry::{Endpoint, Node, Service};
use micro_proto::http::{Header, Http, HttpServer, Request, Response, ResponseHead};
use micro_rpc::bytes::Bytes;
use micro_rpc::{Context, Error, Result, Server, Streaming};
use tokio::net::TcpListener;

use super::http::{get, send};
use super::*;

/// Does what the path says.
struct Odd;

#[micro_rpc::async_trait]
impl Http for Odd {
    async fn handle(&self, _ctx: &Context, mut requests: Streaming<Request>) -> Result<Streaming<Response>> {
        let first = requests
            .next()
            .await
            .ok_or_else(|| Error::bad_request("odd", "nothing"))??;
        let uri = first.head.unwrap_or_default().uri;
        let head = |status: i32, headers: &[(&str, &str)]| Response {
            head: Some(ResponseHead {
                status,
                headers: headers.iter().map(header).collect(),
            }),
            data: Bytes::new(),
        };
        let data = |text: &'static str| Response {
            head: None,
            data: text.into(),
        };
        let pieces = match uri.trim_start_matches("/odd/") {
            "nothing" => vec![],
            "headless" => vec![data("x")],
            "status" => vec![head(1000, &[])],
            "name" => vec![head(200, &[("a b", "c")])],
            "error" => return Err(Error::conflict("odd.Odd", "no")),
            "sleep" => {
                // Whatever is sent is taken, and nothing is answered.
                while requests.next().await.transpose()?.is_some() {}
                std::future::pending::<()>().await;
                vec![]
            }
            "all" => {
                let mut length = 0;
                while let Some(piece) = requests.next().await {
                    length += piece?.data.len();
                }
                vec![head(200, &[("x-length", &length.to_string())])]
            }
            "short" => vec![head(200, &[("content-length", "5")]), data("abc")],
            "breaks" => {
                let pieces = [
                    Ok(head(200, &[])),
                    Ok(data("abc")),
                    Err(Error::conflict("odd", "off")),
                ];
                return Ok(Streaming::new(micro_rpc::futures_util::stream::iter(pieces)));
            }
            _ => vec![
                head(
                    200,
                    &[
                        ("content-type", "text/html"),
                        ("content-security-policy", "default-src 'self'"),
                        ("connection", "x-hop"),
                        ("x-hop", "1"),
                        ("clear-site-data", "*"),
                        ("set-cookie", "micro-token=stolen"),
                        ("set-cookie", "a=b"),
                    ],
                ),
                data("he"),
                data(""),
                data("llo"),
            ],
        };
        Ok(Streaming::from_iter(pieces))
    }
}

fn header((name, value): &(&str, &str)) -> Header {
    Header {
        name: (*name).to_owned(),
        value: Bytes::copy_from_slice(value.as_bytes()),
    }
}

async fn start() -> Subject {
    let subject = super::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = Server::builder("odd")
        .handle(Arc::new(HttpServer::new(Odd)))
        .build();
    tokio::spawn(async move {
        server
            .serve(listener, std::future::pending(), Duration::ZERO)
            .await
    });
    let route = |method: &str, path: &str| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        ..Route::default()
    };
    // The second would take what is an endpoint of another service, if it could.
    let routes = [route("*", "/odd/{what}"), route("*", "/{all=**}")];
    let endpoint = Endpoint {
        name: ENDPOINT.to_owned(),
        metadata: [(METADATA.to_owned(), serde_json::to_string(&routes).unwrap())].into(),
        ..Endpoint::default()
    };
    let service = Service {
        name: "odd".to_owned(),
        endpoints: vec![endpoint],
        nodes: vec![Node {
            id: "odd-1".to_owned(),
            address,
            ..Node::default()
        }],
        ..Service::default()
    };
    let registry = &subject.gateway.0.config.registry;
    registry.register("micro", service, None).await.unwrap();
    let served = async {
        while subject.gateway.0.routes.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), served)
        .await
        .unwrap();
    subject
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_handed_on_but_for_what_is_the_gateways() {
    let subject = start().await;
    let answer = get(&subject.address, "/odd/hello").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    for (line, is_there) in [
        ("content-type: text/html", true),
        ("content-security-policy: default-src 'self'", true),
        ("x-content-type-options: nosniff", true),
        ("set-cookie: a=b", true),
        ("micro-token", false),
        ("x-hop", false),
        ("clear-site-data", false),
    ] {
        assert_eq!(answer.head.contains(line), is_there, "{line}: {}", answer.head);
    }
    let sent = send(&subject.address, "POST /odd/all", &[], vec![7; 150 * 1024]).await;
    assert!(sent.head.contains("x-length: 153600"), "{}", sent.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_an_endpoint_already_is_not_taken() {
    let subject = start().await;
    for (line, body) in [
        ("GET /echo/call?name=Ada", ""),
        ("POST /echo/echo/call", "{\"name\":\"Ada\"}"),
    ] {
        let answer = send(&subject.address, line, &[], body).await;
        assert_eq!(answer.json()["name"], "Ada", "{line}");
    }
    assert_eq!(
        get(&subject.address, "/openapi/none.json").await.failed(404),
        "no service of that name tells its contract"
    );
    assert_eq!(
        get(&subject.address, "/").await.text(),
        "{\"version\": \"1.2.3\"}"
    );
    // All else is the route's, in its namespace.
    assert_eq!(get(&subject.address, "/echo/none").await.text(), "hello");
    let elsewhere = [("micro-namespace", "acme"), ("authorization", "Bearer of-acme")];
    let answer = send(&subject.address, "GET /odd/hello", &elsewhere, "").await;
    assert_eq!(answer.failed(404), "service not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_badly_is_told_apart() {
    let subject = start().await;
    for (what, status, says) in [
        ("nothing", 502, "answered with nothing"),
        ("headless", 502, "answered with nothing"),
        ("status", 502, "no status"),
        ("name", 502, "header"),
        ("error", 409, "no"),
    ] {
        let detail = get(&subject.address, &format!("/odd/{what}"))
            .await
            .failed(status);
        assert!(detail.contains(says), "{what}: {detail}");
    }
    // What is cut off does not look whole, if any of it was sent at all.
    for what in ["short", "breaks"] {
        let request = format!("GET /odd/{what} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = super::http::exchange(&subject.address, request.as_bytes(), false).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let is_begun = answer.starts_with("HTTP/1.1 200") && !answer.ends_with("0\r\n\r\n");
        assert!(answer.is_empty() || is_begun, "{what}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_waits_are_bounded() {
    let subject = start().await;
    let large = vec![0; 201 * 1024];
    let told = send(&subject.address, "POST /odd/all", &[], &large).await;
    assert!(told.failed(413).contains("larger than the limit"));
    let chunk = format!("{:x}\r\n{}\r\n", large.len(), "0".repeat(large.len()));
    let chunked = format!(
        "POST /odd/all HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n"
    );
    let answer = super::http::exchange(&subject.address, chunked.as_bytes(), false).await;
    assert!(
        super::http::parse(&answer)
            .failed(413)
            .contains("larger than the limit")
    );
    let slow = send(&subject.address, "POST /odd/sleep", &[], "abc").await;
    assert!(slow.failed(408).contains("odd did not begin to answer in time"));
    let asked = send(
        &subject.address,
        "POST /odd/sleep",
        &[("timeout", "50000000")],
        "abc",
    )
    .await;
    asked.failed(408);
    let unfinished = "POST /odd/all HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc";
    let answer = super::http::exchange(&subject.address, unfinished.as_bytes(), false).await;
    super::http::parse(&answer).failed(408);
}
