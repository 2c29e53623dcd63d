//! The contract of [`crate::echo`].

#[allow(missing_docs)]
pub mod echo;
