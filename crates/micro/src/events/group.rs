//! A group of consumers: who gets which event, and what becomes of it.
//!
//! While it has members a group is one task, which owns all that is known of it. What it knows is kept on the store a moment
//! later: after a crash an event that was acknowledged within that moment is sent again, and none is lost.

mod dispatch;
mod state;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream;
use micro_rpc::{Error, Result, Streaming};
use tokio::sync::{mpsc, oneshot};

use super::stored::TopicState;
use super::{Consume, Consumer, Event, Group, Start, Verdict, answered};
use crate::store::{ErrorKind, Scan};
use dispatch::{Dispatch, Member};
pub(super) use state::State;

/// So many events are with a consumer at a time.
const WINDOW: usize = 64;
const COMMANDS: usize = 1024;

/// The groups of a topic that have members, by name.
#[derive(Default)]
pub(super) struct Groups {
    tasks: Mutex<HashMap<String, mpsc::Sender<Command>>>,
    /// Held while a group begins or ends, so that none begins where another has not yet kept where it is.
    turning: tokio::sync::Mutex<()>,
}

/// What a group is told.
pub(super) enum Command {
    Join(Member),
    /// A member is gone, and whether it said so: if not, what it had may be why, and counts as tried.
    Leave(u64, bool),
    Verdict(u64, Verdict),
    /// Send the event of this position once more, and say when that is kept.
    Again(u64, oneshot::Sender<Result<()>>),
    Members(oneshot::Sender<usize>),
}

impl Groups {
    /// Tells a group something; `None` when it has no task.
    fn tell(&self, group: &str, command: Command) -> Option<Result<()>> {
        let groups = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = groups.get(group)?.try_send(command);
        Some(
            sent.map_err(|_| {
                Error::unavailable("events", format!("the group {group} is too busy: try again"))
            }),
        )
    }

    /// Ends a group's task, unless it has just been told something.
    fn leave(&self, group: &str, commands: &mpsc::Receiver<Command>) -> bool {
        let mut groups = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = commands.is_empty();
        if is_idle {
            groups.remove(group);
        }
        is_idle
    }
}

/// Makes a consumer a member of its group.
pub(super) async fn join(topic: &Arc<TopicState>, mut wanted: Consume) -> Result<Consumer> {
    // Now is when it was asked for, not when the store has told what there is of the group.
    if wanted.start == Start::Now {
        wanted.start = Start::Position(*topic.visible().borrow() + 1);
    }
    let is_kept = !wanted.group.is_empty();
    let name = if is_kept {
        wanted.group.clone()
    } else {
        // A kept group cannot be called so: a name has no blanks.
        format!("own {}", micro_rpc::Id::random())
    };
    let (events, received) = mpsc::channel(WINDOW);
    let (verdicts, answers) = mpsc::channel(WINDOW);
    let member = Member::new(events.clone(), &wanted);
    let number = member.number();
    let turning = topic.groups.turning.lock().await;
    let state = load(topic, &name, &wanted).await?;
    let commands = {
        let mut groups = topic.groups.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let commands = groups.entry(name.clone()).or_insert_with(|| {
            let (commands, told) = mpsc::channel(COMMANDS);
            let dispatch = Dispatch::new(topic.clone(), &name, state, is_kept);
            tokio::spawn(dispatch.run(told));
            commands
        });
        commands
            .try_send(Command::Join(member))
            .map_err(|_| Error::unavailable("events", format!("the group {name} is too busy: try again")))?;
        commands.clone()
    };
    drop(turning);
    tokio::spawn(listen(number, answers, events, commands));
    let events = Streaming::new(stream::unfold(received, |mut received| async move {
        let event = received.recv().await?;
        Some((Ok(event), received))
    }));
    Ok(match wanted.ack_wait {
        Some(_) => Consumer::new(events, verdicts),
        None => Consumer::answering_itself(events, verdicts),
    })
}

/// Hands a consumer's answers to its group until the consumer is gone.
async fn listen(
    member: u64,
    mut answers: mpsc::Receiver<Verdict>,
    events: mpsc::Sender<Event>,
    commands: mpsc::Sender<Command>,
) {
    let has_left = answered(&mut answers, &events, |verdict| {
        commands.send(Command::Verdict(member, verdict))
    });
    let Some(has_left) = has_left.await else { return };
    let _ = commands.send(Command::Leave(member, has_left)).await;
}

/// Where a group is; a new one begins where the consumer says.
async fn load(topic: &TopicState, name: &str, wanted: &Consume) -> Result<State> {
    if wanted.group.is_empty() {
        return Ok(State::at(topic.first(wanted.start).await?));
    }
    if let Some(state) = kept(topic, name).await? {
        return Ok(state);
    }
    let state = State::at(topic.first(wanted.start).await?);
    // From here on the group is there, whatever happens: nothing that is published now passes it by.
    topic.table.write(state.record(&topic.keys.group(name))).await?;
    Ok(state)
}

/// Makes a group that begins somewhere, unless it is there.
pub(super) async fn create_group(topic: &TopicState, name: &str, start: Start) -> Result<()> {
    let _turning = topic.groups.turning.lock().await;
    let wanted = Consume {
        group: name.to_owned(),
        start,
        ..Consume::default()
    };
    load(topic, name, &wanted).await.map(drop)
}

async fn kept(topic: &TopicState, name: &str) -> Result<Option<State>> {
    match topic.table.read(&topic.keys.group(name)).await {
        Ok(record) => State::from_record(&record).map(Some),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Sends the event of a position to a group once more.
pub(super) async fn again(topic: &TopicState, group: &str, position: u64) -> Result<()> {
    let (done, answer) = oneshot::channel();
    match topic.groups.tell(group, Command::Again(position, done)) {
        Some(told) => {
            told?;
            let ended = |_| Error::unavailable("events", "the group has just ended: try again");
            answer.await.map_err(ended)?
        }
        None => {
            let mut state = kept(topic, group)
                .await?
                .unwrap_or_else(|| State::at(position + 1));
            state.pending.insert(position, 0);
            Ok(topic.table.write(state.record(&topic.keys.group(group))).await?)
        }
    }
}

/// The groups of a topic that are kept.
pub(super) async fn list(topic: &TopicState) -> Result<Vec<Group>> {
    let prefix = topic.keys.groups();
    let last = *topic.visible().borrow();
    let mut groups = Vec::new();
    for record in topic.table.scan(&Scan::prefix(&prefix)).await? {
        let name = record.key[prefix.len()..].to_owned();
        let state = State::from_record(&record)?;
        let (members, number) = oneshot::channel();
        let told = topic.groups.tell(&name, Command::Members(members));
        let members = if told.is_some() {
            number.await.unwrap_or(0)
        } else {
            0
        };
        let dead = Scan {
            keys_only: true,
            ..Scan::prefix(topic.keys.dead_letters(&name))
        };
        let pending = state.pending.len() as u64;
        groups.push(Group {
            next: state.next,
            first: state.first(),
            pending,
            lag: (last + 1).saturating_sub(state.next) + pending,
            members: u32::try_from(members).unwrap_or(u32::MAX),
            dead: topic.table.scan(&dead).await?.len() as u64,
            name,
        });
    }
    Ok(groups)
}
