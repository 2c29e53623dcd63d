//! Waiting for a condition, with a deadline. Nothing else in the tests lets time pass.

use std::future::Future;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When the deadline passes first: with what was waited for, and the last reason why it was not there.
pub async fn until<T, F>(what: &str, deadline: Duration, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let start = Instant::now();
    loop {
        let reason = match ask().await {
            Ok(answer) => return answer,
            Err(reason) => reason,
        };
        assert!(
            start.elapsed() < deadline,
            "waited {deadline:?} for {what}; last seen: {reason}"
        );
        tokio::time::sleep(PACE).await;
    }
}

/// Waits until a plain condition holds.
///
/// # Panics
/// When the deadline passes first.
pub async fn until_true(what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) {
    until(what, deadline, || {
        std::future::ready(if holds() {
            Ok(())
        } else {
            Err("it does not hold".to_owned())
        })
    })
    .await;
}
