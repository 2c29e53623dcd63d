//! Public blobs, at `/blob/NAMESPACE/KEY`.
//!
//! They come from tenants and are served from the platform's origin, so nothing in them may run there: a browser gives them an
//! origin of their own (`sandbox`) and does not guess what they are.

use std::time::{Duration, SystemTime};

use http::header::{self, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Response};
use micro::blob::Info;
use micro_rpc::{Error, Result};

use super::reply::{self, Content};
use super::{ID, Inner};
use crate::namespace;

const UNKNOWN: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// For whatever a tenant serves from here.
pub(super) const GUARDED: [(HeaderName, &str); 2] = [
    (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

impl Inner {
    /// The blob; 404 when there is none that is public.
    pub(super) async fn blob(&self, parts: &Parts, namespace: &str, key: &str) -> Result<Response<Content>> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err(Error::new(ID, 405, "a public blob is read with GET"));
        }
        let namespace = namespace::named(namespace, "", ID)?;
        let found = self.config.blobs.read(namespace, key).await;
        let (info, pieces) = found.map_err(|error| Error {
            id: ID.to_owned(),
            ..error
        })?;
        // One that is not public is not said to be there.
        if !info.public {
            return Err(Error::not_found(ID, "Blob not found"));
        }
        let content_type = HeaderValue::from_str(&info.content_type).ok();
        let content_type = content_type.filter(|given| !given.is_empty()).unwrap_or(UNKNOWN);
        let mut response = reply::sized(content_type, info.size, pieces);
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", info.sha256)) {
            headers.insert(header::ETAG, tag);
        }
        if let Some(modified) = modified(&info) {
            headers.insert(header::LAST_MODIFIED, modified);
        }
        for (name, value) in GUARDED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    }
}

/// When it was written, in seconds; `None` where that is not known, or is no time of HTTP, which has years of four digits.
fn modified(info: &Info) -> Option<HeaderValue> {
    const END: u64 = 253_402_300_800;
    let seconds = u64::try_from(info.modified)
        .ok()
        .filter(|seconds| (1..END).contains(seconds))?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    HeaderValue::try_from(httpdate::fmt_http_date(time)).ok()
}
