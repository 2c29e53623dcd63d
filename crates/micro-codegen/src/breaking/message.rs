//! Messages as a whole: oneofs, options and what is reserved.

use prost_types::DescriptorProto;

use super::declarations::Element;
use super::reserved::{Range, Reserved};
use super::{Report, Rule};

type Message<'a> = Element<'a, DescriptorProto>;

pub fn compare(report: &mut Report, old: &Message<'_>, new: &Message<'_>) {
    oneofs(report, old, new);
    accessor(report, old, new);
    let used = |range: Range| {
        let mut fields = new.descriptor.field.iter();
        fields
            .find(|field| range.contains(field.number().into()))
            .map(|field| format!("field {} {:?}", field.number(), field.name()))
    };
    let (before, after) = (reserved(old.descriptor), reserved(new.descriptor));
    for lost in before.lost(&after, used) {
        report.add(
            Rule::ReservedMessageNoDelete,
            old.place(&lost.path),
            lost.what("message", &old.name),
            lost.advice(),
        );
    }
}

/// What a message reserves; its ranges end before their last number.
pub fn reserved(message: &DescriptorProto) -> Reserved<'_> {
    Reserved {
        ranges: (message.reserved_range.iter())
            .map(|range| Range::new(range.start(), range.end() - 1))
            .collect(),
        names: &message.reserved_name,
        range_path: 9,
        name_path: 10,
    }
}

fn oneofs(report: &mut Report, old: &Message<'_>, new: &Message<'_>) {
    for (oneof, index) in old.descriptor.oneof_decl.iter().zip(0..) {
        let mut others = new.descriptor.oneof_decl.iter();
        let stays = others.any(|other| other.name() == oneof.name());
        if !stays && !is_made_up(old.descriptor, index) {
            report.add(
                Rule::OneofNoDelete,
                old.place(&[8, index]),
                format!("oneof {:?} of message {} was removed", oneof.name(), old.name),
                "keep it: generated code has a type for it",
            );
        }
    }
}

/// A oneof that stands for an `optional` field, and that nobody has written.
fn is_made_up(message: &DescriptorProto, index: i32) -> bool {
    let mut fields = message.field.iter();
    fields.any(|field| field.oneof_index == Some(index) && field.proto3_optional())
}

fn accessor(report: &mut Report, old: &Message<'_>, new: &Message<'_>) {
    let is_off = |message: &DescriptorProto| {
        let options = message.options.as_ref();
        options.is_some_and(|options| options.no_standard_descriptor_accessor())
    };
    if !is_off(old.descriptor) && is_off(new.descriptor) {
        report.add(
            Rule::MessageNoRemoveStandardDescriptorAccessor,
            new.place(&[]),
            format!("message {} lost its descriptor's accessor", new.name),
            "leave option no_standard_descriptor_accessor unset",
        );
    }
}
