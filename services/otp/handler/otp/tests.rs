use std::sync::Arc;
use std::time::UNIX_EPOCH;

use micro::store::{self, Change, FakeStore};
use micro::{Account, Clock, Platform};
use proto::Otp as _;
use proto::{GenerateRequest, ValidateRequest};

use super::*;

/// The service in memory, with a store that tells what it was asked.
struct Bench {
    otp: Otp,
    store: Arc<FakeStore>,
    clock: Clock,
}

fn bench() -> Bench {
    let (store, clock) = (Arc::new(FakeStore::new()), Clock::manual());
    let platform = Platform {
        store: store.clone(),
        clock: clock.clone(),
        ..Platform::in_memory("acme")
    };
    let otp = Otp::new(Codes::new(&platform));
    Bench { otp, store, clock }
}

fn caller(id: &str) -> Context {
    Context::background().with_account(Arc::new(Account {
        id: id.to_owned(),
        issuer: "acme".to_owned(),
        ..Account::default()
    }))
}

fn wanted(id: &str) -> GenerateRequest {
    GenerateRequest {
        id: id.to_owned(),
        ..GenerateRequest::default()
    }
}

fn given(id: &str, code: &str) -> ValidateRequest {
    ValidateRequest {
        id: id.to_owned(),
        code: code.to_owned(),
    }
}

#[tokio::test]
async fn a_code_is_made_kept_sealed_and_taken_once() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let code = test.otp.generate(&ctx, wanted("ann@example.org")).await?.code;
    assert_eq!(code.len(), 6);

    let (scope, changes) = test.store.commits.args_for_call(0);
    assert_eq!((scope.database.as_str(), scope.table.as_str()), ("acme", "otp"));
    let [Change::PutNew(record)] = &changes[..] else {
        panic!("one new record: {changes:?}");
    };
    assert_eq!(record.key, "@acme/ada/code/ann@example.org");
    assert!(!String::from_utf8_lossy(&record.value).contains(&code));
    let expires = record.expires_at.unwrap().duration_since(UNIX_EPOCH).unwrap();
    assert_eq!(i64::try_from(expires.as_secs()).unwrap(), test.clock.unix() + 60);

    let validate = async || test.otp.validate(&ctx, given("ann@example.org", &code)).await;
    assert!(validate().await?.success);
    assert!(!validate().await?.success);
    assert_eq!(
        test.store.commits.call_count(),
        2,
        "the second time there is nothing to change"
    );
    Ok(())
}

#[tokio::test]
async fn wrong_and_unknown_codes_are_no_errors() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let code = test.otp.generate(&ctx, wanted("ann")).await?.code;
    for (id, code) in [("ann", "x"), ("bob", &code), ("ann", "00000000000000000")] {
        let answer = test.otp.validate(&ctx, given(id, code)).await?;
        assert!(!answer.success, "{id} {code}");
    }
    Ok(())
}

#[tokio::test]
async fn size_and_expiry_have_bounds_that_errors_say() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let generate = async |size, expiry| {
        let request = GenerateRequest {
            size,
            expiry,
            ..wanted("ann")
        };
        test.otp.generate(&ctx, request).await
    };
    for (size, expiry) in [(4, 1), (16, 86_400)] {
        let code = generate(size, expiry).await?.code;
        assert_eq!(code.len(), usize::try_from(size).unwrap());
    }
    for (size, expiry, id, detail) in [
        (3, 0, "otp.Generate.size", "a code has 4 to 16 digits, not 3"),
        (17, 0, "otp.Generate.size", "a code has 4 to 16 digits, not 17"),
        (-6, 0, "otp.Generate.size", "a code has 4 to 16 digits, not -6"),
        (
            0,
            86_401,
            "otp.Generate.expiry",
            "a code is good for 1 to 86400 seconds, not 86401",
        ),
        (
            0,
            -1,
            "otp.Generate.expiry",
            "a code is good for 1 to 86400 seconds, not -1",
        ),
    ] {
        let error = generate(size, expiry).await.unwrap_err();
        assert_eq!(
            (error.code, error.id.as_str(), error.detail.as_str()),
            (400, id, detail)
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_request_asks_nothing_of_the_store() {
    let (ctx, test) = (caller("ada"), bench());
    let long = "x".repeat(LONGEST_ID + 1);
    for id in ["", "a\0b", "a\nb", &long] {
        let error = test.otp.generate(&ctx, wanted(id)).await.unwrap_err();
        assert_eq!((error.code, error.id.as_str()), (400, "otp.Generate.id"));
        let error = test.otp.validate(&ctx, given(id, "1234")).await.unwrap_err();
        assert_eq!((error.code, error.id.as_str()), (400, "otp.Validate.id"));
    }
    let error = test.otp.validate(&ctx, given("ann", "")).await.unwrap_err();
    assert_eq!((error.code, error.id.as_str()), (400, "otp.Validate.code"));
    assert!(test.store.invocations().is_empty());
}

#[tokio::test]
async fn without_an_account_nothing_is_asked_or_told() {
    let (nobody, test) = (Context::background(), bench());
    let generated = test.otp.generate(&nobody, wanted("ann")).await;
    assert_eq!(generated.unwrap_err().code, 401);
    let validated = test.otp.validate(&nobody, given("ann", "1234")).await;
    assert_eq!(validated.unwrap_err().code, 401);
    assert!(test.store.invocations().is_empty());
}

#[tokio::test]
async fn tenants_never_meet() -> Result<()> {
    let (ada, bob, test) = (caller("ada"), caller("bob"), bench());
    let code = test.otp.generate(&ada, wanted("ann")).await?.code;
    // Neither is Ada's code good for Bob, nor does a code or a try of his touch hers.
    for _ in 0..5 {
        assert!(!test.otp.validate(&bob, given("ann", &code)).await?.success);
    }
    test.otp.generate(&bob, wanted("ann")).await?;
    assert!(test.otp.validate(&ada, given("ann", &code)).await?.success);
    Ok(())
}

#[tokio::test]
async fn a_store_that_fails_is_said_and_costs_no_code() -> Result<()> {
    let (ctx, test) = (caller("ada"), bench());
    let code = test.otp.generate(&ctx, wanted("ann")).await?.code;
    let full = || Err(store::Error::unavailable("disk full"));
    test.store.commits.returns_on_call(1, full());
    test.store.commits.returns_on_call(2, full());
    let generated = test.otp.generate(&ctx, wanted("ann")).await;
    assert_eq!(generated.unwrap_err().code, 503);
    let validated = test.otp.validate(&ctx, given("ann", &code)).await;
    assert_eq!(validated.unwrap_err().code, 503);
    assert!(test.otp.validate(&ctx, given("ann", &code)).await?.success);
    Ok(())
}
