//! `micro services` and `micro get service`: what the registry knows.

use clap::{Args, Subcommand};
use micro_proto::registry::{
    Endpoint, GetRequest, ListRequest, Node, Options, Registry, RegistryClient, Service, Value,
};
use micro_rpc::Context;

use crate::auth::pairs;
use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::{Globals, Session};

/// Get micro values.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro get service helloworld")]
pub struct GetArgs {
    #[command(subcommand)]
    command: GetCommand,
}

#[derive(Subcommand, Debug)]
enum GetCommand {
    /// Get service registry info
    #[command(after_help = "EXAMPLE:\n   micro get service helloworld")]
    Service {
        /// The service's name
        name: String,
    },
}

fn domain(session: &Session) -> Option<Options> {
    Some(Options {
        domain: session.namespace.clone(),
        ..Options::default()
    })
}

/// Runs `micro services`: the names of the namespace, one a line.
pub async fn run_list(globals: &Globals) -> Result<()> {
    let session = Session::open(globals).await?;
    let request = ListRequest {
        options: domain(&session),
    };
    let answer = RegistryClient::new(&session.client)
        .list_services(&Context::background(), request)
        .await;
    let services = answer.map_err(|error| session.explain(error))?.services;
    let mut names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if matches!(globals.output, Output::Json) {
        return print_json(&names);
    }
    for name in names {
        output::line(name)?;
    }
    Ok(())
}

/// Runs `micro get`.
pub async fn run_get(globals: &Globals, args: GetArgs) -> Result<()> {
    let GetCommand::Service { name } = args.command;
    let session = Session::open(globals).await?;
    let service = micro::registry::short_name(&name).to_owned();
    let request = GetRequest {
        service,
        options: domain(&session),
    };
    let answer = RegistryClient::new(&session.client)
        .get_service(&Context::background(), request)
        .await;
    let services = match answer {
        Ok(answer) => answer.services,
        Err(error) if error.code == 404 => Vec::new(),
        Err(error) => return Err(session.explain(error)),
    };
    if services.is_empty() {
        return Err(Failure::new(1, "Service not found").with_hint("see micro services"));
    }
    if matches!(globals.output, Output::Json) {
        return print_json(&services);
    }
    output::line(&format!("{}\n", describe(&services)))
}

fn describe(versions: &[Service]) -> String {
    let mut lines = Vec::new();
    lines.extend(
        versions
            .first()
            .map(|service| format!("service  {}", service.name)),
    );
    for service in versions {
        if !service.version.is_empty() {
            lines.push(format!("\nversion {}", service.version));
        }
        lines.push("\nID\tAddress\tMetadata".to_owned());
        lines.extend(service.nodes.iter().map(describe_node));
    }
    lines.extend(
        versions
            .iter()
            .take(1)
            .flat_map(|service| &service.endpoints)
            .map(describe_endpoint),
    );
    lines.join("\n")
}

fn describe_node(node: &Node) -> String {
    let address = match node.port {
        port if port > 0 && !node.address.contains(':') => format!("{}:{port}", node.address),
        _ => node.address.clone(),
    };
    format!("{}\t{address}\t{}", node.id, pairs(&node.metadata, ","))
}

fn describe_endpoint(endpoint: &Endpoint) -> String {
    let mut text = format!("\nEndpoint: {}\n", endpoint.name);
    // Examples are long, and shown by `micro SERVICE ENDPOINT --help`.
    let mut metadata = endpoint.metadata.clone();
    metadata.remove(micro::examples::METADATA);
    if !metadata.is_empty() {
        text.push_str(&format!("\nMetadata: {}\n", pairs(&metadata, ",")));
    }
    let body = |value: &Option<Value>| match value {
        Some(value) if !value.values.is_empty() => {
            let fields: String = value
                .values
                .iter()
                .map(|field| describe_field(field, 1))
                .collect();
            format!("{{\n{fields}}}")
        }
        _ => "{}".to_owned(),
    };
    text.push_str(&format!("\nRequest: {}\n", body(&endpoint.request)));
    text.push_str(&format!("\nResponse: {}\n", body(&endpoint.response)));
    text
}

fn describe_field(field: &Value, depth: usize) -> String {
    let indent = "\t".repeat(depth);
    let head = format!("{indent}{} {}", snake(&field.name), field.r#type);
    if field.values.is_empty() {
        return format!("{head}\n");
    }
    let inner: String = field
        .values
        .iter()
        .map(|field| describe_field(field, depth + 1))
        .collect();
    format!("{head} {{\n{inner}{indent}}}\n")
}

/// `firstName` and `FirstName` as `first_name`, `userID` as `user_id`.
fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for c in name.chars() {
        if c.is_uppercase() && !before.is_uppercase() && before != '_' {
            text.push('_');
        }
        text.extend(c.to_lowercase());
        before = c;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, kind: &str, values: Vec<Value>) -> Value {
        Value {
            name: name.to_owned(),
            r#type: kind.to_owned(),
            values,
        }
    }

    #[test]
    fn services_are_described() {
        let friend = value("bestFriend", "Friend", vec![value("name", "string", vec![])]);
        let service = Service {
            name: "greeter".to_owned(),
            version: "latest".to_owned(),
            nodes: vec![Node {
                id: "greeter-1".to_owned(),
                address: "127.0.0.1:1".to_owned(),
                ..Node::default()
            }],
            endpoints: vec![Endpoint {
                name: "Greeter.Hello".to_owned(),
                request: Some(value("Request", "Request", vec![friend])),
                ..Endpoint::default()
            }],
            ..Service::default()
        };
        assert_eq!(
            describe(&[service]),
            "service  greeter\n\nversion latest\n\nID\tAddress\tMetadata\ngreeter-1\t127.0.0.1:1\t\n\n\
             Endpoint: Greeter.Hello\n\nRequest: {\n\tbest_friend Friend {\n\t\tname string\n\t}\n}\n\nResponse: {}\n"
        );
    }
}
