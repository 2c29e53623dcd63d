//! HTTP routes of services: who claims which, and which one a request means.
//!
//! A service registers its routes with its endpoints ([`micro::api::Route`]). The registry refuses those that another
//! service of the namespace has already (`claim`), so that who is told is who comes second, when he comes; the gateway
//! follows the registry (`index`) and keeps one tree for each namespace that has routes (`table`), which is made anew when
//! they change and only read when a request comes.
//!
//! The order of meaning in the gateway: its own paths, then `/{service}/{endpoint}` of an endpoint that there is, then
//! routes. So no service takes what is another's by nature; among routes the most specific one counts.

mod claim;
#[doc(hidden)]
pub mod fuzz;
mod index;
mod kind;
mod rule;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use claim::{Claim, check};
pub(crate) use index::Index;
pub(crate) use kind::{Kind, camel};
pub(crate) use rule::Rule;
pub(crate) use table::{Found, Table};
