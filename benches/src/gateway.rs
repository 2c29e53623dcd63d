//! HTTP/JSON through the gateway to a service, beside a bare axum handler called directly.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Plan;
use crate::child::Server;
use crate::load::{median, throughput};
use crate::micro_subject::Subject;
use crate::report::Figure;

const CONNECTIONS: usize = 64;

/// Requests per second over 64 connections.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let reference = Server::start("axum", &[]).await?;
    let subject = Subject::start().await?;
    let gateway: SocketAddr = subject.gateway().parse()?;
    let (mut axum, mut micro) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        for (address, rates) in [(reference.address(), &mut axum), (gateway, &mut micro)] {
            let callers = connect(address, subject.token()).await?;
            rates.push(throughput(callers, plan.duration, Caller::call).await?);
        }
    }
    Ok(vec![Figure::compared(
        "gateway_vs_axum",
        median(micro),
        median(axum),
        "requests/s",
    )])
}

/// A connection that is kept.
struct Caller {
    sender: SendRequest<Full<Bytes>>,
    authorization: String,
}

impl Caller {
    async fn call(mut self) -> Result<Self> {
        let request = Request::post("/helloworld/call")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", &self.authorization)
            .body(Full::new(Bytes::from_static(br#"{"name":"Alice"}"#)))?;
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

async fn connect(address: SocketAddr, token: &str) -> Result<Vec<Caller>> {
    let mut callers = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends with its caller.
        tokio::spawn(connection);
        callers.push(Caller {
            sender,
            authorization: format!("Bearer {token}"),
        });
    }
    Ok(callers)
}
