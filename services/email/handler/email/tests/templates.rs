use proto::{DeleteTemplateRequest, ListTemplatesRequest, ReadTemplateRequest, SaveTemplateRequest};

use super::*;

/// Makes a good template a bad one.
type Spoil = fn(&mut SaveTemplateRequest);

fn welcome() -> SaveTemplateRequest {
    SaveTemplateRequest {
        name: "welcome".to_owned(),
        subject: "Welcome, {{name}}".to_owned(),
        text_body: "Hello {{name}}".to_owned(),
        html_body: "<p>Hello {{ name }}".to_owned(),
    }
}

fn from_template(name: &str, variables: &[(&str, &str)]) -> SendRequest {
    let variables = variables.iter();
    SendRequest {
        to: "ann@example.org".to_owned(),
        template: name.to_owned(),
        variables: variables
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..SendRequest::default()
    }
}

impl Bench {
    async fn template(&self, ctx: &Context, name: &str) -> Result<proto::Template> {
        let name = name.to_owned();
        let read = self
            .email
            .read_template(ctx, ReadTemplateRequest { name })
            .await?;
        Ok(read.template.unwrap())
    }

    async fn names(&self, ctx: &Context) -> Vec<String> {
        let listed = self
            .email
            .list_templates(ctx, ListTemplatesRequest::default())
            .await;
        let templates = listed.unwrap().templates.into_iter();
        templates.map(|template| template.name).collect()
    }
}

#[tokio::test]
async fn a_mail_is_made_from_a_template() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    test.email.save_template(&ctx, welcome()).await?;
    let id = test
        .send(&ctx, from_template("welcome", &[("name", "<Ann>")]))
        .await?;
    let made = test.read(&ctx, &id).await?;
    assert_eq!(
        [made.subject.as_str(), &made.text_body, &made.html_body],
        ["Welcome, <Ann>", "Hello <Ann>", "<p>Hello &lt;Ann&gt;"]
    );
    // What the request says itself counts.
    let request = SendRequest {
        subject: "Hi".to_owned(),
        ..from_template("welcome", &[("name", "Ann")])
    };
    let id = test.send(&ctx, request).await?;
    assert_eq!(test.read(&ctx, &id).await?.subject, "Hi");
    Ok(())
}

#[tokio::test]
async fn what_a_template_lacks_is_said() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    test.email.save_template(&ctx, welcome()).await?;
    for (request, id, detail) in [
        (
            from_template("goodbye", &[]),
            "email.Send.template",
            "there is no template \"goodbye\": save it first",
        ),
        (
            from_template("welcome", &[("Name", "Ann")]),
            "email.Send.variables",
            "the template has a variable \"name\", and no value was given for it",
        ),
        // A variable writes no further header.
        (
            from_template("welcome", &[("name", "Ann\r\nBcc: x@y.z")]),
            "email.Send.subject",
            "a subject has at most 998 bytes, on one line",
        ),
    ] {
        let error = test.send(&ctx, request).await.unwrap_err();
        assert_eq!(
            (error.code, error.id.as_str(), error.detail.as_str()),
            (400, id, detail)
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_template_is_saved_replaced_listed_and_deleted() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let saved = test.email.save_template(&ctx, welcome()).await?.template.unwrap();
    assert_eq!(
        (saved.created, saved.updated),
        (test.clock.unix(), test.clock.unix())
    );
    test.clock.advance(Duration::from_secs(60));
    let request = SaveTemplateRequest {
        subject: "Hello".to_owned(),
        ..welcome()
    };
    test.email.save_template(&ctx, request).await?;
    let replaced = test.template(&ctx, "welcome").await?;
    assert_eq!(
        (replaced.subject.as_str(), replaced.created, replaced.updated),
        ("Hello", saved.created, saved.created + 60)
    );

    for name in ["b.second", "a_first"] {
        let name = name.to_owned();
        test.email
            .save_template(&ctx, SaveTemplateRequest { name, ..welcome() })
            .await?;
    }
    assert_eq!(test.names(&ctx).await, ["a_first", "b.second", "welcome"]);
    let request = ListTemplatesRequest { limit: 1, offset: 1 };
    let listed = test.email.list_templates(&ctx, request).await?.templates;
    assert_eq!((listed.len(), listed[0].name.as_str()), (1, "b.second"));

    // As often as one likes.
    for _ in 0..2 {
        let name = "welcome".to_owned();
        test.email
            .delete_template(&ctx, DeleteTemplateRequest { name })
            .await?;
    }
    assert_eq!(test.template(&ctx, "welcome").await.unwrap_err().code, 404);
    Ok(())
}

#[tokio::test]
async fn a_bad_template_is_refused_and_asks_nothing_of_the_store() {
    let (ctx, test) = (caller("ada"), bench());
    let cases: [(&str, Spoil); 6] = [
        ("name", |template| template.name.clear()),
        ("name", |template| template.name = "a/b".to_owned()),
        ("name", |template| template.name = "x".repeat(129)),
        ("subject", |template| template.subject = "a\nb".to_owned()),
        ("syntax", |template| template.html_body = "{{#each}}".to_owned()),
        ("text_body", |template| {
            template.text_body.clear();
            template.html_body.clear();
        }),
    ];
    for (reason, spoil) in cases {
        let mut request = welcome();
        spoil(&mut request);
        let error = test.email.save_template(&ctx, request).await.unwrap_err();
        assert_eq!(
            (error.code, error.id),
            (400, format!("email.SaveTemplate.{reason}"))
        );
    }
    assert_eq!(
        test.template(&ctx, "").await.unwrap_err().id,
        "email.ReadTemplate.name"
    );
    assert!(test.store.invocations().is_empty());
}

#[tokio::test]
async fn templates_are_their_tenants() -> Result<()> {
    let (ada, bob, nobody, test) = (caller("ada"), caller("bob"), Context::background(), bench());
    test.email.save_template(&ada, welcome()).await?;
    assert_eq!(test.template(&bob, "welcome").await.unwrap_err().code, 404);
    assert!(test.names(&bob).await.is_empty());
    let sent = test
        .send(&bob, from_template("welcome", &[("name", "Ann")]))
        .await;
    assert_eq!(sent.unwrap_err().id, "email.Send.template");
    let name = || "welcome".to_owned();
    test.email
        .delete_template(&bob, DeleteTemplateRequest { name: name() })
        .await?;
    assert_eq!(test.names(&ada).await, ["welcome"]);
    let refused = [
        test.email.save_template(&nobody, welcome()).await.map(drop),
        test.template(&nobody, "welcome").await.map(drop),
        test.email
            .list_templates(&nobody, ListTemplatesRequest::default())
            .await
            .map(drop),
        test.email
            .delete_template(&nobody, DeleteTemplateRequest { name: name() })
            .await
            .map(drop),
    ];
    assert_eq!(refused.map(|answer| answer.unwrap_err().code), [401; 4]);
    Ok(())
}
