//! Calls between their arrival and their answer.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{Request, Response, StatusCode};

use super::Server;
use super::answer::Begun;
use super::caller::Caller;
use super::fair::Line;
use super::inbound::Inbound;
use super::lane::{Answering, Out};
use super::pace::Lap;
use super::respond::refuse;
use super::routes::Mounted;
use crate::MethodDescriptor;
use crate::frame::Frames;
use crate::lane::Head;

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
    caller: Option<Caller>,
    mounted: Arc<Mounted>,
    method: &'static MethodDescriptor,
    /// Where it can be cancelled, and as what; a stream of HTTP/2 sees that itself.
    cancel: Option<(Arc<Out>, (u64, u64))>,
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
        // One for the connection, and one for this call.
        let beside = Arc::strong_count(&share).saturating_sub(2);
        let entered = match inbound.enter(server, began, beside) {
            Ok(entered) => entered,
            Err(error) => {
                refuse(&mut respond, &error, manner);
                return inbound.note(server, began, Some(&error));
            }
        };
        let quick = inbound.quick(began.duration_since(server.0.origin));
        let caller = self.caller(server, &inbound);
        let call = Begun::new(server, began, inbound, entered);
        let answer = async move {
            call.answer(manner, parts.uri, body, respond).await;
            drop(share);
        };
        match quick {
            Some((mounted, method)) => self.new.push(New {
                answer: Box::pin(answer),
                caller,
                mounted,
                method,
                cancel: None,
            }),
            None => self.line.join(caller, answer),
        }
    }

    /// The same for a call that came over a lane.
    pub(super) fn add_from_lane(&mut self, server: &Server, mut head: Head, call: Answering) {
        let began = Instant::now();
        let path = head.take_path();
        let (inbound, message) = Inbound::said(server, path.text(), head);
        let frames = Frames::one(message, server.0.limits.message);
        let entered = match inbound.enter(server, began, call.beside()) {
            Ok(entered) => entered,
            Err(error) => {
                call.fail(&error, true);
                return inbound.note(server, began, Some(&error));
            }
        };
        let quick = inbound.quick(began.duration_since(server.0.origin));
        let caller = self.caller(server, &inbound);
        let (out, number) = call.at();
        let begun = Begun::new(server, began, inbound, entered);
        let answer = Box::pin(begun.answer_on_lane(path, frames, call));
        match quick {
            Some((mounted, method)) => self.new.push(New {
                answer,
                caller,
                mounted,
                method,
                cancel: Some((out, number)),
            }),
            None => self.line.join(caller, out.cancellable(number, answer)),
        }
    }

    /// Who calls, where that may matter.
    fn caller(&self, server: &Server, inbound: &Inbound) -> Option<Caller> {
        self.line.is_busy().then(|| inbound.caller(server)).flatten()
    }

    /// Nobody waits for the answer to a call from a lane that was not looked at yet.
    pub(super) fn cancel(&mut self, call: u64) {
        let is_it = |new: &New| matches!(&new.cancel, Some((_, (number, _))) if *number == call);
        self.new.retain(|new| !is_it(new));
    }

    /// Polls each once; what has to wait becomes a task, and so do all behind one that takes long. Tells how many there were.
    pub(super) fn answer(&mut self, server: &Server) -> usize {
        let number = self.new.len();
        let mut lap = Lap::start();
        let mut goes_on = true;
        for mut new in self.new.drain(..) {
            if !goes_on {
                self.line.join(new.caller, new.work());
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
