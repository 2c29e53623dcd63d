mod bench;
mod peer;

use micro::serde_json::{Value, json};
use micro::store;

use super::*;
use crate::service::mail::{Draft, File, Via};
use crate::service::mails::LEASE;
use bench::{bench, bench_with, caller, draft, event, queued, smtp};
use peer::{Peer, Say};

#[tokio::test]
async fn without_a_mail_server_a_mail_is_kept_here() {
    let test = bench(Value::Null).await;
    let mail = test.send(&draft()).await;
    test.receive(&mail, 1).await.unwrap();
    let sent = test.read(&mail).await;
    assert_eq!(
        (sent.status, sent.via, sent.attempts),
        (Status::Sent, Some(Via::Outbox), 1)
    );
    assert_eq!(test.told().await, ["queued ", "sent "]);
}

#[tokio::test]
async fn a_mail_server_gets_the_whole_mail_once() {
    let peer = Peer::start(&[Say::Yes]).await;
    let test = bench_with(&peer).await;
    let mail = test
        .send(&Draft {
            from: "Bob at the shop".to_owned(),
            reply_to: "bob@acme.test".to_owned(),
            html: "<p>Hello".to_owned(),
            files: vec![File {
                name: "bill.csv".to_owned(),
                content_type: "text/csv".to_owned(),
                content: "1,2".into(),
            }],
            ..draft()
        })
        .await;
    // The event comes twice: the second time there is nothing left to do.
    test.receive(&mail, 1).await.unwrap();
    test.receive(&mail, 2).await.unwrap();
    let [sent] = &peer.mails()[..] else {
        panic!("one mail")
    };
    for line in [
        "From: \"Bob at the shop\" <shop@acme.test>",
        "To: \"Ann Lee\" <ann@example.org>",
        "Reply-To: bob@acme.test",
        "Subject: =?utf-8?b?R3LDvMOfZQ==?=",
        "Content-Type: multipart/mixed;",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "Content-Disposition: attachment; filename=\"bill.csv\"",
        "1,2",
        &format!("Message-ID: <{}@acme.test>", mail.id),
    ] {
        assert!(sent.contains(line), "{line} in {sent}");
    }
    let commands = peer.commands();
    assert!(
        commands.contains(&"RCPT TO:<ann@example.org>".to_owned()),
        "{commands:?}"
    );
    assert!(commands.iter().any(|command| command.starts_with("AUTH PLAIN ")));
    assert_eq!(test.read(&mail).await.via, Some(Via::Smtp));
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    let peer = Peer::start(&[Say::To("RCPT", "550 no such user")]).await;
    let test = bench_with(&peer).await;
    let mail = test.send(&draft()).await;
    test.receive(&mail, 1).await.unwrap();
    test.receive(&mail, 2).await.unwrap();
    let failed = test.read(&mail).await;
    assert_eq!((failed.status, failed.attempts), (Status::Failed, 1));
    assert!(failed.error.contains("no such user"), "{}", failed.error);
    assert!(peer.mails().is_empty());
    let told = test.told().await;
    assert!(
        told[1].starts_with("failed ") && told[1].contains("no such user"),
        "{told:?}"
    );
}

#[tokio::test]
async fn what_may_succeed_later_is_tried_again() {
    let script = &[
        Say::To("MAIL", "451 come back later"),
        Say::To("mail", "452 full"),
        Say::Nothing("RCPT"),
        Say::To("AUTH", "535 who are you"),
        Say::To("EHLO", "421 closing"),
        Say::Yes,
    ];
    let peer = Peer::start(script).await;
    let test = bench_with(&peer).await;
    let mail = test.send(&draft()).await;
    for (attempt, why) in (1..).zip(["come back later", "full", "", "who are you", "closing"]) {
        let error = test.receive(&mail, attempt).await.unwrap_err();
        assert_eq!(error.code, 503);
        let waiting = test.read(&mail).await;
        assert_eq!((waiting.status, waiting.attempts), (Status::Queued, attempt));
        assert!(
            !waiting.error.is_empty() && waiting.error.contains(why),
            "{}",
            waiting.error
        );
    }
    test.receive(&mail, 6).await.unwrap();
    let sent = test.read(&mail).await;
    assert_eq!((sent.status, sent.error.as_str()), (Status::Sent, ""));
    assert_eq!(peer.mails().len(), 1);
    assert_eq!(test.told().await, ["queued ", "sent "]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for_until_the_last_attempt() {
    let peer = Peer::start(&[Say::Nothing("EHLO")]).await;
    let test = bench_with(&peer).await;
    let mail = test.send(&draft()).await;
    for (attempt, status) in [(RETRIES, Status::Queued), (RETRIES + 1, Status::GivenUp)] {
        assert_eq!(test.receive(&mail, attempt).await.unwrap_err().code, 503);
        assert_eq!(test.read(&mail).await.status, status);
    }
    assert!(test.told().await[1].starts_with("failed "));
}

#[tokio::test]
async fn a_server_that_cannot_encrypt_gets_nothing() {
    let peer = Peer::start(&[Say::Yes]).await;
    let mut smtp = smtp(&peer);
    smtp["tls"] = "starttls".into();
    let test = bench(json!({"address": "shop@acme.test", "smtp": smtp})).await;
    let mail = test.send(&draft()).await;
    assert_eq!(test.receive(&mail, 1).await.unwrap_err().code, 503);
    assert!(peer.mails().is_empty());
    let commands = peer.commands();
    assert!(
        !commands.iter().any(|command| command.starts_with("AUTH")),
        "{commands:?}"
    );
}

#[tokio::test]
async fn where_the_yes_was_lost_the_mail_goes_again_under_the_same_id() {
    let peer = Peer::start(&[Say::Nothing("mail"), Say::Yes]).await;
    let test = bench_with(&peer).await;
    let mail = test.send(&draft()).await;
    assert!(test.receive(&mail, 1).await.is_err());
    test.receive(&mail, 2).await.unwrap();
    let ids: Vec<_> = peer
        .mails()
        .iter()
        .map(|mail| line(mail, "Message-ID:"))
        .collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
}

fn line(mail: &str, begin: &str) -> String {
    let found = mail.lines().find(|line| line.starts_with(begin));
    found.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_store_that_fails_after_the_yes_leaves_the_mail_held() {
    let peer = Peer::start(&[Say::Yes]).await;
    let test = bench_with(&peer).await;
    let mail = test.send(&draft()).await;
    // The commits are: kept, claimed, ended.
    test.store
        .commits
        .returns_on_call(2, Err(store::Error::unavailable("disk full")));
    assert_eq!(test.receive(&mail, 1).await.unwrap_err().code, 503);
    assert_eq!(test.receive(&mail, 2).await.unwrap_err().code, 409);
    assert_eq!(peer.mails().len(), 1, "nobody tries while it is held");
    test.clock.advance(LEASE);
    test.receive(&mail, 3).await.unwrap();
    assert_eq!(test.read(&mail).await.status, Status::Sent);
}

#[tokio::test]
async fn wrong_settings_hold_mails_up_and_say_why() {
    let test = bench(json!({"smpt": {}})).await;
    let mail = test.send(&draft()).await;
    assert_eq!(test.receive(&mail, 1).await.unwrap_err().code, 503);
    let waiting = test.read(&mail).await;
    assert!(
        waiting.status == Status::Queued && waiting.error.contains("unknown field `smpt`"),
        "{}",
        waiting.error
    );
}

#[tokio::test]
async fn only_what_is_queued_and_the_callers_own_is_sent() {
    let test = bench(Value::Null).await;
    let mail = test.send(&draft()).await;
    for status in ["sent", "failed", ""] {
        let changed = proto::StatusChanged {
            status: status.to_owned(),
            ..queued(&mail)
        };
        test.email.receive(&test.ctx, changed, &event(1)).await.unwrap();
    }
    // Another tenant has no such mail, and nobody has none.
    test.email
        .receive(&caller("bob"), queued(&mail), &event(1))
        .await
        .unwrap();
    let nobody = test
        .email
        .receive(&Context::background(), queued(&mail), &event(1))
        .await;
    assert_eq!(nobody.unwrap_err().code, 401);
    assert_eq!(test.read(&mail).await.attempts, 0);
}
