//! Contracts at random: what only adds breaks nothing, what takes away does.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{compare_files, file, rules};

/// A contract in parts, so that parts can be added, taken away and put into another order.
#[derive(Debug, Clone)]
struct Contract {
    /// The fields of each message as number and type; a number gives the name too.
    messages: Vec<Vec<(u32, &'static str)>>,
    /// The numbers of the values of each enum, besides zero.
    enums: Vec<Vec<u32>>,
    /// How each method of each service is called.
    services: Vec<Vec<&'static str>>,
}

const TYPES: &[&str] = &[
    "string",
    "optional int64",
    "repeated M0",
    "M0",
    "E0",
    "map<string, M0>",
    "optional E0",
    "bytes",
];

const METHODS: &[&str] = &[
    "(M0) returns (M0)",
    "(stream M0) returns (M0)",
    "(M0) returns (stream M0)",
    "(M0) returns (M0) { option idempotency_level = IDEMPOTENT; }",
];

impl Contract {
    fn any() -> impl Strategy<Value = Contract> {
        let fields = btree_map(1..40u32, prop::sample::select(TYPES), 0..6);
        let fields = fields.prop_map(|fields| fields.into_iter().collect::<Vec<_>>());
        let values = prop::collection::btree_set(1..40u32, 0..5);
        let values = values.prop_map(|values| values.into_iter().collect::<Vec<_>>());
        let methods = vec(prop::sample::select(METHODS), 0..4);
        (vec(fields, 1..4), vec(values, 1..3), vec(methods, 0..3)).prop_map(|(messages, enums, services)| {
            Contract {
                messages,
                enums,
                services,
            }
        })
    }

    fn text(&self) -> String {
        self.declarations().concat()
    }

    fn declarations(&self) -> Vec<String> {
        let mut declarations = Vec::new();
        for (index, fields) in self.messages.iter().enumerate() {
            let fields = fields
                .iter()
                .map(|(number, kind)| format!("  {kind} f_{number} = {number};\n"));
            declarations.push(format!("message M{index} {{\n{}}}\n", fields.collect::<String>()));
        }
        for (index, values) in self.enums.iter().enumerate() {
            let values = values
                .iter()
                .map(|number| format!("  E{index}_{number} = {number};\n"));
            declarations.push(format!(
                "enum E{index} {{\n  E{index}_0 = 0;\n{}}}\n",
                values.collect::<String>()
            ));
        }
        for (index, methods) in self.services.iter().enumerate() {
            let methods = methods.iter().enumerate();
            let methods = methods.map(|(number, call)| match call.ends_with('}') {
                true => format!("  rpc C{number}{call}\n"),
                false => format!("  rpc C{number}{call};\n"),
            });
            declarations.push(format!(
                "service S{index} {{\n{}}}\n",
                methods.collect::<String>()
            ));
        }
        declarations
    }

    /// Everything of another that fits: its numbers are moved out of the way.
    fn add(&mut self, other: &Contract) {
        for (index, fields) in other.messages.iter().enumerate() {
            let added = fields.iter().map(|(number, kind)| (number + 100, *kind));
            match self.messages.get_mut(index) {
                Some(own) => own.splice(0..0, added).for_each(drop),
                None => self.messages.push(added.collect()),
            }
        }
        for (index, values) in other.enums.iter().enumerate() {
            let added = values.iter().map(|number| number + 100);
            match self.enums.get_mut(index) {
                Some(own) => own.extend(added),
                None => self.enums.push(added.collect()),
            }
        }
        for (index, methods) in other.services.iter().enumerate() {
            match self.services.get_mut(index) {
                Some(own) => own.extend(methods),
                None => self.services.push(methods.clone()),
            }
        }
    }

    /// Removes one part; the rule that this breaks, if there was such a part.
    fn remove(&mut self, which: usize) -> Option<&'static str> {
        let mut parts: Vec<(&str, usize)> = Vec::new();
        let mut with = |rule, lists: Vec<usize>| {
            let filled = lists.into_iter().enumerate().filter(|(_, length)| *length > 0);
            parts.extend(filled.map(|(index, _)| (rule, index)));
        };
        with(
            "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
            self.messages.iter().map(Vec::len).collect(),
        );
        with(
            "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
            self.enums.iter().map(Vec::len).collect(),
        );
        with("RPC_NO_DELETE", self.services.iter().map(Vec::len).collect());
        let (rule, index) = *parts.get(which % parts.len().max(1))?;
        match rule {
            "RPC_NO_DELETE" => drop(self.services[index].pop()),
            "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED" => drop(self.messages[index].pop()),
            _ => drop(self.enums[index].pop()),
        }
        Some(rule)
    }
}

fn broken(old: &str, new: &str) -> Vec<&'static str> {
    rules(&compare_files(
        &[("x.proto", &file(old))],
        &[("x.proto", &file(new))],
    ))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_contract_breaks_nothing_of_itself(contract in Contract::any()) {
        prop_assert!(broken(&contract.text(), &contract.text()).is_empty());
    }

    #[test]
    fn the_order_of_declarations_is_free(contract in Contract::any()) {
        let reversed: String = contract.declarations().into_iter().rev().collect();
        prop_assert!(broken(&contract.text(), &reversed).is_empty());
    }

    #[test]
    fn adding_breaks_nothing(old in Contract::any(), more in Contract::any()) {
        let mut new = old.clone();
        new.add(&more);
        let found = broken(&old.text(), &new.text());
        prop_assert!(found.is_empty(), "{found:?}\n{}\n{}", old.text(), new.text());
    }

    #[test]
    fn removing_one_part_breaks_one_rule(old in Contract::any(), which in 0..100usize) {
        let mut new = old.clone();
        let expected: Vec<_> = new.remove(which).into_iter().collect();
        prop_assert_eq!(broken(&old.text(), &new.text()), expected);
    }
}
