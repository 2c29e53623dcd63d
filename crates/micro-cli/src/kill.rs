//! `micro kill`: stops services and forgets them.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use micro_proto::runtime::{DeleteOptions, DeleteRequest, Resource, Runtime, RuntimeClient, Service};
use micro_rpc::Context;

use crate::errors::{Failure, Result};
use crate::run::order::{self, Node};
use crate::session::{Globals, Session};
use crate::source::{self, Group, Source};
use crate::status;
use crate::target::{self, Target};

/// A program that ignores its end is killed after a while, and then this is answered.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kill services.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro kill helloworld\n   micro kill helloworld@v2 greeter\n   micro kill .\n   \
                  micro kill ./services"
)]
pub struct KillArgs {
    /// The services, as NAME or NAME@VERSION, or folders of them; a dot is this folder
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// What one word of the command line means.
enum Named {
    /// A service's name, and its version if it was said.
    One(String, String),
    /// A folder of services.
    Several(Group),
}

/// A service that is to be stopped.
struct Condemned {
    node: Node,
    version: String,
    /// Whether it was named, and not found in a folder: then it must be there, and nothing is said when it has gone.
    is_named: bool,
}

/// Runs `micro kill`. What depends on another service is stopped before that one.
pub async fn run(globals: &Globals, args: KillArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let known = target::read(&session, "").await?;
    let mut condemned: Vec<Condemned> = Vec::new();
    for text in &args.names {
        condemned.extend(choose(read(text, &known)?, &known)?);
    }
    let nodes: Vec<Node> = condemned.iter().map(|one| one.node.clone()).collect();
    for at in order::backwards(&nodes) {
        stop(&session, &condemned[at]).await?;
    }
    Ok(())
}

/// A word with a slash is a folder, and so is one that has several services in it, unless a service is called so; any
/// other is a name.
fn read(text: &str, known: &[Service]) -> Result<Named> {
    let folder = Path::new(text);
    let is_folder = text.contains('/') || [".", ".."].contains(&text);
    if is_folder && !folder.is_dir() {
        return Err(Failure::new(1, format!("there is no folder {text}")));
    }
    let (mut name, version) = status::split(text, None);
    if !is_folder && known.iter().any(|service| service.name == name) {
        return Ok(Named::One(name, version));
    }
    match Group::find(folder)? {
        Some(group) => return Ok(Named::Several(group)),
        None if is_folder => name = source::name_of(&folder.canonicalize()?)?,
        None => {}
    }
    Ok(Named::One(name, version))
}

/// The services that are meant. Of a folder's services those that do not run are left out; all of them cannot be.
fn choose(named: Named, known: &[Service]) -> Result<Vec<Condemned>> {
    match named {
        Named::One(name, version) => Ok(vec![Condemned {
            node: Node {
                depends: noted(known, &name),
                name,
            },
            version,
            is_named: true,
        }]),
        Named::Several(group) => {
            let runs = |source: &&Source| known.iter().any(|service| service.name == source.name);
            let condemned: Vec<Condemned> = group
                .services
                .iter()
                .filter(runs)
                .map(|source| of_folder(source, known))
                .collect();
            if condemned.is_empty() {
                let text = format!("none of the services in {} runs", group.folder.display());
                return Err(Failure::new(1, text).with_hint("see micro status"));
            }
            Ok(condemned)
        }
    }
}

fn of_folder(source: &Source, known: &[Service]) -> Condemned {
    let mut node = source.node();
    node.depends.extend(noted(known, &source.name));
    let runs = |service: &&Service| (&service.name, &service.version) == (&source.name, &source.version);
    Condemned {
        node,
        // What runs may have been started before the file named another version.
        version: known
            .iter()
            .find(runs)
            .map_or_else(String::new, |service| service.version.clone()),
        is_named: false,
    }
}

/// What a service that runs depended on when it was started.
fn noted(known: &[Service], name: &str) -> Vec<String> {
    let notes = known
        .iter()
        .filter(|service| service.name == name)
        .filter_map(|service| service.metadata.get("depends"));
    notes
        .flat_map(|note| note.split_whitespace())
        .map(str::to_owned)
        .collect()
}

async fn stop(session: &Session, condemned: &Condemned) -> Result<()> {
    let name = &condemned.node.name;
    let target = target::resolve(session, name, &condemned.version).await?;
    delete(session, &target).await?;
    if !condemned.is_named {
        println!("{name} is stopped");
    }
    Ok(())
}

/// Ends a service, and answers when its processes have ended.
pub(crate) async fn delete(session: &Session, target: &Target) -> Result<()> {
    let service = Service {
        name: target.name.clone(),
        version: target.version.clone(),
        ..Service::default()
    };
    let request = DeleteRequest {
        resource: Some(Resource {
            service: Some(service),
            ..Resource::default()
        }),
        options: Some(DeleteOptions {
            namespace: session.namespace.clone(),
        }),
    };
    let ctx = Context::background().with_timeout(PATIENCE);
    let deleted = RuntimeClient::new(&session.client).delete(&ctx, request).await;
    deleted
        .map(drop)
        .map_err(|error| target::explain(session, target, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_names_or_folders() {
        for (text, wanted) in [
            ("a", ("a", "")),
            ("a@1", ("a", "1")),
            ("go.micro.service.a", ("a", "")),
            (".", ("micro-cli", "")),
            ("./src/", ("src", "")),
        ] {
            match read(text, &[]).unwrap() {
                Named::One(name, version) => assert_eq!((name.as_str(), version.as_str()), wanted),
                Named::Several(group) => panic!("{text}: {group:?}"),
            }
        }
        assert!(read("./nothere", &[]).is_err());
    }

    #[test]
    fn what_runs_says_what_it_depends_on() {
        let service = |name: &str, depends: &str| Service {
            name: name.to_owned(),
            metadata: [("depends".to_owned(), depends.to_owned())].into(),
            ..Service::default()
        };
        let known = [service("a", ""), service("web", "user email"), service("web", "")];
        assert_eq!(noted(&known, "web"), ["user", "email"]);
        assert!(noted(&known, "a").is_empty() && noted(&known, "nothere").is_empty());
    }
}
