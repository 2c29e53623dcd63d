//! `micro server` as an operator meets it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use micro_tests::Server;
use micro_tests::server::on_free_ports;
use rustix::process::Signal;

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_cleanly_when_asked_to() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start().await;
        assert_eq!(server.stop(signal).await, Some(0), "{}", server.log());
        assert!(!server.home().join("server/join.json").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_files_are_for_its_owner_only() {
    let server = Server::start().await;
    server.micro().ok(&["services"]).await;
    let mut folders = vec![server.home().join("server")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let data = entry.metadata().unwrap();
            let mode = data.permissions().mode() & 0o077;
            // A private folder makes what is inside private, whatever its own mode says.
            if data.is_dir() && mode != 0 {
                folders.push(entry.path());
            } else {
                assert_eq!(mode & 0o077, 0, "{} is open to others", entry.path().display());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_said_plainly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for variable in ["MICRO_API_ADDRESS", "MICRO_PROXY_ADDRESS"] {
        let home = tempfile::tempdir().unwrap();
        let micro = on_free_ports(home.path()).with(variable, &address);
        let ran = micro.run_within(Duration::from_secs(30), &["server"]).await;
        assert!(!ran.status.success(), "{ran}");
        assert!(
            ran.stderr.contains(&address) && ran.stderr.contains("in use"),
            "{ran}"
        );
        assert!(ran.stderr.contains(variable), "which setting to change: {ran}");
        assert!(!home.path().join("server/join.json").exists(), "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_of_one_home_is_refused_and_the_first_goes_on() {
    let server = Server::start().await;
    let ran = on_free_ports(server.home())
        .run_within(Duration::from_secs(30), &["server"])
        .await;
    assert!(!ran.status.success(), "{ran}");
    assert_eq!(server.http().get("/").await.status, 200);
    server.micro().ok(&["services"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_run_side_by_side() {
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..10 {
        starting.spawn(Server::start());
    }
    let servers = starting.join_all().await;
    for (number, server) in servers.iter().enumerate() {
        let id = format!("account-{number}");
        server.micro().ok(&["auth", "create", "account", &id]).await;
    }
    for (number, server) in servers.iter().enumerate() {
        let accounts = server.micro().ok(&["auth", "list", "accounts"]).await;
        let others = accounts.lines().filter(|line| line.contains("account-")).count();
        assert!(
            others == 1 && accounts.contains(&format!("account-{number}")),
            "{accounts}"
        );
    }
}
