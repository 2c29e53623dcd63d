use super::*;

/// Makes a good mail a bad one.
type Spoil = fn(&mut SendRequest);

fn attachment(name: &str, content_type: &str, size: usize) -> Attachment {
    Attachment {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        content: vec![0; size].into(),
        ..Attachment::default()
    }
}

#[tokio::test]
async fn a_bad_mail_is_refused_and_asks_nothing_of_the_store() {
    let (ctx, test) = (caller("ada"), bench());
    let cases: [(&str, i32, Spoil); 15] = [
        ("to", 400, |mail| mail.to.clear()),
        ("to", 400, |mail| mail.to = "ann".into()),
        ("to", 400, |mail| mail.to = "a@b.c, d@e.f".into()),
        ("to", 400, |mail| mail.to = "a@b.c\r\nBcc: x@y.z".into()),
        ("reply_to", 400, |mail| mail.reply_to = "ann".into()),
        ("from", 400, |mail| mail.from = "Shop\r\nBcc: x@y.z".into()),
        ("subject", 400, |mail| mail.subject = "a\nb".into()),
        ("subject", 400, |mail| mail.subject = "x".repeat(999)),
        ("text_body", 400, |mail| mail.text_body.clear()),
        ("text_body", 413, |mail| {
            mail.text_body = "x".repeat((1 << 20) + 1)
        }),
        ("html_body", 413, |mail| {
            mail.html_body = "x".repeat((1 << 20) + 1)
        }),
        ("idempotency_key", 400, |mail| {
            mail.idempotency_key = "x".repeat(256)
        }),
        ("attachments", 400, |mail| {
            mail.attachments = vec![attachment("", "", 1)]
        }),
        ("attachments", 400, |mail| {
            mail.attachments = vec![attachment("a", "text", 1)]
        }),
        ("attachments", 413, |mail| {
            mail.attachments = vec![attachment("a", "", (10 << 20) + 1)]
        }),
    ];
    for (reason, code, spoil) in cases {
        let mut request = mail();
        spoil(&mut request);
        let error = test.email.send(&ctx, request).await.unwrap_err();
        assert_eq!(
            (error.code, error.id),
            (code, format!("email.Send.{reason}")),
            "{}",
            error.detail
        );
    }
    assert!(test.store.invocations().is_empty());
}

#[tokio::test]
async fn without_an_account_nothing_is_asked_or_told() {
    let (nobody, test) = (Context::background(), bench());
    let codes = [
        test.email.send(&nobody, mail()).await.map(drop),
        test.email.parse(&nobody, ParseRequest::default()).await.map(drop),
        test.email
            .validate(&nobody, ValidateRequest::default())
            .await
            .map(drop),
        test.email.read(&nobody, ReadRequest::default()).await.map(drop),
        test.email.list(&nobody, ListRequest::default()).await.map(drop),
    ];
    assert_eq!(codes.map(|answer| answer.unwrap_err().code), [401; 5]);
    assert!(test.store.invocations().is_empty());
}

#[tokio::test]
async fn tenants_never_meet() -> Result<()> {
    let (ada, bob, test) = (caller("ada"), caller("bob"), bench());
    let id = test.send(&ada, mail()).await?;
    assert_eq!(test.read(&bob, &id).await.unwrap_err().code, 404);
    assert!(
        test.email
            .list(&bob, ListRequest::default())
            .await?
            .mails
            .is_empty()
    );
    assert_eq!(
        test.email.list(&ada, ListRequest::default()).await?.mails.len(),
        1
    );
    Ok(())
}
