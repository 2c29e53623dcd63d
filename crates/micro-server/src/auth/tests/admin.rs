//! The first administrator, and the accounts of services.

use micro_proto::auth::{Accounts, ChangeSecretRequest, ListAccountsRequest};

use super::*;
use crate::auth::AdminSecret;

async fn fixture(loopback: bool, store: &Arc<Memory>) -> Fixture {
    Fixture::with(loopback, Arc::clone(store) as Arc<dyn Store>).await
}

#[tokio::test]
async fn on_loopback_the_default_administrator_is_made_when_first_needed() {
    let fixture = Fixture::new().await;
    let token = fixture.log_in("admin", "micro").await.unwrap();
    let account = fixture
        .state
        .issuer
        .verifier()
        .verify(&token.access_token)
        .unwrap();
    assert_eq!(
        (account.kind.as_str(), account.scopes[0].as_str()),
        ("user", "admin")
    );
    let fixture = Fixture::new().await;
    let service = caller("micro/service/x/service");
    let listed = fixture
        .accounts
        .list(&service, ListAccountsRequest::default())
        .await
        .unwrap()
        .accounts;
    assert_eq!(listed[0].id, "admin");
}

#[tokio::test]
async fn it_is_not_made_where_there_is_a_user_or_where_it_is_not_wanted() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    assert_eq!(
        fixture.log_in("admin", "micro").await.unwrap_err().detail,
        "Account not found with this ID"
    );
    assert_eq!(
        fixture.block().ensure_admin(true).await,
        Ok(AdminSecret::Existing)
    );
    let home = tempfile::tempdir().unwrap();
    let config = Config {
        disable_admin: true,
        ..config(home.path())
    };
    let state = Arc::new(
        State::open(&config, issuer(&config), Arc::new(Memory::default()))
            .await
            .unwrap(),
    );
    let auth = AuthHandler::new(Arc::clone(&state));
    let request = TokenRequest {
        id: "admin".into(),
        secret: "micro".into(),
        ..Default::default()
    };
    assert_eq!(
        auth.token(&Context::background(), request)
            .await
            .unwrap_err()
            .detail,
        "Account not found with this ID"
    );
    assert_eq!(
        Block { state }.ensure_admin(true).await,
        Ok(AdminSecret::Disabled)
    );
}

#[tokio::test]
async fn beyond_loopback_nobody_gets_in_with_the_secret_that_everybody_knows() {
    let store = Arc::new(Memory::default());
    let local = fixture(true, &store).await;
    assert_eq!(local.block().ensure_admin(true).await, Ok(AdminSecret::Default));
    assert_eq!(local.block().ensure_admin(true).await, Ok(AdminSecret::Default));
    let exposed = fixture(false, &store).await;
    let Ok(AdminSecret::Generated(secret)) = exposed.block().ensure_admin(false).await else {
        panic!("no secret was made")
    };
    assert_eq!(
        exposed.log_in("admin", "micro").await.unwrap_err().detail,
        "Secret not correct"
    );
    assert!(exposed.log_in("admin", &secret).await.is_ok());
    assert_eq!(
        exposed.block().ensure_admin(false).await,
        Ok(AdminSecret::Existing)
    );
    let back = ChangeSecretRequest {
        id: "admin".into(),
        new_secret: "micro".into(),
        ..Default::default()
    };
    assert_eq!(
        exposed
            .accounts
            .change_secret(&admin(), back)
            .await
            .unwrap_err()
            .code,
        400
    );
    let fresh = fixture(false, &Arc::new(Memory::default())).await;
    assert_eq!(
        fresh.log_in("admin", "micro").await.unwrap_err().detail,
        "Account not found with this ID"
    );
    let made = fresh.block().ensure_admin(false).await.unwrap();
    assert!(matches!(made, AdminSecret::Generated(_)));
    assert_eq!(format!("{made:?}"), "Generated(..)");
}

#[tokio::test]
async fn a_service_gets_a_new_secret_at_each_start() {
    let fixture = Fixture::new().await;
    let block = fixture.block();
    let (id, first) = block
        .issue_service_account("foo", "user", "latest")
        .await
        .unwrap();
    assert_eq!(id, "user-latest");
    let log_in = |secret: &str| TokenRequest {
        id: id.clone(),
        secret: secret.into(),
        options: options("foo"),
        ..Default::default()
    };
    let token = fixture.token(log_in(&first)).await.unwrap();
    let account = fixture
        .state
        .issuer
        .verifier()
        .verify(&token.access_token)
        .unwrap();
    assert_eq!(
        (
            account.kind.as_str(),
            account.scopes[0].as_str(),
            account.issuer.as_str()
        ),
        ("service", "service", "foo")
    );
    let (_, second) = block
        .issue_service_account("foo", "user", "latest")
        .await
        .unwrap();
    assert_eq!(
        fixture.token(log_in(&first)).await.unwrap_err().detail,
        "Secret not correct"
    );
    assert!(fixture.token(log_in(&second)).await.is_ok());
    let old_refresh = TokenRequest {
        refresh_token: token.refresh_token,
        options: options("foo"),
        ..Default::default()
    };
    assert_eq!(
        fixture.token(old_refresh).await.unwrap_err().detail,
        "invalid token provided"
    );
    let (id, secret) = block.ensure_join_account().await.unwrap();
    assert!(fixture.log_in(&id, &secret).await.is_ok());
}

#[tokio::test]
async fn a_service_never_takes_over_the_account_of_a_user() {
    let fixture = Fixture::new().await;
    fixture.make("user-latest", "right").await;
    let refused = fixture
        .block()
        .issue_service_account("micro", "user", "latest")
        .await;
    assert_eq!(refused.unwrap_err().code, 409);
    assert!(fixture.log_in("user-latest", "right").await.is_ok());
}

#[tokio::test]
async fn a_reset_lets_the_administrator_in_whatever_was_done_to_him() {
    let store = Arc::new(Memory::default());
    let before = fixture(true, &store).await;
    let old = before.log_in("admin", "micro").await.unwrap();
    let rule = |id: &str, access: i32, priority: i32| micro_proto::auth::CreateRequest {
        rule: Some(micro_proto::auth::Rule {
            id: id.into(),
            scope: String::new(),
            resource: Some(micro_proto::auth::Resource {
                name: "*".into(),
                r#type: "*".into(),
                endpoint: "*".into(),
            }),
            access,
            priority,
        }),
        options: None,
    };
    let forced = admin().with_metadata("micro-force", "true");
    use micro_proto::auth::Rules;
    before.rules.create(&forced, rule("closed", 2, 9)).await.unwrap();
    before.rules.create(&forced, rule("kept", 1, -1)).await.unwrap();
    before.state.directory.delete("micro", "admin").await.unwrap();
    // Another account goes by the administrator's name.
    let request = GenerateRequest {
        id: "eve".into(),
        name: "admin".into(),
        ..GenerateRequest::default()
    };
    before.auth.generate(&admin(), request).await.unwrap();

    let after = fixture(true, &store).await;
    let reset = after.block().reset_admin().await.unwrap();
    assert_eq!(
        (&reset.removed_rules[..], reset.restored_default),
        (&["closed".to_owned()][..], false)
    );
    assert!(!format!("{reset:?}").contains(&reset.secret));
    let token = after.log_in("admin", &reset.secret).await.unwrap();
    let account = after.state.issuer.verifier().verify(&token.access_token).unwrap();
    assert_eq!(
        (account.id.as_str(), account.kind.as_str(), &account.scopes[..]),
        ("admin", "user", &["admin".to_owned()][..])
    );
    let old = TokenRequest {
        refresh_token: old.refresh_token,
        ..TokenRequest::default()
    };
    assert_eq!(
        after.token(old).await.unwrap_err().detail,
        "invalid token provided"
    );
    let again = fixture(true, &store).await.block().reset_admin().await.unwrap();
    assert_eq!((again.removed_rules.len(), again.restored_default), (0, false));
    assert_ne!(again.secret, reset.secret);
}
