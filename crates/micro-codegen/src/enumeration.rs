//! Enums.

use std::collections::BTreeSet;

use prost_types::EnumDescriptorProto;

use crate::error::Result;
use crate::generate::{Module, Scope};
use crate::names;

pub fn emit(module: &mut Module, scope: &Scope<'_>, descriptor: &EnumDescriptorProto) -> Result<()> {
    let variants = variants(scope, descriptor)?;
    let has_json = !scope.types.only_messages();
    if has_json {
        module.needs(&["json", "prost"]);
    }
    let name = names::type_name(descriptor.name());
    let code = &mut module.code;
    code.gap();
    code.docs(&scope.docs());
    code.derive("Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration");
    if has_json {
        code.line("#[prost(prost_path = \"micro_rpc::prost\")]");
    }
    code.line("#[repr(i32)]");
    code.open(&format!("pub enum {name} {{"));
    for variant in variants.iter().filter(|variant| !variant.is_alias) {
        code.docs(&variant.docs);
        code.line(&format!("{} = {},", variant.name, variant.number));
    }
    code.close("}");
    if has_json {
        emit_names(module, scope, &name, &variants);
    }
    Ok(())
}

/// The names that JSON uses.
fn emit_names(module: &mut Module, scope: &Scope<'_>, name: &str, variants: &[Variant<'_>]) {
    let code = &mut module.code;
    code.gap();
    code.open(&format!("impl json::Enumeration for {name} {{"));
    code.open("fn name(&self) -> &'static str {");
    code.open("match self {");
    for variant in variants.iter().filter(|variant| !variant.is_alias) {
        code.line(&format!("Self::{} => {:?},", variant.name, variant.proto));
    }
    code.close("}");
    code.close("}");
    code.gap();
    code.open(&format!(
        "fn from_name(name: &str) -> {}<Self> {{",
        scope.std("option::Option")
    ));
    code.open("match name {");
    for variant in variants {
        code.line(&format!("{:?} => Some(Self::{}),", variant.proto, variant.name));
    }
    code.line("_ => None,");
    code.close("}");
    code.close("}");
    code.close("}");
}

struct Variant<'a> {
    name: String,
    proto: &'a str,
    number: i32,
    docs: Vec<String>,
    /// A second name of a number, which JSON accepts and Rust has no variant for.
    is_alias: bool,
}

fn variants<'a>(scope: &Scope<'_>, descriptor: &'a EnumDescriptorProto) -> Result<Vec<Variant<'a>>> {
    let mut taken = BTreeSet::new();
    let mut variants: Vec<Variant<'a>> = Vec::new();
    for (index, value) in descriptor.value.iter().enumerate() {
        let scope = scope.at(&[2, index as i32]);
        let first = variants.iter().find(|variant| variant.number == value.number());
        let own = names::variant_name(descriptor.name(), value.name());
        let (name, is_alias) = first.map_or((own, false), |first| (first.name.clone(), true));
        if !is_alias && !taken.insert(name.clone()) {
            let problem = format!("value {} is {name} in Rust, and so is another", value.name());
            return Err(scope.error(&[], problem));
        }
        let (proto, number) = (value.name(), value.number());
        variants.push(Variant {
            name,
            proto,
            number,
            docs: scope.docs(),
            is_alias,
        });
    }
    Ok(variants)
}
