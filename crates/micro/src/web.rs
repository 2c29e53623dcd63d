//! Pages of a service, for browsers: under `/{service}/` of the web gateway.
//!
//! A service speaks RPC and nothing else, so a page is asked for by RPC too: the gateway hands the HTTP request to
//! [`Web::serve`] on the service's own port. [`Pages`] answers it with files that are compiled in; who needs more than files
//! implements [`Web`] and mounts it as any other contract, with `.handle(WebServer::new(...))`.
//!
//! Links between pages are relative (`style.css`, `../`), so that they are right wherever the service is mounted.

mod content_type;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use micro_rpc::{Context, Result};

pub use micro_proto::web::{Header, Request, Response, Web, WebClient, WebServer};

use content_type::content_type;

/// What a folder shows.
const INDEX: &str = "index.html";
const NOT_FOUND: &[u8] =
    b"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>404 Not Found</title>\n<h1>404 Not Found</h1>\n<p>There is no such page.</p>\n</html>\n";

/// Files that are compiled into the service, by the path that they are found at.
///
/// `/` is `index.html`, `/a/` is `a/index.html`, and `/a` leads there. Browsers keep what they got and ask whether it is
/// still right, which costs no body.
///
/// ```
/// # const INDEX: &[u8] = b"<!doctype html><h1>Hello</h1>";
/// // `include_bytes!("web/index.html")` in a service.
/// let pages = micro::web::Pages::new().file("index.html", INDEX);
/// let service = micro::Service::new("user").web(pages);
/// assert_eq!(service.endpoints()[0].name, "Web.Serve");
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Pages {
    files: BTreeMap<String, File>,
}

#[derive(Clone)]
struct File {
    content_type: &'static str,
    content: Bytes,
    tag: String,
}

impl Pages {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file: `.file("style.css", include_bytes!("web/style.css"))`. What it is follows from the end of its name. One
    /// that is there already is replaced.
    pub fn file(mut self, path: &str, content: &'static [u8]) -> Self {
        let path = path.trim_start_matches('/').to_owned();
        let file = File {
            content_type: content_type(&path),
            content: Bytes::from_static(content),
            tag: tag(content),
        };
        self.files.insert(path, file);
        self
    }

    fn find(&self, path: &str) -> Option<&File> {
        let path = path.trim_start_matches('/');
        if path.is_empty() || path.ends_with('/') {
            return self.files.get(&format!("{path}{INDEX}"));
        }
        self.files.get(path)
    }

    fn answer(&self, request: &Request) -> Response {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return response(405, &[("allow", "GET, HEAD")]);
        }
        let is_head = request.method == "HEAD";
        match self.find(&request.path) {
            Some(file) if has(request, &file.tag) => response(304, &file.validators()),
            Some(file) => file.answer(is_head),
            None => match self.folder(request) {
                Some(place) => response(307, &[("location", &place)]),
                None => whole(404, content_type(INDEX), Bytes::from_static(NOT_FOUND), is_head),
            },
        }
    }

    /// Where the folder is that the path names without its last slash, relative to the path itself.
    fn folder(&self, request: &Request) -> Option<String> {
        let path = request.path.trim_start_matches('/');
        let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
        self.files.get(&format!("{path}/{INDEX}"))?;
        let query = match request.query.as_str() {
            "" => String::new(),
            query => format!("?{query}"),
        };
        // With a dot in front, so that no name is taken for a scheme.
        Some(format!("./{}/{query}", escaped(name)))
    }
}

#[async_trait]
impl Web for Pages {
    async fn serve(&self, _ctx: &Context, request: Request) -> Result<Response> {
        Ok(self.answer(&request))
    }
}

impl File {
    fn answer(&self, is_head: bool) -> Response {
        let mut response = whole(200, self.content_type, self.content.clone(), is_head);
        response.headers.extend(headers(&self.validators()));
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
    let mut given = request
        .headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("if-none-match"))
        .flat_map(|header| header.value.split(','));
    given.any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}

/// A part of a path as it stands in a URL.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(byte.into());
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn whole(status: i32, content_type: &str, content: Bytes, is_head: bool) -> Response {
    let length = content.len().to_string();
    let mut response = response(status, &[("content-type", content_type)]);
    if is_head {
        response.headers.extend(headers(&[("content-length", &length)]));
    } else {
        response.body = content;
    }
    response
}

fn response(status: i32, lines: &[(&str, &str)]) -> Response {
    Response {
        status,
        headers: headers(lines).collect(),
        body: Bytes::new(),
    }
}

fn headers(lines: &[(&str, &str)]) -> impl Iterator<Item = Header> {
    lines.iter().map(|(name, value)| Header {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    })
}
