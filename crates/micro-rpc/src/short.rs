//! Short calls: what two of ours leave out where they speak to each other.
//!
//! Half of what a small call costs is its headers. Where a client knows that the other end of a connection understands, its calls with one
//! message each way leave out what says nothing there: `te`, and `timeout` beside `grpc-timeout`. The token comes as `micro-token`, since
//! HPACK (RFC 7541) never keeps an `authorization` in its table and so sends it anew each time; what comes again as `micro-token`
//! is one byte. An answer that went well has no headers but its status and no trailers: the stream's end says that it is whole. The
//! content type tells the form of a call, `application/grpc+proto;form=short`, so each call can have its own.
//!
//! A client asks with the first calls of a connection: `micro-short: ADDRESS`, the address of its end. Only a server that sees that address at the
//! other end of its own connection answers `micro-short: 1`. So whatever stands between them and speaks HTTP too, and may have other servers
//! behind it, gets calls as gRPC has them; and so does every program that does not ask.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use http::HeaderValue;

/// What the content type of a short call ends with.
pub(crate) const FORM: &str = ";form=short";
/// Every so many calls ids go into HPACK's table, where what else comes pushes them out: their names are found there then.
const REMEMBERED: usize = 256;

/// The answer of who understands.
pub(crate) const UNDERSTOOD: &str = "1";

const UNKNOWN: u8 = 0;
const WHOLE: u8 = 1;
const SHORT: u8 = 2;

/// What a client knows of the other end of a connection.
pub(crate) struct Peer {
    understands: AtomicU8,
    /// The address of this end, which the other has to see.
    here: Option<HeaderValue>,
    calls: AtomicUsize,
    /// What the last call was authorised with.
    token: Mutex<Option<HeaderValue>>,
}

/// How the head of a call is said.
#[derive(Clone, Copy)]
pub(crate) struct Form<'a> {
    pub(crate) is_short: bool,
    /// Ids may be kept in HPACK's table.
    pub(crate) keeps_ids: bool,
    /// The other end of the connection; `None` within a process.
    peer: Option<&'a Peer>,
}

impl Peer {
    /// Of a connection whose own end has that address.
    pub(crate) fn new(here: Option<SocketAddr>) -> Self {
        Self {
            understands: AtomicU8::new(UNKNOWN),
            here: here.and_then(|here| HeaderValue::from_str(&here.to_string()).ok()),
            calls: AtomicUsize::new(0),
            token: Mutex::new(None),
        }
    }

    /// For a call that begins now.
    pub(crate) fn form(&self, is_unary: bool) -> Form<'_> {
        Form {
            is_short: is_unary && self.understands.load(Ordering::Relaxed) == SHORT,
            keeps_ids: self
                .calls
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(REMEMBERED),
            peer: Some(self),
        }
    }

    /// From the headers of an answer to a unary call that goes well so far.
    pub(crate) fn learn(&self, answer: &http::HeaderMap) {
        if self.understands.load(Ordering::Relaxed) == UNKNOWN {
            // What was asked may come back from who repeats all that he does not know.
            let understands = match answer.get(&crate::names::SHORT) {
                Some(said) if said == UNDERSTOOD => SHORT,
                _ => WHOLE,
            };
            self.understands.store(understands, Ordering::Relaxed);
        }
    }
}

/// Whether what a caller says of his own address is what is at the other end. An address of IPv4 is the same on a listener of IPv6.
pub(crate) fn is_of(said: &str, peer: Option<SocketAddr>) -> bool {
    let canonical = |address: SocketAddr| (address.ip().to_canonical(), address.port());
    let said = said.parse().ok().map(canonical);
    said.is_some() && said == peer.map(canonical)
}

impl<'a> Form<'a> {
    /// For a call within a process.
    pub(crate) fn here() -> Self {
        Self {
            is_short: true,
            keeps_ids: false,
            peer: None,
        }
    }

    /// What is asked of a peer of whom it is not known.
    pub(crate) fn question(&self) -> Option<&'a HeaderValue> {
        let peer = self.peer?;
        let is_unknown = peer.understands.load(Ordering::Relaxed) == UNKNOWN;
        peer.here.as_ref().filter(|_| is_unknown)
    }

    /// `authorization` of a token of this client's own.
    pub(crate) fn bearer(&self, token: &str) -> Option<HeaderValue> {
        let last = self.peer.and_then(|peer| peer.last().clone());
        let is_last = |last: &HeaderValue| last.as_bytes().strip_prefix(b"Bearer ") == Some(token.as_bytes());
        last.filter(is_last)
            .or_else(|| HeaderValue::from_str(&["Bearer ", token].concat()).ok())
    }

    /// Whether it is authorised as the last call was, and so worth a place in HPACK's table. Callers that take turns are not: they would push each
    /// other and all else out of it.
    pub(crate) fn repeats(&self, token: &HeaderValue) -> bool {
        let Some(peer) = self.peer else {
            return false;
        };
        let mut last = peer.last();
        let is_last = last.as_ref() == Some(token);
        if !is_last {
            *last = Some(token.clone());
        }
        is_last
    }
}

impl Peer {
    fn last(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
