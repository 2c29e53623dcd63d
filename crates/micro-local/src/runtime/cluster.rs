//! Several servers on one store: each service runs at one of them.
//!
//! | record | written by | says |
//! |---|---|---|
//! | `service:` | whoever is asked | what is to run, and which request that was |
//! | `claim:` | the server that runs it | who that is |
//! | `server:` | each server, again and again | that it lives, and where it is reached |
//! | `status:` | the server that runs it | how it is |
//!
//! All servers follow these records and act on what they see: [`decide`] is the whole of it. Nobody is in charge, and servers
//! talk to each other only to hand out logs and builds.
//!
//! A claim is good for as long as its server's own record is there. A server writes that again every third of the time to
//! live ([`heart`]); who has seen it unchanged for a whole one removes it, on condition that it is still unchanged, and then its
//! claims are free. Clocks are never compared: each server measures with its own how long it has seen no change, and begins
//! anew whenever the store did not answer it. So while the store is away nobody takes anything over, and when it is back the
//! owners have a whole time to live to be heard of. A service never ends because its claim cannot be renewed, only because
//! another server has it: calls go on while the store is away, at the price that a server that is cut off from the store
//! alone runs its services beside those that took them over, until it can read that they did.

mod asked;
mod board;
mod claims;
mod decide;
mod follow;
mod heart;
mod post;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use micro::bytes::Bytes;
use micro::runtime::{Key, LogRecord, LogsQuery};
use micro::store::Store;
use micro::{Error, Result, Streaming, async_trait};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::Shared;
use super::running::Running;
use board::Board;
use claims::Claims;

/// How a server shares its store with others.
#[derive(Clone)]
pub struct Sharing {
    /// Where the other servers reach this one's proxy, `host:port`.
    pub address: String,
    /// Where services listen, so that other machines reach them; `None` where all servers are on this one.
    pub interface: Option<IpAddr>,
    /// Asks the others.
    pub peers: Arc<dyn Peers>,
    /// After so long without a sign of life of a server, the others run its services.
    pub ttl: Duration,
}

impl Sharing {
    /// The usual time to live.
    pub const TTL: Duration = Duration::from_secs(10);
}

/// Asks other servers for what only they have.
#[async_trait]
pub trait Peers: Send + Sync + 'static {
    /// What a service printed that runs at the server with this address.
    async fn logs(&self, server: &str, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>>;

    /// What was built there of a service.
    async fn build(&self, server: &str, key: &Key) -> Result<Streaming<Bytes>>;
}

/// How long the first look at the store may hold up the start.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// What this server knows of all, and what it tells them.
pub struct Cluster {
    pub board: watch::Sender<Board>,
    claims: Claims,
    sharing: Sharing,
    /// Somebody took this server for dead.
    missed: Notify,
}

/// The tasks of a server that shares its store. They end when this is dropped.
pub struct Tasks {
    follower: JoinSet<()>,
    others: JoinSet<()>,
}

impl Cluster {
    /// The identity of the server is kept in its folder, so that it knows its claims again.
    pub fn open(folder: &Path, store: Arc<dyn Store>, sharing: Sharing) -> std::io::Result<Arc<Self>> {
        let id = identity(&folder.join("server-id"))?;
        Ok(Arc::new(Self {
            board: watch::Sender::new(Board::new(&id)),
            claims: Claims::new(store, id),
            sharing,
            missed: Notify::new(),
        }))
    }

    /// Begins to follow, to be heard of and to tell. Waits a little for the first look, so that who asks next sees it.
    pub async fn start(self: &Arc<Self>, shared: &Arc<Shared>, running: &Arc<Running>) -> Tasks {
        let mut tasks = Tasks {
            follower: JoinSet::new(),
            others: JoinSet::new(),
        };
        tasks.others.spawn(heart::beat(Arc::clone(self)));
        let post = post::run(Arc::clone(self), Arc::clone(shared), Arc::clone(running));
        tasks.others.spawn(post);
        let follower = follow::Follower::new(Arc::clone(self), Arc::clone(shared), Arc::clone(running));
        tasks.follower.spawn(follower.run());
        self.until(FIRST_LOOK, |board| board.trouble.is_none()).await;
        tasks
    }

    /// Ends this server's services, each of which the others take as soon as it has ended.
    pub async fn shutdown(&self, mut tasks: Tasks, running: &Running) {
        self.board.send_modify(|board| board.is_closing = true);
        self.missed.notify_one();
        tasks.follower.shutdown().await;
        let ends = running.close().into_iter().map(|(key, handle)| async move {
            handle.stop().await;
            // A store that is away costs the others the time to live.
            let _ = self.claims.release(&key).await;
        });
        futures_util::future::join_all(ends).await;
        tasks.others.shutdown().await;
        let _ = self.claims.leave().await;
    }

    /// Waits until the board is so, and says whether it became so in time.
    async fn until(&self, patience: Duration, is_so: impl FnMut(&Board) -> bool) -> bool {
        let mut board = self.board.subscribe();
        let became = tokio::time::timeout(patience, board.wait_for(is_so)).await;
        became.is_ok_and(|became| became.is_ok())
    }
}

fn identity(file: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(file) {
        Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let id = uuid::Uuid::new_v4().to_string();
    let draft = file.with_extension("draft");
    std::fs::write(&draft, &id)?;
    std::fs::rename(draft, file)?;
    Ok(id)
}

/// The store has not been read yet, or does not answer.
fn unread(board: &Board) -> Option<Error> {
    let trouble = board.trouble.as_ref().filter(|_| !board.is_read)?;
    let detail = format!("what is to run cannot be read yet: {trouble}");
    Some(Error::unavailable("runtime", detail))
}
