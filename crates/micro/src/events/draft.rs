//! What is to be published.

use std::collections::BTreeMap;

use bytes::Bytes;
use micro_rpc::{Codec, Context, Message};

use crate::carried;

/// An event before it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Where to.
    pub topic: String,
    /// Makes publishing idempotent; one is made where this is empty.
    pub id: String,
    /// Notes beside the payload.
    pub metadata: BTreeMap<String, String>,
    /// What it is about, at most [`MAX_PAYLOAD`](super::MAX_PAYLOAD) bytes.
    pub payload: Bytes,
    /// Unix seconds; 0 is now.
    pub timestamp: i64,
}

impl Draft {
    /// A message as an event, as JSON. Trace and caller of the call that publishes it travel with it: a
    /// [`Subscriber`](crate::Subscriber)'s context has them.
    ///
    /// ```
    /// use micro::Context;
    /// use micro::events::Draft;
    /// # use micro_proto::events::Group as Signup; // a message of the contract
    ///
    /// # let ctx = Context::background();
    /// let signup = Signup { name: "Alice".to_owned(), ..Signup::default() };
    /// let draft = Draft::new(&ctx, "user", &signup);
    /// assert_eq!(draft.topic, "user");
    /// ```
    pub fn new<M: Message>(ctx: &Context, topic: &str, message: &M) -> Self {
        Self {
            topic: topic.to_owned(),
            metadata: carried::metadata(ctx),
            payload: Codec::Json
                .encode(message)
                .expect("every message of a contract has a form in JSON"),
            ..Self::default()
        }
    }

    /// With this id: the same id again, while the event is kept, is kept once.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..self
        }
    }
}
