//! What can go wrong with keys.

use std::fmt;
use std::io;

use micro::store;

/// Why a key cannot be used.
#[derive(Debug)]
pub(in crate::auth) enum Error {
    /// It could not be made, read or kept.
    Key(io::Error),
    /// The store, which has it, did not answer as it should.
    Store(store::Error),
}

pub(in crate::auth) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there are no new keys.
#[derive(Debug)]
pub(in crate::auth) enum RotateError {
    /// So many are held already.
    TooMany(usize),
    /// They could not be made or kept.
    Failed(Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Key(error) => error.fmt(f),
            Error::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Key(error) => error.source(),
            Error::Store(error) => error.source(),
        }
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Error {
        Error::Key(source)
    }
}

impl From<store::Error> for Error {
    fn from(source: store::Error) -> Error {
        Error::Store(source)
    }
}

impl From<Error> for RotateError {
    fn from(source: Error) -> RotateError {
        RotateError::Failed(source)
    }
}
