//! Requests that ask whether something has changed (RFC 9110, section 13).
//!
//! What is read and comes as a whole gets a tag of its bytes, unless whoever made it gave one; the conditions of a request are
//! looked at where its answer is there. So a caller that has an answer already is not sent it again, though the service is asked
//! for it again: only a service can know without. What it answers to a condition itself is not looked at.
//!
//! A tag is 128 bits of XXH3, which no chance makes equal for two answers. Who wanted to could, with answers of his own.

use std::time::SystemTime;

use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use micro_rpc::Error;
use micro_rpc::bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use super::ID;
use super::reply::{self, Content};

/// What is longer gets no tag: a hash of it would keep others waiting.
const LONGEST: usize = 1 << 20;
const CONDITIONS: [HeaderName; 4] = [IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_MATCH, IF_UNMODIFIED_SINCE];
/// May be kept, but not used without asking: nobody else says for how long it holds.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Tags an answer, and puts another one into its place where the conditions of its request say so; tells whether they did.
pub(super) fn settle(parts: &Parts, response: &mut Response<Content>) -> bool {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if !is_read || response.status() != StatusCode::OK {
        return false;
    }
    tag(response);
    if !CONDITIONS.iter().any(|name| parts.headers.contains_key(name)) {
        return false;
    }
    let known = Known::of(response.headers());
    match known.verdict(&parts.headers) {
        Verdict::Send => return false,
        Verdict::NotModified(tag) => not_modified(response, tag),
        Verdict::Failed => failed(response),
    }
    true
}

/// Gives a tag to what has none and may be kept.
fn tag(response: &mut Response<Content>) {
    let Content::Whole(bytes) = response.body() else {
        return;
    };
    let headers = response.headers();
    let is_tagged = headers.contains_key(ETAG) || headers.contains_key(CONTENT_ENCODING);
    if bytes.is_empty() || bytes.len() > LONGEST || is_tagged || is_unkept(headers) {
        return;
    }
    let tag = strong(xxh3_128(bytes));
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_bytes(&tag) {
        headers.insert(ETAG, tag);
        headers.entry(CACHE_CONTROL).or_insert(ASK_AGAIN);
    }
}

/// A hash as a tag that stands for these very bytes.
fn strong(hash: u128) -> [u8; 34] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut tag = [b'"'; 34];
    for (byte, two) in hash.to_be_bytes().into_iter().zip(tag[1..33].chunks_exact_mut(2)) {
        two[0] = DIGITS[usize::from(byte >> 4)];
        two[1] = DIGITS[usize::from(byte & 15)];
    }
    tag
}

fn is_unkept(headers: &HeaderMap) -> bool {
    let mut lines = texts(headers, &CACHE_CONTROL);
    lines.any(|line| line.to_ascii_lowercase().contains("no-store"))
}

/// What is known of an answer that conditions may be about.
struct Known<'a> {
    tag: Option<Tag<'a>>,
    modified: Option<SystemTime>,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Send,
    /// With the tag that the caller has, as he has it: weak where he got the answer compressed.
    NotModified(Option<HeaderValue>),
    Failed,
}

impl<'a> Known<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        Self {
            tag: tags(headers, &ETAG).next(),
            modified: date(headers, &LAST_MODIFIED),
        }
    }

    /// In the order of 13.2.2. A condition on what is not known of this answer is none.
    fn verdict(&self, asked: &HeaderMap) -> Verdict {
        if let (true, Some(tag)) = (asked.contains_key(IF_MATCH), self.tag) {
            let is_same = |one: Tag<'_>| one.is_any() || one.is_strong() && one == tag;
            if !tags(asked, &IF_MATCH).any(is_same) {
                return Verdict::Failed;
            }
        } else if let (Some(since), Some(modified)) = (date(asked, &IF_UNMODIFIED_SINCE), self.modified)
            && modified > since
        {
            return Verdict::Failed;
        }
        if asked.contains_key(IF_NONE_MATCH) {
            let is_alike =
                |one: &Tag<'_>| one.is_any() || self.tag.is_some_and(|tag| one.opaque() == tag.opaque());
            return match tags(asked, &IF_NONE_MATCH).find(is_alike) {
                Some(one) if one.is_any() => Verdict::NotModified(None),
                Some(one) => Verdict::NotModified(HeaderValue::from_bytes(one.0).ok()),
                None => Verdict::Send,
            };
        }
        match (date(asked, &IF_MODIFIED_SINCE), self.modified) {
            (Some(since), Some(modified)) if modified <= since => Verdict::NotModified(None),
            _ => Verdict::Send,
        }
    }
}

/// `"x"`, `W/"x"`, or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a>(pub(super) &'a [u8]);

impl<'a> Tag<'a> {
    fn is_any(self) -> bool {
        self.0 == b"*"
    }

    fn is_strong(self) -> bool {
        self.0.starts_with(b"\"")
    }

    fn opaque(self) -> &'a [u8] {
        self.0.strip_prefix(b"W/").unwrap_or(self.0)
    }
}

/// The tags of a line. There may be commas within them; what is no tag ends the line.
pub(super) struct Tags<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b',');
        let begin = self.0.iter().position(|byte| !is_between(byte))?;
        let line = &self.0[begin..];
        let length = match line {
            [b'*', ..] => 1,
            [b'"', rest @ ..] => 2 + quoted(rest)?,
            [b'W', b'/', b'"', rest @ ..] => 4 + quoted(rest)?,
            _ => return None,
        };
        let (tag, rest) = line.split_at(length);
        self.0 = rest;
        Some(Tag(tag))
    }
}

fn quoted(rest: &[u8]) -> Option<usize> {
    rest.iter().position(|byte| *byte == b'"')
}

fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Tag<'a>> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| Tags(line.as_bytes()))
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().filter_map(|line| line.to_str().ok())
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(texts(headers, name).next()?).ok()
}

/// What is said of the content is left out: the caller has it.
fn not_modified(response: &mut Response<Content>, tag: Option<HeaderValue>) {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.body_mut() = Content::Whole(Bytes::new());
    let headers = response.headers_mut();
    for name in [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE] {
        headers.remove(name);
    }
    if let Some(tag) = tag {
        headers.insert(ETAG, tag);
    }
}

fn failed(response: &mut Response<Content>) {
    let error = Error::new(
        ID,
        412,
        "it has changed since: read it without If-Match and If-Unmodified-Since",
    );
    let (said, content) = reply::error(&error).into_parts();
    *response.status_mut() = said.status;
    *response.body_mut() = content;
    for name in [
        CACHE_CONTROL,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LENGTH,
        ETAG,
        LAST_MODIFIED,
    ] {
        response.headers_mut().remove(name);
    }
    response.headers_mut().extend(said.headers);
}

#[cfg(test)]
mod tests;
