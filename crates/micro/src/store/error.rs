//! What can go wrong with a store.

use std::fmt;
use std::sync::Arc;

/// An error of the store: what kind it is, and what caused it.
#[derive(Clone, Debug)]
pub struct Error {
    /// What a caller decides by.
    pub kind: ErrorKind,
    /// What caused it.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    detail: String,
}

/// What a caller decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such record.
    NotFound,
    /// There is such a record already.
    Exists,
    /// Somebody else changed the record in between.
    Conflict,
    /// The request is wrong; trying again does not help.
    Invalid,
    /// The store cannot do it now; trying again later may help.
    Unavailable,
}

impl Error {
    /// There is no such record.
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, "not found")
    }

    /// There is a record of this key already.
    pub fn exists(key: &str) -> Self {
        Self::new(ErrorKind::Exists, format!("{key} exists already"))
    }

    /// The record of this key has not the version that the change is for.
    pub fn conflict(key: &str, wanted: u64, there: Option<u64>) -> Self {
        let detail = match there {
            Some(there) => format!("{key} has version {there}, not {wanted}: read it again"),
            None => format!("{key} is not there, so it has no version {wanted}: read it again"),
        };
        Self::new(ErrorKind::Conflict, detail)
    }

    /// The request is wrong, and how.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, detail)
    }

    /// The store cannot do it now, and why.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, detail)
    }

    /// The same error with what caused it.
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into().into());
        self
    }

    pub(super) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            source: None,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<Error> for micro_rpc::Error {
    /// What a caller over the network is told. The cause stays here: it names files and machines.
    fn from(error: Error) -> Self {
        let code = match error.kind {
            ErrorKind::NotFound => 404,
            ErrorKind::Exists | ErrorKind::Conflict => 409,
            ErrorKind::Invalid => 400,
            ErrorKind::Unavailable => 503,
        };
        Self::new("store", code, error.detail)
    }
}
