//! Unary calls: our client to our service with everything on, beside a bare tonic pair.

use anyhow::Result;
use tonic::transport::Channel;

use crate::child::Server;
use crate::load::{latency, median, throughput};
use crate::micro_subject::{Caller, Subject};
use crate::report::Figure;
use crate::{Plan, tonic_reference};

/// Calls under way at once.
pub const IN_FLIGHT: usize = 64;
/// As many as our client opens by itself.
pub const CONNECTIONS: usize = 2;

/// Throughput at 64 in flight, median latency at 1.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let reference = Server::start("tonic", &[]).await?;
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(tonic_reference::connect(reference.address()).await?);
    }
    let subject = Subject::start().await?;
    let caller = subject.caller();

    let (mut tonic_rate, mut micro_rate, mut tonic_time, mut micro_time) = (vec![], vec![], vec![], vec![]);
    for _ in 0..plan.rounds {
        let callers: Vec<Channel> = channels.iter().cycle().take(IN_FLIGHT).cloned().collect();
        tonic_rate.push(throughput(callers, plan.duration, tonic_reference::call).await?);
        micro_rate.push(throughput(vec![caller.clone(); IN_FLIGHT], plan.duration, Caller::call).await?);
        tonic_time.push(latency(channels[0].clone(), plan.duration, tonic_reference::call).await?);
        micro_time.push(latency(caller.clone(), plan.duration, Caller::call).await?);
    }
    Ok(vec![
        Figure::compared(
            "rpc_unary_throughput",
            median(micro_rate),
            median(tonic_rate),
            "calls/s",
        ),
        Figure::compared("rpc_unary_latency", median(micro_time), median(tonic_time), "µs"),
    ])
}
