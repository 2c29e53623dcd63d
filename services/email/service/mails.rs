//! Where mails are kept, and who may try one when.
//!
//! A mail is kept and its event posted in one commit, so no mail is lost and none is sent that was not kept. The event may arrive
//! more than once; so whoever tries a mail claims it first, by a conditional change that counts the attempt and holds the mail
//! for a while, and an outcome is taken only from the attempt that is the latest. Where an attempt ends without an outcome,
//! because the process died or the store was away after a mail server had said yes, the mail is tried once more: that is the one
//! way for it to arrive twice, and then both have the same Message-ID, by which mail servers and readers tell.

#[cfg(test)]
mod tests;

use std::time::Duration;

use micro::bytes::Bytes;
use micro::events::{self, Outbox, Posting};
use micro::store::model::{Entity as _, Model, Query};
use micro::store::{self, Change, ErrorKind, Record, Table};
use micro::{Clock, Context, Platform, Result, Tenant, secret};

use super::mail::{Draft, File, Mail, Outcome};

use email_proto::StatusChanged;

/// Where changes of mails are told.
pub const TOPIC: &str = "email";
/// For how long a mail is with whoever tries it: longer than an attempt takes, shorter than the wait for the event's answer.
pub const LEASE: Duration = Duration::from_secs(50);

const ID_LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 24;

/// The mails of all tenants.
#[derive(Clone)]
pub struct Mails {
    table: Table,
    outbox: Outbox,
    clock: Clock,
}

/// What became of asking for a mail to try it.
pub enum Claim {
    /// It is to be tried now.
    Yours(Box<Mail>),
    /// Somebody else is trying it.
    Held,
    /// It is sent, failed for good, or no longer kept.
    Done,
}

impl Mails {
    /// In the service's table.
    pub fn new(platform: &Platform) -> Self {
        Self {
            table: platform.table("email"),
            outbox: Outbox::new(platform, "email"),
            clock: platform.clock.clone(),
        }
    }

    /// The events on their way; the service publishes them.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Keeps a mail, and has it sent. One whose key was used before is answered with the mail of that time.
    ///
    /// # Errors
    ///
    /// When the store fails; then nothing is sent.
    pub async fn send(&self, ctx: &Context, tenant: &Tenant, draft: &Draft) -> Result<Mail> {
        if let Some(before) = self.of_key(tenant, &draft.key).await? {
            return Ok(before);
        }
        let mail = Mail::new(secret::letters(ID_LETTERS, ID_LENGTH), draft, self.clock.now());
        self.keep_contents(tenant, &mail, &draft.files).await?;
        match self
            .of(tenant)
            .create_and_post(&mail, self.posting(ctx, &mail))
            .await
        {
            Ok(()) => Ok(mail),
            Err(error) => {
                self.drop_contents(tenant, &mail).await;
                // Somebody was faster with the same key.
                match self.of_key(tenant, &draft.key).await? {
                    Some(before) if error.kind == ErrorKind::Exists => Ok(before),
                    _ => Err(error.into()),
                }
            }
        }
    }

    /// A mail.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn read(&self, tenant: &Tenant, id: &str) -> Result<Option<Mail>> {
        Ok(self.of(tenant).read(id).await?)
    }

    /// Mails, newest first.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn list(&self, tenant: &Tenant, limit: usize, offset: usize) -> Result<Vec<Mail>> {
        let newest = Query::by("created").descending().limit(limit).offset(offset);
        Ok(self.of(tenant).list(&newest).await?.items)
    }

    /// The contents of a mail's attachments, in their order.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn contents(&self, tenant: &Tenant, mail: &Mail) -> Result<Vec<Bytes>> {
        let table = self.table.of(tenant);
        let mut contents = Vec::with_capacity(mail.attachments.len());
        for index in 0..mail.attachments.len() {
            contents.push(table.read(&content_key(mail, index)).await?.value);
        }
        Ok(contents)
    }

    /// Begins an attempt, if there is something to try and nobody else does.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn claim(&self, tenant: &Tenant, id: &str) -> Result<Claim> {
        let Some(seen) = self.read(tenant, id).await? else {
            return Ok(Claim::Done);
        };
        let now = self.clock.now();
        if seen.is_done() {
            return Ok(Claim::Done);
        }
        if seen.is_held(now) {
            return Ok(Claim::Held);
        }
        let begin = |mail: &mut Mail| {
            check_attempt(mail, &seen)?;
            mail.begin(now, LEASE);
            Ok(())
        };
        match self.of(tenant).update(id, begin).await {
            Ok(mail) => Ok(Claim::Yours(Box::new(mail))),
            Err(error) if error.kind == ErrorKind::Conflict => Ok(Claim::Held),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends an attempt. A change of the status is told on the topic in the same commit.
    ///
    /// # Errors
    ///
    /// When the store fails, and 409 where another attempt has begun since: that one's outcome counts.
    pub async fn end(&self, ctx: &Context, tenant: &Tenant, tried: &Mail, outcome: &Outcome) -> Result<()> {
        let now = self.clock.now();
        let mut ended = tried.clone();
        let has_changed = ended.end(outcome, now);
        let end = |mail: &mut Mail| {
            check_attempt(mail, tried)?;
            mail.end(outcome, now);
            Ok(())
        };
        let mails = self.of(tenant);
        if has_changed {
            let tell = |mail: &mut Mail| end(mail).map(|()| self.posting(ctx, mail));
            mails.update_and_post(&tried.id, tell).await?;
        } else {
            mails.update(&tried.id, end).await?;
        }
        Ok(())
    }

    async fn of_key(&self, tenant: &Tenant, key: &str) -> Result<Option<Mail>> {
        if key.is_empty() {
            return Ok(None);
        }
        Ok(self.of(tenant).find("key", key).await?)
    }

    /// Records of their own, so that who lists mails reads none of them.
    async fn keep_contents(&self, tenant: &Tenant, mail: &Mail, files: &[File]) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let records = files.iter().enumerate().map(|(index, file)| {
            Change::PutNew(Record {
                expires_at: mail.expires_at(),
                ..Record::new(content_key(mail, index), file.content.clone())
            })
        });
        Ok(self.table.of(tenant).commit(records.collect()).await?)
    }

    /// What is not reached goes away when its time is over.
    async fn drop_contents(&self, tenant: &Tenant, mail: &Mail) {
        if mail.attachments.is_empty() {
            return;
        }
        let keys = (0..mail.attachments.len()).map(|index| Change::Delete(content_key(mail, index)));
        if let Err(error) = self.table.of(tenant).commit(keys.collect()).await {
            tracing::warn!(%error, "attachments of a mail that was not kept stay until they expire");
        }
    }

    fn posting(&self, ctx: &Context, mail: &Mail) -> Posting {
        let changed = StatusChanged {
            id: mail.id.clone(),
            status: mail.status.word().to_owned(),
            error: mail.error.clone(),
        };
        self.outbox.post(events::Draft::new(ctx, TOPIC, &changed))
    }

    fn of(&self, tenant: &Tenant) -> Model<Mail> {
        Model::new(self.table.of(tenant))
    }
}

/// Whether the latest attempt is still the one that was seen.
fn check_attempt(mail: &Mail, seen: &Mail) -> store::Result<()> {
    if mail.attempts == seen.attempts {
        return Ok(());
    }
    Err(store::Error::conflict(
        &mail.id,
        seen.attempts.into(),
        Some(mail.attempts.into()),
    ))
}

fn content_key(mail: &Mail, index: usize) -> String {
    format!("content/{}/{index}", mail.id)
}
