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

/// What is compiled and run here.
fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/typescript")
}

/// Writes the clients of all contracts and gives the paths of their files.
fn generate(dir: &Path) -> Vec<PathBuf> {
    let golden = super::golden();
    let echo = root().join("tests/src/proto");
    let protos = [
        golden.join("everything.proto"),
        golden.join("names.proto"),
        golden.join("shared/place.proto"),
        echo.join("echo.proto"),
        programs().join("nasty.proto"),
    ];
    let set = compile(&protos, &[golden, echo, programs()]).unwrap();
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

/// Copies a program to the clients that it uses.
fn add(dir: &Path, program: &Path) -> PathBuf {
    let path = dir.join(program.file_name().unwrap());
    fs::copy(program, &path).unwrap();
    path
}

fn tsc(files: &[PathBuf], options: &[&str]) {
    run("tsc", |tsc| tsc.args(STRICT).args(options).args(files));
}

/// The program with what the runtime does that no gateway shows, and with mistakes that tsc has to find.
fn behaviour() -> PathBuf {
    programs().join("behaviour.ts")
}

#[test]
fn tsc_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = generate(dir.path());
    files.push(add(dir.path(), &behaviour()));
    files.push(add(dir.path(), &root().join("tests/clients/typescript/suite.ts")));
    tsc(
        &files,
        &["--noEmit", "--module", "es2020", "--moduleResolution", "node"],
    );
}

#[test]
fn clients_behave() {
    let dir = tempfile::tempdir().unwrap();
    generate(dir.path());
    let program = add(dir.path(), &behaviour());
    let out = dir.path().join("out");
    tsc(
        &[program],
        &["--module", "commonjs", "--outDir", out.to_str().unwrap()],
    );
    let told = run("node", |node| node.arg(out.join("behaviour.js")));
    assert!(told.lines().count() > 10, "{told}");
}

#[test]
fn the_same_contract_gives_the_same_files() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let names: Vec<_> = generate(first.path())
        .iter()
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    generate(second.path());
    for name in names {
        let [left, right] = [&first, &second].map(|dir| fs::read_to_string(dir.path().join(&name)).unwrap());
        assert_eq!(left, right);
        assert!(left.starts_with("// @generated"));
    }
}
