//! The task of a group.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use micro_rpc::Result;
use prost::Message as _;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::state::State;
use super::{Command, TopicState, WINDOW};
use crate::events::stored::unix_seconds;
use crate::events::{Consume, DeadLetter, Event, Verdict};
use crate::store::{Change, Record};

/// How long what a group knows may be newer than what is kept.
const UNKEPT: Duration = Duration::from_millis(100);
/// The pause after a first refusal; it doubles with each.
const BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
/// How long an event that is acknowledged by itself may be under way.
const HANDING_ON: Duration = Duration::from_secs(60);
const PAGE: usize = 100;
/// After the store has failed.
const PAUSE: Duration = Duration::from_millis(500);

/// One consumer.
pub(in crate::events) struct Member {
    number: u64,
    events: mpsc::Sender<Event>,
    ack_wait: Duration,
    retry_limit: Option<u32>,
    /// Events that it has not answered.
    holds: usize,
}

impl Member {
    pub(super) fn new(events: mpsc::Sender<Event>, wanted: &Consume) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            events,
            ack_wait: wanted.ack_wait.unwrap_or(HANDING_ON),
            retry_limit: wanted.retry_limit,
            holds: 0,
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// An event that was sent and not answered.
struct Sent {
    event: Event,
    member: u64,
    retry_limit: Option<u32>,
    until: Instant,
}

pub(super) struct Dispatch {
    topic: Arc<TopicState>,
    name: String,
    is_kept: bool,
    /// The position of the next event to be read.
    next: u64,
    /// To be sent as soon as somebody has room.
    ready: VecDeque<Event>,
    /// To be sent later, by when.
    later: BTreeMap<(Instant, u64), Event>,
    /// By position.
    sent: BTreeMap<u64, Sent>,
    /// Positions by id, for answers.
    ids: HashMap<String, u64>,
    members: Vec<Member>,
    turn: usize,
    visible: watch::Receiver<u64>,
    /// When what is known must be kept; `None` when it is.
    keep_by: Option<Instant>,
    pause_until: Option<Instant>,
    /// Kept before, not yet read again.
    pending: BTreeMap<u64, u32>,
}

impl Dispatch {
    pub(super) fn new(topic: Arc<TopicState>, name: &str, state: State, is_kept: bool) -> Self {
        Self {
            visible: topic.visible(),
            topic,
            name: name.to_owned(),
            is_kept,
            next: state.next,
            ready: VecDeque::new(),
            later: BTreeMap::new(),
            sent: BTreeMap::new(),
            ids: HashMap::new(),
            members: Vec::new(),
            turn: 0,
            keep_by: None,
            pause_until: None,
            pending: state.pending,
        }
    }

    pub(super) async fn run(mut self, mut told: mpsc::Receiver<Command>) {
        loop {
            // Who has joined before an event was published gets his share of it.
            while let Ok(command) = told.try_recv() {
                self.obey(command).await;
            }
            self.fill().await;
            self.hand_out();
            if self.has_more() {
                continue;
            }
            let has_news = self.ready.is_empty() && self.has_room() && self.pause_until.is_none();
            let due = self.next_due();
            tokio::select! {
                command = told.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                changed = self.visible.changed(), if has_news => if changed.is_err() {
                    return;
                },
                () = sleep_until(due), if due.is_some() => self.on_time().await,
            }
            if self.members.is_empty() {
                let topic = self.topic.clone();
                let _turning = topic.groups.turning.lock().await;
                self.keep().await;
                if topic.groups.leave(&self.name, &told) {
                    return;
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        self.members.iter().any(|member| member.holds < WINDOW)
    }

    /// Whether something is known that somebody has room for.
    fn has_more(&self) -> bool {
        let is_known = !self.pending.is_empty() || self.next <= *self.visible.borrow();
        is_known && self.ready.is_empty() && self.has_room() && self.pause_until.is_none()
    }

    fn next_due(&self) -> Option<Instant> {
        let answers = self.sent.values().map(|sent| sent.until).min();
        let later = self.later.first_key_value().map(|((at, _), _)| *at);
        [answers, later, self.keep_by, self.pause_until]
            .into_iter()
            .flatten()
            .min()
    }

    /// Reads what comes next while somebody has room for it.
    async fn fill(&mut self) {
        if self.pause_until.is_some() {
            return;
        }
        while self.ready.is_empty() && self.has_room() {
            match self.read().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, group = self.name, "events cannot be read, trying again");
                    self.pause_until = Some(Instant::now() + PAUSE);
                    return;
                }
            }
        }
    }

    /// Whether there may be more.
    async fn read(&mut self) -> Result<bool> {
        if let Some((&position, &attempt)) = self.pending.first_key_value() {
            // One that is no longer kept has been given up by retention.
            if let Some(event) = self.topic.event(position).await? {
                self.ready.push_back(Event { attempt, ..event });
            }
            self.pending.remove(&position);
            return Ok(true);
        }
        let last = *self.visible.borrow_and_update();
        if self.next > last {
            return Ok(false);
        }
        let page = self.topic.page(self.next, PAGE).await?;
        self.next = page.last().map_or(last, |event| event.position) + 1;
        self.ready.extend(page);
        self.dirty();
        Ok(true)
    }

    fn hand_out(&mut self) {
        while let Some(event) = self.ready.pop_front() {
            let Some(at) = self.next_member() else {
                self.ready.push_front(event);
                return;
            };
            let member = &mut self.members[at];
            let event = Event {
                attempt: event.attempt + 1,
                ..event
            };
            if member.events.try_send(event.clone()).is_err() {
                // It has gone, and says so in a moment.
                member.holds = WINDOW;
                self.ready.push_front(Event {
                    attempt: event.attempt - 1,
                    ..event
                });
                continue;
            }
            member.holds += 1;
            let sent = Sent {
                member: member.number,
                retry_limit: member.retry_limit,
                until: Instant::now() + member.ack_wait,
                event,
            };
            self.ids.insert(sent.event.id.clone(), sent.event.position);
            self.sent.insert(sent.event.position, sent);
        }
    }

    /// The members take turns.
    fn next_member(&mut self) -> Option<usize> {
        let number = self.members.len();
        let found = (0..number)
            .map(|step| (self.turn + step) % number)
            .find(|at| self.members[*at].holds < WINDOW)?;
        self.turn = found + 1;
        Some(found)
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Join(member) => self.members.push(member),
            Command::Leave(number, has_left) => self.leave(number, has_left),
            Command::Verdict(member, verdict) => self.judge(member, &verdict).await,
            Command::Again(position, done) => {
                self.pending.insert(position, 0);
                self.dirty();
                let _ = done.send(self.save().await);
            }
            Command::Members(number) => drop(number.send(self.members.len())),
        }
    }

    /// What a member had goes to others at once. If it left in order, that was not tried: it may only have been on its way.
    fn leave(&mut self, number: u64, has_left: bool) {
        self.members.retain(|member| member.number != number);
        let left: Vec<u64> = self
            .sent
            .iter()
            .filter(|(_, sent)| sent.member == number)
            .map(|(position, _)| *position)
            .collect();
        for position in left.into_iter().rev() {
            if let Some(sent) = self.take(position) {
                let attempt = sent.event.attempt.saturating_sub(u32::from(has_left));
                self.ready.push_front(Event {
                    attempt,
                    ..sent.event
                });
            }
        }
    }

    async fn judge(&mut self, member: u64, verdict: &Verdict) {
        let Some(&position) = self.ids.get(&verdict.id) else {
            return;
        };
        // An answer to what was sent to another by now comes too late to refuse it, and in time to acknowledge it.
        let is_holder = self.sent.get(&position).is_some_and(|sent| sent.member == member);
        if !verdict.success && !is_holder {
            return;
        }
        let Some(sent) = self.take(position) else {
            return;
        };
        if !verdict.success {
            let pause = BACK_OFF
                .saturating_mul(1 << (sent.event.attempt - 1).min(16))
                .min(LONGEST_BACK_OFF);
            self.again_or_dead(sent, pause).await;
        }
    }

    /// What has waited long enough.
    async fn on_time(&mut self) {
        let now = Instant::now();
        self.pause_until = self.pause_until.filter(|until| *until > now);
        let unanswered: Vec<u64> = self
            .sent
            .iter()
            .filter(|(_, sent)| sent.until <= now)
            .map(|(position, _)| *position)
            .collect();
        for position in unanswered {
            if let Some(sent) = self.take(position) {
                self.again_or_dead(sent, Duration::ZERO).await;
            }
        }
        while let Some(entry) = self.later.first_entry().filter(|entry| entry.key().0 <= now) {
            self.ready.push_back(entry.remove());
        }
        if self.keep_by.is_some_and(|by| by <= now) {
            self.keep().await;
        }
    }

    async fn again_or_dead(&mut self, sent: Sent, pause: Duration) {
        let is_given_up = sent.retry_limit.is_some_and(|limit| sent.event.attempt > limit);
        let at = Instant::now() + pause;
        if !is_given_up {
            self.later.insert((at, sent.event.position), sent.event);
            return;
        }
        if let Err(error) = self.bury(&sent.event).await {
            tracing::warn!(%error, group = self.name, "a dead letter cannot be kept, so the event is sent again");
            self.later.insert((at + PAUSE, sent.event.position), sent.event);
        }
    }

    async fn bury(&self, event: &Event) -> Result<()> {
        let letter = DeadLetter {
            event: Some(event.clone()),
            group: self.name.clone(),
            died: unix_seconds(SystemTime::now()),
        };
        let key = self.topic.keys.dead_letter(&self.name, event.position);
        if !self.is_kept {
            let position = event.position;
            tracing::warn!(position, "a group that is not kept has given up an event");
        } else {
            let record = Record::new(key, letter.encode_to_vec());
            self.topic.table.commit(vec![Change::Put(record)]).await?;
        }
        Ok(())
    }

    /// No longer with anybody.
    fn take(&mut self, position: u64) -> Option<Sent> {
        let sent = self.sent.remove(&position)?;
        self.ids.remove(&sent.event.id);
        if let Some(member) = self
            .members
            .iter_mut()
            .find(|member| member.number == sent.member)
        {
            member.holds = member.holds.saturating_sub(1);
        }
        self.dirty();
        Some(sent)
    }

    fn dirty(&mut self) {
        self.keep_by.get_or_insert_with(|| Instant::now() + UNKEPT);
    }

    async fn keep(&mut self) {
        if self.keep_by.is_none() {
            return;
        }
        if let Err(error) = self.save().await {
            tracing::warn!(%error, group = self.name, "where the group is cannot be kept, trying again");
            self.keep_by = Some(Instant::now() + PAUSE);
        }
    }

    async fn save(&mut self) -> Result<()> {
        if self.is_kept {
            let waiting = self.ready.iter().chain(self.later.values());
            // An attempt counts once it is over.
            let sent = self
                .sent
                .values()
                .map(|Sent { event, .. }| (event.position, event.attempt - 1));
            let mut state = State {
                next: self.next,
                pending: self.pending.clone(),
            };
            state
                .pending
                .extend(waiting.map(|event| (event.position, event.attempt)).chain(sent));
            self.topic
                .table
                .write(state.record(&self.topic.keys.group(&self.name)))
                .await?;
        }
        self.keep_by = None;
        Ok(())
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
