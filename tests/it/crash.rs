//! A server that is killed again and again while many write: what was acknowledged is there, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use micro_proto::config::{Config, ConfigClient, GetRequest, SetRequest, Value as Setting};
use micro_proto::events::{self, PublishRequest, Stream as _, StreamClient};
use micro_proto::store::{ReadOptions, ReadRequest, Record, Store, StoreClient, WriteRequest};
use micro_rpc::{Client, Context, Credentials};
use micro_tests::Server;
use micro_tests::random::Random;

const KILLS: usize = 200;
const WRITERS: usize = 6;

/// What was asked for, and whether it was acknowledged. The value tells a torn write from a whole one.
type Ledger = BTreeMap<String, (String, bool)>;

/// What a writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Record,
    Setting,
    Event,
}

const KINDS: [Kind; 3] = [Kind::Record, Kind::Setting, Kind::Event];

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_lose_nothing_acknowledged() {
    let mut server = Server::start().await;
    let seed = Random::fresh_seed();
    let mut random = Random::new(seed);
    let mut ledgers: BTreeMap<Kind, Ledger> = KINDS.map(|kind| (kind, Ledger::new())).into();
    for kill in 0..KILLS {
        let client = client(&server).await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                tokio::spawn(write(
                    client.clone(),
                    format!("{kill}-{writer}"),
                    KINDS[writer % 3],
                ))
            })
            .collect();
        // Not a wait for anything: the moment of the blow is what varies.
        tokio::time::sleep(Duration::from_micros(random.below(60_000) as u64)).await;
        server.kill().await;
        for writer in writers {
            let (kind, ledger) = writer.await.unwrap();
            ledgers.entry(kind).or_default().extend(ledger);
        }
        server.restart().await;
        if kill % 20 == 19 {
            check(&server, &ledgers, seed).await;
        }
    }
    for (kind, ledger) in &ledgers {
        let acknowledged = ledger.values().filter(|(_, is)| *is).count();
        assert!(
            acknowledged > KILLS,
            "only {acknowledged} writes went through as {kind:?}: that proves little"
        );
    }
    check(&server, &ledgers, seed).await;
}

/// Writes until the server is gone.
async fn write(client: Client, name: String, kind: Kind) -> (Kind, Ledger) {
    let mut ledger = Ledger::new();
    for number in 0.. {
        let key = format!("{name}-{number}");
        let value = format!("{key}|").repeat(1 + number % 40);
        let done = match kind {
            Kind::Record => put(&client, &key, &value).await,
            Kind::Setting => set(&client, &key, &value).await,
            Kind::Event => publish(&client, &key, &value).await,
        };
        let is_acknowledged = done.is_ok();
        ledger.insert(key, (value, is_acknowledged));
        if !is_acknowledged {
            break;
        }
    }
    (kind, ledger)
}

async fn put(client: &Client, key: &str, value: &str) -> micro_rpc::Result<()> {
    let request = WriteRequest {
        record: Some(Record {
            key: key.to_owned(),
            value: value.to_owned().into(),
            ..Record::default()
        }),
        ..WriteRequest::default()
    };
    StoreClient::new(client)
        .write(&Context::background(), request)
        .await
        .map(drop)
}

async fn set(client: &Client, key: &str, value: &str) -> micro_rpc::Result<()> {
    let request = SetRequest {
        path: format!("crash.{key}"),
        value: Some(Setting {
            data: serde_json::Value::from(value).to_string(),
            ..Setting::default()
        }),
        ..SetRequest::default()
    };
    ConfigClient::new(client)
        .set(&Context::background(), request)
        .await
        .map(drop)
}

async fn publish(client: &Client, id: &str, payload: &str) -> micro_rpc::Result<()> {
    let request = PublishRequest {
        topic: "crash".to_owned(),
        id: id.to_owned(),
        payload: payload.to_owned().into(),
        ..PublishRequest::default()
    };
    StreamClient::new(client)
        .publish(&Context::background(), request)
        .await
        .map(drop)
}

async fn check(server: &Server, ledgers: &BTreeMap<Kind, Ledger>, seed: u64) {
    let client = client(server).await;
    for (kind, ledger) in ledgers {
        let found = match kind {
            Kind::Record => records(&client).await,
            Kind::Setting => settings(&client).await,
            Kind::Event => published(&client).await,
        };
        compare(*kind, found, ledger, seed);
    }
}

async fn records(client: &Client) -> BTreeMap<String, String> {
    let all = ReadRequest {
        options: Some(ReadOptions {
            prefix: true,
            ..ReadOptions::default()
        }),
        ..ReadRequest::default()
    };
    let read = StoreClient::new(client)
        .read(&Context::background(), all)
        .await
        .unwrap();
    let text = |record: Record| (record.key, String::from_utf8(record.value.to_vec()).unwrap());
    read.records.into_iter().map(text).collect()
}

async fn settings(client: &Client) -> BTreeMap<String, String> {
    let whole = GetRequest {
        path: "crash".to_owned(),
        ..GetRequest::default()
    };
    match ConfigClient::new(client).get(&Context::background(), whole).await {
        Ok(answer) => serde_json::from_str(&answer.value.unwrap().data).unwrap(),
        Err(error) if error.code == 404 => BTreeMap::new(),
        Err(error) => panic!("{error}"),
    }
}

/// Each event once, in the order of their positions.
async fn published(client: &Client) -> BTreeMap<String, String> {
    let request = events::ReadRequest {
        topic: "crash".to_owned(),
        limit: u64::from(u32::MAX),
        ..events::ReadRequest::default()
    };
    let store = events::StoreClient::new(client);
    let read = events::Store::read(&store, &Context::background(), request)
        .await
        .unwrap();
    let mut found = BTreeMap::new();
    let mut last = 0;
    for event in read.events {
        assert!(event.position > last, "{} is out of order", event.id);
        last = event.position;
        let payload = String::from_utf8(event.payload.to_vec()).unwrap();
        let twice = found.insert(event.id, payload);
        assert_eq!(twice, None, "an event is there twice");
    }
    found
}

fn compare(kind: Kind, found: BTreeMap<String, String>, ledger: &Ledger, seed: u64) {
    for (key, (_, is_acknowledged)) in ledger {
        assert!(
            !is_acknowledged || found.contains_key(key),
            "{kind:?} {key} was acknowledged and is gone (seed {seed})"
        );
    }
    for (key, value) in &found {
        let written = ledger.get(key).map(|(value, _)| value);
        assert_eq!(
            written,
            Some(value),
            "{kind:?} {key} was never written so (seed {seed})"
        );
    }
}

struct Token(Arc<str>);

impl Credentials for Token {
    fn token(&self) -> Option<Arc<str>> {
        Some(self.0.clone())
    }
}

/// Speaks to a server as its administrator.
pub(crate) async fn client(server: &Server) -> Client {
    let token = server.micro().ok(&["user", "token"]).await.trim().into();
    Client::builder()
        .address(&server.proxy())
        .namespace("micro")
        .credentials(Arc::new(Token(token)))
        .build()
}
