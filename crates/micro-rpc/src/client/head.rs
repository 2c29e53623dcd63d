//! The head of an outbound call.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, TE};
use http::uri::{self, Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use super::attempt::Call;
use crate::names::{GRPC_TIMEOUT, NAMESPACE, SHORT, SPAN_ID, TIMEOUT, TOKEN, TRACE_ID};
use crate::short::Form;
use crate::{Error, Result};

/// So many headers a call has of its own at most.
const OWN_HEADERS: usize = 9;

/// Metadata that belongs to one hop, or that is set anew for the next.
const NOT_FORWARDED: [&str; 14] = [
    "content-type",
    "te",
    "user-agent",
    "timeout",
    "grpc-timeout",
    "micro-trace-id",
    "micro-span-id",
    "micro-short",
    "micro-token",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "grpc-accept-encoding",
];

impl Call<'_> {
    /// The call as it is sent to an instance.
    pub(super) fn head(&self, authority: &Authority, form: Form<'_>) -> Result<Request<()>> {
        let (client, ctx, service, endpoint) = (self.client, self.ctx, self.service, self.endpoint);
        let wrong = || Error::bad_request("go.micro.client", format!("malformed method name: {endpoint:?}"));
        let (handler, method) = endpoint.split_once('.').ok_or_else(wrong)?;
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
        headers.reserve(ctx.metadata().headers().len() + OWN_HEADERS);
        for (name, value) in ctx.metadata().headers() {
            if !NOT_FORWARDED.contains(&name.as_str()) {
                headers.append(name, value.clone());
            }
        }
        let content_type = match form.is_short {
            true => self.codec.short_type(),
            false => self.codec.content_type(),
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if !form.is_short {
            headers.insert(TE, HeaderValue::from_static("trailers"));
        }
        if self.is_unary
            && let Some(question) = form.question()
        {
            headers.insert(&SHORT, question.clone());
        }
        if !headers.contains_key(&NAMESPACE) {
            set(headers, &NAMESPACE, self.namespace());
        }
        if !headers.contains_key(AUTHORIZATION)
            && let Some(token) = client
                .credentials
                .as_ref()
                .and_then(|credentials| credentials.token())
            && let Some(bearer) = form.bearer(&token)
        {
            headers.insert(AUTHORIZATION, bearer);
        }
        if form.is_short
            && let Some(token) = headers.get(AUTHORIZATION)
            && form.repeats(token)
            && let Some(token) = headers.remove(AUTHORIZATION)
        {
            headers.insert(&TOKEN, token);
        }
        set_unique(headers, &TRACE_ID, &ctx.trace().id.text(), form.keeps_ids);
        set_unique(headers, &SPAN_ID, &ctx.trace().span.text(), form.keeps_ids);
        if let Some(deadline) = self.deadline {
            set_deadline(headers, deadline.saturating_duration_since(Instant::now()), form);
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
fn set_deadline(headers: &mut HeaderMap, left: Duration, form: Form<'_>) {
    let millis = u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    if !form.is_short {
        set(headers, &TIMEOUT, &millis.saturating_mul(1_000_000).to_string());
    }
    // At most eight digits are allowed.
    let grpc = if millis < 100_000_000 {
        format!("{millis}m")
    } else {
        format!("{}S", (millis / 1_000).min(99_999_999))
    };
    set(headers, &GRPC_TIMEOUT, &grpc);
}

/// Sets what is different in every call, and so has no place in HPACK's table of what may come again but for its name.
fn set_unique(headers: &mut HeaderMap, name: &HeaderName, value: &str, is_kept: bool) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(!is_kept);
        headers.insert(name, value);
    }
}
