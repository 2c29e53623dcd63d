//! One HTTP/2 connection and the calls on it.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use h2::SendStream;
use h2::server::SendResponse;
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::call::{Body, Call, Reply};
use super::pace::Lap;
use super::routes::{Mounted, Target};
use super::{Server, headers};
use crate::frame::{Frames, send, send_unary};
use crate::gather::Gather;
use crate::names::{GRPC_ACCEPT_ENCODING, GRPC_STATUS, GRPC_TIMEOUT, NAMESPACE, TIMEOUT, X_CONTENT_TYPE};
use crate::{Access, Account, Codec, Context, Error, Metadata, MethodDescriptor, Result, Streaming};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) async fn serve(server: Server, mut stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let limits = server.0.limits;
    if !matches!(
        tokio::time::timeout(limits.handshake, speaks_http2(&stream)).await,
        Ok(true)
    ) {
        refuse(&server, &mut stream).await;
        return;
    }
    let handshake = h2::server::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.headers)
        .handshake::<_, Bytes>(stream);
    let Ok(Ok(mut connection)) = tokio::time::timeout(limits.handshake, handshake).await else {
        return;
    };
    let mut draining = *stopped.borrow();
    if draining {
        connection.graceful_shutdown();
    }
    let mut gather = Gather::default();
    let mut waiting = Waiting::default();
    let mut together = 0;
    // Each answer under way holds a share.
    let share = Arc::new(());
    let calls = || Arc::strong_count(&share) - 1;
    loop {
        let some_wait = !waiting.is_empty();
        let accepted =
            poll_fn(
                |cx| match gather.poll(calls() + together, cx, |cx| connection.poll_accept(cx)) {
                    Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                    Poll::Pending if some_wait => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                },
            );
        tokio::select! {
            accepted = accepted => match accepted {
                Some(Some(Ok((request, respond)))) => waiting.add(&server, request, respond, share.clone()),
                Some(Some(Err(error))) => {
                    tracing::debug!(%error, "connection broke");
                    return;
                }
                Some(None) => return,
                // All that came together is here.
                None => together = waiting.answer(&server),
            },
            _ = stopped.changed(), if !draining => {
                draining = true;
                connection.graceful_shutdown();
            }
        }
    }
}

async fn speaks_http2(stream: &TcpStream) -> bool {
    let mut seen = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut seen).await {
            Ok(0) | Err(_) => return false,
            Ok(length) if seen[..length] != PREFACE[..length] => return false,
            Ok(length) if length == PREFACE.len() => return true,
            // Some of the preface is here; a peek does not wait for more, and more may never come.
            Ok(_) => match stream.ready(tokio::io::Interest::READABLE).await {
                Ok(ready) if !ready.is_read_closed() => {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                _ => return false,
            },
        }
    }
}

/// Tells an HTTP/1.1 client what speaks here, in words it can show.
async fn refuse(server: &Server, stream: &mut TcpStream) {
    let detail =
        "this address speaks gRPC (HTTP/2 with prior knowledge); HTTP/1.1 and JSON go to the gateway";
    let body = Error::bad_request(&*server.0.name, detail).to_json();
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let _ = tokio::time::timeout(server.0.limits.handshake, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What the client still sends is read, so that closing does not reset the answer away.
        let mut rest = [0; 4096];
        for _ in 0..256 {
            stream.readable().await?;
            match stream.try_read(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok::<_, std::io::Error>(())
    })
    .await;
}

/// Calls that were accepted and not yet begun.
#[derive(Default)]
struct Waiting(
    Vec<(
        Pin<Box<dyn Future<Output = ()> + Send>>,
        Arc<Mounted>,
        &'static MethodDescriptor,
    )>,
);

impl Waiting {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a call in; one that is known to take its time becomes a task.
    fn add(
        &mut self,
        server: &Server,
        request: Request<h2::RecvStream>,
        mut respond: SendResponse<Bytes>,
        share: Arc<()>,
    ) {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let Some(inbound) = Inbound::read(server, &parts.method, &path, parts.headers) else {
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let _ = respond.send_response(response, true);
            return;
        };
        let quick = inbound.quick(began.duration_since(server.0.origin));
        let server = server.clone();
        let answer = async move {
            answer(server, began, inbound, path, body, respond).await;
            drop(share);
        };
        match quick {
            Some((mounted, method)) => self.0.push((Box::pin(answer), mounted, method)),
            None => drop(tokio::spawn(answer)),
        }
    }

    /// Polls each once; what has to wait becomes a task. Tells how many there were.
    fn answer(&mut self, server: &Server) -> usize {
        let number = self.0.len();
        let mut lap = Lap::start();
        for (mut answer, mounted, method) in self.0.drain(..) {
            // The task polls it again before anything else, so no wake-up is lost.
            let mut cx = Task::from_waker(Waker::noop());
            let polled = pin!(tokio::task::unconstrained(answer.as_mut())).poll(&mut cx);
            let (time, now) = lap.next();
            if let Some(pace) = mounted.pace(method) {
                pace.took(time, now.duration_since(server.0.origin));
            }
            if polled.is_pending() {
                tokio::spawn(answer);
            }
        }
        number
    }
}

async fn answer(
    server: Server,
    began: Instant,
    inbound: Inbound,
    path: String,
    body: h2::RecvStream,
    mut respond: SendResponse<Bytes>,
) {
    let frames = Frames::new(body, server.0.limits.message);
    let trace = inbound.trace.clone();
    let endpoint = inbound.endpoint();
    let content_type = inbound.content_type;
    // A caller that hangs up stops the work that it asked for.
    let reply = tokio::select! {
        reply = inbound.run(&server, &path, frames) => reply,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    let failed = match reply {
        Ok(reply) => write(respond, reply, content_type).await.err(),
        Err(error) => {
            fail(&mut respond, &error, content_type);
            Some(error)
        }
    };
    server.0.stats.record(trace, endpoint, began, failed.as_ref());
}

struct Inbound {
    content_type: &'static str,
    codec: Option<Codec>,
    headers: HeaderMap,
    deadline: Option<Instant>,
    trace: crate::Trace,
    handler: Option<(Arc<Mounted>, Result<&'static MethodDescriptor>)>,
}

impl Inbound {
    /// `None` when the request is no gRPC at all.
    fn read(server: &Server, verb: &http::Method, path: &str, headers: HeaderMap) -> Option<Self> {
        let content_type = headers::text(&headers, &CONTENT_TYPE).unwrap_or("");
        if verb != http::Method::POST || !content_type.starts_with("application/grpc") {
            return None;
        }
        let codec = Codec::from_content_type(content_type);
        let target = Target::parse(path);
        let handler = target.as_ref().and_then(|target| {
            let routes = &server.0.routes;
            let handler = if server.0.relay.is_some() {
                routes.exact(target)
            } else {
                routes.any(target)
            };
            handler.map(|handler| (handler.clone(), handler.method(target, &server.0.name)))
        });
        Some(Self {
            content_type: codec.map_or("application/grpc", Codec::content_type),
            codec,
            deadline: headers::deadline(&headers, Instant::now()),
            trace: headers::trace(&headers),
            handler,
            headers,
        })
    }

    /// Its method, when that answers one message with one and usually at once.
    fn quick(&self, since_origin: Duration) -> Option<(Arc<Mounted>, &'static MethodDescriptor)> {
        let (mounted, Ok(method)) = self.handler.as_ref()? else {
            return None;
        };
        let is_quick = mounted.pace(method)?.is_quick(since_origin);
        (is_quick && !method.client_streaming && !method.server_streaming).then(|| (mounted.clone(), *method))
    }

    fn endpoint(&self) -> (&'static str, &'static str) {
        match &self.handler {
            Some((mounted, Ok(method))) => (mounted.handler.descriptor().name, method.name),
            Some((mounted, Err(_))) => (mounted.handler.descriptor().name, ""),
            None => ("relay", ""),
        }
    }

    async fn run(self, server: &Server, path: &str, frames: Frames) -> Result<Reply> {
        let name = &*server.0.name;
        let target = Target::parse(path)
            .ok_or_else(|| Error::bad_request(name, format!("malformed method name: {path:?}")))?;
        let codec = self.codec.ok_or_else(|| {
            Error::bad_request(
                name,
                "unsupported content type; use application/grpc+proto or application/grpc+json",
            )
        })?;
        let deadline = self.deadline;
        let relayed = self.handler.is_none() && server.0.relay.is_some();
        let ctx = admit(server, &target, self.headers, deadline, self.trace).await?;
        let call = Call::new(codec, frames, server.0.limits.request);
        let work = async {
            match self.handler {
                Some((mounted, method)) => guarded(name, mounted.handler.call(&ctx, method?, call)).await,
                None if relayed => relay(server, &ctx, path, codec, call).await,
                None => Err(Error::not_implemented(
                    name,
                    format!("unknown service {}", target.handler),
                )),
            }
        };
        match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.into(), work)
                .await
                .unwrap_or_else(|_| {
                    let detail = format!(
                        "{}.{} did not answer before the deadline",
                        target.handler, target.method
                    );
                    Err(Error::timeout(name, detail))
                }),
            None => work.await,
        }
    }
}

async fn relay(server: &Server, ctx: &Context, path: &str, codec: Codec, mut call: Call) -> Result<Reply> {
    let Some(relay) = &server.0.relay else {
        return Err(Error::internal(&*server.0.name, "no relay"));
    };
    let answers = relay
        .relay(ctx, path, codec.content_type(), call.raw_requests())
        .await?;
    Ok(Reply(Body::Stream(
        answers.map(|body| crate::codec::frame_raw(&body)),
    )))
}

/// A handler that panics answers with an error; the process lives.
async fn guarded(name: &str, work: impl Future<Output = Result<Reply>>) -> Result<Reply> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(service = name, panic = text, "handler panicked");
            Err(Error::internal(name, format!("panic recovered: {text}")))
        })
}

/// Authenticates and authorises, and makes the handler's context.
async fn admit(
    server: &Server,
    target: &Target<'_>,
    mut headers: HeaderMap,
    deadline: Option<Instant>,
    trace: crate::Trace,
) -> Result<Context> {
    let inner = &*server.0;
    let id = if inner.relay.is_some() {
        target.service
    } else {
        &*inner.name
    };
    let mut account = None;
    if let Some(guard) = &inner.guard {
        let basic = inner.relay.is_none();
        let token = headers::token(&headers, basic).map_err(|detail| Error::unauthorized(id, detail))?;
        if let Some(token) = token {
            account = guard.authenticate(&token);
            if account.is_none() {
                guard.refresh().await;
                account = guard.authenticate(&token);
            }
        }
        let namespace = namespace(server, &headers, account.as_deref());
        let endpoint = format!("{}.{}", target.handler, target.method);
        guard.authorise(&Access {
            account: account.as_deref(),
            service: if inner.relay.is_some() {
                target.service
            } else {
                &inner.name
            },
            endpoint: &endpoint,
            namespace: &namespace,
        })?;
        if inner.namespace.is_none()
            && let Ok(value) = HeaderValue::from_str(&namespace)
        {
            headers.insert(&NAMESPACE, value);
        }
    }
    for name in [
        &TIMEOUT,
        &GRPC_TIMEOUT,
        &TE,
        &CONTENT_TYPE,
        &X_CONTENT_TYPE,
        &GRPC_ACCEPT_ENCODING,
    ] {
        headers.remove(name);
    }
    Ok(Context::new(account, Metadata::from(headers), deadline, trace))
}

fn namespace(server: &Server, headers: &HeaderMap, account: Option<&Account>) -> Arc<str> {
    if let Some(own) = &server.0.namespace {
        return own.clone();
    }
    let named = headers::text(headers, &NAMESPACE).filter(|name| !name.is_empty());
    let issuer = account
        .map(|account| account.issuer.as_str())
        .filter(|name| !name.is_empty());
    named.or(issuer).unwrap_or("micro").into()
}

async fn write(mut respond: SendResponse<Bytes>, reply: Reply, content_type: &'static str) -> Result<()> {
    match reply.0 {
        Body::Message(frame) => {
            let mut stream = begin(&mut respond, content_type)?;
            send_unary(&mut stream, frame, false).await?;
            finish(&mut stream, success())
        }
        Body::Stream(messages) => write_stream(respond, messages, content_type).await,
    }
}

async fn write_stream(
    mut respond: SendResponse<Bytes>,
    mut messages: Streaming<Bytes>,
    content_type: &'static str,
) -> Result<()> {
    // Headers wait for the first message, so that an error before it is an answer of headers alone.
    let first = tokio::select! {
        first = messages.next() => first,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return Ok(()),
        () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {
            let stream = begin(&mut respond, content_type)?;
            return pump(stream, None, messages).await;
        }
    };
    match first {
        Some(Err(error)) => {
            fail(&mut respond, &error, content_type);
            Err(error)
        }
        first => {
            let ended = first.is_none();
            let mut stream = begin(&mut respond, content_type)?;
            if ended {
                finish(&mut stream, success())
            } else {
                pump(stream, first, messages).await
            }
        }
    }
}

async fn pump(
    mut stream: SendStream<Bytes>,
    mut waiting: Option<Result<Bytes>>,
    mut messages: Streaming<Bytes>,
) -> Result<()> {
    loop {
        let next = match waiting.take() {
            Some(message) => Some(message),
            None => tokio::select! {
                next = messages.next() => next,
                _ = poll_fn(|cx| stream.poll_reset(cx)) => return Ok(()),
            },
        };
        match next {
            Some(Ok(frame)) => send(&mut stream, frame, false).await?,
            Some(Err(error)) => {
                finish(&mut stream, headers::failure(&error))?;
                return Err(error);
            }
            None => return finish(&mut stream, success()),
        }
    }
}

fn begin(respond: &mut SendResponse<Bytes>, content_type: &'static str) -> Result<SendStream<Bytes>> {
    let mut response = Response::new(());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    respond
        .send_response(response, false)
        .map_err(|error| crate::frame::broken(&error))
}

fn finish(stream: &mut SendStream<Bytes>, trailers: HeaderMap) -> Result<()> {
    stream
        .send_trailers(trailers)
        .map_err(|error| crate::frame::broken(&error))
}

fn success() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(&GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

fn fail(respond: &mut SendResponse<Bytes>, error: &Error, content_type: &'static str) {
    let mut response = Response::new(());
    *response.headers_mut() = headers::failure(error);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let _ = respond.send_response(response, true);
}
