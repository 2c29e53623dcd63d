//! Messages as structs.

use crate::contract::{Field, Message, Oneof, Shape};

use super::names::{Names, Taken, exported};
use super::source::Source;

pub(super) fn emit(source: &mut Source, names: &Names, message: &Message) {
    let name = names.type_of(&message.id);
    source.gap();
    source.docs(name, &message.docs);
    if message.fields.is_empty() {
        source.line(&format!("type {name} struct{{}}"));
    } else {
        source.open(&format!("type {name} struct {{"));
        fields(source, names, message);
        source.close("}");
    }
    source.gap();
    codec(source, name);
}

/// What `encoding/json` calls.
fn codec(source: &mut Source, name: &str) {
    source.line("// MarshalJSON writes the message as the platform does.");
    source.function(
        &format!("func (m {name}) MarshalJSON() ([]byte, error)"),
        &["return encode(m)".to_owned()],
    );
    source.line("// UnmarshalJSON reads the message as the platform does.");
    source.function(
        &format!("func (m *{name}) UnmarshalJSON(data []byte) error"),
        &["return decode(data, m)".to_owned()],
    );
}

fn fields(source: &mut Source, names: &Names, message: &Message) {
    let mut taken = Taken::of_message();
    let named: Vec<_> = message
        .fields
        .iter()
        .map(|field| (field, taken.claim(&exported(&field.name), "")))
        .collect();
    let mut last: Option<&str> = None;
    for (field, name) in &named {
        let oneof = field.oneof.as_deref();
        if oneof != last {
            source.gap();
            let begun = message.oneofs.iter().find(|it| Some(it.name.as_str()) == oneof);
            begun.into_iter().for_each(|it| choice(source, it, &named));
        }
        last = oneof;
        source.docs(name, &field.docs);
        source.row(&[name, &names.field(field), &tag(field)]);
    }
}

/// The comment above the members of a oneof.
fn choice(source: &mut Source, oneof: &Oneof, fields: &[(&Field, String)]) {
    let members = fields
        .iter()
        .filter(|(field, _)| field.oneof.as_deref() == Some(&oneof.name));
    let members: Vec<_> = members.map(|(_, name)| name.as_str()).collect();
    let name = exported(&oneof.name);
    let rule = match members.as_slice() {
        [one] => format!("{name}: {one}, or nothing."),
        [others @ .., last] => format!("{name}: at most one of {} and {last} is set.", others.join(", ")),
        [] => return,
    };
    let mut docs = oneof.docs.clone();
    if !docs.is_empty() {
        docs.push(String::new());
    }
    docs.push(rule);
    source.docs(&name, &docs);
    source.gap();
}

fn tag(field: &Field) -> String {
    let json = format!("json:\"{},omitempty\"", field.name);
    match (&field.oneof, &field.shape) {
        (Some(oneof), _) => format!("`{json} micro:\"oneof={oneof}\"`"),
        (None, Shape::Optional(_)) => format!("`{json} micro:\"optional\"`"),
        _ => format!("`{json}`"),
    }
}
