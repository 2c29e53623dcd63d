//! The routes of a namespace as a tree: a request costs what its path is long, however many routes there are.
//!
//! At each part of a path its text goes before `*`, and that before `**`; at the end a verb goes before none, and a method
//! before any. Where the more specific way leads nowhere the next one is tried, so `GET /a/b` finds `GET /a/*` beside
//! `POST /a/b`. No node is looked at twice for one path: the effort is bounded by the tree, and by far less in practice.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use micro_codegen::http::{Segment, Template};

use super::Claim;
use crate::gateway::path::decode;

/// The tree.
#[derive(Default)]
pub(crate) struct Table {
    root: Node,
}

#[derive(Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    one: Option<Box<Node>>,
    /// What ends here, and what takes all that follows.
    here: Vec<Leaf>,
    rest: Vec<Leaf>,
}

struct Leaf(Arc<Claim>);

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
                Segment::Literal(text) => node = node.literals.entry(text.as_str().into()).or_default(),
                Segment::One => node = node.one.get_or_insert_default(),
                Segment::Rest => leaves = Some(()),
            }
        }
        let leaves = match leaves {
            Some(()) => &mut node.rest,
            None => &mut node.here,
        };
        let is_same =
            |leaf: &&mut Leaf| leaf.0.method == claim.method && leaf.0.template.verb == claim.template.verb;
        match leaves.iter_mut().find(is_same) {
            Some(leaf) if leaf.0.service != claim.service => return Err(claim),
            Some(leaf) => leaf.0 = claim,
            None => leaves.push(Leaf(claim)),
        }
        Ok(())
    }

    /// The route of a method and a path as it was sent. Parts that are `.` or `..` are no route's, however they are
    /// written: a service is never handed a path that leads out of where it should.
    pub fn find(&self, method: &str, path: &str) -> Found {
        let Some(path) = path.strip_prefix('/') else {
            return Found::Nothing;
        };
        let mut search = Search {
            method,
            verb: None,
            allowed: BTreeSet::new(),
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
            None => Found::WrongMethod(search.allowed),
        }
    }
}

struct Search<'a> {
    method: &'a str,
    verb: Option<Cow<'a, str>>,
    allowed: BTreeSet<String>,
}

impl Search<'_> {
    /// `rest` is what follows the node, `None` at the end of the path.
    fn walk<'t>(&mut self, node: &'t Node, rest: Option<&str>) -> Option<&'t Arc<Claim>> {
        let Some(rest) = rest else {
            return self.pick(&node.here).or_else(|| self.pick(&node.rest));
        };
        let (part, below) = match rest.split_once('/') {
            Some((part, below)) => (part, Some(below)),
            None => (rest, None),
        };
        let text = decode(part).filter(|text| !is_dots(text))?;
        if let Some(child) = node.literals.get(&*text)
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
        if node.rest.is_empty() || below.is_some_and(has_dots) {
            return None;
        }
        self.pick(&node.rest)
    }

    fn pick<'t>(&mut self, leaves: &'t [Leaf]) -> Option<&'t Arc<Claim>> {
        let verb = self.verb.as_deref();
        let meant = || {
            leaves
                .iter()
                .filter(|leaf| leaf.0.template.verb.as_deref() == verb)
        };
        let of = |method: &str| meant().find(|leaf| leaf.0.method == method);
        // HEAD is GET without the body, which HTTP itself leaves out.
        let as_get = || of("GET").filter(|_| self.method == "HEAD");
        let found = of(self.method).or_else(as_get).or_else(|| of("*"));
        if found.is_none() {
            self.allowed.extend(meant().map(|leaf| leaf.0.method.clone()));
        }
        found.map(|leaf| &leaf.0)
    }
}

/// The values of a template's variables in a path that it was found by, in their order; `None` where one is no text.
///
/// A variable that is one part has all its escapes read. In one that may be more an escaped slash stays as it is: read, it
/// could not be told from those between parts.
pub(crate) fn captures(template: &Template, path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let path = match template.verb {
        Some(_) => split_verb(path)?.0,
        None => path,
    };
    let parts: Vec<&str> = path.split('/').collect();
    let values = template.variables.iter().map(|variable| {
        let is_open = variable.of(&template.segments).last() == Some(&Segment::Rest);
        let end = if is_open { parts.len() } else { variable.end };
        // What follows the last part may be nothing at all.
        let own = parts.get(variable.start..end).unwrap_or_default();
        match variable.is_many(&template.segments) {
            false => Some(decode(&own.join("/"))?.into_owned()),
            true => {
                let own: Option<Vec<_>> = own.iter().map(|part| decode_but_slashes(part)).collect();
                Some(own?.join("/"))
            }
        }
    });
    values.collect()
}

fn decode_but_slashes(part: &str) -> Option<String> {
    let mut text = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find("%2F").into_iter().chain(rest.find("%2f")).min() {
        text.push_str(&decode(&rest[..at])?);
        text.push_str(&rest[at..at + 3]);
        rest = &rest[at + 3..];
    }
    text.push_str(&decode(rest)?);
    Some(text)
}

/// The path before the last colon of its last part, and what follows that.
fn split_verb(path: &str) -> Option<(&str, &str)> {
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
