//! The messages and enums of a document: each once, under which name, and in which direction it goes.

use std::collections::{BTreeMap, BTreeSet};

use super::{naming, well_known};
use crate::contract::{Contract, Enum, Field, Kind, Message};

/// All that the contracts declare and use, except for well-known types.
#[derive(Default)]
pub struct Components<'a> {
    entries: Vec<Component<'a>>,
    /// By contract and id.
    places: BTreeMap<(usize, &'a str), usize>,
    /// By id, of the first contract that has it.
    firsts: BTreeMap<&'a str, usize>,
}

/// A message or an enum.
pub struct Component<'a> {
    pub declared: Declared<'a>,
    /// The contract that it was first met in: where the ids of its fields lead.
    pub contract: usize,
    name: String,
    is_asked: bool,
    is_answered: bool,
    /// Its JSON in a request may be what it is not in an answer.
    has_sides: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Declared<'a> {
    Message(&'a Message),
    Enum(&'a Enum),
}

/// The way that a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Request,
    Answer,
}

impl<'a> Components<'a> {
    pub fn new(contracts: &'a [Contract]) -> Self {
        let mut components = Self::default();
        for (index, contract) in contracts.iter().enumerate() {
            components.add(index, contract);
        }
        for (index, contract) in contracts.iter().enumerate() {
            for method in contract.services.iter().flat_map(|service| &service.methods) {
                components.reach(index, &method.request, |component| &mut component.is_asked);
                components.reach(index, &method.response, |component| &mut component.is_answered);
            }
        }
        components.find_sides();
        let names = naming::components(&components.entries, contracts);
        for (component, name) in components.entries.iter_mut().zip(names) {
            component.name = name;
        }
        components
    }

    /// Each with the name that it has on that side.
    pub fn all(&self) -> impl Iterator<Item = (String, Side, &Component<'a>)> {
        let named = |component, side| (Component::name(component, side), side, component);
        self.entries.iter().flat_map(move |component| {
            let is_only_asked = component.is_asked && !component.is_answered;
            let main = if is_only_asked {
                Side::Request
            } else {
                Side::Answer
            };
            let input = component.is_split().then(|| named(component, Side::Request));
            std::iter::once(named(component, main)).chain(input)
        })
    }

    /// What a contract means by an id.
    pub fn get(&self, contract: usize, id: &str) -> Option<&Component<'a>> {
        self.entries.get(*self.places.get(&(contract, id))?)
    }

    /// Services may carry different versions of a file: what is the same in two contracts is one component, what differs is two.
    fn add(&mut self, contract: usize, of: &'a Contract) {
        let all = declared(of);
        let different = self.different(&all);
        for declared in all {
            let id = declared.id();
            let known = self.firsts.get(id).filter(|_| !different.contains(id));
            let place = known.copied().unwrap_or_else(|| self.push(contract, declared));
            self.places.insert((contract, id), place);
            self.firsts.entry(id).or_insert(place);
        }
    }

    fn push(&mut self, contract: usize, declared: Declared<'a>) -> usize {
        self.entries.push(Component {
            declared,
            contract,
            name: String::new(),
            is_asked: false,
            is_answered: false,
            has_sides: declared.fields().iter().any(has_sides),
        });
        self.entries.len() - 1
    }

    /// The ids that mean something else than in the contracts before, with whatever uses them.
    fn different(&self, all: &[Declared<'a>]) -> BTreeSet<&'a str> {
        let is_new = |declared: &&Declared<'a>| {
            let known = self.firsts.get(declared.id());
            known.is_some_and(|place| self.entries[*place].declared != **declared)
        };
        let mut different: BTreeSet<_> = all.iter().filter(is_new).map(Declared::id).collect();
        loop {
            let known = different.len();
            let users = all
                .iter()
                .filter(|declared| declared.uses().any(|id| different.contains(id)));
            let users: Vec<_> = users.map(Declared::id).collect();
            different.extend(users);
            if different.len() == known {
                return different;
            }
        }
    }

    /// Sets a mark on what an id means, and on all below.
    fn reach(&mut self, contract: usize, id: &str, mark: for<'c> fn(&'c mut Component<'a>) -> &'c mut bool) {
        let mut open: Vec<usize> = self.places.get(&(contract, id)).copied().into_iter().collect();
        while let Some(place) = open.pop() {
            if !std::mem::replace(mark(&mut self.entries[place]), true) {
                open.extend(self.below(place));
            }
        }
    }

    fn below(&self, place: usize) -> Vec<usize> {
        let Component {
            declared, contract, ..
        } = &self.entries[place];
        let places = declared.uses().map(|id| self.places.get(&(*contract, id)));
        places.flatten().copied().collect()
    }

    /// What holds something that has sides has sides.
    fn find_sides(&mut self) {
        loop {
            let has_sides = |place: &usize| self.entries[*place].has_sides;
            let places = (0..self.entries.len()).filter(|place| !has_sides(place));
            let more: Vec<_> = places
                .filter(|place| self.below(*place).iter().any(has_sides))
                .collect();
            if more.is_empty() {
                return;
            }
            for place in more {
                self.entries[place].has_sides = true;
            }
        }
    }
}

impl Component<'_> {
    /// What a reference says, from something of that side.
    pub fn name(&self, side: Side) -> String {
        match side {
            Side::Request if self.is_split() => format!("{}-Input", self.name),
            _ => self.name.clone(),
        }
    }

    fn is_split(&self) -> bool {
        self.has_sides && self.is_asked && self.is_answered
    }
}

impl<'a> Declared<'a> {
    pub fn id(&self) -> &'a str {
        match self {
            Declared::Message(message) => &message.id,
            Declared::Enum(each) => &each.id,
        }
    }

    pub fn path(&self) -> &'a [String] {
        match self {
            Declared::Message(message) => &message.path,
            Declared::Enum(each) => &each.path,
        }
    }

    fn fields(&self) -> &'a [Field] {
        match self {
            Declared::Message(message) => &message.fields,
            Declared::Enum(_) => &[],
        }
    }

    fn uses(&self) -> impl Iterator<Item = &'a str> {
        let kinds = self.fields().iter().map(|field| field.shape.kind());
        kinds.filter_map(|kind| match kind {
            Kind::Message(id) | Kind::Enum(id) => Some(id.as_str()),
            _ => None,
        })
    }
}

fn declared(contract: &Contract) -> Vec<Declared<'_>> {
    let messages = contract.messages.iter().map(Declared::Message);
    let all = messages.chain(contract.enums.iter().map(Declared::Enum));
    all.filter(|declared| !well_known::is(declared.id())).collect()
}

fn has_sides(field: &Field) -> bool {
    match field.shape.kind() {
        Kind::Int64 | Kind::Uint64 => true,
        Kind::Message(id) => well_known::has_sides(id),
        _ => false,
    }
}
