//! The config service as its callers see it.

use micro::Handler;
use micro::config::{Config as _, Remote, Secrets, conformance};
use micro::store::{Memory, Scan, Scope};
use micro_proto::config::{Config as _, ConfigClient, ConfigServer};
use serde_json::json;

use super::*;
use crate::drain::Drain;
use crate::peer;

struct Bench {
    store: Arc<Memory>,
    handler: Arc<dyn Handler>,
    _home: tempfile::TempDir,
    _drain: Drain,
}

fn bench() -> Bench {
    let (home, drain, store) = (
        tempfile::tempdir().unwrap(),
        Drain::new(),
        Arc::new(Memory::new()),
    );
    let handler = ConfigHandler::open(store.clone(), home.path(), drain.signal()).unwrap();
    Bench {
        store,
        handler: Arc::new(ConfigServer::new(handler)),
        _home: home,
        _drain: drain,
    }
}

#[tokio::test]
async fn over_the_network_the_promise_is_the_same() {
    let bench = bench();
    conformance::run(&Remote::new(
        &peer::client(bench.handler, "micro user admin").await,
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_embedded_store_the_promise_is_the_same() {
    let (home, drain) = (tempfile::tempdir().unwrap(), Drain::new());
    let store = Arc::new(micro_local::Store::open(home.path().join("store")).unwrap());
    let handler = ConfigHandler::open(store, home.path(), drain.signal()).unwrap();
    let handler: Arc<dyn Handler> = Arc::new(ConfigServer::new(handler));
    conformance::run(&Remote::new(&peer::client(handler, "micro user admin").await)).await;
}

#[tokio::test]
async fn the_words_of_the_contract() {
    let bench = bench();
    let client = ConfigClient::new(&peer::client(bench.handler, "acme user admin").await);
    let ctx = Context::background();
    let get = |namespace: &str, path: &str| GetRequest {
        namespace: namespace.to_owned(),
        path: path.to_owned(),
        ..GetRequest::default()
    };
    let set = |data: &str| SetRequest {
        namespace: "acme".to_owned(),
        path: "a".to_owned(),
        value: json(data.to_owned()),
        ..SetRequest::default()
    };
    let told = |error: Error| (error.code, error.id, error.detail);
    let never = client.get(&ctx, get("acme", "a")).await.map_err(told);
    assert_eq!(never, Err((404, "config.Config.Get".into(), "Not found".into())));
    let other = client.get(&ctx, get("other", "a")).await.map_err(told);
    assert_eq!(
        other,
        Err((
            403,
            "config.Config.Get".into(),
            "access denied to namespace".into()
        ))
    );
    let unset = client.get(&ctx, get("", "a")).await.map_err(|error| error.code);
    assert_eq!(unset, Err(403), "an unset namespace is the platform's");
    let wrong = client.set(&ctx, set("{")).await.unwrap_err();
    assert!(
        wrong.code == 400 && wrong.detail.starts_with("Request is invalid JSON: "),
        "{wrong}"
    );
    let nothing = SetRequest {
        value: None,
        ..set("")
    };
    let nothing = client.set(&ctx, nothing).await.map_err(told);
    assert_eq!(
        nothing,
        Err((400, "config.Config.Update".into(), "invalid change".into()))
    );
    client.set(&ctx, set(r#"{"z": "<&>", "b": 1}"#)).await.unwrap();
    let value = client.get(&ctx, get("acme", "a")).await.unwrap().value.unwrap();
    assert_eq!(
        (value.data.as_str(), value.format.as_str()),
        (r#"{"b":1,"z":"<&>"}"#, "")
    );
    let missing = client.get(&ctx, get("acme", "a.x")).await.unwrap().value.unwrap();
    assert_eq!(missing.data, "null");
    let request = ReadRequest {
        namespace: "acme".to_owned(),
        path: "a.b".to_owned(),
    };
    let change = client.read(&ctx, request).await.unwrap().change.unwrap();
    let set = change.change_set.unwrap();
    assert_eq!((set.data.as_str(), set.format.as_str()), ("1", "json"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_have_the_same_settings() {
    let (store, drain): (Arc<dyn Store>, _) = (Arc::new(Memory::new()), Drain::new());
    let key = SecretKey::from_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let mut servers = Vec::new();
    for _ in 0..2 {
        let handler = ConfigHandler::shared(store.clone(), &key, drain.signal()).unwrap();
        let handler: Arc<dyn Handler> = Arc::new(ConfigServer::new(handler));
        servers.push(Arc::new(Remote::new(
            &peer::client(handler, "micro user admin").await,
        )));
    }
    let (one, other) = (&servers[0], &servers[1]);
    let mut values = other.watch("micro", "mail.host", Secrets::Masked).await.unwrap();
    let seen = async |values: &mut Streaming<Value>| {
        let next = tokio::time::timeout(crate::away::SEEN, values.next()).await;
        next.unwrap().unwrap().unwrap()
    };
    assert_eq!(seen(&mut values).await, Value::Null);
    one.set("micro", "mail.host", json!("a"), false).await.unwrap();
    assert_eq!(seen(&mut values).await, "a");
    one.set("micro", "mail.password", json!("s3cret"), true)
        .await
        .unwrap();
    let shown = other.get("micro", "mail.password", Secrets::Shown).await;
    assert_eq!(shown.unwrap(), json!("s3cret"));
    let sets: Vec<_> = (0..16)
        .map(|n| {
            let server = servers[n % 2].clone();
            tokio::spawn(async move {
                let path = format!("many.k{n}");
                server.set("micro", &path, json!(n), false).await.unwrap();
            })
        })
        .collect();
    for set in sets {
        set.await.unwrap();
    }
    for server in &servers {
        let many = server.get("micro", "many", Secrets::Masked).await.unwrap();
        assert_eq!(many.as_object().unwrap().len(), 16, "none is lost: {many}");
    }
}

#[tokio::test]
async fn secrets_do_not_lie_in_the_open() {
    let bench = bench();
    let config = Remote::new(&peer::client(bench.handler, "micro user admin").await);
    config
        .set("micro", "mail", json!({"password": "s3cret"}), true)
        .await
        .unwrap();
    let kept = bench
        .store
        .scan(&Scope::platform("config"), &Scan::default())
        .await
        .unwrap();
    let text = String::from_utf8(kept[0].value.to_vec()).unwrap();
    assert!(
        text.contains("\"secret\":true") && !text.contains("s3cret"),
        "{text}"
    );
    let shown = config
        .get("micro", "mail.password", Secrets::Shown)
        .await
        .unwrap();
    assert_eq!(shown, json!("s3cret"));
}
