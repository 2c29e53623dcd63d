//! `cargo xtask gen`: the checked-in code that comes from contracts.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use micro_codegen::{Options, compile, generate, write};

/// Brings all generated code up to date; with `check` it fails if any is not, and writes nothing.
pub fn run(check: bool) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask has a parent")?;
    let changed = platform(root, check)?;
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
    let folder = root.join("crates/micro-proto/proto");
    let mut protos = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "proto") {
            protos.push(path);
        }
    }
    protos.sort();
    let files = generate(&compile(&protos, &[folder])?, &Options::default())?;
    Ok(write(&files, &root.join("crates/micro-proto/src"), check)?)
}
