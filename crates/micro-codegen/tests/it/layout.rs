//! rustfmt has nothing to add, whatever the names are.

use std::path::Path;
use std::process::Command;

use micro_codegen::scaffold::{Framework, Scaffold};
use micro_codegen::{GeneratedFile, Options, write};

use crate::everything;

fn check(files: &[GeneratedFile], width: usize) {
    let dir = tempfile::tempdir().unwrap();
    let config = format!("max_width = {width}\nstyle_edition = \"2024\"\n");
    std::fs::write(dir.path().join("rustfmt.toml"), config).unwrap();
    write(files, dir.path(), false).unwrap();
    for file in files
        .iter()
        .filter(|file| file.path.extension().is_some_and(|it| it == "rs"))
    {
        unchanged(&dir.path().join(&file.path));
    }
}

fn unchanged(file: &Path) {
    let output = Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .arg(file)
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && found.is_empty(), "{found}");
}

#[test]
fn generated_code_is_laid_out() {
    for width in [100, 110] {
        check(
            &everything(&Options {
                width,
                ..Options::default()
            }),
            width,
        );
    }
}

#[test]
fn a_new_service_is_laid_out() {
    for name in ["a", "greeter", "option", "zebracrossings"] {
        let files = |framework| {
            Scaffold {
                name: name.into(),
                framework,
            }
            .files()
            .unwrap()
        };
        check(&files(Framework::Link), 100);
        check(&files(Framework::Workspace), 110);
    }
}
