//! `micro new`: a service to begin with.

use std::path::Path;

use micro_codegen::scaffold::{Framework, Scaffold};

use crate::errors::{Failure, Result};
use crate::framework;
use crate::session::Globals;

/// Write a new service into a folder of its name.
#[derive(clap::Args)]
#[command(after_help = "EXAMPLE:\n   micro new greeter\n   micro run greeter")]
pub(crate) struct NewArgs {
    /// The name: one lower-case word.
    name: String,
}

pub(crate) fn run(globals: &Globals, args: &NewArgs) -> Result<()> {
    let name = micro::registry::short_name(&args.name);
    let scaffold = Scaffold {
        name: name.to_owned(),
        framework: Framework::Link,
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
    Ok(())
}
