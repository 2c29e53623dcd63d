use std::sync::Arc;

use micro::store::FakeStore;

use super::super::mail::{Status, Via};
use super::*;

struct Bench {
    mails: Mails,
    store: Arc<FakeStore>,
    clock: Clock,
    ctx: Context,
    tenant: Tenant,
}

fn bench() -> Bench {
    let (store, clock) = (Arc::new(FakeStore::new()), Clock::manual());
    let platform = Platform {
        store: store.clone(),
        clock: clock.clone(),
        ..Platform::in_memory("acme")
    };
    let ctx = Context::background().with_account(micro::examples::caller());
    Bench {
        mails: Mails::new(&platform),
        store,
        clock,
        tenant: Tenant::of(&ctx).unwrap(),
        ctx,
    }
}

fn draft(key: &str) -> Draft {
    Draft {
        to: "ann@example.org".to_owned(),
        text: "Hello".to_owned(),
        key: key.to_owned(),
        ..Draft::default()
    }
}

impl Bench {
    async fn send(&self, draft: &Draft) -> Mail {
        self.mails.send(&self.ctx, &self.tenant, draft).await.unwrap()
    }

    async fn claim(&self, id: &str) -> Option<Box<Mail>> {
        match self.mails.claim(&self.tenant, id).await.unwrap() {
            Claim::Yours(mail) => Some(mail),
            Claim::Held | Claim::Done => None,
        }
    }

    async fn end(&self, mail: &Mail, outcome: Outcome) -> Result<()> {
        self.mails.end(&self.ctx, &self.tenant, mail, &outcome).await
    }

    async fn read(&self, id: &str) -> Mail {
        self.mails.read(&self.tenant, id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_mail_and_its_event_are_one_commit() {
    let test = bench();
    let mail = test.send(&draft("")).await;
    assert_eq!(test.store.commits.call_count(), 1);
    let (_, changes) = test.store.commits.args_for_call(0);
    let keys: Vec<_> = changes.iter().map(Change::key).collect();
    assert!(keys[0].ends_with(&format!("/mail/{}", mail.id)), "{keys:?}");
    assert!(keys[2].starts_with("outbox/"), "{keys:?}");
}

#[tokio::test]
async fn nobody_tries_a_mail_that_is_being_tried_until_the_attempt_must_be_over() {
    let test = bench();
    let id = test.send(&draft("")).await.id;
    let first = test.claim(&id).await.unwrap();
    assert!(test.claim(&id).await.is_none());
    test.clock.advance(LEASE);
    let second = test.claim(&id).await.unwrap();
    assert_eq!((first.attempts, second.attempts), (1, 2));
    // The first one was slow, not dead: what it says counts no more.
    let late = test.end(&first, Outcome::Refused("late".to_owned())).await;
    assert_eq!(late.unwrap_err().code, 409);
    test.end(&second, Outcome::Sent(Via::Smtp)).await.unwrap();
    assert_eq!(test.read(&id).await.status, Status::Sent);
    test.clock.advance(LEASE);
    assert!(test.claim(&id).await.is_none(), "it is sent");
}

#[tokio::test]
async fn what_is_postponed_is_tried_at_once_when_it_comes_again_and_nothing_is_told() {
    let test = bench();
    let id = test.send(&draft("")).await.id;
    let posted = || {
        let calls = (0..test.store.commits.call_count()).map(|call| test.store.commits.args_for_call(call).1);
        let changes = calls.flatten();
        changes
            .filter(|change| change.key().starts_with("outbox/"))
            .count()
    };
    for _ in 0..2 {
        let tried = test.claim(&id).await.unwrap();
        test.end(&tried, Outcome::Postponed("busy".to_owned()))
            .await
            .unwrap();
    }
    let mail = test.read(&id).await;
    assert_eq!(
        (mail.status, mail.error.as_str(), mail.attempts),
        (Status::Queued, "busy", 2)
    );
    assert_eq!(posted(), 1, "that it is queued");
    let tried = test.claim(&id).await.unwrap();
    test.end(&tried, Outcome::GivenUp("busy".to_owned()))
        .await
        .unwrap();
    // An operator has it tried once more.
    let tried = test.claim(&id).await.unwrap();
    test.end(&tried, Outcome::Postponed("busy".to_owned()))
        .await
        .unwrap();
    assert_eq!(test.read(&id).await.status, Status::GivenUp);
    let tried = test.claim(&id).await.unwrap();
    test.end(&tried, Outcome::Sent(Via::Smtp)).await.unwrap();
    assert_eq!(posted(), 3, "and that it was given up, and sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_one_tries() {
    let test = Arc::new(bench());
    let id = test.send(&draft("")).await.id;
    let claims = (0..8).map(|_| {
        let (test, id) = (test.clone(), id.clone());
        async move { test.claim(&id).await.is_some() }
    });
    let claims: tokio::task::JoinSet<_> = claims.collect();
    let claimed = claims.join_all().await.into_iter().filter(|claimed| *claimed);
    assert_eq!(claimed.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sends_one_mail_however_often_and_at_once_it_is_used() {
    let test = Arc::new(bench());
    let sent = (0..8).map(|_| {
        let test = test.clone();
        async move { test.send(&draft("order-7")).await.id }
    });
    let sent: tokio::task::JoinSet<_> = sent.collect();
    let mut ids = sent.join_all().await;
    ids.push(test.send(&draft("order-7")).await.id);
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(test.mails.list(&test.tenant, 10, 0).await.unwrap().len(), 1);
    assert_ne!(test.send(&draft("order-8")).await.id, ids[0]);
}

#[tokio::test]
async fn attachments_of_a_mail_that_is_not_kept_go_away() {
    let test = bench();
    let with_file = Draft {
        files: vec![File {
            name: "a.txt".to_owned(),
            content_type: "text/plain".to_owned(),
            content: "content".into(),
        }],
        ..draft("")
    };
    let kept = test.send(&with_file).await;
    assert_eq!(
        test.mails.contents(&test.tenant, &kept).await.unwrap(),
        ["content"]
    );
    let full = Err(store::Error::unavailable("disk full"));
    test.store.commits.returns_on_call(3, full);
    let failed = test.mails.send(&test.ctx, &test.tenant, &with_file).await;
    assert_eq!(failed.err().map(|error| error.code), Some(503));
    let (_, dropped) = test.store.commits.args_for_call(4);
    assert!(
        matches!(&dropped[..], [Change::Delete(key)] if key.contains("/content/")),
        "{dropped:?}"
    );
}
