use micro::events::Events;

use super::*;

#[tokio::test]
async fn what_the_store_did_not_keep_is_not_told_of() {
    let bench = bench();
    bench
        .store
        .commits
        .returns(Err(micro::store::Error::unavailable("disk full")));
    let request = proto::CreateRequest {
        username: text("ada"),
        password: text(PASSWORD),
        ..proto::CreateRequest::default()
    };
    let failed = bench.user.create(&bench.ctx, request).await;
    assert_eq!(told(failed), (503, text("user.Create.failed")));
    assert!(bench.published().await.is_empty());
}

#[tokio::test]
async fn events_that_are_away_hold_nobody_up() {
    let bench = bench();
    bench
        .events
        .publishes
        .returns_on_call(0, Err(Error::unavailable("events", "away")));
    let ada = bench.create("ada").await;
    assert!(bench.read(&ada.id).await.is_ok());
    assert!(bench.user.outbox.flush().await.is_err());
    bench.user.outbox.flush().await.unwrap();
    assert_eq!(bench.events.read("micro", "user", 10, 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_is_the_callers_to_know() {
    let bench = bench();
    bench.create("ada").await;
    bench
        .email
        .send_returns(Err(Error::unavailable("email.Email.Send", "not now")));
    let request = proto::SendPasswordResetEmailRequest {
        email: text("ada@example.org"),
        ..proto::SendPasswordResetEmailRequest::default()
    };
    let failed = bench.user.send_password_reset_email(&bench.ctx, request).await;
    assert_eq!(told(failed), (503, text("email.Email.Send")));
}
