//! The task of a group in one server: who gets which event, and what becomes of it.

mod held;
mod intake;
mod outcome;

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Message;
use futures_util::StreamExt;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use micro::events::Verdict;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::delivery::Delivery;
use super::member::Members;
use super::place::{LEASE, Outcome, Place};
use super::pull::Pull;
use super::{Command, WINDOW};
use held::{Held, Sent};
use outcome::{Done, Returned};

/// The pause after a first refusal; it doubles with each.
const BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
/// How often JetStream hears of the events that are here.
const BEAT: Duration = Duration::from_secs(1);
/// How long a group without members may take to leave things in order.
const LEAVING: Duration = Duration::from_secs(5);

/// JetStream gives an event to another server after [`LEASE`]: it must hear of it more than once in that time.
const _: () = assert!(BEAT.as_millis() * 3 < LEASE.as_millis());

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub(super) struct Dispatch {
    place: Arc<Place>,
    pull: Pull,
    members: Members,
    /// Of these it is being asked how often they were tried. In their order, and what came after them too.
    looking: FuturesOrdered<Work<(u64, Option<Delivery>)>>,
    /// To be sent as soon as somebody has room.
    ready: VecDeque<Delivery>,
    held: Held,
    /// The sequences of all that is here, in whatever state.
    known: HashSet<u64>,
    /// What has come again before it was known that JetStream has its answer.
    early: HashMap<u64, Message>,
    /// What is given back once nothing more comes.
    back: Vec<Returned>,
    work: FuturesUnordered<Work<Done>>,
    is_reviving: bool,
    beat_at: Instant,
    /// The last that has come.
    last: u64,
    /// Who asks a group that ends how many members it has is told none when it has left things in order.
    asked: Vec<oneshot::Sender<usize>>,
    /// Without members, by when it ends in any case.
    end_by: Option<Instant>,
}

impl Dispatch {
    pub fn new(place: Arc<Place>) -> Self {
        Self {
            place,
            pull: Pull::new(),
            members: Members::default(),
            looking: FuturesOrdered::new(),
            ready: VecDeque::new(),
            held: Held::default(),
            known: HashSet::new(),
            early: HashMap::new(),
            back: Vec::new(),
            work: FuturesUnordered::new(),
            is_reviving: false,
            beat_at: Instant::now() + BEAT,
            last: 0,
            asked: Vec::new(),
            end_by: None,
        }
    }

    pub async fn run(mut self, mut told: mpsc::Receiver<Command>) {
        let mut made = self.place.topic.connection.made();
        loop {
            while let Ok(command) = told.try_recv() {
                self.obey(command);
            }
            if !self.members.is_empty() {
                self.serve().await;
            } else {
                self.withdraw().await;
                if self.is_done() && self.place.shared.groups.leave(&self.place.key(), &told) {
                    break;
                }
            }
            let due = self.next_due();
            tokio::select! {
                Some(command) = told.recv() => self.obey(command),
                message = self.pull.next() => match message {
                    Some(message) => self.receive(message),
                    None => self.pull.ended(&self.place).await,
                },
                Some((sequence, found)) = self.looking.next() => self.found(sequence, found),
                Some(done) = self.work.next() => self.done(done),
                Ok(()) = made.changed() => self.pull.forget(),
                () = sleep_until(due) => self.on_time(),
            }
        }
        if !self.place.is_kept() {
            self.place.forget().await;
        }
    }

    async fn serve(&mut self) {
        self.end_by = None;
        for asked in self.asked.drain(..) {
            let _ = asked.send(self.members.len());
        }
        self.give_back();
        self.pull.open(&self.place).await;
        self.hand_out();
        let room = self.members.room();
        let here = self.ready.len() + self.looking.len();
        self.pull.ask(&self.place, room.saturating_sub(here));
    }

    fn next_due(&self) -> Option<Instant> {
        let beat = (!self.held.is_empty()).then_some(self.beat_at);
        let due = [
            self.held.first_deadline(),
            beat,
            self.pull.next_due(),
            self.end_by,
        ];
        due.into_iter().flatten().min()
    }

    fn hand_out(&mut self) {
        while let Some(mut delivery) = self.ready.pop_front() {
            let Some(member) = self.members.next() else {
                self.ready.push_front(delivery);
                return;
            };
            delivery.event.attempt += 1;
            if member.events.try_send(delivery.event.clone()).is_err() {
                // It has gone, and says so in a moment.
                member.holds = WINDOW;
                delivery.event.attempt -= 1;
                self.ready.push_front(delivery);
                continue;
            }
            member.holds += 1;
            self.held.insert(Sent {
                member: member.number,
                retry_limit: member.retry_limit,
                until: Instant::now() + member.ack_wait,
                delivery,
            });
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Join(member) => self.members.join(member),
            Command::Leave(number, has_left) => self.leave(number, has_left),
            Command::Verdict(member, verdict) => self.judge(member, &verdict),
            Command::Members(number) if self.members.is_empty() => self.asked.push(number),
            Command::Members(number) => drop(number.send(self.members.len())),
        }
    }

    /// What a member had goes to others at once. If it left in order, that was not tried: it may only have been on its way.
    fn leave(&mut self, number: u64, has_left: bool) {
        let Some(member) = self.members.leave(number) else {
            return;
        };
        for sequence in self.held.of_member(number) {
            if let Some(sent) = self.held.take(sequence) {
                self.back.push(Returned {
                    tried: (!has_left).then_some(sent.delivery.event.attempt),
                    delivery: sent.delivery,
                    open: Some(member.events.clone()),
                });
            }
        }
    }

    fn judge(&mut self, member: u64, verdict: &Verdict) {
        let Some((sequence, holder)) = self.held.find(&verdict.id) else {
            return;
        };
        // An answer to what was sent to another by now comes too late to refuse it, and in time to acknowledge it.
        if !verdict.success && holder != member {
            return;
        }
        let Some(sent) = self.take(sequence) else {
            return;
        };
        if verdict.success {
            let open = self.members.open(member);
            self.settle(sent.delivery, Outcome::Done, open);
        } else {
            let doublings = (sent.delivery.event.attempt - 1).min(16);
            let pause = BACK_OFF.saturating_mul(1 << doublings).min(LONGEST_BACK_OFF);
            self.again_or_dead(sent, pause);
        }
    }

    /// No longer with anybody.
    fn take(&mut self, sequence: u64) -> Option<Sent> {
        let sent = self.held.take(sequence)?;
        self.members.released(sent.member);
        Some(sent)
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        while let Some(sent) = self.held.overdue(now).and_then(|sequence| self.take(sequence)) {
            self.again_or_dead(sent, Duration::ZERO);
        }
        if self.beat_at <= now {
            self.beat_at = now + BEAT;
            self.beat();
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
