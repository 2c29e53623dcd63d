//! What a service says about itself.

use micro::examples::{self, Example};
use micro::registry::{Endpoint, Service, short_name};
use micro_proto::registry::Value;
use serde_json::Value as Json;

use super::flags;
use crate::output;

/// Name, version and commands of a service.
pub fn service(service: &Service) -> String {
    let mut rows: Vec<Vec<String>> = service
        .endpoints
        .iter()
        // Pages are for browsers, and whole requests for the gateway.
        .filter(|endpoint| !matches!(endpoint.name.as_str(), "Web.Serve" | "Http.Handle"))
        .map(|endpoint| {
            vec![
                format!("\t{}", words(&service.name, &endpoint.name)),
                description(endpoint).to_owned(),
            ]
        })
        .collect();
    rows.sort();
    let (name, version) = (&service.name, &service.version);
    let commands = output::table(&[], rows);
    format!(
        "NAME:\n\tmicro {name}\n\nVERSION:\n\t{version}\n\nUSAGE:\n\tmicro {name} [command]\n\nCOMMANDS:\n{commands}"
    )
}

/// Name, flags and an example of an endpoint.
pub fn endpoint(service: &str, endpoint: &Endpoint) -> String {
    let command = command(service, &endpoint.name);
    let about = match description(endpoint) {
        "" => String::new(),
        text => format!(" - {text}"),
    };
    let mut rows = Vec::new();
    let fields = endpoint
        .request
        .as_ref()
        .map_or(&[][..], |request| &request.values);
    list("", fields, &mut rows);
    let example = match shown(&command, endpoint) {
        told if !told.is_empty() => told,
        _ => format!(
            "\t{command}{}\n",
            fields.iter().take(3).map(example).collect::<String>()
        ),
    };
    let names = rows
        .into_iter()
        .map(|(name, kind)| vec![format!("\t--{name}"), kind])
        .collect();
    let flags = output::table(&[], names);
    format!(
        "NAME:\n\t{command}{about}\n\nUSAGE:\n\t{command} [flags]\n\nFLAGS:\n{flags}\nEXAMPLE:\n{example}"
    )
}

/// The examples that the service gives, each as a line to type and what it is answered.
fn shown(command: &str, endpoint: &Endpoint) -> String {
    let text = endpoint
        .metadata
        .get(examples::METADATA)
        .map_or("[]", String::as_str);
    let examples: Vec<Example> = serde_json::from_str(text).unwrap_or_default();
    let shown = examples.iter().map(|example| {
        let Example {
            title, description, ..
        } = example;
        let about = match description.as_str() {
            "" => format!("\t# {title}\n"),
            description => format!("\t# {title}: {description}\n"),
        };
        let line = typed(command, &example.request);
        format!("{about}\t{line}\n\t{}\n", example.response)
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// The line that sends a request: a stream's messages come from the standard input.
fn typed(command: &str, request: &Json) -> String {
    match request {
        Json::Array(messages) => {
            let lines: Vec<_> = messages.iter().map(ToString::to_string).collect();
            format!(
                "printf '%s\\n' {} | {command}",
                lines
                    .iter()
                    .map(|line| quoted(line))
                    .collect::<Vec<_>>()
                    .join(" ")
            )
        }
        request => command.to_owned() + &set("", request),
    }
}

/// The flags that make a message.
fn set(prefix: &str, message: &Json) -> String {
    let Some(members) = message.as_object() else {
        return String::new();
    };
    let flag = |(name, value): (&String, &Json)| match value {
        Json::Object(_) => set(&format!("{prefix}{name}-"), value),
        Json::Bool(true) => format!(" --{prefix}{name}"),
        Json::String(text) => format!(" --{prefix}{name}={}", quoted(text)),
        value => format!(" --{prefix}{name}={}", quoted(&value.to_string())),
    };
    members.iter().map(flag).collect()
}

/// As a shell reads it as one word.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@%+,".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The command line that calls an endpoint.
pub fn command(service: &str, endpoint: &str) -> String {
    format!("micro {service} {}", words(service, endpoint))
}

/// `Helloworld.Call` of helloworld is `call`, `Accounts.List` of auth is `accounts list`.
fn words(service: &str, endpoint: &str) -> String {
    let bare = short_name(service)
        .rsplit('.')
        .next()
        .unwrap_or(service)
        .replace(['-', '_'], "");
    match endpoint.split_once('.') {
        Some((handler, method)) if handler.eq_ignore_ascii_case(&bare) => lowered(method),
        Some((handler, method)) => format!("{} {}", lowered(handler), lowered(method)),
        None => lowered(endpoint),
    }
}

fn lowered(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn description(endpoint: &Endpoint) -> &str {
    endpoint.metadata.get("description").map_or("", String::as_str)
}

/// The flags of a message, those of nested messages joined by `-`.
fn list(prefix: &str, fields: &[Value], rows: &mut Vec<(String, String)>) {
    for field in fields {
        let name = format!("{prefix}{}", field.name);
        if flags::is_message(field) {
            list(&format!("{name}-"), &field.values, rows);
        } else {
            rows.push((name, field.r#type.clone()));
        }
    }
}

fn example(field: &Value) -> String {
    if flags::is_message(field) {
        let inner = field.values.first().map(example).unwrap_or_default();
        return inner.replacen("--", &format!("--{}-", field.name), 1);
    }
    let value = match field.r#type.as_str() {
        "bool" => return format!(" --{}", field.name),
        "string" => "text",
        "[]uint8" => "aGVsbG8=",
        "[]string" => "one,two",
        kind if kind.starts_with("map[") => "key=value",
        kind if kind.starts_with("[]") && field.values.is_empty() => "1,2",
        kind if kind.contains("int") => "1",
        kind if kind.starts_with("float") => "1.5",
        _ if field.values.is_empty() => "NAME",
        _ => "'{}'",
    };
    format!(" --{}={value}", field.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, kind: &str, values: Vec<Value>) -> Value {
        Value {
            name: name.into(),
            r#type: kind.into(),
            values,
        }
    }

    #[test]
    fn a_service_lists_its_commands() {
        let about = [("description".to_owned(), "Say hello".to_owned())].into();
        let call = Endpoint {
            name: "FooBar.Call".into(),
            metadata: about,
            ..Endpoint::default()
        };
        let list = Endpoint {
            name: "Accounts.List".into(),
            ..Endpoint::default()
        };
        let endpoints = vec![call, list];
        let text = service(&Service {
            name: "foo-bar".into(),
            version: "v1".into(),
            endpoints,
            ..Service::default()
        });
        assert!(text.contains("USAGE:\n\tmicro foo-bar [command]\n"), "{text}");
        assert!(
            text.ends_with("COMMANDS:\n\taccounts list\n\tcall           Say hello\n"),
            "{text}"
        );
    }

    #[test]
    fn an_endpoint_lists_its_flags() {
        let user = value("user", "User", vec![value("email", "string", vec![])]);
        let request = Some(value(
            "R",
            "R",
            vec![value("name", "string", vec![]), user, value("on", "bool", vec![])],
        ));
        let text = endpoint(
            "auth",
            &Endpoint {
                name: "Accounts.List".into(),
                request,
                ..Endpoint::default()
            },
        );
        assert!(
            text.contains("\t--name        string\n\t--user-email  string\n\t--on          bool\n"),
            "{text}"
        );
        assert!(
            text.ends_with("\tmicro auth accounts list --name=text --user-email=text --on\n"),
            "{text}"
        );
    }

    #[test]
    fn examples_of_the_service_are_shown_as_lines_to_type() {
        let mut told = Endpoint {
            name: "User.Find".to_owned(),
            ..Endpoint::default()
        };
        let examples = r#"[
            {"title": "By name", "description": "it's exact", "request": {"name": "Ann B", "at": {"x": 1}, "all": true}, "response": {"id": "7"}},
            {"title": "Many", "request": [{"n": 1}, {"n": 2}], "response": {}}
        ]"#;
        told.metadata
            .insert(examples::METADATA.to_owned(), examples.to_owned());
        let help = endpoint("user", &told);
        let (_, shown) = help.split_once("EXAMPLE:\n").unwrap();
        assert_eq!(
            shown,
            "\t# By name: it's exact\n\tmicro user find --all --at-x=1 --name='Ann B'\n\t{\"id\":\"7\"}\n\n\
             \t# Many\n\tprintf '%s\\n' '{\"n\":1}' '{\"n\":2}' | micro user find\n\t{}\n"
        );
    }
}
