//! HTTP/2 spoken by a peer that can also do what a well-behaved one does not.

use std::time::Duration;

use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response, StatusCode};
use micro_rpc::bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub(crate) struct Peer {
    pub requests: SendRequest<Bytes>,
    ended: JoinHandle<Result<(), h2::Error>>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        text(&self.headers, name)
    }
}

/// The value of a header; empty without it.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap_or_default())
}

/// A request to a gateway.
pub(crate) fn request(line: &str, headers: &[(&str, &str)]) -> Request<()> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(format!("http://x{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

impl Peer {
    pub(crate) async fn connect(address: &str) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), &Builder::new()).await
    }

    pub(crate) async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        builder: &Builder,
    ) -> Self {
        let (requests, connection) = builder.handshake(stream).await.unwrap();
        Self {
            requests,
            ended: tokio::spawn(connection),
        }
    }

    /// Begins a request whose body is still to come.
    pub(crate) async fn open(&self, request: Request<()>) -> (ResponseFuture, SendStream<Bytes>) {
        let mut requests = self.requests.clone().ready().await.unwrap();
        requests.send_request(request, false).unwrap()
    }

    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let (answer, mut sending) = self.open(request(line, headers)).await;
        sending.send_data(body.into(), true).unwrap();
        whole(answer.await.unwrap()).await
    }

    /// How the connection ends that this side would keep.
    pub(crate) async fn ended_by_the_other(self) -> Result<(), h2::Error> {
        let _kept = self.requests;
        let ended = tokio::time::timeout(PATIENCE, self.ended).await;
        ended.expect("the connection ends").unwrap()
    }
}

/// Reads an answer to its end.
pub(crate) async fn whole(answer: Response<RecvStream>) -> Answer {
    let (head, mut body) = answer.into_parts();
    let mut all = Vec::new();
    while let Some(data) = next(&mut body).await {
        all.extend_from_slice(&data);
    }
    let trailers = body.trailers().await.unwrap().unwrap_or_default();
    Answer {
        status: head.status,
        headers: head.headers,
        body: all,
        trailers,
    }
}

/// The next piece of an answer.
pub(crate) async fn next(body: &mut RecvStream) -> Option<Bytes> {
    loop {
        let data = tokio::time::timeout(PATIENCE, body.data()).await;
        let data = data.expect("a piece")?.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        // The last one may say nothing but that.
        if !data.is_empty() {
            return Some(data);
        }
    }
}
