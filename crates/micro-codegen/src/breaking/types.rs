//! Types of fields: which one is read as which other.

use std::collections::BTreeSet;

use prost_types::field_descriptor_proto::Type;
use prost_types::{EnumDescriptorProto, FieldDescriptorProto};

use super::Breaks;
use super::declarations::Declarations;

/// What breaks when `old` becomes `new`, if anything.
pub fn change(
    old: (&Declarations<'_>, &FieldDescriptorProto),
    new: (&Declarations<'_>, &FieldDescriptorProto),
) -> Option<Breaks> {
    let (before, after) = (old.1.r#type(), new.1.r#type());
    if before == after && old.1.type_name() == new.1.type_name() {
        return None;
    }
    let is_read_alike = match (before, after) {
        (Type::Enum, Type::Enum) => is_moved_enum(old, new),
        _ => before != after && group(before) == group(after),
    };
    Some(if is_read_alike { Breaks::Code } else { Breaks::Wire })
}

/// As in the contract: `int32`, `user.Account`.
pub fn text(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum | Type::Group => field.type_name().trim_start_matches('.').to_owned(),
        scalar => scalar
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_ascii_lowercase(),
    }
}

/// Types of one group are read as each other, by both formats. Zigzag, fixed and plain integers differ in binary, those of 32
/// and 64 bits in JSON, where the longer ones are strings; so do strings and bytes, which are Base64 there.
fn group(kind: Type) -> Type {
    match kind {
        Type::Uint32 => Type::Int32,
        Type::Uint64 => Type::Int64,
        Type::Sfixed32 => Type::Fixed32,
        Type::Sfixed64 => Type::Fixed64,
        alone => alone,
    }
}

/// An enum that was moved has another full name; it may have got values with that.
fn is_moved_enum(
    old: (&Declarations<'_>, &FieldDescriptorProto),
    new: (&Declarations<'_>, &FieldDescriptorProto),
) -> bool {
    let find = |(declarations, field): (&Declarations<'_>, &FieldDescriptorProto)| {
        let name = field.type_name().trim_start_matches('.');
        let found = declarations.enums.get(name)?;
        Some((found.descriptor.name().to_owned(), values(found.descriptor)))
    };
    match (find(old), find(new)) {
        (Some((old_name, old)), Some((new_name, new))) => old_name == new_name && old.is_subset(&new),
        _ => false,
    }
}

fn values(known: &EnumDescriptorProto) -> BTreeSet<(i32, String)> {
    let values = known.value.iter();
    values
        .map(|value| (value.number(), value.name().to_owned()))
        .collect()
}
