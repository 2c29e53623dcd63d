//! What an operator types: namespaces, the doctor, the shell, the end.

use std::process::Stdio;
use std::time::Duration;

use micro_tests::command::Micro;
use micro_tests::{Server, process, wait};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_come_and_go() {
    let server = Server::start().await;
    let micro = server.micro();
    assert_eq!(micro.ok(&["namespace", "current"]).await, "micro\n");
    let made = micro
        .ok(&[
            "namespace",
            "create",
            "--admin=jane",
            "--secret=s3cret-s3cret",
            "shop",
        ])
        .await;
    assert!(
        made.starts_with("Namespace shop created\nAccount created: {\"id\":\"jane\""),
        "{made}"
    );
    let again = micro.run(&["namespace", "create", "shop"]).await.failed_with(1);
    assert!(again.contains("exists already"), "{again}");
    assert_eq!(micro.ok(&["namespace"]).await, "* micro\n  shop\n");
    micro.ok(&["namespace", "use", "shop"]).await;
    assert_eq!(micro.ok(&["user", "namespace"]).await, "shop\n");
    micro
        .ok(&["login", "--username=jane", "--password=s3cret-s3cret"])
        .await;
    assert_eq!(
        micro.ok(&["user"]).await,
        "jane\n",
        "the account is of that namespace"
    );
    micro.ok(&["store", "write", "a", "b"]).await;
    micro.ok(&["blob", "write", "file", "/dev/null"]).await;
    micro.ok(&["config", "set", "limit", "3"]).await;
    let refused = micro.run(&["namespace", "delete", "micro"]).await.failed_with(1);
    assert!(refused.contains("platform's own"), "{refused}");
    let denied = micro
        .run(&["namespace", "delete", "--force", "shop"])
        .await
        .failed_with(127);
    assert!(denied.contains("access denied"), "{denied}");

    micro.ok(&["namespace", "use", "micro"]).await;
    micro.ok(&["login", "--username=admin", "--password=micro"]).await;
    let held = micro.run(&["namespace", "delete", "shop"]).await.failed_with(1);
    for part in [
        "1 account",
        "1 table of records",
        "1 blob",
        "1 document of settings",
        "--force",
    ] {
        assert!(held.contains(part), "{part}: {held}");
    }
    assert_eq!(
        micro.ok(&["store", "read", "-d=shop", "a"]).await,
        "b\n",
        "nothing is gone yet"
    );
    micro.ok(&["namespace", "delete", "--force", "shop"]).await;
    micro.run(&["store", "read", "-d=shop", "a"]).await.failed_with(1);
    let listed: Value = serde_json::from_str(&micro.ok(&["-o", "json", "namespace", "list"]).await).unwrap();
    assert_eq!(listed, serde_json::json!([{"name": "micro", "current": true}]));
}

fn finding<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    let found = findings.iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("no {check} in {findings:?}"))
}

async fn examined(micro: &Micro, code: i32) -> Vec<Value> {
    let ran = micro.run(&["-o", "json", "doctor"]).await;
    assert_eq!(ran.status.code(), Some(code), "{ran}");
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_at_an_empty_home_and_at_one_with_faults() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let micro = Micro::new(&home)
        .within(folder.path())
        .with("MICRO_API_ADDRESS", "127.0.0.1:0")
        .with("MICRO_PROXY_ADDRESS", "127.0.0.1:0");
    let findings = examined(&micro.with("MICRO_PROXY", "127.0.0.1:1"), 0).await;
    assert_eq!(finding(&findings, "home")["status"], "ok");
    assert_eq!(finding(&findings, "cargo")["status"], "ok");
    assert_eq!(finding(&findings, "server")["status"], "warn");
    assert!(!home.exists(), "who looks changes nothing");

    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("tokens"), "").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(home.join("tokens"), open).unwrap();
    std::fs::write(home.join("config.json"), "{\"env\": ").unwrap();
    let ill = micro.with("MICRO_API_ADDRESS", &address);
    let findings = examined(&ill, 1).await;
    for check in ["file tokens", "settings", "gateway port", "server"] {
        let finding = finding(&findings, check);
        assert_eq!(finding["status"], "fail", "{finding}");
        assert!(
            finding["advice"]
                .as_str()
                .is_some_and(|advice| !advice.is_empty()),
            "{finding}"
        );
    }
    let owner = format!("process {}", std::process::id());
    assert!(
        finding(&findings, "gateway port")["found"]
            .as_str()
            .unwrap()
            .contains(&owner),
        "{findings:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_examined_talked_to_and_ended() {
    let mut server = Server::start().await;
    let micro = server.micro();
    let findings = examined(&micro, 0).await;
    let found = |check: &str| finding(&findings, check)["found"].as_str().unwrap().to_owned();
    assert!(found("lock").ends_with(&format!("process {}", server.pid())));
    assert!(found("server").contains("answers, version"));
    assert!(found("services").starts_with("0 in namespace micro"));
    assert_eq!(finding(&findings, "clock of the server")["status"], "ok");
    let text = micro.ok(&["doctor"]).await;
    assert!(
        text.lines()
            .all(|line| line.starts_with("ok ") || line.starts_with("warn ") || line.starts_with("   ")),
        "{text}"
    );

    let mut shell = micro.command(&["cli"]);
    let mut shell = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "namespace current\n\nmicro store write \"a b\" 'c  d'\nstore read 'a b'\nstore 'open\nstore dance\nquit\nservices\n";
    shell
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .await
        .unwrap();
    let said = shell.wait_with_output().await.unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr),
    );
    assert!(said.status.success());
    assert!(
        out.starts_with("micro> micro\nmicro> micro> micro> c  d\nmicro> "),
        "{out}"
    );
    assert!(!out.contains("registry"), "nothing runs after quit: {out}");
    assert!(
        err.contains("the quote ' is not closed") && err.contains("Unrecognized subcommand"),
        "{err}"
    );

    let elsewhere = tempfile::tempdir().unwrap();
    let none = Micro::new(elsewhere.path())
        .run(&["shutdown"])
        .await
        .failed_with(1);
    assert!(none.contains("No micro server uses"), "{none}");
    let pid = server.pid();
    let ended = micro.ok(&["shutdown"]).await;
    assert_eq!(ended, format!("micro server stopped (process {pid})\n"));
    wait::until_true("the process to be gone", Duration::from_secs(10), || {
        !process::is_alive(pid)
    })
    .await;
    micro.run(&["shutdown"]).await.failed_with(1);
    server.restart().await;
    assert!(micro.ok(&["services"]).await.contains("network"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_logged_in_is_told_so_by_every_command() {
    let server = Server::start().await;
    let micro = server.micro();
    micro
        .ok(&[
            "user",
            "set",
            "password",
            "--old_password=micro",
            "--new_password=other-secret",
        ])
        .await;
    std::fs::remove_file(server.home().join("tokens")).unwrap();
    // More than a guesser may: none of them is counted against the account.
    for _ in 0..3 {
        for words in [
            &["services"][..],
            &["store", "read", "x"],
            &["store", "snapshot", "--destination=/dev/null"],
            &["config", "get", "x"],
            &["blob", "read", "x"],
            &["events", "topics"],
            &["status"],
            &["network", "services"],
            &["namespace", "delete", "shop"],
        ] {
            let said = micro.run(words).await.failed_with(2);
            assert!(
                said.starts_with("Not authorized to perform this request\n") && said.contains("micro login"),
                "{words:?}: {said}"
            );
        }
    }
    micro
        .ok(&["login", "--username=admin", "--password=other-secret"])
        .await;
    assert!(micro.ok(&["services"]).await.contains("store"));
    // Who logs out is nobody until he logs in, also on the machine where nobody has to.
    micro.ok(&["logout"]).await;
    for _ in 0..2 {
        let said = micro.run(&["store", "databases"]).await.failed_with(2);
        assert!(said.contains("micro login"), "{said}");
    }
}
