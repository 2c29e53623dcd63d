//! Two servers on one store are one platform: rules and accounts.

use micro_proto::auth::{Accounts, ChangeSecretRequest, DeleteAccountRequest, ListRequest, Rules};
use micro_rpc::{Access, Guard};

use super::rules::rule;
use super::*;
use crate::auth::{AdminSecret, ServerGuard};
use crate::away::{Away, Reach, SEEN, seen};

async fn two() -> (Fixture, Fixture) {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let one = Fixture::shared(true, Arc::clone(&store)).await;
    (one, Fixture::shared(true, store).await)
}

/// A server, and another one whose way to the store the test has in its hands.
async fn two_and_a_way() -> (Fixture, Fixture, Arc<Away>) {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let way = Away::new(Arc::clone(&store));
    let one = Fixture::shared(true, store).await;
    let other = Fixture::shared(true, Arc::clone(&way) as Arc<dyn Store>).await;
    (one, other, way)
}

/// Lets those who follow the store begin: on a store in memory that takes turns and no time.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

impl Fixture {
    pub(super) fn guard(&self) -> ServerGuard {
        ServerGuard::new(Arc::clone(&self.state))
    }

    /// Whether a caller of namespace `foo` may call a service there.
    fn lets_pass(&self) -> bool {
        let access = Access {
            namespace: "foo",
            service: "user",
            endpoint: "User.Read",
            account: None,
        };
        self.guard().authorise(&access).is_ok()
    }

    fn knows(&self, ns: &str, id: &str) -> bool {
        let rules = self.state.rules.current(ns);
        rules.rules().iter().any(|rule| rule.id == id)
    }

    async fn refresh(&self, token: &Token) -> Result<Token> {
        self.token(TokenRequest {
            refresh_token: token.refresh_token.clone(),
            algorithm: "EdDSA".into(),
            ..TokenRequest::default()
        })
        .await
    }
}

#[tokio::test]
async fn a_rule_that_is_made_or_deleted_at_one_server_counts_at_the_other() {
    let (one, other) = two().await;
    let request = ListRequest {
        options: options("foo"),
    };
    let mut watched = other.rules.watch(&admin(), request).await.unwrap();
    assert_eq!(watched.next().await.unwrap().unwrap().rules.len(), 1);
    for (here, there) in [(&one, &other), (&other, &one)] {
        assert!(there.lets_pass());
        let closed = Some(rule("closed", "- service:user:* deny 9"));
        here.create(&admin(), "foo", closed).await.unwrap();
        assert!(!here.lets_pass(), "what was changed here counts at once");
        seen("the rule", SEEN, || !there.lets_pass()).await;
        let told = watched.next().await.unwrap().unwrap();
        assert_eq!(told.rules.len(), 2);
        here.delete(&admin(), "foo", "closed").await.unwrap();
        assert!(here.lets_pass());
        seen("its end", SEEN, || there.lets_pass()).await;
        let told = watched.next().await.unwrap().unwrap();
        assert_eq!(told.rules.len(), 1, "each change is told once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_rules_that_are_changed_at_both_servers_at_once_none_is_lost() {
    let (one, other) = two().await;
    let servers = [Arc::new(one), Arc::new(other)];
    let ids: Vec<_> = (0..24).map(|n| format!("r{n:02}")).collect();
    let all = async |delete: bool| {
        let tasks: Vec<_> = ids
            .iter()
            .enumerate()
            .map(|(n, id)| {
                let (server, id) = (Arc::clone(&servers[n % 2]), id.clone());
                tokio::spawn(async move {
                    let made = rule(&id, "dev service:user:* grant 1");
                    match delete {
                        true => server.delete(&admin(), "foo", &id).await.unwrap(),
                        false => server.create(&admin(), "foo", Some(made)).await.unwrap(),
                    }
                    assert_ne!(server.knows("foo", &id), delete, "one reads what one wrote");
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    };
    all(false).await;
    for server in &servers {
        let knows_all = || ids.iter().all(|id| server.knows("foo", id)) && server.knows("foo", "default");
        seen("all rules", SEEN, knows_all).await;
    }
    servers[0].delete(&admin(), "foo", "default").await.unwrap();
    all(true).await;
    for server in &servers {
        // Whichever of them was the last to go, the default came back.
        let is_default =
            || server.knows("foo", "default") && server.state.rules.current("foo").rules().len() == 1;
        seen("the default", SEEN, is_default).await;
    }
}

#[tokio::test]
async fn who_has_not_heard_of_a_change_does_not_undo_it() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let way = Away::new(Arc::clone(&store));
    way.set(Reach::Deaf);
    let one = Fixture::shared(true, store).await;
    let deaf = Fixture::shared(true, way).await;
    settle().await;
    let way_in = rule("way", "admin service:auth:* grant 5");
    one.create(&admin(), "", Some(way_in.clone())).await.unwrap();
    assert!(!deaf.knows("micro", "way"));
    let taken = deaf.create(&admin(), "", Some(way_in)).await.unwrap_err();
    assert_eq!(taken.detail, "A rule with this ID already exists");
    one.delete(&admin(), "", "default").await.unwrap();
    let last = deaf.delete(&admin(), "", "way").await;
    assert_eq!(last, Ok(()), "the default comes back with the last rule's end");
    let closed = Some(rule("closed", "dev service:auth:* deny 9"));
    one.create(&caller("micro/user/root/admin"), "", closed)
        .await
        .unwrap();
    one.create(&admin(), "", Some(rule("own", "admin service:auth:* grant 1")))
        .await
        .unwrap();
    one.delete(&admin(), "", "default").await.unwrap();
    let out = deaf.delete(&admin(), "", "own").await.unwrap_err();
    assert_eq!(out.code, 412, "it would shut its caller out: {out}");
}

#[tokio::test]
async fn an_account_of_one_server_is_one_of_the_other() {
    let (one, other) = two().await;
    one.make("ada", "right").await;
    let here = one.log_in("ada", "right").await.unwrap();
    let there = other.log_in("ada", "right").await.unwrap();
    assert_eq!(here.refresh_token, there.refresh_token);
    for server in [&one, &other] {
        assert!(server.guard().authenticate(&here.access_token).is_some());
        assert!(server.guard().authenticate(&there.access_token).is_some());
        assert!(server.refresh(&here).await.is_ok());
    }
    let change = ChangeSecretRequest {
        id: "ada".into(),
        new_secret: "left".into(),
        ..Default::default()
    };
    other.accounts.change_secret(&admin(), change).await.unwrap();
    assert_eq!(one.log_in("ada", "right").await.unwrap_err().code, 400);
    assert!(one.log_in("ada", "left").await.is_ok());
    let delete = DeleteAccountRequest {
        id: "ada".into(),
        ..Default::default()
    };
    other.accounts.delete(&admin(), delete).await.unwrap();
    for server in [&one, &other] {
        let refused = server.refresh(&here).await.unwrap_err();
        assert_eq!(refused.detail, "invalid token provided");
        assert!(server.log_in("ada", "left").await.is_err());
    }
    // Nor is the old token one of a new account of that name.
    one.make("ada", "right").await;
    assert!(other.refresh(&here).await.is_err());
}

#[tokio::test]
async fn the_account_of_a_service_is_withdrawn_at_all_servers() {
    let (one, other) = two().await;
    let (id, first) = one
        .block()
        .issue_service_account("micro", "user", "1")
        .await
        .unwrap();
    let token = one.log_in(&id, &first).await.unwrap();
    assert!(other.refresh(&token).await.is_ok());
    let (_, second) = other
        .block()
        .issue_service_account("micro", "user", "1")
        .await
        .unwrap();
    for server in [&one, &other] {
        assert!(server.refresh(&token).await.is_err());
        assert!(server.log_in(&id, &first).await.is_err());
        assert!(server.log_in(&id, &second).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_one_account_at_both_servers_leave_it_whole() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let servers = [
        Fixture::shared(true, Arc::clone(&store)).await,
        Fixture::shared(true, Arc::clone(&store)).await,
    ];
    let issue = |n: usize| {
        let block = servers[n % 2].block();
        tokio::spawn(async move { block.issue_service_account("micro", "user", "1").await.unwrap() })
    };
    let issued: Vec<_> = (0..8).map(issue).collect();
    let mut secrets = Vec::new();
    for task in issued {
        secrets.push(task.await.unwrap());
    }
    let mut good = Vec::new();
    for (id, secret) in &secrets {
        if let Ok(token) = servers[0].log_in(id, secret).await {
            good.push(token.refresh_token);
        }
    }
    assert_eq!(good.len(), 1, "the last one's secret is the one");
    let scan = micro::store::Scan::prefix("refresh/micro/user-1/");
    let scope = micro::store::Scope::platform("auth");
    let kept = store.scan(&scope, &scan).await;
    assert_eq!(
        kept.unwrap().len(),
        1,
        "no refresh token of an earlier one is left"
    );
}

#[tokio::test]
async fn that_there_is_a_user_is_forgotten_when_he_goes_at_another_server() {
    let (one, other) = two().await;
    one.log_in("admin", "micro").await.unwrap();
    other.make("ada", "right").await;
    settle().await;
    one.state.ensure_default_admin().await.unwrap();
    assert!(one.state.users.are_known());
    for id in ["admin", "ada"] {
        other.state.directory.delete("micro", id).await.unwrap();
    }
    seen("that nobody is left", SEEN, || !one.state.users.are_known()).await;
    assert!(one.log_in("admin", "micro").await.is_ok(), "he is made again");
}

#[tokio::test]
async fn the_secret_that_everybody_knows_is_good_at_servers_that_nobody_else_reaches() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let local = Fixture::shared(true, Arc::clone(&store)).await;
    let exposed = Fixture::shared(false, store).await;
    assert_eq!(local.block().ensure_admin(true).await, Ok(AdminSecret::Default));
    assert_eq!(
        exposed.log_in("admin", "micro").await.unwrap_err().code,
        400,
        "not even before it was replaced"
    );
    let Ok(AdminSecret::Generated(secret)) = exposed.block().ensure_admin(false).await else {
        panic!("the secret was not replaced")
    };
    assert_eq!(local.block().ensure_admin(true).await, Ok(AdminSecret::Existing));
    assert!(local.log_in("admin", &secret).await.is_ok());
    let back = ChangeSecretRequest {
        id: "admin".into(),
        new_secret: "micro".into(),
        ..Default::default()
    };
    local.accounts.change_secret(&admin(), back).await.unwrap();
    assert!(local.log_in("admin", "micro").await.is_ok());
    let refused = exposed.log_in("admin", "micro").await.unwrap_err();
    assert!(refused.detail.contains("known to everybody"), "{refused}");
}

#[tokio::test]
async fn while_the_store_is_away_what_is_known_goes_on_to_decide() {
    let (one, other, way) = two_and_a_way().await;
    one.make("ada", "right").await;
    one.create(&admin(), "foo", Some(rule("closed", "- service:user:* deny 9")))
        .await
        .unwrap();
    let token = other.log_in("ada", "right").await.unwrap();
    seen("the rule", SEEN, || !other.lets_pass()).await;
    way.set(Reach::None);
    let admin = admin();
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        assert!(other.guard().authenticate(&token.access_token).is_some());
        assert!(!other.lets_pass());
        assert!(other.list(&admin, "foo").await.unwrap().len() == 2);
        let made = other.create(&admin, "foo", Some(rule("new", "dev service:a:* grant 1")));
        let generated = other.auth.generate(
            &admin,
            GenerateRequest {
                id: "bob".into(),
                secret: "s".into(),
                ..Default::default()
            },
        );
        let rotated = other
            .auth
            .rotate_keys(&admin, micro_proto::auth::RotateKeysRequest { delay: 9 });
        for refused in [
            other.log_in("ada", "right").await.map(drop),
            other.refresh(&token).await.map(drop),
            made.await,
            generated.await.map(drop),
            rotated.await.map(drop),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code, 503, "{refused}");
            assert!(refused.detail.contains("connection refused"), "{refused}");
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed() < 3 * SEEN, "refused at once");
    one.delete(&admin, "foo", "closed").await.unwrap();
    let keys = one.rotate(60).await;
    way.set(Reach::Full);
    seen("what was missed", 2 * SEEN, || other.lets_pass()).await;
    let has_new = || {
        let ring = other.state.issuer.ring(0);
        keys.iter().all(|key| ring.get(&key.id).is_some())
    };
    seen("new keys", 2 * SEEN, has_new).await;
    assert!(other.log_in("ada", "right").await.is_ok());
}
