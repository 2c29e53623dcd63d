//! From a call that was let in to its answer.

use std::future::poll_fn;
use std::time::Instant;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Uri;

use super::Server;
use super::call::{Body, Reply, first};
use super::inbound::Inbound;
use super::lane::Answering;
use super::limit::Entered;
use super::respond::{Manner, fail, refuse, write};
use crate::frame::Frames;
use crate::lane::Path;
use crate::{Error, Result};

/// A call that was let in.
pub(super) struct Begun {
    server: Server,
    began: Instant,
    inbound: Inbound,
    entered: Option<Entered>,
}

impl Begun {
    pub(super) fn new(server: &Server, began: Instant, inbound: Inbound, entered: Option<Entered>) -> Self {
        Self {
            server: server.clone(),
            began,
            inbound,
            entered,
        }
    }

    /// Over HTTP/2.
    pub(super) async fn answer(
        self,
        manner: Manner,
        uri: Uri,
        body: RecvStream,
        mut respond: SendResponse<Bytes>,
    ) {
        let Self {
            server,
            began,
            inbound,
            mut entered,
        } = self;
        if let Some(error) = inbound.too_late(&server, began) {
            refuse(&mut respond, &error, manner);
            return inbound.note(&server, began, Some(&error));
        }
        let frames =
            Frames::new(body, server.0.limits.message).within(&server.0.messages, server.0.limits.request);
        let (trace, endpoint) = (inbound.trace.clone(), inbound.endpoint());
        // A caller that hangs up stops the work that it asked for.
        let reply = tokio::select! {
            biased;
            _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
            reply = inbound.run(&server, uri.path(), frames, entered.as_mut()) => reply,
        };
        // How long the caller takes to read the answer is not the method's.
        if let Some(entered) = entered {
            entered.answered();
        }
        let failed = match reply {
            Ok(reply) => write(respond, reply, manner).await.err(),
            Err(error) => {
                fail(&mut respond, &error, manner);
                Some(error)
            }
        };
        server.0.stats.record(trace, endpoint, began, failed.as_ref());
    }

    /// Over a lane.
    pub(super) async fn answer_on_lane(self, path: Path, frames: Frames, call: Answering) {
        let Self {
            server,
            began,
            inbound,
            mut entered,
        } = self;
        if let Some(error) = inbound.too_late(&server, began) {
            call.fail(&error, true);
            return inbound.note(&server, began, Some(&error));
        }
        let (trace, endpoint) = (inbound.trace.clone(), inbound.endpoint());
        let answered = only(inbound.run(&server, path.text(), frames, entered.as_mut()).await).await;
        if let Some(entered) = entered {
            entered.answered();
        }
        let failed = match answered {
            Ok(frame) => {
                call.answer(frame.unwrap_or_default()).await;
                None
            }
            Err(error) => {
                call.fail(&error, false);
                Some(error)
            }
        };
        server.0.stats.record(trace, endpoint, began, failed.as_ref());
    }
}

async fn only(reply: Result<Reply>) -> Result<Option<Bytes>> {
    match reply?.0 {
        Body::Message(frame) => Ok(Some(frame)),
        Body::Stream(frames) => first(frames).await,
    }
}

impl Inbound {
    /// Counts and remembers a call that was not begun.
    pub(super) fn note(self, server: &Server, began: Instant, error: Option<&Error>) {
        let endpoint = self.endpoint();
        server.0.stats.record(self.trace, endpoint, began, error);
    }
}
