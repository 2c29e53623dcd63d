//! The clients in TypeScript are what tsc calls correct, and do what their runtime promises.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use micro_codegen::client::typescript;
use micro_codegen::contract::Contract;
use micro_codegen::{compile, write};

/// What catches most, next to `strict`; whoever uses the client may have any of it on.
const STRICT: [&str; 14] = [
    "--strict",
    "--noUnusedLocals",
    "--noUnusedParameters",
    "--noImplicitReturns",
    "--noImplicitOverride",
    "--noFallthroughCasesInSwitch",
    "--noUncheckedIndexedAccess",
    "--noPropertyAccessFromIndexSignature",
    "--exactOptionalPropertyTypes",
    "--isolatedModules",
    "--target",
    "es2020",
    "--lib",
    "es2020,dom",
];

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Writes the clients of three contracts and gives the paths of their files.
fn generate(dir: &Path) -> Vec<PathBuf> {
    let golden = super::golden();
    let echo = root().join("tests/src/proto");
    let protos = [
        golden.join("everything.proto"),
        golden.join("names.proto"),
        golden.join("shared/place.proto"),
        echo.join("echo.proto"),
    ];
    let set = compile(&protos, &[golden, echo]).unwrap();
    let mut paths = Vec::new();
    for contract in Contract::of(&set) {
        let files = typescript::files(&contract);
        write(&files, dir, false).unwrap();
        paths.extend(files.iter().map(|file| dir.join(&file.path)));
    }
    paths
}

fn run(program: &str, configure: impl FnOnce(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new(program);
    let output = configure(&mut command).output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{program} fails:\n{text}");
    text
}

fn tsc(files: &[PathBuf], options: &[&str]) {
    run("tsc", |tsc| tsc.args(STRICT).args(options).args(files));
}

#[test]
fn tsc_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = generate(dir.path());
    for program in ["suite.ts", "usage.ts"] {
        let path = dir.path().join(program);
        let folder = match program {
            "suite.ts" => root().join("tests/clients/typescript"),
            _ => super::golden().join("typescript"),
        };
        fs::copy(folder.join(program), &path).unwrap();
        files.push(path);
    }
    tsc(
        &files,
        &["--noEmit", "--module", "es2020", "--moduleResolution", "node"],
    );
}
