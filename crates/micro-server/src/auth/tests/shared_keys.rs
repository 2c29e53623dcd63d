//! Two servers on one store are one platform: keys, and what is made at the first start.

use std::collections::BTreeSet;
use std::time::Duration;

use micro::auth::jwt::Algorithm;
use micro::store::{Scan, Scope};
use micro_proto::auth::RotateKeysRequest;
use micro_rpc::Guard;

use super::keys::part;
use super::*;
use crate::auth::{AdminSecret, Error as BlockError, Keys};
use crate::away::{Away, Reach, SEEN, seen};

const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Rs256];

fn ids(fixture: &Fixture) -> Vec<String> {
    let ring = fixture.state.issuer.ring(unix_seconds(SystemTime::now()));
    ring.public_keys().map(|key| key.id).collect()
}

/// A token that is made now.
async fn signed(fixture: &Fixture, algorithm: Algorithm) -> String {
    signed_at(fixture, algorithm, SystemTime::now()).await
}

async fn signed_at(fixture: &Fixture, algorithm: Algorithm, created: SystemTime) -> String {
    let (account, life) = (Account::default(), Duration::from_secs(7200));
    let token = fixture
        .state
        .issuer
        .access_token_at(&account, life, algorithm, created)
        .await;
    token.unwrap().access_token
}

fn kid(token: &str) -> String {
    part(token, 0)["kid"].as_str().unwrap().to_owned()
}

fn accepts(fixture: &Fixture, token: &str) -> bool {
    fixture.guard().authenticate(token).is_some()
}

#[tokio::test]
async fn what_one_server_signs_the_other_verifies_through_rotations() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let one = Fixture::shared(true, Arc::clone(&store)).await;
    let other = Fixture::shared(true, Arc::clone(&store)).await;
    // Making keys takes its time, which is not to count.
    let start = SystemTime::now();
    let mut tokens = Vec::new();
    for (turn, (here, there)) in [(&one, &other), (&other, &one)].into_iter().enumerate() {
        let at = |seconds: u64| start + Duration::from_secs(turn as u64 * 60 + seconds);
        for algorithm in ALGORITHMS {
            let token = signed_at(here, algorithm, at(0)).await;
            assert!(accepts(there, &token), "without having to wait");
            assert_eq!(kid(&token), kid(&signed_at(there, algorithm, at(0)).await));
            tokens.push(token);
        }
        let ring = here.state.issuer.rotate(1, unix_seconds(at(0))).await.unwrap();
        let new: BTreeSet<_> = ring.public_keys().map(|key| key.id).collect();
        assert_eq!(new.len(), 4 + 2 * turn);
        let is_same = || new == ids(there).into_iter().collect();
        seen("the new keys", SEEN, is_same).await;
        for algorithm in ALGORITHMS {
            let soon = signed_at(here, algorithm, at(2)).await;
            assert!(
                tokens.iter().any(|token| kid(token) == kid(&soon)),
                "others get the time to hear of it"
            );
        }
        for algorithm in ALGORITHMS {
            let later = [
                signed_at(here, algorithm, at(30)).await,
                signed_at(there, algorithm, at(30)).await,
            ];
            assert_eq!(kid(&later[0]), kid(&later[1]), "they rotate together");
            assert!(tokens.iter().all(|token| kid(token) != kid(&later[0])));
            tokens.extend(later);
        }
        for server in [here, there] {
            assert!(tokens.iter().all(|token| accepts(server, token)));
        }
    }
    let late = Fixture::shared(true, store).await;
    assert_eq!(ids(&late), ids(&one));
    assert!(tokens.iter().all(|token| accepts(&late, token)));
    for home in [&one.home, &late.home] {
        assert_eq!(
            std::fs::read_dir(home.path()).unwrap().count(),
            0,
            "no key lies in a file"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotations_at_both_servers_at_once_are_both_kept() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let one = Fixture::shared(true, Arc::clone(&store)).await;
    let other = Fixture::shared(true, store).await;
    let rotate = |fixture: &Fixture| {
        let issuer = Arc::clone(&fixture.state.issuer);
        let now = unix_seconds(SystemTime::now());
        tokio::spawn(async move { issuer.rotate(60, now).await.map(drop) })
    };
    for task in [rotate(&one), rotate(&other), rotate(&one), rotate(&other)] {
        task.await.unwrap().unwrap();
    }
    for fixture in [&one, &other] {
        seen("all keys", SEEN, || ids(fixture).len() == 10).await;
    }
    assert_eq!(ids(&one), ids(&other));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_starts_at_once_make_one_platform() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let fixture = Fixture::shared(false, store).await;
                assert!(fixture.block().ensure_admin(false).await.is_ok());
                let join = fixture.block().ensure_join_account().await.unwrap();
                (fixture, join)
            })
        })
        .collect();
    let mut servers = Vec::new();
    for start in starts {
        servers.push(start.await.unwrap());
    }
    let first = ids(&servers[0].0);
    assert_eq!(first.len(), 2);
    assert!(servers.iter().all(|(server, _)| ids(server) == first));
    let joins: BTreeSet<_> = servers.iter().map(|(_, (id, _))| id.clone()).collect();
    assert_eq!(joins.len(), 4, "each has its own way in: {joins:?}");
    for (_, (id, secret)) in &servers {
        assert!(servers[0].0.log_in(id, secret).await.is_ok());
    }
    let (server, (id, _)) = &servers[1];
    let (again, secret) = server.block().ensure_join_account().await.unwrap();
    assert_eq!(again, *id, "a home keeps it");
    assert!(servers[0].0.log_in(id, &secret).await.is_ok());
    server.block().forget_join_account().await.unwrap();
    server.block().forget_join_account().await.unwrap();
    assert!(servers[0].0.log_in(id, &secret).await.is_err());
    let fresh = Fixture::shared(false, store).await;
    assert!(fresh.block().has_accounts().await.unwrap());
    assert_eq!(fresh.block().ensure_admin(false).await, Ok(AdminSecret::Existing));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_servers_one_shows_the_administrators_secret() {
    for is_default_there in [false, true] {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        if is_default_there {
            let local = Fixture::shared(true, Arc::clone(&store)).await;
            assert_eq!(local.block().ensure_admin(true).await, Ok(AdminSecret::Default));
        }
        let servers = [
            Fixture::shared(false, Arc::clone(&store)).await,
            Fixture::shared(false, store).await,
        ];
        let (one, other) = (servers[0].block(), servers[1].block());
        let made = tokio::join!(
            tokio::spawn(async move { one.ensure_admin(false).await.unwrap() }),
            tokio::spawn(async move { other.ensure_admin(false).await.unwrap() }),
        );
        let made = [made.0.unwrap(), made.1.unwrap()];
        let secrets: Vec<_> = made
            .iter()
            .filter_map(|made| match made {
                AdminSecret::Generated(secret) => Some(secret),
                _ => None,
            })
            .collect();
        assert_eq!(secrets.len(), 1, "{made:?}");
        for server in &servers {
            assert!(server.log_in("admin", secrets[0]).await.is_ok());
        }
    }
}

#[tokio::test]
async fn who_reads_the_store_cannot_sign_and_who_has_another_key_is_told_so() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let one = Fixture::shared(true, Arc::clone(&store)).await;
    one.rotate(60).await;
    let kept = store.scan(&Scope::platform("auth"), &Scan::prefix("keys/")).await;
    let kept = kept.unwrap();
    assert_eq!(kept.len(), 2);
    for record in &kept {
        let text = String::from_utf8_lossy(&record.value);
        for word in ["private", "root", "EdDSA"] {
            assert!(!text.contains(word), "{}", record.key);
        }
    }
    let home = tempfile::tempdir().unwrap();
    let wrong = Config {
        keys: Keys::Store {
            key: SecretKey::from_text("//////////////////////////////////////////8=").unwrap(),
        },
        ..config(home.path())
    };
    let refused = Block::open(wrong, Arc::clone(&store)).await.err().unwrap();
    let BlockError::SharedKeys { source } = refused else {
        panic!("{refused:?}")
    };
    assert!(source.to_string().contains("MICRO_SECRET_KEY"), "{source}");
    // A part of the keys alone is not taken for a new platform.
    store.delete(&Scope::platform("auth"), "keys/root").await.unwrap();
    let lost = Block::open(shared_config(home.path()), store)
        .await
        .err()
        .unwrap();
    let BlockError::SharedKeys { source } = lost else {
        panic!("{lost:?}")
    };
    assert!(source.to_string().contains("is gone from the store"), "{source}");
}

#[tokio::test]
async fn a_key_that_one_server_was_given_is_verified_by_all_and_signs_there_alone() {
    let donor = Fixture::new().await;
    donor.make("ada", "right").await;
    let request = TokenRequest {
        id: "ada".into(),
        secret: "right".into(),
        ..TokenRequest::default()
    };
    donor.token(request).await.unwrap();
    let text = |name: &str| std::fs::read_to_string(donor.home.path().join(name)).unwrap();
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let other = Fixture::shared(true, Arc::clone(&store)).await;
    let own = kid(&signed(&other, Algorithm::Rs256).await);
    let home = Arc::new(tempfile::tempdir().unwrap());
    let given = Config {
        rsa: RsaPair {
            private: Some(text("id_rsa")),
            public: Some(text("id_rsa.pub")),
        },
        ..shared_config(home.path())
    };
    let state = Block::open(given, store).await.unwrap().state;
    let one = Fixture::of(state, home);
    seen("its public half", SEEN, || ids(&other) == ids(&one)).await;
    assert_eq!(ids(&one).len(), 3);
    for _ in 0..2 {
        let given = signed(&one, Algorithm::Rs256).await;
        assert_ne!(kid(&given), own);
        assert!(accepts(&other, &given) && accepts(&one, &given));
        let token = signed(&other, Algorithm::Rs256).await;
        assert_ne!(kid(&token), kid(&given));
        assert!(accepts(&one, &token));
        one.rotate(1).await;
    }
}

#[tokio::test]
async fn a_first_start_waits_for_the_store() {
    let way = Away::new(Arc::new(Memory::default()));
    way.set(Reach::None);
    let store = Arc::clone(&way) as Arc<dyn Store>;
    let starting = tokio::spawn(Fixture::shared(true, store));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!starting.is_finished());
    way.set(Reach::Full);
    let started = tokio::time::timeout(Duration::from_secs(5), starting).await;
    let fixture = started.unwrap().unwrap();
    assert!(fixture.log_in("admin", "micro").await.is_ok());
    way.set(Reach::None);
    let delay = 60;
    let refused = fixture
        .auth
        .rotate_keys(&admin(), RotateKeysRequest { delay })
        .await;
    assert_eq!(refused.unwrap_err().code, 503);
    assert_eq!(ids(&fixture).len(), 2, "nothing is used that is not kept");
}
