//! `micro new`: whatever rooms a service has, it is well made.

use std::path::Path;
use std::time::Duration;

use micro_tests::command::{Micro, build_folder};
use micro_tests::{Server, wait};
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(120);

/// What is chosen; the rooms that depend on each other come together, all others alone.
const CHOICES: [&[&str]; 8] = [
    &[],
    &["--service"],
    &["--model"],
    &["--subscriber"],
    &["--api"],
    &["--web"],
    &["--model", "--api", "--client"],
    &["--all"],
];

async fn cargo(folder: &Path, words: &[&str]) {
    let output = Command::new("cargo")
        .args(words)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", build_folder().join("new"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {words:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Makes one workspace of services that are each one of their own, so that cargo builds the framework once for all.
fn join(folder: &Path, names: &[String]) {
    let framework = std::fs::read_link(folder.join(&names[0]).join(".micro")).unwrap();
    for name in names {
        for (manifest, link) in [("Cargo.toml", ".micro"), ("proto/Cargo.toml", "../.micro")] {
            let path = folder.join(name).join(manifest);
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("\n[workspace]").next().unwrap();
            let text = text.replace(&format!("\"{link}/"), &format!("\"{}/", framework.display()));
            std::fs::write(path, text).unwrap();
        }
    }
    let members: Vec<_> = names
        .iter()
        .flat_map(|name| [name.clone(), format!("{name}/proto")])
        .collect();
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
    std::fs::write(folder.join("Cargo.toml"), workspace).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_choice_of_rooms_builds_is_tested_and_is_clean() {
    // Always the same, so that cargo finds the framework that it has built before.
    let home = build_folder().join("new/home");
    let folder = tempfile::tempdir().unwrap();
    let micro = Micro::new(&home).within(folder.path());
    let mut names = Vec::new();
    for (choice, number) in CHOICES.iter().zip(0..) {
        let name = format!("tailor{number}");
        let words = [&["new"], *choice, &[name.as_str()]].concat();
        micro.ok(&words).await;
        micro.ok(&["gen", "--check", &name]).await;
        names.push(name);
    }
    join(folder.path(), &names);
    let packages: Vec<_> = names
        .iter()
        .flat_map(|name| [format!("-p={name}-service"), format!("-p={name}-proto")])
        .collect();
    let packages: Vec<_> = packages.iter().map(String::as_str).collect();
    cargo(folder.path(), &[&["fmt", "--check"], &packages[..]].concat()).await;
    cargo(folder.path(), &["test", "--quiet", "--workspace", "--lib"]).await;
    let clippy = [
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    cargo(folder.path(), &clippy).await;
    let said = micro.run(&["new", "tailor0"]).await.failed_with(1);
    assert!(said.contains("exists already"), "{said}");
    let said = micro.run(&["new", "tailor-shop"]).await.failed_with(1);
    assert!(said.contains("try tailorshop"), "{said}");
    let said = micro.run(&["new", "kill"]).await.failed_with(1);
    assert!(said.contains("is a command of micro"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_all_rooms_does_what_is_printed() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());
    let printed = micro.ok(&["new", "--all", "tailor"]).await;
    for line in [
        "micro run tailor",
        "micro tailor --name=Alice",
        "micro tailor list",
        "micro logs tailor",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    micro.ok(&["run", "tailor"]).await;
    assert!(
        micro
            .ok(&["tailor", "--name=Alice"])
            .await
            .contains("Hello Alice")
    );
    let listed = micro.ok(&["tailor", "list"]).await;
    assert!(
        listed.contains("Alice") && listed.contains("\"times\": \"1\""),
        "{listed}"
    );
    let refused = micro
        .run(&["tailor", &format!("--name={}", "x".repeat(65))])
        .await;
    assert!(refused.stderr.contains("at most 64 characters"), "{refused}");

    micro
        .ok(&["events", "publish", "tailor", r#"{"say": "hello"}"#])
        .await;
    wait::until("the event to be heard", SOON, || async {
        let log = micro.ok(&["logs", "tailor"]).await;
        if log.contains("heard \"hello\"") {
            Ok(())
        } else {
            Err(log)
        }
    })
    .await;

    let help = micro.ok(&["tailor", "call", "--help"]).await;
    assert!(
        help.contains("# Greet somebody") && help.contains("micro tailor call --name=John"),
        "{help}"
    );
    let greeted = server.http().get("/tailor/greet/Alice%20B").await.ok();
    assert_eq!(greeted["msg"], "Hello Alice B", "the route in the contract");
    let document = server.http().get("/openapi/tailor.json").await.ok();
    assert!(
        document["paths"]["/tailor/Tailor/List"]["post"].is_object(),
        "{document}"
    );
    let written = std::fs::read_to_string(folder.path().join("tailor/api/openapi.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(
        document["paths"], written["paths"],
        "what is served is what was written"
    );
    let all = server.http().get("/openapi.json").await.ok();
    for path in ["/tailor/Tailor/Call", "/store/Store/Read", "/auth/Accounts/List"] {
        assert!(all["paths"][path].is_object(), "{path}");
    }
}
