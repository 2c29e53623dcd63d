//! Examples of a service's calls: `api/examples.json`, shown to people and held against the service.
//!
//! ```json
//! {
//!   "call": [
//!     {
//!       "title": "Greet somebody",
//!       "description": "The name is used as it is written.",
//!       "request": {"name": "John"},
//!       "response": {"msg": "Hello John"}
//!     }
//!   ]
//! }
//! ```
//!
//! An endpoint is named as on the command line, `call`, or as on the wire, `Greeter.Call`; of a second RPC service always
//! so. Where requests or answers are streams, `request` and `response` are lists. [`check`] makes each call and compares
//! the answer's shape: what an example shows is there, and of the same type. Values may differ, and more may be there. The
//! calls are made by [`caller`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use micro_rpc::{Access, Account, Client, Codec, Context, Credentials, Error, Guard, Result, Streaming};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::registry::Endpoint;
use crate::{Platform, Service};

const ID: &str = "micro.examples";
const NAMESPACE: &str = "micro";
/// The key of an endpoint's metadata under which tools find its examples, as JSON.
pub const METADATA: &str = "examples";

/// A call and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows, in a few words.
    pub title: String,
    /// What there is to know besides.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The message, or a list of them.
    pub request: Value,
    /// The message, or a list of them.
    pub response: Value,
}

/// The examples of each endpoint, as they are named in the file.
pub type Examples = BTreeMap<String, Vec<Example>>;

/// Reads the text of a file.
///
/// # Errors
///
/// 400 with line and column when it is no such file.
pub fn parse(text: &str) -> Result<Examples> {
    serde_json::from_str(text).map_err(|error| Error::bad_request(ID, format!("examples.json: {error}")))
}

/// Whether `name` means the endpoint, which is one of the RPC service that is called like the domain where the name is short.
pub fn names(name: &str, service: &str, endpoint: &str) -> bool {
    let Some((handler, method)) = endpoint.split_once('.') else {
        return false;
    };
    let alike = |a: &str, b: &str| {
        let letters = |text: &str| text.replace(['_', '-'], "").to_lowercase();
        letters(a) == letters(b)
    };
    match name.split_once(['.', '/']) {
        Some((named, short)) => alike(named, handler) && alike(short, method),
        None => alike(handler, service) && alike(name, method),
    }
}

/// Starts a service on a platform in memory, makes each of its examples' calls, and compares the answers.
///
/// # Errors
///
/// 400 with every example that does not hold, one a line.
///
/// ```
/// # fn service(_platform: &micro::Platform) -> micro::Service { micro::Service::new("greeter") }
/// # async fn f() -> micro::Result<()> {
/// micro::examples::check(service).await?;
/// # Ok(()) }
/// ```
pub async fn check(service: impl FnOnce(&Platform) -> Service) -> Result<()> {
    check_on(&Platform::in_memory(NAMESPACE), service).await
}

/// The same on a platform that is given, and holds already what the examples are about.
///
/// # Errors
///
/// As for [`check`].
pub async fn check_on(platform: &Platform, service: impl FnOnce(&Platform) -> Service) -> Result<()> {
    let service = service(platform);
    let examples = parse(service.examples_text())?;
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.map_err(|error| Error::internal(ID, error.to_string()))?;
    let address = listener
        .local_addr()
        .map_err(|error| Error::internal(ID, error.to_string()))?;
    let (_serving, is_serving) = watch::channel(true);
    let server = service.server(Some(Arc::new(Anyone)), NAMESPACE, is_serving);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let stopped = async move { drop(stopped.await) };
        server.serve(listener, stopped, Duration::ZERO).await;
    });
    let client = Client::builder()
        .address(&address.to_string())
        .credentials(Arc::new(Anyone))
        .build();
    let mut wrong = Vec::new();
    for (name, examples) in &examples {
        let endpoint = find(&service, name);
        for example in examples {
            let held = match &endpoint {
                Some(endpoint) => hold(&client, service.name(), endpoint, example).await,
                None => Err(format!("the service {} has no such endpoint", service.name())),
            };
            wrong.extend(
                held.err()
                    .map(|why| format!("{name}, {:?}: {why}", example.title)),
            );
        }
    }
    drop(stop);
    let _ = running.await;
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Error::bad_request(ID, wrong.join("\n"))),
    }
}

/// Who makes the calls of examples: the user `example` of the namespace `micro`.
pub fn caller() -> Arc<Account> {
    Arc::new(Account {
        id: "example".to_owned(),
        kind: "user".to_owned(),
        issuer: NAMESPACE.to_owned(),
        name: "example".to_owned(),
        ..Account::default()
    })
}

/// Takes every token for the caller's, and has one.
struct Anyone;

#[async_trait]
impl Guard for Anyone {
    fn authenticate(&self, _token: &str) -> Option<Arc<Account>> {
        Some(caller())
    }

    fn authorise(&self, _access: &Access<'_>) -> Result<()> {
        Ok(())
    }
}

impl Credentials for Anyone {
    fn token(&self) -> Option<Arc<str>> {
        Some("example".into())
    }
}

fn find(service: &Service, name: &str) -> Option<Endpoint> {
    let mut endpoints = service.endpoints().into_iter();
    endpoints.find(|endpoint| names(name, service.name(), &endpoint.name))
}

async fn hold(client: &Client, service: &str, endpoint: &Endpoint, example: &Example) -> Result<(), String> {
    let requests: Vec<_> = match &example.request {
        Value::Array(requests) => requests
            .iter()
            .map(|request| Ok(request.to_string().into()))
            .collect(),
        request => vec![Ok(request.to_string().into())],
    };
    let requests = Streaming::new(micro_rpc::futures_util::stream::iter(requests));
    let ctx = Context::background().with_timeout(Duration::from_secs(30));
    let answers = client
        .stream_raw(&ctx, service, &endpoint.name, Codec::Json, requests)
        .await;
    let answers = match answers {
        Ok(answers) => answers.collect().await,
        Err(error) => Err(error),
    };
    let answers = answers.map_err(|error| format!("it failed: {error}"))?;
    let answers = answers
        .iter()
        .map(|answer| serde_json::from_slice::<Value>(answer));
    let answers: Vec<Value> = answers
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    match &example.response {
        Value::Array(expected) if expected.len() != answers.len() => Err(format!(
            "it was answered by {} messages, the example shows {}",
            answers.len(),
            expected.len()
        )),
        Value::Array(expected) => expected
            .iter()
            .zip(&answers)
            .try_for_each(|(expected, answer)| compare("response", expected, answer)),
        expected => {
            let answer = answers.first().ok_or("it was answered by nothing")?;
            compare("response", expected, answer)
        }
    }
}

/// Whether all that is expected is there and of the same type.
fn compare(path: &str, expected: &Value, found: &Value) -> Result<(), String> {
    match (expected, found) {
        (Value::Null, _) => Ok(()),
        (Value::Object(expected), Value::Object(found)) => expected.iter().try_for_each(|(key, expected)| {
            let path = format!("{path}.{key}");
            match found.get(key) {
                Some(found) => compare(&path, expected, found),
                None => Err(format!("{path} is not there")),
            }
        }),
        // Every item looks like one of the example's.
        (Value::Array(expected), Value::Array(found)) => {
            if expected.is_empty() != found.is_empty() {
                return Err(format!(
                    "{path} has {} items, the example shows {}",
                    found.len(),
                    expected.len()
                ));
            }
            found.iter().zip(0..).try_for_each(|(found, index)| {
                let path = format!("{path}[{index}]");
                let mut compared = expected.iter().map(|expected| compare(&path, expected, found));
                let first = compared.next().unwrap_or(Ok(()));
                first.or_else(|why| {
                    if compared.any(|compared| compared.is_ok()) {
                        Ok(())
                    } else {
                        Err(why)
                    }
                })
            })
        }
        _ if kind(expected) == kind(found) => Ok(()),
        _ => Err(format!(
            "{path} is {}, the example shows {}",
            kind(found),
            kind(expected)
        )),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn endpoints_are_named_short_or_whole() {
        for (name, endpoint, means) in [
            ("call", "User.Call", true),
            ("Call", "User.Call", true),
            ("User.Call", "User.Call", true),
            ("ping_pong", "User.PingPong", true),
            ("session/read", "Session.Read", true),
            ("read", "Session.Read", false),
            ("call", "User.Recall", false),
        ] {
            assert_eq!(names(name, "user", endpoint), means, "{name} {endpoint}");
        }
    }

    struct Whoami;

    #[async_trait]
    impl crate::web::Web for Whoami {
        async fn serve(&self, ctx: &Context, _: crate::web::Request) -> Result<crate::web::Response> {
            match ctx.account() == Some(&caller()) {
                true => Ok(crate::web::Response::default()),
                false => Err(Error::unauthorized("whoami", "nobody")),
            }
        }
    }

    #[tokio::test]
    async fn calls_have_a_caller() {
        let checked = check(|_| {
            let service = Service::new("whoami").handle(crate::web::WebServer::new(Whoami));
            service
                .examples(r#"{"Web.Serve": [{"title": "", "request": {}, "response": {"status": "200"}}]}"#)
        });
        let told = checked.await.unwrap_err().detail;
        assert!(
            told.ends_with("response.status is a number, the example shows a string"),
            "{told}"
        );
    }

    #[test]
    fn shapes_are_compared() {
        let check = |expected: Value, found: Value, why: Option<&str>| {
            let compared = compare("response", &expected, &found);
            assert_eq!(compared.err().as_deref(), why, "{expected} {found}");
        };
        check(json!({"a": "x"}), json!({"a": "y", "b": 1}), None);
        check(json!({"a": null}), json!({"a": {"b": 1}}), None);
        check(json!({"a": 1}), json!({}), Some("response.a is not there"));
        check(
            json!({"a": 1}),
            json!({"a": "1"}),
            Some("response.a is a string, the example shows a number"),
        );
        check(json!({"a": [{"b": 1}]}), json!({"a": [{"b": 2}, {"b": 3}]}), None);
        check(
            json!({"a": [{"b": 1}]}),
            json!({"a": [{"b": 2}, {"b": "3"}]}),
            Some("response.a[1].b is a string, the example shows a number"),
        );
        check(
            json!({"a": [1]}),
            json!({"a": []}),
            Some("response.a has 0 items, the example shows 1"),
        );
        check(json!([1, "x"]), json!(["y", 2]), None);
    }
}
