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

    fn room(&self) -> usize {
        WINDOW.saturating_sub(self.holds)
    }
}

/// All of a group.
#[derive(Default)]
pub(super) struct Members {
    all: Vec<Member>,
    turn: usize,
}

impl Members {
    pub fn join(&mut self, member: Member) {
        self.all.push(member);
    }

    pub fn leave(&mut self, number: u64) -> Option<Member> {
        let at = self.all.iter().position(|member| member.number == number)?;
        Some(self.all.remove(at))
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// For how many events there is room.
    pub fn room(&self) -> usize {
        self.all.iter().map(Member::room).sum()
    }

    /// One that has room. They take turns.
    pub fn next(&mut self) -> Option<&mut Member> {
        let number = self.all.len();
        let at = (0..number)
            .map(|step| (self.turn + step) % number)
            .find(|at| self.all[*at].room() > 0)?;
        self.turn = at + 1;
        Some(&mut self.all[at])
    }

    /// What keeps a member's stream open.
    pub fn open(&self, number: u64) -> Option<mpsc::Sender<Event>> {
        let found = self.all.iter().find(|member| member.number == number)?;
        Some(found.events.clone())
    }

    /// A member has one event less.
    pub fn released(&mut self, number: u64) {
        if let Some(member) = self.all.iter_mut().find(|member| member.number == number) {
            member.holds = member.holds.saturating_sub(1);
        }
    }
}
