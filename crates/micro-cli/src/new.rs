//! `micro new`: a service to begin with.

use std::path::Path;

use micro_codegen::scaffold::{Framework, Rooms, Scaffold};

use crate::app;
use crate::errors::{Failure, Result};
use crate::framework;
use crate::session::Globals;

/// Write a new service into a folder of its name.
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLE:\n   micro new greeter\n   micro new --model --subscriber greeter\n   micro new --all greeter"
)]
pub(crate) struct NewArgs {
    /// The name: one lower-case word
    name: String,
    /// Add service/: the domain's types and rules, apart from the wire
    #[arg(long)]
    service: bool,
    /// Add a model: typed records in the store
    #[arg(long)]
    model: bool,
    /// Add subscriber/: what it does when others publish
    #[arg(long)]
    subscriber: bool,
    /// Add api/: examples of calls and the OpenAPI document
    #[arg(long)]
    api: bool,
    /// Add web/: a page
    #[arg(long)]
    web: bool,
    /// Add client/: clients in Go, Python and TypeScript
    #[arg(long)]
    client: bool,
    /// Add all of these
    #[arg(long)]
    all: bool,
}

impl NewArgs {
    fn rooms(&self) -> Rooms {
        if self.all {
            return Rooms::ALL;
        }
        Rooms {
            service: self.service,
            model: self.model,
            subscriber: self.subscriber,
            api: self.api,
            web: self.web,
            client: self.client,
        }
    }
}

pub(crate) fn run(globals: &Globals, args: &NewArgs) -> Result<()> {
    let name = micro::registry::short_name(&args.name);
    if app::is_command(name) {
        let text = format!("service name {name:?} is a command of micro, which would hide the service's");
        return Err(Failure::new(1, text).with_hint("choose another name"));
    }
    let rooms = args.rooms();
    let scaffold = Scaffold {
        name: name.to_owned(),
        framework: Framework::Link,
        rooms,
    };
    let files = scaffold
        .create(Path::new("."))
        .map_err(|error| Failure::new(1, error.to_string()))?;
    framework::link(Path::new(name), &framework::lay_out(&globals.home)?)?;
    println!("Creating service {name}\n\n.");
    for file in &files {
        println!("└── {}", file.display());
    }
    println!("\nRun it, and call it:\n\n   micro run {name}\n   micro {name} --name=Alice");
    for line in more(name, rooms) {
        println!("   {line}");
    }
    Ok(())
}

/// What else can be tried.
fn more(name: &str, rooms: Rooms) -> Vec<String> {
    let all = [
        (rooms.model, format!("micro {name} list")),
        (
            rooms.subscriber,
            format!("micro events publish {name} '{{\"say\": \"hello\"}}'"),
        ),
        (rooms.subscriber, format!("micro logs {name}")),
        (rooms.web, format!("micro web {name}")),
        (rooms.api || rooms.client, format!("micro gen {name}")),
    ];
    let wanted = all.into_iter().filter(|(is_wanted, _)| *is_wanted);
    wanted.map(|(_, line)| line).collect()
}
