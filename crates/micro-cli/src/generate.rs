//! `micro gen`: what follows from contracts, written anew where they have changed.

use std::path::{Path, PathBuf};

use clap::Args;
use micro_codegen::breaking::{Break, compare};
use micro_codegen::{Error, FileSet, Language, Outputs, Project, history};

use crate::errors::{Failure, Result};
use crate::output;

/// Write the code, clients and documents that follow from contracts.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro gen\n   micro gen --client=go,typescript user\n   micro gen --check services\n   micro gen --against=v1.2.0 --breaking user"
)]
pub(crate) struct GenArgs {
    /// A service's folder, a folder of services, or a folder with contracts
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Write clients in these languages too: go, python, typescript
    #[arg(long, value_name = "LANGUAGE", value_delimiter = ',')]
    client: Vec<String>,
    /// Write api/openapi.json too
    #[arg(long)]
    openapi: bool,
    /// Write Rust too where there is none yet
    #[arg(long)]
    rust: bool,
    /// Write all of it
    #[arg(long)]
    all: bool,
    /// Write nothing, and fail where something is not up to date
    #[arg(long)]
    check: bool,
    /// Go on although the contracts break those who rely on the old ones
    #[arg(long)]
    breaking: bool,
    /// Which commit, branch or tag holds the old contracts
    #[arg(long, value_name = "REFERENCE", default_value = "HEAD")]
    against: String,
}

/// Runs `micro gen`.
pub(crate) fn run(args: &GenArgs) -> Result<()> {
    let asked = asked(args)?;
    // Nothing is written before all of it is known to be in order.
    let projects = projects(&args.folder)?;
    let checked = projects.iter().map(|project| check(project, &asked, args));
    let checked = checked.collect::<Result<Vec<_>>>()?;
    let mut changed = Vec::new();
    for (project, (set, outputs)) in projects.iter().zip(&checked) {
        changed.extend(project.generate(set, outputs, args.check).map_err(failed)?);
    }
    if args.check && !changed.is_empty() {
        let list: Vec<_> = changed.iter().map(|path| path.display().to_string()).collect();
        let text = format!("not up to date: {}", list.join(", "));
        return Err(
            Failure::new(1, text).with_hint(format!("micro gen {}   writes them", args.folder.display()))
        );
    }
    if changed.is_empty() {
        return output::line("everything is up to date");
    }
    changed
        .iter()
        .try_for_each(|path| output::line(&format!("wrote {}", path.display())))
}

fn asked(args: &GenArgs) -> Result<Outputs> {
    let mut outputs = Outputs {
        rust: args.rust || args.all,
        openapi: args.openapi || args.all,
        clients: Vec::new(),
    };
    for name in &args.client {
        let language = Language::from_name(name).ok_or_else(|| {
            Failure::new(1, format!("no clients are written in {name:?}"))
                .with_hint("there are go, python and typescript")
        })?;
        outputs.clients.push(language);
    }
    if args.all {
        outputs.clients.extend(Language::ALL);
    }
    Ok(outputs)
}

/// The folder itself, or those in it that have contracts.
fn projects(folder: &Path) -> Result<Vec<Project>> {
    if !folder.is_dir() {
        return Err(Failure::new(1, format!("{} is no folder", folder.display())));
    }
    if let Some(project) = Project::find(folder).map_err(failed)? {
        return Ok(vec![project]);
    }
    let mut projects = Vec::new();
    for path in micro_codegen::entries(folder).map_err(failed)? {
        if path.join("proto").is_dir() {
            projects.extend(Project::find(&path).map_err(failed)?);
        }
    }
    if projects.is_empty() {
        let text = format!(
            "no contract in {0}, {0}/proto or a service below",
            folder.display()
        );
        return Err(Failure::new(1, text)
            .with_hint("a contract is a file NAME.proto; micro new NAME makes one to begin with"));
    }
    Ok(projects)
}

fn check(project: &Project, asked: &Outputs, args: &GenArgs) -> Result<(FileSet, Outputs)> {
    let mut outputs = project.present();
    outputs.rust |= asked.rust;
    outputs.openapi |= asked.openapi;
    outputs.clients.extend(&asked.clients);
    outputs.clients.sort();
    outputs.clients.dedup();
    if outputs.is_empty() {
        let text = format!(
            "nothing is made of the contracts in {} yet",
            project.folder().display()
        );
        return Err(Failure::new(1, text)
            .with_hint("say what: --rust, --openapi, --client=go,python,typescript or --all"));
    }
    let set = project.compile().map_err(failed)?;
    if !args.breaking {
        refuse_breaks(project, &set, &args.against)?;
    }
    project.refuse_foreign(&set, &outputs).map_err(failed)?;
    Ok((set, outputs))
}

/// Who relies on the old contracts would be left behind.
fn refuse_breaks(project: &Project, new: &FileSet, reference: &str) -> Result<()> {
    let old = history::old_version(project.proto(), project.contracts(), reference).map_err(failed)?;
    let breaks = old.map(|old| compare(&old, new)).unwrap_or_default();
    if breaks.is_empty() {
        return Ok(());
    }
    let line = |each: &Break| format!("{each} [{}, {}]", each.rule, each.breaks);
    let lines: Vec<_> = breaks.iter().map(line).collect();
    let text = format!(
        "the contracts break those who rely on them as they are in {reference}:\n{}",
        lines.join("\n")
    );
    Err(Failure::new(1, text).with_hint("nothing was written; --breaking goes on all the same"))
}

fn failed(error: Error) -> Failure {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    Failure::new(1, format!("{error}{}", cause.unwrap_or_default()))
}
