//! Enums as numbers with constants.

use crate::contract::Enum;

use super::names::Names;
use super::source::Source;

pub(super) fn emit(source: &mut Source, names: &Names, each: &Enum) {
    let name = names.type_of(&each.id);
    source.gap();
    source.docs(name, &each.docs);
    source.line(&format!("type {name} int32"));
    source.gap();
    constants(source, names, each);
    table(source, names, each);
    methods(source, name);
}

fn constants(source: &mut Source, names: &Names, each: &Enum) {
    let name = names.type_of(&each.id);
    source.open("const (");
    for value in &each.values {
        let constant = names.constant(each, &value.name);
        source.docs(constant, &value.docs);
        source.row(&[constant, name, &format!("= {}", value.number)]);
    }
    source.close(")");
    source.gap();
}

fn table(source: &mut Source, names: &Names, each: &Enum) {
    source.open(&format!("var namesOf{} = newEnumNames(", names.type_of(&each.id)));
    for value in &each.values {
        source.line(&format!("enumName{{{}, \"{}\"}},", value.number, value.name));
    }
    source.close(")");
    source.gap();
}

fn methods(source: &mut Source, name: &str) {
    source.line("// String returns the name in the contract, or the number if it has none.");
    source.function(
        &format!("func (e {name}) String() string"),
        &[format!("return namesOf{name}.text(int32(e))")],
    );
    source.line("// MarshalJSON writes the name, or the number if it has none.");
    source.function(
        &format!("func (e {name}) MarshalJSON() ([]byte, error)"),
        &["return encode(e)".to_owned()],
    );
    source.line("// UnmarshalJSON reads a name or a number.");
    source.function(
        &format!("func (e *{name}) UnmarshalJSON(data []byte) error"),
        &["return decode(data, e)".to_owned()],
    );
    source.function(
        &format!("func ({name}) names() *enumNames"),
        &[format!("return namesOf{name}")],
    );
}
