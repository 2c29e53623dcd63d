//! An event as JetStream sends it to a consumer.

use async_nats::{Message, Subject};
use micro::events::Event;

use crate::events::topic::{Topic, for_group};
use crate::jetstream::Kept;
use crate::names;

pub(super) struct Delivery {
    /// `attempt` is how often it was tried before.
    pub event: Event,
    /// Where it lies in the stream. One that is handed out again lies elsewhere than it did.
    pub sequence: u64,
    /// How often JetStream has sent it.
    pub sent: u32,
    /// Where JetStream takes the answer.
    pub ack: Subject,
    /// The group for which alone it is.
    pub only: Option<String>,
}

/// Where and how often, as the subject for the answer tells: `$JS.ACK`, with or without domain and account, stream, consumer, how
/// often it was sent, and its sequence in the stream.
pub(super) fn place(ack: &str) -> Option<(u32, u64)> {
    let tokens: Vec<_> = ack.split('.').collect();
    let after_names = match tokens.len() {
        9 => 4,
        11.. => 6,
        _ => return None,
    };
    if tokens[..2] != ["$JS", "ACK"] {
        return None;
    }
    Some((
        tokens[after_names].parse().ok()?,
        tokens[after_names + 1].parse().ok()?,
    ))
}

impl Delivery {
    /// `None` when it is no event.
    pub fn read(topic: &Topic, message: &Message) -> Option<Self> {
        let ack = message.reply.clone()?;
        let (sent, sequence) = place(&ack)?;
        let kept = Kept {
            sequence,
            subject: message.subject.to_string(),
            payload: message.payload.clone(),
        };
        let event = topic.read(&kept).ok()?;
        Some(Self {
            only: for_group(&message.subject).and_then(names::name),
            event,
            sequence,
            sent,
            ack,
        })
    }

    /// The same, tried so often before.
    pub fn tried(mut self, tried: u32) -> Self {
        self.event.attempt = tried;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn subjects_for_answers_are_read() {
        let short = "$JS.ACK.micro-events-a_-b.g-c.3.17.20.1700000000000000000.5";
        let long = "$JS.ACK.hub.Xy1.micro-events-a_-b.g-c.3.17.20.1700000000000000000.5.rnd";
        for ack in [short, long] {
            assert_eq!(place(ack), Some((3, 17)), "{ack}");
        }
        for ack in [
            "",
            "$JS.ACK.a.b.c",
            "_INBOX.1.2.3.4.5.6.7.8",
            "$JS.ACK.a.b.x.17.20.1.5",
        ] {
            assert_eq!(place(ack), None, "{ack}");
        }
    }
}
