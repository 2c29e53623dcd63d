//! rustfmt has nothing to add, whatever the names are.

use std::process::Command;

use micro_codegen::scaffold::{Framework, Rooms, Scaffold};
use micro_codegen::{GeneratedFile, Options, write};

use crate::everything;

fn check(files: &[GeneratedFile], width: usize) {
    let dir = tempfile::tempdir().unwrap();
    let config = format!("max_width = {width}\nstyle_edition = \"2024\"\n");
    std::fs::write(dir.path().join("rustfmt.toml"), config).unwrap();
    write(files, dir.path(), false).unwrap();
    let sources = files
        .iter()
        .filter(|file| file.path.extension().is_some_and(|it| it == "rs"));
    let output = Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .args(sources.map(|file| dir.path().join(&file.path)))
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
fn messages_alone_stand_on_nothing_of_ours() {
    let files = everything(&Options {
        only_messages: true,
        ..Options::default()
    });
    check(&files, 100);
    assert!(!files.is_empty());
    for file in files {
        let path = file.path.display();
        let code = |line: &str| {
            line.split("//")
                .next()
                .unwrap_or(line)
                .replace("micro_rpc::wkt", "")
        };
        let code: Vec<String> = file.content.lines().map(code).collect();
        for foreign in ["serde", "micro_rpc", "Server", "FILE_DESCRIPTOR_SET"] {
            let found = code.iter().find(|line| line.contains(foreign));
            assert_eq!(found, None, "{path}");
        }
    }
}

#[test]
fn a_new_service_is_laid_out() {
    let longest = "z".repeat(24);
    for name in ["a", "greeter", "option", "zebracrossings", &longest] {
        let is_short = name.len() < 24;
        let few = [Rooms::default(), Rooms::ALL];
        let choices: Vec<Rooms> = if is_short && name != "greeter" {
            few.into()
        } else {
            every_choice().collect()
        };
        for rooms in choices {
            let files = |framework| {
                Scaffold {
                    name: name.into(),
                    framework,
                    rooms,
                }
                .files()
                .unwrap()
            };
            check(&files(Framework::Link), 100);
            check(&files(Framework::Workspace), 110);
        }
    }
}

/// Of the rooms whose code depends on each other.
fn every_choice() -> impl Iterator<Item = Rooms> {
    (0..32).map(|bits| {
        let has = |bit: u32| bits >> bit & 1 == 1;
        Rooms {
            service: has(0),
            model: has(1),
            subscriber: has(2),
            api: has(3),
            web: has(4),
            client: false,
        }
    })
}
