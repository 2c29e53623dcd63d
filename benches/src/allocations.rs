//! How often a server allocates for a unary call, beside a bare tonic server. It is counted by the allocator of the server's process.

use anyhow::Result;

use crate::child::Server;
use crate::load::calls;
use crate::micro_subject::{Caller, Subject};
use crate::report::Figure;
use crate::tonic_reference;

/// Until caches and buffers have grown.
const WARM_UP: usize = 1_000;
const CALLS: usize = 5_000;

/// Allocations for each of many calls, one after the other on one connection.
pub async fn measure() -> Result<Vec<Figure>> {
    let mut server = Server::start_counted("tonic", &[]).await?;
    let channel = tonic_reference::connect(server.address()).await?;
    calls(vec![channel.clone()], WARM_UP, tonic_reference::call).await?;
    let before = server.allocations().await?;
    calls(vec![channel], CALLS, tonic_reference::call).await?;
    let tonic = server.allocations().await? - before;
    server.end().await?;

    let mut subject = Subject::start_counted().await?;
    let caller = subject.caller_on_one_connection();
    calls(vec![caller.clone()], WARM_UP, Caller::call).await?;
    let before = subject.service().allocations().await?;
    calls(vec![caller], CALLS, Caller::call).await?;
    let micro = subject.service().allocations().await? - before;
    subject.end().await?;

    let per_call = |count: u64| count as f64 / CALLS as f64;
    Ok(vec![Figure::compared(
        "allocations_per_call",
        per_call(micro),
        per_call(tonic),
        "allocations",
    )])
}
