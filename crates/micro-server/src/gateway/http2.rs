//! A connection that speaks HTTP/2.
//!
//! Many requests share it, so each is a task of its own, and a peer is bounded in what one connection lets him do: how many requests
//! are open, how large their headers are, and how long he may take nothing of an answer, which is watched for each answer because
//! HTTP/2 lets a peer read some and leave others. Requests that are taken back before they were looked at are refused after a few
//! (`ENHANCE_YOUR_CALM`), with all that is on the connection. One without open requests is closed after a while, as with HTTP/1.1.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Task, Poll};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use micro_rpc::Error;
use micro_rpc::bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Gateway;
use super::connection::guarded;
use super::reply::Content;
use super::wire::Wire;

/// What a peer may send before it is read: of one request, and of all together.
const STREAM_WINDOW: u32 = 1 << 20;
const WINDOW: u32 = 4 << 20;
/// What waits at most to be written of one answer.
const BUFFER: usize = 64 * 1024;
/// So many requests may wait to be looked at that were taken back already.
const TAKEN_BACK: usize = 20;

/// Serves it to its end; from when `stopped` is true only what is under way.
pub(super) async fn serve(gateway: Gateway, wire: Wire, mut stopped: watch::Receiver<bool>) {
    let (limits, peer) = (gateway.0.limits, wire.peer());
    let requests = Requests {
        open: Arc::new(watch::Sender::new(0)),
        patience: limits.stall,
    };
    let service = service_fn(move |request| answer(gateway.clone(), request, peer));
    let connection = Builder::new(requests.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(TAKEN_BACK)
        .max_send_buf_size(BUFFER)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW)
        .keep_alive_interval(limits.heartbeat)
        .keep_alive_timeout(limits.stall)
        .serve_connection(TokioIo::new(wire.given_away()), service);
    let mut connection = pin!(connection);
    let mut is_leaving = false;
    loop {
        let patience = if is_leaving { limits.stall } else { limits.idle };
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            // A peer that does not leave when he is told to is left.
            () = requests.idle(patience) => if is_leaving { return },
            _ = stopped.wait_for(|stopped| *stopped), if !is_leaving => {}
        }
        is_leaving = true;
        connection.as_mut().graceful_shutdown();
    }
}

async fn answer(
    gateway: Gateway,
    mut request: Request<Incoming>,
    peer: IpAddr,
) -> Result<Response<Taking>, Infallible> {
    settle(&mut request);
    let only_head = request.method() == Method::HEAD;
    let mut response = guarded(&gateway, request, peer).await?;
    if only_head {
        behead(&mut response);
    }
    let taken = TAKEN.try_with(Taken::clone).unwrap_or_default();
    Ok(response.map(|content| Taking { content, taken }))
}

/// Says what HTTP/1.1 says where it says it: whom the request is for, and all cookies in one line.
fn settle(request: &mut Request<Incoming>) {
    let host = request.uri().authority().map(|authority| authority.as_str());
    let host = host.and_then(|host| HeaderValue::from_str(host).ok());
    let headers = request.headers_mut();
    if let Some(host) = host {
        headers.entry(HOST).or_insert(host);
    }
    if let Some(all) = cookies(headers) {
        headers.insert(COOKIE, all);
    }
}

/// The cookies in one line; `None` where they are already.
fn cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let lines: Vec<_> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    match lines.len() {
        0 | 1 => None,
        _ => HeaderValue::from_bytes(&lines.join(&b"; "[..])).ok(),
    }
}

/// Takes the body away and says how long it is, which `hyper` does by itself for HTTP/1.1 alone.
fn behead(response: &mut Response<Content>) {
    let length = response.body().size_hint().exact().filter(|length| *length > 0);
    if let Some(length) = length {
        response
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(length.into());
    }
    *response.body_mut() = Content::Whole(Bytes::new());
}

/// Runs the requests of a connection.
#[derive(Clone)]
struct Requests {
    /// How many are open.
    open: Arc<watch::Sender<usize>>,
    /// How long a caller may take nothing of an answer.
    patience: Duration,
}

impl Requests {
    /// Ready when none was open for so long.
    async fn idle(&self, at_least: Duration) {
        let mut open = self.open.subscribe();
        loop {
            // Neither fails: the sender is here.
            let _ = open.wait_for(|open| *open == 0).await;
            if tokio::time::timeout(at_least, open.wait_for(|open| *open > 0))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Requests {
    fn execute(&self, request: F) {
        let open = Open::new(self.open.clone());
        let patience = self.patience;
        let taken = Taken::default();
        let watched = taken.clone();
        tokio::spawn(TAKEN.scope(taken, async move {
            tokio::select! {
                biased;
                () = request => {}
                // What is left of it is taken back, which tells the peer.
                () = watched.stalled(patience) => tracing::debug!("a caller takes nothing of an answer"),
            }
            drop(open);
        }));
    }
}

/// A request that is open. Only the first and the last are told of.
struct Open(Arc<watch::Sender<usize>>);

impl Open {
    fn new(all: Arc<watch::Sender<usize>>) -> Self {
        all.send_if_modified(|open| {
            *open += 1;
            *open == 1
        });
        Self(all)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_if_modified(|open| {
            *open -= 1;
            *open == 0
        });
    }
}

tokio::task_local! {
    /// Of the request that the task is about.
    static TAKEN: Taken;
}

/// Since when a piece of an answer waits to be taken.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Option<Instant>>>);

impl Taken {
    fn set(&self, waits_since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = waits_since;
    }

    /// Ready when a piece was not taken for so long.
    async fn stalled(&self, patience: Duration) {
        loop {
            let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let until = since.unwrap_or_else(Instant::now) + patience;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

/// An answer of which it is known whether it is taken: the next piece is asked for when the last one is on its way.
struct Taking {
    content: Content,
    taken: Taken,
}

impl Body for Taking {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Task<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.content).poll_frame(cx);
        let has_piece = matches!(&polled, Poll::Ready(Some(Ok(frame))) if frame.is_data());
        self.taken.set(has_piece.then(Instant::now));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_one_line() {
        let mut headers = HeaderMap::new();
        assert_eq!(cookies(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("a=1"));
        assert_eq!(cookies(&headers), None);
        headers.append(COOKIE, HeaderValue::from_static("b=2"));
        assert_eq!(cookies(&headers).unwrap(), "a=1; b=2");
    }
}
