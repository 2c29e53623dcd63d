//! `micro update`: new code for a service that runs.

use std::collections::BTreeMap;
use std::path::Path;

use micro_proto::runtime::{Runtime as _, RuntimeClient, Service, UpdateOptions, UpdateRequest};

use super::{platform, request, several, upload};
use crate::errors::{Failure, Result};
use crate::session::{Environment, Globals, Session};
use crate::source::{self, Group, Place, Source};
use crate::target::{self, Target};
use crate::watch::{self, Screen};

/// Build a running service anew and replace it, or all services of a folder.
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLE:\n   micro update helloworld\n   micro update . --instances=2\n   micro update ./services\n   \
                  micro update github.com/org/repo/folder@ref"
)]
pub(crate) struct UpdateArgs {
    /// The folder of a service or of several, a git repository, or the name of a running service.
    #[arg(default_value = ".", value_name = "SOURCE")]
    source: String,
    /// The name that it runs under.
    #[arg(long)]
    name: Option<String>,
    /// How many processes; as before unless given.
    #[arg(short, long)]
    instances: Option<i64>,
}

/// What else an update changes.
#[derive(Clone, Copy, Default)]
pub(super) struct Changes<'a> {
    /// How many processes; 0 for as many as before.
    instances: i64,
    /// What `micro status` shows as the source, if not what it showed before.
    shown: Option<&'a str>,
}

/// Hands the source of a service that runs to the server, or has it fetched anew, and waits until the new code answers.
pub(crate) async fn update(globals: &Globals, args: UpdateArgs) -> Result<()> {
    let environment = Environment::resolve(globals)?;
    if args.name.is_none()
        && let Some(group) = Group::find(Path::new(&args.source))?
    {
        return update_all(globals, &group, &args).await;
    }
    let session = Session::open(globals).await?;
    let (target, source) = choose(&session, &environment, &args).await?;
    let changes = Changes {
        instances: args.instances.unwrap_or(0),
        shown: source
            .as_ref()
            .is_some_and(|source| matches!(source.place, Place::Repository(_)))
            .then_some(&args.source),
    };
    submit(&session, &Screen::default(), &target, source.as_ref(), changes).await
}

async fn update_all(globals: &Globals, group: &Group, args: &UpdateArgs) -> Result<()> {
    if args.instances.is_some() {
        let text = "--instances is for one service, and several are in this folder";
        return Err(Failure::new(1, text).with_hint("give the folder of one of them"));
    }
    several::update(globals, group).await
}

/// Hands it over as it is now, and waits until the new code answers; without a source it is fetched anew.
pub(super) async fn submit(
    session: &Session,
    screen: &Screen,
    target: &Target,
    source: Option<&Source>,
    changes: Changes<'_>,
) -> Result<()> {
    let mut metadata = match source {
        Some(source) => facts(session, target, source).await?,
        None => BTreeMap::new(),
    };
    metadata.extend(changes.shown.map(|shown| ("source".to_owned(), shown.to_owned())));
    let service = Service {
        name: target.name.clone(),
        version: target.version.clone(),
        source: source.map(Source::text).unwrap_or_default(),
        metadata,
        ..Service::default()
    };
    let mut entrypoint = String::new();
    if let Some(Place::Folder(folder)) = source.map(|source| &source.place) {
        entrypoint.clone_from(&folder.entrypoint);
        upload(session, folder, &target.name, &target.version).await?;
    }
    let options = UpdateOptions {
        namespace: session.namespace.clone(),
        entrypoint,
        instances: changes.instances,
    };
    let request = UpdateRequest {
        resource: request::about(service),
        options: Some(options),
    };
    let updated = RuntimeClient::new(&session.client)
        .update(&platform(), request)
        .await;
    updated.map_err(|error| target::explain(session, target, error))?;
    watch::until_running(session, screen, &target.name, &target.version).await
}

/// What the definition says now; a note of before that it no longer makes becomes empty.
async fn facts(session: &Session, target: &Target, source: &Source) -> Result<BTreeMap<String, String>> {
    let mut facts = request::facts(source);
    let known = target::read(session, &target.name).await?;
    let before = known.iter().find(|service| service.version == target.version);
    let noted = |name: &&str| before.is_some_and(|before| before.metadata.contains_key(*name));
    for name in request::FACTS.into_iter().filter(noted) {
        facts.entry(name.to_owned()).or_default();
    }
    Ok(facts)
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
