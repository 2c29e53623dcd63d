//! Who consumes here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use micro::events::{Consume, Event};
use tokio::sync::mpsc;

use super::WINDOW;

/// How long an event that is acknowledged by itself may be under way.
const HANDING_ON: Duration = Duration::from_secs(60);

/// One consumer.
pub(super) struct Member {
    pub number: u64,
    pub events: mpsc::Sender<Event>,
    pub ack_wait: Duration,
    pub retry_limit: Option<u32>,
    /// Events that it has not answered.
    pub holds: usize,
}

impl Member {
    pub fn new(events: mpsc::Sender<Event>, wanted: &Consume) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            events,
            ack_wait: wanted.ack_wait.unwrap_or(HANDING_ON),
            retry_limit: wanted.retry_limit,
            holds: 0,
        }
    }

    pub fn room(&self) -> usize {
        WINDOW.saturating_sub(self.holds)
    }
}
