//! `cargo xtask gen`: the checked-in code that comes from contracts.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use micro_codegen::scaffold::{Framework, Rooms, Scaffold, WORKSPACE_WIDTH};
use micro_codegen::{Options, Project, compile, entries, generate, write};

/// The fields that the platform's contracts have beyond the original's are numbered from here.
const OURS: i32 = 100;

/// Brings all generated code up to date; with `check` it fails if any is not, and writes nothing.
pub fn run(check: bool) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask has a parent")?;
    let mut changed = platform(root, check)?;
    changed.extend(etcd(root, check)?);
    changed.extend(golden(root, check)?);
    changed.extend(tests(root, check)?);
    changed.extend(helloworld(root, check)?);
    changed.extend(services(root, check)?);
    if check && !changed.is_empty() {
        let list: Vec<_> = changed.iter().map(|path| path.display().to_string()).collect();
        bail!("stale: {}; run cargo xtask gen", list.join(", "));
    }
    for path in changed {
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// The contracts of the platform's own services.
fn platform(root: &Path, check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let home = root.join("crates/micro-proto");
    let options = Options {
        extensions_from: Some(OURS),
        fakes_on_demand: true,
        ..options()
    };
    contracts(&home.join("proto"), &home.join("src"), &options, check)
}

/// What the driver says to etcd, whose contract is not ours: there is nothing to serve, to fake or to show as JSON.
fn etcd(root: &Path, check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let home = root.join("crates/micro-etcd");
    let options = Options {
        only_messages: true,
        ..options()
    };
    contracts(&home.join("proto"), &home.join("src/wire"), &options, check)
}

/// The contracts that the generator's own tests read.
fn golden(root: &Path, check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let folder = root.join("crates/micro-codegen/tests/it/golden");
    contracts(&folder, &folder, &options(), check)
}

/// The contract of the service that clients are tried on.
fn tests(root: &Path, check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let folder = root.join("tests/src/proto");
    contracts(&folder, &folder, &options(), check)
}

/// What `micro new helloworld` makes, in the clone.
fn helloworld(root: &Path, check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let scaffold = Scaffold {
        name: "helloworld".into(),
        framework: Framework::Workspace,
        rooms: Rooms::default(),
    };
    Ok(write(
        &scaffold.files()?,
        &root.join("services/helloworld"),
        check,
    )?)
}

/// The contracts of the other domains, each with its code beside it.
fn services(root: &Path, check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for service in entries(&root.join("services"))? {
        if let Some(project) = Project::find(&service)? {
            let mut outputs = project.present();
            // What `micro new` wrote is compared with it above.
            outputs.rust &= !service.ends_with("helloworld");
            changed.extend(project.generate(&project.compile()?, &outputs, check)?);
        }
    }
    Ok(changed)
}

fn options() -> Options {
    Options {
        width: WORKSPACE_WIDTH,
        ..Options::default()
    }
}

/// Generates the code of the contracts in one folder.
fn contracts(from: &Path, to: &Path, options: &Options, check: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut protos = Vec::new();
    find_contracts(from, &mut protos)?;
    let files = generate(&compile(&protos, &[from.to_owned()])?, options)?;
    Ok(write(&files, to, check)?)
}

fn find_contracts(folder: &Path, protos: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for path in entries(folder)? {
        if path.is_dir() {
            find_contracts(&path, protos)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            protos.push(path);
        }
    }
    Ok(())
}
