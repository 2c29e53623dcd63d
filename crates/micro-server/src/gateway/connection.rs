//! One connection: which HTTP is spoken on it is what its first bytes say, whatever the port.

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use micro_rpc::Error;
use micro_rpc::futures_util::FutureExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::io::Io;
use super::reply::Content;
use super::wire::Wire;
use super::{Gateway, ID, http1, http2};

/// How long a caller who has just come may take with a first request once the server drains: it may be on its way already.
pub(super) const GRACE: Duration = Duration::from_secs(1);
/// How long a caller whose request was refused may go on sending, so that he gets to read why.
pub(super) const LINGER: Duration = Duration::from_secs(5);
/// How TLS begins: with a record of a handshake. No HTTP does.
const HELLO: [u8; 1] = [22];

/// Serves a connection to its end; from when `stopped` is true only what is under way.
pub(super) async fn serve(gateway: Gateway, stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let limits = gateway.0.limits;
    let opened = tokio::select! {
        opened = tokio::time::timeout(limits.idle, open(&gateway, stream)) => opened,
        () = gone(&mut stopped) => return,
    };
    let Ok(Some(mut wire)) = opened else {
        return;
    };
    let begun = tokio::select! {
        begun = tokio::time::timeout(limits.idle, wire.speaks_http2()) => begun,
        () = gone(&mut stopped) => return,
    };
    match begun {
        // Apart, so that connections of HTTP/1.1, which are most, are not as large.
        Ok(Ok(true)) => Box::pin(http2::serve(gateway, wire, stopped)).await,
        Ok(Ok(false)) => http1::serve(gateway, wire, stopped).await,
        Ok(Err(error)) => tracing::debug!(%error, "connection broke before it said anything"),
        // Who said nothing is told nothing.
        Err(_) => {
            wire.refuse(&Error::timeout(ID, "the request came too slowly"))
                .await
        }
    }
}

/// The connection without the TLS that it is to have; `None` where it has none, which a caller who speaks HTTP is told.
async fn open(gateway: &Gateway, stream: TcpStream) -> Option<Wire> {
    let (stall, face) = (gateway.0.limits.stall, gateway.0.face);
    let Some(tls) = &gateway.0.tls else {
        return Some(Wire::new(Io::Plain(stream), stall, face));
    };
    let mut first = [0];
    if !matches!(stream.peek(&mut first).await, Ok(1)) {
        return None;
    }
    if first == HELLO {
        let secured = tls.accept(stream).await;
        let secured = secured.inspect_err(|error| tracing::debug!(%error, "no TLS comes about"));
        return Some(Wire::new(Io::Secure(Box::new(secured.ok()?)), stall, face));
    }
    let mut wire = Wire::new(Io::Plain(stream), stall, face);
    if wire.speaks_http2().await.is_ok() {
        let detail = "this address speaks TLS: ask for https:// instead of http://";
        wire.refuse(&Error::bad_request(ID, detail)).await;
        wire.linger(LINGER).await;
    }
    None
}

/// Ready when the server drains and who has just come had his time.
async fn gone(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
    tokio::time::sleep(GRACE).await;
}

/// A panic is an answer too; the connection lives.
pub(super) async fn guarded(
    gateway: &Gateway,
    request: Request<Incoming>,
    peer: IpAddr,
) -> Result<Response<Content>, Infallible> {
    let answer = AssertUnwindSafe(gateway.answer(request, peer))
        .catch_unwind()
        .await;
    Ok(answer.unwrap_or_else(|_| {
        tracing::error!("the gateway panicked");
        let error = Error::internal(ID, "the gateway failed; its log says why");
        gateway.0.face.failed(&error)
    }))
}
