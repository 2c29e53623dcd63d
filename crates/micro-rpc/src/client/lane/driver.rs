//! The task of a lane: writes what callers say, and hands out what is answered.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker, ready};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;

use super::slots::TooMuch;
use super::{Answer, Shared, State};
use crate::Error;
use crate::gather::Gather;
use crate::lane::{ANSWER, BYE, CANCEL, FAILED, Frame, GONE, LAST, Malformed, PART, Stall, UNBEGUN, put};

/// Room for what is read at a time.
const ROOM: usize = 16 * 1024;
/// Less than this is not worth a read.
const LITTLE: usize = 4 * 1024;
/// What is kept for the next bytes, where many had to wait.
const KEPT: usize = 64 * 1024;

pub(super) struct Driver {
    stream: TcpStream,
    shared: Arc<Shared>,
    read: BytesMut,
    /// What is being written, and how much of it is.
    writing: (Vec<u8>, usize),
    woken: Vec<Waker>,
    has_said_bye: bool,
    stalled: Stall,
}

impl Driver {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self {
            stream,
            shared,
            read: BytesMut::new(),
            writing: (Vec::new(), 0),
            woken: Vec::new(),
            has_said_bye: false,
            stalled: Stall::default(),
        }
    }

    /// Until the connection ends.
    pub(super) async fn run(mut self) {
        let mut gather = Gather::default();
        poll_fn(|cx| {
            let calls = self.shared.under_way.load(Ordering::Relaxed);
            gather.poll(calls, cx, |cx| self.poll(cx))
        })
        .await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Poll::Ready(Err(_)) = self.write(cx) {
                return Poll::Ready(());
            }
            if self.read.capacity() - self.read.len() < LITTLE {
                self.read.reserve(ROOM);
            }
            match ready!(pin!(self.stream.read_buf(&mut self.read)).poll(cx)) {
                Ok(read) if read > 0 => {
                    if self.take().is_err() {
                        tracing::debug!("a lane brought what is no answer");
                        return Poll::Ready(());
                    }
                }
                _ => return Poll::Ready(()),
            }
        }
    }

    /// Ready when all is written, and then woken by what is said next.
    fn write(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        loop {
            let (bytes, at) = &mut self.writing;
            if *at == bytes.len() {
                *at = 0;
                bytes.clear();
                bytes.shrink_to(KEPT);
                let mut state = self.shared.state();
                if state.bytes.is_empty() {
                    match &state.waker {
                        Some(known) if known.will_wake(cx.waker()) => {}
                        _ => state.waker = Some(cx.waker().clone()),
                    }
                    if !state.is_leaving || self.has_said_bye {
                        return Poll::Ready(Ok(()));
                    }
                    self.has_said_bye = true;
                    put(&mut state.bytes, BYE, 0, &[]);
                }
                std::mem::swap(&mut state.bytes, bytes);
            }
            let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[*at..]);
            *at += ready!(self.stalled.watch(cx, written))?;
        }
    }

    /// Hands out what has come.
    fn take(&mut self) -> Result<(), Malformed> {
        self.shared.reads.fetch_add(1, Ordering::Relaxed);
        let mut leaves = false;
        let mut state = self.shared.state();
        let taken = loop {
            match Frame::take(&mut self.read) {
                Ok(Some(frame)) => {
                    leaves |= frame.kind == LAST;
                    match hear(&mut state, frame) {
                        Ok(waker) => self.woken.extend(waker),
                        Err(malformed) => break Err(malformed),
                    }
                }
                Ok(None) => break Ok(()),
                Err(malformed) => break Err(malformed),
            }
        };
        drop(state);
        if leaves {
            self.shared.leave();
        }
        self.woken.drain(..).for_each(Waker::wake);
        taken
    }
}

/// Who is to be woken by it.
fn hear(state: &mut State, frame: Frame) -> Result<Option<Waker>, Malformed> {
    let Frame { kind, call, body } = frame;
    let calls = &mut state.calls;
    Ok(match kind {
        ANSWER => calls.message(call, body),
        PART => match calls.piece(call, &body) {
            Some(TooMuch(waker)) => {
                put(&mut state.bytes, CANCEL, call, &[]);
                waker
            }
            None => None,
        },
        GONE => calls.end_with(call, |_| Answer::Gone),
        FAILED => {
            let (head, text) = body.split_first_chunk().ok_or(Malformed)?;
            let [flags, status] = *head;
            calls.end_with(call, |_| Answer::Failed {
                error: Error::from_status(status, &String::from_utf8_lossy(text)),
                was_unbegun: flags & UNBEGUN != 0,
            })
        }
        // That the server takes no more calls is seen to by the caller, and a pong needs no answer.
        _ => None,
    })
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.leave();
        let mut state = self.shared.state();
        state.has_ended = true;
        state.bytes = Vec::new();
        let woken = state.calls.end_all();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }
}
