//! The broker on core NATS, and events on JetStream.
//!
//! One [`Connection`] serves both. Servers take messages of 1 MiB unless their configuration says otherwise; the platform's events may
//! have 8 MiB, so `max_payload: 16MB` belongs into it.

mod broker;
mod config;
mod connection;
mod events;
mod jetstream;
mod names;

pub use broker::Broker;
pub use config::{Config, Credentials, Tls};
pub use connection::Connection;
pub use events::Events;
