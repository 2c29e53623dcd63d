//! Requests that are handed to a service as they are, and its answers as they come: webhooks, uploads, redirects.
//!
//! Nothing is held as a whole: a body goes on piece by piece, and only as fast as the service takes it.

use std::sync::{Arc, Mutex, PoisonError};

use http::header::{CONTENT_LENGTH, HeaderName, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use micro_proto::http::{
    Header, Http as _, HttpClient, Request, RequestHead, Response as Piece, ResponseHead,
};
use micro_rpc::bytes::Bytes;
use micro_rpc::futures_util::{StreamExt, stream};
use micro_rpc::{Error, Result, Streaming};
use tokio::time::Instant;

use super::blob::GUARDED;
use super::caller::Caller;
use super::reply::{self, Content};
use super::{ID, Inner, Limits, body, metadata};
use crate::routes::Claim;
use crate::web::{is_the_services, is_token};

impl Inner {
    pub(super) async fn hand_on(
        &self,
        caller: &Caller,
        claim: &Claim,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Response<Content>> {
        if body.size_hint().lower() > self.limits.body as u64 {
            return Err(body::too_large(self.limits.body));
        }
        let mut ctx = metadata::context(parts, &caller.namespace);
        if let Some(asked) = metadata::timeout(parts) {
            ctx = ctx.with_timeout(asked);
        }
        let progress = Progress::default();
        let requests = requests(parts, body, self.limits, progress.clone());
        let client = HttpClient::with_name(self.client(caller, &claim.call.service), &claim.call.service);
        let begun = async {
            let mut answer = client.handle(&ctx, requests).await?;
            Ok::<_, Error>((answer.next().await.transpose()?, answer))
        };
        let (first, answer) = tokio::select! {
            begun = begun => begun?,
            () = progress.stalled(&self.limits) => {
                let detail = format!("{} did not begin to answer in time", claim.call.service);
                return Err(Error::timeout(ID, detail));
            }
        };
        response(first, answer, &parts.method)
    }
}

/// How far a request has come, so that one which goes on is not given up.
#[derive(Clone)]
struct Progress(Arc<Mutex<(Instant, bool)>>);

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), false))))
    }
}

impl Progress {
    fn moved(&self, is_whole: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), is_whole);
    }

    fn last(&self) -> (Instant, bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is ready when nothing has moved for too long: a caller has his time to send, and a service to answer.
    async fn stalled(&self, limits: &Limits) {
        loop {
            let (since, is_whole) = self.last();
            let patience = if is_whole { limits.call } else { limits.patience };
            tokio::time::sleep_until(since + patience).await;
            if self.last().0 == since {
                return;
            }
        }
    }
}

/// The head, and then the body as it comes.
fn requests(parts: &Parts, body: Incoming, limits: Limits, progress: Progress) -> Streaming<Request> {
    let head = Request {
        head: Some(RequestHead {
            method: parts.method.to_string(),
            uri: parts
                .uri
                .path_and_query()
                .map_or("/", |uri| uri.as_str())
                .to_owned(),
            headers: headers(&parts.headers),
        }),
        data: Bytes::new(),
    };
    let pieces = Pieces {
        body,
        paced: body::Pace::new(limits.body, limits.patience),
        progress,
    };
    let pieces = stream::try_unfold(pieces, |mut pieces| async move {
        Ok(pieces.next().await?.map(|piece| (piece, pieces)))
    });
    Streaming::new(stream::iter([Ok(head)]).chain(pieces))
}

struct Pieces {
    body: Incoming,
    paced: body::Pace,
    progress: Progress,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Request>> {
        let data = self.paced.next(&mut self.body).await?;
        self.progress.moved(data.is_none());
        Ok(data.map(|data| Request { head: None, data }))
    }
}

/// What is of the request and not of the connection.
fn headers(all: &HeaderMap) -> Vec<Header> {
    let travel = all.iter().filter(|(name, _)| !metadata::ends_here(name, all));
    travel
        .map(|(name, value)| Header {
            name: name.as_str().to_owned(),
            value: Bytes::copy_from_slice(value.as_bytes()),
        })
        .collect()
}

fn response(first: Option<Piece>, rest: Streaming<Piece>, method: &Method) -> Result<Response<Content>> {
    let first = first.unwrap_or_default();
    let head = first.head.ok_or_else(|| wrong("nothing"))?;
    let code = u16::try_from(head.status)
        .ok()
        .filter(|code| (200..600).contains(code));
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| wrong("no status from 200 to 599"))?;
    let all = told(&head)?;
    let mut response = reply::empty(status);
    for (name, value) in all
        .iter()
        .filter(|(name, value)| is_the_services(name, &all) && !(*name == SET_COOKIE && is_token(value)))
    {
        response.headers_mut().append(name, value.clone());
    }
    // It is a tenant's, and comes from the platform's address: a browser runs nothing of it unless the service wants that.
    for (name, value) in GUARDED {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    let length = length(&all);
    if *method == Method::HEAD {
        // What the body would be long.
        if let Some(length) = length {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        return Ok(response);
    }
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || length == Some(0) {
        return Ok(response);
    }
    let data = stream::iter([Ok(first.data)]).chain(rest.map(|piece| Ok(piece.data)));
    let is_some = |data: &Result<Bytes>| std::future::ready(!matches!(data, Ok(data) if data.is_empty()));
    let data = Streaming::new(data.filter(is_some));
    *response.body_mut() = match length {
        Some(length) => Content::Sized(length, data),
        None => Content::Pieces(data),
    };
    Ok(response)
}

fn told(head: &ResponseHead) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in &head.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = HeaderValue::from_bytes(&line.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(wrong("a header that HTTP does not know how to say"));
        };
        let added = headers.try_append(name, value);
        added.map_err(|_| wrong("too many headers"))?;
    }
    Ok(headers)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn wrong(what: &str) -> Error {
    Error::new(ID, 502, format!("the service answered with {what}"))
}
