mod edge;
mod namespaces;

use std::path::Path;
use std::time::Instant;

use micro::auth::{Identity, TokenSource};
use micro::registry::{Registry, Remote};
use micro_proto::debug::{Debug, DebugClient, HealthRequest};
use micro_rpc::{Client, Context};

use super::*;

fn config(home: &Path) -> Config {
    Config {
        home: home.to_owned(),
        build: None,
        proxy_address: "127.0.0.1:0".to_owned(),
        gateway_address: "127.0.0.1:0".to_owned(),
        gateway_tls: Default::default(),
        web_address: None,
        profile: "local".to_owned(),
        outside: Default::default(),
        advertise: None,
        parts: Vec::new(),
        secret_key: None,
        framework: home.join("framework"),
        version: "1.2.3".to_owned(),
        cgroup: None,
        disable_admin: false,
        events_retention: None,
        rsa: Default::default(),
        block_ports: BlockPorts::None,
        gateway: Default::default(),
    }
}

/// A client with the account that the server leaves for those who join it.
async fn joined(home: &Path) -> Client {
    let join = Join::read(home).unwrap().unwrap();
    let anonymous = Client::builder().address(&join.proxy).build();
    let identity = move || Identity {
        namespace: "micro".to_owned(),
        id: join.id.clone(),
        secret: join.secret.clone(),
    };
    let address = Join::read(home).unwrap().unwrap().proxy;
    let credentials = TokenSource::start_with(&anonymous, std::sync::Arc::new(identity))
        .await
        .unwrap();
    Client::builder()
        .address(&address)
        .credentials(credentials)
        .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_lost_its_store_or_a_key_is_no_new_platform() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("server");
    for _ in 0..2 {
        Server::start(config(home.path())).await.unwrap().shutdown().await;
    }
    let why = async || {
        let refused = Server::start(config(home.path())).await.err().unwrap();
        std::error::Error::source(&refused).map_or_else(String::new, ToString::to_string)
    };
    let key = home.path().join("config_secret_key");
    std::fs::rename(&key, folder.join("aside")).unwrap();
    assert!(why().await.contains("put it back"), "{}", why().await);
    std::fs::rename(folder.join("aside"), &key).unwrap();
    std::fs::remove_dir_all(folder.join("store")).unwrap();
    assert!(why().await.contains("is empty though"), "{}", why().await);
    std::fs::remove_file(folder.join(ESTABLISHED)).unwrap();
    Server::start(config(home.path())).await.unwrap().shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_answers_lists_itself_and_stops() {
    let home = tempfile::tempdir().unwrap();
    let running = Server::start(config(home.path())).await.unwrap();
    let client = joined(home.path()).await;
    let listed = Remote::new(&client).list("micro").await.unwrap();
    let names: Vec<_> = listed.iter().map(|service| service.name.as_str()).collect();
    let expected = [
        "api", "auth", "broker", "config", "events", "network", "proxy", "registry", "runtime", "store",
    ];
    assert_eq!(names, expected);
    let runtime = listed.iter().find(|service| service.name == "runtime").unwrap();
    assert!(
        runtime
            .endpoints
            .iter()
            .any(|endpoint| endpoint.name == "Runtime.Create")
    );
    assert_eq!(runtime.nodes[0].address, running.addresses.proxy.to_string());
    for name in ["auth", "proxy", "go.micro.service.api"] {
        let health = DebugClient::with_name(&client, name);
        let answer = health
            .health(&Context::background(), HealthRequest::default())
            .await
            .unwrap();
        assert_eq!(answer.status, "ok", "{name}");
    }
    running.shutdown().await;
    assert!(Join::read(home.path()).unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_has_one_server_and_it_can_start_again() {
    let home = tempfile::tempdir().unwrap();
    let first = Server::start(config(home.path())).await.unwrap();
    let refused = Server::start(config(home.path()))
        .await
        .err()
        .unwrap()
        .to_string();
    let pid = format!("process {}", std::process::id());
    assert!(
        refused.contains(&pid) && refused.contains(&first.addresses.proxy.to_string()),
        "{refused}"
    );
    first.shutdown().await;
    let second = Server::start(config(home.path())).await.unwrap();
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_said_plainly() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = Server::start(config(home.path())).await.unwrap();
    let Addresses { proxy, gateway, .. } = running.addresses;
    let by_micro = [
        Config {
            proxy_address: proxy.to_string(),
            ..config(other.path())
        },
        Config {
            gateway_address: gateway.to_string(),
            ..config(other.path())
        },
    ];
    for (config, variable) in by_micro
        .into_iter()
        .zip(["MICRO_PROXY_ADDRESS", "MICRO_API_ADDRESS"])
    {
        let refused = Server::start(config).await.err().unwrap().to_string();
        assert!(
            refused.contains("in use by another micro server") && refused.contains(variable),
            "{refused}"
        );
    }
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = stranger.local_addr().unwrap().to_string();
    let refused = Server::start(Config {
        gateway_address: address.clone(),
        ..config(other.path())
    })
    .await;
    let refused = refused.err().unwrap().to_string();
    assert!(
        refused.contains(&address) && refused.contains("is in use; stop what listens"),
        "{refused}"
    );
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_an_address_of_their_own_where_it_is_free() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = Server::start(config(home.path())).await.unwrap();
    let address = running.addresses.web.unwrap();
    let join = Join::read(home.path()).unwrap().unwrap();
    assert_eq!(join.web, format!("http://{address}"));
    assert_ne!(address, running.addresses.gateway);
    let with = |web_address: &str| Config {
        web_address: Some(web_address.to_owned()),
        ..config(other.path())
    };
    let refused = Server::start(with(&address.to_string())).await.err().unwrap();
    let refused = refused.to_string();
    assert!(
        refused.contains("in use by another micro server") && refused.contains("MICRO_WEB_ADDRESS"),
        "{refused}"
    );
    let without = Server::start(with("none")).await.unwrap();
    assert_eq!(without.addresses.web, None);
    assert_eq!(Join::read(other.path()).unwrap().unwrap().web, "");
    without.shutdown().await;
    running.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_usual_address_of_pages_may_be_taken() {
    // An address of the loopback network that nothing else uses, other runs of this test included.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let gateway = SocketAddr::from(([127, 87, high, low], 8080));
    let home = tempfile::tempdir().unwrap();
    let usual = Config {
        proxy_address: "127.0.0.1:8081".to_owned(),
        gateway_address: gateway.to_string(),
        ..config(home.path())
    };
    let opened = web::open(&usual, gateway).await.unwrap().unwrap();
    let address = opened.local_addr().unwrap();
    assert_eq!(address, SocketAddr::new(gateway.ip(), 8082));
    assert!(web::open(&usual, gateway).await.unwrap().is_none());
    let given = Config {
        web_address: Some(address.to_string()),
        ..usual
    };
    assert!(web::open(&given, gateway).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_does_not_hold_up_the_end() {
    let home = tempfile::tempdir().unwrap();
    let running = Server::start(config(home.path())).await.unwrap();
    let client = joined(home.path()).await;
    let mut changes = Remote::new(&client).watch("micro", "").await.unwrap();
    let began = Instant::now();
    running.shutdown().await;
    assert!(
        began.elapsed() < LAST_CALLS + Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    while let Some(Ok(_)) = changes.next().await {}
}

#[tokio::test]
async fn an_unknown_profile_is_told_what_there_is() {
    let home = tempfile::tempdir().unwrap();
    let config = Config {
        profile: "moon".to_owned(),
        ..config(home.path())
    };
    let refused = Server::start(config).await.err().unwrap().to_string();
    assert_eq!(refused, "no profile \"moon\"; known: local, platform");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_the_fields_of_the_original_contract_unless_more_are_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let running = Server::start(config(home.path())).await.unwrap();
    let client = joined(home.path()).await;
    let ctx = Context::background();
    let call = async |ctx: &Context, endpoint: &str, body: serde_json::Value| -> serde_json::Value {
        let (service, endpoint) = endpoint.split_once(' ').unwrap();
        let requests = micro_rpc::Streaming::from_iter([body.to_string().into()]);
        let mut answers = client
            .stream_raw(ctx, service, endpoint, micro_rpc::Codec::Json, requests)
            .await
            .unwrap();
        serde_json::from_slice(&answers.next().await.unwrap().unwrap()).unwrap()
    };
    let written = serde_json::json!({"record": {"key": "a", "value": "MQ=="}});
    call(&ctx, "store Store.Write", written).await;
    let read = serde_json::json!({"key": "a"});
    let published = serde_json::json!({"topic": "t", "id": "x"});
    let plain = call(&ctx, "store Store.Read", read.clone()).await;
    assert_eq!(
        plain,
        serde_json::json!({"records": [{"key": "a", "value": "MQ==", "expiry": "0", "metadata": {}}]})
    );
    let said = call(&ctx, "events Stream.Publish", published.clone()).await;
    assert_eq!(said, serde_json::json!({}));
    let ctx = ctx.with_extensions();
    let whole = call(&ctx, "store Store.Read", read).await;
    assert_ne!(whole["records"][0]["version"], "0");
    assert!(whole["records"][0]["version"].is_string(), "{whole}");
    assert_eq!(call(&ctx, "events Stream.Publish", published).await["id"], "x");
    running.shutdown().await;
}
