//! A group of consumers.
//!
//! A group is a durable consumer of JetStream, which hands each event to one of the servers that ask. In each server that has
//! members of the group a task asks for as many events as its members have room for, and hands them out. JetStream waits a short
//! time for the answer to an event: that is how long the task may be silent, which says of each event that it is still with somebody
//! until its member has answered or its own time is up. So the events of a server that dies go to the others soon, however long
//! members may take.
//!
//! JetStream counts how often it has sent an event, which is not how often it was tried. That count is kept beside, in a stream,
//! and read where an event is not sent for the first time.

mod delivery;
mod dispatch;
mod member;
mod place;
mod pull;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream;
use micro::events::{Consume, Consumer, Event, Start, Verdict, answered};
use micro::{Error, Result, Streaming};
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::topic::Topic;
use dispatch::Dispatch;
use member::Member;
use place::Place;
pub(super) use place::is_kept;

/// So many events are with a consumer at a time.
const WINDOW: usize = 64;
const COMMANDS: usize = 1024;

/// The groups that have members here, by stream and consumer.
#[derive(Default)]
pub(super) struct Groups {
    tasks: Mutex<HashMap<(String, String), mpsc::Sender<Command>>>,
}

/// What a group is told.
enum Command {
    Join(Member),
    /// A member is gone, and whether it said so: if not, what it had may be why, and counts as tried.
    Leave(u64, bool),
    Verdict(u64, Verdict),
    Members(oneshot::Sender<usize>),
}

impl Groups {
    /// Hands a member to the task of its group, which is started where there is none.
    fn join(&self, place: &Arc<Place>, member: Member) -> Result<mpsc::Sender<Command>> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let commands = tasks.entry(place.key()).or_insert_with(|| {
            let (commands, told) = mpsc::channel(COMMANDS);
            // Ends with its members.
            tokio::spawn(Dispatch::new(place.clone()).run(told));
            commands
        });
        commands.try_send(Command::Join(member)).map_err(|_| {
            let detail = format!("the group {} is too busy: try again", place.group);
            Error::unavailable("events", detail)
        })?;
        Ok(commands.clone())
    }

    /// Ends a group's task, unless it has just been told something.
    fn leave(&self, key: &(String, String), told: &mpsc::Receiver<Command>) -> bool {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = told.is_empty();
        if is_idle {
            tasks.remove(key);
        }
        is_idle
    }

    /// How many members a group has here.
    pub(super) async fn members(&self, stream: &str, consumer: &str) -> usize {
        let (members, number) = oneshot::channel();
        let told = {
            let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks
                .get(&(stream.to_owned(), consumer.to_owned()))
                .is_some_and(|commands| commands.try_send(Command::Members(members)).is_ok())
        };
        if told { number.await.unwrap_or(0) } else { 0 }
    }
}

/// Makes a consumer a member of its group.
pub(super) async fn join(shared: &Arc<Shared>, topic: Arc<Topic>, wanted: Consume) -> Result<Consumer> {
    let place = Arc::new(Place::new(shared.clone(), topic, &wanted.group));
    place.stand(wanted.start).await?;
    let (events, received) = mpsc::channel(WINDOW);
    let (verdicts, answers) = mpsc::channel(WINDOW);
    let member = Member::new(events.clone(), &wanted);
    let number = member.number;
    let commands = shared.groups.join(&place, member)?;
    // Ends with the consumer, which holds the other sides.
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

/// Makes a group that is kept where there is none.
pub(super) async fn stand(shared: &Arc<Shared>, topic: Arc<Topic>, group: &str, start: Start) -> Result<()> {
    Place::new(shared.clone(), topic, group).stand(start).await
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
