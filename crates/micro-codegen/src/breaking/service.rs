//! Services: a method is called as before.

use prost_types::{MethodDescriptorProto, ServiceDescriptorProto};

use super::declarations::{Element, Place};
use super::{Report, Rule};

type Service<'a> = Element<'a, ServiceDescriptorProto>;

pub fn compare(report: &mut Report, old: &Service<'_>, new: &Service<'_>) {
    for (method, index) in old.descriptor.method.iter().zip(0..) {
        let mut others = new.descriptor.method.iter().zip(0..);
        match others.find(|(other, _)| other.name() == method.name()) {
            Some((other, index)) => compare_methods(report, method, other, new, index),
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
    service: &Service<'_>,
    index: i32,
) {
    let place = || -> Place { service.place(&[2, index]) };
    let mut check = |rule: Rule, what: &str, before: String, after: String| {
        if before != after {
            let method = format!("method {} of service {}", new.name(), service.name);
            let what = format!("{method} changed {what} from {before} to {after}");
            let advice = "leave it as it was, and add a method with a name of its own";
            report.add(rule, place(), what, advice);
        }
    };
    let type_name = |name: &str| name.trim_start_matches('.').to_owned();
    check(
        Rule::RpcSameRequestType,
        "its request",
        type_name(old.input_type()),
        type_name(new.input_type()),
    );
    check(
        Rule::RpcSameResponseType,
        "its response",
        type_name(old.output_type()),
        type_name(new.output_type()),
    );
    check(
        Rule::RpcSameClientStreaming,
        "what it takes",
        streaming(old.client_streaming()),
        streaming(new.client_streaming()),
    );
    check(
        Rule::RpcSameServerStreaming,
        "what it answers with",
        streaming(old.server_streaming()),
        streaming(new.server_streaming()),
    );
    check(
        Rule::RpcSameIdempotencyLevel,
        "its idempotency_level",
        idempotency(old),
        idempotency(new),
    );
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
