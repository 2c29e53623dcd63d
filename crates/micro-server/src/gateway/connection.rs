//! One connection: which HTTP is spoken on it is what its first bytes say, whatever the port.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use micro_rpc::Error;
use micro_rpc::futures_util::FutureExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::reply::Content;
use super::wire::Wire;
use super::{Gateway, ID, http1, http2};

/// How long a caller who has just come may take with a first request once the server drains: it may be on its way already.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// Serves a connection to its end; from when `stopped` is true only what is under way.
pub(super) async fn serve(gateway: Gateway, stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let limits = gateway.0.limits;
    let mut wire = Wire::new(stream, limits.stall, gateway.0.face);
    let begun = tokio::select! {
        begun = tokio::time::timeout(limits.idle, wire.speaks_http2()) => begun,
        () = async {
            drop(stopped.wait_for(|stopped| *stopped).await);
            tokio::time::sleep(GRACE).await;
        } => return,
    };
    match begun {
        Ok(Ok(true)) => http2::serve(gateway, wire, stopped).await,
        Ok(Ok(false)) => http1::serve(gateway, wire, stopped).await,
        Ok(Err(error)) => tracing::debug!(%error, "connection broke before it said anything"),
        // Who said nothing is told nothing.
        Err(_) => {
            wire.refuse(&Error::timeout(ID, "the request came too slowly"))
                .await
        }
    }
}

/// A panic is an answer too; the connection lives.
pub(super) async fn guarded(
    gateway: &Gateway,
    request: Request<Incoming>,
) -> Result<Response<Content>, Infallible> {
    let answer = AssertUnwindSafe(gateway.answer(request)).catch_unwind().await;
    Ok(answer.unwrap_or_else(|_| {
        tracing::error!("the gateway panicked");
        let error = Error::internal(ID, "the gateway failed; its log says why");
        gateway.0.face.failed(&error)
    }))
}
