//! Calls between their arrival and their answer.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{Request, Response, StatusCode, Uri};

use super::Server;
use super::call::{Body, Reply, first};
use super::fair::Line;
use super::inbound::Inbound;
use super::lane::{Answering, Out};
use super::pace::Lap;
use super::respond::{Manner, fail, refuse, write};
use super::routes::Mounted;
use crate::frame::Frames;
use crate::lane::{Head, Path};
use crate::{MethodDescriptor, Result};

/// Who computes for so long keeps others waiting who came with him.
const LONG: Duration = Duration::from_millis(1);

/// Calls that were accepted and not yet begun.
pub(super) struct Waiting {
    new: Vec<New>,
    /// Those that become tasks.
    pub(super) line: Line,
}

struct New {
    answer: Pin<Box<dyn Future<Output = ()> + Send>>,
    mounted: Arc<Mounted>,
    method: &'static MethodDescriptor,
    /// Where it can be cancelled, and as what; a stream of HTTP/2 sees that itself.
    cancel: Option<(Arc<Out>, u32)>,
}

impl Waiting {
    pub(super) fn new() -> Self {
        Self {
            new: Vec::new(),
            line: Line::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.new.is_empty()
    }

    /// Takes a call in; one that is known to take its time becomes a task.
    pub(super) fn add(
        &mut self,
        server: &Server,
        request: Request<h2::RecvStream>,
        mut respond: SendResponse<Bytes>,
        share: Arc<()>,
    ) {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let read = Inbound::read(server, &parts.method, parts.uri.path(), parts.headers);
        let Some((inbound, manner)) = read else {
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let _ = respond.send_response(response, true);
            return;
        };
        let quick = inbound.quick(began.duration_since(server.0.origin));
        let server = server.clone();
        let answer = async move {
            answer(server, began, inbound, manner, parts.uri, body, respond).await;
            drop(share);
        };
        match quick {
            Some((mounted, method)) => self.new.push(New {
                answer: Box::pin(answer),
                mounted,
                method,
                cancel: None,
            }),
            None => self.line.join(answer),
        }
    }

    /// The same for a call that came over a lane.
    pub(super) fn add_from_lane(&mut self, server: &Server, mut head: Head, call: Answering) {
        let began = Instant::now();
        let path = head.take_path();
        let (inbound, message) = Inbound::said(server, path.text(), head);
        let frames = Frames::one(message, server.0.limits.message);
        let quick = inbound.quick(began.duration_since(server.0.origin));
        let (out, number) = call.at();
        let answer = Box::pin(answer_on_lane(server.clone(), began, inbound, path, frames, call));
        match quick {
            Some((mounted, method)) => self.new.push(New {
                answer,
                mounted,
                method,
                cancel: Some((out, number)),
            }),
            None => self.line.join(out.cancellable(number, answer)),
        }
    }

    /// Polls each once; what has to wait becomes a task, and so do all behind one that takes long. Tells how many there were.
    pub(super) fn answer(&mut self, server: &Server) -> usize {
        let number = self.new.len();
        let mut lap = Lap::start();
        let mut goes_on = true;
        for mut new in self.new.drain(..) {
            if !goes_on {
                self.line.join(new.work());
                continue;
            }
            // The task polls it again before anything else, so no wake-up is lost.
            let mut cx = Context::from_waker(Waker::noop());
            let polled = pin!(tokio::task::unconstrained(new.answer.as_mut())).poll(&mut cx);
            let (time, now) = lap.next();
            if let Some(pace) = new.mounted.pace(new.method) {
                pace.took(time, now.duration_since(server.0.origin));
            }
            goes_on = time < LONG;
            if polled.is_pending() {
                tokio::spawn(new.work());
            }
        }
        number
    }
}

impl New {
    /// For a task.
    fn work(self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.cancel {
            None => self.answer,
            Some((out, call)) => Box::pin(out.cancellable(call, self.answer)),
        }
    }
}

async fn answer_on_lane(
    server: Server,
    began: Instant,
    inbound: Inbound,
    path: Path,
    frames: Frames,
    call: Answering,
) {
    let (trace, endpoint) = (inbound.trace.clone(), inbound.endpoint());
    let failed = match inbound.too_late(&server, began) {
        Some(error) => {
            call.fail(&error, true);
            Some(error)
        }
        None => match only(inbound.run(&server, path.text(), frames).await).await {
            Ok(frame) => {
                call.answer(frame.unwrap_or_default()).await;
                None
            }
            Err(error) => {
                call.fail(&error, false);
                Some(error)
            }
        },
    };
    server.0.stats.record(trace, endpoint, began, failed.as_ref());
}

async fn only(reply: Result<Reply>) -> Result<Option<Bytes>> {
    match reply?.0 {
        Body::Message(frame) => Ok(Some(frame)),
        Body::Stream(frames) => first(frames).await,
    }
}

async fn answer(
    server: Server,
    began: Instant,
    inbound: Inbound,
    manner: Manner,
    uri: Uri,
    body: h2::RecvStream,
    mut respond: SendResponse<Bytes>,
) {
    if let Some(error) = inbound.too_late(&server, began) {
        refuse(&mut respond, &error, manner);
        let endpoint = inbound.endpoint();
        server
            .0
            .stats
            .record(inbound.trace, endpoint, began, Some(&error));
        return;
    }
    let frames = Frames::new(body, server.0.limits.message);
    let trace = inbound.trace.clone();
    let endpoint = inbound.endpoint();
    // A caller that hangs up stops the work that it asked for.
    let reply = tokio::select! {
        biased;
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
        reply = inbound.run(&server, uri.path(), frames) => reply,
    };
    let failed = match reply {
        Ok(reply) => write(respond, reply, manner).await.err(),
        Err(error) => {
            fail(&mut respond, &error, manner);
            Some(error)
        }
    };
    server.0.stats.record(trace, endpoint, began, failed.as_ref());
}
