//! What an error of the database means.

use std::error::Error as _;

use micro::store::Error;
use tokio_postgres::error::SqlState;

/// The database asks to try the transaction again: it was not made.
pub fn is_retryable(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(code)
    })
}

/// The connection is of no use any more, or the server behind it: another one may do.
pub fn is_lost(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        // Connection exceptions, shutdowns, and a server that has become one for reading only.
        Some(code) => {
            let code = code.code();
            code.starts_with("08") || code.starts_with("57P") || code == "25006"
        }
        None => is_wire(error),
    }
}

/// Not what the server says, but that nothing can be heard of it.
fn is_wire(error: &tokio_postgres::Error) -> bool {
    let is_io = |cause: &(dyn std::error::Error + 'static)| cause.is::<std::io::Error>();
    error.is_closed() || error.source().is_some_and(is_io)
}

/// The server works, but takes no more connections.
pub fn is_full(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS)
}

/// What was sent cannot be kept: a data exception, or beyond what the server can hold. Trying again does not help.
pub fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.code().starts_with("22") || code.code().starts_with("54"))
}

/// The error with its causes, as an operator reads it.
pub fn reason(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// As the store's error.
pub fn failed(error: tokio_postgres::Error) -> Error {
    if is_refusal(&error) {
        return Error::invalid("the database cannot keep this record: make it smaller").caused_by(error);
    }
    Error::unavailable(format!("the database failed: {}", reason(&error))).caused_by(error)
}

/// Nobody may be told that a change was made, nor that it was not.
pub fn unknown(why: &str) -> Error {
    Error::unavailable(format!(
        "{why}, so it is not known whether the change was made: read it again"
    ))
}
