//! What `email` does when a mail is queued: it sends it.

#[cfg(test)]
mod tests;

use micro::events::Event;
use micro::{Context, Error, Result, Subscriber, Tenant, async_trait};

use crate::service::delivery::Delivery;
use crate::service::mail::{Mail, Outcome, Status};
use crate::service::mails::{Claim, Mails};

use email_proto as proto;

/// The pause between attempts grows to a minute, so these take about four hours: longer than servers make strangers wait, and not
/// longer than somebody waits for a code.
const RETRIES: u32 = 250;

/// Hears the topic `email`.
pub struct Email {
    mails: Mails,
    delivery: Delivery,
}

impl Email {
    /// Sends these mails.
    pub fn new(mails: Mails, delivery: Delivery) -> Self {
        Self { mails, delivery }
    }

    async fn attempt(&self, tenant: &Tenant, mail: &Mail, event: &Event) -> Outcome {
        let contents = match self.mails.contents(tenant, mail).await {
            Ok(contents) => contents,
            Err(error) => return Outcome::Postponed(error.detail),
        };
        match self.delivery.attempt(mail, contents).await {
            Outcome::Postponed(why) if event.attempt > RETRIES => Outcome::GivenUp(why),
            outcome => outcome,
        }
    }
}

#[async_trait]
impl Subscriber<proto::StatusChanged> for Email {
    async fn receive(&self, ctx: &Context, changed: proto::StatusChanged, event: &Event) -> Result<()> {
        if changed.status != Status::Queued.word() {
            return Ok(());
        }
        // The caller whose mail it is travels with the event.
        let tenant = Tenant::of(ctx)?;
        let mail = match self.mails.claim(&tenant, &changed.id).await? {
            Claim::Yours(mail) => mail,
            Claim::Done => return Ok(()),
            Claim::Held => {
                let detail = format!("another attempt with the mail {} has not ended", changed.id);
                return Err(Error::conflict("email.deliver", detail));
            }
        };
        let outcome = self.attempt(&tenant, &mail, event).await;
        self.mails.end(ctx, &tenant, &mail, &outcome).await?;
        match outcome {
            Outcome::Sent(_) | Outcome::Refused(_) => Ok(()),
            // Not dealt with, so it comes again after a while, or is put aside as a dead letter.
            Outcome::Postponed(why) | Outcome::GivenUp(why) => Err(Error::unavailable("email.deliver", why)),
        }
    }

    fn retries(&self) -> u32 {
        RETRIES
    }
}
