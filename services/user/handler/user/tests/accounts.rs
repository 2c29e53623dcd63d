use super::*;

#[tokio::test]
async fn an_account_is_kept_found_and_told_of() {
    let bench = bench();
    let request = proto::CreateRequest {
        username: text("Ada"),
        email: text("Ada@Example.org"),
        password: text(PASSWORD),
        profile: [(text("city"), text("London"))].into(),
        ..proto::CreateRequest::default()
    };
    let created = bench
        .user
        .create(&bench.ctx, request)
        .await
        .unwrap()
        .account
        .unwrap();
    let expected = proto::Account {
        id: created.id.clone(),
        username: text("ada"),
        email: text("ada@example.org"),
        created: bench.clock.unix(),
        updated: bench.clock.unix(),
        verified: false,
        verification_date: 0,
        profile: [(text("city"), text("London"))].into(),
    };
    assert_eq!(created, expected);
    assert_eq!(created.id.len(), 36);
    for (id, username, email, is_found) in [
        (created.id.as_str(), "", "", true),
        ("", "ADA", "", true),
        ("", "", "ADA@example.org", true),
        (&created.id, "ada", "ada@example.org", true),
        (&created.id, "bob", "", false),
        ("", "ada", "bob@example.org", false),
        ("1", "", "", false),
    ] {
        let request = proto::ReadRequest {
            id: text(id),
            username: text(username),
            email: text(email),
        };
        let found = bench.user.read(&bench.ctx, request).await;
        match is_found {
            true => assert_eq!(found.unwrap().account.unwrap(), expected),
            false => assert_eq!(told(found), (404, text("user.Read.account"))),
        }
    }
    let nobody = bench.user.read(&bench.ctx, proto::ReadRequest::default()).await;
    assert_eq!(told(nobody), (400, text("user.Read.id")));
    assert_eq!(bench.published().await, [(text("user.created"), expected)]);
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_and_leaves_nothing() {
    let bench = bench();
    let good = || proto::CreateRequest {
        username: text("ada"),
        password: text(PASSWORD),
        ..proto::CreateRequest::default()
    };
    let large = [(text("a"), "x".repeat(70_000))];
    for (request, reason) in [
        (
            proto::CreateRequest {
                password: text("1234567"),
                ..good()
            },
            "password",
        ),
        (
            proto::CreateRequest {
                username: text(""),
                ..good()
            },
            "username",
        ),
        (
            proto::CreateRequest {
                username: text("a b"),
                ..good()
            },
            "username",
        ),
        (
            proto::CreateRequest {
                email: text("ada@"),
                ..good()
            },
            "email",
        ),
        (
            proto::CreateRequest {
                id: text("a\n"),
                ..good()
            },
            "id",
        ),
        (
            proto::CreateRequest {
                profile: large.into(),
                ..good()
            },
            "profile",
        ),
    ] {
        let refused = bench.user.create(&bench.ctx, request).await;
        assert_eq!(told(refused), (400, format!("user.Create.{reason}")));
    }
    assert_eq!(bench.store.commits.call_count(), 0);
}

#[tokio::test]
async fn names_are_unique_in_any_case_and_also_at_the_same_time() {
    let bench = bench();
    let ada = bench.create("ada").await;
    for (id, username, email, taken) in [
        ("", "ADA", "new@example.org", "username"),
        ("", "new", "Ada@example.org", "email"),
        (&ada.id, "new", "new@example.org", "id"),
    ] {
        let request = proto::CreateRequest {
            id: text(id),
            username: text(username),
            email: text(email),
            password: text(PASSWORD),
            ..proto::CreateRequest::default()
        };
        let error = bench.user.create(&bench.ctx, request).await.unwrap_err();
        let expected = (400, "user.Create.exists", format!("{taken} already exists"));
        assert_eq!((error.code, &*error.id, error.detail), expected);
    }
    let bob = bench.create("bob").await;
    let request = proto::UpdateRequest {
        id: bob.id.clone(),
        username: text("ada"),
        ..proto::UpdateRequest::default()
    };
    let refused = bench.user.update(&bench.ctx, request).await;
    assert_eq!(told(refused), (400, text("user.Update.exists")));
    assert_eq!(bench.read(&bob.id).await.unwrap(), bob);

    let request = || proto::CreateRequest {
        username: text("eve"),
        password: text(PASSWORD),
        ..proto::CreateRequest::default()
    };
    let (one, other) = tokio::join!(
        bench.user.create(&bench.ctx, request()),
        bench.user.create(&bench.ctx, request())
    );
    assert_eq!([one, other].into_iter().filter(Result::is_ok).count(), 1);
}

#[tokio::test]
async fn an_update_changes_what_is_given() {
    let bench = bench();
    let ada = bench.create("ada").await;
    let tenant = tenant(&bench.ctx, "").unwrap();
    bench
        .user
        .users
        .verified(&bench.ctx, &tenant, &ada.id, &ada.email)
        .await
        .unwrap();
    bench.clock.advance(Duration::from_secs(5));
    let update = async |username: &str, email: &str, profile: &[(&str, &str)]| {
        let request = proto::UpdateRequest {
            id: ada.id.clone(),
            username: text(username),
            email: text(email),
            profile: profile
                .iter()
                .map(|(key, value)| (text(key), text(value)))
                .collect(),
        };
        bench.user.update(&bench.ctx, request).await.unwrap();
        bench.read(&ada.id).await.unwrap()
    };
    let now = update("", "", &[("a", "b")]).await;
    let expected = proto::Account {
        updated: ada.created + 5,
        verified: true,
        verification_date: ada.created,
        profile: [(text("a"), text("b"))].into(),
        ..ada.clone()
    };
    assert_eq!(now, expected);
    let now = update("Lovelace", "ADA@example.org", &[]).await;
    let expected = proto::Account {
        username: text("lovelace"),
        ..expected
    };
    assert_eq!(now, expected, "the address is the same");
    let now = update("", "countess@example.org", &[]).await;
    assert_eq!((now.verified, now.verification_date), (false, 0));
    let kinds: Vec<_> = bench
        .published()
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    let expected = [
        "user.created",
        "user.verified",
        "user.updated",
        "user.updated",
        "user.updated",
    ];
    assert_eq!(kinds, expected);

    let update = |id: &str| proto::UpdateRequest {
        id: text(id),
        ..proto::UpdateRequest::default()
    };
    let missing = bench.user.update(&bench.ctx, update("1")).await;
    assert_eq!(told(missing), (404, text("user.Update.account")));
    let unnamed = bench.user.update(&bench.ctx, update("")).await;
    assert_eq!(told(unnamed), (400, text("user.Update.id")));
}

#[tokio::test]
async fn a_deleted_account_frees_its_names_and_ends_its_sessions() {
    let bench = bench();
    let ada = bench.create("ada").await;
    let session = bench.login("ada", PASSWORD).await.unwrap();
    for _ in 0..2 {
        let request = proto::DeleteRequest { id: ada.id.clone() };
        bench.user.delete(&bench.ctx, request).await.unwrap();
    }
    assert_eq!(told(bench.read(&ada.id).await), (404, text("user.Read.account")));
    let ended = (404, text("user.ReadSession.session"));
    assert_eq!(told(bench.read_session(&session.id).await), ended);
    let request = proto::CreateRequest {
        id: ada.id.clone(),
        username: text("ada"),
        password: text(PASSWORD),
        ..proto::CreateRequest::default()
    };
    bench.user.create(&bench.ctx, request).await.unwrap();
    assert_eq!(
        told(bench.read_session(&session.id).await),
        ended,
        "another one of that id"
    );
    let kinds: Vec<_> = bench
        .published()
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, ["user.created", "user.deleted", "user.created"]);
}

#[tokio::test]
async fn a_list_has_an_order_pages_and_an_end() {
    let bench = bench();
    for name in ["eve", "ada", "bob"] {
        bench.create(name).await;
        bench.clock.advance(Duration::from_secs(1));
    }
    for (offset, limit, expected) in [
        (0, 0, "eve ada bob"),
        (1, 0, "ada bob"),
        (0, 2, "eve ada"),
        (2, 2, "bob"),
        (3, 1, ""),
        (u32::MAX, 1000, ""),
    ] {
        let request = proto::ListRequest { offset, limit };
        let users = bench.user.list(&bench.ctx, request).await.unwrap().users;
        let names: Vec<_> = users.into_iter().map(|user| user.username).collect();
        assert_eq!(names.join(" "), expected, "{offset} {limit}");
    }
    let request = proto::ListRequest {
        offset: 0,
        limit: 1001,
    };
    let refused = bench.user.list(&bench.ctx, request).await;
    assert_eq!(told(refused), (400, text("user.List.limit")));
}
