//! Services: a method is called as before.

use prost_types::{MethodDescriptorProto, ServiceDescriptorProto};

use super::declarations::Element;
use super::{Report, Rule};

type Service<'a> = Element<'a, ServiceDescriptorProto>;

/// A part of a method's signature: its rule, what to call it, and what it is.
type Part = (Rule, &'static str, fn(&MethodDescriptorProto) -> String);

const PARTS: &[Part] = &[
    (Rule::RpcSameRequestType, "its request", |it| {
        type_name(it.input_type())
    }),
    (Rule::RpcSameResponseType, "its response", |it| {
        type_name(it.output_type())
    }),
    (Rule::RpcSameClientStreaming, "what it takes", |it| {
        streaming(it.client_streaming())
    }),
    (Rule::RpcSameServerStreaming, "what it answers with", |it| {
        streaming(it.server_streaming())
    }),
    (
        Rule::RpcSameIdempotencyLevel,
        "its idempotency_level",
        idempotency,
    ),
];

pub fn compare(report: &mut Report, old: &Service<'_>, new: &Service<'_>) {
    for (method, index) in old.descriptor.method.iter().zip(0..) {
        let mut others = new.descriptor.method.iter().zip(0..);
        match others.find(|(other, _)| other.name() == method.name()) {
            Some((other, index)) => compare_methods(report, method, other, (new, index)),
            None => report.add(
                Rule::RpcNoDelete,
                old.place(&[2, index]),
                format!("method {} of service {} was removed", method.name(), old.name),
                "keep it with `option deprecated = true;`, since who still calls it gets an error",
            ),
        }
    }
}

fn compare_methods(
    report: &mut Report,
    old: &MethodDescriptorProto,
    new: &MethodDescriptorProto,
    (service, index): (&Service<'_>, i32),
) {
    for (rule, what, part) in PARTS {
        let (before, after) = (part(old), part(new));
        if before != after {
            let method = format!("method {} of service {}", new.name(), service.name);
            let what = format!("{method} changed {what} from {before} to {after}");
            let advice = "leave it as it was, and add a method with a name of its own";
            report.add(*rule, service.place(&[2, index]), what, advice);
        }
    }
}

fn type_name(name: &str) -> String {
    name.trim_start_matches('.').to_owned()
}

fn streaming(is_stream: bool) -> String {
    match is_stream {
        true => "a stream".to_owned(),
        false => "one message".to_owned(),
    }
}

fn idempotency(method: &MethodDescriptorProto) -> String {
    let options = method.options.as_ref();
    let level = options.map(|options| options.idempotency_level());
    level.unwrap_or_default().as_str_name().to_owned()
}
