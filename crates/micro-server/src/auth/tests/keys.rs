//! Which key signs, and for whom.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use micro::auth::jwt::Algorithm;
use micro_proto::auth::{Key, KeysRequest, RotateKeysRequest};
use serde_json::{Value, json};

use super::*;
use crate::auth::issuer::LONGEST_LIFE;

const ROTATE: &str = "auth.Auth.RotateKeys";

fn request(algorithm: &str) -> TokenRequest {
    TokenRequest {
        id: "ada".into(),
        secret: "right".into(),
        algorithm: algorithm.into(),
        ..TokenRequest::default()
    }
}

pub(super) fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

impl Fixture {
    async fn signed(&self, algorithm: &str) -> String {
        self.token(request(algorithm)).await.unwrap().access_token
    }

    fn accepts(&self, token: &str) -> bool {
        self.state.issuer.verifier().verify(token).is_ok()
    }

    pub(super) async fn rotate(&self, delay: i64) -> Vec<Key> {
        let rotated = self.auth.rotate_keys(&admin(), RotateKeysRequest { delay }).await;
        rotated.unwrap().keys
    }

    /// The same platform after a crash: what is on disk is all that is left.
    async fn again(&self, store: &Arc<Memory>) -> Fixture {
        Fixture::in_home(Arc::clone(&self.home), true, Arc::clone(store) as Arc<dyn Store>).await
    }
}

async fn with_ada(store: &Arc<Memory>) -> Fixture {
    let fixture = Fixture::with(true, Arc::clone(store) as Arc<dyn Store>).await;
    fixture.make("ada", "right").await;
    fixture
}

#[tokio::test]
async fn who_asks_for_nothing_gets_what_every_client_knows() {
    let store = Arc::new(Memory::default());
    let fixture = with_ada(&store).await;
    let id_rsa = fixture.home.path().join("id_rsa");
    let ours = fixture.signed("EdDSA").await;
    assert_eq!(part(&ours, 0)["alg"], "EdDSA");
    assert!(!id_rsa.exists(), "nobody has wanted one yet");
    let theirs = fixture.signed("").await;
    let header = part(&theirs, 0);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let claims = part(&theirs, 1);
    let names: Vec<_> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["exp", "iss", "metadata", "name", "scopes", "sub", "type"]);
    assert_eq!(
        (
            &claims["sub"],
            &claims["iss"],
            &claims["name"],
            &claims["type"],
            &claims["scopes"]
        ),
        (
            &json!("ada"),
            &json!("micro"),
            &json!("ada"),
            &json!("user"),
            &json!([])
        )
    );
    assert!(id_rsa.exists() && fixture.home.path().join("id_rsa.pub").exists());
    assert_eq!(
        part(&fixture.signed("RS256").await, 0),
        header,
        "the key is made once"
    );
    let again = fixture.again(&store).await;
    for token in [&ours, &theirs] {
        assert!(fixture.accepts(token) && again.accepts(token));
    }
    assert_eq!(part(&again.signed("").await, 0), header);
    for wrong in ["none", "HS256", "rs256"] {
        let refused = fixture.token(request(wrong)).await.unwrap_err();
        assert_eq!((refused.code, refused.id.as_str()), (400, "auth.Auth.Token"));
        assert!(refused.detail.contains(wrong), "{refused}");
    }
}

#[tokio::test]
async fn many_who_are_the_first_share_one_key() {
    let fixture = Arc::new(with_ada(&Arc::default()).await);
    // With a token as the secret, nobody waits for a hash.
    let token = fixture.signed("EdDSA").await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (fixture, token) = (Arc::clone(&fixture), token.clone());
            let request = TokenRequest {
                secret: token,
                ..request("")
            };
            tokio::spawn(async move { fixture.token(request).await.unwrap().access_token })
        })
        .collect();
    let mut kids = BTreeSet::new();
    for task in tasks {
        kids.insert(part(&task.await.unwrap(), 0)["kid"].to_string());
    }
    assert_eq!(kids.len(), 1, "{kids:?}");
}

#[tokio::test]
async fn keys_rotate_through_crashes_and_nothing_good_is_refused() {
    let store = Arc::new(Memory::default());
    let mut fixture = with_ada(&store).await;
    let mut tokens = Vec::new();
    let first = fixture.token(request("EdDSA")).await.unwrap();
    for _ in 0..3 {
        tokens.push(fixture.signed("").await);
        tokens.push(fixture.signed("EdDSA").await);
        let before: Vec<_> = fixture.rotate(3600).await;
        let count = before.len();
        let pending = before.iter().filter(|key| key.replaced_at == 0).count();
        assert_eq!(pending, 2, "one of each kind: {before:?}");
        fixture = fixture.again(&store).await;
        let keys = fixture
            .auth
            .keys(&Context::background(), KeysRequest {})
            .await
            .unwrap()
            .keys;
        assert_eq!(keys, before, "what was published stays so");
        // Not yet: the one before signs.
        let kid = |token: &str| part(token, 0)["kid"].as_str().unwrap().to_owned();
        assert!(
            tokens
                .iter()
                .any(|token| kid(token) == kid(tokens.last().unwrap()))
        );
        assert!(
            !before[count - 2..]
                .iter()
                .any(|key| key.id == kid(tokens.last().unwrap()))
        );
        let refresh = TokenRequest {
            refresh_token: first.refresh_token.clone(),
            algorithm: "EdDSA".into(),
            ..TokenRequest::default()
        };
        assert!(
            fixture.token(refresh).await.is_ok(),
            "refresh tokens outlive keys"
        );
        assert!(tokens.iter().all(|token| fixture.accepts(token)));
        // From here on the new ones sign at once.
        fixture.rotate(1).await;
        for algorithm in ["", "EdDSA"] {
            let signed_anew = async {
                loop {
                    let token = fixture.signed(algorithm).await;
                    if tokens.iter().all(|old| kid(old) != kid(&token)) {
                        return token;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let token = tokio::time::timeout(Duration::from_secs(20), signed_anew).await;
            tokens.push(token.expect("a new key signs"));
        }
        let again = fixture.again(&store).await;
        assert!(tokens.iter().all(|token| again.accepts(token)));
    }
}

#[tokio::test]
async fn a_key_goes_when_the_last_token_that_it_signed_has_ended() {
    let store = Arc::new(Memory::default());
    let fixture = with_ada(&store).await;
    let issuer = &fixture.state.issuer;
    let account = Account::default();
    let start = unix_seconds(SystemTime::now());
    let at = |seconds: i64| UNIX_EPOCH + Duration::from_secs((start + seconds).unsigned_abs());
    let sign = |now: i64, life: u64| {
        let (account, life) = (account.clone(), Duration::from_secs(life));
        async move {
            let token = issuer
                .access_token_at(&account, life, Algorithm::EdDsa, at(now))
                .await;
            part(&token.unwrap().access_token, 0)["kid"]
                .as_str()
                .unwrap()
                .to_owned()
        }
    };
    let old = sign(0, 7200).await;
    issuer.rotate(60, start).await.unwrap();
    let has_old = |issuer: &Issuer, now: i64| issuer.ring(start + now).public_keys().any(|key| key.id == old);
    assert_eq!(sign(59, 60).await, old);
    let new = sign(60, 60).await;
    assert_ne!(new, old);
    for now in [0, 60, 7199] {
        assert!(has_old(issuer, now), "at {now}");
        let again = fixture.again(&store).await;
        assert!(has_old(&again.state.issuer, now), "at {now}, after a crash");
    }
    let later = 7200 + 3600;
    assert!(
        !has_old(issuer, later),
        "the horizon is at most an hour further than the longest token"
    );
    assert_eq!(sign(later, 60).await, new);
    let kept = std::fs::read_to_string(fixture.home.path().join("auth.keys.json")).unwrap();
    assert_eq!(
        kept.matches("\"private\"").count(),
        1,
        "only what signs is kept: {kept}"
    );
}

#[tokio::test]
async fn a_platform_from_before_the_ring_keeps_its_key_until_it_can_end() {
    let home = Arc::new(tempfile::tempdir().unwrap());
    let config = config(home.path());
    crate::auth::key::Root::load(&home.path().join("auth.key")).unwrap();
    let issuer = Arc::new(issuer(&config));
    let now = unix_seconds(SystemTime::now());
    let id = issuer.ring(now).public_keys().next().unwrap().id;
    issuer.rotate(1, now).await.unwrap();
    let has = |at: i64| issuer.ring(at).public_keys().any(|key| key.id == id);
    assert!(has(now + LONGEST_LIFE - 10) && !has(now + LONGEST_LIFE + 10));
}

#[tokio::test]
async fn a_key_that_is_given_wins_and_the_one_in_the_home_comes_back() {
    let store: Arc<Memory> = Arc::default();
    let donor = with_ada(&Arc::default()).await;
    donor.signed("").await;
    let text =
        |fixture: &Fixture, name: &str| std::fs::read_to_string(fixture.home.path().join(name)).unwrap();
    let given = RsaPair {
        private: Some(text(&donor, "id_rsa")),
        public: Some(text(&donor, "id_rsa.pub")),
    };
    let donated = part(&donor.signed("").await, 0);
    let own = with_ada(&store).await;
    let before = own.signed("").await;
    let config = Config {
        rsa: given,
        ..config(own.home.path())
    };
    let open = async |config: &Config| {
        let store = Arc::clone(&store) as Arc<dyn Store>;
        let state = State::open(config, issuer(config), store).await.unwrap();
        let state = Arc::new(state);
        (AuthHandler::new(Arc::clone(&state)), state)
    };
    let (auth, state) = open(&config).await;
    let token = auth
        .token(&Context::background(), request(""))
        .await
        .unwrap()
        .token
        .unwrap();
    assert_eq!(part(&token.access_token, 0), donated);
    assert!(
        state.issuer.verifier().verify(&before).is_ok(),
        "what the other one signed stays good"
    );
    let rotated = auth
        .rotate_keys(&admin(), RotateKeysRequest { delay: 1 })
        .await
        .unwrap()
        .keys;
    let rsa = rotated
        .iter()
        .filter(|key| key.algorithm == "RS256" && key.replaced_at == 0);
    assert_eq!(rsa.count(), 1, "it is replaced where it is kept: {rotated:?}");
    let back = own.again(&store).await;
    assert_eq!(part(&back.signed("").await, 0), part(&before, 0));
    assert!(back.accepts(&token.access_token));
}

#[tokio::test]
async fn a_key_of_the_original_platform_is_taken_over() {
    let donor = with_ada(&Arc::default()).await;
    let token = donor.signed("").await;
    let own = with_ada(&Arc::default()).await;
    std::fs::copy(donor.home.path().join("id_rsa"), own.home.path().join("id_rsa")).unwrap();
    let again = own.again(&Arc::default()).await;
    assert!(!own.accepts(&token) && again.accepts(&token));
    assert!(
        own.home.path().join("id_rsa.pub").exists(),
        "the public half is written beside it"
    );
}

#[tokio::test]
async fn who_may_rotate_and_how_often() {
    let fixture = Fixture::new().await;
    let rotate =
        async |ctx: &Context, delay: i64| fixture.auth.rotate_keys(ctx, RotateKeysRequest { delay }).await;
    let denied = "access denied to namespace";
    assert_error(
        rotate(&Context::background(), 0).await,
        401,
        ROTATE,
        "an account is required",
    );
    assert_error(rotate(&caller("foo/user/x/admin"), 0).await, 403, ROTATE, denied);
    assert_error(
        rotate(&caller("micro/user/x/dev"), 0).await,
        401,
        ROTATE,
        "Unauthorized",
    );
    for delay in [-1, i64::MAX] {
        assert_eq!(rotate(&admin(), delay).await.unwrap_err().code, 400);
    }
    let keys = rotate(&admin(), 0).await.unwrap().keys;
    assert_eq!(keys.len(), 2, "no RSA key is made that nobody has asked for");
    assert_eq!(keys[0].replaced_at, keys[1].signs_from);
    assert_eq!((keys[0].valid_until, keys[1].valid_until), (0, 0));
    while rotate(&admin(), 60).await.is_ok() {}
    let refused = rotate(&admin(), 60).await.unwrap_err();
    assert_eq!(refused.code, 409);
    assert!(refused.detail.contains("16 keys"), "{refused}");
}
