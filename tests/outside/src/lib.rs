//! The systems outside Micro that the platform stands on, started for a test: a private instance in a temporary folder, on free
//! ports, that is gone with the value that stands for it.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

mod certificates;
mod etcd;
mod nats;
mod objects;
mod postgres;
mod process;
mod relay;
pub mod wait;

pub use certificates::Certificates;
pub use etcd::Etcd;
pub use nats::{Nats, NatsCluster};
pub use objects::Objects;
pub use postgres::Postgres;
pub use process::{Process, free_port};
pub use relay::Relay;
