//! The one error of the platform and its encodings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a call answers: a value or an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error that every service answers with.
///
/// ```
/// let error = micro_rpc::Error::not_found("user.Read", "no user with id 7");
/// assert_eq!(error.code, 404);
/// assert_eq!(error.status, "Not Found");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Error {
    /// `<service>.<Method>[.<reason>]`
    #[serde(alias = "Id")]
    pub id: String,
    /// An HTTP status code.
    #[serde(alias = "Code")]
    pub code: i32,
    /// What was wrong, and what to do.
    #[serde(alias = "Detail")]
    pub detail: String,
    /// The reason phrase of the code.
    #[serde(alias = "Status")]
    pub status: String,
    /// The gRPC status of an error that has no id of its own and travels as plain text: what gRPC itself says, and what
    /// services say that are not of this platform. It is handed on as it came.
    #[serde(skip)]
    pub plain: Option<u8>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub fn $name(id: impl Into<String>, detail: impl Into<String>) -> Self {
            Self::new(id, $code, detail)
        })*
    };
}

impl Error {
    /// An error with an HTTP status code; its reason phrase is filled in.
    pub fn new(id: impl Into<String>, code: i32, detail: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            code,
            detail: detail.into(),
            status: reason(code).to_owned(),
            plain: None,
        }
    }

    /// A gRPC status with a text that is no error of ours.
    pub fn plain(status: u8, text: impl Into<String>) -> Self {
        Self {
            plain: Some(status),
            ..Self::new("go.micro.client", http_code(status), text)
        }
    }

    constructors! {
        /// 400: the request is wrong.
        bad_request = 400;
        /// 401: an account is needed.
        unauthorized = 401;
        /// 403: this account may not.
        forbidden = 403;
        /// 404: there is no such thing.
        not_found = 404;
        /// 408: the deadline passed.
        timeout = 408;
        /// 409: it exists already, or was changed meanwhile.
        conflict = 409;
        /// 412: the state of things does not allow it.
        precondition_failed = 412;
        /// 413: more bytes than the limit.
        payload_too_large = 413;
        /// 429: more calls than the limit.
        too_many_requests = 429;
        /// 500: a fault on our side.
        internal = 500;
        /// 501: there is no such method.
        not_implemented = 501;
        /// 503: cannot serve now; trying again later may work.
        unavailable = 503;
    }

    /// The JSON text of the error, keys in the order id, code, detail, status.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the JSON text of an error; `None` when it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        text.starts_with('{')
            .then(|| serde_json::from_str(text).ok())
            .flatten()
            .filter(|e: &Self| e.code > 0)
    }

    /// The gRPC status code that goes with the HTTP-like code.
    pub fn grpc_code(&self) -> u8 {
        if let Some(status) = self.plain {
            return status;
        }
        match self.code {
            200 => 0,
            400 => 3,
            401 => 16,
            403 => 7,
            404 => 5,
            408 => 4,
            409 => 6,
            412 => 9,
            429 => 8,
            500 => 13,
            501 => 12,
            503 => 14,
            _ => 2,
        }
    }

    /// The error behind a gRPC status that carries `message`.
    pub fn from_status(status: u8, message: &str) -> Self {
        Self::parse(message).unwrap_or_else(|| Self::plain(status, message))
    }
}

fn http_code(status: u8) -> i32 {
    match status {
        3 | 11 => 400,
        4 => 408,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        9 => 412,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

fn reason(code: i32) -> &'static str {
    u16::try_from(code)
        .ok()
        .and_then(|code| http::StatusCode::from_u16(code).ok())
        .and_then(|status| status.canonical_reason())
        .unwrap_or("")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.id, self.detail, self.code)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_back_in_both_key_cases() {
        let error = Error::conflict("user.Create.exists", "taken \"x\" 100%");
        assert_eq!(Error::parse(&error.to_json()).unwrap(), error);
        assert_eq!(
            Error::parse(r#"{"Id":"a","Code":404,"Detail":"d","Status":"s"}"#)
                .unwrap()
                .code,
            404
        );
        assert_eq!(Error::parse("plain"), None);
        assert!(error.to_json().starts_with(r#"{"id":"#));
    }
}
