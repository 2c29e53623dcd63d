//! The bytes below HTTP.
//!
//! `hyper` answers by itself what it cannot read as HTTP, with a status and nothing else, or closes without a word. Here the
//! former gets the body that every error has, and for the latter it is known whether something is owed an answer. And a
//! caller that takes nothing of what is written to it is given up.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};
use std::time::Duration;

use micro_rpc::Error;
use micro_rpc::bytes::{Buf, Bytes, BytesMut};
use micro_rpc::memory_budget::{Full, Held};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::ID;
use super::face::Face;
use super::io::Io;
use super::reply::Content;

/// How HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What is read at first, to see what is spoken: most requests come whole in it.
const FIRST: usize = 4096;
/// No bare answer is longer.
const LONGEST_BARE: usize = 256;

/// A connection below HTTP.
pub(super) struct Wire {
    stream: Io,
    /// What was read to see what is spoken, and is not handed out yet.
    first: BytesMut,
    face: Face,
    /// Whether something was read since the last write, so that an answer to it may be owed.
    owes: bool,
    /// Whether the peer said that it sends no more.
    at_end: bool,
    /// Whether the last write was taken in part only, so that the next one begins within an answer.
    within: bool,
    /// What stands in for a bare answer and is not yet written.
    instead: Vec<u8>,
    /// Whether who writes says the end himself.
    is_given_away: bool,
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    /// Bytes read.
    read: u64,
    /// What is counted of a message that comes, and how many bytes were read when the one before was there.
    message: Option<(Held, u64)>,
}

impl Wire {
    pub(super) fn new(stream: Io, patience: Duration, face: Face) -> Self {
        Self {
            stream,
            first: BytesMut::new(),
            face,
            owes: false,
            at_end: false,
            within: false,
            instead: Vec::new(),
            is_given_away: false,
            patience,
            stalled: None,
            read: 0,
            message: None,
        }
    }

    /// Whether the peer begins as HTTP/2 does. Waits for its first bytes, and for as long as they leave it open.
    pub(super) async fn speaks_http2(&mut self) -> io::Result<bool> {
        loop {
            let known = self.first.len().min(PREFACE.len());
            let is_other = self.first[..known] != PREFACE[..known];
            if is_other || known == PREFACE.len() || self.at_end {
                return Ok(!is_other && known == PREFACE.len());
            }
            poll_fn(|cx| {
                let mut space = [0; FIRST];
                let mut read = ReadBuf::new(&mut space);
                ready!(self.poll_receive(cx, &mut read))?;
                self.first.extend_from_slice(read.filled());
                Poll::Ready(io::Result::Ok(()))
            })
            .await?;
        }
    }

    /// For who keeps it to its end, which he says when he shuts it down.
    pub(super) fn given_away(mut self) -> Self {
        self.is_given_away = true;
        self
    }

    /// The address at the other end.
    pub(super) fn peer(&self) -> IpAddr {
        self.stream.peer()
    }

    /// Counts what is read from now on as one message. Where there is no room for it reading fails, as [`io::ErrorKind::OutOfMemory`].
    pub(super) fn begin_message(&mut self, held: Held) {
        self.message = Some((held, self.read));
    }

    /// Until when more of the message has to come, where that is large.
    pub(super) fn until(&self, patience: Duration) -> Option<Instant> {
        self.message.as_ref()?.0.until(patience)
    }

    /// How many bytes were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Answers with an error, if the peer said something that was not answered.
    pub(super) async fn refuse(&mut self, error: &Error) {
        if self.owes && !self.within {
            let answer = answer(self.face, error);
            let _ = tokio::time::timeout(self.patience, self.write_all(&answer)).await;
        }
    }

    /// Closes without losing the last answer: closing while the peer still sends would take it away from him.
    pub(super) async fn linger(mut self, at_most: Duration) {
        if self.at_end {
            return;
        }
        let drained = async {
            // Over TLS the end is written too, which a peer who reads nothing keeps from us.
            self.stream.shutdown().await?;
            let mut rest = vec![0; 16 * 1024];
            while self.stream.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = tokio::time::timeout(at_most, drained).await;
    }

    fn poll_receive(&mut self, cx: &mut Task<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let grew = buffer.filled().len() > before;
        self.read += (buffer.filled().len() - before) as u64;
        if let Some((held, begun)) = &mut self.message {
            let bytes = usize::try_from(self.read - *begun).unwrap_or(usize::MAX);
            held.grow(bytes).map_err(|Full| io::ErrorKind::OutOfMemory)?;
        }
        self.owes |= grew;
        self.at_end |= !grew && buffer.remaining() > 0;
        Poll::Ready(Ok(()))
    }

    /// Writes, and fails when the peer takes nothing for too long.
    fn poll_send(&mut self, cx: &mut Task<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let written = match bytes {
            [bytes] => stream.poll_write(cx, bytes),
            several => stream.poll_write_vectored(cx, several),
        };
        self.owes &= written.is_pending();
        self.poll_patient(cx, written)
    }

    /// What was done, or else fails when the peer has taken nothing for too long.
    fn poll_patient<T>(&mut self, cx: &mut Task<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.stalled = None;
            return done;
        }
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the caller takes nothing of the answer",
        )))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Task<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return self.poll_receive(cx, buffer);
        }
        let length = self.first.len().min(buffer.remaining());
        buffer.put_slice(&self.first[..length]);
        self.first.advance(length);
        if self.first.is_empty() {
            self.first = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Task<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.within
            && let Some(error) = bare_error(bytes)
        {
            self.instead = answer(self.face, &error);
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = ready!(self.poll_send(cx, &[IoSlice::new(bytes)]))?;
        self.within = written < bytes.len();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Task<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let instead = std::mem::take(&mut self.instead);
            match self.poll_send(cx, &[IoSlice::new(&instead)]) {
                Poll::Ready(written) => self.instead = instead[written?..].to_vec(),
                Poll::Pending => {
                    self.instead = instead;
                    return Poll::Pending;
                }
            }
        }
        // TLS keeps what it cannot write, and says so here alone.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.poll_patient(cx, flushed)
    }

    /// For HTTP/2, whose frames come in pieces; what is replaced is HTTP/1.1 and comes as one.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Task<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The end of the writing side is said in [`Wire::linger`], or by closing; unless nobody gets the wire back.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Task<'_>) -> Poll<io::Result<()>> {
        if !self.is_given_away {
            return self.poll_flush(cx);
        }
        let ended = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.poll_patient(cx, ended)
    }
}

/// The error that `hyper` answers by itself with a status alone. No answer of ours is like it: our errors have a body, and what
/// a service answers to a browser has more headers.
fn bare_error(bytes: &[u8]) -> Option<Error> {
    let rest = bytes
        .strip_prefix(b"HTTP/1.1 4")
        .or_else(|| bytes.strip_prefix(b"HTTP/1.0 4"))?;
    let head = std::str::from_utf8(bytes)
        .ok()
        .filter(|head| head.len() <= LONGEST_BARE && head.ends_with("\r\n\r\n"))?;
    let mut lines = head.trim_end().lines().skip(1);
    let is_hypers = |line: &str| {
        line == "content-length: 0" || line.starts_with("connection: ") || line.starts_with("date: ")
    };
    if !head.contains("\r\ncontent-length: 0\r\n") || !lines.all(is_hypers) {
        return None;
    }
    Some(match rest.get(..2)? {
        b"31" => Error::new(ID, 431, "the request's headers are too many or too large"),
        b"14" => Error::new(ID, 414, "the request's path and query are too long"),
        _ => Error::bad_request(ID, "the request is not HTTP/1.1 that can be read"),
    })
}

/// An answer that ends the connection.
fn answer(face: Face, error: &Error) -> Vec<u8> {
    let (head, content) = face.failed(error).into_parts();
    let body = match content {
        Content::Whole(body) => body,
        // No error comes in pieces.
        Content::Stream(_) | Content::Grpc(_) | Content::Sized(..) | Content::Pieces(_) => Bytes::new(),
    };
    let mut answer = format!(
        "HTTP/1.1 {} {}\r\ncontent-length: {}\r\nconnection: close\r\n",
        head.status.as_u16(),
        head.status.canonical_reason().unwrap_or_default(),
        body.len()
    )
    .into_bytes();
    for (name, value) in &head.headers {
        let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
        answer.extend_from_slice(&line.concat());
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_body_is_replaced() {
        let bare = |status: &str| {
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\ndate: now\r\n\r\n")
        };
        for (status, code) in [
            ("400 Bad Request", 400),
            ("431 Too Large", 431),
            ("414 Too Long", 414),
        ] {
            assert_eq!(bare_error(bare(status).as_bytes()).unwrap().code, code);
        }
        for other in [
            bare("200 OK"),
            bare("404 Not Found").replace(": 0", ": 2") + "{}",
            bare("405 Method Not Allowed").replace("date", "allow: GET\r\ndate"),
            "HTTP/1.1 4".to_owned(),
        ] {
            assert!(bare_error(other.as_bytes()).is_none(), "{other}");
        }
    }
}
