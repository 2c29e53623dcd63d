//! Messages.

use crate::contract::{Field, Kind, Message, Oneof, Shape};

use super::docs;
use super::layout::{Expr, Source};
use super::names::{Names, Taken, snake};

pub fn emit(source: &mut Source, names: &Names, message: &Message) {
    let mut taken = Taken::by_message();
    let attributes: Vec<_> = message
        .fields
        .iter()
        .map(|field| taken.take(&snake(&field.name)))
        .collect();
    source.blank(2);
    source.line("@dataclass");
    source.open(&format!("class {}(_micro.Message):", names.of(&message.id)));
    docs::emit(source, &message.docs);
    if !message.docs.is_empty() && !message.fields.is_empty() {
        source.blank(1);
    }
    if message.docs.is_empty() && message.fields.is_empty() {
        source.line("pass");
    }
    for (field, attribute) in message.fields.iter().zip(&attributes) {
        emit_field(source, names, field, attribute);
    }
    for oneof in &message.oneofs {
        let method = taken.take(&format!("which_{}", snake(&oneof.name)));
        let members = message.fields.iter().zip(&attributes);
        let members = members.filter(|(field, _)| field.oneof.as_deref() == Some(&oneof.name));
        let members: Vec<_> = members.map(|(_, attribute)| attribute.as_str()).collect();
        emit_oneof(source, oneof, &method, &members);
    }
    source.close();
}

fn emit_field(source: &mut Source, names: &Names, field: &Field, attribute: &str) {
    let (annotation, codec) = typed(names, field);
    let mut arguments = vec![codec];
    if attribute != field.name {
        arguments.push(Expr::atom(format!("\"{}\"", field.name)));
    }
    if let Some(oneof) = &field.oneof {
        arguments.push(Expr::atom(format!("oneof=\"{oneof}\"")));
    }
    let before = format!("{attribute}: {annotation} = ");
    source.expr(&before, &Expr::call("_micro.field", arguments), "");
    docs::emit_beside(source, &field.docs);
}

fn emit_oneof(source: &mut Source, oneof: &Oneof, method: &str, members: &[&str]) {
    source.blank(1);
    source.method(method, &["self".to_owned()], "Optional[str]");
    let mut text = vec![format!("Names the field of `{}` that is set.", oneof.name)];
    if !oneof.docs.is_empty() {
        text.push(String::new());
        text.extend(oneof.docs.iter().cloned());
    }
    docs::emit(source, &text);
    let members = members.iter().map(|member| Expr::atom(format!("\"{member}\"")));
    let arguments: Vec<_> = [Expr::atom("self")].into_iter().chain(members).collect();
    source.expr("return ", &Expr::call("_micro.which", arguments), "");
    source.close();
}

/// A field's annotation, and how its values are written in JSON.
fn typed(names: &Names, field: &Field) -> (String, Expr) {
    let may_be_absent = field.oneof.is_some();
    match &field.shape {
        Shape::Single(kind) if is_message(kind) => optional(names, kind),
        Shape::Single(kind) if !may_be_absent && !is_text(kind) => {
            (annotation(names, kind), codec(names, kind))
        }
        Shape::Single(kind) | Shape::Optional(kind) => optional(names, kind),
        Shape::Repeated(kind) => (
            format!("list[{}]", annotation(names, kind)),
            Expr::call("_micro.repeated", [codec(names, kind)]),
        ),
        Shape::Map(key, kind) => (
            format!("dict[{}, {}]", annotation(names, key), annotation(names, kind)),
            Expr::call("_micro.mapping", [codec(names, key), codec(names, kind)]),
        ),
    }
}

fn optional(names: &Names, kind: &Kind) -> (String, Expr) {
    let codec = codec(names, kind);
    let codec = match is_message(kind) {
        true => codec, // which may be absent anyway
        false => Expr::call("_micro.optional", [codec]),
    };
    (format!("Optional[{}]", annotation(names, kind)), codec)
}

fn is_message(kind: &Kind) -> bool {
    matches!(kind, Kind::Message(_) | Kind::Empty)
}

/// Messages that are a text in JSON.
fn is_text(kind: &Kind) -> bool {
    matches!(kind, Kind::Timestamp | Kind::Duration | Kind::FieldMask)
}

/// The type of a value.
pub fn annotation(names: &Names, kind: &Kind) -> String {
    match kind {
        Kind::Double | Kind::Float => "float".into(),
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => "int".into(),
        Kind::Bool => "bool".into(),
        Kind::Bytes => "bytes".into(),
        Kind::String | Kind::Timestamp | Kind::Duration | Kind::FieldMask => "str".into(),
        Kind::Enum(id) => format!("Union[{}, int]", names.of(id)),
        Kind::Message(id) => names.of(id).to_owned(),
        Kind::Empty => "_micro.Empty".into(),
    }
}

fn codec(names: &Names, kind: &Kind) -> Expr {
    Expr::atom(match kind {
        Kind::Enum(id) => return Expr::call("_micro.enumeration", [Expr::atom(names.of(id))]),
        Kind::Message(id) => {
            return Expr::call(
                "_micro.message",
                [Expr::atom(format!("lambda: {}", names.of(id)))],
            );
        }
        Kind::Double => "_micro.DOUBLE",
        Kind::Float => "_micro.FLOAT",
        Kind::Int32 => "_micro.INT32",
        Kind::Int64 => "_micro.INT64",
        Kind::Uint32 => "_micro.UINT32",
        Kind::Uint64 => "_micro.UINT64",
        Kind::Bool => "_micro.BOOL",
        Kind::String => "_micro.STRING",
        Kind::Bytes => "_micro.BYTES",
        Kind::Timestamp => "_micro.TIMESTAMP",
        Kind::Duration => "_micro.DURATION",
        Kind::FieldMask => "_micro.FIELD_MASK",
        Kind::Empty => "_micro.EMPTY",
    })
}
