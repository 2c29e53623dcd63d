//! Enums: a number keeps its names.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::EnumDescriptorProto;

use super::declarations::Element;
use super::field::RENUMBERED;
use super::reserved::{Range, Reserved};
use super::{Report, Rule};

type Enum<'a> = Element<'a, EnumDescriptorProto>;

/// The names of a number, more than one with `allow_alias`, and the index of the first.
#[derive(Default)]
struct Value<'a> {
    names: BTreeSet<&'a str>,
    index: i32,
}

pub fn compare(report: &mut Report, old: &Enum<'_>, new: &Enum<'_>) {
    let new_values = values(new.descriptor);
    for (number, before) in values(old.descriptor) {
        match new_values.get(&number) {
            Some(after) if before.names.is_subset(&after.names) => {}
            Some(after) => renamed(report, new, number, &before, after),
            None => removed(report, (old, &before), new, number),
        }
    }
    let used = |range: Range| {
        let value = new.descriptor.value.iter();
        let mut users = value.filter(|value| range.contains(value.number().into()));
        users
            .next()
            .map(|value| format!("{} = {}", value.name(), value.number()))
    };
    let (before, after) = (reserved(old.descriptor), reserved(new.descriptor));
    for lost in before.lost(&after, used) {
        report.add(
            Rule::ReservedEnumNoDelete,
            old.place(&lost.path),
            lost.what("enum", &old.name),
            lost.advice(),
        );
    }
}

fn values(known: &EnumDescriptorProto) -> BTreeMap<i32, Value<'_>> {
    let mut values = BTreeMap::<i32, Value<'_>>::new();
    for (value, index) in known.value.iter().zip(0..) {
        let names = &mut values
            .entry(value.number())
            .or_insert_with(|| Value {
                index,
                ..Value::default()
            })
            .names;
        names.insert(value.name());
    }
    values
}

/// What an enum reserves; its ranges end with their last number.
fn reserved(known: &EnumDescriptorProto) -> Reserved<'_> {
    Reserved {
        ranges: (known.reserved_range.iter())
            .map(|range| Range::new(range.start(), range.end()))
            .collect(),
        names: &known.reserved_name,
        range_path: 4,
        name_path: 5,
    }
}

fn renamed(report: &mut Report, new: &Enum<'_>, number: i32, before: &Value<'_>, after: &Value<'_>) {
    let what = format!(
        "value {number} of enum {} changed its name from {} to {}",
        new.name,
        list(&before.names),
        list(&after.names)
    );
    let advice =
        "give it its old name back, which JSON goes by; with `option allow_alias = true;` it may have both";
    report.add(
        Rule::EnumValueSameName,
        new.place(&[2, after.index]),
        what,
        advice,
    );
}

fn removed(report: &mut Report, (old, value): (&Enum<'_>, &Value<'_>), new: &Enum<'_>, number: i32) {
    let open = reserved(new.descriptor).open(number, value.names.iter().copied());
    let rule = open.rule([
        Rule::EnumValueNoDeleteUnlessNumberReserved,
        Rule::EnumValueNoDeleteUnlessNameReserved,
        Rule::EnumValueNoDelete,
    ]);
    let mut others = new.descriptor.value.iter().zip(0..);
    let Some((other, index)) = others.find(|(other, _)| value.names.contains(other.name())) else {
        let names = list(&value.names);
        let what = format!("value {names} = {number} of enum {} was removed", old.name);
        return report.add(rule, old.place(&[2, value.index]), what, open.advice());
    };
    let what = format!(
        "value {} of enum {} changed its number from {number} to {}",
        other.name(),
        new.name,
        other.number()
    );
    report.add(rule, new.place(&[2, index]), what, RENUMBERED);
}

fn list(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}
