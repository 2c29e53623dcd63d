//! What is published about accounts.

use micro::Clock;
use micro::events::{Draft, Outbox};

use crate::proto;
use crate::service::users::{Announce, News};

use super::wire;

const TOPIC: &str = "user";

/// Puts an event into the outbox.
pub(super) fn announce(outbox: Outbox, clock: Clock) -> Announce {
    std::sync::Arc::new(move |ctx, news, account| {
        let event = proto::Event {
            r#type: kind(news).to_owned(),
            account: Some(wire::account(account.clone())),
            timestamp: clock.unix(),
        };
        outbox.post(Draft::new(ctx, TOPIC, &event))
    })
}

fn kind(news: News) -> &'static str {
    match news {
        News::Created => "user.created",
        News::Updated => "user.updated",
        News::Verified => "user.verified",
        News::Deleted => "user.deleted",
    }
}
