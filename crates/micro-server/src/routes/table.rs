//! The routes of a namespace as a tree: a request costs what its path is long, however many routes there are.
//!
//! At each part of a path its text goes before `*`, and that before `**`; at the end a verb goes before none, and a method
//! before any. Where the more specific way leads nowhere the next one is tried, so `GET /a/b` finds `GET /a/*` beside
//! `POST /a/b`. No node is looked at twice for one path: the effort is bounded by the tree, and by far less in practice.
//!
//! With ten thousand routes a search waits for memory and for nothing else. So nodes are small, what is few is a list, and a short name and
//! the first of a list lie in the node itself.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use micro_codegen::http::Segment;
use smallvec::SmallVec;

use super::Claim;
use crate::gateway::path::decode;

/// The tree.
#[derive(Default)]
pub(crate) struct Table {
    root: Node,
}

#[derive(Default)]
struct Node {
    literals: Names<Box<Node>>,
    one: Option<Box<Node>>,
    /// What ends here, and what takes all that follows.
    here: Option<Box<Leaves>>,
    rest: Option<Box<Leaves>>,
}

/// The routes of one path, by the verb at its end.
#[derive(Default)]
struct Leaves {
    plain: Names<Arc<Claim>>,
    verbs: Option<Box<Names<Names<Arc<Claim>>>>>,
}

/// What names stand for: a list as long as they are few.
struct Names<T> {
    few: SmallVec<[(Name, T); 1]>,
    #[expect(clippy::box_collection, reason = "most have none")]
    many: Option<Box<HashMap<Name, T>>>,
}

/// The bytes of a text.
type Name = SmallVec<[u8; 16]>;

/// More than so many are looked up by their hash.
const FEW: usize = 8;

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            few: SmallVec::new(),
            many: None,
        }
    }
}

impl<T> Names<T> {
    fn get(&self, name: &str) -> Option<&T> {
        if let Some(many) = &self.many {
            return many.get(name.as_bytes());
        }
        let (_, found) = self.few.iter().find(|(known, _)| known[..] == *name.as_bytes())?;
        Some(found)
    }

    fn entry(&mut self, name: &str) -> &mut T
    where
        T: Default,
    {
        if self.get(name).is_none() {
            self.insert(name, T::default());
        }
        match &mut self.many {
            Some(many) => many.get_mut(name.as_bytes()),
            None => self
                .few
                .iter_mut()
                .find(|(known, _)| known[..] == *name.as_bytes())
                .map(|(_, found)| found),
        }
        .expect("it was put there")
    }

    fn insert(&mut self, name: &str, value: T) {
        let name = Name::from_slice(name.as_bytes());
        if let Some(many) = &mut self.many {
            many.insert(name, value);
            return;
        }
        self.few.retain(|(known, _)| *known != name);
        self.few.push((name, value));
        if self.few.len() > FEW {
            self.many = Some(Box::new(self.few.drain(..).collect()));
        }
    }

    fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let few = self.few.iter().map(|(name, _)| name);
        let all = few.chain(self.many.iter().flat_map(|many| many.keys()));
        all.map(|name| String::from_utf8_lossy(name))
    }
}

/// What a method and a path mean.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    Route(Arc<Claim>),
    /// There are routes with that path, of these methods.
    WrongMethod(BTreeSet<String>),
    Nothing,
}

impl Table {
    /// Adds a route. Of one that two services have, which the registry refuses, the first stays, and the other is handed
    /// back; of two versions of a service the later counts.
    pub fn add(&mut self, claim: Arc<Claim>) -> Result<(), Arc<Claim>> {
        let mut node = &mut self.root;
        let mut leaves = None;
        for segment in &claim.template.segments {
            match segment {
                Segment::Literal(text) => node = node.literals.entry(text),
                Segment::One => node = node.one.get_or_insert_default(),
                Segment::Rest => leaves = Some(()),
            }
        }
        let leaves = match leaves {
            Some(()) => node.rest.get_or_insert_default(),
            None => node.here.get_or_insert_default(),
        };
        let methods = match claim.template.verb.as_deref() {
            Some(verb) => leaves.verbs.get_or_insert_default().entry(verb),
            None => &mut leaves.plain,
        };
        match methods.get(&claim.method) {
            Some(known) if known.call.service != claim.call.service => return Err(claim),
            _ => methods.insert(&claim.method.clone(), claim),
        }
        Ok(())
    }

    /// The route of a method and a path as it was sent. Parts that are `.` or `..` are no route's, however they are
    /// written: a service is never handed a path that leads out of where it should.
    pub fn find(&self, method: &str, path: &str) -> Found {
        let mut search = Search::new(method);
        self.search(&mut search, path)
    }

    /// The nodes and the routes that are looked at to find out what a method and a path mean.
    #[cfg(test)]
    pub fn effort(&self, method: &str, path: &str) -> usize {
        let mut search = Search::new(method);
        self.search(&mut search, path);
        search.looked_at
    }

    fn search<'a>(&self, search: &mut Search<'a>, path: &'a str) -> Found {
        let Some(path) = path.strip_prefix('/') else {
            return Found::Nothing;
        };
        if let Some((before, verb)) = split_verb(path) {
            let Some(verb) = decode(verb) else {
                return Found::Nothing;
            };
            search.verb = Some(verb);
            if let Some(claim) = search.walk(&self.root, Some(before)) {
                return Found::Route(claim.clone());
            }
            search.verb = None;
        }
        match search.walk(&self.root, Some(path)) {
            Some(claim) => Found::Route(claim.clone()),
            None if search.allowed.is_empty() => Found::Nothing,
            None => Found::WrongMethod(std::mem::take(&mut search.allowed)),
        }
    }
}

struct Search<'a> {
    method: &'a str,
    verb: Option<Cow<'a, str>>,
    allowed: BTreeSet<String>,
    /// Nodes, and routes at their ends.
    looked_at: usize,
}

impl<'a> Search<'a> {
    fn new(method: &'a str) -> Self {
        Self {
            method,
            verb: None,
            allowed: BTreeSet::new(),
            looked_at: 0,
        }
    }

    /// `rest` is what follows the node, `None` at the end of the path.
    fn walk<'t>(&mut self, node: &'t Node, rest: Option<&str>) -> Option<&'t Arc<Claim>> {
        self.looked_at += 1;
        let Some(rest) = rest else {
            return self
                .pick(node.here.as_deref())
                .or_else(|| self.pick(node.rest.as_deref()));
        };
        let (part, below) = match rest.split_once('/') {
            Some((part, below)) => (part, Some(below)),
            None => (rest, None),
        };
        let text = decode(part).filter(|text| !is_dots(text))?;
        if let Some(child) = node.literals.get(&text)
            && let Some(found) = self.walk(child, below)
        {
            return Some(found);
        }
        if !part.is_empty()
            && let Some(child) = &node.one
            && let Some(found) = self.walk(child, below)
        {
            return Some(found);
        }
        let rest = node.rest.as_deref()?;
        match below.is_some_and(has_dots) {
            true => None,
            false => self.pick(Some(rest)),
        }
    }

    fn pick<'t>(&mut self, leaves: Option<&'t Leaves>) -> Option<&'t Arc<Claim>> {
        let leaves = leaves?;
        let methods = match self.verb.as_deref() {
            Some(verb) => leaves.verbs.as_ref()?.get(verb)?,
            None => &leaves.plain,
        };
        let mut of = |method: &str| {
            self.looked_at += 1;
            methods.get(method)
        };
        // HEAD is GET without the body, which HTTP itself leaves out.
        let method = self.method;
        let mut found = of(method);
        if found.is_none() && method == "HEAD" {
            found = of("GET");
        }
        let found = found.or_else(|| of("*"));
        if found.is_none() {
            for name in methods.names() {
                self.looked_at += 1;
                self.allowed.insert(name.into_owned());
            }
        }
        found
    }
}

/// The path before the last colon of its last part, and what follows that.
pub(super) fn split_verb(path: &str) -> Option<(&str, &str)> {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let colon = last + path[last..].rfind(':')?;
    Some((&path[..colon], &path[colon + 1..]))
}

fn is_dots(text: &str) -> bool {
    matches!(text, "." | "..")
}

fn has_dots(path: &str) -> bool {
    path.split('/')
        .any(|part| decode(part).is_none_or(|text| is_dots(&text)))
}
