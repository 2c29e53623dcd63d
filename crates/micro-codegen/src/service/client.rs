//! The client: the trait over the network.

use super::Service;
use crate::code::Code;
use crate::names;

pub fn emit(code: &mut Code, service: &Service<'_>) {
    let (name, address) = (&service.name, service.address());
    let client = format!("{name}Client");
    code.gap();
    code.line(&format!("/// [`{}`] over the network.", names::plain(name)));
    code.line("#[derive(Clone)]");
    code.tuple_struct(&client, "micro_rpc::ServiceClient");
    code.gap();
    code.open(&format!("impl {client} {{"));
    code.line(&format!("/// Calls the service `{address}`."));
    code.open("pub fn new(client: &micro_rpc::Client) -> Self {");
    code.line(&format!("Self::with_name(client, {address:?})"));
    code.close("}");
    code.gap();
    code.line(&format!(
        "/// Calls the service `name`, which speaks the contract of `{address}`."
    ));
    code.open("pub fn with_name(client: &micro_rpc::Client, name: &str) -> Self {");
    code.line("Self(client.service(name))");
    code.close("}");
    code.close("}");
    code.gap();
    code.line("#[micro_rpc::async_trait]");
    code.open(&format!("impl {name} for {client} {{"));
    for method in &service.methods {
        code.gap();
        method.emit_signature(code, " {");
        let endpoint = format!("\"{}.{}\"", service.proto_name, method.proto_name);
        let (call, argument) = method.kind();
        code.chain("", "self.0", (call, &["ctx", &endpoint, argument]), ".await");
        code.close("}");
    }
    code.close("}");
}
