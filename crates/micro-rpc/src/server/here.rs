//! Calls from this process: all that an inbound call is but its way over the network.

use std::time::Instant;

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Server;
use super::call::{Body, Reply, first};
use super::inbound::Inbound;
use crate::codec::FRAME_HEADER;
use crate::frame::Frames;
use crate::lane::Head;
use crate::{Error, Result, Streaming};

/// So many answers of a stream may wait for the caller.
const WAITING: usize = 16;

impl Server {
    /// Answers one message with one; `None` where the handler answers nothing.
    pub(crate) async fn unary_here(&self, head: Head) -> Result<Option<Bytes>> {
        let limit = self.0.limits.message;
        self.answer_here(
            head,
            |message| Frames::one(message, limit),
            async |reply| match reply {
                Body::Message(frame) => Ok(Some(message(&frame))),
                Body::Stream(frames) => Ok(first(frames).await?.as_ref().map(message)),
            },
        )
        .await
    }

    /// Answers messages with messages. It goes on by itself until it is over or the answers are dropped, on the runtime that this is called on.
    pub(crate) fn stream_here(&self, head: Head, requests: Streaming<Bytes>) -> Streaming<Bytes> {
        let (answers, stream) = Streaming::channel(WAITING);
        let server = self.clone();
        let (requests, broke) = watched(requests);
        let task = tokio::spawn(async move {
            let limit = server.0.limits.message;
            let work = server.answer_here(
                head,
                |_| Frames::here(requests, limit),
                async |reply| {
                    let mut frames = match reply {
                        Body::Message(frame) => Streaming::from_iter([frame]),
                        Body::Stream(frames) => frames,
                    };
                    while let Some(frame) = frames.next().await.transpose()? {
                        answers.send(message(&frame)).await?;
                    }
                    Ok(())
                },
            );
            // A caller that hangs up stops the work that it asked for.
            let answered = tokio::select! {
                answered = work => answered,
                // Over the network the call is reset then.
                Ok(error) = broke => Err(error),
                () = answers.closed() => return,
            };
            if let Err(error) = answered {
                answers.fail(error).await;
            }
        });
        whole(stream, task)
    }

    async fn answer_here<T>(
        &self,
        mut head: Head,
        frames: impl FnOnce(Bytes) -> Frames,
        read: impl AsyncFnOnce(Body) -> Result<T>,
    ) -> Result<T> {
        let began = Instant::now();
        let path = head.take_path();
        let (inbound, message) = Inbound::said(self, path.text(), head);
        let (trace, endpoint) = (inbound.trace.clone(), inbound.endpoint());
        let answered = match inbound.run(self, path.text(), frames(message), None).await {
            Ok(Reply(body)) => read(body).await,
            Err(error) => Err(error),
        };
        let failed = answered.as_ref().err();
        self.0.stats.record(trace, endpoint, began, failed);
        answered
    }
}

/// The same requests, and the error that they end with if they do.
fn watched(requests: Streaming<Bytes>) -> (Streaming<Bytes>, oneshot::Receiver<Error>) {
    let (broke, broken) = oneshot::channel();
    let state = (requests, Some(broke));
    let watched = stream::unfold(state, |(mut requests, mut broke)| async move {
        let request = requests.next().await?;
        if let (Err(error), Some(broke)) = (&request, broke.take()) {
            let _ = broke.send(error.clone());
        }
        Some((request, (requests, broke)))
    });
    (Streaming::new(watched), broken)
}

/// The same answers, which do not end well where the work on them was cut off.
fn whole(answers: Streaming<Bytes>, work: JoinHandle<()>) -> Streaming<Bytes> {
    let state = (answers, Some(work));
    Streaming::new(stream::unfold(state, |(mut answers, mut work)| async move {
        if let Some(answer) = answers.next().await {
            return Some((answer, (answers, work)));
        }
        let cut_off = work.take()?.await.is_err();
        let error = || Error::internal("go.micro.client", "the stream was cut off: its handler failed");
        cut_off.then(|| (Err(error()), (answers, work)))
    }))
}

fn message(frame: &Bytes) -> Bytes {
    frame.slice(FRAME_HEADER.min(frame.len())..)
}
