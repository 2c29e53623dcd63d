//! The floor of HTTP: bare hyper that decodes and encodes the same JSON, with no router and nothing else.

use std::convert::Infallible;

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::child::ready;
use crate::echo::greet;

/// Serves for ever.
pub async fn serve() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    ready(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(call)));
    }
}

async fn call(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(answer(request).await.unwrap_or_else(|error| {
        let mut refused = Response::new(Full::from(error.to_string()));
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        refused
    }))
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let body = request.into_body().collect().await?.to_bytes();
    let answer = serde_json::to_vec(&greet(serde_json::from_slice(&body)?))?;
    Ok(Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(answer))?)
}
