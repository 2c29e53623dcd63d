//! Messages to whoever listens now.
//!
//! What every implementation promises:
//!
//! - At most once: nothing is kept, and who does not listen has missed it. What must arrive is an event.
//! - Each subscriber without a queue gets each message; of the subscribers of one queue one of them does.
//! - A subscriber sees the messages of one publisher in their order.
//! - A subscriber that is too slow loses messages and never holds up a publisher.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod fake;
mod memory;
mod remote;

use async_trait::async_trait;
use micro_rpc::{Context, Error, Result, Streaming};

use crate::events::Draft;

pub use fake::FakeBroker;
pub use memory::Memory;
pub use micro_proto::broker::Message;
pub use remote::Remote;

/// The longest name of a topic or a queue in bytes.
pub const MAX_NAME_LENGTH: usize = 255;

/// Hands out messages; the module says what it promises.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    /// Hands a message to the subscribers of a topic; 400 for a topic without a name.
    async fn publish(&self, topic: &str, message: Message) -> Result<()>;

    /// The messages of a topic from now on; with a queue, those that fall to this one of its subscribers.
    async fn subscribe(&self, topic: &str, queue: &str) -> Result<Streaming<Message>>;
}

/// A message of a contract as JSON. Trace and caller of the call that publishes it travel with it, as with [`Draft::new`].
pub fn message<M: micro_rpc::Message>(ctx: &Context, message: &M) -> Message {
    let Draft {
        metadata, payload, ..
    } = Draft::new(ctx, "", message);
    Message {
        header: metadata,
        body: payload,
    }
}

/// Refuses names of topics and queues that not every broker can keep.
///
/// # Errors
///
/// 400, and what is wrong with it.
pub fn check(topic: &str, queue: &str) -> Result<()> {
    if topic.is_empty() {
        return Err(Error::bad_request("broker", "Missing topic"));
    }
    for name in [topic, queue] {
        if name.len() > MAX_NAME_LENGTH
            || name
                .chars()
                .any(|letter| letter.is_control() || letter.is_whitespace())
        {
            let detail = format!(
                "{name:?} is no name of a topic or a queue: use at most {MAX_NAME_LENGTH} bytes without blanks"
            );
            return Err(Error::bad_request("broker", detail));
        }
    }
    Ok(())
}
