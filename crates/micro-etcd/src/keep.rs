//! Takes back the nodes whose time has passed, and tells etcd what it could not be told at once.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::time::{sleep, timeout};
use tonic::Status;

use crate::link::{Link, why};
use crate::picture::Deletion;
use crate::shared::Shared;

/// How late a node may be taken back.
const TICK: Duration = Duration::from_millis(100);
/// How late etcd is told of what nobody waits for.
const BY_AND_BY: Duration = Duration::from_millis(500);
/// A version that lost its last node often has another soon. Processes differ by a part of this, so that not all ask at once.
const ORPHANED: Duration = Duration::from_secs(2);

pub(crate) async fn expire(shared: Arc<Shared>) {
    loop {
        sleep(TICK).await;
        shared.edit(|picture| picture.expire(Instant::now()));
    }
}

pub(crate) async fn tend(shared: Arc<Shared>) {
    let orphaned = ORPHANED + ORPHANED.mul_f64(fraction());
    loop {
        let _ = timeout(BY_AND_BY, shared.wake.notified()).await;
        let Ok(link) = shared.link() else { continue };
        if let Err(status) = tend_once(&shared, &link, orphaned).await {
            tracing::debug!(why = why(&status), "etcd is told later");
            sleep(BY_AND_BY).await;
        }
    }
}

async fn tend_once(shared: &Shared, link: &Link, orphaned: Duration) -> Result<(), Status> {
    decide(shared, link).await?;
    rewrite(shared, link).await?;
    delete(shared, link).await?;
    for key in shared.edit(|picture| picture.orphans(orphaned)) {
        shared.delete_orphan(link, &key).await?;
    }
    Ok(())
}

/// Nodes that etcd says are gone: taken back on purpose, or lost with their lease.
async fn decide(shared: &Shared, link: &Link) -> Result<(), Status> {
    for (lease, keys) in shared.look(crate::picture::Picture::doubted) {
        if lease != 0 && !link.is_alive(lease).await? {
            shared.leases.lose(lease);
            shared.edit(|picture| picture.believe(&keys));
        } else {
            shared.edit(|picture| picture.disbelieve(keys));
        }
    }
    Ok(())
}

async fn rewrite(shared: &Shared, link: &Link) -> Result<(), Status> {
    let _alone = shared.rewriting.write().await;
    let nodes = shared.look(crate::picture::Picture::unwritten);
    if nodes.is_empty() {
        return Ok(());
    }
    let revision = shared.rewrite(link, &nodes).await?;
    // Until the picture has them they would be written once more.
    let _ = shared.until_applied("etcd", revision).await;
    Ok(())
}

async fn delete(shared: &Shared, link: &Link) -> Result<(), Status> {
    let deletions = shared.edit(crate::picture::Picture::deletions);
    if deletions.is_empty() {
        return Ok(());
    }
    let keys = |it: &Deletion| it.key.clone();
    let done = shared.delete_later(link, &deletions).await;
    done.inspect_err(|_| {
        shared.edit(|picture| picture.put_off(&deletions.iter().map(keys).collect::<Vec<_>>()))
    })
}

/// Anything from 0 to 1 that differs between processes.
fn fraction() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    f64::from(now.map_or(0, |now| now.subsec_micros())) / 1e6
}
