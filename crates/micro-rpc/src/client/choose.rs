//! Which instance a call goes to: load balancing by the power of two choices.
//!
//! Of two that are drawn by lot the one with less to do, weighed by how long it takes: about as good as the best of all, and it costs the same
//! for three instances as for a thousand. Those that did not take this call, or are left alone, are passed over while there are others.
//!
//! Of very many instances a client calls two neighbours while it has no call at the better of them, else some more, else any: who calls little
//! keeps few connections, and they stay warm. Each client begins elsewhere and moves on slowly, and at once where it is refused.

use std::sync::Arc;

use super::pool::{Pool, Target};
use super::standing::Access;
use crate::trace;

/// So many instances are no crowd: any of them is called.
const FEW: usize = 32;
/// A client's neighbours among more, and those beyond them. What a connection needs is some 40 KB at both ends: that of two stays in a
/// processor's cache, and a call is a fifth slower where it has to be fetched.
const NEIGHBOURS: [usize; 2] = [2, FEW];

/// The instances that a call did not get through to, and whether they can be reached.
pub(super) type Passed = Vec<(Arc<Target>, bool)>;

/// An instance, and whether this call finds out how it is.
pub(super) struct Chosen {
    pub(super) target: Arc<Target>,
    pub(super) is_probe: bool,
}

/// `None` when there is none that is worth a try.
pub(super) fn choose(addresses: &[String], passed: &Passed, pool: &Pool) -> Option<Chosen> {
    let chosen = |target| Chosen {
        target,
        is_probe: false,
    };
    match addresses {
        [] => return None,
        [only] if passed.is_empty() => return Some(chosen(pool.target(only))),
        _ => {}
    }
    let count = addresses.len();
    let mut draw = Draw {
        addresses,
        passed,
        pool,
        best: None,
    };
    for neighbours in NEIGHBOURS.into_iter().filter(|_| count > FEW) {
        let probe = draw.two(pool.begin(count), neighbours);
        let idle = |best: &mut Arc<Target>| best.standing.is_idle();
        if let Some(found) = probe.or_else(|| draw.best.take_if(idle).map(chosen)) {
            return Some(found);
        }
    }
    draw.two(0, count).or_else(|| {
        let found = draw.best.take();
        found
            .or_else(|| any(addresses, passed, pool, lot(count)))
            .map(chosen)
    })
}

/// Instances that are looked at.
struct Draw<'a> {
    addresses: &'a [String],
    passed: &'a Passed,
    pool: &'a Pool,
    best: Option<Arc<Target>>,
}

impl Draw<'_> {
    /// Two, different ones if there are, of so many from there on. `Some` when a call is to find out how one of them is.
    fn two(&mut self, begin: usize, count: usize) -> Option<Chosen> {
        let one = lot(count);
        let other = (one + 1 + lot(count.max(2) - 1)) % count;
        self.look(begin + one).or_else(|| self.look(begin + other))
    }

    fn look(&mut self, at: usize) -> Option<Chosen> {
        let target = self.pool.target(&self.addresses[at % self.addresses.len()]);
        if is_passed(self.passed, &target).is_some() {
            return None;
        }
        match target.standing.access() {
            Access::Open => match &self.best {
                Some(better) if better.standing.cost() <= target.standing.cost() => {}
                _ => self.best = Some(target),
            },
            Access::Probe => {
                let is_probe = true;
                return Some(Chosen { target, is_probe });
            }
            Access::Connect => target.connect(),
            Access::Out => {}
        }
        None
    }
}

/// The first in turn that may be called; else one that fails, else one that has passed this call on, else one that may be back.
fn any(addresses: &[String], passed: &Passed, pool: &Pool, from: usize) -> Option<Arc<Target>> {
    let (before, behind) = addresses.split_at(from);
    let mut best: Option<(u8, Arc<Target>)> = None;
    for address in behind.iter().chain(before) {
        let target = pool.target(address);
        let rank = match (is_passed(passed, &target), target.standing.is_open()) {
            (None, true) => return Some(target),
            (None, false) if !target.standing.is_unreachable() => 0,
            (Some(true), _) => 1,
            (None, false) => 2,
            (Some(false), _) => continue,
        };
        if best.as_ref().is_none_or(|(better, _)| rank < *better) {
            best = Some((rank, target));
        }
    }
    best.map(|(_, target)| target)
}

/// Whether it did not take this call, and can be reached.
fn is_passed(passed: &Passed, target: &Arc<Target>) -> Option<bool> {
    let found = passed.iter().find(|(one, _)| one.address == target.address);
    found.map(|(_, is_reachable)| *is_reachable)
}

fn lot(below: usize) -> usize {
    trace::share(trace::fraction(), below)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::client::standing::Outcome;

    fn addresses(names: &str) -> Vec<String> {
        names.split(' ').map(str::to_owned).collect()
    }

    /// Who is chosen how often, of a hundred times.
    fn counts(names: &str, passed: &[(&str, bool)], pool: &Pool) -> BTreeMap<String, usize> {
        let passed = passed
            .iter()
            .map(|(name, is_reachable)| (pool.target(name), *is_reachable))
            .collect();
        let mut counts = BTreeMap::new();
        for _ in 0..100 {
            if let Some(chosen) = choose(&addresses(names), &passed, pool) {
                *counts.entry(chosen.target.address.clone()).or_default() += 1;
            }
        }
        counts
    }

    #[track_caller]
    fn check(names: &str, passed: &[(&str, bool)], pool: &Pool, expected: &str) {
        let chosen: Vec<_> = counts(names, passed, pool).into_keys().collect();
        assert_eq!(chosen.join(" "), expected, "{names} without {passed:?}");
    }

    #[test]
    fn others_first_and_the_unreachable_never() {
        let pool = Pool::new(1, Duration::from_secs(15));
        for (name, calls) in [("a", 5), ("b", 0)] {
            let target = pool.target(name);
            target.standing.took(Duration::from_millis(1));
            (0..calls).for_each(|_| target.standing.begin(true));
        }
        check("a", &[], &pool, "a");
        check("a b", &[], &pool, "b");
        check("a b", &[("b", true)], &pool, "a");
        check("a", &[("a", true)], &pool, "a");
        check("a", &[("a", false)], &pool, "");
        check("a b", &[("a", false), ("b", true)], &pool, "b");
        assert!(choose(&[], &Passed::new(), &pool).is_none());
    }

    #[test]
    fn who_is_left_alone_is_called_when_there_is_nobody_else() {
        let pool = Pool::new(1, Duration::from_secs(15));
        let fail = |name: &str, outcome| {
            for _ in 0..5 {
                pool.target(name).standing.saw(outcome, false);
            }
        };
        fail("a", Outcome::Failing);
        fail("b", Outcome::Unreachable);
        check("a b c d", &[], &pool, "c d");
        check("a b", &[], &pool, "a");
        check("b", &[], &pool, "b");
        check("a b c", &[("c", true)], &pool, "a");
        check("b c", &[("c", true)], &pool, "c");
        check("b c", &[("c", false)], &pool, "b");
    }

    #[test]
    fn equals_share_alike() {
        let pool = Pool::new(1, Duration::from_secs(15));
        for name in addresses("a b c d") {
            pool.target(&name).standing.took(Duration::from_millis(1));
        }
        let counts = counts("a b c d", &[], &pool);
        assert_eq!(counts.len(), 4, "{counts:?}");
    }

    #[test]
    fn of_very_many_a_few_are_called_while_they_have_time_and_all_when_not() {
        let names: Vec<String> = (0..60).map(|number| number.to_string()).collect();
        let names = names.join(" ");
        let one = Pool::new(1, Duration::from_secs(15));
        let begins = |pool: &Pool| pool.begin(60).abs_diff(one.begin(60));
        let other =
            std::iter::repeat_with(|| Pool::new(1, Duration::from_secs(15))).find(|pool| begins(pool) > 0);
        let other = other.unwrap();
        let (few, others) = (counts(&names, &[], &one), counts(&names, &[], &other));
        assert_eq!(few.len(), NEIGHBOURS[0], "{few:?}");
        assert!(
            few.keys().any(|name| !others.contains_key(name)),
            "each has its own"
        );
        few.keys().for_each(|name| one.target(name).standing.begin(true));
        let more = counts(&names, &[], &one);
        assert!((NEIGHBOURS[0] + 1..2 * FEW).contains(&more.len()), "{more:?}");
        more.keys().for_each(|name| one.target(name).standing.begin(true));
        let is_new = |name: &String| !few.contains_key(name) && !more.contains_key(name);
        assert!(counts(&names, &[], &one).keys().any(is_new), "they are busy");
    }
}
