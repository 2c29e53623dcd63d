use std::sync::Arc;
use std::time::Duration;

use micro::web::FakeBrowser;
use micro::{Account, Clock, Platform};

use super::*;
use crate::service::mail::{Draft, Outcome};
use crate::service::mails::Claim;

struct Bench {
    browser: FakeBrowser,
    mails: Mails,
    clock: Clock,
}

fn bench() -> Bench {
    let clock = Clock::manual();
    let platform = Platform {
        clock: clock.clone(),
        ..Platform::in_memory("acme")
    };
    let mails = Mails::new(&platform);
    Bench {
        browser: FakeBrowser::new(pages(&mails)),
        mails,
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

impl Bench {
    async fn send(&self, ctx: &Context, subject: &str, html: &str) -> Mail {
        self.clock.advance(Duration::from_millis(1));
        let draft = Draft {
            to: "Ann <ann@example.org>".to_owned(),
            subject: subject.to_owned(),
            text: "<Hello>".to_owned(),
            html: html.to_owned(),
            ..Draft::default()
        };
        self.mails
            .send(ctx, &Tenant::of(ctx).unwrap(), &draft)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn mails_are_listed_newest_first_page_by_page() -> Result<()> {
    let (ada, test) = (caller("ada"), bench());
    assert!(
        test.browser
            .open(&ada, "/")
            .await?
            .text
            .contains("No mail was sent yet")
    );
    for number in 1..=PAGE + 1 {
        test.send(&ada, &format!("mail {number}."), "").await;
    }
    let first = test.browser.open(&ada, "/").await?.text;
    let position = |what: &str| first.find(what);
    assert!(position("mail 26.") < position("mail 25.") && position("mail 2.").is_some());
    assert!(position("mail 1.").is_none());
    assert!(first.contains("href=\"/site/?page=2\"") && !first.contains("Newer"));
    let second = test.browser.open(&ada, "/?page=2").await?.text;
    assert!(second.contains("mail 1.") && !second.contains("mail 2."));
    assert!(second.contains("href=\"/site/?page=1\"") && !second.contains("Older"));
    assert_eq!(test.browser.open(&ada, "/?page=x").await.unwrap_err().code, 400);
    Ok(())
}

#[tokio::test]
async fn a_mail_is_shown_with_what_became_of_it_and_its_html_apart() -> Result<()> {
    let (ada, test) = (caller("ada"), bench());
    let html = "<script>alert(1)</script><b>Hello</b>";
    let mail = test.send(&ada, "<i>Tea</i>", html).await;
    let tenant = Tenant::of(&ada)?;
    if let Claim::Yours(mail) = test.mails.claim(&tenant, &mail.id).await? {
        let why = Outcome::Refused("550 <no>".to_owned());
        test.mails.end(&ada, &tenant, &mail, &why).await?;
    }
    let path = format!("/mails/{}", mail.id);
    let page = test.browser.open(&ada, &path).await?.text;
    for shown in [
        "&#60;i&#62;Tea",
        "&#60;Hello&#62;",
        "Ann &#60;ann@example.org&#62;",
        "failed",
        "550 &#60;no",
        "&#60;script",
    ] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"));
    let frame = format!("sandbox src=\"/site/mails/{}/html\"", mail.id);
    assert!(page.contains(&frame), "{page}");

    let body = test.browser.open(&ada, &format!("{path}/html")).await?;
    assert_eq!(
        (body.text.as_str(), body.header("content-security-policy")),
        (html, POLICY)
    );
    assert!(POLICY.starts_with("sandbox; default-src 'none'"));
    Ok(())
}

#[tokio::test]
async fn pages_are_for_who_is_logged_in_and_show_nothing_of_others() -> Result<()> {
    let (ada, bob, test) = (caller("ada"), caller("bob"), bench());
    let mail = test.send(&ada, "Ada's", "<p>Ada's").await;
    let of_mail = format!("/mails/{}", mail.id);
    for path in ["/", &of_mail, &format!("{of_mail}/html")] {
        let nobody = test.browser.open(&Context::background(), path).await;
        assert_eq!(nobody.unwrap_err().code, 401, "{path}");
        match test.browser.open(&bob, path).await {
            Ok(shown) => assert!(path == "/" && !shown.text.contains("Ada"), "{path}"),
            Err(error) => assert_eq!(error.code, 404, "{path}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn pages_have_their_look_from_a_file_and_nothing_inline() -> Result<()> {
    let (ada, test) = (caller("ada"), bench());
    let mail = test.send(&ada, "Tea", "<p>Tea").await;
    for path in ["/".to_owned(), format!("/mails/{}", mail.id)] {
        let page = test.browser.open(&ada, &path).await?.text;
        assert!(page.contains("href=\"/site/style.css\""));
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script"));
    }
    assert_eq!(test.browser.open(&ada, "/style.css").await?.status, 200);
    Ok(())
}
