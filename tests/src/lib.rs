//! Drives the real binary from outside, as a user and as an independent peer would. The integration tests, the fuzz driver
//! and the measurements stand on it.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

pub mod browser;
pub mod command;
pub mod disk;
pub mod echo;
pub mod grpc;
pub mod http;
pub mod library;
pub mod load;
pub mod process;
pub mod proto;
pub mod random;
pub mod server;
pub mod service;
pub mod site;

/// The guide to testing, whose code is tested.
#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
pub struct TestingGuide;

/// The guide to domains, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../docs/domains.md")]
pub struct DomainsGuide;

/// The guide to HTTP routes, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../docs/http-routes.md")]
pub struct RoutesGuide;

/// The guide to pages, whose code is tested.
#[cfg(doctest)]
#[doc = include_str!("../../docs/pages.md")]
pub struct PagesGuide;

pub use command::{Micro, Ran};
pub use micro_outside::wait;
pub use server::Server;
