//! The contracts of [`crate::echo`] and [`crate::library`].

#[allow(missing_docs)]
pub mod echo;
#[allow(missing_docs)]
pub mod library;
