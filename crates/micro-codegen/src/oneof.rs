//! Oneofs: one field of the message, one enum in its module.

use prost_types::DescriptorProto;

use crate::error::Result;
use crate::field::Field;
use crate::generate::{Module, Scope};
use crate::message::{SERDE, oneof_of};
use crate::names;

/// The message's field; JSON has its variants where the message's other fields are.
pub fn emit_field(
    module: &mut Module,
    scope: &Scope<'_>,
    descriptor: &DescriptorProto,
    number: i32,
) -> Result<String> {
    let oneof = &descriptor.oneof_decl[number as usize];
    let members = descriptor
        .field
        .iter()
        .filter(|field| oneof_of(field) == Some(number));
    let tags: Vec<String> = members.map(|field| field.number().to_string()).collect();
    let inside = names::module_name(descriptor.name());
    let path = format!("{inside}::{}", names::type_name(oneof.name()));
    let name = names::value_name(oneof.name());
    let code = &mut module.code;
    code.docs(&scope.comments.docs(&oneof_path(scope, number)));
    code.attribute(
        "prost",
        &[
            format!("oneof = {path:?}"),
            format!("tags = {:?}", tags.join(", ")),
        ],
    );
    if !scope.types.only_messages() {
        code.line("#[serde(flatten)]");
    }
    code.member(
        &format!("pub {name}"),
        &format!("{}<{path}>", scope.std("option::Option")),
    );
    Ok(name)
}

/// From the path of the first member to that of the oneof.
fn oneof_path(scope: &Scope<'_>, number: i32) -> Vec<i32> {
    let message = &scope.path[..scope.path.len() - 2];
    [message, &[8, number]].concat()
}

/// The enum, in the module of the message.
pub fn emit(module: &mut Module, scope: &Scope<'_>, descriptor: &DescriptorProto, number: i32) -> Result<()> {
    let members = descriptor.field.iter().enumerate();
    let members: Vec<_> = members.filter(|(_, it)| oneof_of(it) == Some(number)).collect();
    if members.is_empty() {
        return Ok(()); // made up for an `optional` field
    }
    let oneof = descriptor.oneof_decl[number as usize].name();
    let name = names::type_name(oneof);
    if declares(descriptor, &name) {
        let problem = format!("oneof {oneof} and a nested type are both {name} in Rust");
        return Err(scope.error(&[8, number], problem));
    }
    let has_json = !scope.types.only_messages();
    let serde = if has_json { SERDE } else { "" };
    if has_json {
        module.needs(&["prost", "serde"]);
    }
    module.code.gap();
    module.code.docs(&scope.at(&[8, number]).docs());
    module
        .code
        .derive(&format!("Clone, PartialEq, prost::Oneof{serde}"));
    if has_json {
        module.code.line("#[prost(prost_path = \"micro_rpc::prost\")]");
        module.code.line("#[serde(crate = \"micro_rpc::serde\")]");
    }
    module.code.open(&format!("pub enum {name} {{"));
    for (index, member) in members {
        let field = Field::variant(&scope.at(&[2, index as i32]), &scope.parent, member)?;
        let variant = names::type_name(member.name());
        if field.has_json() {
            module.needs(&["json"]);
        }
        field.emit_attributes(&mut module.code, &variant);
        module.code.line(&format!("{variant}({}),", field.rust_type));
    }
    module.code.close("}");
    Ok(())
}

fn declares(descriptor: &DescriptorProto, name: &str) -> bool {
    let enums = descriptor.enum_type.iter().map(|it| it.name());
    let mut names = descriptor.nested_type.iter().map(|it| it.name()).chain(enums);
    names.any(|it| names::type_name(it) == name)
}
