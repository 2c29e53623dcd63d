//! `micro run` and `micro update`: from source to a service that answers.

use std::collections::BTreeMap;

use micro_proto::registry::Registry as _;
use micro_proto::registry::{GetRequest, Options, RegistryClient};
use micro_proto::runtime::{
    CreateOptions, CreateRequest, ReadOptions, ReadRequest, Resource, Runtime as _, RuntimeClient, Service,
    Source as _, SourceClient, UpdateOptions, UpdateRequest,
};
use micro_rpc::Context;

use crate::errors::{Failure, Result};
use crate::server::{self, ServerArgs, Stop};
use crate::session::{self, Environment, Globals, Session};
use crate::source::{self, Source};
use crate::{framework, watch};

const VERSION: &str = "latest";

/// Build and run a service from its source.
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLE:\n   micro run helloworld\n   micro run . --env_vars=LEVEL=debug --instances=2"
)]
pub(crate) struct RunArgs {
    /// The folder of the service.
    #[arg(default_value = ".", value_name = "FOLDER")]
    source: String,
    /// The name to run it under.
    #[arg(long)]
    name: Option<String>,
    /// Run this command instead of building the source.
    #[arg(long)]
    command: Option<String>,
    /// Arguments of the program, separated by spaces.
    #[arg(long, allow_hyphen_values = true)]
    args: Option<String>,
    /// Environment of the service, KEY=VALUE; separated by commas, or repeated.
    #[arg(long = "env_vars", value_name = "KEY=VALUE", value_delimiter = ',')]
    env_vars: Vec<String>,
    /// How many processes.
    #[arg(short, long, default_value_t = 1)]
    instances: i64,
    /// Facts that `micro status` shows, key=value; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    metadata: Vec<String>,
    /// Start it anew where it runs already.
    #[arg(long)]
    force: bool,
    /// What `micro status` shows as the source.
    #[arg(long = "source", id = "source_flag", value_name = "TEXT")]
    shown: Option<String>,
    /// Accepted for scripts; every service is built the same way.
    #[arg(long = "type", value_name = "TYPE", hide = true)]
    kind: Option<String>,
    /// Container images need a cluster.
    #[arg(long, hide = true)]
    image: Option<String>,
    /// Rebuild when files change.
    #[arg(long, hide = true)]
    watch: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Build a running service anew and replace it.
#[derive(clap::Args)]
#[command(after_help = "EXAMPLE:\n   micro update helloworld")]
pub(crate) struct UpdateArgs {
    /// The folder of the service.
    #[arg(default_value = ".", value_name = "FOLDER")]
    source: String,
    /// The name that it runs under.
    #[arg(long)]
    name: Option<String>,
    /// How many processes; as before unless given.
    #[arg(short, long)]
    instances: Option<i64>,
}

/// Hands the source to the server and waits until the service answers. Where the environment is this machine and no
/// server runs, it starts one in this process and stays.
pub(crate) async fn run(globals: &Globals, args: RunArgs) -> Result<()> {
    refuse_what_is_not_there(&args)?;
    let source = Source::find(&args.source)?;
    let environment = Environment::resolve(globals)?;
    if session::is_reachable(&environment.address).await {
        let session = Session::open(globals).await?;
        submit(&session, &source, &args).await?;
        return tell(&session, &source, &args).await;
    }
    if environment.name != "local" || globals.proxy_address.is_some() {
        let text = format!("Failed to connect to micro server at {}", environment.address);
        return Err(
            Failure::new(4, text).with_hint("start one there, or choose an environment with `micro env set`")
        );
    }
    let stop = Stop::listen()?;
    let running = server::start(globals, args.server.clone()).await?;
    server::tell_admin(&running);
    let here = Globals {
        proxy_address: Some(running.addresses.proxy.to_string()),
        ..globals.clone()
    };
    let work = async {
        let session = Session::open(&here).await?;
        submit(&session, &source, &args).await?;
        tell(&session, &source, &args).await
    };
    let done = async {
        let worked = work.await;
        if worked.is_ok() {
            println!("\nmicro server ready; Ctrl-C stops it and the service");
            std::future::pending::<()>().await;
        }
        worked
    };
    let ended = tokio::select! {
        ended = done => ended,
        () = stop.wait() => Ok(()),
    };
    running.shutdown().await;
    ended
}

/// Hands the source of a service that runs to the server and waits until the new code answers.
pub(crate) async fn update(globals: &Globals, args: UpdateArgs) -> Result<()> {
    let source = Source::find(&args.source)?;
    let session = Session::open(globals).await?;
    let name = args.name.unwrap_or_else(|| source.name.clone());
    upload(&session, &source, &name).await?;
    replace(&session, &name, &source.entrypoint, args.instances.unwrap_or(0)).await?;
    watch::until_running(&session, &name, VERSION).await
}

fn refuse_what_is_not_there(args: &RunArgs) -> Result<()> {
    if args.image.is_some() {
        return Err(Failure::new(
            1,
            "--image needs a platform on Kubernetes; this one builds services from source",
        ));
    }
    if args.watch {
        let text = "--watch is not there yet; run `micro update` after a change";
        return Err(Failure::new(1, text));
    }
    Ok(())
}

async fn submit(session: &Session, source: &Source, args: &RunArgs) -> Result<()> {
    let name = args.name.clone().unwrap_or_else(|| source.name.clone());
    let framework = framework::lay_out(&session.globals.home)?;
    framework::link(&source.folder, &framework)?;
    upload(session, source, &name).await?;
    if exists(session, &name).await? && !args.force {
        replace(session, &name, &source.entrypoint, args.instances).await?;
    } else {
        create(session, source, &name, args).await?;
    }
    watch::until_running(session, &name, VERSION).await
}

async fn upload(session: &Session, source: &Source, name: &str) -> Result<()> {
    let messages = source::messages(source.tar()?, name, VERSION);
    let ctx = Context::background().with_namespace(&session.namespace);
    SourceClient::new(&session.client).upload(&ctx, messages).await?;
    Ok(())
}

fn platform() -> Context {
    Context::background().with_namespace("micro")
}

fn resource(service: Service) -> Option<Resource> {
    Some(Resource {
        service: Some(service),
        ..Resource::default()
    })
}

async fn exists(session: &Session, name: &str) -> Result<bool> {
    let options = ReadOptions {
        service: name.to_owned(),
        version: VERSION.to_owned(),
        namespace: session.namespace.clone(),
        ..ReadOptions::default()
    };
    let known = RuntimeClient::new(&session.client)
        .read(
            &platform(),
            ReadRequest {
                options: Some(options),
            },
        )
        .await?;
    Ok(!known.services.is_empty())
}

async fn create(session: &Session, source: &Source, name: &str, args: &RunArgs) -> Result<()> {
    let words = |text: &Option<String>| {
        text.iter()
            .flat_map(|text| text.split_whitespace())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let mut metadata = BTreeMap::new();
    for pair in &args.metadata {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::new(1, format!("--metadata {pair} is not KEY=VALUE")))?;
        metadata.insert(key.to_owned(), value.to_owned());
    }
    metadata.insert(
        "source".to_owned(),
        args.shown.clone().unwrap_or_else(|| args.source.clone()),
    );
    let service = Service {
        name: name.to_owned(),
        version: VERSION.to_owned(),
        source: format!("source://{name}:{VERSION}"),
        metadata,
        ..Service::default()
    };
    let options = CreateOptions {
        command: words(&args.command),
        args: words(&args.args),
        env: args.env_vars.clone(),
        namespace: session.namespace.clone(),
        entrypoint: source.entrypoint.clone(),
        instances: args.instances,
        force: args.force,
        ..CreateOptions::default()
    };
    let request = CreateRequest {
        resource: resource(service),
        options: Some(options),
    };
    RuntimeClient::new(&session.client)
        .create(&platform(), request)
        .await?;
    Ok(())
}

async fn replace(session: &Session, name: &str, entrypoint: &str, instances: i64) -> Result<()> {
    let service = Service {
        name: name.to_owned(),
        version: VERSION.to_owned(),
        ..Service::default()
    };
    let options = UpdateOptions {
        namespace: session.namespace.clone(),
        entrypoint: entrypoint.to_owned(),
        instances,
    };
    let request = UpdateRequest {
        resource: resource(service),
        options: Some(options),
    };
    RuntimeClient::new(&session.client)
        .update(&platform(), request)
        .await?;
    Ok(())
}

/// Where everything is, and one line of each way to call the service.
async fn tell(session: &Session, source: &Source, args: &RunArgs) -> Result<()> {
    let name = args.name.as_ref().unwrap_or(&source.name);
    let gateway = micro::join::Join::read(&session.globals.home)
        .ok()
        .flatten()
        .map(|join| join.gateway);
    let gateway = gateway.unwrap_or_else(|| "http://localhost:8080".to_owned());
    println!("{name} is running");
    println!("  gateway  {gateway}");
    println!("  proxy    {}", session.address);
    println!("  logs     micro logs -f {name}");
    let request = GetRequest {
        service: name.clone(),
        options: Some(Options {
            domain: session.namespace.clone(),
            ttl: 0,
        }),
    };
    let known = RegistryClient::new(&session.client)
        .get_service(&platform(), request)
        .await?;
    let first = known
        .services
        .iter()
        .flat_map(|version| &version.endpoints)
        .find(|endpoint| !endpoint.metadata.contains_key("stream"));
    let Some(endpoint) = first else { return Ok(()) };
    let Some((handler, method)) = endpoint.name.split_once('.') else {
        return Ok(());
    };
    let field = endpoint
        .request
        .iter()
        .flat_map(|request| &request.values)
        .find(|value| value.r#type == "string");
    let (query, flag, json) = match field {
        Some(field) => (
            format!("?{}=Alice", field.name),
            format!(" --{}=Alice", field.name),
            format!("{{\"{}\":\"Alice\"}}", field.name),
        ),
        None => (String::new(), String::new(), "{}".to_owned()),
    };
    let command = if handler.eq_ignore_ascii_case(name) {
        String::new()
    } else {
        format!("{} ", handler.to_lowercase())
    };
    let path = if command.is_empty() {
        String::new()
    } else {
        format!("{}/", handler.to_lowercase())
    };
    let lower = method.to_lowercase();
    println!("call it:");
    println!("  curl '{gateway}/{name}/{path}{lower}{query}'");
    // `Call` is what a service does when nothing else is said.
    if method == "Call" && command.is_empty() && !flag.is_empty() {
        println!("  micro {name}{flag}");
    } else {
        println!("  micro {name} {command}{lower}{flag}");
    }
    println!("  micro call {name} {} '{json}'", endpoint.name);
    println!(
        "  grpcurl -plaintext -d '{json}' {} {name}.{handler}/{method}",
        session.address
    );
    Ok(())
}
