//! Commands that are services: `micro helloworld call --name=John`.

pub mod flags;
pub mod help;

use std::io::IsTerminal;

use bytes::Bytes;
use micro::registry::{Endpoint, Registry as _, Remote, Service, short_name};
use micro_rpc::{Codec, Streaming};

use crate::call;
use crate::errors::{Failure, Result};
use crate::output;
use crate::session::Session;
use flags::Flag;

/// The namespace of the platform's own services.
pub const PLATFORM: &str = "micro";

const CORE: &[&str] = &[
    "network", "runtime", "registry", "config", "store", "broker", "router", "auth", "proxy", "api", "events",
];

/// Whether the name belongs to a service of the platform itself.
pub fn is_core(service: &str) -> bool {
    CORE.contains(&service)
}

/// Calls the endpoint of a service that the words name, or explains the service.
pub async fn run(session: &Session, service: &str, words: &[String]) -> Result<()> {
    let (plain, flags) = flags::read(words)?;
    let (namespace, found) = lookup(session, service).await?;
    let asks = flags.iter().any(Flag::is_help);
    let others = flags.iter().any(|flag| !flag.is_help());
    if plain.is_empty() && !others {
        return output::line(&help::service(&found));
    }
    let endpoint = choose(&found, service, &plain)?;
    if asks && !has_field(endpoint, "help") && !has_field(endpoint, "h") {
        return output::line(&help::endpoint(&found.name, endpoint));
    }
    send(session, &namespace, &found.name, endpoint, flags).await
}

/// Whether there is such a service, with the endpoint that the words name.
pub async fn is_there(session: &Session, service: &str, words: &[String]) -> bool {
    let Ok((plain, _)) = flags::read(words) else {
        return false;
    };
    let found = lookup(session, service).await;
    found.is_ok_and(|(_, found)| choose(&found, service, &plain).is_ok())
}

/// The service and the namespace it was found in, its versions joined.
async fn lookup(session: &Session, name: &str) -> Result<(String, Service)> {
    let registry = Remote::new(&session.client);
    let own = (!is_core(name) && session.namespace != PLATFORM).then_some(session.namespace.as_str());
    let short = short_name(name);
    for namespace in own.into_iter().chain([PLATFORM]) {
        for known in [Some(name), Some(short).filter(|short| *short != name)]
            .into_iter()
            .flatten()
        {
            if let Some(found) = joined(registry.get(namespace, known).await?) {
                return Ok((namespace.to_owned(), found));
            }
        }
    }
    Err(
        Failure::new(4, format!("Service \"{name}\" not found")).with_hint(format!(
            "`micro services` lists those of {}; `micro --help` the commands.",
            session.environment
        )),
    )
}

/// One service with the endpoints of all its versions.
fn joined(versions: Vec<Service>) -> Option<Service> {
    let mut versions = versions.into_iter();
    let mut first = versions.next()?;
    for endpoint in versions.flat_map(|version| version.endpoints) {
        if first.endpoints.iter().all(|known| known.name != endpoint.name) {
            first.endpoints.push(endpoint);
        }
    }
    Some(first)
}

/// The endpoint that the words after the service's name mean.
fn choose<'a>(service: &'a Service, typed: &str, plain: &[String]) -> Result<&'a Endpoint> {
    let handler = short_name(typed).rsplit('.').next().unwrap_or(typed);
    let (handler, method) = match plain {
        [] => (handler, "call"),
        [method] => method.split_once('.').unwrap_or((handler, method)),
        [handler, method] => (handler.as_str(), method.as_str()),
        _ => {
            return Err(
                Failure::new(1, "Incorrect number of arguments").with_hint(format!(
                    "`micro {typed} --help` lists the commands; values go into flags."
                )),
            );
        }
    };
    let wanted = format!("{}.{}", title(handler), title(method));
    // An exact name wins over one that differs in case only.
    let exact = service.endpoints.iter().find(|endpoint| endpoint.name == wanted);
    let alike = || {
        service
            .endpoints
            .iter()
            .find(|endpoint| endpoint.name.eq_ignore_ascii_case(&wanted))
    };
    exact.or_else(alike).ok_or_else(|| missing(service, &wanted))
}

fn missing(service: &Service, wanted: &str) -> Failure {
    let failure = Failure::new(
        128,
        format!("Endpoint {wanted} not found for service {}", service.name),
    );
    let names = service.endpoints.iter().map(|endpoint| endpoint.name.as_str());
    match flags::nearest(wanted, names)
        .and_then(|near| service.endpoints.iter().find(|known| known.name == near))
    {
        Some(near) => failure.with_hint(format!(
            "Did you mean `{}`?",
            help::command(&service.name, &near.name)
        )),
        None => failure.with_hint(format!("`micro {} --help` lists its commands.", service.name)),
    }
}

/// `foo-bar` as the generator names it: `FooBar`.
fn title(word: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    word.split(['-', '_']).map(part).collect()
}

fn has_field(endpoint: &Endpoint, name: &str) -> bool {
    endpoint
        .request
        .as_ref()
        .is_some_and(|request| flags::has_field(&request.values, name))
}

async fn send(
    session: &Session,
    namespace: &str,
    service: &str,
    endpoint: &Endpoint,
    mut flags: Vec<Flag>,
) -> Result<()> {
    let mut take = |name: &str| {
        if has_field(endpoint, name) {
            Vec::new()
        } else {
            flags::take(&mut flags, name)
        }
    };
    let metadata = [take("metadata"), take("header")].concat();
    let timeout = take("request_timeout");
    let ctx = call::context(namespace, &metadata, timeout.last().map(String::as_str))?;
    let body = flags::message(endpoint.request.as_ref(), &flags)?;
    let body = Bytes::from(body.to_string());
    let is = |key: &str| endpoint.metadata.get(key).is_some_and(|value| value == "true");
    if !["client_stream", "server_stream", "stream"].into_iter().any(is) {
        let reply = session
            .client
            .call_raw(&ctx, service, &endpoint.name, Codec::Json, body)
            .await?;
        return call::print(&reply, false);
    }
    let is_typed = is("client_stream") && flags.is_empty();
    if is_typed && std::io::stdin().is_terminal() {
        eprintln!("type messages as JSON, one a line; Ctrl-D ends");
    }
    let requests = if is_typed {
        call::from_stdin()
    } else {
        Streaming::from_iter([body])
    };
    let replies = session
        .client
        .stream_raw(&ctx, service, &endpoint.name, Codec::Json, requests)
        .await?;
    call::print_all(replies, false).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, endpoints: &[&str]) -> Service {
        let endpoint = |name: &&str| Endpoint {
            name: (*name).to_owned(),
            ..Endpoint::default()
        };
        Service {
            name: name.into(),
            endpoints: endpoints.iter().map(endpoint).collect(),
            ..Service::default()
        }
    }

    #[test]
    fn words_name_endpoints() {
        let table: &[(&str, &[&str], Result<&str>)] = &[
            ("helloworld", &[], Ok("Helloworld.Call")),
            ("go.micro.service.helloworld", &["call"], Ok("Helloworld.Call")),
            ("helloworld", &["listAll"], Ok("Helloworld.ListAll")),
            ("helloworld", &["list-all"], Ok("Helloworld.ListAll")),
            ("helloworld", &["listall"], Ok("Helloworld.ListAll")),
            ("helloworld", &["accounts", "list"], Ok("Accounts.List")),
            ("helloworld", &["Accounts.List"], Ok("Accounts.List")),
            ("foo-bar", &["call"], Ok("FooBar.Call")),
            (
                "helloworld",
                &["fly"],
                Err(Failure::new(
                    128,
                    "Endpoint Helloworld.Fly not found for service s",
                )),
            ),
            (
                "helloworld",
                &["a", "b", "c"],
                Err(Failure::new(1, "Incorrect number of arguments")),
            ),
        ];
        let known = service(
            "s",
            &[
                "Helloworld.Call",
                "Helloworld.ListAll",
                "Accounts.List",
                "FooBar.Call",
            ],
        );
        for (typed, plain, expected) in table {
            let plain: Vec<String> = plain.iter().map(|&word| word.to_owned()).collect();
            let chosen = choose(&known, typed, &plain).map(|endpoint| endpoint.name.as_str());
            let chosen = chosen.map_err(|failure| Failure {
                hint: None,
                ..failure
            });
            assert_eq!(&chosen, expected, "{typed} {plain:?}");
        }
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_name() {
        let known = service("helloworld", &["Helloworld.Call", "Helloworld.Stream"]);
        let failure = choose(&known, "helloworld", &["cal".to_owned()]).unwrap_err();
        assert_eq!(failure.hint.unwrap(), "Did you mean `micro helloworld call`?");
    }

    #[test]
    fn versions_are_joined() {
        let both = joined(vec![service("a", &["A.One"]), service("a", &["A.One", "A.Two"])]).unwrap();
        assert_eq!(both.endpoints.len(), 2);
        assert_eq!(joined(Vec::new()), None);
    }
}
