//! The head of an outbound call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, TE};
use http::uri::{self, Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use super::attempt::Call;
use crate::lane::{self, Head, Said, UNDERSTOOD};
use crate::names::{GRPC_TIMEOUT, LANE, NAMESPACE, SPAN_ID, TIMEOUT, TRACE_ID, travels};
use crate::{Error, Result};

/// So many headers a call has of its own at most.
const OWN_HEADERS: usize = 9;

impl Call<'_> {
    /// The call as it is sent over a lane with its message; `None` where it does not fit there.
    pub(super) fn frame(&self, message: &[u8]) -> Option<Vec<u8>> {
        lane::encode(&self.said(self.token().as_deref()), message)
    }

    /// The call as it is handed over within a process, with its message where it has one already.
    pub(super) fn whole(&self) -> Result<Head> {
        let message = self.message.cloned().unwrap_or_default();
        lane::whole(&self.said(self.token().as_deref()), message).ok_or_else(|| self.malformed())
    }

    fn said<'a>(&'a self, token: Option<&'a str>) -> Said<'a> {
        Said {
            codec: self.codec,
            deadline: self.deadline,
            trace: self.ctx.trace(),
            service: self.service,
            endpoint: self.endpoint,
            namespace: self.namespace(),
            token,
            metadata: self.ctx.metadata(),
        }
    }

    /// The client's own, for a call that has none.
    fn token(&self) -> Option<Arc<str>> {
        let credentials = self.client.credentials.as_ref()?;
        match self.ctx.metadata().contains(&AUTHORIZATION) {
            true => None,
            false => credentials.token(),
        }
    }

    fn malformed(&self) -> Error {
        let detail = format!("malformed method name: {:?}", self.endpoint);
        Error::bad_request("go.micro.client", detail)
    }

    /// The call as it is sent over HTTP/2; whether it asks for lanes.
    pub(super) fn head(&self, authority: &Authority, asks: bool) -> Result<Request<()>> {
        let (ctx, service) = (self.ctx, self.service);
        let wrong = || self.malformed();
        let (handler, method) = self.endpoint.split_once('.').ok_or_else(wrong)?;
        // In a URI what is behind them is no part of the path.
        if [service, self.endpoint]
            .iter()
            .any(|name| name.contains(['?', '#']))
        {
            return Err(wrong());
        }
        let path = ["/", service, ".", handler, "/", method].concat();
        let mut target = uri::Parts::default();
        target.scheme = Some(Scheme::HTTP);
        target.authority = Some(authority.clone());
        target.path_and_query =
            Some(PathAndQuery::from_maybe_shared(Bytes::from(path)).map_err(|_| wrong())?);
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_parts(target).map_err(|_| wrong())?;
        let headers = request.headers_mut();
        let travel = ctx.metadata().headers();
        headers.reserve(travel.size_hint().0 + OWN_HEADERS);
        for (name, value) in travel.filter(|(name, _)| travels(name.as_str())) {
            headers.append(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.codec.content_type()));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        if asks {
            headers.insert(&LANE, HeaderValue::from_static(UNDERSTOOD));
        }
        if !headers.contains_key(&NAMESPACE) {
            set(headers, &NAMESPACE, self.namespace());
        }
        if let Some(token) = self.token() {
            set(headers, &AUTHORIZATION, &["Bearer ", &token].concat());
        }
        set_unique(headers, &TRACE_ID, &ctx.trace().id.text());
        set_unique(headers, &SPAN_ID, &ctx.trace().span.text());
        if let Some(deadline) = self.deadline {
            set_deadline(headers, deadline.saturating_duration_since(Instant::now()));
        }
        Ok(request)
    }
}

fn set(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Rounded up to a millisecond, which costs nobody anything because the deadline is kept here too: calls that begin now
/// all say the same then, and HPACK sends what was said before as one byte.
fn set_deadline(headers: &mut HeaderMap, left: Duration) {
    let millis = u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    set(headers, &TIMEOUT, &millis.saturating_mul(1_000_000).to_string());
    // At most eight digits are allowed.
    let grpc = if millis < 100_000_000 {
        format!("{millis}m")
    } else {
        format!("{}S", (millis / 1_000).min(99_999_999))
    };
    set(headers, &GRPC_TIMEOUT, &grpc);
}

/// Sets what is different in every call, and so has no place in HPACK's table of what may come again.
fn set_unique(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}
