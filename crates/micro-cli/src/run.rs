//! `micro run` and `micro update`: from source to a service that answers.

mod answer;
mod concern;
mod files;
mod keep;
mod needs;
pub(crate) mod order;
mod request;
mod several;
mod tell;
mod update;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use micro_proto::runtime::{Runtime as _, RuntimeClient, Source as _, SourceClient};
use micro_rpc::Context;

use crate::errors::{Failure, Result};
use crate::framework;
use crate::server::{self, ServerArgs, Stop};
use crate::session::{self, Environment, Globals, Session};
use crate::source::{self, Folder, Group, Place, Source};
use crate::watch::{self, Screen};
use keep::Keep;

pub(crate) use update::{UpdateArgs, update};

/// Build and run a service from its source, or all services of a folder. On a terminal it stays, and brings each change of the
/// files to what runs.
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLE:\n   micro run helloworld\n   micro run . --env_vars=LEVEL=debug --instances=2\n   \
                  micro run ./shop --command='python3 main.py' --secrets=KEY=payment.key\n   micro run ./services\n   \
                  micro run ./services --watch=false\n   micro run github.com/org/repo/folder@ref"
)]
pub(crate) struct RunArgs {
    /// The folder of a service or of several, or a git repository: host/org/repo/folder@ref, or an URL.
    #[arg(default_value = ".", value_name = "SOURCE")]
    source: String,
    /// The name to run it under.
    #[arg(long)]
    name: Option<String>,
    /// Run this command in the service's folder instead of what cargo builds.
    #[arg(long, allow_hyphen_values = true)]
    command: Option<String>,
    /// Arguments of the program, as one text.
    #[arg(long, allow_hyphen_values = true)]
    args: Option<String>,
    /// Environment of the service, KEY=VALUE; separated by commas, or repeated.
    #[arg(long = "env_vars", value_name = "KEY=VALUE", value_delimiter = ',')]
    env_vars: Vec<String>,
    /// Environment whose values are settings, KEY=config.path; separated by commas, or repeated.
    #[arg(long, value_name = "KEY=PATH", value_delimiter = ',')]
    secrets: Vec<String>,
    /// How many processes; what the service's definition says, or 1, unless given.
    #[arg(short, long)]
    instances: Option<i64>,
    /// Facts that `micro status` shows, key=value; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    metadata: Vec<String>,
    /// Start it anew where it runs already; that is done anyway.
    #[arg(long)]
    force: bool,
    /// What `micro status` shows as the source.
    #[arg(long = "source", id = "source_flag", value_name = "TEXT")]
    shown: Option<String>,
    /// A word that `micro status --type` can ask for.
    #[arg(long = "type", value_name = "TYPE", default_value = "")]
    kind: String,
    /// Container images need a cluster.
    #[arg(long, hide = true)]
    image: Option<String>,
    /// Stay, and build and start anew what a changed file concerns. On a terminal that is done unless --watch=false is said.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    watch: Option<bool>,
    /// How long files must have been at rest, in milliseconds.
    #[arg(long = "watch_delay", value_name = "MS", default_value_t = 60)]
    watch_delay: u64,
    #[command(flatten)]
    server: ServerArgs,
}

/// What is to run.
#[derive(Clone)]
enum Job {
    One(Box<Source>),
    Several(Group),
}

/// Hands the source to the server and waits until the service answers. Where the environment is this machine and no
/// server runs, it starts one in this process and stays.
pub(crate) async fn run(globals: &Globals, args: RunArgs) -> Result<()> {
    refuse_what_is_not_there(&args)?;
    let environment = Environment::resolve(globals)?;
    let job = find(globals, &environment, &args)?;
    if session::is_reachable(&environment.address).await {
        let is_watched = args.is_watched(&job);
        return match is_watched {
            true => job.keep(globals, &args, "").await,
            false => job.start(globals, &args).await,
        };
    }
    if environment.name != "local" || globals.proxy_address.is_some() {
        let text = format!("Failed to connect to micro server at {}", environment.address);
        return Err(
            Failure::new(4, text).with_hint("start one there, or choose an environment with `micro env set`")
        );
    }
    embed(globals, job, &args).await
}

/// Runs a server in this process, and the job in it, until it is asked to end.
async fn embed(globals: &Globals, job: Job, args: &RunArgs) -> Result<()> {
    let stop = Stop::listen()?;
    let running = server::start(globals, args.server.clone()).await?;
    server::tell_admin(&running);
    let here = Globals {
        proxy_address: Some(running.addresses.proxy.to_string()),
        ..globals.clone()
    };
    let what = match &job {
        Job::One(_) => "the service",
        Job::Several(_) => "the services",
    };
    let ready = format!("\nmicro server ready; Ctrl-C stops it and {what}");
    let done = async {
        if args.is_watched(&job) {
            return job.keep(&here, args, &ready).await;
        }
        job.start(&here, args).await?;
        println!("{ready}");
        std::future::pending().await
    };
    let ended = tokio::select! {
        ended = done => ended,
        () = stop.wait() => Ok(()),
    };
    running.shutdown().await;
    ended
}

impl RunArgs {
    /// Whether to stay: as it was said, else for who sits at a terminal. Nothing tells when a repository changes.
    fn is_watched(&self, job: &Job) -> bool {
        let is_repository = matches!(job, Job::One(source) if matches!(source.place, Place::Repository(_)));
        let is_terminal = || std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        !is_repository && self.watch.unwrap_or_else(is_terminal)
    }
}

impl Job {
    async fn start(&self, globals: &Globals, args: &RunArgs) -> Result<()> {
        match self {
            Self::One(source) => start(globals, source, args).await,
            Self::Several(group) => several::run(globals, group, args).await,
        }
    }

    /// Starts it and stays. What does not start now may do so after the next change.
    async fn keep(self, globals: &Globals, args: &RunArgs, ready: &str) -> Result<()> {
        let keep = Keep::begin(globals, args, self.clone()).await?;
        if let Err(failure) = self.start(globals, args).await {
            failure.report();
        }
        let place = self.place().display();
        match ready {
            "" => println!("watching {place}; Ctrl-C ends that, and what runs goes on"),
            ready => println!("{ready}\nwatching {place}"),
        }
        keep.run().await
    }

    fn services(&self) -> &[Source] {
        match self {
            Self::One(source) => std::slice::from_ref(source),
            Self::Several(group) => &group.services,
        }
    }

    /// The folder that the user named.
    fn place(&self) -> &Path {
        match self {
            Self::One(source) => match &source.place {
                Place::Folder(folder) => &folder.folder,
                Place::Repository(_) => Path::new(""),
            },
            Self::Several(group) => &group.place,
        }
    }

    /// The folders that everything is in that its services are made of.
    fn roots(&self) -> Vec<PathBuf> {
        let mut roots = vec![self.place().to_owned()];
        for source in self.services() {
            if let Place::Folder(folder) = &source.place
                && !roots.iter().any(|root| folder.root.starts_with(root))
            {
                roots.push(folder.root.clone());
            }
        }
        roots
    }

    /// The same as its folder is now; the folder of several may have none left.
    fn again(&self) -> Result<Self> {
        Ok(match self {
            Self::One(source) => Self::One(Box::new(source.again()?)),
            Self::Several(group) => Self::Several(group.again()?),
        })
    }
}

fn refuse_what_is_not_there(args: &RunArgs) -> Result<()> {
    if args.image.is_some() {
        return Err(Failure::new(
            1,
            "--image needs a platform on Kubernetes; this one builds services from source",
        ));
    }
    Ok(())
}

/// Looks for what the user named: a service, under the name that he gave it, or a folder of several. With a command the
/// folder is one service, whatever is in it.
fn find(globals: &Globals, environment: &Environment, args: &RunArgs) -> Result<Job> {
    if args.command.is_none()
        && let Some(group) = Group::find(Path::new(&args.source))?
    {
        several::refuse_what_is_for_one(args)?;
        return Ok(Job::Several(group));
    }
    let base = source::base(&globals.config()?, &environment.name);
    let mut source = Source::find(&args.source, &base, args.command.is_some())?;
    if let Some(name) = &args.name {
        source.name.clone_from(name);
    }
    if args.watch == Some(true) && matches!(source.place, Place::Repository(_)) {
        return Err(Failure::new(
            1,
            "--watch needs a folder: nothing tells when a repository changes",
        ));
    }
    Ok(Job::One(Box::new(source)))
}

async fn start(globals: &Globals, source: &Source, args: &RunArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    needs::check_one(&session, source).await?;
    submit(&session, &Screen::default(), source, args).await?;
    tell::tell(&session, &source.name).await
}

/// Hands it over as it is now and was asked for, whether or not it runs already, and waits until it answers.
async fn submit(session: &Session, screen: &Screen, source: &Source, args: &RunArgs) -> Result<()> {
    let request = request::create(session, source, args)?;
    if let Place::Folder(folder) = &source.place {
        let framework = framework::lay_out(&session.globals.home)?;
        framework::link(&folder.folder, &framework)?;
        upload(session, folder, &source.name, &source.version).await?;
    }
    RuntimeClient::new(&session.client)
        .create(&platform(), request)
        .await?;
    watch::until_running(session, screen, &source.name, &source.version).await
}

async fn upload(session: &Session, folder: &Folder, name: &str, version: &str) -> Result<()> {
    let messages = source::messages(folder.tar()?, name, version);
    let ctx = Context::background().with_namespace(&session.namespace);
    SourceClient::new(&session.client).upload(&ctx, messages).await?;
    Ok(())
}

fn platform() -> Context {
    Context::background().with_namespace("micro")
}
