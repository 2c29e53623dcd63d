//! The task of a group in one server: who gets which event, and what becomes of it.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Message;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use micro::events::{Event, Start, Verdict};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::delivery::Delivery;
use super::member::Member;
use super::place::{LEASE, Outcome, Place};
use super::pull::{Pull, Status};
use super::{Command, WINDOW};

/// The pause after a first refusal; it doubles with each.
const BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
/// How often JetStream hears of the events that are here.
const BEAT: Duration = Duration::from_secs(1);
/// How long a group without members may take to leave things in order.
const LEAVING: Duration = Duration::from_secs(5);

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An event that was sent and not answered.
struct Sent {
    delivery: Delivery,
    member: u64,
    retry_limit: Option<u32>,
    until: Instant,
}

/// An event of a member that has left.
struct Returned {
    delivery: Delivery,
    /// How often it was tried, where that is more than before.
    tried: Option<u32>,
    #[expect(dead_code, reason = "what it holds open ends when the event is given back")]
    open: Option<mpsc::Sender<Event>>,
}

/// What was done beside.
enum Done {
    /// JetStream knows what became of events, and whether they come again.
    Settled(Vec<u64>, bool),
    Held,
    Stands,
}

pub(super) struct Dispatch {
    place: Arc<Place>,
    pull: Pull,
    members: Vec<Member>,
    turn: usize,
    /// Of these it is being asked how often they were tried. In their order, and what came after them too.
    looking: FuturesOrdered<Work<(u64, Option<Delivery>)>>,
    /// To be sent as soon as somebody has room.
    ready: VecDeque<Delivery>,
    /// By sequence.
    sent: HashMap<u64, Sent>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// Sequences by id, for answers.
    ids: HashMap<String, u64>,
    /// All that is here, in whatever state.
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
            members: Vec::new(),
            turn: 0,
            looking: FuturesOrdered::new(),
            ready: VecDeque::new(),
            sent: HashMap::new(),
            deadlines: BTreeSet::new(),
            ids: HashMap::new(),
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
            if self.members.is_empty() {
                self.withdraw().await;
                if self.is_done() && self.place.shared.groups.leave(&self.place.key(), &told) {
                    break;
                }
            } else {
                self.end_by = None;
                for asked in self.asked.drain(..) {
                    let _ = asked.send(self.members.len());
                }
                self.give_back();
                self.pull.open(&self.place).await;
                self.hand_out();
                self.pull.ask(&self.place, self.room());
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

    /// How many events may still come.
    fn room(&self) -> usize {
        let room: usize = self.members.iter().map(Member::room).sum();
        room.saturating_sub(self.ready.len() + self.looking.len())
    }

    fn next_due(&self) -> Option<Instant> {
        let answer = self.deadlines.first().map(|(at, _)| *at);
        let beat = (!self.sent.is_empty()).then_some(self.beat_at);
        [answer, beat, self.pull.next_due(), self.end_by]
            .into_iter()
            .flatten()
            .min()
    }

    fn receive(&mut self, message: Message) {
        if let Some(status) = message.status {
            if matches!(self.pull.status(status, &message), Status::Gone) {
                self.revive();
            }
            return;
        }
        self.pull.arrived();
        self.take_in(message);
    }

    fn take_in(&mut self, message: Message) {
        let Some(delivery) = Delivery::read(&self.place.topic, &message) else {
            return self.pass_over(message);
        };
        let sequence = delivery.sequence;
        self.last = self.last.max(sequence);
        if !self.known.insert(sequence) {
            // It is here already: JetStream has not heard of it for too long. The new answer counts.
            match self.sent.get_mut(&sequence) {
                Some(sent) => sent.delivery.ack = delivery.ack,
                None => drop(self.early.insert(sequence, message)),
            }
            return;
        }
        let is_for_others = delivery
            .only
            .as_ref()
            .is_some_and(|group| *group != self.place.group);
        if is_for_others {
            return self.settle(delivery, Outcome::Done, None);
        }
        let place = self.place.clone();
        if delivery.sent > 1 && place.is_kept() {
            self.looking.push_back(Box::pin(async move {
                let tried = place.tried(sequence).await;
                (sequence, tried.ok().map(|tried| with(delivery, tried)))
            }));
            return;
        }
        let tried = delivery.sent.saturating_sub(1);
        let delivery = with(delivery, tried);
        if self.looking.is_empty() {
            self.ready.push_back(delivery);
        } else {
            self.looking
                .push_back(Box::pin(async move { (sequence, Some(delivery)) }));
        }
    }

    /// What is no event is nobody's.
    fn pass_over(&mut self, message: Message) {
        tracing::warn!(subject = %message.subject, "what is no event was passed over");
        if let Some(ack) = message.reply {
            let client = self.place.topic.connection.client().clone();
            self.work.push(Box::pin(async move {
                let _ = client.publish(ack, "+TERM".into()).await;
                Done::Held
            }));
        }
    }

    fn found(&mut self, sequence: u64, found: Option<Delivery>) {
        match found {
            Some(delivery) => self.ready.push_back(delivery),
            // JetStream sends it again.
            None => drop(self.known.remove(&sequence)),
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Settled(sequences, come_again) => {
                for sequence in sequences {
                    self.known.remove(&sequence);
                    let early = self.early.remove(&sequence);
                    if let Some(message) = early.filter(|_| come_again) {
                        self.take_in(message);
                    }
                }
            }
            Done::Held => {}
            Done::Stands => self.is_reviving = false,
        }
    }

    /// Somebody has removed the group, or the servers have lost it: it goes on where it was.
    fn revive(&mut self) {
        if std::mem::replace(&mut self.is_reviving, true) {
            return;
        }
        let (place, start) = (self.place.clone(), Start::Position(self.last + 1));
        let start = if self.last == 0 { Start::Now } else { start };
        self.work.push(Box::pin(async move {
            if let Err(error) = place.stand(start).await {
                tracing::warn!(%error, group = place.group, "the group is gone from JetStream and cannot be made again");
            }
            Done::Stands
        }));
    }

    fn hand_out(&mut self) {
        while let Some(mut delivery) = self.ready.pop_front() {
            let Some(at) = self.next_member() else {
                self.ready.push_front(delivery);
                return;
            };
            let member = &mut self.members[at];
            delivery.event.attempt += 1;
            if member.events.try_send(delivery.event.clone()).is_err() {
                // It has gone, and says so in a moment.
                member.holds = WINDOW;
                delivery.event.attempt -= 1;
                self.ready.push_front(delivery);
                continue;
            }
            member.holds += 1;
            let sent = Sent {
                member: member.number,
                retry_limit: member.retry_limit,
                until: Instant::now() + member.ack_wait,
                delivery,
            };
            let sequence = sent.delivery.sequence;
            self.ids.insert(sent.delivery.event.id.clone(), sequence);
            self.deadlines.insert((sent.until, sequence));
            self.sent.insert(sequence, sent);
        }
    }

    /// The members take turns.
    fn next_member(&mut self) -> Option<usize> {
        let number = self.members.len();
        let found = (0..number)
            .map(|step| (self.turn + step) % number)
            .find(|at| self.members[*at].room() > 0)?;
        self.turn = found + 1;
        Some(found)
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Join(member) => self.members.push(member),
            Command::Leave(number, has_left) => self.leave(number, has_left),
            Command::Verdict(member, verdict) => self.judge(member, &verdict),
            Command::Members(number) if self.members.is_empty() => self.asked.push(number),
            Command::Members(number) => drop(number.send(self.members.len())),
        }
    }

    /// What a member had goes to others at once. If it left in order, that was not tried: it may only have been on its way.
    fn leave(&mut self, number: u64, has_left: bool) {
        let Some(at) = self.members.iter().position(|member| member.number == number) else {
            return;
        };
        let mut left: Vec<u64> = self
            .sent
            .iter()
            .filter(|(_, sent)| sent.member == number)
            .map(|(sequence, _)| *sequence)
            .collect();
        left.sort_unstable();
        let open = self.members[at].events.clone();
        for sequence in left {
            if let Some(sent) = self.take(sequence) {
                let tried = (!has_left).then_some(sent.delivery.event.attempt);
                self.back.push(Returned {
                    delivery: sent.delivery,
                    tried,
                    open: Some(open.clone()),
                });
            }
        }
        self.members.remove(at);
    }

    /// In their order, so that they come again in it.
    fn give_back(&mut self) {
        if self.back.is_empty() {
            return;
        }
        let mut back = std::mem::take(&mut self.back);
        back.sort_by_key(|returned| returned.delivery.sequence);
        let place = self.place.clone();
        self.work.push(Box::pin(async move {
            let counting = back
                .iter()
                .filter_map(|returned| Some(place.count(returned.delivery.sequence, returned.tried?)));
            join_all(counting).await;
            let again = Outcome::Again(None, Duration::ZERO);
            join_all(
                back.iter()
                    .map(|returned| place.settle(&returned.delivery, &again)),
            )
            .await;
            let sequences = back.iter().map(|returned| returned.delivery.sequence);
            Done::Settled(sequences.collect(), true)
        }));
    }

    fn judge(&mut self, member: u64, verdict: &Verdict) {
        let Some(&sequence) = self.ids.get(&verdict.id) else {
            return;
        };
        // An answer to what was sent to another by now comes too late to refuse it, and in time to acknowledge it.
        let is_holder = self.sent.get(&sequence).is_some_and(|sent| sent.member == member);
        if !verdict.success && !is_holder {
            return;
        }
        let Some(sent) = self.take(sequence) else {
            return;
        };
        if verdict.success {
            self.settle(sent.delivery, Outcome::Done, self.open(member));
        } else {
            let doublings = (sent.delivery.event.attempt - 1).min(16);
            let pause = BACK_OFF.saturating_mul(1 << doublings).min(LONGEST_BACK_OFF);
            self.again_or_dead(sent, pause);
        }
    }

    fn again_or_dead(&mut self, sent: Sent, pause: Duration) {
        let tried = sent.delivery.event.attempt;
        let outcome = if sent.retry_limit.is_some_and(|limit| tried > limit) {
            Outcome::Dead
        } else {
            Outcome::Again(Some(tried), pause)
        };
        self.settle(sent.delivery, outcome, self.open(sent.member));
    }

    fn open(&self, member: u64) -> Option<mpsc::Sender<Event>> {
        let mut members = self.members.iter();
        let found = members.find(|candidate| candidate.number == member)?;
        Some(found.events.clone())
    }

    /// Has JetStream told. The stream of a member that leaves stays `open` until all that it has answered is settled.
    fn settle(&mut self, delivery: Delivery, outcome: Outcome, open: Option<mpsc::Sender<Event>>) {
        let place = self.place.clone();
        self.work.push(Box::pin(async move {
            place.settle(&delivery, &outcome).await;
            drop(open);
            Done::Settled(vec![delivery.sequence], matches!(outcome, Outcome::Again(..)))
        }));
    }

    /// No longer with anybody.
    fn take(&mut self, sequence: u64) -> Option<Sent> {
        let sent = self.sent.remove(&sequence)?;
        self.deadlines.remove(&(sent.until, sequence));
        self.ids.remove(&sent.delivery.event.id);
        let mut members = self.members.iter_mut();
        if let Some(member) = members.find(|member| member.number == sent.member) {
            member.holds = member.holds.saturating_sub(1);
        }
        Some(sent)
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        while let Some(&(at, sequence)) = self.deadlines.first().filter(|(at, _)| *at <= now) {
            self.deadlines.remove(&(at, sequence));
            if let Some(sent) = self.take(sequence) {
                self.again_or_dead(sent, Duration::ZERO);
            }
        }
        if self.beat_at <= now {
            self.beat_at = now + BEAT;
            self.beat();
        }
    }

    fn beat(&mut self) {
        if self.sent.is_empty() || !self.place.topic.connection.is_up() {
            return;
        }
        let here = self.sent.values().map(|sent| &sent.delivery).chain(&self.ready);
        let acks: Vec<_> = here.map(|delivery| delivery.ack.clone()).collect();
        let place = self.place.clone();
        self.work.push(Box::pin(async move {
            place.hold(acks).await;
            Done::Held
        }));
    }

    /// Without members everything is given back.
    async fn withdraw(&mut self) {
        self.end_by.get_or_insert_with(|| Instant::now() + LEAVING);
        self.pull.close().await;
        if !self.pull.is_closed() {
            return;
        }
        self.back.extend(self.ready.drain(..).map(|delivery| Returned {
            delivery,
            tried: None,
            open: None,
        }));
        self.give_back();
    }

    fn is_done(&self) -> bool {
        let is_in_order = self.pull.is_closed() && self.looking.is_empty() && self.work.is_empty();
        is_in_order || self.end_by.is_some_and(|by| by <= Instant::now())
    }
}

fn with(mut delivery: Delivery, tried: u32) -> Delivery {
    delivery.event.attempt = tried;
    delivery
}

/// JetStream gives an event to another server after [`LEASE`]: it must hear of it more than once in that time.
const _: () = assert!(BEAT.as_millis() * 3 < LEASE.as_millis());

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
