//! What becomes of services when servers, or the store, come and go.

use super::*;

#[tokio::test]
async fn a_planned_stop_hands_over_at_once() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let first = platform.alive();
    owner.runtime.shutdown().await;
    let second = platform.running(&other, &other.address()).await;
    assert!(!first.contains(&second));
    assert_eq!(platform.alive(), std::slice::from_ref(&second));
    let reopened = platform.open(owner.name).await;
    assert_eq!(
        platform.running(&reopened, &other.address()).await,
        second,
        "it stays where it is"
    );
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn what_a_dead_server_ran_is_taken_over_after_the_time_to_live() {
    let platform = Platform::new(SHORT);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let (name, died) = (owner.name, Instant::now());
    drop(owner);
    let service = other.service().await;
    assert_eq!(
        meta(&service, "server"),
        format!("{name}:8081"),
        "nobody knows yet"
    );
    let unasked = other.log(&platform.key).await.unwrap_err();
    assert_eq!(unasked.code, 503);
    assert!(unasked.detail.contains(&format!("{name}:8081")), "{unasked}");
    platform.running(&other, &other.address()).await;
    assert!(
        died.elapsed() >= SHORT / 2,
        "not before it was missed: {:?}",
        died.elapsed()
    );
    let reopened = platform.open(name).await;
    let pid = platform.running(&reopened, &other.address()).await;
    assert_eq!(platform.alive(), [pid], "it stays where it is");
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_knows_what_was_its_own() {
    let platform = Platform::new(NEVER);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let (name, before) = (owner.name, platform.alive());
    drop(owner);
    platform
        .until("ended", async || platform.alive().is_empty())
        .await;
    let reopened = platform.open(name).await;
    let at = reopened.address();
    platform
        .until("started again", async || {
            platform.alive().first().is_some_and(|pid| !before.contains(pid))
        })
        .await;
    platform.running(&other, &at).await;
    reopened.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_away_ends_nothing_and_moves_nothing() {
    let platform = Platform::new(SHORT);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let before = platform.alive();
    for server in [&owner, &other] {
        server.cut(true);
    }
    let begin = Instant::now();
    platform
        .until("two lives later", async || {
            for server in [&owner, &other] {
                assert_eq!(server.service().await.status, State::Running as i32);
                assert!(server.log(&platform.key).await.is_ok());
            }
            begin.elapsed() > SHORT * 2
        })
        .await;
    for server in [&owner, &other] {
        let asked = Instant::now();
        let refused = server
            .runtime
            .create(platform.create(&serve()))
            .await
            .unwrap_err();
        assert_eq!(refused.code, 503, "{refused}");
        let refused = server.runtime.delete(&platform.key).await.unwrap_err();
        assert_eq!(refused.code, 503, "{refused}");
        assert!(asked.elapsed() < Duration::from_secs(1));
    }
    // The owner is the last to hear that it is back: the other waits a whole life from then on.
    other.cut(false);
    tokio::time::sleep(SHORT / 3).await;
    owner.cut(false);
    let begin = Instant::now();
    platform
        .until("two lives later", async || {
            assert_eq!(platform.alive(), before);
            begin.elapsed() > SHORT * 2
        })
        .await;
    assert_eq!(platform.running(&other, &owner.address()).await, before[0]);
    other.runtime.delete(&platform.key).await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_cut_off_ends_what_another_has_taken_over() {
    let platform = Platform::new(SHORT);
    let (a, b) = (platform.open("a").await, platform.open("b").await);
    a.runtime.create(platform.create(&serve())).await.unwrap();
    let (owner, other) = platform.sides(a, b).await;
    let first = platform.alive();
    platform.is_checking.store(false, Ordering::Relaxed);
    owner.cut(true);
    let second = platform.running(&other, &other.address()).await;
    assert_eq!(
        platform.alive(),
        [&first[..], std::slice::from_ref(&second)].concat(),
        "it goes on to serve"
    );
    owner.cut(false);
    platform
        .until("ended", async || platform.alive() == [second.clone()])
        .await;
    platform.is_checking.store(true, Ordering::Relaxed);
    assert_eq!(platform.running(&owner, &other.address()).await, second);
    owner.runtime.delete(&platform.key).await.unwrap();
}
