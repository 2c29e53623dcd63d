//! `auth.Auth`: Token, Inspect, Generate, Keys.

use micro_proto::auth::{InspectRequest, KeysRequest};

use super::*;

const TOKEN: &str = "auth.Auth.Token";
const GENERATE: &str = "auth.Auth.Generate";

#[tokio::test]
async fn a_log_in_gives_a_token_that_inspect_knows() {
    let fixture = Fixture::new().await;
    let request = GenerateRequest {
        id: "ada".into(),
        name: "Ada".into(),
        scopes: vec!["dev".into()],
        metadata: [("team".to_owned(), "one".to_owned())].into(),
        ..GenerateRequest::default()
    };
    let made = fixture
        .auth
        .generate(&admin(), request)
        .await
        .unwrap()
        .account
        .unwrap();
    assert_eq!(
        (made.r#type.as_str(), made.issuer.as_str(), made.name.as_str()),
        ("user", "micro", "Ada")
    );
    assert_eq!(made.secret.len(), 36, "a secret is made up when none is given");
    for id in ["ada", "Ada"] {
        let token = fixture.log_in(id, &made.secret).await.unwrap();
        assert_eq!(token.expiry - token.created, 900);
        let request = InspectRequest {
            token: token.access_token,
            options: None,
        };
        let account = fixture
            .auth
            .inspect(&Context::background(), request)
            .await
            .unwrap()
            .account
            .unwrap();
        assert_eq!((account.id.as_str(), account.secret.as_str()), ("ada", ""));
        assert_eq!(account.scopes, ["dev"]);
        assert_eq!(account.metadata["team"], "one");
        assert!(account.metadata["created"].parse::<u64>().unwrap() > 1_700_000_000);
    }
}

#[tokio::test]
async fn what_token_refuses() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    let required = "Credentials or a refresh token required";
    assert_error(fixture.log_in("", "").await, 400, TOKEN, required);
    assert_error(fixture.log_in("ada", "").await, 400, TOKEN, required);
    assert_error(fixture.log_in("", "right").await, 400, TOKEN, required);
    assert_error(
        fixture.log_in("bob", "x").await,
        400,
        TOKEN,
        "Account not found with this ID",
    );
    assert_error(
        fixture.log_in("ada", "wrong").await,
        400,
        TOKEN,
        "Secret not correct",
    );
    for refresh_token in ["x", "a.b", "YWRh.x", "a.b.c"] {
        let request = TokenRequest {
            refresh_token: refresh_token.into(),
            ..TokenRequest::default()
        };
        assert_error(fixture.token(request).await, 400, TOKEN, "invalid token provided");
    }
    let request = TokenRequest {
        id: "ada".into(),
        secret: "right".into(),
        ..TokenRequest::default()
    };
    let elsewhere = TokenRequest {
        options: options("foo"),
        ..request.clone()
    };
    assert_error(
        fixture.token(elsewhere).await,
        400,
        TOKEN,
        "Account not found with this ID",
    );
    let invalid = TokenRequest {
        options: options("foo/bar"),
        ..request.clone()
    };
    assert_eq!(fixture.token(invalid).await.unwrap_err().code, 400);
    let negative = TokenRequest {
        token_expiry: -1,
        ..request
    };
    assert_eq!(fixture.token(negative).await.unwrap_err().code, 400);
    let request = InspectRequest {
        token: "x".into(),
        options: None,
    };
    let inspected = fixture.auth.inspect(&Context::background(), request).await;
    assert_error(inspected, 400, "auth.Auth.Inspect", "invalid token provided");
}

#[tokio::test]
async fn the_asked_for_life_is_bounded() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    let by_token = fixture.log_in("ada", "right").await.unwrap().access_token;
    for (asked, given) in [
        (0, 900),
        (60, 60),
        (31_536_000, 31_536_000),
        (i64::MAX, 31_536_000),
    ] {
        let request = TokenRequest {
            refresh_token: by_token.clone(),
            token_expiry: asked,
            ..TokenRequest::default()
        };
        let token = fixture.token(request).await.unwrap();
        assert_eq!(token.expiry - token.created, given, "asked for {asked}");
    }
}

#[tokio::test]
async fn the_refresh_token_is_the_same_each_time_and_not_on_the_store() {
    let store = Arc::new(Memory::default());
    let fixture = Fixture::with(true, Arc::clone(&store) as Arc<dyn Store>).await;
    fixture.make("a/b", "right").await;
    let first = fixture.log_in("a/b", "right").await.unwrap();
    let second = fixture.log_in("a/b", "right").await.unwrap();
    assert_eq!(first.refresh_token, second.refresh_token);
    let refresh = TokenRequest {
        refresh_token: first.refresh_token.clone(),
        ..TokenRequest::default()
    };
    let renewed = fixture.token(refresh.clone()).await.unwrap();
    assert_eq!(renewed.refresh_token, first.refresh_token);
    assert!(
        fixture
            .state
            .issuer
            .verifier()
            .verify(&renewed.access_token)
            .is_ok()
    );
    let elsewhere = TokenRequest {
        options: options("foo"),
        ..refresh
    };
    assert_error(
        fixture.token(elsewhere).await,
        400,
        TOKEN,
        "invalid token provided",
    );
    let scope = micro::store::Scope::new("micro", "auth");
    for record in store.scan(&scope, &micro::store::Scan::default()).await.unwrap() {
        let text = format!("{} {}", record.key, String::from_utf8_lossy(&record.value));
        assert!(
            !text.contains(&first.refresh_token) && !text.contains("right"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_new_key_file_ends_old_tokens_and_the_next_log_in_mends_it() {
    let store = Arc::new(Memory::default());
    let before = Fixture::with(true, Arc::clone(&store) as Arc<dyn Store>).await;
    before.make("ada", "right").await;
    let old = before.log_in("ada", "right").await.unwrap();
    std::fs::remove_file(before.home.path().join("auth.key")).unwrap();
    let after = Fixture::in_home(Arc::clone(&before.home), true, store).await;
    assert!(after.state.issuer.verifier().verify(&old.access_token).is_err());
    let new = after.log_in("ada", "right").await.unwrap();
    let refresh = |token: &Token| TokenRequest {
        refresh_token: token.refresh_token.clone(),
        ..TokenRequest::default()
    };
    assert!(after.token(refresh(&new)).await.is_ok());
    assert_error(
        after.token(refresh(&old)).await,
        400,
        TOKEN,
        "invalid token provided",
    );
}

#[tokio::test]
async fn an_access_token_renews_itself_while_its_account_is_there() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    let token = fixture.log_in("ada", "right").await.unwrap().access_token;
    let as_secret = TokenRequest {
        id: "ada".into(),
        secret: token.clone(),
        ..TokenRequest::default()
    };
    let as_refresh = TokenRequest {
        refresh_token: token,
        ..TokenRequest::default()
    };
    for request in [as_secret.clone(), as_refresh.clone()] {
        let renewed = fixture.token(request).await.unwrap();
        assert_eq!(renewed.refresh_token, renewed.access_token);
    }
    fixture.state.directory.delete("micro", "ada").await.unwrap();
    assert_error(
        fixture.token(as_refresh).await,
        400,
        TOKEN,
        "invalid token provided",
    );
    assert_error(
        fixture.token(as_secret).await,
        400,
        TOKEN,
        "Account not found with this ID",
    );
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_right_secret_ends_it() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    for _ in 0..4 {
        assert_error(
            fixture.log_in("ada", "wrong").await,
            400,
            TOKEN,
            "Secret not correct",
        );
    }
    assert!(fixture.log_in("ada", "right").await.is_ok());
    for _ in 0..5 {
        assert_error(
            fixture.log_in("ada", "wrong").await,
            400,
            TOKEN,
            "Secret not correct",
        );
    }
    // The wait counts from the last failure, so a slow machine may be beyond a short one: go on until one is met.
    let mut refused = fixture.log_in("ada", "wrong").await.unwrap_err();
    while refused.code == 400 {
        refused = fixture.log_in("ada", "wrong").await.unwrap_err();
    }
    assert_eq!((refused.code, refused.id.as_str()), (429, TOKEN));
    assert!(
        refused
            .detail
            .starts_with("too many failed attempts for ada, try again in "),
        "{}",
        refused.detail
    );
    assert_eq!(
        fixture.log_in("ada", "right").await.unwrap_err().code,
        429,
        "the right secret waits too"
    );
}

#[tokio::test]
async fn no_stranger_keeps_a_service_out() {
    let fixture = Fixture::new().await;
    let (id, secret) = fixture
        .block()
        .issue_service_account("micro", "user", "1")
        .await
        .unwrap();
    for _ in 0..12 {
        assert_error(
            fixture.log_in(&id, "wrong").await,
            400,
            TOKEN,
            "Secret not correct",
        );
    }
    assert!(fixture.log_in(&id, &secret).await.is_ok());
    // A secret that somebody chooses can be guessed again.
    let request = micro_proto::auth::ChangeSecretRequest {
        id: id.clone(),
        new_secret: "chosen".into(),
        ..Default::default()
    };
    use micro_proto::auth::Accounts;
    fixture.accounts.change_secret(&admin(), request).await.unwrap();
    let mut refused = 400;
    for _ in 0..12 {
        refused = fixture.log_in(&id, "wrong").await.unwrap_err().code;
    }
    assert_eq!(refused, 429);
}

#[tokio::test]
async fn what_generate_refuses() {
    let fixture = Fixture::new().await;
    let generate = async |ctx: &Context, id: &str, name: &str, ns: &str| {
        let request = GenerateRequest {
            id: id.into(),
            name: name.into(),
            secret: "s".into(),
            options: options(ns),
            ..GenerateRequest::default()
        };
        fixture
            .auth
            .generate(ctx, request)
            .await
            .map(|response| response.account.unwrap().issuer)
    };
    let nobody = Context::background();
    assert_error(generate(&nobody, "", "", "").await, 400, GENERATE, "ID required");
    assert_error(
        generate(&nobody, "a", "", "").await,
        401,
        GENERATE,
        "an account is required",
    );
    let member = caller("foo/user/x/dev");
    assert_error(
        generate(&member, "a", "", "foo").await,
        401,
        GENERATE,
        "Unauthorized",
    );
    assert_error(
        generate(&member, "a", "", "").await,
        403,
        GENERATE,
        "access denied to namespace",
    );
    assert_eq!(generate(&admin(), "a", "n", "").await, Ok("micro".into()));
    assert_error(
        generate(&admin(), "a", "m", "").await,
        400,
        "auth",
        "Account with this ID already exists",
    );
    assert_error(
        generate(&admin(), "b", "n", "").await,
        400,
        "auth",
        "Account with this Name already exists",
    );
    let foo_admin = caller("foo/user/x/admin").with_namespace("foo");
    assert_eq!(
        generate(&foo_admin, "a", "n", "").await,
        Ok("foo".into()),
        "the header names the namespace"
    );
    assert_eq!(generate(&admin(), "a\n", "", "").await.unwrap_err().code, 400);
    assert_eq!(
        generate(&admin(), &"a".repeat(300), "", "")
            .await
            .unwrap_err()
            .code,
        400
    );
}

#[tokio::test]
async fn of_many_who_create_the_same_account_one_succeeds() {
    let fixture = Arc::new(Fixture::new().await);
    let attempts: Vec<_> = (0..8)
        .map(|number| {
            let fixture = Arc::clone(&fixture);
            let request = GenerateRequest {
                id: "ada".into(),
                secret: number.to_string(),
                ..GenerateRequest::default()
            };
            tokio::spawn(async move { fixture.auth.generate(&admin(), request).await })
        })
        .collect();
    let mut secrets = Vec::new();
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(response) => secrets.push(response.account.unwrap().secret),
            Err(error) => assert_eq!(
                error,
                Error::bad_request("auth", "Account with this ID already exists")
            ),
        }
    }
    assert_eq!(secrets.len(), 1);
    assert!(fixture.log_in("ada", &secrets[0]).await.is_ok());
}

#[tokio::test]
async fn keys_are_what_tokens_are_verified_with() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    let keys = fixture
        .auth
        .keys(&Context::background(), KeysRequest {})
        .await
        .unwrap()
        .keys;
    assert_eq!(keys[0].algorithm, "EdDSA");
    let verifier = micro::auth::Verifier::new();
    verifier.set_keys(keys.iter().map(|key| micro::auth::jwt::PublicKey {
        algorithm: micro::auth::jwt::Algorithm::named(&key.algorithm).unwrap(),
        id: key.id.clone(),
        bytes: key.key.to_vec(),
    }));
    let token = fixture.log_in("ada", "right").await.unwrap();
    assert_eq!(verifier.verify(&token.access_token).unwrap().id, "ada");
}
