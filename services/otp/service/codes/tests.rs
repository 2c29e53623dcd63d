use micro::Context;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

struct Bench {
    codes: Codes,
    clock: Clock,
    tenant: Tenant,
}

fn bench() -> Bench {
    let clock = Clock::manual();
    let platform = Platform {
        clock: clock.clone(),
        ..Platform::in_memory("acme")
    };
    let ctx = Context::background().with_account(micro::examples::caller());
    Bench {
        codes: Codes::new(&platform),
        clock,
        tenant: Tenant::of(&ctx).unwrap(),
    }
}

impl Bench {
    async fn generate(&self) -> String {
        let made = self.codes.generate(&self.tenant, "ann", 6, MINUTE).await;
        made.unwrap()
    }

    async fn validate(&self, digits: &str) -> bool {
        self.codes.validate(&self.tenant, "ann", digits).await.unwrap()
    }
}

/// Of the same length, and wrong.
fn other(code: &str) -> String {
    let first = if code.starts_with('0') { "1" } else { "0" };
    format!("{first}{}", &code[1..])
}

#[tokio::test]
async fn a_code_is_good_once() {
    let test = bench();
    let code = test.generate().await;
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()));
    assert!(!test.validate(&other(&code)).await);
    assert!(test.validate(&code).await);
    assert!(!test.validate(&code).await);
}

#[tokio::test]
async fn a_code_is_good_for_its_time() {
    let test = bench();
    for (waits, is_good) in [(MINUTE - Duration::from_millis(1), true), (MINUTE, false)] {
        let code = test.generate().await;
        test.clock.advance(waits);
        assert_eq!(test.validate(&code).await, is_good);
    }
}

#[tokio::test]
async fn the_fifth_try_is_the_last() {
    let test = bench();
    for (wrong, is_good) in [(TRIES - 1, true), (TRIES, false)] {
        let code = test.generate().await;
        for _ in 0..wrong {
            assert!(!test.validate(&other(&code)).await);
        }
        assert_eq!(test.validate(&code).await, is_good, "after {wrong}");
    }
}

#[tokio::test]
async fn a_new_code_takes_the_place_of_the_one_before_with_tries_of_its_own() {
    let test = bench();
    let first = test.generate().await;
    for _ in 0..TRIES {
        test.validate(&other(&first)).await;
    }
    // Two codes in a row may be the same by chance.
    let second = loop {
        let second = test.generate().await;
        if second != first {
            break second;
        }
    };
    assert!(!test.validate(&first).await);
    assert!(test.validate(&second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_with_the_right_code_one_succeeds() {
    let test = bench();
    for _ in 0..20 {
        let code = test.generate().await;
        let tries = (0..4).map(|_| {
            let (codes, tenant, code) = (test.codes.clone(), test.tenant.clone(), code.clone());
            async move { codes.validate(&tenant, "ann", &code).await.unwrap() }
        });
        let tries: tokio::task::JoinSet<_> = tries.collect();
        let succeeded = tries.join_all().await.into_iter().filter(|success| *success);
        assert_eq!(succeeded.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_at_the_same_time_are_all_counted() {
    let test = bench();
    let code = test.generate().await;
    let tries = (0..TRIES).map(|_| {
        let (codes, tenant, wrong) = (test.codes.clone(), test.tenant.clone(), other(&code));
        async move { codes.validate(&tenant, "ann", &wrong).await.unwrap() }
    });
    let tries: tokio::task::JoinSet<_> = tries.collect();
    assert!(!tries.join_all().await.contains(&true));
    assert!(!test.validate(&code).await);
}
