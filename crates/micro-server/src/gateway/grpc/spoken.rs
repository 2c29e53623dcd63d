//! How a caller speaks gRPC, which is how he is answered.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Version};
use micro_rpc::{Codec, Error, Result};

use super::super::ID;

const GRPC: &str = "application/grpc";
const WEB: &str = "application/grpc-web";
const WEB_TEXT: &str = "application/grpc-web-text";

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are, with the status in trailers.
    Http2,
    /// The same with the status as a last message, for browsers, which have no trailers: gRPC-Web.
    Web,
    /// The same in base64.
    WebText,
}

/// How a call is spoken.
pub(in super::super) struct Spoken {
    content_type: HeaderValue,
    pub(super) sent: Form,
    pub(super) answered: Form,
}

impl Spoken {
    /// `None` where the request is no call of gRPC. What is sent as `application/grpc` over HTTP/1.1 is a protobuf message and nothing
    /// else, as it always was: gRPC needs trailers, which HTTP/1.1 mostly loses.
    pub(in super::super) fn by(parts: &Parts) -> Option<Self> {
        if parts.method != Method::POST {
            return None;
        }
        let content_type = parts.headers.get(CONTENT_TYPE)?;
        let begins = |with: &str| content_type.as_bytes().starts_with(with.as_bytes());
        if !begins(GRPC) {
            return None;
        }
        let sent = if begins(WEB_TEXT) {
            Form::WebText
        } else if begins(WEB) {
            Form::Web
        } else if parts.version == Version::HTTP_2 {
            Form::Http2
        } else {
            return None;
        };
        Some(Self {
            content_type: content_type.clone(),
            sent,
            answered: match sent {
                Form::Http2 => Form::Http2,
                web => accepted(&parts.headers).unwrap_or(web),
            },
        })
    }

    /// Whether a browser may have sent it.
    pub(in super::super) fn is_web(&self) -> bool {
        self.sent != Form::Http2
    }

    /// How the messages are encoded.
    pub(super) fn codec(&self) -> Result<Codec> {
        let said = self.content_type.to_str().unwrap_or_default();
        let codec = said.strip_prefix(self.sent.content_type());
        let codec = codec.and_then(|codec| Codec::from_content_type(&[GRPC, codec].concat()));
        codec.ok_or_else(|| {
            let known = self.sent.content_type();
            let detail = format!("{said} is not spoken here: send {known}+proto or {known}+json");
            Error::bad_request(ID, detail)
        })
    }

    /// What an answer is, which is what was sent.
    pub(super) fn answer_type(&self) -> HeaderValue {
        let codec = match self.codec() {
            // Said as it was asked for, though both mean the same. Of gRPC-Web each side is to say it.
            Ok(_) if self.content_type == GRPC => "",
            Ok(codec) => codec.content_type().strip_prefix(GRPC).unwrap_or_default(),
            Err(_) => "",
        };
        let said = [self.answered.content_type(), codec].concat();
        HeaderValue::try_from(said).unwrap_or(HeaderValue::from_static(GRPC))
    }
}

impl Form {
    fn content_type(self) -> &'static str {
        match self {
            Self::Http2 => GRPC,
            Self::Web => WEB,
            Self::WebText => WEB_TEXT,
        }
    }
}

/// What of gRPC-Web a caller wants to get, if he says it.
fn accepted(headers: &HeaderMap) -> Option<Form> {
    let said = headers.get(ACCEPT)?.to_str().ok()?;
    if said.contains(WEB_TEXT) {
        Some(Form::WebText)
    } else {
        said.contains(WEB).then_some(Form::Web)
    }
}
