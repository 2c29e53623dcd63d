//! `micro kill`: stops services and forgets them.

use clap::Args;
use micro_proto::runtime::{DeleteOptions, DeleteRequest, Resource, Runtime, RuntimeClient, Service};
use micro_rpc::Context;

use crate::errors::{Failure, Result};
use crate::session::{Globals, Session};
use crate::status::split;

/// Kill services.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro kill helloworld\n   micro kill helloworld@v2 greeter\n   micro kill ."
)]
pub struct KillArgs {
    /// The services, as NAME or NAME@VERSION; a dot is the one of this folder
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// Runs `micro kill`.
pub async fn run(globals: &Globals, args: KillArgs) -> Result<()> {
    let targets: Vec<(String, String)> = args
        .names
        .iter()
        .map(|name| target(name))
        .collect::<Result<_>>()?;
    let session = Session::open(globals).await?;
    let client = RuntimeClient::new(&session.client);
    for (name, version) in targets {
        let service = Service {
            name,
            version,
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
        client
            .delete(&Context::background(), request)
            .await
            .map_err(|error| session.explain(error))?;
    }
    Ok(())
}

fn target(name: &str) -> Result<(String, String)> {
    let (name, version) = split(name, Some("latest".to_owned()));
    if name != "." {
        return Ok((name, version));
    }
    let folder = std::env::current_dir()?;
    let name = folder.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::new(1, format!("{} names no service", folder.display())))?;
    Ok((name.to_owned(), version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_a_version() {
        for (name, wanted) in [
            ("a", ("a", "latest")),
            ("a@1", ("a", "1")),
            ("go.micro.service.a", ("a", "latest")),
        ] {
            let (name, version) = target(name).unwrap();
            assert_eq!((name.as_str(), version.as_str()), wanted);
        }
        assert_eq!(target(".").unwrap().0, "micro-cli");
    }
}
