use std::time::Duration;

use crate::MemoryBudget;
use crate::frame::MESSAGE_LIMIT;

/// Bounds of a server, so that no caller can make it grow without end.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one message.
    pub message: usize,
    /// Bytes of all messages of more than 64 KiB that have come over HTTP/2 and are in memory, in part or whole: [`MemoryBudget::usual`] unless said
    /// otherwise. What its windows let in besides is not counted.
    pub messages: usize,
    /// Open connections; a client of ours has up to two for one of HTTP/2.
    pub connections: usize,
    /// Concurrent calls on one connection.
    pub streams: u32,
    /// Bytes of the headers of one call.
    pub headers: u32,
    /// How long a connection may take to say what it speaks.
    pub handshake: Duration,
    /// How long one unary request message may take to arrive, and how slowly large ones of streams may.
    pub request: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: MESSAGE_LIMIT,
            messages: MemoryBudget::usual(),
            connections: 10_000,
            streams: 1024,
            headers: 64 * 1024,
            handshake: Duration::from_secs(10),
            request: Duration::from_secs(30),
        }
    }
}
