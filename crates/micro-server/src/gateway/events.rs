//! Server-sent events, as browsers read them with `EventSource`.
//!
//! A message is an event without a name. The end of a stream is an event too: a connection that is merely closed is opened
//! again by browsers, so a page has to be told that there is no more. Where it was cut off, nobody knows: `Last-Event-ID` is not
//! looked at, since a stream of a service cannot be asked for from its middle.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as Task, Poll, ready};
use std::time::Duration;

use micro_rpc::bytes::{BufMut, Bytes, BytesMut};
use tokio::time::{Instant, Sleep};

/// The content type of events.
pub(super) const TYPE: &str = "text/event-stream";
/// What a caller passes over, but what keeps proxies between him and us from closing.
pub(super) const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// That the stream ended well. The empty line of data has to be there: browsers drop events without any.
pub(super) const END: Bytes = Bytes::from_static(b"event: end\ndata:\n\n");

const DATA: &[u8] = b"data: ";
const ERROR: &[u8] = b"event: error\n";

/// A message.
pub(super) fn message(json: &[u8]) -> Bytes {
    event(b"", json)
}

/// Why the stream ended before its end.
pub(super) fn error(json: &[u8]) -> Bytes {
    event(ERROR, json)
}

fn event(name: &[u8], json: &[u8]) -> Bytes {
    let mut event = BytesMut::with_capacity(name.len() + DATA.len() + json.len() + 2);
    event.put_slice(name);
    // JSON may have ends of lines between its values, which would end the event.
    for line in json.split(|byte| matches!(byte, b'\n' | b'\r')) {
        event.put_slice(DATA);
        event.put_slice(line);
        event.put_u8(b'\n');
    }
    event.put_u8(b'\n');
    event.freeze()
}

/// Is ready whenever nothing has been said for a while.
pub(super) struct Heartbeat {
    every: Duration,
    /// Made once there is something to wait for.
    next: Option<Pin<Box<Sleep>>>,
}

impl Heartbeat {
    pub(super) fn every(every: Duration) -> Self {
        Self { every, next: None }
    }

    /// Something was said.
    pub(super) fn said(&mut self) {
        self.next = None;
    }

    pub(super) fn poll(&mut self, cx: &mut Task<'_>) -> Poll<()> {
        let every = self.every;
        let next = self
            .next
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
        ready!(next.as_mut().poll(cx));
        next.as_mut().reset(Instant::now() + every);
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_json_comes_is_one_event() {
        for (json, expected) in [
            (r#"{"a":1}"#, "data: {\"a\":1}\n\n"),
            (
                "{\n \"a\": 1\r\n}",
                "data: {\ndata:  \"a\": 1\ndata: \ndata: }\n\n",
            ),
            ("", "data: \n\n"),
        ] {
            assert_eq!(message(json.as_bytes()), expected);
        }
        assert_eq!(error(b"{}"), "event: error\ndata: {}\n\n");
    }
}
