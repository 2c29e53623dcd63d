//! The registry on a real etcd.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

mod faults;
mod given;
mod law;
mod lives;
mod outage;
mod secure;
mod size;
mod two;
