//! A connection that speaks HTTP/1.1, and what becomes of it: a WebSocket takes it over.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use micro_rpc::Error;
use tokio::sync::{Notify, watch};

use super::connection::{GRACE, LINGER, guarded};
use super::websocket::{self, Opening};
use super::wire::Wire;
use super::{Gateway, ID};

/// How much is read at once of a large body, and waits at most to be written.
const BUFFER: usize = 256 * 1024;

/// Serves it to its end; from when `stopped` is true only what is under way.
pub(super) async fn serve(gateway: Gateway, wire: Wire, mut stopped: watch::Receiver<bool>) {
    let (limits, peer) = (gateway.0.limits, wire.peer());
    let begun = Notify::new();
    let opening = Mutex::new(None);
    let service = service_fn(|request| {
        begun.notify_one();
        async {
            let mut answer = guarded(&gateway, request, peer).await?;
            if let Some(let_in) = Opening::of(&mut answer) {
                *opening.lock().unwrap_or_else(PoisonError::into_inner) = Some(let_in);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_header_size(limits.head)
        .max_buf_size(BUFFER)
        .writev(false)
        .serve_connection(TokioIo::new(wire), service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = async {
            drop(stopped.wait_for(|stopped| *stopped).await);
            let _ = tokio::time::timeout(GRACE, begun.notified()).await;
        } => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let parts = connection.into_parts();
    let (mut wire, read) = (parts.io.into_inner(), parts.read_buf);
    let opening = opening.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let (Some(opening), Ok(())) = (opening, &ended) {
        wire = websocket::run(wire, &read, opening, limits, &gateway.0.bodies, &mut stopped).await;
    }
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
        if let Some(error) = unanswered(&error) {
            wire.refuse(&error).await;
        }
    }
    if !*stopped.borrow() {
        wire.linger(LINGER).await;
    }
}

/// What to say where `hyper` gives up without a word.
fn unanswered(error: &hyper::Error) -> Option<Error> {
    if error.is_timeout() {
        return Some(Error::timeout(ID, "the request's headers came too slowly"));
    }
    if error.is_parse_version_h2() {
        return Some(Error::bad_request(
            ID,
            "the preface of HTTP/2 is not what it has to be",
        ));
    }
    (error.is_parse() || error.is_incomplete_message())
        .then(|| Error::bad_request(ID, format!("the request cannot be read: {error}")))
}
