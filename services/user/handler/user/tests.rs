mod accounts;
mod examples;
mod failures;
mod logins;
mod mails;
mod pages;
mod tenants;

use std::time::Duration;

use email_proto::fakes::FakeEmail;
use micro::events::FakeEvents;
use micro::store::FakeStore;
use micro::{Account, Clock};

use super::*;
use crate::proto::User as _;

const PASSWORD: &str = "correct horse";

/// The service with a platform in memory, and fakes where a test wants to look.
struct Bench {
    user: User,
    email: Arc<FakeEmail>,
    events: Arc<FakeEvents>,
    store: Arc<FakeStore>,
    clock: Clock,
    platform: Platform,
    /// Who calls unless said otherwise.
    ctx: Context,
}

fn bench() -> Bench {
    let (events, store) = (Arc::new(FakeEvents::new()), Arc::new(FakeStore::new()));
    let (email, clock) = (Arc::new(FakeEmail::new()), Clock::manual());
    let platform = Platform {
        events: events.clone(),
        store: store.clone(),
        clock: clock.clone(),
        ..Platform::in_memory("micro")
    };
    Bench {
        user: User::new(&platform, email.clone()),
        ctx: caller("shop"),
        email,
        events,
        store,
        clock,
        platform,
    }
}

fn caller(id: &str) -> Context {
    Context::background().with_account(Arc::new(Account {
        id: id.to_owned(),
        kind: "user".to_owned(),
        issuer: "micro".to_owned(),
        ..Account::default()
    }))
}

fn text(text: &str) -> String {
    text.to_owned()
}

impl Bench {
    /// An account of that name, with an address at example.org.
    async fn create(&self, name: &str) -> proto::Account {
        let request = proto::CreateRequest {
            username: text(name),
            email: format!("{name}@example.org"),
            password: text(PASSWORD),
            ..proto::CreateRequest::default()
        };
        let created = self.user.create(&self.ctx, request).await.unwrap();
        created.account.unwrap()
    }

    async fn login(&self, name: &str, password: &str) -> Result<proto::Session> {
        let request = proto::LoginRequest {
            username: text(name),
            password: text(password),
            ..proto::LoginRequest::default()
        };
        let begun = self.user.login(&self.ctx, request).await?;
        Ok(begun.session.unwrap())
    }

    async fn read_session(&self, id: &str) -> Result<proto::ReadSessionResponse> {
        let session_id = text(id);
        let request = proto::ReadSessionRequest { session_id };
        self.user.read_session(&self.ctx, request).await
    }

    async fn read(&self, id: &str) -> Result<proto::Account> {
        let request = proto::ReadRequest {
            id: text(id),
            ..proto::ReadRequest::default()
        };
        let read = self.user.read(&self.ctx, request).await?;
        Ok(read.account.unwrap())
    }

    /// What was published, in order: the type, and the account that it is about.
    async fn published(&self) -> Vec<(String, proto::Account)> {
        self.user.outbox.flush().await.unwrap();
        let drafts = self.events.published().into_iter();
        let events = drafts.map(|draft| {
            assert_eq!(draft.topic, "user");
            micro::serde_json::from_slice::<proto::Event>(&draft.payload).unwrap()
        });
        events
            .map(|event| (event.r#type, event.account.unwrap()))
            .collect()
    }

    /// The text of the mail that was sent last, and to whom.
    fn last_mail(&self) -> SendRequest {
        let last = self.email.send_call_count() - 1;
        self.email.send_args_for_call(last).1
    }

    /// The token in its link.
    fn last_token(&self) -> String {
        let text = self.last_mail().text_body;
        let (_, rest) = text.split_once("token=").unwrap();
        rest.split('&').next().unwrap().to_owned()
    }
}

/// Code and id, which a program decides by.
fn told<T: std::fmt::Debug>(result: Result<T>) -> (i32, String) {
    let error = result.unwrap_err();
    (error.code, error.id)
}
