use micro::store::Scan;

use super::*;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

#[tokio::test]
async fn a_session_is_good_until_it_expires_or_is_ended() {
    let bench = bench();
    let ada = bench.create("ada").await;
    let session = bench.login("ADA", PASSWORD).await.unwrap();
    assert_eq!((&session.user_id, session.created), (&ada.id, bench.clock.unix()));
    assert_eq!(session.expires - session.created, 7 * 24 * 3600);
    let read = bench.read_session(&session.id).await.unwrap();
    assert_eq!(
        (read.session, read.account),
        (Some(session.clone()), Some(ada.clone()))
    );
    let kept = bench.platform.table(TABLE).scan(&Scan::default()).await.unwrap();
    assert!(!format!("{kept:?}").contains(&session.id), "it is hashed at rest");

    let ended = (404, text("user.ReadSession.session"));
    let other = bench.login("ada", PASSWORD).await.unwrap();
    for _ in 0..2 {
        let session_id = session.id.clone();
        let request = proto::LogoutRequest { session_id };
        bench.user.logout(&bench.ctx, request).await.unwrap();
    }
    assert_eq!(told(bench.read_session(&session.id).await), ended);
    bench.clock.advance(WEEK - Duration::from_secs(1));
    assert!(bench.read_session(&other.id).await.is_ok());
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(told(bench.read_session(&other.id).await), ended);
    assert_eq!(told(bench.read_session("").await), ended);
}

#[tokio::test]
async fn a_session_lasts_on_while_it_is_used_where_that_is_set() {
    let bench = bench();
    bench.create("ada").await;
    let session = bench.login("ada", PASSWORD).await.unwrap();
    let value = micro::serde_json::json!({"session": {"sliding": true}});
    bench
        .platform
        .config
        .set("micro", "user", value, false)
        .await
        .unwrap();
    for _ in 0..3 {
        bench.clock.advance(WEEK - Duration::from_secs(1));
        let read = bench.read_session(&session.id).await.unwrap().session.unwrap();
        assert_eq!(read.expires, bench.clock.unix() + 7 * 24 * 3600);
    }
}

#[tokio::test]
async fn all_sessions_end_at_once() {
    let bench = bench();
    let (ada, _) = (bench.create("ada").await, bench.create("bob").await);
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(bench.login("ada", PASSWORD).await.unwrap());
    }
    let bobs = bench.login("bob", PASSWORD).await.unwrap();
    for user_id in [ada.id.clone(), text("nobody")] {
        let request = proto::LogoutAllRequest { user_id };
        bench.user.logout_all(&bench.ctx, request).await.unwrap();
    }
    for session in &sessions {
        assert!(bench.read_session(&session.id).await.is_err());
    }
    assert!(bench.read_session(&bobs.id).await.is_ok());
    assert!(bench.login("ada", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_name_are_the_same() {
    let bench = bench();
    bench.create("ada").await;
    let refusals = [
        bench.login("ada", "wrong horse").await.unwrap_err(),
        bench.login("nobody", PASSWORD).await.unwrap_err(),
        bench.login("no body", PASSWORD).await.unwrap_err(),
    ];
    assert_eq!((refusals[0].code, &*refusals[0].id), (401, "user.Login.refused"));
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]));
    assert_eq!(
        told(bench.login("", PASSWORD).await),
        (400, text("user.Login.username"))
    );
    let request = proto::LoginRequest {
        email: text("ADA@example.org"),
        password: text(PASSWORD),
        ..proto::LoginRequest::default()
    };
    assert!(bench.user.login(&bench.ctx, request).await.is_ok());
}

#[tokio::test]
async fn guessing_is_slowed_down_per_account() {
    let bench = bench();
    let (ada, bob) = (bench.create("ada").await, bench.create("bob").await);
    for _ in 0..10 {
        assert_eq!(
            told(bench.login("ada", "wrong horse").await),
            (401, text("user.Login.refused"))
        );
    }
    let locked = (429, text("user.Login.locked"));
    assert_eq!(
        told(bench.login("ada", PASSWORD).await),
        locked,
        "the right one too"
    );
    assert!(bench.login("bob", PASSWORD).await.is_ok());
    let old_too = proto::UpdatePasswordRequest {
        user_id: ada.id,
        old_password: text(PASSWORD),
        new_password: text("another horse"),
        confirm_password: text("another horse"),
    };
    let refused = bench.user.update_password(&bench.ctx, old_too).await;
    assert_eq!(told(refused), (429, text("user.UpdatePassword.locked")));
    bench.clock.advance(Duration::from_secs(1));
    assert!(bench.login("ada", "wrong horse").await.is_err());
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(
        told(bench.login("ada", PASSWORD).await),
        locked,
        "the second wait is longer"
    );
    bench.clock.advance(Duration::from_secs(1));
    assert!(bench.login("ada", PASSWORD).await.is_ok());
    for _ in 0..9 {
        assert_eq!(
            told(bench.login("ada", "wrong horse").await),
            (401, text("user.Login.refused"))
        );
    }
    assert!(
        bench.login("ada", PASSWORD).await.is_ok(),
        "who knew it begins anew"
    );
    assert_ne!(bob.id, "");
}

#[tokio::test]
async fn guessing_is_slowed_down_per_address() {
    let bench = bench();
    bench.create("ada").await;
    let from = async |address: &str, name: &str| {
        let ctx = bench.ctx.clone().with_metadata("x-forwarded-for", address);
        let request = proto::LoginRequest {
            username: text(name),
            password: text(PASSWORD),
            ..proto::LoginRequest::default()
        };
        bench.user.login(&ctx, request).await.map_err(|error| error.code)
    };
    for number in 0..10 {
        assert_eq!(
            from("192.0.2.1, 10.0.0.1", &format!("guess{number}")).await,
            Err(401)
        );
    }
    assert_eq!(from("192.0.2.1", "ada").await, Err(429));
    assert!(from("192.0.2.2", "ada").await.is_ok());
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_sessions() {
    let bench = bench();
    let ada = bench.create("ada").await;
    let session = bench.login("ada", PASSWORD).await.unwrap();
    let change = async |old: &str, new: &str, again: &str| {
        let request = proto::UpdatePasswordRequest {
            user_id: ada.id.clone(),
            old_password: text(old),
            new_password: text(new),
            confirm_password: text(again),
        };
        bench.user.update_password(&bench.ctx, request).await
    };
    for (old, new, again, expected) in [
        (
            "wrong horse",
            "another horse",
            "another horse",
            (401, "user.UpdatePassword.refused"),
        ),
        (
            PASSWORD,
            "another horse",
            "an other horse",
            (400, "user.UpdatePassword.confirm_password"),
        ),
        (PASSWORD, "horse", "horse", (400, "user.UpdatePassword.password")),
    ] {
        let (code, id) = told(change(old, new, again).await);
        assert_eq!((code, &*id), expected);
    }
    assert!(bench.read_session(&session.id).await.is_ok());
    change(PASSWORD, "another horse", "another horse").await.unwrap();
    assert!(bench.read_session(&session.id).await.is_err());
    assert!(bench.login("ada", PASSWORD).await.is_err());
    assert!(bench.login("ada", "another horse").await.is_ok());
    let request = proto::UpdatePasswordRequest {
        user_id: text("nobody"),
        new_password: text(PASSWORD),
        confirm_password: text(PASSWORD),
        ..proto::UpdatePasswordRequest::default()
    };
    let missing = bench.user.update_password(&bench.ctx, request).await;
    assert_eq!(told(missing), (404, text("user.UpdatePassword.account")));
}
