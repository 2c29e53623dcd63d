mod refused;
mod templates;

use std::sync::Arc;
use std::time::Duration;

use micro::events::FakeEvents;
use micro::store::{self, Change, FakeStore};
use micro::{Account, Clock, Platform, serde_json};
use proto::Email as _;
use proto::{
    Attachment, ListRequest, ParseRequest, ReadRequest, SendRequest, StatusChanged, ValidateRequest,
};

use super::*;

/// The service in memory, with a store and events that tell what they were asked.
struct Bench {
    email: Email,
    mails: Mails,
    store: Arc<FakeStore>,
    events: Arc<FakeEvents>,
    clock: Clock,
}

fn bench() -> Bench {
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
    let mails = Mails::new(&platform);
    Bench {
        email: Email::new(mails.clone(), Templates::new(&platform)),
        mails,
        store,
        events,
        clock,
    }
}

fn caller(id: &str) -> Context {
    Context::background().with_account(Arc::new(Account {
        id: id.to_owned(),
        issuer: "acme".to_owned(),
        ..Account::default()
    }))
}

fn mail() -> SendRequest {
    SendRequest {
        from: "The shop".to_owned(),
        to: "ann@example.org".to_owned(),
        subject: "Your order".to_owned(),
        text_body: "It is on its way.".to_owned(),
        ..SendRequest::default()
    }
}

impl Bench {
    async fn send(&self, ctx: &Context, request: SendRequest) -> Result<String> {
        self.clock.advance(Duration::from_millis(1));
        Ok(self.email.send(ctx, request).await?.id)
    }

    async fn read(&self, ctx: &Context, id: &str) -> Result<proto::Mail> {
        let id = id.to_owned();
        Ok(self.email.read(ctx, ReadRequest { id }).await?.mail.unwrap())
    }
}

#[tokio::test]
async fn a_mail_is_kept_told_of_and_read() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let sent = test.email.send(&ctx, mail()).await?;
    assert_eq!(sent.status, "queued");
    let (scope, changes) = test.store.commits.args_for_call(0);
    assert_eq!((scope.database.as_str(), scope.table.as_str()), ("acme", "email"));
    let own = changes
        .iter()
        .filter(|change| change.key().starts_with("@acme/ada/"));
    assert_eq!(
        (own.count(), changes.len()),
        (2, 3),
        "the mail, its index, and the event"
    );

    assert_eq!(test.mails.outbox().flush().await?, 1);
    let [told] = &test.events.published()[..] else {
        panic!("one event")
    };
    let changed: StatusChanged = serde_json::from_slice(&told.payload).unwrap();
    assert_eq!(
        (told.topic.as_str(), changed.id, changed.status.as_str()),
        ("email", sent.id.clone(), "queued")
    );
    assert!(told.metadata["micro-caller"].contains("\"ada\""));
    assert!(
        !told.payload.windows(3).any(|three| three == b"way"),
        "no contents in events"
    );

    let read = test.read(&ctx, &sent.id).await?;
    let expected = proto::Mail {
        id: sent.id,
        from: "The shop".to_owned(),
        to: "ann@example.org".to_owned(),
        subject: "Your order".to_owned(),
        text_body: "It is on its way.".to_owned(),
        status: "queued".to_owned(),
        created: test.clock.unix(),
        updated: test.clock.unix(),
        ..proto::Mail::default()
    };
    assert_eq!(read, expected);
    Ok(())
}

#[tokio::test]
async fn attachments_come_with_the_mail_and_not_with_the_list() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let attachment = |name: &str, content_type: &str| Attachment {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        content: name.to_owned().into(),
        ..Attachment::default()
    };
    let attachments = vec![attachment("a.csv", "text/csv"), attachment("b", "")];
    let id = test
        .send(
            &ctx,
            SendRequest {
                attachments,
                ..mail()
            },
        )
        .await?;
    let read = test.read(&ctx, &id).await?.attachments;
    assert_eq!(
        (read[0].content_type.as_str(), &read[0].content[..], read[0].size),
        ("text/csv", &b"a.csv"[..], 5)
    );
    assert_eq!(
        (read[1].content_type.as_str(), &read[1].content[..]),
        ("application/octet-stream", &b"b"[..])
    );
    let listed = test.email.list(&ctx, ListRequest::default()).await?.mails;
    assert!(listed[0].attachments[0].content.is_empty() && listed[0].text_body.is_empty());
    assert_eq!(listed[0].attachments[0].size, 5);
    Ok(())
}

#[tokio::test]
async fn a_key_is_answered_with_the_first_mail() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let keyed = |subject: &str| SendRequest {
        subject: subject.to_owned(),
        idempotency_key: "order-7".to_owned(),
        ..mail()
    };
    let first = test.send(&ctx, keyed("first")).await?;
    assert_eq!(test.send(&ctx, keyed("second")).await?, first);
    assert_eq!(test.read(&ctx, &first).await?.subject, "first");
    assert_eq!(test.mails.outbox().flush().await?, 1);
    // Another tenant's key is another key.
    assert_ne!(test.send(&caller("bob"), keyed("third")).await?, first);
    Ok(())
}

#[tokio::test]
async fn mails_are_listed_newest_first() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.insert(0, test.send(&ctx, mail()).await?);
    }
    let list = async |limit, offset| {
        let mails = test.email.list(&ctx, ListRequest { limit, offset }).await;
        mails.map(|listed| listed.mails.into_iter().map(|mail| mail.id).collect::<Vec<_>>())
    };
    assert_eq!(list(0, 0).await?, ids[..25]);
    assert_eq!(list(2, 3).await?, ids[3..5]);
    assert_eq!(list(1000, 28).await?, ids[28..]);
    assert!(list(5, 30).await?.is_empty());
    assert_eq!(list(1001, 0).await.unwrap_err().id, "email.List.limit");
    Ok(())
}

#[tokio::test]
async fn addresses_are_parsed_and_validated() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let parse = async |address: &str| {
        let address = address.to_owned();
        test.email.parse(&ctx, ParseRequest { address }).await
    };
    let parsed = parse("\"Lee, Ann\" <ann(home)@example.org>").await?;
    assert_eq!(
        (parsed.name.as_str(), parsed.address.as_str()),
        ("Lee, Ann", "ann@example.org")
    );
    let error = parse("ann").await.unwrap_err();
    assert_eq!((error.code, error.id.as_str()), (400, "email.Parse.address"));
    for (address, is_valid) in [
        ("ann@example.org", true),
        ("Ann <a@b.c>", true),
        ("ann", false),
        ("", false),
    ] {
        let address = address.to_owned();
        let validated = test
            .email
            .validate(
                &ctx,
                ValidateRequest {
                    address: address.clone(),
                },
            )
            .await?;
        assert_eq!(validated.is_valid, is_valid, "{address}");
    }
    Ok(())
}

#[tokio::test]
async fn a_store_that_fails_is_said_and_nothing_is_told() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let full = || store::Error::unavailable("disk full");
    test.store.commits.returns_on_call(0, Err(full()));
    assert_eq!(test.send(&ctx, mail()).await.unwrap_err().code, 503);
    assert_eq!(test.mails.outbox().flush().await?, 0);
    assert!(test.events.published().is_empty());

    // Events that are away cost no mail: it is told of once they are back.
    let id = test.send(&ctx, mail()).await?;
    test.events
        .publishes
        .returns_on_call(0, Err(Error::unavailable("events", "away")));
    assert!(test.mails.outbox().flush().await.is_err());
    assert_eq!(test.mails.outbox().flush().await?, 1);

    test.store.reads.returns(Err(full()));
    test.store.scans.returns(Err(full()));
    assert_eq!(test.read(&ctx, &id).await.unwrap_err().code, 503);
    assert_eq!(
        test.email
            .list(&ctx, ListRequest::default())
            .await
            .unwrap_err()
            .code,
        503
    );
    Ok(())
}

#[tokio::test]
async fn a_mail_goes_away_after_a_month() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    test.send(&ctx, mail()).await?;
    let (_, changes) = test.store.commits.args_for_call(0);
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    for change in &changes[..2] {
        let (Change::Put(record) | Change::PutNew(record)) = change else {
            panic!("{change:?}")
        };
        let left = record
            .expires_at
            .unwrap()
            .duration_since(test.clock.now())
            .unwrap();
        assert!(left <= month && left > month - Duration::from_secs(1), "{left:?}");
    }
    Ok(())
}
