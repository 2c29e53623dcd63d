//! One outbound call.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use http::header::{AUTHORIZATION, CONTENT_TYPE, TE};
use http::uri::{self, Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};

use super::Inner;
use super::connection::{Connection, Slot};
use crate::frame::{Frames, MESSAGE_LIMIT, broken, send, send_unary};
use crate::names::{GRPC_MESSAGE, GRPC_STATUS, GRPC_TIMEOUT, NAMESPACE, SPAN_ID, TIMEOUT, TRACE_ID};
use crate::{Codec, Context, Error, Result, Streaming};

const ATTEMPTS: usize = 3;

/// So many headers a call has of its own at most.
const OWN_HEADERS: usize = 8;

/// Metadata that belongs to one hop, or that is set anew for the next.
const NOT_FORWARDED: [&str; 12] = [
    "content-type",
    "te",
    "user-agent",
    "timeout",
    "grpc-timeout",
    "micro-trace-id",
    "micro-span-id",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "grpc-accept-encoding",
];

pub(super) async fn unary(
    client: &Inner,
    ctx: &Context,
    service: &str,
    endpoint: &str,
    codec: Codec,
    frame: Bytes,
) -> Result<Bytes> {
    let deadline = ctx.deadline().unwrap_or_else(|| Instant::now() + client.timeout);
    let call = async {
        let (answer, mut out, _slot) = start(client, ctx, service, endpoint, codec, Some(deadline)).await?;
        // Who refuses a request early says why in the answer: that counts more than that it stopped reading.
        let sent = send_unary(&mut out, frame, true).await;
        let answer = answer
            .await
            .map_err(|error| sent.err().unwrap_or_else(|| broken(&error)))?;
        let (mut frames, failed) = open(answer);
        if let Some(error) = failed {
            return Err(error);
        }
        let body = frames.next().await?;
        finish(&mut frames).await?;
        body.ok_or_else(|| Error::internal("go.micro.client", format!("{service} answered nothing")))
    };
    tokio::time::timeout_at(deadline.into(), call)
        .await
        .unwrap_or_else(|_| Err(Error::timeout("go.micro.client", "context deadline exceeded")))
}

pub(super) async fn stream(
    client: &Inner,
    ctx: &Context,
    service: &str,
    endpoint: &str,
    codec: Codec,
    frames: Streaming<Bytes>,
) -> Result<Streaming<Bytes>> {
    let (answer, out, slot) = start(client, ctx, service, endpoint, codec, ctx.deadline()).await?;
    let sending = Sending::start(out, frames);
    let state = Receiving::Waiting(answer);
    let stream = stream::unfold((state, sending, slot), |(state, sending, slot)| async move {
        match receive(state).await {
            Ok((Some(body), frames)) => Some((Ok(body), (Receiving::Open(frames), sending, slot))),
            Ok((None, _)) => None,
            Err(Some(error)) => Some((Err(sending.cause(error)), (Receiving::Ended, sending, slot))),
            Err(None) => None,
        }
    });
    Ok(match ctx.deadline() {
        Some(deadline) => bounded(Streaming::new(stream), deadline),
        None => Streaming::new(stream),
    })
}

fn bounded(messages: Streaming<Bytes>, deadline: Instant) -> Streaming<Bytes> {
    Streaming::new(stream::unfold(Some(messages), move |messages| async move {
        let mut messages = messages?;
        match tokio::time::timeout_at(deadline.into(), messages.next()).await {
            Ok(item) => item.map(|item| (item, Some(messages))),
            Err(_) => Some((
                Err(Error::timeout("go.micro.client", "context deadline exceeded")),
                None,
            )),
        }
    }))
}

enum Receiving {
    Waiting(ResponseFuture),
    Open(Box<Frames>),
    Ended,
}

async fn receive(state: Receiving) -> Result<(Option<Bytes>, Box<Frames>), Option<Error>> {
    let mut frames = match state {
        Receiving::Waiting(answer) => {
            let (frames, failed) = open(answer.await.map_err(|error| broken(&error))?);
            if let Some(error) = failed {
                return Err(Some(error));
            }
            Box::new(frames)
        }
        Receiving::Open(frames) => frames,
        Receiving::Ended => return Err(None),
    };
    let body = frames.next().await?;
    if body.is_none() {
        finish(&mut frames).await?;
    }
    Ok((body, frames))
}

/// The task that sends requests; it ends with the call.
struct Sending {
    task: tokio::task::JoinHandle<()>,
    /// With what the requests ended, if not well.
    failed: Arc<OnceLock<Error>>,
}

impl Sending {
    fn start(out: SendStream<Bytes>, frames: Streaming<Bytes>) -> Self {
        let failed = Arc::new(OnceLock::new());
        let task = tokio::spawn(feed(out, frames, failed.clone()));
        Self { task, failed }
    }

    /// Requests that failed are why the call was cancelled.
    fn cause(&self, error: Error) -> Error {
        self.failed.get().cloned().unwrap_or(error)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn feed(mut out: SendStream<Bytes>, mut frames: Streaming<Bytes>, failed: Arc<OnceLock<Error>>) {
    while let Some(item) = frames.next().await {
        let sent = match item {
            Ok(frame) => send(&mut out, frame, false).await,
            Err(error) => {
                let _ = failed.set(error);
                out.send_reset(h2::Reason::CANCEL);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
    let _ = out.send_data(Bytes::new(), true);
}

/// Opens a stream to an instance. What was provably not sent is tried again, elsewhere first.
async fn start(
    client: &Inner,
    ctx: &Context,
    service: &str,
    endpoint: &str,
    codec: Codec,
    deadline: Option<Instant>,
) -> Result<(ResponseFuture, SendStream<Bytes>, Slot)> {
    let namespace = namespace(client, ctx);
    let mut addresses = client.resolver.resolve(namespace, service).await?;
    if addresses.len() > 1 {
        addresses.sort_by_cached_key(|address| client.pool.load(address));
    }
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        let Some(address) = addresses.get(attempt % addresses.len().max(1)) else {
            break;
        };
        let connection = match client.pool.connection(address).await {
            Ok(connection) => connection,
            Err(error) => {
                last = Some(error);
                if addresses.len() == 1 {
                    break;
                }
                continue;
            }
        };
        let request = head(
            client,
            ctx,
            connection.authority(),
            service,
            endpoint,
            codec,
            deadline,
        )?;
        match send_head(&connection, request).await {
            Ok(started) => return Ok(started),
            Err(error) => {
                connection.retire();
                last = Some(broken(&error));
            }
        }
    }
    Err(last
        .unwrap_or_else(|| Error::internal("go.micro.client", format!("service {service}: route not found"))))
}

async fn send_head(
    connection: &Connection,
    request: Request<()>,
) -> Result<(ResponseFuture, SendStream<Bytes>, Slot), h2::Error> {
    let (sender, slot) = connection.begin();
    let mut sender = sender.ready().await?;
    let (answer, out) = sender.send_request(request, false)?;
    Ok((answer, out, slot))
}

fn namespace<'a>(client: &'a Inner, ctx: &'a Context) -> &'a str {
    match ctx.namespace() {
        "" => client.namespace.as_deref().unwrap_or("micro"),
        named => named,
    }
}

fn head(
    client: &Inner,
    ctx: &Context,
    authority: &Authority,
    service: &str,
    endpoint: &str,
    codec: Codec,
    deadline: Option<Instant>,
) -> Result<Request<()>> {
    let wrong = || Error::bad_request("go.micro.client", format!("malformed method name: {endpoint:?}"));
    let (handler, method) = endpoint.split_once('.').ok_or_else(wrong)?;
    let path = ["/", service, ".", handler, "/", method].concat();
    let mut target = uri::Parts::default();
    target.scheme = Some(Scheme::HTTP);
    target.authority = Some(authority.clone());
    target.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(path)).map_err(|_| wrong())?);
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_parts(target).map_err(|_| wrong())?;
    let headers = request.headers_mut();
    headers.reserve(ctx.metadata().headers().len() + OWN_HEADERS);
    for (name, value) in ctx.metadata().headers() {
        if !NOT_FORWARDED.contains(&name.as_str()) {
            headers.append(name, value.clone());
        }
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(codec.content_type()));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    if !headers.contains_key(&NAMESPACE) {
        set(headers, &NAMESPACE, namespace(client, ctx));
    }
    if !headers.contains_key(AUTHORIZATION)
        && let Some(token) = client
            .credentials
            .as_ref()
            .and_then(|credentials| credentials.token())
    {
        set(headers, &AUTHORIZATION, &["Bearer ", &token].concat());
    }
    set_unique(headers, &TRACE_ID, &ctx.trace().id.text());
    set_unique(headers, &SPAN_ID, &ctx.trace().span.text());
    if let Some(deadline) = deadline {
        set_deadline(headers, deadline.saturating_duration_since(Instant::now()));
    }
    Ok(request)
}

fn set(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Rounded up to a millisecond, which costs nobody anything because the deadline is kept here too: calls that begin now
/// all say the same then, and HPACK sends what was said before as one byte.
fn set_deadline(headers: &mut HeaderMap, left: Duration) {
    let millis = u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    set(headers, &TIMEOUT, &millis.saturating_mul(1_000_000).to_string());
    // At most eight digits are allowed.
    let grpc = if millis < 100_000_000 {
        format!("{millis}m")
    } else {
        format!("{}S", (millis / 1_000).min(99_999_999))
    };
    set(headers, &GRPC_TIMEOUT, &grpc);
}

/// Sets what is different in every call, and so has no place in HPACK's table of what may come again.
fn set_unique(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

/// The answer's body, and its error when it consists of headers alone or is no gRPC.
fn open(response: Response<RecvStream>) -> (Frames, Option<Error>) {
    let (parts, body) = response.into_parts();
    let failed = if parts.headers.contains_key(&GRPC_STATUS) {
        status(&parts.headers).err()
    } else if parts.status.is_success() {
        None
    } else {
        let detail = format!("HTTP status {} instead of a gRPC answer", parts.status);
        Some(Error::internal("go.micro.client", detail))
    };
    (Frames::new(body, MESSAGE_LIMIT), failed)
}

async fn finish(frames: &mut Frames) -> Result<()> {
    // A stream may hold more than the one message that was asked for: only its end carries the status.
    while frames.next().await?.is_some() {}
    match frames.trailers().await? {
        Some(trailers) => status(&trailers),
        None => Ok(()),
    }
}

fn status(headers: &HeaderMap) -> Result<()> {
    let text = |name: &HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    };
    match text(&GRPC_STATUS) {
        "0" => Ok(()),
        code => Err(Error::from_status(
            code.parse().unwrap_or(2),
            &unpercent(text(&GRPC_MESSAGE)),
        )),
    }
}

fn unpercent(message: &str) -> String {
    let mut bytes = Vec::with_capacity(message.len());
    let mut rest = message.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = (byte == b'%')
            .then(|| {
                tail.get(..2)
                    .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
            })
            .flatten();
        match escaped {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_survive() {
        assert_eq!(unpercent("100%25 %C3%A9 %zz %"), "100% é %zz %");
    }
}
