//! Files that are compiled in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use super::content_type::content_type;
use super::{Request, Response, header, response, values, whole};

/// What a folder shows.
pub(super) const INDEX: &str = "index.html";

#[derive(Clone)]
pub(super) struct File {
    content_type: &'static str,
    pub(super) content: Bytes,
    tag: String,
}

impl File {
    pub(super) fn new(path: &str, content: &'static [u8]) -> Self {
        Self {
            content_type: content_type(path),
            content: Bytes::from_static(content),
            tag: tag(content),
        }
    }

    /// The file, or a word that the browser has it.
    pub(super) fn answer(&self, request: &Request, is_head: bool) -> Response {
        if has(request, &self.tag) {
            return response(304, &self.validators());
        }
        let mut response = whole(200, self.content_type, self.content.clone(), is_head);
        let validators = self.validators();
        response
            .headers
            .extend(validators.map(|(name, value)| header(name, value)));
        response
    }

    /// What lets a browser keep the file, and has it ask each time whether it may.
    fn validators(&self) -> [(&'static str, &str); 2] {
        [("etag", &self.tag), ("cache-control", "no-cache")]
    }
}

fn tag(content: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, content);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest))
}

/// Whether the browser has the file already. What a proxy made weak is as good here.
fn has(request: &Request, tag: &str) -> bool {
    let mut given = values(request, "if-none-match").flat_map(|line| line.split(','));
    given.any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}
