//! What the user is told once a service runs.

use micro_proto::registry::Registry as _;
use micro_proto::registry::{GetRequest, Options, RegistryClient};

use super::platform;
use crate::errors::Result;
use crate::session::Session;

/// Where everything is, and one line of each way to call the service.
pub(super) async fn tell(session: &Session, name: &str) -> Result<()> {
    let gateway = micro::join::Join::read(&session.globals.home)
        .ok()
        .flatten()
        .map(|join| join.gateway);
    let gateway = gateway.unwrap_or_else(|| "http://localhost:8080".to_owned());
    println!("{name} is running");
    println!("  gateway  {gateway}");
    println!("  proxy    {}", session.address);
    println!("  logs     micro logs -f {name}");
    let request = GetRequest {
        service: name.to_owned(),
        options: Some(Options {
            domain: session.namespace.clone(),
            ttl: 0,
        }),
    };
    let known = RegistryClient::new(&session.client)
        .get_service(&platform(), request)
        .await;
    // One that only consumes is registered nowhere.
    let Ok(known) = known else { return Ok(()) };
    let first = known
        .services
        .iter()
        .flat_map(|version| &version.endpoints)
        .filter(|endpoint| endpoint.name != "Web.Serve")
        .find(|endpoint| !endpoint.metadata.contains_key("stream"));
    let Some(endpoint) = first else { return Ok(()) };
    let Some((handler, method)) = endpoint.name.split_once('.') else {
        return Ok(());
    };
    let field = endpoint
        .request
        .iter()
        .flat_map(|request| &request.values)
        .find(|value| value.r#type == "string");
    let (query, flag, json) = match field {
        Some(field) => (
            format!("?{}=Alice", field.name),
            format!(" --{}=Alice", field.name),
            format!("{{\"{}\":\"Alice\"}}", field.name),
        ),
        None => (String::new(), String::new(), "{}".to_owned()),
    };
    let command = if handler.eq_ignore_ascii_case(name) {
        String::new()
    } else {
        format!("{} ", handler.to_lowercase())
    };
    let path = if command.is_empty() {
        String::new()
    } else {
        format!("{}/", handler.to_lowercase())
    };
    let lower = method.to_lowercase();
    println!("call it:");
    println!("  curl '{gateway}/{name}/{path}{lower}{query}'");
    // `Call` is what a service does when nothing else is said.
    if method == "Call" && command.is_empty() && !flag.is_empty() {
        println!("  micro {name}{flag}");
    } else {
        println!("  micro {name} {command}{lower}{flag}");
    }
    println!("  micro call {name} {} '{json}'", endpoint.name);
    println!(
        "  grpcurl -plaintext -d '{json}' {} {name}.{handler}/{method}",
        session.address
    );
    Ok(())
}
