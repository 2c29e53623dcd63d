//! An outbound call with streams.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream;
use h2::SendStream;
use h2::client::ResponseFuture;
use tokio::sync::Mutex;

use super::Inner;
use super::attempt::{At, Begun, Call, Started, Tries};
use super::connection::Slot;
use super::request::{finish, nothing, open};
use crate::frame::{Frames, broken, send};
use crate::names::UNBEGUN;
use crate::{Codec, Context, Error, Result, Streaming};

/// So many bytes of requests are kept until the call was begun, in case that it has to be sent to another instance.
const KEPT_BYTES: usize = 64 * 1024;

pub(super) async fn stream(
    client: &Arc<Inner>,
    ctx: &Context,
    service: &str,
    endpoint: &str,
    codec: Codec,
    frames: Streaming<Bytes>,
) -> Result<Streaming<Bytes>> {
    let deadline = ctx.deadline();
    let wanted = Wanted {
        client: client.clone(),
        ctx: ctx.clone(),
        service: service.to_owned(),
        endpoint: endpoint.to_owned(),
        codec,
    };
    let mut tries = Tries::default();
    let started = match wanted.call().start(&mut tries).await? {
        Begun::There(started) => *started,
        Begun::Lane(..) => unreachable!("only a call that has its message is asked over a lane"),
        Begun::Here(here) => {
            let answers = here.stream(frames);
            return Ok(match deadline {
                Some(deadline) => bounded(answers, deadline),
                None => answers,
            });
        }
    };
    let state = Receiving::Waiting(Box::new(Waiting::new(wanted, tries, started, frames)));
    let stream = stream::unfold(state, |state| async move {
        match receive(state).await {
            Ok(received) => received.map(|(body, open)| (Ok(body), Receiving::Open(open))),
            Err(Some(error)) => Some((Err(error), Receiving::Ended)),
            Err(None) => None,
        }
    });
    Ok(match deadline {
        Some(deadline) => bounded(Streaming::new(stream), deadline),
        None => Streaming::new(stream),
    })
}

fn bounded(messages: Streaming<Bytes>, deadline: Instant) -> Streaming<Bytes> {
    Streaming::new(stream::unfold(Some(messages), move |messages| async move {
        let mut messages = messages?;
        match tokio::time::timeout_at(deadline.into(), messages.next()).await {
            Ok(item) => item.map(|item| (item, Some(messages))),
            Err(_) => Some((
                Err(Error::timeout("go.micro.client", "context deadline exceeded")),
                None,
            )),
        }
    }))
}

/// A call, for as long as it may have to be sent again.
struct Wanted {
    client: Arc<Inner>,
    ctx: Context,
    service: String,
    endpoint: String,
    codec: Codec,
}

enum Receiving {
    Waiting(Box<Waiting>),
    Open(Box<Open>),
    Ended,
}

/// A call that was sent and not answered yet.
struct Waiting {
    wanted: Wanted,
    tries: Tries,
    requests: Arc<Requests>,
    answer: ResponseFuture,
    sending: Sending,
    slot: Slot,
    at: At,
}

/// A call that is being answered.
struct Open {
    frames: Frames,
    sending: Sending,
    /// Counts it as long as it goes on.
    _at: (Slot, At),
}

async fn receive(state: Receiving) -> Result<Option<(Bytes, Box<Open>)>, Option<Error>> {
    let mut open = match state {
        Receiving::Waiting(waiting) => Box::new(waiting.answered().await.map_err(Some)?),
        Receiving::Open(open) => open,
        Receiving::Ended => return Err(None),
    };
    let received = async {
        let body = open.frames.next().await?;
        if body.is_none() {
            finish(&mut open.frames).await?;
        }
        Ok(body)
    };
    match received.await {
        Ok(body) => Ok(body.map(|body| (body, open))),
        Err(error) => Err(Some(open.sending.cause(error))),
    }
}

impl Wanted {
    fn call(&self) -> Call<'_> {
        Call {
            client: &self.client,
            ctx: &self.ctx,
            service: &self.service,
            endpoint: &self.endpoint,
            codec: self.codec,
            deadline: self.ctx.deadline(),
            message: None,
        }
    }
}

impl Waiting {
    fn new(wanted: Wanted, tries: Tries, started: Started, frames: Streaming<Bytes>) -> Self {
        let requests = Arc::new(Requests::new(frames));
        Self {
            sending: Sending::start(started.out, requests.clone()),
            answer: started.answer,
            slot: started.slot,
            at: started.at,
            wanted,
            tries,
            requests,
        }
    }

    /// Waits for the head of the answer, from another instance where the first one did not take the call.
    async fn answered(mut self) -> Result<Open> {
        loop {
            let error = match self.answer.await {
                Ok(answer) if answer.headers().contains_key(&UNBEGUN) => {
                    let error = open(answer).1.unwrap_or_else(|| nothing(&self.wanted.service));
                    let client = self.wanted.client.clone();
                    if !self.tries.elsewhere(self.at, &client, &error) {
                        return Err(error);
                    }
                    error
                }
                Ok(answer) => {
                    self.requests.are_taken.store(true, Ordering::Relaxed);
                    let (frames, failed) = open(answer);
                    self.at.tell(failed.as_ref());
                    let open = Open {
                        frames,
                        sending: self.sending,
                        _at: (self.slot, self.at),
                    };
                    return failed.map_or(Ok(open), Err);
                }
                Err(error) => {
                    if !self.tries.again(self.at, &error) {
                        return Err(self.sending.cause(broken(&error)));
                    }
                    broken(&error)
                }
            };
            self.sending.end().await;
            if let Some(failed) = self.requests.failed.get() {
                return Err(failed.clone());
            }
            if !self.requests.source.lock().await.is_whole {
                return Err(error);
            }
            let started = self.wanted.call().start_there(&mut self.tries).await?;
            self.sending = Sending::start(started.out, self.requests.clone());
            (self.answer, self.slot, self.at) = (started.answer, started.slot, started.at);
        }
    }
}

/// What the caller sends.
struct Requests {
    source: Mutex<Source>,
    /// The instance has begun with the call: it is not sent again.
    are_taken: AtomicBool,
    /// With what they ended, if not well.
    failed: OnceLock<Error>,
}

struct Source {
    frames: Streaming<Bytes>,
    has_ended: bool,
    /// What was sent so far; nothing once it is more than is kept.
    kept: Vec<Bytes>,
    kept_bytes: usize,
    is_whole: bool,
}

impl Requests {
    fn new(frames: Streaming<Bytes>) -> Self {
        Self {
            source: Mutex::new(Source {
                frames,
                has_ended: false,
                kept: Vec::new(),
                kept_bytes: 0,
                is_whole: true,
            }),
            are_taken: AtomicBool::new(false),
            failed: OnceLock::new(),
        }
    }

    /// Sends what was sent to another instance before, and then what comes.
    async fn feed(&self, mut out: SendStream<Bytes>) {
        let mut source = self.source.lock().await;
        for frame in source.kept.clone() {
            if send(&mut out, frame, false).await.is_err() {
                return;
            }
        }
        while !source.has_ended {
            let frame = match source.frames.next().await {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    let _ = self.failed.set(error);
                    out.send_reset(h2::Reason::CANCEL);
                    return;
                }
                None => {
                    source.has_ended = true;
                    break;
                }
            };
            source.keep(&frame, self.are_taken.load(Ordering::Relaxed));
            if send(&mut out, frame, false).await.is_err() {
                return;
            }
        }
        let _ = out.send_data(Bytes::new(), true);
    }
}

impl Source {
    fn keep(&mut self, frame: &Bytes, are_taken: bool) {
        self.kept_bytes += frame.len();
        self.is_whole &= !are_taken && self.kept_bytes <= KEPT_BYTES;
        if self.is_whole {
            self.kept.push(frame.clone());
        } else {
            self.kept = Vec::new();
        }
    }
}

/// The task that sends requests; it ends with the call.
struct Sending {
    task: tokio::task::JoinHandle<()>,
    requests: Arc<Requests>,
}

impl Sending {
    fn start(out: SendStream<Bytes>, requests: Arc<Requests>) -> Self {
        let of_task = requests.clone();
        Self {
            task: tokio::spawn(async move { of_task.feed(out).await }),
            requests,
        }
    }

    /// Requests that failed are why the call was cancelled.
    fn cause(&self, error: Error) -> Error {
        self.requests.failed.get().cloned().unwrap_or(error)
    }

    /// Stops sending; no request is lost with it.
    async fn end(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.task.abort();
    }
}
