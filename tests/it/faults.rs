//! Services that do not compile, do not stay, or die; a server that is killed.

use std::time::Duration;

use micro_tests::service::Source;
use micro_tests::{Server, wait};
use serde_json::json;

use crate::main_job::row;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_says_why_and_disturbs_no_other() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());

    let healthy = Source::new(&server.micro(), folder.path(), "healthy").await;
    healthy.insert("call", r#"if request.name == "crash" { std::process::exit(7) }"#);
    micro.ok(&["run", "healthy"]).await;

    let broken = Source::new(&server.micro(), folder.path(), "broken").await;
    broken.insert("call", "this is no Rust;");
    let ran = micro.run(&["run", "broken"]).await;
    assert!(
        !ran.status.success() && ran.stderr.contains("error"),
        "the compiler's words are on the screen: {ran}"
    );
    let status = micro.ok(&["status"]).await;
    assert!(
        row(&status, "broken").is_some_and(|row| row.contains("error")),
        "{status}"
    );
    let logs = micro.ok(&["logs", "-n=100", "broken"]).await;
    assert!(logs.contains("handler/broken.rs"), "where the fault is: {logs}");

    let brief = Source::new(&server.micro(), folder.path(), "brief").await;
    brief.insert_in_main(r#"eprintln!("no database today"); std::process::exit(3);"#);
    let ran = micro.run(&["run", "brief"]).await;
    assert!(!ran.status.success(), "{ran}");
    let status = micro.ok(&["status"]).await;
    assert!(
        row(&status, "brief").is_some_and(|row| row.contains('3')),
        "the exit code: {status}"
    );
    let logs = micro.ok(&["logs", "brief"]).await;
    assert!(logs.contains("no database today"), "{logs}\n{ran}");

    assert_eq!(
        server.http().get("/healthy/call?name=Alice").await.ok(),
        json!({"msg": "Hello Alice"})
    );
    crashes_and_comes_back(&server).await;
}

async fn crashes_and_comes_back(server: &Server) {
    let http = server.http();
    let answer = http.get("/healthy/call?name=crash").await;
    assert!(answer.status.is_server_error(), "{}", answer.text());
    let http = &http;
    wait::until("the crashed service to be back", SOON, || async move {
        let answer = http.get("/healthy/call?name=Alice").await;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.text())
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_fails_leaves_the_old_one_serving() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());
    let source = Source::new(&server.micro(), folder.path(), "steady").await;
    micro.ok(&["run", "steady"]).await;

    source.insert("call", "this is no Rust;");
    let ran = micro.run(&["update", "steady"]).await;
    assert!(!ran.status.success(), "{ran}");
    let hello = json!({"msg": "Hello Alice"});
    assert_eq!(server.http().get("/steady/call?name=Alice").await.ok(), hello);
    let status = micro.ok(&["status"]).await;
    assert!(
        row(&status, "steady").is_some_and(|row| row.contains("running")),
        "it runs: {status}"
    );

    source.replace("this is no Rust;", "");
    source.replace("Hello ", "Welcome ");
    micro.ok(&["update", "steady"]).await;
    assert_eq!(
        server.http().get("/steady/call?name=Alice").await.ok(),
        json!({"msg": "Welcome Alice"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_comes_back_as_it_was_acknowledged() {
    let mut server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro();
    Source::new(&micro, folder.path(), "survivor").await;
    Source::new(&micro, folder.path(), "gone").await;
    micro.within(folder.path()).ok(&["run", "survivor"]).await;
    micro.within(folder.path()).ok(&["run", "gone"]).await;
    micro.ok(&["kill", "gone"]).await;
    micro
        .ok(&["auth", "create", "account", "--secret=s3cret-s3cret", "alice"])
        .await;
    micro
        .ok(&[
            "auth",
            "create",
            "rule",
            "--scope=*",
            "--resource=service:survivor:*",
            "--priority=7",
            "only-known",
        ])
        .await;

    server.kill().await;
    server.restart().await;

    let accounts = micro.ok(&["auth", "list", "accounts"]).await;
    assert!(accounts.contains("alice"), "{accounts}");
    let rules = micro.ok(&["auth", "list", "rules"]).await;
    assert!(rules.contains("only-known"), "{rules}");
    micro
        .ok(&["login", "--username=alice", "--password=s3cret-s3cret"])
        .await;
    micro.ok(&["login", "--username=admin", "--password=micro"]).await;
    let micro = &micro;
    wait::until("the service to answer again", SOON, || async move {
        let ran = micro.run(&["survivor", "--name=Alice"]).await;
        if ran.stdout.contains("Hello Alice") {
            Ok(())
        } else {
            Err(ran.to_string())
        }
    })
    .await;
    let status = micro.ok(&["status"]).await;
    assert!(
        row(&status, "survivor").is_some_and(|row| row.contains("running")),
        "{status}"
    );
    assert!(
        row(&status, "gone").is_none(),
        "what was killed stays so: {status}"
    );
    assert_eq!(
        programs_of(&server, "survivor"),
        1,
        "the one from before the crash was adopted or cleaned up"
    );
}

fn programs_of(server: &Server, name: &str) -> usize {
    let pids = micro_tests::process::of_folder(server.home());
    let program = |pid: &u32| {
        std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path.to_string_lossy().contains(name))
    };
    pids.iter().filter(|pid| program(pid)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_moment_lose_nothing_acknowledged() {
    let mut server = Server::start().await;
    let mut random = micro_tests::random::Random::new(micro_tests::random::Random::fresh_seed());
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        let micro = server.micro();
        let writer = tokio::spawn(async move {
            let mut done = Vec::new();
            for number in 0.. {
                let id = format!("account-{round}-{number}");
                if !micro
                    .run(&["auth", "create", "account", &id])
                    .await
                    .status
                    .success()
                {
                    return done;
                }
                done.push(id);
            }
            done
        });
        // Not a wait for anything: the moment of the blow is what varies.
        tokio::time::sleep(Duration::from_millis(100 + random.below(500) as u64)).await;
        server.kill().await;
        acknowledged.extend(writer.await.unwrap());
        server.restart().await;
    }
    let accounts = server.micro().ok(&["auth", "list", "accounts"]).await;
    for id in &acknowledged {
        assert!(
            accounts.contains(id.as_str()),
            "{id} was acknowledged and is gone:\n{accounts}"
        );
    }
}
