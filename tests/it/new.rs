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
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {words:?} in {}:\n{}{}",
        folder.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_choice_of_rooms_builds_is_tested_and_is_clean() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let micro = Micro::new(home.path()).within(folder.path());
    for (choice, number) in CHOICES.iter().zip(0..) {
        let name = format!("tailor{number}");
        let words = [&["new"], *choice, &[name.as_str()]].concat();
        micro.ok(&words).await;
        let service = folder.path().join(&name);
        cargo(&service, &["fmt", "--all", "--check"]).await;
        cargo(&service, &["test", "--quiet", "--workspace"]).await;
        let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
        cargo(&service, &clippy).await;
        micro.ok(&["gen", "--check", &name]).await;
    }
    let said = micro.run(&["new", "tailor0"]).await.failed_with(1);
    assert!(said.contains("exists already"), "{said}");
    let said = micro.run(&["new", "tailor-shop"]).await.failed_with(1);
    assert!(said.contains("try tailorshop"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_all_rooms_does_what_is_printed() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());
    let printed = micro.ok(&["new", "--all", "tailor"]).await;
    for line in ["micro run tailor", "micro tailor --name=Alice", "micro tailor list", "micro logs tailor"] {
        assert!(printed.contains(line), "{printed}");
    }
    micro.ok(&["run", "tailor"]).await;
    assert!(micro.ok(&["tailor", "--name=Alice"]).await.contains("Hello Alice"));
    let listed = micro.ok(&["tailor", "list"]).await;
    assert!(listed.contains("Alice") && listed.contains("\"times\": \"1\""), "{listed}");
    let refused = micro.run(&["tailor", &format!("--name={}", "x".repeat(65))]).await;
    assert!(refused.stderr.contains("at most 64 characters"), "{refused}");

    micro.ok(&["events", "publish", "tailor", r#"{"say": "hello"}"#]).await;
    wait::until("the event to be heard", SOON, || async {
        let log = micro.ok(&["logs", "tailor"]).await;
        if log.contains("heard \"hello\"") { Ok(()) } else { Err(log) }
    })
    .await;

    let help = micro.ok(&["tailor", "call", "--help"]).await;
    assert!(
        help.contains("# Greet somebody") && help.contains("micro tailor call --name=John"),
        "{help}"
    );
    let document = server.http().get("/openapi/tailor.json").await.ok();
    assert!(document["paths"]["/tailor/Tailor/List"]["post"].is_object(), "{document}");
    let written = std::fs::read_to_string(folder.path().join("tailor/api/openapi.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(document["paths"], written["paths"], "what is served is what was written");
    let all = server.http().get("/openapi.json").await.ok();
    for path in ["/tailor/Tailor/Call", "/store/Store/Read", "/auth/Accounts/List"] {
        assert!(all["paths"][path].is_object(), "{path}");
    }
}
