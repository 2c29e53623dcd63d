//! The clients in Go are what Go's own tools accept.

use std::path::{Path, PathBuf};
use std::process::Command;

use micro_codegen::client::go;
use micro_codegen::contract::Contract;
use micro_codegen::{compile, write};

use crate::golden;

/// A folder with the client of a contract.
struct Module {
    folder: tempfile::TempDir,
    package: PathBuf,
}

impl Module {
    fn of(proto: &Path, include: &Path) -> Self {
        let set = compile(&[proto.to_owned()], &[include.to_owned()]).unwrap();
        let contract = Contract::of(&set).remove(0);
        let files = go::files(&contract);
        assert_eq!(
            files,
            go::files(&contract),
            "the same contract gives the same text"
        );
        let folder = tempfile::tempdir().unwrap();
        write(&files, folder.path(), false).unwrap();
        let package = folder.path().join(files[0].path.parent().unwrap());
        Module { folder, package }
    }

    fn golden(name: &str) -> Self {
        Self::of(&golden().join(name), &golden())
    }

    /// What the command prints, which has to succeed.
    fn run(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program)
            .args(args)
            .current_dir(&self.package)
            .env("GOFLAGS", "-mod=mod")
            .env("GOPROXY", "off")
            .env("GOWORK", "off")
            .output()
            .unwrap_or_else(|error| panic!("cannot run {program}, which these tests need: {error}"));
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {args:?}: {text}");
        text.into_owned()
    }

    fn check(&self) {
        let folder = self.folder.path().display();
        assert_eq!(self.run("gofmt", &["-d", "."]), "", "{folder}");
        assert_eq!(self.run("go", &["vet", "./..."]), "");
        assert_eq!(self.run("go", &["build", "./..."]), "");
    }
}

fn echo() -> Module {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/src/proto");
    Module::of(&folder.join("echo.proto"), &folder)
}

#[test]
fn everything_that_a_contract_can_say() {
    Module::golden("everything.proto").check();
}

#[test]
fn names_that_mean_something_else() {
    Module::golden("names.proto").check();
}

#[test]
fn a_contract_without_services() {
    Module::golden("shared/place.proto").check();
}

#[test]
fn the_contract_of_the_behaviour_suite() {
    echo().check();
}
