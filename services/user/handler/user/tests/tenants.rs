use super::*;

/// Every call, as somebody who knows all there is to know of another tenant's user.
#[tokio::test]
async fn tenants_never_meet() {
    let bench = bench();
    let ada = bench.create("ada").await;
    let session = bench.login("ada", PASSWORD).await.unwrap();
    let wanted = proto::SendVerificationEmailRequest {
        email: text("ada@example.org"),
        ..proto::SendVerificationEmailRequest::default()
    };
    bench
        .user
        .send_verification_email(&bench.ctx, wanted)
        .await
        .unwrap();
    let token = bench.last_token();
    let (other, user) = (caller("rival"), &bench.user);

    let read = user
        .read(
            &other,
            proto::ReadRequest {
                id: ada.id.clone(),
                ..Default::default()
            },
        )
        .await;
    assert_eq!(told(read), (404, text("user.Read.account")));
    let listed = user.list(&other, proto::ListRequest::default()).await.unwrap();
    assert!(listed.users.is_empty());
    let update = proto::UpdateRequest {
        id: ada.id.clone(),
        username: text("eve"),
        ..Default::default()
    };
    assert_eq!(
        told(user.update(&other, update).await),
        (404, text("user.Update.account"))
    );
    user.delete(&other, proto::DeleteRequest { id: ada.id.clone() })
        .await
        .unwrap();
    let change = proto::UpdatePasswordRequest {
        user_id: ada.id.clone(),
        old_password: text(PASSWORD),
        new_password: text("another horse"),
        confirm_password: text("another horse"),
    };
    assert_eq!(
        told(user.update_password(&other, change).await),
        (404, text("user.UpdatePassword.account"))
    );
    let login = proto::LoginRequest {
        username: text("ada"),
        password: text(PASSWORD),
        ..Default::default()
    };
    assert_eq!(
        told(user.login(&other, login).await),
        (401, text("user.Login.refused"))
    );
    user.logout(
        &other,
        proto::LogoutRequest {
            session_id: session.id.clone(),
        },
    )
    .await
    .unwrap();
    user.logout_all(
        &other,
        proto::LogoutAllRequest {
            user_id: ada.id.clone(),
        },
    )
    .await
    .unwrap();
    let read = user
        .read_session(
            &other,
            proto::ReadSessionRequest {
                session_id: session.id.clone(),
            },
        )
        .await;
    assert_eq!(told(read), (404, text("user.ReadSession.session")));
    let verify = user
        .verify_email(&other, proto::VerifyEmailRequest { token: token.clone() })
        .await;
    assert_eq!(told(verify), (404, text("user.VerifyEmail.token")));
    let answer = user
        .verify_token(&other, proto::VerifyTokenRequest { token: token.clone() })
        .await;
    assert!(!answer.unwrap().is_valid);

    // Nothing of it has changed anything, and the same names are free elsewhere.
    assert_eq!(bench.read(&ada.id).await.unwrap(), ada);
    assert!(bench.read_session(&session.id).await.is_ok());
    user.verify_email(&bench.ctx, proto::VerifyEmailRequest { token })
        .await
        .unwrap();
    let create = proto::CreateRequest {
        id: ada.id.clone(),
        username: text("ada"),
        password: text(PASSWORD),
        ..Default::default()
    };
    user.create(&other, create).await.unwrap();
}

#[tokio::test]
async fn nobody_is_no_tenant() {
    let bench = bench();
    let (user, nobody) = (&bench.user, Context::background());
    let mut answers = vec![
        told(user.create(&nobody, Default::default()).await),
        told(user.read(&nobody, Default::default()).await),
        told(user.update(&nobody, Default::default()).await),
        told(user.delete(&nobody, Default::default()).await),
        told(user.update_password(&nobody, Default::default()).await),
        told(user.login(&nobody, Default::default()).await),
        told(user.logout(&nobody, Default::default()).await),
        told(user.logout_all(&nobody, Default::default()).await),
        told(user.read_session(&nobody, Default::default()).await),
        told(user.verify_email(&nobody, Default::default()).await),
        told(user.send_verification_email(&nobody, Default::default()).await),
        told(user.send_password_reset_email(&nobody, Default::default()).await),
        told(user.reset_password(&nobody, Default::default()).await),
        told(user.list(&nobody, Default::default()).await),
        told(user.send_magic_link(&nobody, Default::default()).await),
        told(user.verify_token(&nobody, Default::default()).await),
    ];
    answers.dedup_by_key(|(code, _)| *code);
    assert_eq!(answers, [(401, text("user.Create"))]);
    assert_eq!(
        bench.store.reads.call_count() + bench.store.commits.call_count(),
        0
    );
}
