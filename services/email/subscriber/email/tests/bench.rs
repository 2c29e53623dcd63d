//! The service in memory, beside a mail server, and what it is asked.

use std::sync::Arc;

use micro::events::FakeEvents;
use micro::serde_json::{self, Value, json};
use micro::store::FakeStore;
use micro::{Account, Clock, Platform};

use super::super::*;
use super::peer::Peer;
use crate::service::mail::Draft;

pub struct Bench {
    pub email: Email,
    pub mails: Mails,
    pub store: Arc<FakeStore>,
    pub events: Arc<FakeEvents>,
    pub clock: Clock,
    pub ctx: Context,
    pub tenant: Tenant,
}

pub async fn bench(settings: Value) -> Bench {
    let (store, events, clock) = (
        Arc::new(FakeStore::new()),
        Arc::new(FakeEvents::new()),
        Clock::manual(),
    );
    let platform = Platform {
        store: store.clone(),
        events: events.clone(),
        clock: clock.clone(),
        ..Platform::in_memory("acme")
    };
    if !settings.is_null() {
        platform
            .config
            .set("acme", "email", settings, false)
            .await
            .unwrap();
    }
    let ctx = caller("ada");
    let mails = Mails::new(&platform);
    Bench {
        email: Email::new(mails.clone(), Delivery::new(&platform)),
        mails,
        store,
        events,
        clock,
        tenant: Tenant::of(&ctx).unwrap(),
        ctx,
    }
}

pub async fn bench_with(peer: &Peer) -> Bench {
    bench(json!({"address": "shop@acme.test", "name": "The shop", "smtp": smtp(peer)})).await
}

pub fn smtp(peer: &Peer) -> Value {
    json!({"host": "127.0.0.1", "port": peer.address.port(), "tls": "none", "username": "shop", "password": "sesame"})
}

pub fn caller(id: &str) -> Context {
    Context::background().with_account(Arc::new(Account {
        id: id.to_owned(),
        issuer: "acme".to_owned(),
        ..Account::default()
    }))
}

pub fn draft() -> Draft {
    Draft {
        to: "Ann Lee <ann@example.org>".to_owned(),
        subject: "Grüße".to_owned(),
        text: "Hello".to_owned(),
        ..Draft::default()
    }
}

pub fn event(attempt: u32) -> Event {
    Event {
        attempt,
        ..Event::default()
    }
}

pub fn queued(mail: &Mail) -> proto::StatusChanged {
    proto::StatusChanged {
        id: mail.id.clone(),
        status: "queued".to_owned(),
        ..proto::StatusChanged::default()
    }
}

impl Bench {
    pub async fn send(&self, draft: &Draft) -> Mail {
        self.mails.send(&self.ctx, &self.tenant, draft).await.unwrap()
    }

    pub async fn receive(&self, mail: &Mail, attempt: u32) -> Result<()> {
        self.email.receive(&self.ctx, queued(mail), &event(attempt)).await
    }

    pub async fn read(&self, mail: &Mail) -> Mail {
        self.mails.read(&self.tenant, &mail.id).await.unwrap().unwrap()
    }

    /// The states that were told on the topic.
    pub async fn told(&self) -> Vec<String> {
        self.mails.outbox().flush().await.unwrap();
        let drafts = self.events.published().into_iter();
        let changes = drafts.map(|draft| {
            assert_eq!(draft.topic, "email");
            serde_json::from_slice::<proto::StatusChanged>(&draft.payload).unwrap()
        });
        changes
            .map(|change| format!("{} {}", change.status, change.error))
            .collect()
    }
}
