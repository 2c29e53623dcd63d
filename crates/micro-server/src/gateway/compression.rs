//! Which answers are compressed: those that are text and long enough, where the caller asks for it.
//!
//! What says that it stays as it is stays so, as does what is compressed already. Events stay too: many stand open for hours
//! with little to say, and each would hold its window for as long. For the same reason there are so many at a time at most;
//! an answer beyond that goes out as it is, which is never wrong.

use std::sync::Arc;

use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use hyper::body::Body as _;
use micro_rpc::Streaming;
use micro_rpc::bytes::Bytes;
use tokio::sync::Semaphore;

use super::accept_encoding::{Wanted, wanted};
use super::gzip::{self, Gzip};
use super::reply::Content;
use super::{events, settings::Settings};

/// What is shorter fits into one packet anyhow.
const SHORTEST: u64 = 1024;
/// Answers that are compressed as they go, at a time: some 80 MB.
const PLACES: usize = 256;
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// What is said of the bytes as they are, or signed.
const BYTEWISE: [&str; 4] = ["content-digest", "repr-digest", "digest", "content-md5"];

/// Compresses answers.
pub(super) struct Answers {
    is_on: bool,
    places: Arc<Semaphore>,
}

impl Answers {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            is_on: settings.compression,
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// How an answer is to go out. Where that depends on what its request said, the answer says so: one that is read, and so may
    /// be kept, also where nothing was said.
    pub(super) fn choose(&self, parts: &Parts, response: &mut Response<Content>) -> Wanted {
        let is_asked = parts.headers.contains_key(ACCEPT_ENCODING);
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        if !self.is_on || !(is_asked || is_read) {
            return Wanted::Plain;
        }
        let wanted = match is_asked {
            true => wanted(&parts.headers),
            false => Wanted::Plain,
        };
        let is_meant = wanted == Wanted::OnlyGzip || is_worth(response, parts.method == Method::HEAD);
        if !is_meant || !may_change(response) {
            return Wanted::Plain;
        }
        vary(response.headers_mut());
        wanted
    }

    /// Compresses an answer that is to go out so.
    pub(super) fn encode(&self, wanted: Wanted, parts: &Parts, response: &mut Response<Content>) {
        let is_coded = match wanted {
            Wanted::Plain => false,
            _ if parts.method == Method::HEAD => {
                // How long it would be is not known before it is compressed.
                *response.body_mut() = Content::Whole(Bytes::new());
                true
            }
            _ => self.gzip(response, wanted == Wanted::OnlyGzip),
        };
        if is_coded {
            mark(response.headers_mut());
        }
    }

    /// Whether it is compressed now. What would not become smaller is not, unless it has to be.
    fn gzip(&self, response: &mut Response<Content>, has_to: bool) -> bool {
        // What is not to be kept may hold secrets beside what the request said.
        let is_padded = says(response.headers(), &CACHE_CONTROL, "no-store");
        if let Content::Whole(bytes) = response.body()
            && bytes.len() <= gzip::SLICE
        {
            let is_better = |coded: &Bytes| has_to || coded.len() < bytes.len();
            let coded = gzip::whole(bytes, is_padded).filter(is_better);
            return coded
                .map(|coded| *response.body_mut() = Content::Whole(coded))
                .is_some();
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return false;
        };
        let content = std::mem::replace(response.body_mut(), Content::Whole(Bytes::new()));
        *response.body_mut() = Content::Pieces(Streaming::new(Gzip::new(content, is_padded, place)));
        true
    }
}

/// Whether it is for us to say how the answer is coded.
fn may_change(response: &Response<Content>) -> bool {
    let (status, headers) = (response.status(), response.headers());
    let has_body = !status.is_informational()
        && !matches!(
            status,
            StatusCode::NO_CONTENT | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED
        );
    has_body
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(CONTENT_RANGE)
        && !BYTEWISE.iter().any(|name| headers.contains_key(*name))
        && !says(headers, &CACHE_CONTROL, "no-transform")
        && !is_framed(essence(headers))
}

/// What stands open for long, and what compresses its messages by its own rules.
fn is_framed(essence: &str) -> bool {
    const GRPC: &str = "application/grpc";
    let beginning = essence.get(..GRPC.len()).unwrap_or_default();
    essence.eq_ignore_ascii_case(events::TYPE) || beginning.eq_ignore_ascii_case(GRPC)
}

fn is_worth(response: &Response<Content>, is_head: bool) -> bool {
    length(response, is_head).is_none_or(|length| length >= SHORTEST) && is_text(essence(response.headers()))
}

/// How long it is; `None` where nobody knows.
fn length(response: &Response<Content>, is_head: bool) -> Option<u64> {
    let said = response.headers().get(CONTENT_LENGTH).filter(|_| is_head);
    let said = said.and_then(|said| said.to_str().ok()?.parse().ok());
    said.or_else(|| response.body().size_hint().exact())
}

fn essence(headers: &HeaderMap) -> &str {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
}

/// Whether a content type is of what becomes much smaller.
fn is_text(essence: &str) -> bool {
    const TEXTS: [&str; 9] = [
        "json",
        "x-ndjson",
        "javascript",
        "x-javascript",
        "xml",
        "wasm",
        "yaml",
        "x-yaml",
        "toml",
    ];
    let Some((family, kind)) = essence.split_once('/') else {
        return false;
    };
    let is_family = |known: &str| family.eq_ignore_ascii_case(known);
    let is_kind = |known: &&str| kind.eq_ignore_ascii_case(known);
    let has_suffix = |known: &&str| {
        let rest = kind.rsplit_once('+').map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.eq_ignore_ascii_case(known))
    };
    is_family("text")
        || is_family("application") && (TEXTS.iter().any(is_kind) || ["json", "xml"].iter().any(has_suffix))
        || is_family("image") && (is_kind(&"bmp") || has_suffix(&"xml"))
}

/// Whether one of the words of a header is this one.
fn says(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// Tells whoever keeps answers that others may get another one.
fn vary(headers: &mut HeaderMap) {
    if !says(headers, &VARY, "accept-encoding") && !says(headers, &VARY, "*") {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// What holds of the bytes as they were holds no more. A strong tag is one of them: it becomes a weak one, which says that the
/// answer means the same (RFC 9110, 8.8.1).
fn mark(headers: &mut HeaderMap) {
    headers.insert(CONTENT_ENCODING, GZIP);
    headers.remove(CONTENT_LENGTH);
    headers.remove(ACCEPT_RANGES);
    let strong = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    let weak = strong.map(|tag| [b"W/", tag.as_bytes()].concat());
    if let Some(Ok(weak)) = weak.map(|weak| HeaderValue::from_bytes(&weak)) {
        headers.insert(ETAG, weak);
    }
}

#[cfg(test)]
mod tests;
