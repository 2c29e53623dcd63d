//! What is reserved so that nothing takes the place of what was removed.

use super::Rule;

/// Numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: i64,
    last: i64,
}

/// The reserved numbers and names of a message or an enum.
pub struct Reserved<'a> {
    pub ranges: Vec<Range>,
    pub names: &'a [String],
    /// The fields of the descriptor that they are in.
    pub range_path: i32,
    pub name_path: i32,
}

/// The number and the names of an element that is gone, as far as they are not reserved.
pub struct Open<'n> {
    number: Option<i32>,
    names: Vec<&'n str>,
}

/// Something that was reserved and no longer is.
pub struct Lost {
    /// Where it stood, from its message or enum.
    pub path: Vec<i32>,
    what: String,
    /// Who has the number now.
    user: Option<String>,
}

impl Reserved<'_> {
    /// What of an element that is gone could be taken by another.
    pub fn open<'n>(&self, number: i32, names: impl IntoIterator<Item = &'n str>) -> Open<'n> {
        let is_reserved = self.ranges.iter().any(|range| range.contains(number.into()));
        let names = names.into_iter().filter(|name| !self.has_name(name));
        Open {
            number: (!is_reserved).then_some(number),
            names: names.collect(),
        }
    }

    fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|reserved| reserved == name)
    }

    /// What `new` does not reserve any more; `used` tells who uses a number of a range.
    pub fn lost(&self, new: &Reserved<'_>, used: impl Fn(Range) -> Option<String>) -> Vec<Lost> {
        let mut lost = Vec::new();
        for (range, index) in self.ranges.iter().zip(0..) {
            lost.extend(range.without(&new.ranges).into_iter().map(|rest| Lost {
                path: vec![self.range_path, index],
                what: rest.to_string(),
                user: used(rest),
            }));
        }
        let names = self.names.iter().zip(0..);
        lost.extend(
            names
                .filter(|(name, _)| !new.has_name(name))
                .map(|(name, index)| Lost {
                    path: vec![self.name_path, index],
                    what: format!("the name {name:?}"),
                    user: None,
                }),
        );
        lost
    }
}

impl Open<'_> {
    /// The gravest of the rules about the number, the name, and the element itself.
    pub fn rule(&self, [number, name, element]: [Rule; 3]) -> Rule {
        match (self.number, self.names.is_empty()) {
            (Some(_), _) => number,
            (None, false) => name,
            (None, true) => element,
        }
    }

    pub fn advice(&self) -> String {
        let number = self.number.map(|number| format!("`reserved {number};`"));
        let quoted: Vec<_> = self.names.iter().map(|name| format!("{name:?}")).collect();
        let names = (!quoted.is_empty()).then(|| format!("`reserved {};`", quoted.join(", ")));
        let parts: Vec<_> = number.into_iter().chain(names).collect();
        match parts.is_empty() {
            true => "keep it with `[deprecated = true]` for as long as code may use it".to_owned(),
            false => format!(
                "keep it with `[deprecated = true]`, or say {} so that nothing takes its place",
                parts.join(" and ")
            ),
        }
    }
}

impl Lost {
    pub fn what(&self, kind: &str, name: &str) -> String {
        let what = format!("{kind} {name} no longer reserves {}", self.what);
        match &self.user {
            Some(user) => format!("{what}, used by {user}"),
            None => what,
        }
    }

    pub fn advice(&self) -> &'static str {
        match self.user {
            Some(_) => {
                "reserve it again and take another, since old data and old programs know it as something else"
            }
            None => "reserve it again, since old data and old programs still know it",
        }
    }
}

impl Range {
    pub fn new(first: i32, last: i32) -> Self {
        Range {
            first: first.into(),
            last: last.into(),
        }
    }

    pub fn contains(self, number: i64) -> bool {
        (self.first..=self.last).contains(&number)
    }

    /// What is left of the range outside of others, which may overlap; the whole range can be half a billion numbers.
    fn without(self, others: &[Range]) -> Vec<Range> {
        let mut left = vec![self];
        for other in others {
            left = left.into_iter().flat_map(|range| range.minus(*other)).collect();
        }
        left
    }

    fn minus(self, other: Range) -> impl Iterator<Item = Range> {
        let before = Range {
            last: self.last.min(other.first - 1),
            ..self
        };
        let after = Range {
            first: self.first.max(other.last + 1),
            ..self
        };
        [before, after]
            .into_iter()
            .filter(|range| range.first <= range.last)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Range { first, last } = self;
        match first == last {
            true => write!(f, "the number {first}"),
            false => write!(f, "the numbers {first} to {last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_range() {
        let check = |range: (i32, i32), others: &[(i32, i32)], expected: &[(i32, i32)]| {
            let range_of = |(first, last): &(i32, i32)| Range::new(*first, *last);
            let others: Vec<_> = others.iter().map(range_of).collect();
            let expected: Vec<_> = expected.iter().map(range_of).collect();
            assert_eq!(range_of(&range).without(&others), expected);
        };
        check((1, 9), &[], &[(1, 9)]);
        check((1, 9), &[(1, 9)], &[]);
        check((1, 9), &[(0, 20)], &[]);
        check((1, 9), &[(10, 20), (-5, 0)], &[(1, 9)]);
        check((1, 9), &[(3, 5)], &[(1, 2), (6, 9)]);
        check((1, 9), &[(6, 9), (1, 2), (3, 5)], &[]);
        check((1, 9), &[(2, 4), (3, 8)], &[(1, 1), (9, 9)]);
        check((i32::MIN, i32::MAX), &[(0, 0)], &[(i32::MIN, -1), (1, i32::MAX)]);
        check((i32::MIN, i32::MAX), &[(i32::MIN, i32::MAX)], &[]);
    }
}
