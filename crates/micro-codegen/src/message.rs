//! Messages, and what they declare inside.

use std::collections::BTreeSet;

use prost_types::{DescriptorProto, FieldDescriptorProto};

use crate::error::Result;
use crate::field::Field;
use crate::generate::{Module, Scope};
use crate::{enumeration, names, oneof};

/// What every message and oneof derives its JSON form with.
pub const SERDE: &str = ", serde::Serialize, serde::Deserialize";

pub fn emit(module: &mut Module, scope: &Scope<'_>, descriptor: &DescriptorProto) -> Result<()> {
    emit_struct(module, scope, descriptor)?;
    emit_inside(module, scope, descriptor)
}

fn emit_struct(module: &mut Module, scope: &Scope<'_>, descriptor: &DescriptorProto) -> Result<()> {
    let has_json = !scope.types.only_messages();
    if has_json {
        module.needs(&["prost", "serde"]);
    }
    module.code.gap();
    module.code.docs(&scope.docs());
    // The Debug that prost derives for an ordered map looks for prost at the root of the crate, where a
    // contract's crate does not have it.
    let has_map = descriptor
        .field
        .iter()
        .any(|field| scope.types.map_entry(field).is_some());
    let debug = if has_map { "Debug, " } else { "" };
    let serde = if has_json { SERDE } else { "" };
    module
        .code
        .derive(&format!("Clone, {debug}PartialEq, prost::Message{serde}"));
    if has_json {
        module.code.line("#[prost(prost_path = \"micro_rpc::prost\")]");
    }
    if has_map {
        module.code.line("#[prost(skip_debug)]");
    }
    if has_json {
        module
            .code
            .line("#[serde(crate = \"micro_rpc::serde\", default)]");
    }
    let name = names::type_name(descriptor.name());
    if descriptor.field.is_empty() {
        module.code.line(&format!("pub struct {name} {{}}"));
        return Ok(());
    }
    module.code.open(&format!("pub struct {name} {{"));
    let mut taken = BTreeSet::new();
    let mut oneofs = BTreeSet::new();
    for (index, field) in descriptor.field.iter().enumerate() {
        let scope = scope.at(&[2, index as i32]);
        let name = match oneof_of(field) {
            Some(number) if !oneofs.insert(number) => continue,
            Some(number) => oneof::emit_field(module, &scope, descriptor, number)?,
            None => emit_field(module, &scope, descriptor, field)?,
        };
        if !taken.insert(name.clone()) {
            return Err(scope.error(&[], format!("a second field is {name} in Rust")));
        }
    }
    module.code.close("}");
    Ok(())
}

fn emit_field(
    module: &mut Module,
    scope: &Scope<'_>,
    descriptor: &DescriptorProto,
    field: &FieldDescriptorProto,
) -> Result<String> {
    let full_name = format!("{}.{}", scope.parent, descriptor.name());
    let field = Field::new(scope, &full_name, field)?;
    if field.has_json() {
        module.needs(&["json"]);
    }
    field.emit_attributes(&mut module.code, &field.name);
    module
        .code
        .member(&format!("pub {}", field.name), &field.rust_type);
    Ok(field.name)
}

/// The module of what a message declares inside, unless that is nothing.
fn emit_inside(module: &mut Module, scope: &Scope<'_>, descriptor: &DescriptorProto) -> Result<()> {
    let inner = scope.inside(descriptor.name());
    let mut body = Module::new(module.code.inner());
    for (index, nested) in descriptor.nested_type.iter().enumerate() {
        if nested.options.as_ref().is_none_or(|options| !options.map_entry()) {
            emit(&mut body, &inner.at(&[3, index as i32]), nested)?;
        }
    }
    for (index, nested) in descriptor.enum_type.iter().enumerate() {
        enumeration::emit(&mut body, &inner.at(&[4, index as i32]), nested)?;
    }
    for number in 0..descriptor.oneof_decl.len() {
        oneof::emit(&mut body, &inner, descriptor, number as i32)?;
    }
    if !body.is_empty() {
        module.code.gap();
        let name = names::module_name(descriptor.name());
        let outer = names::type_name(descriptor.name());
        module
            .code
            .line(&format!("/// What [`{}`] declares inside.", names::plain(&outer)));
        module.code.open(&format!("pub mod {name} {{"));
        module.code.append(&body.finish());
        module.code.close("}");
    }
    Ok(())
}

/// The oneof that a field belongs to; the one that `optional` makes up does not count.
pub fn oneof_of(field: &FieldDescriptorProto) -> Option<i32> {
    field.oneof_index.filter(|_| !field.proto3_optional())
}
