//! A service of a few workers, in a time of its own.

use std::collections::VecDeque;

use super::*;

const ORIGIN: Duration = Duration::from_secs(1_000);

/// How the service is asked.
#[derive(Clone, Copy)]
struct Load {
    /// Calls a second.
    rate: f64,
    /// So many are dealt with at once, each in so long. Without a number nobody waits for another.
    workers: Option<usize>,
    work: Duration,
    allowance: Duration,
}

/// What became of the calls, per second.
#[derive(Debug, Default)]
struct Outcome {
    in_time: f64,
    refused: f64,
}

#[derive(Clone, Copy)]
struct Waiting {
    at: f64,
    among: u32,
}

fn over(among: u32, took: Duration, allowance: Duration, was_answered: bool) -> Over {
    Over {
        among,
        took,
        allowance,
        was_reached: true,
        was_answered,
    }
}

/// For so many seconds, of which the first few are not counted. Whoever waits for longer than he may leaves, and frees a worker only at the end
/// of his time.
fn run(limit: Option<&Limit>, load: Load, begin: f64, seconds: f64, warm_up: f64) -> Outcome {
    let Load { rate, work, .. } = load;
    let (work, allowance) = (work.as_secs_f64(), load.allowance.as_secs_f64());
    let at = |time: f64| ORIGIN + Duration::from_secs_f64(time);
    let mut outcome = Outcome::default();
    let (mut queue, mut busy) = (VecDeque::new(), Vec::<(f64, Waiting)>::new());
    let (mut time, mut next, end) = (begin, begin, begin + seconds);
    while time < end {
        // Who has waited too long goes.
        let leaves = queue
            .front()
            .map_or(f64::INFINITY, |waiting: &Waiting| waiting.at + allowance);
        let done = busy.iter().map(|(done, _)| *done).fold(f64::INFINITY, f64::min);
        time = next.min(leaves).min(done);
        let leave = |waiting: Waiting, was_answered: bool| {
            if let Some(limit) = limit {
                let took = Duration::from_secs_f64(time - waiting.at);
                limit.leave(&over(waiting.among, took, load.allowance, was_answered), at(time));
            }
        };
        if time == done {
            let index = busy.iter().position(|(at, _)| *at == done).unwrap();
            let (_, call) = busy.swap_remove(index);
            let is_in_time = time - call.at < allowance;
            leave(call, is_in_time);
            if is_in_time && time > begin + warm_up {
                outcome.in_time += 1.0 / (seconds - warm_up);
            }
        } else if time == leaves {
            leave(queue.pop_front().unwrap(), false);
        } else {
            next += 1.0 / rate;
            let entered = limit.map_or(Some(0), |limit| limit.enter(at(time), || 1));
            match entered {
                Some(among) => queue.push_back(Waiting { at: time, among }),
                None if time > begin + warm_up => outcome.refused += 1.0 / (seconds - warm_up),
                None => {}
            }
        }
        while load.workers.is_none_or(|workers| busy.len() < workers)
            && let Some(call) = queue.pop_front()
        {
            // Work is broken off at the deadline: the worker was in vain.
            busy.push(((time + work).min(call.at + allowance + 1e-9), call));
        }
    }
    // Those under way hang up.
    for call in queue.into_iter().chain(busy.into_iter().map(|(_, call)| call)) {
        if let Some(limit) = limit {
            let took = Duration::from_secs_f64((end - call.at).max(0.0));
            limit.leave(&over(call.among, took, load.allowance, false), at(end));
        }
    }
    outcome
}

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Four workers for 5 ms: 800 calls a second.
fn pool(times: f64) -> Load {
    Load {
        rate: 800.0 * times,
        workers: Some(4),
        work: MS(5),
        allowance: MS(250),
    }
}

#[test]
fn what_can_be_done_is_done_however_much_is_asked_for() {
    for times in [1.5, 3.0, 10.0] {
        let limit = Limit::default();
        // As it was before.
        run(Some(&limit), pool(0.5), 0.0, 30.0, 0.0);
        let outcome = run(Some(&limit), pool(times), 30.0, 60.0, 2.0);
        assert!(outcome.in_time > 0.93 * 800.0, "{times}: {outcome:?}");
        // So does it after ten minutes, when it is used to taking long.
        let outcome = run(Some(&limit), pool(times), 90.0, 600.0, 540.0);
        assert!(outcome.in_time > 0.85 * 800.0, "{times}: {outcome:?}");
    }
}

#[test]
fn it_is_needed() {
    let outcome = run(None, pool(3.0), 0.0, 60.0, 2.0);
    assert!(outcome.in_time < 0.5 * 800.0, "{outcome:?}");
}

#[test]
fn nobody_is_refused_where_there_is_enough() {
    for load in [
        pool(0.9),
        // It always takes its time, and takes no longer for being asked more often.
        Load {
            rate: 500.0,
            workers: None,
            work: MS(180),
            allowance: MS(250),
        },
    ] {
        let limit = Limit::default();
        let outcome = run(Some(&limit), load, 0.0, 60.0, 0.0);
        assert_eq!(outcome.refused, 0.0, "{outcome:?}");
    }
}

#[test]
fn one_flood_after_the_other_is_survived() {
    let limit = Limit::default();
    let mut begin = 0.0;
    for round in 0..5 {
        // With nobody in between, few, or some who give more time.
        for (load, seconds) in [
            (pool(0.02), 0.5),
            (
                Load {
                    allowance: MS(10_000),
                    ..pool(0.9)
                },
                2.0,
            ),
        ] {
            run(Some(&limit), load, begin, seconds, 0.0);
            begin += seconds;
        }
        let outcome = run(Some(&limit), pool(3.0), begin, 5.0, 2.0);
        assert!(outcome.in_time > 0.9 * 800.0, "{round}: {outcome:?}");
        begin += 5.0;
    }
}

#[test]
fn it_is_forgotten_when_it_is_over() {
    let limit = Limit::default();
    run(Some(&limit), pool(3.0), 0.0, 20.0, 0.0);
    assert_ne!(limit.most.load(Ordering::Relaxed), NONE);
    let outcome = run(Some(&limit), pool(0.5), 20.0, 20.0, 2.0);
    assert_eq!(outcome.refused, 0.0);
    assert_eq!(limit.most.load(Ordering::Relaxed), NONE);
}

#[test]
fn what_has_stopped_recovers() {
    let limit = Limit::default();
    run(Some(&limit), pool(0.5), 0.0, 10.0, 0.0);
    let stopped = Load {
        work: MS(60_000),
        ..pool(0.5)
    };
    run(Some(&limit), stopped, 10.0, 20.0, 0.0);
    let outcome = run(Some(&limit), pool(0.9), 30.0, 20.0, 5.0);
    assert!(outcome.in_time > 0.85 * 800.0, "{outcome:?}");
}

#[test]
fn what_became_slower_for_another_reason_is_answered_still() {
    let limit = Limit::default();
    let quick = Load {
        rate: 600.0,
        workers: None,
        work: MS(1),
        allowance: MS(250),
    };
    run(Some(&limit), quick, 0.0, 30.0, 0.0);
    let slow = Load {
        work: MS(150),
        ..quick
    };
    let outcome = run(Some(&limit), slow, 30.0, 120.0, 0.0);
    assert!(outcome.in_time > 0.9 * 600.0, "{outcome:?}");
}

#[test]
fn who_gives_too_little_time_does_not_cost_others_theirs() {
    let limit = Limit::default();
    let steady = Load {
        rate: 100.0,
        workers: None,
        work: MS(100),
        allowance: MS(1_000),
    };
    run(Some(&limit), steady, 0.0, 30.0, 0.0);
    for number in 0..10_000 {
        let now = ORIGIN + Duration::from_secs(30) + MS(number);
        for (allowance, took) in [(Duration::from_nanos(1), MS(1)), (MS(150), MS(150))] {
            let among = limit.enter(now, || 1).expect("nobody is refused");
            limit.leave(&over(among, took, allowance, true), now);
        }
    }
    // Nor does who is not let in by the rules.
    for number in 0..1_000 {
        let among = limit.enter(ORIGIN, || 1).unwrap();
        let call = Over {
            was_reached: false,
            ..over(among, MS(900), MS(900), true)
        };
        limit.leave(&call, ORIGIN + Duration::from_secs(40) + MS(number));
    }
    assert_eq!(limit.most.load(Ordering::Relaxed), NONE);
}

#[test]
fn a_burst_that_is_late_does_not_shut_it() {
    let limit = Limit::default();
    run(Some(&limit), pool(0.5), 0.0, 30.0, 0.0);
    let now = ORIGIN + Duration::from_secs(30);
    let calls: Vec<_> = (0..100).map(|_| limit.enter(now, || 1).unwrap()).collect();
    for among in calls {
        limit.leave(&over(among, MS(240), MS(250), true), now + MS(240));
    }
    assert!(limit.most.load(Ordering::Relaxed) / GROWS > 2, "{limit:?}");
}

#[test]
fn who_asks_little_is_let_in_beside_a_flood() {
    let limit = Limit::default();
    limit.shrink(10, MS(200), MS(200), ORIGIN);
    for _ in 0..5 {
        assert!(limit.enter(ORIGIN, || 1).is_some());
    }
    for _ in 0..5 {
        assert!(limit.enter(ORIGIN, || 1).is_none());
        assert!(limit.enter(ORIGIN, || 0).is_some());
    }
    // And twice as many in all.
    let quiet = (0..5).filter(|_| limit.enter(ORIGIN, || 0).is_some()).count();
    assert!(quiet <= 1);
}
