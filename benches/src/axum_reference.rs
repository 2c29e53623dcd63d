//! The reference for the gateway: an axum handler that decodes and encodes the same JSON.

use anyhow::Result;
use axum::serve::ListenerExt;
use axum::{Json, Router, routing};

use crate::child::ready;
use crate::echo::{Request, Response, greet};

/// Serves for ever.
pub async fn serve() -> Result<()> {
    let app = Router::new().route("/helloworld/call", routing::post(call));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    ready(listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Without it a measurement of axum is one of the kernel's patience.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

async fn call(Json(request): Json<Request>) -> Json<Response> {
    Json(greet(request))
}
