//! Services: the trait, its client over the network, and the server that mounts it.

mod client;
mod server;

use std::collections::BTreeSet;

use prost_types::{MethodDescriptorProto, ServiceDescriptorProto};

use crate::code::Code;
use crate::error::Result;
use crate::generate::Scope;
use crate::names;

/// A service under the names that Rust has for it.
pub struct Service<'a> {
    pub scope: Scope<'a>,
    /// The trait.
    pub name: String,
    /// As the contract spells it; the first half of an endpoint.
    pub proto_name: &'a str,
    pub methods: Vec<Method<'a>>,
}

pub struct Method<'a> {
    pub name: String,
    /// As the contract spells it; the second half of an endpoint.
    pub proto_name: &'a str,
    pub request: String,
    pub response: String,
    pub streams_requests: bool,
    pub streams_responses: bool,
    /// Calling it twice is as calling it once.
    is_idempotent: bool,
    docs: Vec<String>,
}

pub fn emit(code: &mut Code, scope: &Scope<'_>, index: usize) -> Result<()> {
    let service = Service::new(scope, index)?;
    emit_descriptor(code, &service);
    emit_trait(code, &service);
    client::emit(code, &service);
    server::emit(code, &service);
    Ok(())
}

/// Refuses contracts whose services and messages would take each other's names.
pub fn check_names(scope: &Scope<'_>) -> Result<()> {
    let file = scope.file;
    let messages = file.message_type.iter().map(|it| it.name()).enumerate();
    let messages = messages.map(|(index, name)| (vec![4, index as i32], name));
    let enums = file.enum_type.iter().map(|it| it.name()).enumerate();
    let enums = enums.map(|(index, name)| (vec![5, index as i32], name));
    let mut taken = BTreeSet::new();
    for service in &file.service {
        let name = names::type_name(service.name());
        taken.extend([format!("{name}Client"), format!("{name}Server"), name]);
    }
    for (path, proto_name) in messages.chain(enums) {
        let name = names::type_name(proto_name);
        if !taken.insert(name.clone()) {
            let problem = format!("{proto_name} is {name} in Rust, and so is another; rename one");
            return Err(scope.error(&path, problem));
        }
        if name == "Box" && !file.service.is_empty() {
            let problem = "a type Box cannot stand beside a service; rename it";
            return Err(scope.error(&path, problem));
        }
    }
    Ok(())
}

impl<'a> Service<'a> {
    pub fn new(scope: &Scope<'a>, index: usize) -> Result<Self> {
        let descriptor: &'a ServiceDescriptorProto = &scope.file.service[index];
        let scope = scope.at(&[6, index as i32]);
        if descriptor.method.is_empty() {
            return Err(scope.error(&[], format!("service {} has no rpc", descriptor.name())));
        }
        let mut methods = Vec::new();
        for (index, method) in descriptor.method.iter().enumerate() {
            methods.push(Method::new(&scope.at(&[2, index as i32]), method)?);
        }
        let name = names::type_name(descriptor.name());
        Ok(Service {
            name,
            proto_name: descriptor.name(),
            methods,
            scope,
        })
    }

    /// The name that the platform knows the service by: the last word of the package.
    fn address(&self) -> &str {
        let package = self.scope.file.package();
        let words = package.rsplit('.').filter(|word| !word.is_empty());
        words
            .clone()
            .find(|word| !names::is_version(word))
            .unwrap_or(self.proto_name)
    }

    fn constant(&self) -> String {
        format!("{}_SERVICE", names::constant_name(self.proto_name))
    }
}

impl<'a> Method<'a> {
    fn new(scope: &Scope<'a>, method: &'a MethodDescriptorProto) -> Result<Self> {
        Ok(Method {
            name: names::value_name(method.name()),
            proto_name: method.name(),
            request: scope.type_path(method.input_type())?,
            response: scope.type_path(method.output_type())?,
            streams_requests: method.client_streaming(),
            streams_responses: method.server_streaming(),
            is_idempotent: names::is_idempotent(method),
            docs: scope.docs(),
        })
    }

    fn emit_signature(&self, code: &mut Code, end: &str) {
        let params = [
            "&self".into(),
            "ctx: &micro_rpc::Context".into(),
            self.parameter(),
        ];
        let result = match self.streams_responses {
            true => format!("micro_rpc::Result<micro_rpc::Streaming<{}>>", self.response),
            false => format!("micro_rpc::Result<{}>", self.response),
        };
        code.signature(&format!("async fn {}", self.name), &params, &result, end);
    }

    fn parameter(&self) -> String {
        match self.streams_requests {
            true => format!("requests: micro_rpc::Streaming<{}>", self.request),
            false => format!("request: {}", self.request),
        }
    }

    /// How the client of micro-rpc calls this kind of method, and what it hands over.
    fn kind(&self) -> (&'static str, &'static str) {
        match (self.streams_requests, self.streams_responses) {
            (false, false) if self.is_idempotent => ("idempotent", "&request"),
            (false, false) => ("unary", "&request"),
            (false, true) => ("server_stream", "&request"),
            (true, false) => ("client_stream", "requests"),
            (true, true) => ("bidi", "requests"),
        }
    }
}

fn emit_descriptor(code: &mut Code, service: &Service<'_>) {
    code.gap();
    code.line(&format!(
        "/// What reflection and the registry say of `{}`.",
        service.proto_name
    ));
    let constant = service.constant();
    let head = format!("pub static {constant}: micro_rpc::ServiceDescriptor =");
    let is_broken = code.open_value(&head, "micro_rpc::ServiceDescriptor {");
    code.line(&format!("package: {:?},", service.scope.file.package()));
    code.line(&format!("name: {:?},", service.proto_name));
    match service.methods.as_slice() {
        [one] => {
            code.open("methods: &[micro_rpc::MethodDescriptor {");
            emit_method_descriptor(code, one);
            code.close("}],");
        }
        many => {
            code.open("methods: &[");
            for method in many {
                code.open("micro_rpc::MethodDescriptor {");
                emit_method_descriptor(code, method);
                code.close("},");
            }
            code.close("],");
        }
    }
    code.line("file_descriptor_set: FILE_DESCRIPTOR_SET,");
    code.close_value("};", is_broken);
}

fn emit_method_descriptor(code: &mut Code, method: &Method<'_>) {
    code.line(&format!("name: {:?},", method.proto_name));
    code.line(&format!("client_streaming: {},", method.streams_requests));
    code.line(&format!("server_streaming: {},", method.streams_responses));
}

fn emit_trait(code: &mut Code, service: &Service<'_>) {
    code.gap();
    code.docs(&service.scope.docs());
    code.line("#[micro_rpc::async_trait]");
    let (send, sync) = (
        service.scope.std("marker::Send"),
        service.scope.std("marker::Sync"),
    );
    code.open(&format!(
        "pub trait {}: {send} + {sync} + 'static {{",
        service.name
    ));
    for method in &service.methods {
        if !method.docs.is_empty() {
            code.gap();
        }
        code.docs(&method.docs);
        method.emit_signature(code, ";");
    }
    code.close("}");
}
