//! `micro kill`: stops services and forgets them.

use std::time::Duration;

use clap::Args;
use micro_proto::runtime::{DeleteOptions, DeleteRequest, Resource, Runtime, RuntimeClient, Service};
use micro_rpc::Context;

use crate::errors::Result;
use crate::session::{Globals, Session};
use crate::target;

/// A program that ignores its end is killed after a while, and then this is answered.
const PATIENCE: Duration = Duration::from_secs(60);

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
    let named: Vec<(String, String)> = args
        .names
        .iter()
        .map(|name| target::named(name, None))
        .collect::<Result<_>>()?;
    let session = Session::open(globals).await?;
    let client = RuntimeClient::new(&session.client);
    for (name, version) in named {
        let target = target::resolve(&session, &name, &version).await?;
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
        client
            .delete(&Context::background().with_timeout(PATIENCE), request)
            .await
            .map_err(|error| target::explain(&session, &target, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_a_name_and_perhaps_a_version() {
        for (name, wanted) in [
            ("a", ("a", "")),
            ("a@1", ("a", "1")),
            ("go.micro.service.a", ("a", "")),
        ] {
            let (name, version) = target::named(name, None).unwrap();
            assert_eq!((name.as_str(), version.as_str()), wanted);
        }
        assert_eq!(target::named(".", None).unwrap().0, "micro-cli");
    }
}
