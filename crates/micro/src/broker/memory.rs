//! The broker of one process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::stream;
use micro_rpc::{Result, Streaming};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Sender};

use super::{Broker, Message, check};

/// So many messages wait for a subscriber; what comes then is lost to him.
const WAITING: usize = 1024;

/// Subscribers in this process; the embedded platform's broker.
#[derive(Default)]
pub struct Memory {
    topics: Mutex<HashMap<String, Topic>>,
    lost: AtomicU64,
}

#[derive(Default)]
struct Topic {
    /// By queue; those without one are under the empty name.
    queues: HashMap<String, Vec<Sender<Message>>>,
    /// Whose turn it is in each queue.
    turn: usize,
}

impl Memory {
    /// How many messages were lost to subscribers that were too slow.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Topic {
    /// How many subscribers, or queues, lost the message.
    fn publish(&mut self, message: &Message) -> u64 {
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn;
        let mut lost = 0;
        for (queue, members) in &mut self.queues {
            members.retain(|member| !member.is_closed());
            if queue.is_empty() {
                let is_full = |member: &Sender<Message>| {
                    matches!(member.try_send(message.clone()), Err(TrySendError::Full(_)))
                };
                lost += members.iter().filter(|member| is_full(member)).count() as u64;
            } else if !members.is_empty() {
                // Whoever has room takes it over from one that has none.
                let from = turn % members.len();
                let taken = (0..members.len())
                    .map(|step| &members[(from + step) % members.len()])
                    .any(|member| member.try_send(message.clone()).is_ok());
                lost += u64::from(!taken);
            }
        }
        self.queues.retain(|_, members| !members.is_empty());
        lost
    }
}

#[async_trait]
impl Broker for Memory {
    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        check(topic, "")?;
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = topics.get_mut(topic) else {
            return Ok(());
        };
        let lost = found.publish(&message);
        if found.queues.is_empty() {
            topics.remove(topic);
        }
        self.lost.fetch_add(lost, Ordering::Relaxed);
        Ok(())
    }

    async fn subscribe(&self, topic: &str, queue: &str) -> Result<Streaming<Message>> {
        check(topic, queue)?;
        let (sender, waiting) = mpsc::channel(WAITING);
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        // Topics that nobody publishes to are cleaned by those who subscribe.
        topics.retain(|_, topic| {
            topic.queues.retain(|_, members| {
                members.retain(|member| !member.is_closed());
                !members.is_empty()
            });
            !topic.queues.is_empty()
        });
        let queues = &mut topics.entry(topic.to_owned()).or_default().queues;
        queues.entry(queue.to_owned()).or_default().push(sender);
        Ok(Streaming::new(stream::unfold(
            waiting,
            |mut waiting| async move {
                let message = waiting.recv().await?;
                Some((Ok(message), waiting))
            },
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        super::super::conformance::run(&Memory::default()).await;
    }

    #[tokio::test]
    async fn who_is_slow_loses_and_is_counted() {
        let broker = Memory::default();
        let mut slow = broker.subscribe("topic", "").await.unwrap();
        for _ in 0..WAITING + 3 {
            broker.publish("topic", Message::default()).await.unwrap();
        }
        assert_eq!(broker.lost(), 3);
        for _ in 0..WAITING {
            assert!(slow.next().await.is_some());
        }
        drop(slow);
        broker.publish("topic", Message::default()).await.unwrap();
        assert!(
            broker.topics.lock().unwrap().is_empty(),
            "nothing is left of who went"
        );
    }
}
