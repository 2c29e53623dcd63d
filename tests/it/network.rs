//! The servers of the platform and their routes, what instances say of themselves, and the ports of the blocks.

use micro_tests::Server;
use micro_tests::grpc::Peer;
use micro_tests::wait;
use serde_json::Value;

use micro_proto::network::{NodesRequest, NodesResponse};

#[tokio::test(flavor = "multi_thread")]
async fn nodes_routes_and_what_instances_say() {
    let server = Server::start().await;
    let micro = server.micro();
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap_or_else(|_| panic!("{text}"));

    let nodes = micro.ok(&["network", "nodes"]).await;
    let shape: Vec<&str> = nodes.lines().collect();
    assert!(
        shape[0].starts_with("+--") && shape[1].contains(" ID "),
        "{nodes}"
    );
    assert!(
        shape[1].ends_with("ADDRESS     |") && nodes.contains(&server.proxy()),
        "{nodes}"
    );
    assert_eq!(
        micro.ok(&["network", "connections"]).await,
        "+------+---------+\n| NODE | ADDRESS |\n+------+---------+\n"
    );
    micro.ok(&["network", "connect", "10.0.0.1:8443"]).await;
    let connections = micro.ok(&["network", "connections"]).await;
    assert!(connections.contains("| 10.0.0.1:8443 |"), "{connections}");
    let wrong = micro.run(&["network", "connect", "somewhere"]).await;
    assert!(wrong.failed_with(127).contains("somewhere"));
    let whole = json(micro.ok(&["network", "nodes", "-o", "json"]).await);
    assert_eq!(whole["nodes"][1]["address"], "10.0.0.1:8443", "{whole}");
    let graph = json(micro.ok(&["network", "graph"]).await);
    assert_eq!(graph["root"]["node"]["network"], "micro");
    assert_eq!(graph["root"]["peers"][0]["node"]["address"], "10.0.0.1:8443");

    let routes = micro.ok(&["network", "routes", "--service=store"]).await;
    let header = "| SERVICE |     ADDRESS     | GATEWAY |";
    assert!(
        routes.contains(header) || routes.contains("| SERVICE |    ADDRESS     | GATEWAY |"),
        "{routes}"
    );
    assert_eq!(routes.lines().count(), 5, "{routes}");
    let routes = json(
        micro
            .ok(&["-o", "json", "network", "routes", "-service", "store"])
            .await,
    );
    assert_eq!(
        routes["routes"][0]["metric"], "1",
        "as text, like all int64: {routes}"
    );
    assert_eq!(routes["routes"][0]["link"], "local");
    let services = micro.ok(&["network", "services"]).await;
    assert!(
        services.contains("network\n") && services.contains("store\n"),
        "{services}"
    );
    assert_eq!(services, micro.ok(&["services"]).await);

    let stats = micro.ok(&["debug", "stats", "store", "auth"]).await;
    assert!(
        stats.starts_with("service  store\n\nversion ") && stats.contains("\nservice  auth\n"),
        "{stats}"
    );
    for header in [
        "NODE",
        "ADDRESS:PORT",
        "STARTED",
        "UPTIME",
        "MEMORY",
        "THREADS",
        "GC",
    ] {
        assert!(stats.contains(header), "{header}: {stats}");
    }
    let old = micro.ok(&["stats", "store"]).await;
    assert!(old.contains("address:port") && old.contains("uptime"), "{old}");
    let all = json(micro.ok(&["-o=json", "debug", "stats", "--all=builtin"]).await);
    let all = all.as_array().unwrap();
    assert!(
        all.iter()
            .any(|one| one["service"] == "runtime" && one["requests"].is_string()),
        "{all:?}"
    );
    let health = micro.ok(&["debug", "health", "go.micro.service.store"]).await;
    assert!(
        health.contains("node ") && health.trim_end().ends_with("  ok"),
        "{health}"
    );
    let traces = micro.ok(&["debug", "trace", "store"]).await;
    assert!(traces.contains("Network.Graph"), "{traces}");
    assert_eq!(micro.ok(&["debug", "log", "store"]).await, "");
    let missing = micro.run(&["debug", "health", "nothing"]).await.failed_with(4);
    assert!(missing.contains("Service \"nothing\" not found"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ports_of_the_blocks_answer_like_the_proxy() {
    // An interface of this test alone, so that the well-known ports are free on it.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let host = format!("127.87.{high}.{low}");
    let taken = tokio::net::TcpListener::bind((host.as_str(), 8003))
        .await
        .unwrap();
    let proxy = format!("{host}:0");
    let server = Server::start_with(&[("MICRO_PROXY_ADDRESS", &proxy), ("MICRO_BLOCK_PORTS", "all")]).await;
    wait::until_true(
        "the ports to be named",
        std::time::Duration::from_secs(10),
        || server.log().contains("also on the ports"),
    )
    .await;
    let log = server.log();
    assert!(
        log.contains("port 8003, which other programs know as broker, is not opened"),
        "{log}"
    );
    assert!(
        log.contains("8443 (network)") && !log.contains("8003 (broker)"),
        "{log}"
    );
    drop(taken);
    for port in [8000, 8001, 8002, 8010, 8088, 8443] {
        let peer = Peer::connect(&format!("{host}:{port}")).await.unwrap();
        let answer: NodesResponse = peer
            .unary("/network.Network/Nodes", NodesRequest { depth: 1 })
            .await
            .unwrap();
        assert_eq!(answer.nodes[0].address, format!("{host}:8443"), "{port}");
    }
}
