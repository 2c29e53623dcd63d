use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn limiter(rate: &str, shards: usize, most: usize) -> (Limiter, Instant) {
    let start = Instant::now();
    (
        Limiter::bounded(rate.parse().unwrap(), start, shards, most),
        start,
    )
}

impl Limiter {
    fn buckets(&self) -> usize {
        let held = |shard: &Mutex<Shard>| shard.lock().unwrap().full_at.len();
        self.shards.iter().map(held).sum()
    }
}

#[test]
fn a_bucket_empties_and_fills() {
    let (limiter, start) = limiter("2/s:3", 1, 8);
    let mut told = Vec::new();
    for milliseconds in [0, 0, 0, 0, 499, 500, 500, 1000, 9000] {
        let verdict = limiter.take("a", start + Duration::from_millis(milliseconds));
        told.push((verdict.wait, verdict.remaining, verdict.reset));
    }
    let expected = [
        (None, 2, 1),
        (None, 1, 1),
        (None, 0, 2),
        (Some(1), 0, 2),
        (Some(1), 0, 2),
        (None, 0, 2),
        (Some(1), 0, 2),
        (None, 0, 2),
        (None, 2, 1),
    ];
    assert_eq!(told, expected);
    // Another one has a bucket of its own.
    assert_eq!(limiter.take("b", start).remaining, 2);
}

#[test]
fn a_slow_rate_says_how_long_to_wait() {
    let (limiter, start) = limiter("2/h", 1, 8);
    let first = limiter.take("a", start);
    assert_eq!(
        (first.limit, first.remaining, first.reset, first.wait),
        (2, 1, 1800, None)
    );
    limiter.take("a", start);
    let refused = limiter.take("a", start + Duration::from_secs(60));
    assert_eq!(
        (refused.remaining, refused.reset, refused.wait),
        (0, 3540, Some(1740))
    );
    // What is refused costs nothing.
    assert_eq!(limiter.take("a", start + Duration::from_secs(1800)).wait, None);
}

#[test]
fn a_flood_of_keys_takes_no_more_memory() {
    let (limiter, start) = limiter("1/h", 4, 16);
    let known = limiter.take("known", start);
    assert_eq!(known.wait, None);
    let let_through = (0..10_000)
        .filter(|key| limiter.take(*key, start).wait.is_none())
        .count();
    assert_eq!(limiter.buckets(), 64);
    // Each bucket once, and each of those that new keys share.
    assert_eq!(let_through, 64 - 1 + 4);
    // Who was there before is not made to pay for it, nor let through again.
    assert_eq!(limiter.take("known", start).wait, Some(3600));
    // Buckets that are full again make place.
    let later = start + Duration::from_secs(3601);
    assert_eq!(limiter.take("known", later).wait, None);
    for key in 20_000..21_000 {
        limiter.take(key, later);
    }
    assert!(limiter.buckets() <= 64);
    assert!(limiter.take(20_000, later).wait.is_some());
}

#[test]
fn a_flood_looks_for_place_now_and_then_only() {
    let (limiter, start) = limiter("1/h", 1, 4);
    for key in 0..4 {
        limiter.take(key, start);
    }
    // The one that looks finds nothing, and for a while nobody looks again although all could go.
    let later = start + Duration::from_secs(3601);
    limiter.take(4, start);
    for key in 5..4 + PATIENCE {
        limiter.take(key, later);
    }
    assert!(
        limiter.shards[0]
            .lock()
            .unwrap()
            .full_at
            .contains_key(&limiter.hasher.hash_one(0))
    );
    limiter.take(4 + PATIENCE, later);
    assert_eq!(limiter.buckets(), 1);
}

#[derive(Clone, Copy, Debug)]
struct Request {
    key: u8,
    after: u64,
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let after = prop_oneof![Just(0), 0..2_000_u64, 0..3_000_000_000_u64];
    let request = (0..12_u8, after).prop_map(|(key, after)| Request { key, after });
    proptest::collection::vec(request, 1..400)
}

proptest! {
    /// In any span of time a key gets at most its burst and what its rate brings in that time, also where buckets are shared and
    /// forgotten; and whoever keeps to the rate is never refused, where there is place.
    #[test]
    fn never_more_than_burst_and_rate(
        count in 1..50_u32,
        burst in 1..20_u32,
        unit in prop_oneof![Just(("s", 1.0)), Just(("m", 60.0))],
        most in 1..16_usize,
        requests in requests(),
    ) {
        let (limiter, start) = limiter(&format!("{count}/{}:{burst}", unit.0), 1, most);
        let per_second = f64::from(count) / unit.1;
        let mut now = Duration::ZERO;
        let mut through: HashMap<u8, VecDeque<Duration>> = HashMap::new();
        for request in requests {
            now += Duration::from_nanos(request.after);
            let verdict = limiter.take(request.key, start + now);
            prop_assert!(verdict.remaining <= u64::from(burst));
            prop_assert!(limiter.buckets() <= most);
            if verdict.wait.is_some() {
                continue;
            }
            let earlier = through.entry(request.key).or_default();
            earlier.push_back(now);
            for (index, since) in earlier.iter().enumerate() {
                let count = (earlier.len() - index) as f64;
                let allowed = f64::from(burst) + per_second * (now - *since).as_secs_f64();
                prop_assert!(count <= allowed + 1e-6, "{count} of {allowed}");
            }
        }
    }

    #[test]
    fn who_keeps_to_the_rate_is_let_through(count in 1..1000_u32, burst in 1..20_u32, pauses in proptest::collection::vec(0..1000_u64, 1..200)) {
        let (limiter, start) = limiter(&format!("{count}/m:{burst}"), 1, 2);
        let mut now = start;
        for pause in pauses {
            prop_assert_eq!(limiter.take("a", now).wait, None);
            now += Duration::from_nanos(limiter.rate().interval() + pause);
        }
    }

    /// The seconds that are told are enough.
    #[test]
    fn waiting_as_told_is_enough(count in 1..1000_u32, burst in 1..20_u32, tries in 1..60_u32) {
        let (limiter, start) = limiter(&format!("{count}/m:{burst}"), 1, 2);
        let mut last = limiter.take("a", start);
        for _ in 1..tries {
            last = limiter.take("a", start);
        }
        let later = start + Duration::from_secs(last.wait.unwrap_or_default());
        prop_assert_eq!(limiter.take("a", later).wait.is_none(), tries < burst || last.wait.is_some());
    }
}
