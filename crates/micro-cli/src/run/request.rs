//! What the runtime is asked for.

use std::collections::BTreeMap;

use micro::runtime::definition;
use micro_proto::runtime::{CreateOptions, CreateRequest, Resource, Service};

use super::RunArgs;
use crate::errors::{Failure, Result};
use crate::session::Session;
use crate::source::{self, Place, Source};

/// To run a source as the command line says, in place of what runs.
pub(super) fn create(session: &Session, source: &Source, args: &RunArgs) -> Result<CreateRequest> {
    let mut metadata = facts(source);
    metadata.extend(pairs("--metadata", &args.metadata)?);
    let shown = args.shown.clone().unwrap_or_else(|| source.given.clone());
    metadata.insert("source".to_owned(), shown);
    let service = Service {
        name: source.name.clone(),
        version: source.version.clone(),
        source: source.text(),
        metadata,
        ..Service::default()
    };
    let mut secrets = BTreeMap::new();
    let (entrypoint, credentials) = match &source.place {
        Place::Folder(folder) => (folder.entrypoint.clone(), None),
        Place::Repository(address) => {
            let config = session.globals.config()?;
            (String::new(), source::credentials(&config, address))
        }
    };
    secrets.extend(credentials.map(|credentials| ("GIT_CREDENTIALS".to_owned(), credentials)));
    let options = CreateOptions {
        command: words("--command", &args.command)?,
        args: words("--args", &args.args)?,
        env: environment(session, source, args),
        r#type: args.kind.clone(),
        namespace: session.namespace.clone(),
        secrets,
        entrypoint,
        instances: args.instances.unwrap_or(0),
        force: true,
        config_secrets: pairs("--secrets", &args.secrets)?,
        ..CreateOptions::default()
    };
    Ok(CreateRequest {
        resource: about(service),
        options: Some(options),
    })
}

/// What the server cannot know: which of the definition's environments is meant. A variable of the command line is
/// stronger, since it comes later.
fn environment(session: &Session, source: &Source, args: &RunArgs) -> Vec<String> {
    let own = source.definition.environments.of(&session.environment);
    let own = own.iter().map(|(name, value)| format!("{name}={value}"));
    own.chain(args.env_vars.iter().cloned()).collect()
}

/// The metadata that a definition's notes become.
pub(super) const FACTS: [&str; 4] = ["depends", "topics", "routes", "resources"];

/// What a definition says for people and for other tools, as `micro status -o json` shows it.
pub(super) fn facts(source: &Source) -> BTreeMap<String, String> {
    let definition = &source.definition;
    let routes: Vec<String> = definition.routes.iter().map(ToString::to_string).collect();
    let values = [
        definition.depends.join(" "),
        definition.topics.join(" "),
        routes.join(", "),
        definition.resources.to_string(),
    ];
    let facts = FACTS.iter().map(|name| (*name).to_owned()).zip(values);
    facts.filter(|(_, value)| !value.is_empty()).collect()
}

pub(super) fn about(service: Service) -> Option<Resource> {
    Some(Resource {
        service: Some(service),
        ..Resource::default()
    })
}

/// As a shell would cut it.
fn words(flag: &str, text: &Option<String>) -> Result<Vec<String>> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let words = definition::split(text).map_err(|error| Failure::new(1, format!("{flag}: {error}")))?;
    if words.is_empty() && flag == "--command" {
        return Err(
            Failure::new(1, "--command is empty").with_hint("for example --command='python3 main.py'")
        );
    }
    Ok(words)
}

fn pairs(flag: &str, given: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Failure::new(1, format!("{flag} {pair} is not KEY=VALUE"))),
    };
    given.iter().map(pair).collect()
}
