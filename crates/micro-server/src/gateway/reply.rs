//! Answers.

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Either, Full};
use micro_rpc::Error;
use micro_rpc::bytes::Bytes;

/// Whole, or as it comes.
pub(super) type Body = Either<Full<Bytes>, BoxBody<Bytes, std::io::Error>>;

pub(super) fn whole(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What a service answered.
pub(super) fn json(body: Bytes) -> Response<Body> {
    let status = if body.is_empty() {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::OK
    };
    whole(status, "application/json", body)
}

pub(super) fn empty() -> Response<Body> {
    Response::new(Either::Left(Full::new(Bytes::new())))
}

pub(super) fn error(error: &Error) -> Response<Body> {
    let code = u16::try_from(error.code)
        .ok()
        .filter(|code| (400..600).contains(code));
    let status = code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    whole(status, "application/json", error.to_json().into())
}

pub(super) fn streamed(
    content_type: &'static str,
    body: impl hyper::body::Body<Data = Bytes, Error = std::io::Error> + Send + Sync + 'static,
) -> Response<Body> {
    let mut response = Response::new(Either::Right(BoxBody::new(body.boxed())));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
