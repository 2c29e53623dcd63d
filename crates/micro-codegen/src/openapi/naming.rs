//! Names that are each given once: the short one where nobody else wants it.

use std::collections::BTreeMap;

use super::components::Component;
use super::platform;
use crate::contract::{Contract, Service};

/// Of components, in their order: the path, `Account.Address`; where that is not unique, the full name with the package; and where
/// two services mean different things even by that, the service's name before it.
pub fn components(all: &[Component<'_>], contracts: &[Contract]) -> Vec<String> {
    let choices = all.iter().map(|component| {
        let id = component.declared.id();
        let service = &contracts[component.contract].name;
        [
            component.declared.path().join("."),
            id.to_owned(),
            format!("{service}.{id}"),
        ]
    });
    distinct(&choices.collect::<Vec<_>>(), &[platform::ERROR])
}

/// Of tags, in the order of the services, no two of which have the same address: `Mirror`, or `echo.Mirror`.
pub fn tags<'a>(services: impl Iterator<Item = (&'a Contract, &'a Service)>) -> Vec<String> {
    let choices = services.map(|(contract, service)| {
        let name = &service.name;
        [name.clone(), format!("{}.{name}", contract.name)]
    });
    distinct(&choices.collect::<Vec<_>>(), &[])
}

/// The first of its choices that nobody shares, for each; who has none left is numbered.
fn distinct<const N: usize>(choices: &[[String; N]], taken: &[&str]) -> Vec<String> {
    let mut levels = vec![0; choices.len()];
    loop {
        let names: Vec<_> = choices.iter().zip(&levels).enumerate().map(name).collect();
        let mut holders: BTreeMap<&str, usize> = taken.iter().map(|name| (*name, 1)).collect();
        for name in &names {
            *holders.entry(name).or_default() += 1;
        }
        let mut shared = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if holders.get(name.as_str()).is_some_and(|count| *count > 1) {
                shared.push(index);
            }
        }
        // A number is only given where the names before were equal in all their forms, so it ends.
        if shared.iter().all(|index| levels[*index] > N) {
            return names;
        }
        for index in shared {
            levels[index] += 1;
        }
    }
}

fn name<const N: usize>((index, (choices, level)): (usize, (&[String; N], &usize))) -> String {
    match choices.get(*level) {
        Some(name) => name.clone(),
        None => format!("{}_{}", choices[N - 1], index + level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(choices: &[[&str; 3]], expected: &[&str]) {
        let choices: Vec<_> = choices.iter().map(|names| names.map(str::to_owned)).collect();
        assert_eq!(distinct(&choices, &["Error"]), expected);
    }

    #[test]
    fn the_shortest_name_that_nobody_shares() {
        check(&[], &[]);
        check(&[["A", "p.A", "s.p.A"], ["B", "p.B", "s.p.B"]], &["A", "B"]);
        check(&[["A", "p.A", "s.p.A"], ["A", "q.A", "s.q.A"]], &["p.A", "q.A"]);
        check(&[["A", "A", "s.A"], ["A", "q.A", "s.q.A"]], &["A", "q.A"]);
        check(
            &[["A", "p.A", "s.p.A"], ["A", "p.A", "t.p.A"]],
            &["s.p.A", "t.p.A"],
        );
        check(&[["Error", "Error", "s.Error"]], &["s.Error"]);
        check(&[["A", "A", "s.A"], ["A", "A", "s.A"]], &["s.A_3", "s.A_4"]);
    }
}
