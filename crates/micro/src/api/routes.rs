//! An HTTP service behind the contract `Http`.

use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_LENGTH, HeaderName};
use http::{HeaderValue, Uri};
use micro_proto::http::{Header, Http, Request, RequestHead, Response, ResponseHead};
use micro_rpc::{Context, Error, Result, Streaming};

use super::{Body, Route};

const ID: &str = "go.micro.service.http";
/// So much of an answer is sent in one message.
const PIECE: usize = 64 * 1024;

/// An HTTP service, and the routes that lead to it. [`crate::Service::api`] takes it.
///
/// The requests have the path and the body as they were sent, and the call's [`Context`] among their extensions: who calls
/// is `context.account()`. With axum a handler takes it as `Extension(context): Extension<micro::Context>`.
#[derive(Clone)]
#[must_use]
pub struct Routes {
    answer: Arc<dyn Fn(http::Request<Body>) -> Answering + Send + Sync>,
    pub(crate) declared: Vec<Route>,
}

type Answering = Pin<Box<dyn Future<Output = Result<http::Response<Pieces>>> + Send>>;

impl Routes {
    /// Around a service of `tower`, such as an `axum::Router`, which decides itself what of its routes is asked for.
    pub fn new<S, B>(service: S) -> Self
    where
        S: tower_service::Service<http::Request<Body>, Response = http::Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Error: Display + Send,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Display,
    {
        let answer = move |request| -> Answering {
            let mut service = service.clone();
            Box::pin(async move {
                poll_fn(|cx| service.poll_ready(cx)).await.map_err(failed)?;
                let response = service.call(request).await.map_err(failed)?;
                Ok(response.map(Pieces::of))
            })
        };
        Self {
            answer: Arc::new(answer),
            declared: Vec::new(),
        }
    }

    /// Has the gateway lead a method and a path here. Paths are written as in contracts, `/files/{name}` and
    /// `/files/{path=**}`; for the latter `/files/{*path}` is understood too, so that it reads as in a router. The method
    /// `*` is any. `GET` answers `HEAD` too.
    ///
    /// What cannot be a route is refused when the service is registered, which says what is wrong.
    pub fn route(mut self, method: &str, path: &str) -> Self {
        self.declared.push(Route {
            method: method.to_owned(),
            path: all_that_follows(path),
            ..Route::default()
        });
        self
    }
}

/// `{*path}` as contracts write it.
fn all_that_follows(path: &str) -> String {
    match path
        .split_once("{*")
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        Some((before, (name, after))) => format!("{before}{{{name}=**}}{after}"),
        None => path.to_owned(),
    }
}

#[async_trait]
impl Http for Routes {
    async fn handle(&self, ctx: &Context, mut requests: Streaming<Request>) -> Result<Streaming<Response>> {
        let nothing = || Error::bad_request(ID, "a request begins with its head");
        let first = requests.next().await.ok_or_else(nothing)??;
        let head = first.head.ok_or_else(nothing)?;
        let mut request = request(&head, Body::new(first.data, requests))?;
        request.extensions_mut().insert(ctx.clone());
        let (head, pieces) = (self.answer)(request).await?.into_parts();
        Ok(pieces.after(head))
    }
}

fn request(head: &RequestHead, body: Body) -> Result<http::Request<Body>> {
    let wrong =
        |what: &str| Error::bad_request(ID, format!("the request has {what} that HTTP does not know"));
    let mut request = http::Request::new(body);
    let method = http::Method::from_bytes(head.method.as_bytes());
    *request.method_mut() = method.map_err(|_| wrong("a method"))?;
    *request.uri_mut() = Uri::try_from(head.uri.as_str()).map_err(|_| wrong("a path"))?;
    for header in &head.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = HeaderValue::from_bytes(&header.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(wrong("a header"));
        };
        let added = request.headers_mut().try_append(name, value);
        added.map_err(|_| wrong("more headers"))?;
    }
    Ok(request)
}

fn failed(error: impl Display) -> Error {
    Error::internal(ID, error.to_string())
}

/// The body of an answer.
struct Pieces {
    length: Option<u64>,
    data: Streaming<Bytes>,
}

impl Pieces {
    fn of<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Display,
    {
        let length = body.size_hint().exact();
        let frames = stream::unfold(Box::pin(body), |mut body| async move {
            let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await?;
            // Trailers have no place in what is handed on.
            let data = frame.map(|frame| frame.into_data().unwrap_or_default());
            Some((data.map_err(failed), body))
        });
        Self {
            length,
            data: Streaming::new(frames),
        }
    }

    fn after(self, head: http::response::Parts) -> Streaming<Response> {
        let mut headers: Vec<_> = head
            .headers
            .iter()
            .map(|(name, value)| header(name, value.as_bytes()))
            .collect();
        if let Some(length) = self.length.filter(|_| !head.headers.contains_key(CONTENT_LENGTH)) {
            headers.push(header(&CONTENT_LENGTH, length.to_string().as_bytes()));
        }
        let head = ResponseHead {
            status: head.status.as_u16().into(),
            headers,
        };
        let first = Response {
            head: Some(head),
            data: Bytes::new(),
        };
        let pieces = self.data.flat_map(|data| match data {
            Ok(data) => stream::iter(split(data)).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        });
        Streaming::new(stream::iter([Ok(first)]).chain(pieces))
    }
}

fn header(name: &HeaderName, value: &[u8]) -> Header {
    Header {
        name: name.as_str().to_owned(),
        value: Bytes::copy_from_slice(value),
    }
}

fn split(mut data: Bytes) -> impl Iterator<Item = Result<Response>> {
    std::iter::from_fn(move || {
        let piece = data.split_to(data.len().min(PIECE));
        (!piece.is_empty()).then_some(Ok(Response {
            head: None,
            data: piece,
        }))
    })
}
