use super::*;

impl Bench {
    pub(super) async fn send_verification(&self, email: &str, text_content: &str) -> Result<()> {
        let request = proto::SendVerificationEmailRequest {
            email: text(email),
            subject: text("Welcome"),
            text_content: text(text_content),
            redirect_url: text("https://shop.example/welcome?a=b"),
            failure_redirect_url: text("https://shop.example/sorry"),
            from_name: text("Shop"),
        };
        self.user
            .send_verification_email(&self.ctx, request)
            .await
            .map(drop)
    }

    async fn verify(&self, token: &str) -> Result<()> {
        let token = text(token);
        let request = proto::VerifyEmailRequest { token };
        self.user.verify_email(&self.ctx, request).await.map(drop)
    }

    /// The code of the mail that was sent for a new password.
    pub(super) async fn send_code(&self, email: &str, expiration: i64) -> Result<Option<String>> {
        let before = self.email.send_call_count();
        let request = proto::SendPasswordResetEmailRequest {
            email: text(email),
            text_content: text("$code"),
            expiration,
            ..proto::SendPasswordResetEmailRequest::default()
        };
        self.user.send_password_reset_email(&self.ctx, request).await?;
        let is_sent = self.email.send_call_count() > before;
        Ok(is_sent.then(|| self.last_mail().text_body))
    }

    async fn reset(&self, code: &str, new: &str) -> Result<()> {
        let request = proto::ResetPasswordRequest {
            email: text("ada@example.org"),
            code: text(code),
            new_password: text(new),
            confirm_password: text(new),
        };
        self.user.reset_password(&self.ctx, request).await.map(drop)
    }

    /// The token of the link that was sent for logging in.
    pub(super) async fn send_link(&self, email: &str) -> Result<Option<String>> {
        let before = self.email.send_call_count();
        let request = proto::SendMagicLinkRequest {
            email: text(email),
            address: text("shop.example"),
            endpoint: text("/login"),
            text_content: text("$micro_verification_link"),
            ..proto::SendMagicLinkRequest::default()
        };
        self.user.send_magic_link(&self.ctx, request).await?;
        if self.email.send_call_count() == before {
            return Ok(None);
        }
        let link = self.last_mail().text_body;
        Ok(Some(
            link.strip_prefix("https://shop.example/login/")
                .unwrap()
                .to_owned(),
        ))
    }

    async fn follow_link(&self, token: &str) -> proto::VerifyTokenResponse {
        let token = text(token);
        let request = proto::VerifyTokenRequest { token };
        self.user.verify_token(&self.ctx, request).await.unwrap()
    }
}

#[tokio::test]
async fn an_address_is_verified_by_the_link_that_was_sent_there() {
    let bench = bench();
    let ada = bench.create("ada").await;
    bench
        .send_verification("ADA@example.org", "Go: $micro_verification_link")
        .await
        .unwrap();
    let mail = bench.last_mail();
    assert_eq!(
        (&*mail.to, &*mail.from, &*mail.subject),
        ("ada@example.org", "Shop", "Welcome")
    );
    let token = bench.last_token();
    let link = format!(
        "Go: http://localhost:8082/user/verify?token={token}\
         &redirectUrl=https%3A%2F%2Fshop.example%2Fwelcome%3Fa%3Db&failureRedirectUrl=https%3A%2F%2Fshop.example%2Fsorry"
    );
    assert_eq!(mail.text_body, link);
    assert_eq!(
        bench.email.send_args_for_call(0).0.account(),
        bench.ctx.account(),
        "in the caller's name"
    );
    bench.clock.advance(Duration::from_secs(60));
    bench.verify(&token).await.unwrap();
    let now = bench.read(&ada.id).await.unwrap();
    assert_eq!((now.verified, now.verification_date), (true, ada.created + 60));
    let (kind, told_of) = bench.published().await.pop().unwrap();
    assert_eq!((kind, told_of), (text("user.verified"), now));
    let bad = (404, text("user.VerifyEmail.token"));
    assert_eq!(told(bench.verify(&token).await), bad, "it is good once");
    bench.send_verification("ada@example.org", "").await.unwrap();
    let token = bench.last_token();
    bench.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(told(bench.verify(&token).await), bad, "it was too old");
}

#[tokio::test]
async fn a_link_says_nothing_of_another_address() {
    let bench = bench();
    let ada = bench.create("ada").await;
    bench.send_verification(&ada.email, "").await.unwrap();
    let request = proto::UpdateRequest {
        id: ada.id.clone(),
        email: text("countess@example.org"),
        ..proto::UpdateRequest::default()
    };
    bench.user.update(&bench.ctx, request).await.unwrap();
    let refused = bench.verify(&bench.last_token()).await;
    assert_eq!(told(refused), (404, text("user.VerifyEmail.account")));
    assert!(!bench.read(&ada.id).await.unwrap().verified);
    let missing = bench.send_verification("nobody@example.org", "").await;
    assert_eq!(told(missing), (404, text("user.SendVerificationEmail.account")));
    let elsewhere = proto::SendVerificationEmailRequest {
        email: text("countess@example.org"),
        redirect_url: text("javascript:alert(1)"),
        ..proto::SendVerificationEmailRequest::default()
    };
    let refused = bench.user.send_verification_email(&bench.ctx, elsewhere).await;
    assert_eq!(
        told(refused),
        (400, text("user.SendVerificationEmail.redirect_url"))
    );
}

#[tokio::test]
async fn a_code_sets_a_new_password_once() {
    let bench = bench();
    bench.create("ada").await;
    let session = bench.login("ada", PASSWORD).await.unwrap();
    let code = bench.send_code("Ada@example.org", 0).await.unwrap().unwrap();
    assert!(
        code.len() == 8
            && code
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    );
    bench
        .reset(&format!(" {} ", code.to_lowercase()), "another horse")
        .await
        .unwrap();
    assert!(bench.login("ada", "another horse").await.is_ok());
    assert!(
        bench.read_session(&session.id).await.is_err(),
        "sessions have ended"
    );
    let refused = (401, text("user.ResetPassword.refused"));
    assert_eq!(told(bench.reset(&code, "a third horse").await), refused);

    let code = bench.send_code("ada@example.org", 0).await.unwrap().unwrap();
    bench.clock.advance(Duration::from_secs(1800));
    assert_eq!(
        told(bench.reset(&code, "a third horse").await),
        refused,
        "it was too old"
    );
    let code = bench.send_code("ada@example.org", 10).await.unwrap().unwrap();
    bench.clock.advance(Duration::from_secs(9));
    assert_eq!(
        told(bench.reset(&code, "horse").await),
        (400, text("user.ResetPassword.password"))
    );
    bench.reset(&code, "a third horse").await.unwrap();
    for seconds in [-1, 24 * 3600 + 1] {
        let refused = bench.send_code("ada@example.org", seconds).await;
        assert_eq!(
            told(refused),
            (400, text("user.SendPasswordResetEmail.expiration"))
        );
    }
}

#[tokio::test]
async fn a_code_is_good_for_five_tries_and_for_one_of_many_at_once() {
    let bench = bench();
    bench.create("ada").await;
    let code = bench.send_code("ada@example.org", 0).await.unwrap().unwrap();
    for _ in 0..5 {
        assert!(bench.reset("WRONG234", "another horse").await.is_err());
    }
    assert!(bench.reset(&code, "another horse").await.is_err());
    let code = bench.send_code("ada@example.org", 0).await.unwrap().unwrap();
    let (one, other) = tokio::join!(
        bench.reset(&code, "another horse"),
        bench.reset(&code, "a third horse")
    );
    assert_eq!([one, other].into_iter().filter(Result::is_ok).count(), 1);
}

#[tokio::test]
async fn an_unknown_address_is_answered_the_same_and_gets_no_mail() {
    let bench = bench();
    bench.create("ada").await;
    assert_eq!(bench.send_code("nobody@example.org", 0).await.unwrap(), None);
    assert_eq!(bench.send_link("nobody@example.org").await.unwrap(), None);
    assert_eq!(bench.email.send_call_count(), 0);
    let request = proto::ResetPasswordRequest {
        email: text("nobody@example.org"),
        code: text("ABCDEFGH"),
        new_password: text(PASSWORD),
        confirm_password: text(PASSWORD),
    };
    let unknown = bench.user.reset_password(&bench.ctx, request).await.unwrap_err();
    let wrong = bench.reset("ABCDEFGH", PASSWORD).await.unwrap_err();
    assert_eq!(unknown, wrong);
}

#[tokio::test]
async fn a_magic_link_logs_in_once_within_a_minute() {
    let bench = bench();
    let ada = bench.create("ada").await;
    let token = bench.send_link("ada@example.org").await.unwrap().unwrap();
    bench.clock.advance(Duration::from_secs(59));
    let answer = bench.follow_link(&token).await;
    assert!(answer.is_valid, "{answer:?}");
    let session = answer.session.unwrap();
    let read = bench.read_session(&session.id).await.unwrap();
    assert_eq!(read.account, Some(ada.clone()));
    let late = bench.send_link("ada@example.org").await.unwrap().unwrap();
    bench.clock.advance(Duration::from_secs(60));
    let gone = bench.send_link("ada@example.org").await.unwrap().unwrap();
    bench
        .user
        .delete(&bench.ctx, proto::DeleteRequest { id: ada.id })
        .await
        .unwrap();
    for token in [token.as_str(), "guess", "", &late, &gone] {
        let answer = bench.follow_link(token).await;
        assert_eq!((answer.is_valid, answer.session), (false, None));
        assert!(
            answer.message.starts_with("the token is not valid"),
            "{}",
            answer.message
        );
    }
    for (address, endpoint, reason) in [
        ("", "a", "address"),
        ("a/b", "a", "address"),
        ("a.b", "a?b", "endpoint"),
    ] {
        let request = proto::SendMagicLinkRequest {
            email: text("ada@example.org"),
            address: text(address),
            endpoint: text(endpoint),
            ..proto::SendMagicLinkRequest::default()
        };
        let refused = bench.user.send_magic_link(&bench.ctx, request).await;
        assert_eq!(told(refused), (400, format!("user.SendMagicLink.{reason}")));
    }
}

#[tokio::test]
async fn a_link_for_one_thing_is_good_for_no_other() {
    let bench = bench();
    bench.create("ada").await;
    let login = bench.send_link("ada@example.org").await.unwrap().unwrap();
    assert!(bench.verify(&login).await.is_err());
    bench.send_verification("ada@example.org", "").await.unwrap();
    assert!(!bench.follow_link(&bench.last_token()).await.is_valid);
}
