//! Clients in other languages: what goes into the room `client/` of a service.
//!
//! They speak JSON over HTTP with the gateway, and need nothing but what their language brings along.

pub mod go;
pub mod python;
pub mod typescript;
