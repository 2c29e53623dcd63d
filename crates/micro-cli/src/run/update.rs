//! `micro update`: new code for a service that runs.

use std::collections::BTreeMap;
use std::path::Path;

use micro_proto::runtime::{Runtime as _, RuntimeClient, Service, UpdateOptions, UpdateRequest};

use super::{platform, request, upload};
use crate::errors::{Failure, Result};
use crate::session::{Environment, Globals, Session};
use crate::source::{self, Place, Source};
use crate::target::{self, Target};
use crate::watch;

/// Build a running service anew and replace it.
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLE:\n   micro update helloworld\n   micro update . --instances=2\n   \
                  micro update github.com/org/repo/folder@ref"
)]
pub(crate) struct UpdateArgs {
    /// The folder of the service, its git repository, or the name of a running service.
    #[arg(default_value = ".", value_name = "SOURCE")]
    source: String,
    /// The name that it runs under.
    #[arg(long)]
    name: Option<String>,
    /// How many processes; as before unless given.
    #[arg(short, long)]
    instances: Option<i64>,
}

/// Hands the source of a service that runs to the server, or has it fetched anew, and waits until the new code answers.
pub(crate) async fn update(globals: &Globals, args: UpdateArgs) -> Result<()> {
    let environment = Environment::resolve(globals)?;
    let session = Session::open(globals).await?;
    let (target, source) = choose(&session, &environment, &args).await?;
    let service = Service {
        name: target.name.clone(),
        version: target.version.clone(),
        source: source.as_ref().map(Source::text).unwrap_or_default(),
        metadata: shown(&args, source.as_ref()),
        ..Service::default()
    };
    let mut entrypoint = String::new();
    if let Some(Place::Folder(folder)) = source.as_ref().map(|source| &source.place) {
        entrypoint.clone_from(&folder.entrypoint);
        upload(&session, folder, &target.name, &target.version).await?;
    }
    let options = UpdateOptions {
        namespace: session.namespace.clone(),
        entrypoint,
        instances: args.instances.unwrap_or(0),
    };
    let request = UpdateRequest {
        resource: request::about(service),
        options: Some(options),
    };
    let updated = RuntimeClient::new(&session.client)
        .update(&platform(), request)
        .await;
    updated.map_err(|error| target::explain(&session, &target, error))?;
    watch::until_running(&session, &target.name, &target.version).await
}

/// What `micro status` shows from now on.
fn shown(args: &UpdateArgs, source: Option<&Source>) -> BTreeMap<String, String> {
    let is_repository = source.is_some_and(|source| matches!(source.place, Place::Repository(_)));
    let shown = is_repository.then(|| ("source".to_owned(), args.source.clone()));
    shown.into_iter().collect()
}

/// Which service is meant, and where its source is; `None` for the repository that it was fetched from before.
async fn choose(
    session: &Session,
    environment: &Environment,
    args: &UpdateArgs,
) -> Result<(Target, Option<Source>)> {
    let is_folder = Path::new(&args.source).is_dir();
    if !is_folder && let Some(running) = running(session, args).await? {
        let target = Target {
            name: running.name.clone(),
            version: running.version.clone(),
        };
        if !running.source.is_empty() && !running.source.starts_with(micro::runtime::UPLOADED) {
            return Ok((target, None));
        }
        let folder = running.metadata.get("source").cloned().unwrap_or_default();
        let found = Source::find(&folder, "", true).ok();
        let found = found.filter(|found| matches!(found.place, Place::Folder(_)));
        let source = found.filter(|found| args.name.is_some() || found.name == target.name);
        let missing = || {
            let text = format!(
                "{} was uploaded from the folder {folder}, which is not here",
                target.name
            );
            Failure::new(1, text).with_hint(format!(
                "give its folder: micro update FOLDER --name={}",
                target.name
            ))
        };
        let source = source.ok_or_else(missing)?;
        return Ok((target, Some(source)));
    }
    let base = source::base(&session.globals.config()?, &environment.name);
    let source = Source::find(&args.source, &base, true)?;
    let name = args.name.as_ref().unwrap_or(&source.name);
    let target = target::resolve(session, name, &source.version).await?;
    Ok((target, Some(source)))
}

/// The running service of that name, or the one that was run from that source.
async fn running(session: &Session, args: &UpdateArgs) -> Result<Option<Service>> {
    let wanted = args.name.as_ref().unwrap_or(&args.source);
    let known = target::read(session, "").await?;
    let (name, version) = crate::status::split(wanted, None);
    let fits =
        |service: &&Service| service.name == name && (version.is_empty() || service.version == version);
    let named: Vec<&Service> = known.iter().filter(fits).collect();
    let latest = named.iter().find(|service| service.version == target::LATEST);
    let of_source = || {
        let is_from = |service: &&Service| service.metadata.get("source") == Some(&args.source);
        known.iter().find(is_from)
    };
    let chosen = latest
        .copied()
        .or_else(|| named.first().copied())
        .or_else(of_source);
    Ok(chosen.cloned())
}
