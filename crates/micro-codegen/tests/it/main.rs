//! What comes out of contracts: the text, that it compiles, and what it does.
#![allow(clippy::unwrap_used)]

mod breaking;
mod generated;
mod go_client;
mod golden;
mod history;
mod layout;
mod openapi;
mod python_client;
mod refused;
mod typescript_client;

use std::path::{Path, PathBuf};

use micro_codegen::{GeneratedFile, Options, compile, generate};

/// The folder of the contracts that the tests generate.
fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden")
}

fn everything(options: &Options) -> Vec<GeneratedFile> {
    let protos = ["everything.proto", "names.proto", "shared/place.proto"].map(|file| golden().join(file));
    generate(&compile(&protos, &[golden()]).unwrap(), options).unwrap()
}
