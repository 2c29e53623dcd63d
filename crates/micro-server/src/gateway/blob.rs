//! Public blobs, at `/blob/NAMESPACE/KEY`.
//!
//! They come from tenants and are served from the platform's origin, so nothing in them may run there: a browser gives them an
//! origin of their own (`sandbox`) and does not guess what they are.

use http::header::{self, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
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
    /// The blob, 304 when the caller has it, 404 when there is none that is public.
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
        let tag = format!("\"{}\"", info.sha256);
        let has_it = parts.headers.get(header::IF_NONE_MATCH).is_some_and(|given| {
            given.to_str().is_ok_and(|given| {
                given
                    .split(',')
                    .any(|one| one.trim().trim_start_matches("W/") == tag)
            })
        });
        let mut response = if has_it {
            reply::empty(StatusCode::NOT_MODIFIED)
        } else if parts.method == Method::HEAD {
            reply::empty(StatusCode::OK)
        } else {
            let content_type = HeaderValue::from_str(&info.content_type).ok();
            let content_type = content_type.filter(|given| !given.is_empty()).unwrap_or(UNKNOWN);
            reply::sized(content_type, info.size, pieces)
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        for (name, value) in GUARDED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    }
}
