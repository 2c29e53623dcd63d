//! A closed loop: so many callers, each waits for its answer before it asks again.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

/// Not counted: connections, caches and the branch predictor get going.
const WARM_UP: Duration = Duration::from_millis(300);

/// Calls per second, with one call in flight for each caller.
pub async fn throughput<C, F>(
    callers: Vec<C>,
    duration: Duration,
    call: impl Fn(C) -> F + Clone + Send + 'static,
) -> Result<f64>
where
    C: Send + 'static,
    F: Future<Output = Result<C>> + Send,
{
    let begin = Instant::now() + WARM_UP;
    let end = begin + duration;
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        let call = call.clone();
        tasks.spawn(async move {
            let mut answered = 0u64;
            loop {
                caller = call(caller).await?;
                let now = Instant::now();
                if now >= end {
                    return anyhow::Ok(answered);
                }
                answered += u64::from(now >= begin);
            }
        });
    }
    let mut answered = 0;
    while let Some(count) = tasks.join_next().await {
        answered += count??;
    }
    Ok(answered as f64 / duration.as_secs_f64())
}

/// Makes so many calls for each caller, one after the other.
pub async fn calls<C, F>(
    callers: Vec<C>,
    each: usize,
    call: impl Fn(C) -> F + Clone + Send + 'static,
) -> Result<()>
where
    C: Send + 'static,
    F: Future<Output = Result<C>> + Send,
{
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        let call = call.clone();
        tasks.spawn(async move {
            for _ in 0..each {
                caller = call(caller).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// The median time of one call at a time, in microseconds.
pub async fn latency<C, F>(mut caller: C, duration: Duration, call: impl Fn(C) -> F) -> Result<f64>
where
    F: Future<Output = Result<C>>,
{
    let begin = Instant::now() + WARM_UP;
    let end = begin + duration;
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        caller = call(caller).await?;
        if start >= end {
            return Ok(median(times));
        }
        if start >= begin {
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
}

/// The middle of the values; of two middles, the upper.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert!(median(Vec::new()).is_nan());
    }
}
