//! Which page a path is.

use std::sync::Arc;

use super::Page;

/// A page and where it is.
#[derive(Clone)]
pub(super) struct Route {
    parts: Vec<Part>,
    pub(super) page: Arc<dyn Page>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Word(String),
    Variable(String),
}

impl Route {
    pub(super) fn new(path: &str, page: Arc<dyn Page>) -> Self {
        Self {
            parts: split(path).map(Part::read).collect(),
            page,
        }
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        split(path).count() == self.parts.len()
            && self
                .parts
                .iter()
                .zip(split(path))
                .all(|(part, text)| part.matches(text))
    }

    /// Whether both are asked for the same paths.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        let is_same =
            |(one, other): (&Part, &Part)| one == other || (one.is_variable() && other.is_variable());
        self.parts.len() == other.parts.len() && self.parts.iter().zip(&other.parts).all(is_same)
    }

    /// The least of those that match is meant: the one whose words begin earlier.
    pub(super) fn rank(&self) -> Vec<bool> {
        self.parts.iter().map(Part::is_variable).collect()
    }

    /// What stands for the parts in braces.
    pub(super) fn variables(&self, path: &str) -> Vec<(String, String)> {
        let both = self.parts.iter().zip(split(path));
        both.filter_map(|(part, text)| match part {
            Part::Variable(name) => Some((name.clone(), text.to_owned())),
            Part::Word(_) => None,
        })
        .collect()
    }
}

impl Part {
    fn read(text: &str) -> Self {
        let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) => Self::Variable(name.to_owned()),
            None => Self::Word(text.to_owned()),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => word == text,
            Self::Variable(_) => !text.is_empty(),
        }
    }

    fn is_variable(&self) -> bool {
        matches!(self, Self::Variable(_))
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/').split('/')
}
