//! Services as classes.

use crate::contract::{Contract, Method, Service};

use super::layout::Text;
use super::messages::named_type;
use super::names::{self, Names};

/// Said of calls that stream both ways.
const BOTH_WAYS: &str =
    "Requests are sent while answers are read, except by browsers: those send all requests first.";

pub fn emit(text: &mut Text, contract: &Contract, names: &Names) {
    for service in callable(contract) {
        text.gap();
        class(text, &contract.name, service, names);
    }
}

/// The services that have something to call.
pub fn callable(contract: &Contract) -> impl Iterator<Item = &Service> {
    let services = contract.services.iter();
    services.filter(|service| !service.methods.is_empty())
}

fn class(text: &mut Text, address: &str, service: &Service, names: &Names) {
    let mut docs = vec![format!("Calls the service `{}`.", service.name)];
    if !service.docs.is_empty() {
        docs.push(String::new());
        docs.extend_from_slice(&service.docs);
    }
    text.docs(&docs);
    text.open(&format!("export class {} {{", names.of_client(&service.name)));
    text.line("readonly #gateway: micro.Gateway;");
    text.gap();
    text.open("constructor(options: micro.ClientOptions = {}) {");
    text.line(&format!(
        "this.#gateway = new micro.Gateway(\"{address}\", options);"
    ));
    text.close("}");
    for (method, name) in service.methods.iter().zip(names::methods(&service.methods)) {
        text.gap();
        call(text, service, method, &name, names);
    }
    text.close("}");
}

fn call(text: &mut Text, service: &Service, method: &Method, name: &str, names: &Names) {
    let (request, request_codec) = named_type(&method.request, names);
    let (response, response_codec) = named_type(&method.response, names);
    let (argument, way) = match (method.streams_requests, method.streams_responses) {
        (false, false) => ("request", "unary"),
        (false, true) => ("request", "serverStream"),
        (true, false) => ("requests", "clientStream"),
        (true, true) => ("requests", "bidi"),
    };
    text.docs(&docs(method));
    let result = if method.streams_responses {
        "AsyncIterable"
    } else {
        "Promise"
    };
    let parameters = [
        parameter(method, &request),
        "options?: micro.CallOptions".to_owned(),
    ];
    text.list(
        &format!("{name}("),
        &parameters,
        ",",
        &format!("): {result}<{response}> {{"),
    );
    text.indent();
    let kind = if method.is_idempotent {
        "idempotent"
    } else {
        "method"
    };
    let path = format!("\"{}/{}\"", service.name, method.name);
    text.list(
        &format!("const method = micro.{kind}("),
        &[path, request_codec, response_codec],
        ",",
        ");",
    );
    text.line(&format!(
        "return this.#gateway.{way}(method, {argument}, options);"
    ));
    text.close("}");
}

/// A request that says nothing need not be written down.
fn parameter(method: &Method, request: &str) -> String {
    match (method.streams_requests, request) {
        (true, _) => format!("requests: micro.Inputs<{request}>"),
        (false, "micro.Empty") => format!("request: {request} = {{}}"),
        (false, _) => format!("request: micro.Input<{request}>"),
    }
}

fn docs(method: &Method) -> Vec<String> {
    let mut lines = method.docs.clone();
    if method.streams_requests && method.streams_responses {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(BOTH_WAYS.to_owned());
    }
    lines
}
