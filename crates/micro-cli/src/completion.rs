//! `micro completion`: scripts for shells.

use clap_complete::Shell;

use crate::errors::Result;

/// Print a completion script for a shell.
#[derive(clap::Args)]
#[command(after_help = "EXAMPLE:\n   micro completion bash > /etc/bash_completion.d/micro")]
pub(crate) struct CompletionArgs {
    /// bash, zsh, fish, elvish or powershell.
    shell: Shell,
}

pub(crate) fn run(args: &CompletionArgs, app: &mut clap::Command) -> Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), &script(args, app))?;
    Ok(())
}

pub(crate) fn script(args: &CompletionArgs, app: &mut clap::Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, app, "micro", &mut script);
    script
}

#[cfg(test)]
impl CompletionArgs {
    /// For bash.
    pub(crate) fn bash() -> Self {
        Self { shell: Shell::Bash }
    }
}
