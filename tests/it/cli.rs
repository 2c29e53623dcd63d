//! The command line's manners: help with an example everywhere, exit codes, flags as scripts write them, no prompts.

use std::time::Duration;

use micro_tests::Server;
use micro_tests::command::Micro;

const BRIEF: Duration = Duration::from_secs(30);

/// Every command, as it is typed.
pub const COMMANDS: &[&str] = &[
    "server",
    "new",
    "gen",
    "run",
    "update",
    "kill",
    "status",
    "logs",
    "services",
    "get service",
    "call",
    "stream",
    "login",
    "logout",
    "user",
    "user config",
    "user config get",
    "user config set",
    "user config delete",
    "user token",
    "user namespace",
    "user namespace set",
    "user set password",
    "env",
    "env get",
    "env set",
    "env add",
    "env del",
    "auth",
    "auth list accounts",
    "auth list keys",
    "auth list rules",
    "auth create account",
    "auth create rule",
    "auth create token",
    "auth delete account",
    "auth delete rule",
    "auth rotate keys",
    "auth update secret",
    "blob",
    "blob write",
    "blob read",
    "blob list",
    "blob delete",
    "broker",
    "broker publish",
    "broker subscribe",
    "config",
    "config get",
    "config set",
    "config del",
    "config watch",
    "events",
    "events publish",
    "events consume",
    "events read",
    "events topics",
    "events groups",
    "events dead",
    "events dead list",
    "events dead show",
    "events dead redrive",
    "events dead delete",
    "store",
    "store read",
    "store list",
    "store write",
    "store delete",
    "store databases",
    "store tables",
    "store snapshot",
    "store restore",
    "store sync",
    "namespace",
    "namespace list",
    "namespace create",
    "namespace delete",
    "namespace use",
    "namespace current",
    "network",
    "network connect",
    "network connections",
    "network graph",
    "network nodes",
    "network routes",
    "network services",
    "network call",
    "debug",
    "debug health",
    "debug stats",
    "debug log",
    "debug trace",
    "stats",
    "service",
    "doctor",
    "cli",
    "shutdown",
];

fn alone() -> (tempfile::TempDir, Micro) {
    let home = tempfile::tempdir().unwrap();
    // A port that nobody listens on: the home's own server is absent, and the usual port may be somebody's.
    let micro = Micro::new(home.path()).with("MICRO_PROXY", "127.0.0.1:1");
    (home, micro)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_help_with_an_example() {
    let (_home, micro) = alone();
    let mut lacking = Vec::new();
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let ran = micro.run_within(BRIEF, &words).await;
        let example = ran
            .stdout
            .split("EXAMPLE")
            .nth(1)
            .is_some_and(|rest| rest.contains(&format!("micro {command}")));
        if !ran.status.success() || !example {
            lacking.push(format!("{ran}"));
        }
    }
    assert!(
        lacking.is_empty(),
        "{} of {} lack it:\n{}",
        lacking.len(),
        COMMANDS.len(),
        lacking.join("\n")
    );
    let help = micro.run_within(BRIEF, &["--help"]).await.ok();
    for command in COMMANDS.iter().filter(|command| !command.contains(' ')) {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} is not in:\n{help}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_on_stderr_with_the_code_that_scripts_know() {
    let (_home, micro) = alone();
    let cases: &[(&[&str], i32, &str)] = &[
        (
            &[],
            1,
            "No command provided to micro. Please refer to 'micro --help'",
        ),
        (
            &["auth", "dance"],
            1,
            "Unrecognized subcommand for micro auth: dance. Please refer to 'micro auth --help'",
        ),
        (
            &["services", "-nonsense"],
            1,
            "flag provided but not defined: -nonsense",
        ),
        (
            &["services"],
            4,
            "Failed to connect to micro server at 127.0.0.1:1",
        ),
        (
            &["call", "greeter", "nodot", "{}"],
            3,
            "Method name \"nodot\" invalid format. Expecting service.endpoint",
        ),
        (
            &["call", "greeter", "Greeter.Call", "{"],
            1,
            "Error creating request",
        ),
        (&["env", "set", "nowhere"], 1, "nowhere"),
    ];
    for (words, code, text) in cases {
        let ran = micro.run_within(BRIEF, words).await;
        assert_eq!(ran.status.code(), Some(*code), "{ran}");
        assert!(ran.stderr.contains(text), "expected {text}: {ran}");
        assert!(!ran.stdout.contains(text), "errors go to stderr only: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_are_not_there_have_codes_of_their_own() {
    let server = Server::start().await;
    let micro = server.micro();
    let said = micro
        .run(&["call", "nothere", "Nothere.Call", "{}"])
        .await
        .failed_with(4);
    assert!(said.contains("Service \"nothere\" not found"), "{said}");
    let said = micro
        .run(&["call", "auth", "Auth.Nothing", "{}"])
        .await
        .failed_with(5);
    assert!(
        said.contains("Service method \"Auth.Nothing\" not found"),
        "{said}"
    );
    let said = micro.run(&["nothere"]).await.failed_with(4);
    assert!(said.contains("nothere"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_printed_as_asked_and_a_reader_may_leave() {
    let server = Server::start().await;
    let micro = server.micro();
    let inspect = ["Auth.Token", r#"{"id":"admin","#, r#""secret":"micro"}"#];
    let call = |before: &[&'static str]| [before, &["call", "auth"], &inspect].concat();
    let indented = micro.ok(&call(&[])).await;
    assert!(indented.starts_with("{\n\t\"token\": {\n"), "{indented}");
    for raw in [
        micro.ok(&call(&["--output=raw"])).await,
        micro.with("MICRO_OUTPUT", "raw").ok(&call(&[])).await,
    ] {
        assert!(
            raw.starts_with("{\"token\":{") && raw.lines().count() == 1,
            "{raw}"
        );
    }
    let routed = micro
        .ok(&["network", "call", "network", "Network.Nodes", "{}"])
        .await;
    assert!(routed.contains(&server.proxy()), "{routed}");
    for (flag, code, text) in [
        ("--request_timeout=soon", 2, "Invalid format for request timeout"),
        ("--metadata=nothing", 1, "Expected format: key=value"),
    ] {
        let said = micro.run(&["call", flag, "auth", "Auth.Inspect", "{}"]).await;
        assert!(said.failed_with(code).contains(text), "{flag}");
    }
    let said = micro
        .run(&["call", "--address=127.0.0.1:1", "auth", "Auth.Inspect", "{}"])
        .await;
    assert!(
        said.failed_with(4)
            .contains("Failed to connect to micro server at 127.0.0.1:1")
    );

    for words in [
        "services",
        "env",
        "user config",
        "get service store",
        "store --help",
        "network services",
    ] {
        let line = format!("'{}' {words} | true", micro_tests::command::binary().display());
        let mut shell = tokio::process::Command::new("sh");
        shell
            .args(["-c", &line])
            .env("MICRO_HOME", server.home())
            .kill_on_drop(true);
        let said = shell.output().await.unwrap();
        let err = String::from_utf8_lossy(&said.stderr);
        assert!(!err.contains("panicked"), "{words}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_work_as_scripts_write_them() {
    let server = Server::start().await;
    let micro = server.micro();
    for words in [
        &["-env=local", "services"][..],
        &["--env", "local", "services"],
        &["-e", "local", "services"],
        &["-namespace", "micro", "services"],
        &["--report_usage=false", "services"],
        &["services", "-output=json"],
        &["services", "--output", "json"],
    ] {
        assert!(micro.ok(words).await.contains("registry"), "{words:?}");
    }
    let version = micro.ok(&["--version"]).await;
    assert!(version.starts_with("micro version v"), "{version}");
    assert_eq!(micro.ok(&["-v"]).await, version);

    let address = server.proxy();
    let home = tempfile::tempdir().unwrap();
    let ran = Micro::new(home.path())
        .run(&["-proxy_address", &address, "call", "auth", "Auth.Inspect", "{}"])
        .await;
    assert!(
        ran.stderr.contains("invalid token provided"),
        "it went to that address: {ran}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_and_settings_are_kept() {
    let (home, micro) = alone();
    assert_eq!(micro.ok(&["env", "get"]).await.trim(), "local");
    micro
        .ok(&["env", "add", "staging", "staging.example.com:443"])
        .await;
    micro.ok(&["env", "set", "staging"]).await;
    assert_eq!(micro.ok(&["env", "get"]).await.trim(), "staging");
    let listed = micro.ok(&["env"]).await;
    assert!(
        listed.lines().any(|line| line.starts_with("* staging")),
        "{listed}"
    );
    assert!(
        !micro.run(&["env", "del", "staging"]).await.status.success(),
        "the current one stays"
    );
    micro.ok(&["env", "set", "local"]).await;
    micro.ok(&["env", "del", "staging"]).await;
    assert!(!micro.ok(&["env"]).await.contains("staging"));

    micro
        .ok(&["user", "config", "set", "git.baseurl", "example.com/services"])
        .await;
    assert_eq!(
        micro.ok(&["user", "config", "get", "git.baseurl"]).await.trim(),
        "example.com/services"
    );
    micro.ok(&["user", "config", "delete", "git.baseurl"]).await;
    assert_eq!(
        micro.ok(&["user", "config", "get", "git.baseurl"]).await.trim(),
        ""
    );
    assert!(home.path().join("config.json").is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_survive_many_commands_at_once() {
    let (_home, micro) = alone();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..20 {
        let micro = micro.clone();
        writers.spawn(async move {
            micro
                .ok(&["user", "config", "set", &format!("key{number}"), "there"])
                .await
        });
    }
    writers.join_all().await;
    for number in 0..20 {
        assert_eq!(
            micro
                .ok(&["user", "config", "get", &format!("key{number}")])
                .await
                .trim(),
            "there",
            "key{number}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_rules_and_logins() {
    let server = Server::start().await;
    let micro = server.micro();
    assert_eq!(
        micro.ok(&["user"]).await.trim(),
        "admin",
        "on this machine the command line logs itself in"
    );
    let made = micro
        .ok(&[
            "auth",
            "create",
            "account",
            "--secret=s3cret-s3cret",
            "--scopes=admin",
            "alice",
        ])
        .await;
    let account = made
        .trim()
        .strip_prefix("Account created: ")
        .unwrap_or_else(|| panic!("{made}"));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(account).unwrap()["id"],
        "alice"
    );

    let said = micro
        .run(&["login", "--username=alice", "--password=wrong"])
        .await;
    assert!(
        !said.status.success() && said.stderr.contains("Secret not correct"),
        "{said}"
    );
    let said = micro.run(&["login", "--username=nobody", "--password=x"]).await;
    assert!(said.stderr.contains("Account not found with this ID"), "{said}");
    assert!(
        micro
            .ok(&["login", "--username=alice", "--password=s3cret-s3cret"])
            .await
            .contains("Successfully logged in.")
    );
    micro
        .run(&["login", "--username=alice", "--password=wrong"])
        .await
        .failed_with(127);
    assert_eq!(
        micro.ok(&["user"]).await.trim(),
        "alice",
        "who fails stays who he was"
    );
    let token = micro.ok(&["user", "token"]).await;
    assert_eq!(token.trim().split('.').count(), 3, "shaped like a JWT: {token}");

    let rule = [
        "auth",
        "create",
        "rule",
        "--scope=*",
        "--resource=service:auth:*",
        "--access=granted",
        "--priority=5",
        "known",
    ];
    assert_eq!(micro.ok(&rule).await.trim(), "Rule created");
    let rules = micro.ok(&["auth", "list", "rules"]).await;
    assert!(
        rules.contains("service:auth:*") && rules.contains("GRANTED") && rules.contains("<public>"),
        "{rules}"
    );
    assert_eq!(
        micro.ok(&["auth", "delete", "rule", "known"]).await.trim(),
        "Rule deleted"
    );
    micro
        .ok(&[
            "auth",
            "update",
            "secret",
            "--old_secret=s3cret-s3cret",
            "--new_secret=other-secret",
            "alice",
        ])
        .await;
    micro.ok(&["login", "--username=admin", "--password=micro"]).await;
    micro.ok(&["auth", "delete", "account", "alice"]).await;
    assert!(!micro.ok(&["auth", "list", "accounts"]).await.contains("alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_asks_where_nobody_can_answer() {
    let server = Server::start().await;
    for words in [
        &["login"][..],
        &["login", "--username=alice"],
        &["user", "set", "password"],
    ] {
        let ran = server.micro().run_within(BRIEF, words).await;
        assert!(!ran.status.success(), "{ran}");
        assert!(ran.stderr.contains("--"), "it names the flag to give: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_are_completed() {
    let (_home, micro) = alone();
    for shell in ["bash", "zsh", "fish"] {
        let script = micro.run_within(BRIEF, &["completion", shell]).await.ok();
        assert!(script.contains("services"), "{shell}: {script}");
    }
}
