//! What is said on a lane, by all who answer its calls.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use futures_util::future::{AbortHandle, Abortable};
use tokio::sync::Notify;

use crate::Error;
use crate::lane::{ANSWER, FAILED, PART, PIECE, UNBEGUN, put};

/// So many bytes may wait to be written before nothing more is read, and nothing large is added.
const FULL: usize = 1 << 20;
/// What is kept for the next bytes, where many had to wait.
const KEPT: usize = 64 * 1024;
/// No text of an error is longer on a lane; there are three, and as JSON each may be six times as long.
const LONGEST_TEXT: usize = 3 * 1024;

#[derive(Default)]
pub(in crate::server) struct Out {
    state: Mutex<State>,
    /// Told when there is room again.
    room: Notify,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// The connection, once it has written all.
    waker: Option<Waker>,
    /// Those under way.
    calls: usize,
    /// How many have begun so far.
    begun: u64,
    /// Ends those that have become tasks: by the caller's number for each, with ours.
    tasks: HashMap<u64, (u64, AbortHandle)>,
    is_closed: bool,
}

/// A call that is to be answered; it is over when this is dropped.
pub(in crate::server) struct Answering {
    out: Arc<Out>,
    call: u64,
    number: u64,
    is_over: bool,
}

impl Out {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something.
    pub(super) fn say(&self, kind: u8, call: u64, body: &[&[u8]]) {
        self.tell(|bytes| put(bytes, kind, call, body), |_| {});
    }

    fn tell(&self, say: impl FnOnce(&mut Vec<u8>), note: impl FnOnce(&mut State)) {
        let mut state = self.state();
        if !state.is_closed {
            say(&mut state.bytes);
        }
        note(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Exchanges what was written for what is to be; where there is nothing, wakes who asks as soon as there is, or a call is over.
    pub(super) fn take(&self, written: &mut Vec<u8>, waker: &Waker) -> bool {
        written.clear();
        written.shrink_to(KEPT);
        let mut state = self.state();
        if state.bytes.is_empty() {
            match &state.waker {
                Some(known) if known.will_wake(waker) => {}
                _ => state.waker = Some(waker.clone()),
            }
            return false;
        }
        let was_full = state.bytes.len() >= FULL;
        std::mem::swap(&mut state.bytes, written);
        drop(state);
        if was_full {
            self.room.notify_waiters();
        }
        true
    }

    /// How many calls are under way.
    pub(super) fn calls(&self) -> usize {
        self.state().calls
    }

    /// Whether nothing is under way and all is taken.
    pub(super) fn is_done(&self) -> bool {
        let state = self.state();
        state.calls == 0 && state.bytes.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.state().bytes.len() >= FULL
    }

    async fn room(&self) {
        loop {
            let room = self.room.notified();
            if !self.is_full() {
                return;
            }
            room.await;
        }
    }

    /// The same work, which ends when its call is cancelled or the connection is.
    pub(in crate::server) fn cancellable<F: Future<Output = ()>>(
        &self,
        (call, number): (u64, u64),
        work: F,
    ) -> impl Future<Output = ()> + use<F> {
        let (handle, registration) = AbortHandle::new_pair();
        let mut state = self.state();
        let ended = match state.is_closed {
            true => Some((number, handle)),
            // Who uses a number that is in use has no way to speak of the call before.
            false => state.tasks.insert(call, (number, handle)),
        };
        drop(state);
        if let Some((_, ended)) = ended {
            ended.abort();
        }
        let work = Abortable::new(work, registration);
        async move {
            let _ = work.await;
        }
    }

    /// Nobody waits for the answer.
    pub(super) fn cancel(&self, call: u64) {
        let task = self.state().tasks.remove(&call);
        if let Some((_, task)) = task {
            task.abort();
        }
    }

    /// Ends all that is under way: there is nobody to tell.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.bytes = Vec::new();
        let tasks = std::mem::take(&mut state.tasks);
        drop(state);
        tasks.into_values().for_each(|(_, task)| task.abort());
        self.room.notify_waiters();
    }
}

impl Answering {
    pub(super) fn begin(out: &Arc<Out>, call: u64) -> Self {
        let mut state = out.state();
        state.calls += 1;
        state.begun += 1;
        Self {
            out: out.clone(),
            call,
            number: state.begun,
            is_over: false,
        }
    }

    /// How many of the same caller are under way besides.
    pub(in crate::server) fn beside(&self) -> usize {
        self.out.calls().saturating_sub(1)
    }

    /// For who makes a task of it: where it is, and the caller's number and ours.
    pub(in crate::server) fn at(&self) -> (Arc<Out>, (u64, u64)) {
        (self.out.clone(), (self.call, self.number))
    }

    /// Answers with a frame of gRPC, which is empty where there is no message.
    pub(in crate::server) async fn answer(mut self, mut frame: Bytes) {
        while frame.len() > PIECE {
            self.out.room().await;
            let piece = frame.split_to(PIECE);
            self.out.say(PART, self.call, &[&piece]);
        }
        self.end(ANSWER, &[&frame]);
    }

    /// Answers with an error.
    pub(in crate::server) fn fail(mut self, error: &Error, was_unbegun: bool) {
        self.say_failed(error, was_unbegun);
    }

    fn say_failed(&mut self, error: &Error, was_unbegun: bool) {
        let (short, json);
        let text = match error.plain {
            Some(_) => cut(&error.detail),
            None => {
                short = Error {
                    id: cut(&error.id).to_owned(),
                    detail: cut(&error.detail).to_owned(),
                    status: cut(&error.status).to_owned(),
                    ..error.clone()
                };
                json = short.to_json();
                &json
            }
        };
        let flags = if was_unbegun { UNBEGUN } else { 0 };
        self.end(FAILED, &[&[flags, error.grpc_code()], text.as_bytes()]);
    }

    fn end(&mut self, kind: u8, body: &[&[u8]]) {
        self.is_over = true;
        let (call, number) = (self.call, self.number);
        self.out.tell(
            |bytes| put(bytes, kind, call, body),
            |state| over(state, call, number),
        );
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_TEXT)]
}

fn over(state: &mut State, call: u64, number: u64) {
    state.calls -= 1;
    if state.tasks.get(&call).is_some_and(|(known, _)| *known == number) {
        state.tasks.remove(&call);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if !self.is_over {
            // Who has cancelled it does not listen.
            let error = Error::internal("go.micro.client", "the call was cut off: its handler failed");
            self.say_failed(&error, false);
        }
    }
}
