//! A caller over HTTP/1.1: one connection that is kept, and requests that come round.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// From one request to the next: an order that no cache of the processor foresees.
const STRIDE: usize = 7_919;

/// What is sent: requests that differ in their paths alone. Each is answered with the greeting of Alice.
#[derive(Clone)]
pub struct Requests {
    request: Request<Full<Bytes>>,
    paths: Arc<[Uri]>,
}

impl Requests {
    /// The same for each of the paths. What they share is at hand for the caller, however many there are.
    pub fn to(request: Request<Full<Bytes>>, paths: &[String]) -> Result<Self> {
        let paths = paths.iter().map(|path| path.parse()).collect::<Result<_, _>>()?;
        Ok(Self { request, paths })
    }

    /// The last of them alone.
    pub fn last(&self) -> Self {
        let last = self.paths.last().cloned();
        Self {
            request: self.request.clone(),
            paths: last.into_iter().collect(),
        }
    }

    fn of(&self, number: usize) -> Request<Full<Bytes>> {
        let mut request = self.request.clone();
        *request.uri_mut() = self.paths[number % self.paths.len()].clone();
        request
    }
}

impl From<Request<Full<Bytes>>> for Requests {
    fn from(request: Request<Full<Bytes>>) -> Self {
        Self {
            paths: [request.uri().clone()].into(),
            request,
        }
    }
}

/// One connection, with one request in flight.
pub struct Caller {
    sender: SendRequest<Full<Bytes>>,
    requests: Requests,
    next: usize,
}

impl Caller {
    /// So many connections. They begin at different requests.
    pub async fn connect(address: SocketAddr, requests: &Requests, count: usize) -> Result<Vec<Self>> {
        let mut callers = Vec::new();
        for number in 0..count {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            // It ends with its caller.
            tokio::spawn(connection);
            callers.push(Self {
                sender,
                requests: requests.clone(),
                next: number * requests.paths.len() / count,
            });
        }
        Ok(callers)
    }

    /// Sends the next request and checks the answer.
    pub async fn call(mut self) -> Result<Self> {
        let request = self.requests.of(self.next);
        self.next += STRIDE;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(
            status == 200 && body.as_ref() == br#"{"msg":"Hello Alice"}"#,
            "{status} {body:?}"
        );
        Ok(self)
    }
}

/// A call of the endpoint at the path, with a token.
pub fn call(path: &str, token: &str) -> Result<Request<Full<Bytes>>> {
    Ok(Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Full::new(Bytes::from_static(br#"{"name":"Alice"}"#)))?)
}

/// A request whose path says all.
pub fn get(path: &str, token: &str) -> Result<Request<Full<Bytes>>> {
    Ok(Request::get(path)
        .header("host", "localhost")
        .header("authorization", format!("Bearer {token}"))
        .body(Full::default())?)
}
