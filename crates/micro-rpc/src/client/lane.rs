//! The client's end of a [lane](crate::lane).

mod driver;
mod slots;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connection::{CONNECT, Question, Watched};
use crate::Error;
use crate::lane::{CANCEL, HELLO, LIMIT, PING, number, put};
use driver::Driver;
use slots::Slots;

/// No lane needs more calls under way.
const MOST: u32 = 16 * 1024;
/// Where so many bytes wait to be written calls go another way.
const FULL: usize = 1 << 20;

pub(super) struct Lane {
    shared: Arc<Shared>,
    driver: tokio::task::AbortHandle,
    /// So many calls may be under way.
    limit: usize,
}

/// What callers and the connection's task have in common.
pub(super) struct Shared {
    state: Mutex<State>,
    live: Arc<AtomicBool>,
    under_way: Arc<AtomicUsize>,
    /// How often something came.
    reads: AtomicU64,
}

#[derive(Default)]
struct State {
    /// What is to be written.
    bytes: Vec<u8>,
    /// The connection's task, once it has written all.
    waker: Option<Waker>,
    calls: Slots,
    /// No more calls are taken.
    is_leaving: bool,
    has_ended: bool,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Answer {
    /// One frame of gRPC, or nothing.
    Message(Bytes),
    Failed {
        error: Error,
        was_unbegun: bool,
    },
    /// It was not begun, because the server goes away.
    Gone,
    /// The connection ended before it was answered.
    Broke,
}

/// A call under way. Whoever drops it does not want the answer any more.
pub(super) struct Asked {
    lane: Arc<Lane>,
    call: u64,
    is_over: bool,
}

impl Lane {
    /// `alive` is as for a connection of HTTP/2.
    pub(super) async fn open(address: &str, alive: Duration) -> Result<Self, NotOpened> {
        let opening = tokio::time::timeout(CONNECT, greet(address));
        let (stream, limit) = opening.await.unwrap_or(Err(NotOpened::Unreachable))?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            live: Arc::new(AtomicBool::new(true)),
            under_way: Arc::default(),
            reads: AtomicU64::new(0),
        });
        let driver = tokio::spawn(Driver::new(stream, shared.clone()).run()).abort_handle();
        let watched = Watched {
            live: shared.live.clone(),
            under_way: shared.under_way.clone(),
            driver: driver.clone(),
        };
        tokio::spawn(watched.watch(Question::Lane(shared.clone()), alive));
        Ok(Self {
            shared,
            driver,
            limit: limit.min(MOST) as usize,
        })
    }

    pub(super) fn is_live(&self) -> bool {
        self.shared.live.load(Ordering::Acquire)
    }

    pub(super) fn load(&self) -> usize {
        self.shared.under_way.load(Ordering::Relaxed)
    }

    /// Whether it takes a call now.
    pub(super) fn has_room(&self) -> bool {
        self.load() < self.limit
    }

    /// Sends an encoded call; `None` where no more are taken.
    pub(super) fn ask(self: &Arc<Self>, mut frame: Vec<u8>) -> Option<Asked> {
        let mut state = self.shared.state();
        if state.is_leaving || state.calls.len() >= self.limit || state.bytes.len() >= FULL {
            return None;
        }
        let call = state.calls.begin();
        number(&mut frame, call);
        state.bytes.extend_from_slice(&frame);
        let waker = state.waker.take();
        drop(state);
        self.shared.under_way.fetch_add(1, Ordering::Relaxed);
        if let Some(waker) = waker {
            waker.wake();
        }
        Some(Asked {
            lane: self.clone(),
            call,
            is_over: false,
        })
    }
}

/// Why there is no lane.
pub(super) enum NotOpened {
    /// Nobody answers just now.
    Unreachable,
    /// Who answers does not say the hello.
    Unknown,
}

async fn greet(address: &str) -> Result<(TcpStream, u32), NotOpened> {
    let connected = TcpStream::connect(address).await;
    let mut stream = connected.map_err(|_| NotOpened::Unreachable)?;
    let _ = stream.set_nodelay(true);
    let (mut said, mut limit) = ([0; HELLO.len()], [0; LIMIT]);
    let greeted = async {
        stream.write_all(&HELLO).await?;
        stream.read_exact(&mut said).await?;
        if said == HELLO {
            stream.read_exact(&mut limit).await?;
        }
        std::io::Result::Ok(())
    };
    match greeted.await {
        Ok(()) if said == HELLO => Ok((stream, u32::from_be_bytes(limit))),
        _ => Err(NotOpened::Unknown),
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks whether the server is there; whether anything came within that time.
    pub(super) async fn is_there(&self, within: Duration) -> bool {
        let before = self.reads.load(Ordering::Relaxed);
        self.say(PING, 0);
        tokio::time::sleep(within).await;
        self.reads.load(Ordering::Relaxed) != before
    }

    /// Says something that has no body, unless nobody is there to hear it.
    fn say(&self, kind: u8, call: u64) {
        let mut state = self.state();
        if state.has_ended {
            return;
        }
        put(&mut state.bytes, kind, call, &[]);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// No more calls.
    fn leave(&self) {
        self.live.store(false, Ordering::Release);
        self.state().is_leaving = true;
    }

    fn over(&self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Future for Asked {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let answer = self.lane.shared.state().calls.answer(self.call, cx.waker());
        if answer.is_ready() {
            self.is_over = true;
            self.lane.shared.over();
        }
        answer
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let shared = &self.lane.shared;
        if shared.state().calls.forget(self.call) {
            shared.say(CANCEL, self.call);
        }
        shared.over();
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // Each call under way keeps it, so there is none.
        self.shared.live.store(false, Ordering::Release);
        self.driver.abort();
    }
}
