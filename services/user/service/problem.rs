//! What can be wrong, whatever call it happens in.

use std::time::Duration;

use micro::Error;
use micro::store::ErrorKind;

pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// Why something was not done. The wire's error carries the call's name too: [`Problem::of`].
#[derive(Debug)]
pub enum Problem {
    /// A field of the request is wrong.
    Invalid { field: &'static str, detail: String },
    /// Another account has this username, address or id.
    Taken(&'static str),
    /// There is no such thing.
    Missing(&'static str),
    /// A secret is wrong; which one, and why, is not told.
    Refused(&'static str),
    /// Too many wrong secrets: nobody may try for so long.
    Locked(Duration),
    /// Too much at once.
    Busy,
    /// Something that this service needs failed.
    Failed(Error),
}

impl Problem {
    pub fn invalid(field: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::Invalid { field, detail }
    }

    /// As the error of a call.
    pub fn of(self, method: &str) -> Error {
        let id = |reason: &str| format!("user.{method}.{reason}");
        match self {
            Self::Invalid { field, detail } => Error::bad_request(id(field), detail),
            Self::Taken(field) => Error::bad_request(id("exists"), format!("{field} already exists")),
            Self::Missing(what) => Error::not_found(id(what), format!("{what} not found")),
            Self::Refused(detail) => Error::unauthorized(id("refused"), detail),
            Self::Locked(left) => {
                let detail = format!(
                    "too many wrong passwords: try again in {} seconds",
                    left.as_secs().max(1)
                );
                Error::too_many_requests(id("locked"), detail)
            }
            Self::Busy => Error::unavailable(id("busy"), "too many passwords are being checked: try again"),
            Self::Failed(error) => Error {
                id: id("failed"),
                ..error
            },
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<micro::store::Error> for Problem {
    fn from(error: micro::store::Error) -> Self {
        match error.kind {
            ErrorKind::NotFound => Self::Missing("account"),
            _ => Self::Failed(error.into()),
        }
    }
}
