//! Who is calling, and may they?
//!
//! A caller proves itself with an access token: a JWT that the platform signed and that anybody who has the platform's
//! public keys can check without asking. What the caller may do is written in the rules of a namespace, which are small
//! and change rarely. So a service decides about each call by itself, from what it was sent before: its [`Guard`]
//! holds the keys and the rules, and keeps deciding from the last ones it has while the platform is away.
//!
//! In reading order: [`jwt`] is the token, [`Verifier`] checks one and remembers the answer, [`rules`] is the algorithm,
//! [`Guard`] puts both in front of a service, [`RemoteGuard`] keeps a guard fed from the platform, and [`TokenSource`] is the
//! other direction: it holds the service's own token for the calls that it makes. [`AsService`] is how a service asks for accounts
//! and tokens of others.

mod as_service;
mod backoff;
mod cache;
mod guard;
pub mod jwt;
mod remote;
pub mod rules;
mod token_source;
mod verifier;

/// The contract: its messages, the traits that [`Platform`](crate::Platform) holds, and their fakes.
pub use micro_proto::auth as proto;

pub use as_service::AsService;
pub use guard::{Guard, enforce};
pub use remote::RemoteGuard;
pub use rules::{Access, Decision, Resource, Rule, RuleSet};
pub use token_source::{Identity, TokenSource};
pub use verifier::Verifier;
