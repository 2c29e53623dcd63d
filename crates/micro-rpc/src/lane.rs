//! Lanes: how two of ours carry many small calls over one connection.
//!
//! Most of what a small call costs over HTTP/2 is HTTP/2: a stream that is opened and closed, headers that are coded and decoded, windows that
//! are counted. A server of ours says in its answers that it takes lanes too (`micro-lane: 1`, to who asks), and then a client opens a
//! second connection to the same address, which begins with [`HELLO`] in both directions. What goes over it are frames, each with a
//! length, a kind and the number of a call.
//!
//! A call with one message each way goes over a lane if it is small; all else, and every call of who does not ask, is gRPC as it always was. What stands
//! between the two and does not know lanes does not say the hello, and so is spoken to as before.

mod head;
mod stall;
#[cfg(test)]
mod tests;

use bytes::{Buf, Bytes, BytesMut};

pub(crate) use stall::Stall;

pub(crate) use head::{Head, Path, Said, encode, number, whole};

/// How a lane begins. As long as HTTP/2's preface, which is what it is told from.
pub(crate) const HELLO: [u8; 24] = *b"MICRO LANE/1 CALLS\r\n\r\n\r\n";
/// What a server says of lanes.
pub(crate) const UNDERSTOOD: &str = "1";
/// Behind the server's hello: how many calls may be under way, in four bytes.
pub(crate) const LIMIT: usize = 4;

/// Bytes of the largest call that goes over a lane, with its head; larger ones would keep others waiting.
pub(crate) const SMALL: usize = 64 * 1024;
/// Bytes of a piece of an answer: others come between two of them.
pub(crate) const PIECE: usize = 32 * 1024;
/// No frame is longer.
const LONGEST: usize = SMALL + 64;
/// Its length, kind and call.
pub(crate) const FRAME: usize = 13;

/// What a client says.
pub(crate) const CALL: u8 = 1;
/// Nobody waits for the answer any more.
pub(crate) const CANCEL: u8 = 2;
pub(crate) const PING: u8 = 3;
/// No more calls come, and those under way are to be answered. Whoever hangs up without it does not want the answers any more.
pub(crate) const BYE: u8 = 4;

/// What a server says: the answer, or its last piece.
pub(crate) const ANSWER: u8 = 1;
pub(crate) const PART: u8 = 2;
/// The call failed: flags, the status of gRPC, the text that would be `grpc-message`.
pub(crate) const FAILED: u8 = 3;
/// The call was not begun, because the server goes away.
pub(crate) const GONE: u8 = 4;
/// No more calls are taken.
pub(crate) const LAST: u8 = 5;
pub(crate) const PONG: u8 = 6;

/// The flag of a call that failed before it was begun.
pub(crate) const UNBEGUN: u8 = 1;

/// One of what is said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) call: u64,
    pub(crate) body: Bytes,
}

/// It is no lane.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Frame {
    /// Takes the next one off what was read; `None` until it is there.
    pub(crate) fn take(read: &mut BytesMut) -> Result<Option<Self>, Malformed> {
        let Some(length) = read.first_chunk() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Malformed)?;
        if !(FRAME - 4..=LONGEST).contains(&length) {
            return Err(Malformed);
        }
        if read.len() < 4 + length {
            return Ok(None);
        }
        read.advance(4);
        let mut body = read.split_to(length).freeze();
        Ok(Some(Self {
            kind: body.get_u8(),
            call: body.get_u64(),
            body,
        }))
    }
}

/// Appends a frame, whose body is in parts.
pub(crate) fn put(out: &mut Vec<u8>, kind: u8, call: u64, body: &[&[u8]]) {
    let length: usize = body.iter().map(|part| part.len()).sum();
    // No caller puts more into it than a piece, or a call that is small.
    let length = u32::try_from(length + FRAME - 4).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.push(kind);
    out.extend_from_slice(&call.to_be_bytes());
    body.iter().for_each(|part| out.extend_from_slice(part));
}
