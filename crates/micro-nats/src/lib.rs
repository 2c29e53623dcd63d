//! The broker on core NATS, and events on JetStream.
