//! Where a program answers, and how calls get there.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use micro::registry;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Codec, Context, Error, Relay, Result as Answer, Streaming};
use tokio::net::TcpStream;

use super::contract::Contract;
use crate::errors::{Failure, Result};
use crate::session::is_reachable;

/// How often a program that was just started is looked for.
const PACE: Duration = Duration::from_millis(100);
/// Bytes of an answer.
const LIMIT: usize = 32 * 1024 * 1024;
/// Headers of a call that are about its way here, or that the request to the program has of its own.
const NOT_FORWARDED: &[&str] = &[
    "content-type",
    "content-length",
    "host",
    "user-agent",
    "connection",
    "transfer-encoding",
    "url",
    "method",
    "remote",
];

/// How the program speaks, and at which `host:port`.
#[derive(Debug)]
pub(super) enum Endpoint {
    /// HTTP and JSON, below a path.
    Http { address: String, path: String },
    /// gRPC, with what is known of the contract.
    Grpc {
        address: String,
        contract: Arc<OnceLock<Contract>>,
    },
}

impl Endpoint {
    /// Reads a URL; without a scheme it is gRPC, as it has always been.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("grpc", url));
        let (address, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let address = match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => address.to_owned(),
            None if scheme == "http" && !address.is_empty() => format!("{address}:80"),
            _ => {
                return Err(Failure::new(1, format!("{url:?} is no endpoint"))
                    .with_hint("write http://localhost:9090 or grpc://localhost:9090"));
            }
        };
        match scheme {
            "http" => Ok(Self::Http {
                address,
                path: path.trim_end_matches('/').to_owned(),
            }),
            "grpc" => Ok(Self::Grpc {
                address,
                contract: Arc::default(),
            }),
            other => Err(
                Failure::new(1, format!("endpoints that speak {other} cannot be called"))
                    .with_hint("use one that speaks http or grpc, without TLS: it is on this machine"),
            ),
        }
    }

    fn address(&self) -> &str {
        match self {
            Self::Http { address, .. } | Self::Grpc { address, .. } => address,
        }
    }

    /// A program that we start is waited for. One that somebody else starts may come later: calls say that it is away.
    pub(super) async fn wait(&self, is_ours: bool) {
        while is_ours && !is_reachable(self.address()).await {
            tokio::time::sleep(PACE).await;
        }
    }

    /// What the program tells that it answers; it is asked until it has told.
    pub(super) async fn contract(&self) -> Vec<registry::Endpoint> {
        let Self::Grpc { address, contract } = self else {
            return Vec::new();
        };
        if contract.get().is_none()
            && let Some(told) = Contract::read(address).await
        {
            // Nobody else sets it.
            let _ = contract.set(told);
        }
        contract
            .get()
            .map(|told| told.endpoints().to_vec())
            .unwrap_or_default()
    }

    /// What takes the calls to `name` there.
    pub(super) fn relay(&self, name: &str) -> Arc<dyn Relay> {
        match self {
            Self::Grpc { address, contract } => Arc::new(Grpc {
                client: Client::to_address(address),
                contract: contract.clone(),
            }),
            Self::Http { address, path } => Arc::new(Http {
                service: name.to_owned(),
                address: address.clone(),
                path: path.clone(),
            }),
        }
    }
}

/// Service, handler and method of `/clock.Clock/Now`.
fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let (target, method) = path.strip_prefix('/')?.split_once('/')?;
    let (service, handler) = target.rsplit_once('.').unwrap_or(("", target));
    (!handler.is_empty() && !method.is_empty()).then_some((service, handler, method))
}

fn malformed(path: &str) -> Error {
    Error::bad_request("micro", format!("malformed method name: {path:?}"))
}

struct Grpc {
    client: Client,
    contract: Arc<OnceLock<Contract>>,
}

#[micro_rpc::async_trait]
impl Relay for Grpc {
    async fn relay(
        &self,
        ctx: &Context,
        path: &str,
        content_type: &str,
        requests: Streaming<Bytes>,
    ) -> Answer<Streaming<Bytes>> {
        let (service, handler, method) = parts(path).ok_or_else(|| malformed(path))?;
        let codec = Codec::from_content_type(content_type).unwrap_or(Codec::Proto);
        let known = self.contract.get().and_then(|contract| contract.package(handler));
        let service = known.unwrap_or(service);
        self.client
            .stream_raw(ctx, service, &format!("{handler}.{method}"), codec, requests)
            .await
    }
}

struct Http {
    service: String,
    address: String,
    path: String,
}

#[micro_rpc::async_trait]
impl Relay for Http {
    async fn relay(
        &self,
        ctx: &Context,
        path: &str,
        content_type: &str,
        mut requests: Streaming<Bytes>,
    ) -> Answer<Streaming<Bytes>> {
        let body = requests.next().await.transpose()?.unwrap_or_default();
        let request = self.request(ctx, path, content_type, body)?;
        let sent = self.send(request);
        let (status, body) = match ctx.remaining() {
            Some(left) => tokio::time::timeout(left, sent).await.map_err(|_| {
                Error::timeout(&*self.service, "the program did not answer before the deadline")
            })??,
            None => sent.await?,
        };
        if status.is_success() {
            return Ok(Streaming::from_iter([body]));
        }
        let text = String::from_utf8_lossy(&body);
        let code = i32::from(status.as_u16());
        Err(Error::parse(&text).unwrap_or_else(|| Error::new(&*self.service, code, text.trim())))
    }
}

impl Http {
    /// A POST to `/Handler/Method`, unless the caller names another path and method as callers of the original do.
    fn request(
        &self,
        ctx: &Context,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Answer<Request<Full<Bytes>>> {
        let (_, handler, method) = parts(path).ok_or_else(|| malformed(path))?;
        let named = |name: &str| ctx.metadata().get(name).filter(|value| !value.is_empty());
        let place = match named("micro-endpoint").filter(|path| path.starts_with('/')) {
            Some(given) => given.to_owned(),
            None => format!("/{handler}/{method}"),
        };
        let verb = named("micro-method").and_then(|verb| Method::from_bytes(verb.as_bytes()).ok());
        let kind = match Codec::from_content_type(content_type) {
            Some(Codec::Proto) => "application/protobuf",
            _ => "application/json",
        };
        let mut request = Request::builder()
            .method(verb.unwrap_or(Method::POST))
            .uri(format!("{}{place}", self.path))
            .header(HOST, &self.address)
            .header(CONTENT_TYPE, kind);
        for (name, value) in ctx.metadata().iter() {
            if !NOT_FORWARDED.contains(&name) && !name.starts_with(':') {
                request = request.header(name, value);
            }
        }
        let trace = ctx.trace();
        let parent = trace.parent.as_ref().map(|parent| ("micro-span-id", parent));
        for (name, id) in [("micro-trace-id", &trace.id)].into_iter().chain(parent) {
            if ctx.metadata().get(name).is_none() {
                request = request.header(name, &*id.text());
            }
        }
        request
            .body(Full::new(body))
            .map_err(|error| Error::bad_request(&*self.service, error.to_string()))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer<(StatusCode, Bytes)> {
        let away = |error: &dyn std::fmt::Display| {
            let detail = format!("the program at http://{} does not answer: {error}", self.address);
            Error::unavailable(&*self.service, detail)
        };
        let stream = TcpStream::connect(&self.address)
            .await
            .map_err(|error| away(&error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| away(&error))?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|error| away(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LIMIT).collect().await;
        connection.abort();
        Ok((status, body.map_err(|error| away(&error))?.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read() {
        let shown = |url: &str| {
            Endpoint::parse(url).ok().map(|endpoint| match endpoint {
                Endpoint::Http { address, path } => format!("http {address} {path}"),
                Endpoint::Grpc { address, .. } => format!("grpc {address}"),
            })
        };
        for (url, expected) in [
            ("http://localhost:9090", Some("http localhost:9090 ")),
            ("http://localhost/api/", Some("http localhost:80 /api")),
            ("grpc://[::1]:1", Some("grpc [::1]:1")),
            ("localhost:9090", Some("grpc localhost:9090")),
            ("https://localhost:1", None),
            ("mucp://localhost:1", None),
            ("localhost", None),
            ("http://", None),
        ] {
            assert_eq!(shown(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn calls_become_requests() {
        let http = Http {
            service: "clock".to_owned(),
            address: "localhost:1".to_owned(),
            path: "/api".to_owned(),
        };
        let make = |ctx: &Context, kind: &str| {
            let request = http
                .request(ctx, "/clock.Clock/Now", kind, Bytes::from("{}"))
                .unwrap();
            let kind = request.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
            (request.method().to_string(), request.uri().to_string(), kind)
        };
        let plain = Context::background();
        let expected =
            |verb: &str, path: &str, kind: &str| (verb.to_owned(), path.to_owned(), kind.to_owned());
        assert_eq!(
            make(&plain, "application/grpc+json"),
            expected("POST", "/api/Clock/Now", "application/json")
        );
        let named = plain
            .with_metadata("Micro-Endpoint", "/now")
            .with_metadata("Micro-Method", "GET");
        assert_eq!(
            make(&named, "application/grpc"),
            expected("GET", "/api/now", "application/protobuf")
        );
        assert!(http.request(&named, "nonsense", "", Bytes::new()).is_err());
    }
}
