//! `micro run` stays with what it started: each save is brought to what runs, and no caller notices.

use std::path::Path;

use micro_tests::command::PATIENCE;
use micro_tests::grpc::{Peer, helloworld};
use micro_tests::load::Load;
use micro_tests::service::Source;
use micro_tests::{Micro, Server, wait};
use serde_json::Value;

const RELOADS: usize = 10;

fn home() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("micro-test-").tempdir().unwrap()
}

/// A service in a folder of its own, not started yet.
async fn greeter(home: &Path, folder: &Path) -> Source {
    Source::new(&Micro::new(home), folder, "greeter").await
}

async fn is_said(server: &Server, what: &str) {
    wait::until(what, PATIENCE, || {
        let log = server.log();
        std::future::ready(log.contains(what).then_some(()).ok_or(log))
    })
    .await;
}

/// Waits until the gateway answers so.
async fn answers(server: &Server, path: &str, message: &str) {
    let http = &server.http();
    wait::until(message, PATIENCE, || async move {
        let answer = http.get(path).await;
        if answer.status == 200 && answer.json()["msg"] == message {
            return Ok(());
        }
        Err(answer.text())
    })
    .await;
}

/// 200 calls in each second, half of them over HTTP and half over gRPC.
async fn load(server: &Server) -> [Load; 2] {
    let http = server.http();
    let over_http = Load::start(100, move || {
        let http = http.clone();
        async move {
            let answer = http.try_post("/greeter/call", r#"{"name":"Alice"}"#).await;
            match answer.map_err(|error| error.to_string())? {
                answer if answer.status == 200 => Ok(()),
                answer => Err(answer.text()),
            }
        }
    });
    let peer = Peer::connect(&server.proxy()).await.unwrap();
    let over_grpc = Load::start(100, move || {
        let peer = peer.clone();
        async move {
            let request = helloworld::Request { name: "Alice".into() };
            let answer = peer.unary::<_, helloworld::Response>("/greeter.Greeter/Call", request);
            answer.await.map(drop).map_err(|status| status.to_string())
        }
    });
    [over_http, over_grpc]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_the_code_changes() {
    let (home, folder) = (home(), tempfile::tempdir().unwrap());
    let source = greeter(home.path(), folder.path()).await;
    source.insert(
        "call",
        "if request.name == \"Slow\" { tokio::time::sleep(std::time::Duration::from_secs(3)).await; }",
    );
    source.add_dependency("tokio = { version = \"1\", features = [\"time\"] }");
    let words = ["run", source.folder.to_str().unwrap(), "--watch"];
    let server = Server::start_in(home, &words).await;
    is_said(&server, "watching ").await;
    answers(&server, "/greeter/call?name=Alice", "Hello Alice").await;

    let load = load(&server).await;
    let http = server.http();
    let slow = tokio::spawn(async move { http.get("/greeter/call?name=Slow").await });
    let mut before = "Hello".to_owned();
    for round in 0..RELOADS {
        let now = format!("Hello{round}");
        source.replace(&format!("\"{before} "), &format!("\"{now} "));
        answers(&server, "/greeter/call?name=Alice", &format!("{now} Alice")).await;
        if round == 0 {
            // Once it says so, nobody is sent to the old one.
            is_said(&server, "greeter is updated in ").await;
            let answer = server.http().get("/greeter/call?name=Alice").await;
            assert_eq!(answer.ok()["msg"], "Hello0 Alice");
        }
        before = now;
    }
    let [over_http, over_grpc] = load;
    for tally in [over_http.stop().await, over_grpc.stop().await] {
        assert!(tally.failures.is_empty(), "{:?}", tally.failures);
        assert!(tally.answered > 100, "{tally:?}");
    }
    assert_eq!(
        slow.await.unwrap().ok()["msg"],
        "Hello Slow",
        "the old one finishes what it has begun"
    );
    let said = server.log();
    for line in ["changed handler/greeter.rs\nbuilding\n", "greeter is updated in "] {
        assert!(said.contains(line), "{said}");
    }
    assert!(!said.contains('\u{1b}'), "no terminal, no colours: {said}");
}

/// Runs a command on a terminal, and writes down what is shown there.
fn on_terminal(micro: &Micro, words: &[&str], screen: &Path) -> tokio::process::Child {
    let script = "import pty, sys; pty.spawn(sys.argv[1:])";
    let micro = micro.under("python3", ["-c", script].map(str::to_owned).to_vec());
    micro.start(words, screen)
}

async fn is_shown(screen: &Path, what: &str) -> String {
    wait::until(what, PATIENCE, || {
        let shown = std::fs::read(screen).unwrap_or_default();
        let shown = String::from_utf8_lossy(&shown).into_owned();
        std::future::ready(if shown.contains(what) {
            Ok(shown.clone())
        } else {
            Err(shown)
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_is_told_and_the_old_serves() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let micro = server.micro().within(folder.path());
    let source = greeter(server.home(), folder.path()).await;
    let screen = folder.path().join("screen");
    // On a terminal it need not be told to watch.
    let mut running = on_terminal(&micro.with("TERM", "xterm"), &["run", "greeter"], &screen);
    is_shown(&screen, "watching ").await;
    answers(&server, "/greeter/call?name=Alice", "Hello Alice").await;

    source.replace("request.name)", "request.nam)");
    let shown = is_shown(&screen, "the version from before goes on serving").await;
    assert_eq!(shown.matches("no field `nam`").count(), 1, "once: {shown}");
    assert!(
        shown.contains("error[E0609]\u{1b}[0m"),
        "in the compiler's colours: {shown:?}"
    );
    answers(&server, "/greeter/call?name=Alice", "Hello Alice").await;
    source.replace("request.nam)", "request.name)");
    source.replace("\"Hello ", "\"Welcome ");
    is_shown(&screen, "greeter is updated in ").await;
    answers(&server, "/greeter/call?name=Alice", "Welcome Alice").await;

    source.insert_in_main("panic!(\"no licence for this\");");
    let shown = is_shown(&screen, "no licence for this").await;
    assert!(
        shown.contains("new version does not start, the old one serves: exited with code 101"),
        "{shown}"
    );
    answers(&server, "/greeter/call?name=Alice", "Welcome Alice").await;
    running.kill().await.unwrap();

    let plain = folder.path().join("plain");
    let micro = micro.with("TERM", "xterm").with("NO_COLOR", "1");
    let mut running = on_terminal(&micro, &["run", "greeter"], &plain);
    // It does not start, and is watched all the same: the next save may help.
    is_shown(&plain, "watching ").await;
    source.replace("request.name)", "request.nam)");
    is_shown(&plain, "error[E0609]: no field `nam`").await;
    running.kill().await.unwrap();
    let status = micro.ok(&["status", "greeter"]).await;
    assert!(!status.contains('\u{1b}'), "{status}");
}

/// Two services of a workspace, of which `mail` is built of the contract of `post` too.
async fn town(micro: &Micro, folder: &Path) -> [Source; 2] {
    let services = [
        Source::new(micro, folder, "post").await,
        Source::new(micro, folder, "mail").await,
    ];
    for service in &services {
        service.join_workspace();
    }
    let [post, mail] = &services;
    mail.add_dependency("post-proto = { path = \"../post/proto\" }");
    let proto = post.folder.join("proto/lib.rs");
    let text = std::fs::read_to_string(&proto).unwrap();
    std::fs::write(proto, format!("{text}\npub const WORD: &str = \"one\";\n")).unwrap();
    mail.replace("\"Hello ", "\"{} ");
    mail.replace("{}\", request", "{}\", post_proto::WORD, request");
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"post\", \"post/proto\", \"mail\", \"mail/proto\"]\n\n\
        [workspace.package]\nversion = \"0.1.0\"\n";
    std::fs::write(folder.join("Cargo.toml"), root).unwrap();
    services
}

/// The processes of a service, as the runtime knows them.
async fn pids(server: &Server, name: &str) -> String {
    let status = server.micro().ok(&["status", "-o", "json"]).await;
    let status: Value = serde_json::from_str(&status).unwrap();
    let all = status.as_array().unwrap();
    let one = all.iter().find(|service| service["name"] == name);
    one.map_or_else(String::new, |one| {
        one["metadata"]["pid"].as_str().unwrap_or_default().to_owned()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_those_are_built_that_a_change_concerns() {
    let (home, folder) = (home(), tempfile::tempdir().unwrap());
    let micro = Micro::new(home.path());
    let [post, _mail] = town(&micro, folder.path()).await;
    let words = ["run", folder.path().to_str().unwrap(), "--watch"];
    let server = Server::start_in(home, &words).await;
    is_said(&server, "watching ").await;
    answers(&server, "/mail/call?name=Alice", "one Alice").await;

    let (of_post, of_mail) = (pids(&server, "post").await, pids(&server, "mail").await);
    post.replace("\"Hello ", "\"Welcome ");
    answers(&server, "/post/call?name=Alice", "Welcome Alice").await;
    is_said(&server, "post is updated in ").await;
    assert_eq!(pids(&server, "mail").await, of_mail, "it is not concerned");
    assert_ne!(pids(&server, "post").await, of_post);

    let proto = post.folder.join("proto/lib.rs");
    let text = std::fs::read_to_string(&proto).unwrap();
    std::fs::write(&proto, text.replace("\"one\"", "\"two\"")).unwrap();
    answers(&server, "/mail/call?name=Alice", "two Alice").await;
    is_said(&server, "building mail, post").await;

    let fresh = Source::new(&micro, folder.path(), "fresh").await;
    answers(&server, "/fresh/call?name=Alice", "Hello Alice").await;
    is_said(&server, "fresh is running after ").await;
    std::fs::remove_dir_all(&fresh.folder).unwrap();
    is_said(&server, "fresh is stopped: its folder is gone").await;
    assert_eq!(pids(&server, "fresh").await, "");
    answers(&server, "/post/call?name=Alice", "Welcome Alice").await;
}
