//! One [lane](crate::lane) and the calls on it.

mod out;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

pub(super) use out::{Answering, Out};

use super::Server;
use super::waiting::Waiting;
use crate::Error;
use crate::gather::Gather;
use crate::lane::{BYE, CALL, CANCEL, Frame, GONE, HELLO, Head, LAST, Malformed, PING, PONG, Stall};

/// Room for what is read at a time.
const ROOM: usize = 16 * 1024;
/// Less than this is not worth a read.
const LITTLE: usize = 4 * 1024;
/// How long a peer that has been answered may take to hang up.
const LINGER: Duration = Duration::from_secs(1);

struct Lane {
    stream: TcpStream,
    read: BytesMut,
    /// What is being written, and how much of it is.
    writing: (Vec<u8>, usize),
    out: Arc<Out>,
    /// The peer has said that no more calls come.
    is_leaving: bool,
    stalled: Stall,
}

/// Why nothing more is done.
enum Ended {
    /// All is answered, and no more comes.
    Well,
    Broke,
}

/// Answers the calls on a connection that begins with the hello of a lane.
pub(super) async fn serve(server: Server, mut stream: TcpStream, mut stopped: watch::Receiver<bool>) {
    let limits = server.0.limits;
    let greeted = tokio::time::timeout(limits.handshake, greet(&mut stream, limits.streams)).await;
    let Ok(Ok(())) = greeted else { return };
    let mut lane = Lane {
        stream,
        read: BytesMut::new(),
        writing: (Vec::new(), 0),
        out: Arc::default(),
        is_leaving: false,
        stalled: Stall::default(),
    };
    let mut draining = *stopped.borrow();
    if draining {
        lane.out.say(LAST, 0, &[]);
    }
    let mut gather = Gather::default();
    let mut waiting = Waiting::new();
    let mut together = 0;
    loop {
        let calls = lane.out.calls() + together;
        let turn = poll_fn(|cx| gather.poll(calls, cx, |cx| lane.poll(cx)));
        let queued = waiting.line.queued();
        tokio::select! {
            () = queued.begun(), if waiting.line.is_long() => waiting.line.follow(),
            turn = turn => match turn {
                Err(Ended::Broke) => return,
                Err(Ended::Well) => return lane.hang_up().await,
                Ok(()) => match lane.take(&server, &mut waiting, draining) {
                    Ok(()) => together = waiting.answer(&server),
                    Err(Malformed) => {
                        tracing::debug!("a lane brought what is no call");
                        return;
                    }
                },
            },
            _ = stopped.changed(), if !draining => {
                draining = true;
                lane.out.say(LAST, 0, &[]);
            }
        }
    }
}

async fn greet(stream: &mut TcpStream, calls: u32) -> std::io::Result<()> {
    stream.read_exact(&mut [0; HELLO.len()]).await?;
    stream.write_all(&HELLO).await?;
    stream.write_all(&calls.to_be_bytes()).await
}

impl Lane {
    /// Writes what there is to write; ready when something came.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let written = self.write(cx)?;
        if self.is_leaving && written.is_ready() && self.out.is_done() {
            return Poll::Ready(Err(Ended::Well));
        }
        // Who takes no answers asks no more.
        if written.is_pending() && self.out.is_full() {
            return Poll::Pending;
        }
        if self.read.capacity() - self.read.len() < LITTLE {
            self.read.reserve(ROOM);
        }
        match ready!(pin!(self.stream.read_buf(&mut self.read)).poll(cx)) {
            Ok(read) if read > 0 => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err(Ended::Broke)),
        }
    }

    /// Ready when all is written, and then woken by what is said next.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Ended> {
        loop {
            let (bytes, at) = &mut self.writing;
            if *at == bytes.len() {
                *at = 0;
                if !self.out.take(bytes, cx.waker()) {
                    return Ok(Poll::Ready(()));
                }
            }
            let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[*at..]);
            match self.stalled.watch(cx, written) {
                Poll::Ready(Ok(written)) => *at += written,
                Poll::Ready(Err(_)) => return Err(Ended::Broke),
                Poll::Pending => return Ok(Poll::Pending),
            }
        }
    }

    fn begin(&self, server: &Server, waiting: &mut Waiting, call: u64, head: Option<Head>) {
        let (name, limits) = (&*server.0.name, &server.0.limits);
        let answering = Answering::begin(&self.out, call);
        let Some(head) = head else {
            let error = Error::bad_request(name, "the call has a path or headers that no call has");
            return answering.fail(&error, false);
        };
        // Twice as many as a client is told: some that it has cancelled are still ending here.
        if self.out.calls() > 2 * limits.streams as usize {
            let detail = "more calls are under way on this connection than it takes";
            return answering.fail(&Error::too_many_requests(name, detail), true);
        }
        if head.metadata.size() > limits.headers as usize {
            let detail = format!(
                "the headers are larger than the limit of {} bytes",
                limits.headers
            );
            return answering.fail(&Error::new(name, 431, detail), false);
        }
        waiting.add_from_lane(server, head, answering);
    }

    /// So that the last answers are not lost, which they are where a connection is closed with something unread.
    async fn hang_up(&mut self) {
        let _ = self.stream.shutdown().await;
        let mut rest = [0; 1024];
        let read = async { while matches!(self.stream.read(&mut rest).await, Ok(read) if read > 0) {} };
        let _ = tokio::time::timeout(LINGER, read).await;
    }

    /// Takes the calls in that have come.
    fn take(&mut self, server: &Server, waiting: &mut Waiting, draining: bool) -> Result<(), Malformed> {
        while let Some(Frame { kind, call, body }) = Frame::take(&mut self.read)? {
            match kind {
                CALL if draining => self.out.say(GONE, call, &[]),
                CALL => self.begin(server, waiting, call, Head::read(body)),
                CANCEL => {
                    waiting.cancel(call);
                    self.out.cancel(call);
                }
                PING => self.out.say(PONG, call, &[]),
                BYE => self.is_leaving = true,
                // What later versions say besides.
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.out.close();
    }
}
