//! What a service holds in memory beyond a bare tonic server with the same handler, once it has answered as many calls and is idle.

use anyhow::Result;
use tokio::time::sleep;

use crate::Plan;
use crate::child::Server;
use crate::load::{calls, median};
use crate::micro_subject::{Caller, Subject};
use crate::platform::{IDLE, resident};
use crate::report::Figure;
use crate::rpc::{CONNECTIONS, IN_FLIGHT};
use crate::tonic_reference;

/// Processes of each kind.
const ROUNDS: usize = 5;
const ROUNDS_QUICK: usize = 3;
const CALLS: usize = 10_000;

/// Megabytes, of the medians.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let rounds = if plan.is_quick() { ROUNDS_QUICK } else { ROUNDS };
    let (mut tonic, mut micro) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let server = Server::start("tonic", &[]).await?;
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(tonic_reference::connect(server.address()).await?);
        }
        let callers = channels.iter().cycle().take(IN_FLIGHT).cloned().collect();
        calls(callers, CALLS / IN_FLIGHT, tonic_reference::call).await?;

        let mut subject = Subject::start().await?;
        let caller = subject.caller();
        calls(vec![caller.clone(); IN_FLIGHT], CALLS / IN_FLIGHT, Caller::call).await?;

        sleep(IDLE).await;
        tonic.push(resident(server.pid()?)?);
        micro.push(resident(subject.service().pid()?)?);
    }
    let (tonic, micro) = (median(tonic), median(micro));
    Ok(vec![Figure::compared(
        "service_memory_over_tonic",
        micro - tonic,
        tonic,
        "MB",
    )])
}
