//! How a field is typed, encoded and written as JSON.

use prost_types::FieldDescriptorProto;
use prost_types::field_descriptor_proto::{Label, Type};

use crate::code::Code;
use crate::error::Result;
use crate::generate::Scope;
use crate::names;

/// A field or a variant of a oneof, ready to be printed.
pub struct Field {
    /// The Rust name of the field.
    pub name: String,
    pub rust_type: String,
    prost: Vec<String>,
    /// The adaptor of micro-rpc's json module; none where serde's own form is right.
    json: Option<String>,
    /// Whether serde knows the field.
    has_json: bool,
    /// When serde leaves the field out.
    skip_if: Option<String>,
    proto_name: String,
    json_name: String,
    docs: Vec<String>,
}

/// The type of one value, be it alone, in a list or in a map.
struct Value {
    rust_type: String,
    prost: String,
    json: String,
    is_message: bool,
}

impl Field {
    pub fn new(scope: &Scope<'_>, message: &str, field: &FieldDescriptorProto) -> Result<Field> {
        let (rust_type, kind, json, mut skip_if) = match scope.types.map_entry(field) {
            Some(entry) => map(scope, &entry.field)?,
            None if field.label() == Label::Repeated => list(scope, field)?,
            None => single(scope, message, field)?,
        };
        if scope.types.is_extension(field) {
            if skip_if.is_some() {
                return Err(scope.error(&[], "a field beyond the contract cannot be optional"));
            }
            skip_if = Some("micro_rpc::json::leaves_out_extensions".into());
        }
        Ok(Field::assemble(scope, field, rust_type, kind, json, skip_if))
    }

    /// The variant of a oneof.
    pub fn variant(scope: &Scope<'_>, message: &str, field: &FieldDescriptorProto) -> Result<Field> {
        let value = value(scope, field)?;
        let is_boxed = value.is_message && scope.types.is_recursive(message, field);
        let boxed = is_boxed.then(|| "boxed".to_owned());
        let rust_type = match is_boxed {
            true => format!("{}<{}>", scope.std("boxed::Box"), value.rust_type),
            false => value.rust_type,
        };
        let kind = [value.prost].into_iter().chain(boxed).collect();
        let json = (!value.is_message).then_some(value.json);
        Ok(Field::assemble(scope, field, rust_type, kind, json, None))
    }

    fn assemble(
        scope: &Scope<'_>,
        field: &FieldDescriptorProto,
        rust_type: String,
        mut prost: Vec<String>,
        json: Option<String>,
        skip_if: Option<String>,
    ) -> Field {
        let has_json = !scope.types.only_messages();
        prost.push(format!("tag = \"{}\"", field.number()));
        let json_name = match field.json_name() {
            "" => names::json_name(field.name()),
            name => name.to_owned(),
        };
        Field {
            name: names::value_name(field.name()),
            rust_type,
            prost,
            json: json.filter(|_| has_json),
            skip_if,
            has_json,
            proto_name: field.name().to_owned(),
            json_name,
            docs: scope.docs(),
        }
    }

    /// Documentation and attributes; `name` is what the field is called in Rust.
    pub fn emit_attributes(&self, code: &mut Code, name: &str) {
        code.docs(&self.docs);
        code.attribute("prost", &self.prost);
        let serde = self.serde(name);
        if !serde.is_empty() {
            code.attribute("serde", &serde);
        }
    }

    pub fn has_json(&self) -> bool {
        self.json.is_some()
    }

    fn serde(&self, name: &str) -> Vec<String> {
        let mut args = Vec::new();
        if !self.has_json {
            return args;
        }
        args.extend(
            self.json
                .as_ref()
                .map(|json| format!("with = \"json::As::<{json}>\"")),
        );
        args.extend(
            self.skip_if
                .as_ref()
                .map(|path| format!("skip_serializing_if = {path:?}")),
        );
        if names::plain(name) != self.proto_name {
            args.push(format!("rename = {:?}", self.proto_name));
        }
        if self.json_name != self.proto_name {
            args.push(format!("alias = {:?}", self.json_name));
        }
        args
    }
}

/// Rust type, arguments for prost, adaptor for JSON, and when JSON leaves it out.
type Shape = (String, Vec<String>, Option<String>, Option<String>);

fn single(scope: &Scope<'_>, message: &str, field: &FieldDescriptorProto) -> Result<Shape> {
    let value = value(scope, field)?;
    let option = scope.std("option::Option");
    let mut kind = vec![value.prost];
    if value.is_message {
        kind.push("optional".into());
        let is_boxed = scope.types.is_recursive(message, field);
        let mut rust_type = value.rust_type;
        if is_boxed {
            kind.push("boxed".into());
            rust_type = format!("{}<{rust_type}>", scope.std("boxed::Box"));
        }
        return Ok((format!("{option}<{rust_type}>"), kind, None, None));
    }
    if field.proto3_optional() {
        kind.push("optional".into());
        let json = format!("json::Opt<{}>", value.json);
        let skip_if = Some(format!("{option}::is_none"));
        return Ok((
            format!("{option}<{}>", value.rust_type),
            kind,
            Some(json),
            skip_if,
        ));
    }
    Ok((value.rust_type, kind, Some(value.json), None))
}

fn list(scope: &Scope<'_>, field: &FieldDescriptorProto) -> Result<Shape> {
    let value = value(scope, field)?;
    let mut kind = vec![value.prost, "repeated".into()];
    if field
        .options
        .as_ref()
        .is_some_and(|options| options.packed == Some(false))
    {
        kind.push("packed = \"false\"".into());
    }
    let rust_type = format!("{}<{}>", scope.std("vec::Vec"), value.rust_type);
    Ok((rust_type, kind, Some(format!("json::List<{}>", value.json)), None))
}

fn map(scope: &Scope<'_>, entry: &[FieldDescriptorProto]) -> Result<Shape> {
    let [key, of] = entry else {
        return Err(scope.error(&[], "a map entry has one key and one value"));
    };
    let (key, of) = (value(scope, key)?, value(scope, of)?);
    let of_prost = match of.prost.split_once(" = ") {
        // The forms that stand for themselves have another spelling inside a map.
        Some(("enumeration", path)) => format!("enumeration({})", path.trim_matches('"')),
        Some((name, _)) => name.to_owned(),
        None => of.prost,
    };
    let map = scope.std("collections::BTreeMap");
    Ok((
        format!("{map}<{}, {}>", key.rust_type, of.rust_type),
        vec![format!("btree_map = \"{}, {of_prost}\"", key.prost)],
        Some(format!("json::Map<{}, {}>", key.json, of.json)),
        None,
    ))
}

fn value(scope: &Scope<'_>, field: &FieldDescriptorProto) -> Result<Value> {
    let scalar = |rust: String, prost: &str, json: &str| Value {
        rust_type: rust,
        prost: prost.to_owned(),
        json: format!("json::{json}"),
        is_message: false,
    };
    Ok(match field.r#type() {
        Type::Double => scalar("f64".into(), "double", "Double"),
        Type::Float => scalar("f32".into(), "float", "Float"),
        Type::Int32 => scalar("i32".into(), "int32", "Int32"),
        Type::Int64 => scalar("i64".into(), "int64", "Int64"),
        Type::Uint32 => scalar("u32".into(), "uint32", "UInt32"),
        Type::Uint64 => scalar("u64".into(), "uint64", "UInt64"),
        Type::Sint32 => scalar("i32".into(), "sint32", "Int32"),
        Type::Sint64 => scalar("i64".into(), "sint64", "Int64"),
        Type::Fixed32 => scalar("u32".into(), "fixed32", "UInt32"),
        Type::Fixed64 => scalar("u64".into(), "fixed64", "UInt64"),
        Type::Sfixed32 => scalar("i32".into(), "sfixed32", "Int32"),
        Type::Sfixed64 => scalar("i64".into(), "sfixed64", "Int64"),
        Type::Bool => scalar("bool".into(), "bool", "Bool"),
        Type::String => scalar(scope.std("string::String"), "string", "Text"),
        Type::Bytes if scope.types.only_messages() => {
            scalar("bytes::Bytes".into(), "bytes = \"bytes\"", "Bytes")
        }
        Type::Bytes => scalar("micro_rpc::bytes::Bytes".into(), "bytes = \"bytes\"", "Bytes"),
        Type::Enum => {
            let path = scope.type_path(field.type_name())?;
            let prost = format!("enumeration = \"{path}\"");
            scalar("i32".into(), &prost, &format!("Enum<{path}>"))
        }
        Type::Message => Value {
            rust_type: scope.type_path(field.type_name())?,
            prost: "message".into(),
            json: "json::Msg".into(),
            is_message: true,
        },
        Type::Group => return Err(scope.error(&[], "groups are not generated; use a message")),
    })
}
