//! `auth.Accounts`.

use micro_proto::auth::{Accounts, ChangeSecretRequest, DeleteAccountRequest, ListAccountsRequest};

use super::*;

const DELETE: &str = "auth.Accounts.Delete";
const CHANGE_SECRET: &str = "auth.Accounts.ChangeSecret";

#[tokio::test]
async fn list_shows_the_namespace_without_secrets() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    let list = async |ctx: &Context, ns: &str| {
        let request = ListAccountsRequest { options: options(ns) };
        fixture
            .accounts
            .list(ctx, request)
            .await
            .map(|response| response.accounts)
    };
    let accounts = list(&admin(), "").await.unwrap();
    assert_eq!(
        accounts
            .iter()
            .map(|account| account.id.as_str())
            .collect::<Vec<_>>(),
        ["ada"]
    );
    assert!(accounts.iter().all(|account| account.secret.is_empty()));
    assert_eq!(list(&caller("foo/user/x/admin"), "foo").await, Ok(vec![]));
    let id = "auth.Accounts.List";
    assert_error(
        list(&Context::background(), "").await,
        401,
        id,
        "an account is required",
    );
    assert_error(
        list(&caller("foo/user/x/admin"), "").await,
        403,
        id,
        "access denied to namespace",
    );
    assert_error(
        list(&caller("foo/user/x/dev"), "foo").await,
        401,
        id,
        "Unauthorized",
    );
}

#[tokio::test]
async fn delete_takes_the_account_its_name_and_its_refresh_token() {
    let fixture = Fixture::new().await;
    fixture.make("ada", "right").await;
    fixture.make("ada/2", "other").await;
    let token = fixture.log_in("ada", "right").await.unwrap();
    let neighbour = fixture.log_in("ada/2", "other").await.unwrap();
    let delete = async |ctx: &Context, id: &str| {
        fixture
            .accounts
            .delete(
                ctx,
                DeleteAccountRequest {
                    id: id.into(),
                    options: None,
                },
            )
            .await
            .map(drop)
    };
    assert_error(
        delete(&Context::background(), "").await,
        401,
        DELETE,
        "an account is required",
    );
    assert_error(delete(&admin(), "").await, 400, DELETE, "Missing ID");
    assert_error(
        delete(&admin(), "root").await,
        400,
        DELETE,
        "Can't delete your own account",
    );
    assert_error(
        delete(&admin(), "root-name").await,
        400,
        DELETE,
        "Can't delete your own account",
    );
    assert_error(
        delete(&admin(), "bob").await,
        400,
        DELETE,
        "Account not found with this ID",
    );
    fixture.make_named("bob", "Robert").await;
    assert_eq!(delete(&admin(), "Robert").await, Ok(()), "by name");
    assert_error(
        delete(&admin(), "bob").await,
        400,
        DELETE,
        "Account not found with this ID",
    );
    assert_eq!(delete(&admin(), "ada").await, Ok(()));
    assert_eq!(
        fixture.log_in("ada", "right").await.unwrap_err().detail,
        "Account not found with this ID"
    );
    let refresh = |token: Token| TokenRequest {
        refresh_token: token.refresh_token,
        ..TokenRequest::default()
    };
    assert_eq!(
        fixture.token(refresh(token.clone())).await.unwrap_err().detail,
        "invalid token provided"
    );
    assert!(
        fixture.token(refresh(neighbour)).await.is_ok(),
        "an account whose id only begins alike stays whole"
    );
    fixture.make("ada", "right").await;
    let again = fixture.token(refresh(token)).await;
    assert_eq!(
        again.unwrap_err().detail,
        "invalid token provided",
        "a new account of the same id is another one"
    );
}

#[tokio::test]
async fn change_secret_wants_the_old_one_from_all_but_a_few() {
    let fixture = Fixture::new().await;
    let request = GenerateRequest {
        id: "ada".into(),
        name: "Ada Lovelace".into(),
        secret: "one".into(),
        options: options("foo"),
        ..Default::default()
    };
    fixture.auth.generate(&admin(), request).await.unwrap();
    let change = async |ctx: &Context, id: &str, old: &str, new: &str| {
        let request = ChangeSecretRequest {
            id: id.into(),
            old_secret: old.into(),
            new_secret: new.into(),
            options: options("foo"),
        };
        fixture.accounts.change_secret(ctx, request).await.map(drop)
    };
    let member = caller("foo/user/x/dev");
    assert_error(
        change(&Context::background(), "ada", "one", "").await,
        401,
        CHANGE_SECRET,
        "an account is required",
    );
    assert_error(
        change(&caller("bar/user/x/admin"), "ada", "", "x").await,
        403,
        CHANGE_SECRET,
        "access denied to namespace",
    );
    assert_error(
        change(&member, "ada", "one", "").await,
        400,
        CHANGE_SECRET,
        "New secret should not be blank",
    );
    assert_error(
        change(&member, "bob", "one", "x").await,
        400,
        CHANGE_SECRET,
        "Account not found with this ID",
    );
    for ctx in [&member, &caller("foo/user/x/admin")] {
        assert_error(
            change(ctx, "ada", "wrong", "x").await,
            400,
            CHANGE_SECRET,
            "Secret not correct",
        );
    }
    assert_eq!(change(&member, "ada", "one", "two").await, Ok(()));
    assert_eq!(change(&admin(), "ada", "", "three").await, Ok(()));
    assert_eq!(
        change(&caller("foo/service/x/other"), "Ada Lovelace", "", "four").await,
        Ok(()),
        "a service of the namespace, whatever it may do else; and by name"
    );
    let log_in = |secret: &str| TokenRequest {
        id: "ada".into(),
        secret: secret.into(),
        options: options("foo"),
        ..Default::default()
    };
    assert!(fixture.token(log_in("four")).await.is_ok());
    assert_eq!(
        fixture.token(log_in("three")).await.unwrap_err().detail,
        "Secret not correct"
    );
}
