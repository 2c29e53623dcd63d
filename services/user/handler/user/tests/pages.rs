use micro::web::{FakeBrowser, Pages};

use super::*;
use crate::web::{account, login, verify};

impl Bench {
    fn browser(&self) -> FakeBrowser {
        let users = &self.user.users;
        let pages = Pages::new()
            .page("", account::Account::new(users.clone()))
            .page("login", login::Login::new(users.clone()))
            .page("verify", verify::Verify::new(self.user.proofs.clone()));
        FakeBrowser::new(pages)
    }
}

#[tokio::test]
async fn somebody_logs_in_and_out() {
    let bench = bench();
    let (browser, ctx) = (bench.browser(), &bench.ctx);
    bench.create("ada").await;
    assert_eq!(browser.open(ctx, "/").await.unwrap().location(), "/site/login");
    let wrong = [("name", "<ada>"), ("password", PASSWORD)];
    let shown = browser.submit(ctx, "/login", &wrong).await.unwrap();
    assert_eq!(shown.status, 422);
    assert!(
        shown.text.contains("wrong username") && shown.text.contains("value=\"&#60;ada&#62;\""),
        "{}",
        shown.text
    );
    for name in ["ada", "ada@example.org"] {
        let right = [("name", name), ("password", PASSWORD)];
        let shown = browser.submit(ctx, "/login", &right).await.unwrap();
        assert_eq!((shown.status, shown.location()), (303, "/site/"));
        let shown = browser.open(ctx, "/").await.unwrap();
        assert!(
            shown.text.contains("<h1>ada</h1>") && shown.text.contains("(not verified)"),
            "{}",
            shown.text
        );
        let session = browser.cookie("session").unwrap();
        let shown = browser.submit(ctx, "/", &[]).await.unwrap();
        assert_eq!(shown.location(), "/site/login");
        assert!(browser.cookie("session").is_none());
        assert!(bench.read_session(&session).await.is_err());
    }
    let nobody = Context::background();
    assert_eq!(browser.open(&nobody, "/login").await.unwrap_err().code, 401);
    assert_eq!(browser.open(&nobody, "/").await.unwrap_err().code, 401);
}

#[tokio::test]
async fn whoever_has_the_link_confirms_the_address_by_saying_so() {
    let bench = bench();
    let (browser, nobody) = (bench.browser(), Context::background());
    let ada = bench.create("ada").await;
    let send = async |to: &str| {
        let request = proto::SendVerificationEmailRequest {
            email: text("ada@example.org"),
            redirect_url: text(to),
            failure_redirect_url: text(to),
            ..proto::SendVerificationEmailRequest::default()
        };
        bench
            .user
            .send_verification_email(&bench.ctx, request)
            .await
            .unwrap();
        // What the query says is not believed.
        format!(
            "/verify?token={}&redirectUrl=https%3A%2F%2Fevil.example",
            bench.last_token()
        )
    };
    let link = send("").await;
    let shown = browser.open(&nobody, &link).await.unwrap();
    assert!(shown.text.contains("Confirm"), "{}", shown.text);
    assert!(
        !bench.read(&ada.id).await.unwrap().verified,
        "opening it changes nothing"
    );
    let shown = browser.submit(&nobody, &link, &[]).await.unwrap();
    assert!(
        shown.status == 200 && shown.text.contains("Thank you"),
        "{}",
        shown.text
    );
    assert!(bench.read(&ada.id).await.unwrap().verified);
    let shown = browser.submit(&nobody, &link, &[]).await.unwrap();
    assert!(
        shown.status == 422 && shown.text.contains("not good"),
        "{}",
        shown.text
    );

    let link = send("https://shop.example/").await;
    let shown = browser.submit(&nobody, &link, &[]).await.unwrap();
    assert_eq!((shown.status, shown.location()), (303, "https://shop.example/"));
    for (to, status) in [("", 422), ("https://shop.example/", 303)] {
        let ada = bench.create("bea").await;
        let request = proto::SendVerificationEmailRequest {
            email: ada.email,
            redirect_url: text(to),
            failure_redirect_url: text(to),
            ..proto::SendVerificationEmailRequest::default()
        };
        bench
            .user
            .send_verification_email(&bench.ctx, request)
            .await
            .unwrap();
        bench
            .user
            .delete(&bench.ctx, proto::DeleteRequest { id: ada.id })
            .await
            .unwrap();
        let link = format!("/verify?token={}", bench.last_token());
        let shown = browser.submit(&nobody, &link, &[]).await.unwrap();
        assert_eq!((shown.status, shown.location()), (status, to));
    }
}
