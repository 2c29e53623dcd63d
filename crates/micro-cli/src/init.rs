//! `micro init` and `micro web`: what version 3 had and this one has otherwise, or not yet.

use clap::Args;

use crate::errors::{Failure, Result};
use crate::output;

/// Say how the platform is put together here; there is nothing to rebuild.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro init")]
pub struct InitArgs {
    /// Accepted for scripts
    #[arg(long, hide = true)]
    profile: Option<String>,
    /// Accepted for scripts
    #[arg(long, hide = true)]
    package: Option<String>,
}

/// Tells what to set where version 3 had its users compile plugins.
pub fn init(args: &InitArgs) -> Result<()> {
    output::line(
        "Nothing is compiled in: the binary has every driver, and chooses among them when it starts.\n\n\
         micro server --profile=local    everything in one process on this machine (the default)\n\
         MICRO_PROFILE=local             the same as a variable\n\
         MICRO_HOME=FOLDER               where it keeps what it knows\n\
         micro server --help             all that can be set",
    )?;
    match &args.profile {
        Some(profile) => output::line(&format!(
            "\nInstead of the plugins of {profile}: micro server --profile=NAME"
        )),
        None => Ok(()),
    }
}

/// Show the platform in a browser. Not in this version.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro web")]
pub struct WebArgs {
    /// Accepted for scripts
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _rest: Vec<String>,
}

/// Refuses, in words.
pub fn web(_args: &WebArgs) -> Result<()> {
    Err(Failure::new(1, "There are no pages for the browser in this version yet").with_hint(
        "`micro services`, `micro status` and `micro logs` show the same; the gateway answers JSON at http://127.0.0.1:8080",
    ))
}
