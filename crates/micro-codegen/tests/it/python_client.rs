//! The clients in Python pass their language's own checks, and their messages go to JSON and back.

use std::path::{Path, PathBuf};
use std::process::Command;

use micro_codegen::client::python;
use micro_codegen::contract::Contract;
use micro_codegen::{compile, write};
use tempfile::TempDir;

const PACKAGES: [&str; 4] = [
    "echo_client",
    "everything_client",
    "names_client",
    "lambda_client",
];

/// A folder with the packages of four contracts, all but one of which are nasty on purpose.
fn generated() -> TempDir {
    let echo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/src/proto");
    let folder = tempfile::tempdir().unwrap();
    for (file, include) in [
        ("everything.proto", crate::golden()),
        ("names.proto", crate::golden()),
        ("echo.proto", echo),
        ("words.proto", program("")),
    ] {
        let set = compile(&[include.join(file)], &[include]).unwrap();
        for contract in Contract::of(&set) {
            write(&python::files(&contract), folder.path(), false).unwrap();
        }
    }
    folder
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}\n{out}{err}");
}

/// One of the programs beside this file.
fn program(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/python_client");
    folder.join(name)
}

fn modules(folder: &Path) -> Vec<PathBuf> {
    let folders = PACKAGES.map(|package| folder.join(package).read_dir().unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|it| it == "py"))
        .collect()
}

#[test]
fn the_modules_are_python() {
    let folder = generated();
    let modules = modules(folder.path());
    assert_eq!(modules.len(), 3 * PACKAGES.len());
    run(Command::new("python3").args(["-m", "py_compile"]).args(modules));
}

#[test]
fn the_types_are_right() {
    let folder = generated();
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/python/suite.py");
    std::fs::copy(suite, folder.path().join("suite.py")).unwrap();
    for version in ["3.9", "3.11"] {
        let mut mypy = Command::new("mypy");
        mypy.current_dir(folder.path()).args([
            "--strict",
            "--python-version",
            version,
            "--cache-dir",
            "cache",
        ]);
        run(mypy.args(PACKAGES).arg("suite.py"));
    }
}

#[test]
fn the_packages_need_nothing_but_python() {
    let folder = generated();
    let program = program("import.py");
    let mut python = Command::new("python3");
    run(python
        .args(["-I", "-S", "-W", "error"])
        .arg(program)
        .arg(folder.path())
        .args(PACKAGES));
}

#[test]
fn messages_go_to_json_and_back() {
    let folder = generated();
    let program = program("messages.py");
    run(Command::new("python3")
        .args(["-W", "error"])
        .arg(program)
        .env("PYTHONPATH", folder.path()));
}

#[test]
fn calls_hold_when_the_other_side_does_not() {
    let folder = generated();
    let program = program("transport.py");
    run(Command::new("python3")
        .args(["-X", "dev", "-W", "error"])
        .arg(program)
        .env("PYTHONPATH", folder.path()));
}

#[test]
fn the_text_is_the_same_each_time() {
    let (one, other) = (generated(), generated());
    for file in modules(one.path()) {
        let twin = other.path().join(file.strip_prefix(one.path()).unwrap());
        assert_eq!(
            std::fs::read(&file).unwrap(),
            std::fs::read(twin).unwrap(),
            "{}",
            file.display()
        );
    }
}
