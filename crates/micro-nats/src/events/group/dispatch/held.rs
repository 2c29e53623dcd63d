//! The events that are with members and not answered.

use std::collections::{BTreeSet, HashMap};

use async_nats::Subject;
use tokio::time::Instant;

use crate::events::group::delivery::Delivery;

/// An event that is with a member.
pub(super) struct Sent {
    pub delivery: Delivery,
    pub member: u64,
    pub retry_limit: Option<u32>,
    pub until: Instant,
}

#[derive(Default)]
pub(super) struct Held {
    /// By sequence.
    sent: HashMap<u64, Sent>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// Sequences by id, for answers.
    ids: HashMap<String, u64>,
}

impl Held {
    pub fn insert(&mut self, sent: Sent) {
        let sequence = sent.delivery.sequence;
        self.ids.insert(sent.delivery.event.id.clone(), sequence);
        self.deadlines.insert((sent.until, sequence));
        self.sent.insert(sequence, sent);
    }

    pub fn take(&mut self, sequence: u64) -> Option<Sent> {
        let sent = self.sent.remove(&sequence)?;
        self.deadlines.remove(&(sent.until, sequence));
        self.ids.remove(&sent.delivery.event.id);
        Some(sent)
    }

    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// The event of an id, and with whom it is.
    pub fn find(&self, id: &str) -> Option<(u64, u64)> {
        let sequence = *self.ids.get(id)?;
        Some((sequence, self.sent.get(&sequence)?.member))
    }

    /// What a member has, in order.
    pub fn of_member(&self, member: u64) -> Vec<u64> {
        let all = self.sent.iter().filter(|(_, sent)| sent.member == member);
        let mut sequences: Vec<_> = all.map(|(sequence, _)| *sequence).collect();
        sequences.sort_unstable();
        sequences
    }

    /// Has the answer to an event go elsewhere; whether it is here.
    pub fn renew(&mut self, sequence: u64, ack: &Subject) -> bool {
        let sent = self.sent.get_mut(&sequence);
        sent.map(|sent| sent.delivery.ack = ack.clone()).is_some()
    }

    pub fn acks(&self) -> impl Iterator<Item = &Subject> {
        self.sent.values().map(|sent| &sent.delivery.ack)
    }

    pub fn first_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// One whose time is up.
    pub fn overdue(&self, now: Instant) -> Option<u64> {
        let (at, sequence) = self.deadlines.first()?;
        (*at <= now).then_some(*sequence)
    }
}
