//! The one task that asks the database whether it is there, and what others have changed meanwhile.
//!
//! One query answers both: the revisions of all scopes that somebody of this process watches.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::connection::Connection;
use crate::failure;
use crate::pool::{Pool, Trouble};
use crate::store::watch::Hub;

/// How long the database may say nothing before it is away, and what was asked of it given up.
const SILENCE: Duration = Duration::from_secs(2);
/// How often it is looked for while it is away, and asked while nobody watches.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Watchers are told of this process's commits at once, but not one by one.
const BREATH: Duration = Duration::from_millis(5);
/// How often it is said that somebody watches still; three may fail.
const WATCH_ON_EVERY: Duration = Duration::from_secs(15);

pub async fn beat(pool: Arc<Pool>, hub: Arc<Hub>, watch_every: Duration) {
    loop {
        match pool.connect().await {
            Ok(connection) => {
                pool.backend.reached();
                listen(&pool, &hub, watch_every, &connection).await;
            }
            Err((trouble, why)) => {
                if trouble != Trouble::Full {
                    pool.lose(&why);
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Until the connection fails.
async fn listen(pool: &Pool, hub: &Hub, watch_every: Duration, connection: &Connection) {
    let mut watch_on = Instant::now();
    loop {
        let is_due = Instant::now() >= watch_on;
        if is_due {
            watch_on = Instant::now() + WATCH_ON_EVERY;
        }
        match timeout(SILENCE, hub.poll(connection, is_due)).await {
            Ok(Ok(())) => pool.backend.reached(),
            Ok(Err(error)) if failure::is_retryable(&error) => {}
            Ok(Err(error)) => {
                tracing::debug!(error = failure::reason(&error), "the pulse's connection failed");
                if !failure::is_lost(&error) {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                return;
            }
            Err(_) => {
                pool.lose(&format!("no answer within {SILENCE:?}"));
                return;
            }
        }
        let pause = if hub.is_empty() { ASK_AGAIN } else { watch_every };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = hub.woken() => tokio::time::sleep(BREATH).await,
        }
    }
}
