//! Messages and enums: their types, and beside each how it looks in JSON.

use crate::contract::{Contract, Enum, Field, Kind, Message, Oneof, Shape};

use super::layout::Text;
use super::names::{self, Names, Properties};

pub fn emit(text: &mut Text, contract: &Contract, names: &Names) {
    for message in names::declared(contract) {
        text.gap();
        interface(text, message, names);
        text.gap();
        codec(text, message, names);
    }
    for each in &contract.enums {
        text.gap();
        union(text, each, names.of_type(&each.id));
        text.gap();
        numbers(text, each, names.of_type(&each.id));
    }
}

/// The type of a call's message and the constant that knows its JSON.
pub fn named_type(id: &str, names: &Names) -> (String, String) {
    let kind = names::well_known(id).unwrap_or_else(|| Kind::Message(id.to_owned()));
    (type_of(&kind, names), codec_of(&kind, names))
}

fn interface(text: &mut Text, message: &Message, names: &Names) {
    let name = names.of_type(&message.id);
    text.docs(&message.docs);
    if message.fields.is_empty() {
        return text.line(&format!("export type {name} = micro.Empty;"));
    }
    let properties = Properties::of(message);
    text.open(&format!("export interface {name} {{"));
    for part in parts(message) {
        match part {
            Part::Field(field) => property(text, field, properties.of_field(&field.name), names),
            Part::Oneof(oneof, members) => choice(text, oneof, &members, &properties, names),
        }
    }
    text.close("}");
}

/// What becomes a property of its own.
enum Part<'a> {
    Field(&'a Field),
    Oneof(&'a Oneof, Vec<&'a Field>),
}

/// In the order of the file; a oneof stands where its first member does.
fn parts(message: &Message) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut seen = Vec::new();
    for field in &message.fields {
        let Some(name) = &field.oneof else {
            parts.push(Part::Field(field));
            continue;
        };
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let members = message.fields.iter();
        let members = members.filter(|member| member.oneof.as_ref() == Some(name));
        let oneof = message.oneofs.iter().find(|oneof| oneof.name == *name);
        parts.extend(oneof.map(|oneof| Part::Oneof(oneof, members.collect())));
    }
    parts
}

fn property(text: &mut Text, field: &Field, name: &str, names: &Names) {
    text.docs(&field.docs);
    let value = type_of(field.shape.kind(), names);
    match &field.shape {
        Shape::Repeated(_) => text.line(&format!("{name}: {value}[];")),
        Shape::Map(key, _) => {
            let (container, key) = match key {
                Kind::String => ("Record", "string".to_owned()),
                key => ("Map", type_of(key, names)),
            };
            text.list(&format!("{name}: {container}<"), &[key, value], "", ">;");
        }
        shape if may_be_absent(shape) => text.line(&format!("{name}?: {value};")),
        _ => text.line(&format!("{name}: {value};")),
    }
}

/// A oneof as a union that `case` tells apart.
fn choice(text: &mut Text, oneof: &Oneof, members: &[&Field], properties: &Properties, names: &Names) {
    text.docs(&oneof.docs);
    let head = format!("{}?:", properties.of_oneof(&oneof.name));
    let case = |field: &&'_ Field| Case {
        docs: field.docs.clone(),
        case: format!("case: \"{}\"", properties.of_field(&field.name)),
        value: format!("value: {}", type_of(field.shape.kind(), names)),
    };
    let cases: Vec<_> = members.iter().map(case).collect();
    match cases.as_slice() {
        [only] if !only.fits(text, &format!("{head} ")) => only.emit(text, &format!("{head} "), ";"),
        cases if cases.iter().all(|case| case.fits(text, "  | ")) => {
            let members: Vec<_> = cases.iter().map(Case::in_short).collect();
            text.union(&head, &members);
        }
        cases => {
            text.open(&head);
            for (case, index) in cases.iter().zip(1..) {
                case.emit_member(text, if index == cases.len() { ";" } else { "" });
            }
            text.dedent();
        }
    }
}

/// A member of a oneof.
struct Case {
    docs: Vec<String>,
    case: String,
    value: String,
}

impl Case {
    /// On one line.
    fn in_short(&self) -> String {
        format!("{{ {}; {} }}", self.case, self.value)
    }

    /// Whether it may stand on one line, behind `head` and before at most one character.
    fn fits(&self, text: &Text, head: &str) -> bool {
        self.docs.is_empty() && text.fits(&format!("{head}{};", self.in_short()))
    }

    fn emit_member(&self, text: &mut Text, end: &str) {
        if self.fits(text, "| ") {
            return text.line(&format!("| {}{end}", self.in_short()));
        }
        text.line("| {");
        text.indent();
        self.emit_inner(text);
        text.line(&format!("}}{end}"));
        text.dedent();
    }

    fn emit(&self, text: &mut Text, head: &str, end: &str) {
        text.line(&format!("{head}{{"));
        self.emit_inner(text);
        text.line(&format!("}}{end}"));
    }

    fn emit_inner(&self, text: &mut Text) {
        text.indent();
        text.docs(&self.docs);
        text.line(&format!("{};", self.case));
        text.line(&format!("{};", self.value));
        text.dedent();
    }
}

fn codec(text: &mut Text, message: &Message, names: &Names) {
    let name = names.of_type(&message.id);
    let head = format!("export const {name}: micro.Message<{name}> =");
    if message.fields.is_empty() {
        return text.value(&head, "micro.empty;");
    }
    let properties = Properties::of(message);
    let block = text.open_block(&head, "micro.message(", "() => ({");
    for part in parts(message) {
        match part {
            Part::Field(field) => member(text, field, &properties, names),
            Part::Oneof(oneof, members) => {
                let name = properties.of_oneof(&oneof.name);
                text.open(&format!("{name}: micro.oneof({{"));
                for field in members {
                    member(text, field, &properties, names);
                }
                text.close("}),");
            }
        }
    }
    text.close_block("})", &block);
}

/// `userId: micro.single("user_id", micro.string),`
fn member(text: &mut Text, field: &Field, properties: &Properties, names: &Names) {
    let value = codec_of(field.shape.kind(), names);
    let mut items = vec![format!("\"{}\"", field.name)];
    let function = match &field.shape {
        Shape::Repeated(_) => "repeated",
        Shape::Map(Kind::String, _) => "dictionary",
        Shape::Map(key, _) => {
            items.push(codec_of(key, names));
            "map"
        }
        shape if field.oneof.is_some() || may_be_absent(shape) => "optional",
        _ => "single",
    };
    items.push(value);
    let head = format!("{}:", properties.of_field(&field.name));
    text.call(&head, &format!("micro.{function}("), &items, "),");
}

/// Whether a property is left out where nothing was said.
fn may_be_absent(shape: &Shape) -> bool {
    match shape {
        Shape::Optional(_) => true,
        Shape::Single(kind) => matches!(
            kind,
            Kind::Message(_) | Kind::Timestamp | Kind::Duration | Kind::FieldMask | Kind::Empty
        ),
        Shape::Repeated(_) | Shape::Map(..) => false,
    }
}

/// An enum as the union of its names; its numbers are those that have none.
fn union(text: &mut Text, each: &Enum, name: &str) {
    text.docs(&each.docs);
    let head = format!("export type {name} =");
    let quoted = each.values.iter().map(|value| format!("\"{}\"", value.name));
    if each.values.iter().all(|value| value.docs.is_empty()) {
        let members: Vec<_> = quoted.chain(["number".to_owned()]).collect();
        return text.union(&head, &members);
    }
    text.open(&head);
    for (value, quoted) in each.values.iter().zip(quoted) {
        text.docs(&value.docs);
        text.line(&format!("| {quoted}"));
    }
    text.line("| number;");
    text.dedent();
}

fn numbers(text: &mut Text, each: &Enum, name: &str) {
    let head = format!("export const {name}: micro.Type<{name}> =");
    let block = text.open_block(&head, "micro.enumeration(", "{");
    for value in &each.values {
        let key = match value.name.as_str() {
            "__proto__" => "[\"__proto__\"]", // else it would be the object's prototype
            name => name,
        };
        text.line(&format!("{key}: {},", value.number));
    }
    text.close_block("}", &block);
}

fn type_of(kind: &Kind, names: &Names) -> String {
    let name = match kind {
        Kind::Double | Kind::Float | Kind::Int32 | Kind::Uint32 => "number",
        Kind::Int64 | Kind::Uint64 => "bigint",
        Kind::Bool => "boolean",
        Kind::String => "string",
        Kind::Bytes => "Uint8Array",
        Kind::Enum(id) | Kind::Message(id) => names.of_type(id),
        Kind::Timestamp => "micro.Timestamp",
        Kind::Duration => "micro.Duration",
        Kind::FieldMask => "micro.FieldMask",
        Kind::Empty => "micro.Empty",
    };
    name.to_owned()
}

/// The constant that knows how a value looks in JSON.
fn codec_of(kind: &Kind, names: &Names) -> String {
    let name = match kind {
        Kind::Double | Kind::Float => "micro.double",
        Kind::Int32 | Kind::Uint32 => "micro.int32",
        Kind::Int64 | Kind::Uint64 => "micro.int64",
        Kind::Bool => "micro.bool",
        Kind::String | Kind::Timestamp | Kind::Duration | Kind::FieldMask => "micro.string",
        Kind::Bytes => "micro.bytes",
        Kind::Enum(id) | Kind::Message(id) => names.of_type(id),
        Kind::Empty => "micro.empty",
    };
    name.to_owned()
}
