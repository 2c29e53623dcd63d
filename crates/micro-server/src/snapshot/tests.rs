//! From one platform to another, whose drivers keep things differently.

use std::time::{Duration, SystemTime};

use micro::Handler;
use micro::blob::Options;
use micro::events::{Consume, Draft, Events as _, Start};
use micro::store::{Memory, Record, Scan, Scope};
use micro_proto::snapshot::item::Part;
use micro_proto::snapshot::{Origin, Records, Snapshot as _, SnapshotClient, SnapshotServer};
use micro_rpc::Client;
use micro_rpc::bytes::Bytes;

use super::*;
use crate::drain::Drain;
use crate::peer;

/// A platform without servers.
struct Platform {
    store: Arc<Memory>,
    blobs: Arc<dyn blob::Holdings>,
    events: Arc<events::Stored>,
    handler: Arc<dyn Handler>,
    drain: Drain,
    _home: tempfile::TempDir,
}

impl Platform {
    /// With files for blobs, or with blobs on the store.
    async fn new(has_files: bool, key: &str) -> Self {
        let (home, drain, store) = (
            tempfile::tempdir().unwrap(),
            Drain::new(),
            Arc::new(Memory::new()),
        );
        let blobs: Arc<dyn blob::Holdings> = if has_files {
            let blobs = micro_local::Blobs::open(&home.path().join("blobs"), store.clone()).await;
            Arc::new(blobs.unwrap())
        } else {
            Arc::new(blob::Stored::open(store.clone()))
        };
        let events = Arc::new(events::Stored::new(store.clone()));
        let shared = Shared {
            store: store.clone(),
            blobs: blobs.clone(),
            events: events.clone(),
            sealed_with: key.to_owned(),
            version: "1".to_owned(),
            draining: drain.signal(),
        };
        let handler = Arc::new(SnapshotServer::new(SnapshotHandler(Arc::new(shared))));
        Self {
            store,
            blobs,
            events,
            handler,
            drain,
            _home: home,
        }
    }

    async fn client(&self, caller: &'static str) -> Client {
        peer::client(self.handler.clone(), caller).await
    }

    async fn save(&self, wanted: SaveRequest) -> Result<Vec<Part>> {
        let client = SnapshotClient::new(&self.client("micro user admin").await);
        let items = client
            .save(&Context::background(), wanted)
            .await?
            .collect()
            .await?;
        Ok(items.into_iter().filter_map(|item| item.part).collect())
    }

    async fn restore(&self, parts: &[Part]) -> Result<RestoreResponse> {
        let client = SnapshotClient::new(&self.client("micro user admin").await);
        let items: Vec<_> = parts
            .iter()
            .map(|part| Item {
                part: Some(part.clone()),
            })
            .collect();
        client
            .restore(&Context::background(), Streaming::from_iter(items))
            .await
    }

    async fn write(&self, scope: &Scope, key: &str, value: &str) {
        self.store
            .write(scope, Record::new(key, value.to_owned()))
            .await
            .unwrap();
    }

    async fn publish(&self, topic: &str, number: usize, id: &str) {
        let draft = Draft {
            topic: topic.to_owned(),
            id: id.to_owned(),
            payload: number.to_string().into(),
            timestamp: 1000 + i64::try_from(number).unwrap(),
            metadata: [(events::CALLER.to_owned(), "ada".to_owned())].into(),
        };
        self.events.publish("acme", draft).await.unwrap();
    }

    async fn consume(&self, group: &str, start: Start) -> events::Consumer {
        let wanted = Consume {
            topic: "orders".to_owned(),
            group: group.to_owned(),
            start,
            ack_wait: Some(Duration::from_secs(30)),
            retry_limit: Some(0),
        };
        self.events.consume("acme", wanted).await.unwrap()
    }

    /// Payloads of a topic in their order.
    async fn payloads(&self) -> Vec<Bytes> {
        let events = self.events.read("acme", "orders", 100, 0).await.unwrap();
        events.into_iter().map(|event| event.payload).collect()
    }

    /// Waits until all groups together have given up so many and have so many to come: an answer is not dealt with once it is given.
    async fn settled(&self, dead: u64, lag: u64) {
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        loop {
            let groups = self.events.groups("acme", "orders").await.unwrap();
            let sum = |of: fn(&events::Group) -> u64| groups.iter().map(of).sum::<u64>();
            if (sum(|group| group.dead), sum(|group| group.lag)) == (dead, lag) {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{groups:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn account(id: &str, kind: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"{kind}","issuer":"micro","name":"{id}","scopes":[],"secret":"x","refresh_nonce":"x"}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_platform_keeps_is_moved_once_and_only_that() {
    let (from, to) = (
        Platform::new(true, "key").await,
        Platform::new(false, "key").await,
    );
    let user = Scope::new("acme", "user");
    for number in 0..50 {
        from.write(&user, &format!("{number:02}"), "x").await;
    }
    let big = Record::new("big", vec![7; 5 << 20]);
    from.store.write(&user, big.clone()).await.unwrap();
    let gone = Record {
        expires_at: Some(SystemTime::now() + Duration::from_millis(1)),
        ..Record::new("gone", "")
    };
    from.store.write(&user, gone).await.unwrap();
    for (table, key, value) in [
        ("auth", "account/micro/ada", account("ada", "user")),
        ("auth", "account/micro/join", account("join", "service")),
        (
            "auth",
            "account/micro/shop-latest",
            account("shop-latest", "service"),
        ),
        ("auth", "rules/micro/1", "{}".to_owned()),
        ("auth", "refresh/micro/ada/x", String::new()),
        ("auth", "keys/ring", "sealed".to_owned()),
        ("blocklist", "micro:eve", String::new()),
        (
            "runtime",
            "service:micro:shop:latest",
            r#"{"namespace":"micro","name":"shop","version":"latest","source":"s","program":"/here","request":"7"}"#.to_owned(),
        ),
        ("runtime", "server:here", "{}".to_owned()),
        ("runtime", "claim:micro:shop:latest", "{}".to_owned()),
    ] {
        from.write(&Scope::platform(table), key, &value).await;
    }
    for (name, size) in [("empty", 0), ("large", 300_000)] {
        let data = Streaming::from_iter([Bytes::from(vec![1; size])]);
        let options = Options {
            content_type: "image/png".to_owned(),
            public: size > 0,
        };
        from.blobs.write("acme", name, options, data).await.unwrap();
    }
    from.publish("orders", 1, "first").await;
    from.publish("orders", 2, "").await;
    from.publish("orders", 3, "").await;
    let mut slow = from.consume("slow", Start::Position(1)).await;
    let first = slow.next().await.unwrap().unwrap();
    slow.ack(&first).await;
    slow.finish().await;
    let mut picky = from.consume("picky", Start::Position(1)).await;
    for _ in 0..3 {
        let event = picky.next().await.unwrap().unwrap();
        match event.payload == "2" {
            true => picky.nack(&event).await,
            false => picky.ack(&event).await,
        }
    }
    picky.finish().await;
    from.settled(1, 2).await;

    let parts = from.save(SaveRequest::default()).await.unwrap();
    let told = to.restore(&parts).await.unwrap();
    assert_eq!((told.records, told.blobs, told.events), (51 + 4, 2, 3));
    // Once more changes nothing, there or where it came from.
    for platform in [&to, &from] {
        assert_eq!(platform.restore(&parts).await.unwrap().events, 0);
    }

    let records = |platform: &Platform, scope: Scope| {
        let store = platform.store.clone();
        async move {
            let records = store.scan(&scope, &Scan::default()).await.unwrap();
            let plain = |record: Record| (record.key, record.value);
            records.into_iter().map(plain).collect::<Vec<_>>()
        }
    };
    assert_eq!(records(&to, user.clone()).await, records(&from, user).await);
    let own: Vec<_> = ["auth", "blocklist", "runtime"]
        .into_iter()
        .map(|table| records(&to, Scope::platform(table)))
        .collect();
    let own = micro_rpc::futures_util::future::join_all(own).await.concat();
    let keys: Vec<_> = own.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "account/micro/ada",
            "rules/micro/1",
            "micro:eve",
            "service:micro:shop:latest"
        ]
    );
    assert!(!String::from_utf8_lossy(&own[3].1).contains("/here"));
    let infos = |platform: &Platform| platform.blobs.clone();
    let [here, there] = [infos(&from), infos(&to)];
    let plain = |info: blob::Info| blob::Info { modified: 0, ..info };
    let (here, there) = (
        here.list("acme", "").await.unwrap(),
        there.list("acme", "").await.unwrap(),
    );
    assert!(here.into_iter().map(plain).eq(there.into_iter().map(plain)));
    assert_eq!(to.payloads().await, ["1", "2", "3"]);
    let all = to.events.read("acme", "orders", 1, 0).await.unwrap();
    assert_eq!((all[0].timestamp, all[0].metadata.len()), (1001, 1));

    // Groups go on where they were, and what they gave up can be handed out again.
    let mut slow = to.consume("slow", Start::Now).await;
    assert_eq!(slow.next().await.unwrap().unwrap().payload, "2");
    let letters = to
        .events
        .dead_letters("acme", "orders", "picky", 10)
        .await
        .unwrap();
    let event = letters[0].event.clone().unwrap();
    assert_eq!((letters.len(), event.payload.as_ref()), (1, &b"2"[..]));
    to.publish("orders", 4, "").await;
    to.events
        .redrive("acme", "orders", "picky", event.position)
        .await
        .unwrap();
    let mut picky = to.consume("picky", Start::Now).await;
    let mut seen = [
        picky.next().await.unwrap().unwrap().payload,
        picky.next().await.unwrap().unwrap().payload,
    ];
    seen.sort();
    assert_eq!(seen, ["2", "4"]);
    assert_eq!(to.payloads().await, ["1", "2", "3", "4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_event_is_gone_takes_nobodys_place() {
    let to = Platform::new(false, "key").await;
    let letter = |id: &str| events::DeadLetter {
        event: Some(events::Event {
            id: id.to_owned(),
            payload: "lost".into(),
            position: 1,
            ..events::Event::default()
        }),
        group: "g".to_owned(),
        died: 7,
    };
    let topic = micro_proto::snapshot::Topic {
        namespace: "acme".to_owned(),
        name: "orders".to_owned(),
    };
    to.publish("orders", 1, "").await;
    let parts = [
        Part::Topic(topic),
        Part::Letter(letter("a")),
        Part::Letter(letter("b")),
    ];
    for _ in 0..2 {
        to.restore(&parts).await.unwrap();
    }
    to.publish("orders", 2, "").await;
    let letters = to.events.dead_letters("acme", "orders", "g", 10).await.unwrap();
    assert_eq!(letters.len(), 2);
    for letter in letters {
        let position = letter.event.unwrap().position;
        to.events.redrive("acme", "orders", "g", position).await.unwrap();
    }
    let mut payloads = to.payloads().await;
    payloads.sort();
    assert_eq!(payloads, ["1", "2", "lost", "lost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_namespace_or_one_table_may_be_saved_alone() {
    let from = Platform::new(true, "key").await;
    for (database, table) in [("acme", "user"), ("acme", "order"), ("other", "user")] {
        from.write(&Scope::new(database, table), "1", "x").await;
    }
    from.publish("orders", 1, "").await;
    let tables = |parts: &[Part]| {
        let tables = parts.iter().filter_map(|part| match part {
            Part::Records(records) => Some(format!("{} {}", records.database, records.table)),
            _ => None,
        });
        tables.collect::<Vec<_>>()
    };
    let wanted = |namespace: &str, table: &str| SaveRequest {
        namespace: namespace.to_owned(),
        table: table.to_owned(),
    };
    let acme = from.save(wanted("acme", "")).await.unwrap();
    assert_eq!(tables(&acme), ["acme order", "acme user"]);
    assert!(acme.iter().any(|part| matches!(part, Part::Events(_))));
    let users = from.save(wanted("", "user")).await.unwrap();
    assert_eq!(tables(&users), ["acme user", "other user"]);
    assert!(!users.iter().any(|part| matches!(part, Part::Topic(_))));
    assert_eq!(from.save(wanted("a/b", "")).await.unwrap_err().code, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_snapshot_is_refused_and_changes_nothing() {
    let to = Platform::new(true, "key").await;
    let records = |database: &str, table: &str, key: &str| {
        let record = Record::new(key, "x");
        Part::Records(Records {
            database: database.to_owned(),
            table: table.to_owned(),
            records: vec![record.into()],
        })
    };
    let blob = |size| {
        let info = blob::Info {
            key: "a".to_owned(),
            size,
            sha256: blob::Checksum::default().finish(),
            ..blob::Info::default()
        };
        Part::Blob(micro_proto::snapshot::Blob {
            namespace: "acme".to_owned(),
            info: Some(info),
        })
    };
    let origin = Part::Origin(Origin {
        version: "1".to_owned(),
        sealed_with: "another key".to_owned(),
    });
    for (parts, code) in [
        (vec![origin], 412),
        (vec![records("", "user", "1")], 400),
        (vec![records("a/b", "user", "1")], 400),
        (vec![records(&own::database(), "auth", "keys/ring")], 400),
        (vec![records(&own::database(), "runtime", "server:x")], 400),
        (vec![records(&own::database(), "events", "x")], 400),
        (vec![Part::Piece("x".into())], 400),
        (vec![Part::Group("g".to_owned())], 400),
        (vec![blob(2), Part::Piece("x".into())], 400),
        (vec![blob(1), Part::Piece("x".into())], 400),
    ] {
        let refused = to.restore(&parts).await.unwrap_err();
        assert_eq!(
            (refused.code, refused.id.as_str()),
            (code, RESTORE),
            "{parts:?}: {refused}"
        );
    }
    assert_eq!(to.blobs.list("acme", "").await.unwrap(), []);
    let all = to.store.databases().await.unwrap();
    assert!(!all.contains(&"acme".to_owned()), "{all:?}");
    let empty = micro_rpc::Streaming::from_iter([Item::default()]);
    let client = SnapshotClient::new(&to.client("micro user admin").await);
    let refused = client.restore(&Context::background(), empty).await;
    assert_eq!(refused.unwrap_err().code, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_people_who_administrate_may_and_a_server_that_stops_says_so() {
    let platform = Platform::new(true, "key").await;
    for (caller, code) in [
        ("micro service service", 403),
        ("acme user admin", 403),
        ("micro user dev", 401),
    ] {
        let client = SnapshotClient::new(&platform.client(caller).await);
        let items = client.save(&Context::background(), SaveRequest::default()).await;
        let refused = match items {
            Ok(mut items) => items.next().await.unwrap().unwrap_err(),
            Err(refused) => refused,
        };
        let restored = client.restore(&Context::background(), Streaming::empty()).await;
        assert_eq!(refused.code, code, "{caller}: {refused}");
        assert_eq!(restored.unwrap_err().code, code, "{caller}");
    }
    platform.drain.begin();
    let cut = platform.save(SaveRequest::default()).await.unwrap_err();
    assert_eq!((cut.code, cut.id.as_str()), (503, SAVE));
}
