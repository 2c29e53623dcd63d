//! The server: what takes calls from the network to whoever implements the trait.

use super::{Method, Service};
use crate::code::Code;
use crate::names;

pub fn emit(code: &mut Code, service: &Service<'_>) {
    let name = &service.name;
    let server = format!("{name}Server");
    code.gap();
    code.line(&format!("/// Mounts a [`{}`] on a server.", names::plain(name)));
    code.line("#[derive(Clone)]");
    code.tuple_struct(&server, &format!("std::sync::Arc<dyn {name}>"));
    code.gap();
    code.open(&format!("impl {server} {{"));
    code.open(&format!("pub fn new(service: impl {name}) -> Self {{"));
    code.line("Self(std::sync::Arc::new(service))");
    code.close("}");
    code.gap();
    let params = [format!("service: std::sync::Arc<dyn {name}>")];
    code.signature("pub fn from_arc", &params, "Self", " {");
    code.line("Self(service)");
    code.close("}");
    code.close("}");
    code.gap();
    code.line("#[micro_rpc::async_trait]");
    code.open(&format!("impl micro_rpc::Handler for {server} {{"));
    code.open("fn descriptor(&self) -> &'static micro_rpc::ServiceDescriptor {");
    code.line(&format!("&{}", service.constant()));
    code.close("}");
    code.gap();
    emit_dispatch(code, service);
    code.close("}");
}

fn emit_dispatch(code: &mut Code, service: &Service<'_>) {
    let params = [
        "&self".to_owned(),
        "ctx: &micro_rpc::Context".to_owned(),
        "method: &'static micro_rpc::MethodDescriptor".to_owned(),
        "mut call: micro_rpc::Call".to_owned(),
    ];
    code.signature(
        "async fn call",
        &params,
        "micro_rpc::Result<micro_rpc::Reply>",
        " {",
    );
    // Not called on the Arc: its own methods would hide an rpc named Clone.
    code.line("let service = &*self.0;");
    code.open("match method.name {");
    for method in &service.methods {
        emit_arm(code, method);
    }
    emit_unknown(code, service);
    code.close("}");
    code.close("}");
}

fn emit_arm(code: &mut Code, method: &Method<'_>) {
    code.open(&format!("{:?} => {{", method.proto_name));
    let argument = match method.streams_requests {
        true => {
            code.line("let requests = call.requests();");
            "requests"
        }
        false => {
            code.line("let request = call.request().await?;");
            "request"
        }
    };
    let variable = if method.streams_responses {
        "responses"
    } else {
        "response"
    };
    let before = format!("let {variable} = ");
    code.chain(&before, "service", (&method.name, &["ctx", argument]), ".await?;");
    code.line(match method.streams_responses {
        true => "call.reply_stream(responses)",
        false => "call.reply(&response)",
    });
    code.close("}");
}

fn emit_unknown(code: &mut Code, service: &Service<'_>) {
    let id = format!("\"{}.{}\"", service.address(), service.proto_name);
    code.wrapped_call(
        "_ => Err",
        "micro_rpc::Error::not_implemented",
        &[&id, "\"unknown method\""],
        ",",
    );
}
