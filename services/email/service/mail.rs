//! A mail, and the rules of its life: queued, tried, sent or failed. Nothing here knows the wire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro::bytes::Bytes;
use micro::serde;
use micro::store::model::{Entity, Index};
use serde::{Deserialize, Serialize};

/// For how long a mail is kept, and with it its idempotency key.
pub const KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A mail before it is kept.
#[derive(Clone, Default)]
pub struct Draft {
    /// The name that it is from.
    pub from: String,
    pub to: String,
    pub reply_to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub files: Vec<File>,
    /// Makes sending idempotent; empty for none.
    pub key: String,
}

/// A file that goes with a mail.
#[derive(Clone)]
pub struct File {
    pub name: String,
    pub content_type: String,
    pub content: Bytes,
}

/// A mail as it is kept. It has no `Debug`, so that no log has what people write.
#[derive(Clone, Serialize, Deserialize)]
#[serde(crate = "micro::serde")]
pub struct Mail {
    pub id: String,
    pub from: String,
    pub to: String,
    pub reply_to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub attachments: Vec<Attachment>,
    pub key: String,
    pub status: Status,
    /// Why the last attempt failed; empty once it is sent.
    pub error: String,
    /// How often it was tried. The number of an attempt is also what tells its outcome from that of one before.
    pub attempts: u32,
    /// Until then it is with whoever tries: Unix milliseconds, 0 for nobody.
    pub held_until: u64,
    pub via: Option<Via>,
    /// Unix milliseconds, as the next ones.
    pub created: u64,
    /// When its status changed last.
    pub updated: u64,
    expires: u64,
}

/// What is kept of a file in the mail; its content is a record of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "micro::serde")]
pub struct Attachment {
    pub name: String,
    pub content_type: String,
    /// Bytes.
    pub size: usize,
}

/// Where a mail is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "micro::serde", rename_all = "lowercase")]
pub enum Status {
    /// It is to be tried, for the first time or once more.
    Queued,
    Sent,
    /// It was refused for good.
    Failed,
    /// It was tried for too long; an operator may hand it out once more. Callers are told that it failed.
    GivenUp,
}

/// How a mail left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "micro::serde", rename_all = "lowercase")]
pub enum Via {
    /// A mail server took it.
    Smtp,
    /// It is kept here, where it is looked at.
    Outbox,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent(Via),
    /// Refused for good, and why.
    Refused(String),
    /// It may succeed later; why it did not now.
    Postponed(String),
    /// As postponed, but it was the last attempt.
    GivenUp(String),
}

impl Mail {
    /// A new one, to be tried.
    pub fn new(id: String, draft: &Draft, now: SystemTime) -> Self {
        let attachments = draft.files.iter().map(|file| Attachment {
            name: file.name.clone(),
            content_type: file.content_type.clone(),
            size: file.content.len(),
        });
        Self {
            id,
            from: draft.from.clone(),
            to: draft.to.clone(),
            reply_to: draft.reply_to.clone(),
            subject: draft.subject.clone(),
            text: draft.text.clone(),
            html: draft.html.clone(),
            attachments: attachments.collect(),
            key: draft.key.clone(),
            status: Status::Queued,
            error: String::new(),
            attempts: 0,
            held_until: 0,
            via: None,
            created: milliseconds(now),
            updated: milliseconds(now),
            expires: milliseconds(now + KEEP),
        }
    }

    /// Whether there is nothing left to try.
    pub fn is_done(&self) -> bool {
        matches!(self.status, Status::Sent | Status::Failed)
    }

    /// Whether somebody is trying it.
    pub fn is_held(&self, now: SystemTime) -> bool {
        self.held_until > milliseconds(now)
    }

    /// Begins an attempt, which nobody else begins for as long as that takes at most.
    pub fn begin(&mut self, now: SystemTime, lease: Duration) {
        self.attempts += 1;
        self.held_until = milliseconds(now + lease);
    }

    /// Ends the attempt, and says whether the status has changed by that.
    pub fn end(&mut self, outcome: &Outcome, now: SystemTime) -> bool {
        let before = self.status;
        (self.status, self.via, self.error) = match outcome {
            Outcome::Sent(via) => (Status::Sent, Some(*via), String::new()),
            Outcome::Refused(why) => (Status::Failed, None, why.clone()),
            // What was given up stays so while an operator has it tried again.
            Outcome::Postponed(why) => (before, None, why.clone()),
            Outcome::GivenUp(why) => (Status::GivenUp, None, why.clone()),
        };
        self.held_until = 0;
        let has_changed = self.status != before;
        if has_changed {
            self.updated = milliseconds(now);
        }
        has_changed
    }
}

impl Entity for Mail {
    const NAME: &'static str = "mail";

    fn id(&self) -> &str {
        &self.id
    }

    fn indexes(&self) -> Vec<Index> {
        let created = i64::try_from(self.created).unwrap_or(i64::MAX);
        let mut indexes = vec![Index::ordered("created", created)];
        if !self.key.is_empty() {
            indexes.push(Index::unique("key", &self.key));
        }
        indexes
    }

    fn expires_at(&self) -> Option<SystemTime> {
        Some(UNIX_EPOCH + Duration::from_millis(self.expires))
    }
}

impl Status {
    /// The word that callers are told.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed | Self::GivenUp => "failed",
        }
    }
}

impl Via {
    /// The word that callers are told.
    pub fn word(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Outbox => "outbox",
        }
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
