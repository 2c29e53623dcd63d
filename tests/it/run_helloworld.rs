//! The README's first command: `micro run` where no server is reachable is one itself.

use std::time::Duration;

use micro_tests::command::{PATIENCE, root};
use micro_tests::{Server, wait};
use rustix::process::Signal;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn run_without_a_server_starts_one_and_stays() {
    let home = tempfile::Builder::new().prefix("micro-test-").tempdir().unwrap();
    let source = root().join("services/helloworld");
    let mut server = Server::start_in(home, &["run", source.to_str().unwrap()]).await;
    let said = wait::until("how to call the service", PATIENCE, || {
        let log = server.log();
        std::future::ready(if log.contains("micro helloworld --name=") {
            Ok(log.clone())
        } else {
            Err(log.clone())
        })
    })
    .await;
    for what in [
        server.gateway(),
        server.proxy(),
        "curl".into(),
        "grpcurl".into(),
        "micro call helloworld".into(),
    ] {
        assert!(said.contains(&what), "{what} is not in:\n{said}");
    }
    let hello = json!({"msg": "Hello Alice"});
    assert_eq!(server.http().get("/helloworld/call?name=Alice").await.ok(), hello);
    assert!(
        server
            .micro()
            .ok(&["helloworld", "--name=Alice"])
            .await
            .contains("Hello Alice")
    );

    assert_eq!(server.stop(Signal::INT).await, Some(0), "Ctrl-C is a clean end");
    let home = server.home().to_owned();
    wait::until_true("the service to end with it", Duration::from_secs(15), || {
        micro_tests::process::of_folder(&home).is_empty()
    })
    .await;
    assert!(
        !home.join("server/join.json").exists(),
        "nobody is told to join a server that has stopped"
    );
}
