//! The endpoints of a service by name, however many it has.

use std::cmp::Ordering;

use micro::registry::{Endpoint, Service};

/// Those of a name, of a version as the cache has it: there they are in the order of their names.
pub(crate) fn named<'a>(version: &'a Service, name: &str) -> &'a [Endpoint] {
    let endpoints = &version.endpoints;
    debug_assert!(
        endpoints.is_sorted_by(|a, b| a.name <= b.name),
        "{}",
        version.name
    );
    equal(endpoints, |endpoint| endpoint.name.as_str().cmp(name))
}

/// What is equal, of what is in order.
fn equal<T>(all: &[T], mut order: impl FnMut(&T) -> Ordering) -> &[T] {
    let from = all.partition_point(|one| order(one) == Ordering::Less);
    let all = &all[from..];
    // Of one name there is one, or none.
    match all.get(1).is_none_or(|next| order(next) != Ordering::Equal) {
        true => {
            &all[..all
                .first()
                .is_some_and(|one| order(one) == Ordering::Equal)
                .into()]
        }
        false => &all[..all.partition_point(|one| order(one) == Ordering::Equal)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_name_are_found_and_no_others() {
        let all = [1, 2, 2, 2, 4, 5];
        for (wanted, expected) in [
            (0, &[][..]),
            (1, &[1]),
            (2, &[2, 2, 2]),
            (3, &[]),
            (4, &[4]),
            (5, &[5]),
            (6, &[]),
        ] {
            assert_eq!(equal(&all, |one| one.cmp(&wanted)), expected, "{wanted}");
        }
        assert!(equal(&[], |one: &u8| one.cmp(&1)).is_empty());
    }

    #[test]
    fn ten_thousand_are_looked_through_like_few() {
        let all: Vec<u32> = (0..10_000).collect();
        for wanted in all.iter().copied().chain([10_000]) {
            let mut looks = 0;
            let found = equal(&all, |one| {
                looks += 1;
                one.cmp(&wanted)
            });
            assert_eq!(found.len(), usize::from(wanted < 10_000));
            assert!(looks <= 18, "{looks} for {wanted}");
        }
    }
}
