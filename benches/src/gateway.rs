//! HTTP/JSON through the gateway to a service, beside bare handlers called directly, and beside nginx in front of one of them.

use std::net::SocketAddr;

use anyhow::Result;

use crate::Plan;
use crate::child::Server;
use crate::http_caller::{Caller, Requests, call};
use crate::load::{median, throughput};
use crate::micro_subject::Subject;
use crate::nginx::Nginx;
use crate::report::Figure;

const CONNECTIONS: usize = 64;

/// Requests per second over 64 connections.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let axum = Server::start("axum", &[]).await?;
    let hyper = Server::start("hyper", &[]).await?;
    let nginx = Nginx::before(axum.address())?;
    let subject = Subject::start().await?;
    let requests: Requests = call("/helloworld/call", subject.token())?.into();
    let sides = [
        axum.address(),
        hyper.address(),
        nginx.address(),
        subject.gateway(),
    ];
    let mut rates = sides.map(|_| Vec::new());
    for _ in 0..plan.rounds {
        for (address, rates) in sides.into_iter().zip(&mut rates) {
            rates.push(rate(address, &requests, plan).await?);
        }
    }
    let [axum, hyper, nginx, micro] = rates.map(median);
    let compared = |name, reference| Figure::compared(name, micro, reference, "requests/s");
    Ok(vec![
        compared("gateway_vs_axum", axum),
        compared("gateway_vs_nginx", nginx),
        compared("gateway_vs_hyper", hyper),
    ])
}

/// Requests per second over as many connections.
pub async fn rate(address: SocketAddr, requests: &Requests, plan: Plan) -> Result<f64> {
    let callers = Caller::connect(address, requests, CONNECTIONS).await?;
    throughput(callers, plan.duration, Caller::call).await
}
