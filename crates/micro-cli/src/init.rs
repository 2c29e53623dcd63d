//! `micro init`: what version 3 had and this one has otherwise.

use clap::Args;

use crate::errors::Result;
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
