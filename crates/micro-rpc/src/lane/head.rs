//! What is said of a call before its message: codec, time, trace, path and headers.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use http::header::AUTHORIZATION;

use super::{CALL, FRAME, SMALL};
use crate::metadata::{Metadata, Packed, is_header, put};
use crate::names::{NAMESPACE, travels};
use crate::{Codec, Id, Trace};

/// Ids that are UUIDs are sixteen bytes; others are text behind its length, which is at most what a byte says.
const NO_ID: u8 = 0;
const UUID: u8 = 1;
const TEXT: u8 = 2;

/// Room for all that is no header and no path.
const BESIDES: usize = 64;

/// A call as it came.
pub(crate) struct Head {
    /// `None` for one that is not known here.
    pub(crate) codec: Option<Codec>,
    pub(crate) timeout: Option<Duration>,
    /// The trace, and the call that this one comes from.
    pub(crate) trace: Option<(Id, Option<Id>)>,
    /// `/helloworld.Helloworld/Call`
    path: Bytes,
    pub(crate) metadata: Metadata,
    /// The message, as one frame of gRPC.
    pub(crate) message: Bytes,
}

/// What a client says of a call.
pub(crate) struct Said<'a> {
    pub(crate) codec: Codec,
    pub(crate) deadline: Option<Instant>,
    pub(crate) trace: &'a Trace,
    pub(crate) service: &'a str,
    /// `Handler.Method`
    pub(crate) endpoint: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) metadata: &'a Metadata,
}

/// A call as a frame, with nought for its number; `None` for one that is too large for a lane, or has what a lane cannot say.
pub(crate) fn encode(said: &Said<'_>, message: &[u8]) -> Option<Vec<u8>> {
    let (handler, method) = said.endpoint.split_once('.')?;
    if ![said.service, handler, method].into_iter().all(is_plain) {
        return None;
    }
    let path = said.service.len() + handler.len() + method.len() + 3;
    let about =
        FRAME + BESIDES + path + said.metadata.size() + said.token.map_or(0, str::len) + message.len();
    if about > SMALL {
        return None;
    }
    let mut frame = Vec::with_capacity(about + BESIDES);
    frame.extend_from_slice(&[0; 4]);
    frame.push(CALL);
    frame.extend_from_slice(&[0; 8]);
    frame.push(codec(said.codec));
    frame.extend_from_slice(&timeout(said.deadline).to_be_bytes());
    put_id(&mut frame, &said.trace.id)?;
    put_id(&mut frame, &said.trace.span)?;
    frame.extend_from_slice(&u16::try_from(path).ok()?.to_be_bytes());
    for part in ["/", said.service, ".", handler, "/", method] {
        frame.extend_from_slice(part.as_bytes());
    }
    let before = frame.len();
    frame.extend_from_slice(&[0; 4]);
    put_headers(&mut frame, said);
    let headers = u32::try_from(frame.len() - before - 4).ok()?;
    frame[before..before + 4].copy_from_slice(&headers.to_be_bytes());
    frame.extend_from_slice(message);
    let length = u32::try_from(frame.len() - 4).ok()?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    (frame.len() <= SMALL).then_some(frame)
}

/// A call to this process, which is handed over as it is; `None` for one without a proper name.
pub(crate) fn whole(said: &Said<'_>, message: Bytes) -> Option<Head> {
    let (handler, method) = said.endpoint.split_once('.')?;
    if ![said.service, handler, method].into_iter().all(is_plain) {
        return None;
    }
    let mut headers = Vec::with_capacity(BESIDES + said.metadata.size() + said.token.map_or(0, str::len));
    put_headers(&mut headers, said);
    Some(Head {
        codec: Some(said.codec),
        timeout: said
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now())),
        trace: Some((said.trace.id.clone(), Some(said.trace.span.clone()))),
        path: ["/", said.service, ".", handler, "/", method].concat().into(),
        metadata: Packed::new(headers).into(),
        message,
    })
}

/// Names the call of an encoded frame.
pub(crate) fn number(frame: &mut [u8], call: u64) {
    frame[FRAME - 8..FRAME].copy_from_slice(&call.to_be_bytes());
}

fn put_headers(frame: &mut Vec<u8>, said: &Said<'_>) {
    // These are asked for by every server, and so come first.
    if let Some(token) = said.metadata.value(&AUTHORIZATION) {
        put(frame, AUTHORIZATION.as_str(), &[token]);
    } else if let Some(token) = said.token {
        put(frame, AUTHORIZATION.as_str(), &[b"Bearer ", token.as_bytes()]);
    }
    let named = said.metadata.value(&NAMESPACE);
    put(
        frame,
        NAMESPACE.as_str(),
        &[named.unwrap_or(said.namespace.as_bytes())],
    );
    for (name, value) in said.metadata.pairs() {
        let is_said = matches!(name, "authorization" | "micro-namespace");
        if !is_said && travels(name) && is_header(name.as_bytes()) {
            put(frame, name, &[value]);
        }
    }
}

impl Head {
    /// Reads the body of a frame; `None` where it is no call.
    pub(crate) fn read(mut body: Bytes) -> Option<Self> {
        let codec = match body.try_get_u8().ok()? {
            0 => Some(Codec::Proto),
            1 => Some(Codec::Json),
            2 => Some(Codec::Bytes),
            _ => None,
        };
        let timeout = body.try_get_u32().ok()?;
        let timeout = (timeout > 0).then(|| Duration::from_millis(timeout.into()));
        let trace = take_id(&mut body)?;
        let parent = take_id(&mut body)?;
        let path = usize::from(body.try_get_u16().ok()?);
        let path = (path <= body.len()).then(|| body.split_to(path))?;
        let headers = usize::try_from(body.try_get_u32().ok()?).ok()?;
        let headers = (headers <= body.len()).then(|| body.split_to(headers))?;
        // What else a URI may hold would have another meaning where it is sent on.
        path.iter()
            .all(|byte| is_of_name(*byte) || *byte == b'/')
            .then_some(())?;
        Some(Self {
            codec,
            timeout,
            trace: trace.map(|id| (id, parent)),
            path,
            metadata: Packed::read(headers)?.into(),
            message: body,
        })
    }

    /// Its path, which stays while the rest is used up.
    pub(crate) fn take_path(&mut self) -> Path {
        Path(std::mem::take(&mut self.path))
    }
}

/// The path of a call.
pub(crate) struct Path(Bytes);

impl Path {
    pub(crate) fn text(&self) -> &str {
        // It was seen to be ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn codec(codec: Codec) -> u8 {
    match codec {
        Codec::Proto => 0,
        Codec::Json => 1,
        Codec::Bytes => 2,
    }
}

/// Milliseconds, rounded up; nought for no end.
fn timeout(deadline: Option<Instant>) -> u32 {
    deadline.map_or(0, |deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        u32::try_from(left.as_nanos().div_ceil(1_000_000))
            .unwrap_or(u32::MAX)
            .max(1)
    })
}

/// What names consist of that mean the same in every URI.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_of_name)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// What can be said in a header, and shown on a terminal.
fn is_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn put_id(frame: &mut Vec<u8>, id: &Id) -> Option<()> {
    match id {
        Id::Uuid(bits) => {
            frame.push(UUID);
            frame.extend_from_slice(&bits.to_be_bytes());
        }
        // HTTP/2 leaves it out too.
        Id::Given(text) if !is_text(text) => frame.push(NO_ID),
        Id::Given(text) => {
            frame.push(TEXT);
            frame.push(u8::try_from(text.len()).ok()?);
            frame.extend_from_slice(text.as_bytes());
        }
    }
    Some(())
}

/// `None` within for no id, without for what is none.
fn take_id(body: &mut Bytes) -> Option<Option<Id>> {
    Some(match body.try_get_u8().ok()? {
        NO_ID => None,
        UUID => Some(Id::Uuid(body.try_get_u128().ok()?)),
        TEXT => {
            let length = usize::from(body.try_get_u8().ok()?);
            let text = (length <= body.len()).then(|| body.split_to(length))?;
            let text = std::str::from_utf8(&text).ok().filter(|text| is_text(text))?;
            Some(Id::given(text))
        }
        _ => return None,
    })
}
