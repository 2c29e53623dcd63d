//! In which order services are started that depend on each other.

use std::collections::HashSet;
use std::fmt;

/// A service, and those that must answer before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) depends: Vec<String>,
}

/// Services that wait for each other in a circle: its path, that ends where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle(pub(crate) Vec<String>);

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" -> "))
    }
}

/// The places of the nodes in waves: those of a wave need only nodes of the waves before it, and keep their order. What a
/// node depends on besides is not looked at.
pub(crate) fn waves(nodes: &[Node]) -> Result<Vec<Vec<usize>>, Cycle> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut left: Vec<usize> = (0..nodes.len()).collect();
    while !left.is_empty() {
        let waiting: HashSet<&str> = left.iter().map(|at| nodes[*at].name.as_str()).collect();
        let waits = |at: &usize| {
            nodes[*at]
                .depends
                .iter()
                .any(|name| waiting.contains(name.as_str()))
        };
        let (later, now): (Vec<usize>, Vec<usize>) = left.iter().partition(|at| waits(at));
        if now.is_empty() {
            return Err(cycle(nodes, &waiting));
        }
        waves.push(now);
        left = later;
    }
    Ok(waves)
}

/// The places of the nodes, each before those that it depends on. Where some wait for each other there is no such order,
/// and they stay as they are: what runs must be stopped in any case.
pub(crate) fn backwards(nodes: &[Node]) -> Vec<usize> {
    let needs = |one: &Node, other: &Node| one.depends.contains(&other.name);
    let turned: Vec<Node> = nodes
        .iter()
        .map(|node| Node {
            name: node.name.clone(),
            depends: nodes
                .iter()
                .filter(|other| needs(other, node))
                .map(|other| other.name.clone())
                .collect(),
        })
        .collect();
    waves(&turned).map_or_else(|_| (0..nodes.len()).collect(), |waves| waves.concat())
}

/// What the nodes depend on that is none of them: the node, and what it needs.
pub(crate) fn outside(nodes: &[Node]) -> Vec<(&str, &str)> {
    let own: HashSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    nodes
        .iter()
        .flat_map(|node| {
            node.depends
                .iter()
                .map(|name| (node.name.as_str(), name.as_str()))
        })
        .filter(|(_, name)| !own.contains(name))
        .collect()
}

/// Goes from one that waits to one that it waits for, until it comes by a second time. All of `waiting` wait.
fn cycle(nodes: &[Node], waiting: &HashSet<&str>) -> Cycle {
    let next = |name: &str| {
        let node = nodes.iter().find(|node| node.name == name)?;
        node.depends.iter().find(|name| waiting.contains(name.as_str()))
    };
    let first = nodes.iter().find(|node| waiting.contains(node.name.as_str()));
    let mut path: Vec<String> = first.iter().map(|node| node.name.clone()).collect();
    while let Some(name) = path.last().and_then(|last| next(last)) {
        let seen = path.iter().position(|other| other == name);
        path.push(name.clone());
        if let Some(begin) = seen {
            return Cycle(path.split_off(begin));
        }
    }
    Cycle(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `a<b,c` is a node that depends on two others.
    fn nodes(text: &str) -> Vec<Node> {
        let node = |word: &str| {
            let (name, depends) = word.split_once('<').unwrap_or((word, ""));
            Node {
                name: name.to_owned(),
                depends: depends
                    .split(',')
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect(),
            }
        };
        text.split_whitespace().map(node).collect()
    }

    fn shown(nodes: &[Node], places: &[usize]) -> String {
        let names: Vec<&str> = places.iter().map(|at| nodes[*at].name.as_str()).collect();
        names.join(" ")
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        for (given, expected) in [
            ("", ""),
            ("a", "a"),
            ("a b c", "a b c"),
            ("web<user,email email<user user", "user | email | web"),
            ("d<b,c c<a b<a a", "a | c b | d"),
            ("b<a a z<outside", "a z | b"),
        ] {
            let nodes = nodes(given);
            let waves = waves(&nodes).unwrap();
            let waves: Vec<String> = waves.iter().map(|wave| shown(&nodes, wave)).collect();
            assert_eq!(waves.join(" | "), expected, "{given}");
        }
    }

    #[test]
    fn a_circle_is_shown_with_its_path() {
        for (given, expected) in [
            ("user<email email<user", "user -> email -> user"),
            ("web<user user<email email<user", "user -> email -> user"),
            ("a<b b<c c<a d", "a -> b -> c -> a"),
            ("a<x x<outside,a", "a -> x -> a"),
            ("a<a", "a -> a"),
        ] {
            assert_eq!(waves(&nodes(given)).unwrap_err().to_string(), expected, "{given}");
        }
    }

    #[test]
    fn they_are_stopped_the_other_way_round() {
        for (given, expected) in [
            ("b a", "b a"),
            ("user email<user web<email", "web email user"),
            ("user x email<user", "x email user"),
            ("a<b b<a c", "a b c"),
        ] {
            let nodes = nodes(given);
            assert_eq!(shown(&nodes, &backwards(&nodes)), expected, "{given}");
        }
    }

    #[test]
    fn what_is_needed_of_others() {
        let nodes = nodes("a<b,x b<y,a c");
        assert_eq!(outside(&nodes), [("a", "x"), ("b", "y")]);
    }

    proptest! {
        #[test]
        fn all_are_started_once_after_what_they_need(edges in proptest::collection::vec((0..8usize, 0..8usize), 0..20)) {
            let mut nodes = nodes("n0 n1 n2 n3 n4 n5 n6 n7");
            for (from, to) in &edges {
                nodes[*from].depends.push(format!("n{to}"));
            }
            match waves(&nodes) {
                Ok(waves) => {
                    let order = waves.concat();
                    let place = |at: &usize| order.iter().position(|other| other == at);
                    prop_assert_eq!(order.len(), nodes.len());
                    for (from, to) in &edges {
                        prop_assert!(place(to) < place(from), "{:?}", waves);
                    }
                }
                Err(Cycle(path)) => {
                    prop_assert!(path.len() > 1 && path.first() == path.last());
                    for pair in path.windows(2) {
                        let node = nodes.iter().find(|node| node.name == pair[0]).unwrap();
                        prop_assert!(node.depends.contains(&pair[1]), "{:?}", path);
                    }
                }
            }
        }
    }
}
