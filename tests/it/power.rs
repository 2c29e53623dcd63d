//! A power cut: the disk forgets what was not synced.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use micro_tests::disk::{Recording, strace};
use micro_tests::http::Http;
use micro_tests::random::Random;
use micro_tests::{Server, wait};
use serde_json::{Value, json};

const WRITERS: usize = 8;
const EACH: usize = 6;
/// Power cuts that are tried out.
const CUTS: usize = 10;
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_cut() {
    let notes = tempfile::tempdir().unwrap();
    let home = tempfile::Builder::new().prefix("micro-power-").tempdir().unwrap();
    let mut server = Server::start_recorded(home, notes.path()).await;
    let attempts = write_from_many(&server).await;
    server.kill().await;
    wait::until("strace to end", SOON, || {
        std::future::ready(
            strace::has_ended(notes.path())
                .then_some(())
                .ok_or_else(|| "it goes on".to_owned()),
        )
    })
    .await;
    let recording = Recording::read(notes.path());

    let seed = Random::fresh_seed();
    let mut random = Random::new(seed);
    let first = attempts.values().min().copied().unwrap();
    let last = attempts.values().max().copied().unwrap().max(recording.end());
    for _ in 0..CUTS {
        let moment = first + random.below((last - first) as usize) as u64;
        let left = tempfile::Builder::new().prefix("micro-power-").tempdir().unwrap();
        recording.after_power_cut(server.home(), left.path(), moment, &mut random);
        let found = kept_in(left).await;
        for (id, acknowledged) in &attempts {
            let is_there = found.contains_key(id);
            assert!(
                is_there || *acknowledged > moment,
                "{id} was acknowledged and is gone (seed {seed}): {found:?}"
            );
        }
        for (id, kept) in &found {
            assert!(attempts.contains_key(id), "{id} was never written (seed {seed})");
            assert_eq!(*kept, mark(id), "{id} is torn (seed {seed})");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_got_over_without_a_restart() {
    let mut server = Server::start_on_full_disk().await;
    let token = server.micro().ok(&["user", "token"]).await.trim().to_owned();
    let http = server.http().with_token(&token);
    let write = async |id: &str| {
        let request = json!({"record": {"key": id, "value": base64(id)}});
        http.post("/store/write", request.to_string()).await
    };
    let (mut kept, mut refusals) = (Vec::new(), 0);
    let healed = async {
        for number in 0.. {
            let id = format!("record-{number}");
            let answer = write(&id).await;
            if answer.status == 200 {
                kept.push(id);
                if refusals > 0 {
                    break;
                }
                continue;
            }
            let said = answer.failed_with(503);
            assert!(
                said.contains("disk is full") || said.contains("by itself"),
                "{said}"
            );
            refusals += 1;
            // What was written before is read all the same.
            let last = kept.last().map_or("none", String::as_str);
            assert_eq!(server.micro().ok(&["store", "read", last]).await.trim(), last);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(SOON, healed)
        .await
        .expect("the store to go on");
    server.kill().await;
    server.restart().await;
    let micro = server.micro();
    let listed = micro.ok(&["store", "list", "--limit=0", "record-"]).await;
    for id in &kept {
        assert!(
            listed.lines().any(|line| line == id),
            "{id} was acknowledged and is gone: {listed}"
        );
    }
}

/// What writers write, one each in turn.
const KINDS: [&str; 4] = ["account", "record", "setting", "event"];

/// What was written and when each was acknowledged, in Unix nanoseconds.
async fn write_from_many(server: &Server) -> BTreeMap<String, u64> {
    let token = server.micro().ok(&["user", "token"]).await.trim().to_owned();
    let writers = (0..WRITERS).map(|writer| {
        let http = server.http().with_token(&token);
        let kind = KINDS[writer % KINDS.len()];
        tokio::spawn(async move {
            let mut done = Vec::new();
            for number in 0..EACH {
                let id = format!("{kind}-{writer}-{number}");
                write(&http, kind, &id).await;
                done.push((id, now()));
            }
            done
        })
    });
    let mut attempts = BTreeMap::new();
    for writer in writers.collect::<Vec<_>>() {
        attempts.extend(writer.await.unwrap());
    }
    attempts
}

/// Long enough to lie in several sectors.
fn mark(id: &str) -> String {
    format!("{id}|").repeat(100)
}

async fn write(http: &Http, kind: &str, id: &str) {
    let mark = mark(id);
    let (path, request) = match kind {
        "account" => (
            "/auth/generate",
            json!({"id": id, "secret": "s3cret-s3cret", "metadata": {"mark": mark}}),
        ),
        "record" => (
            "/store/write",
            json!({"record": {"key": id, "value": base64(&mark)}}),
        ),
        "setting" => {
            let value = json!({"data": json!(mark).to_string()});
            (
                "/config/set",
                json!({"path": format!("power.{id}"), "value": value}),
            )
        }
        _ => (
            "/events/stream/publish",
            json!({"topic": "power", "id": id, "metadata": {"mark": mark}}),
        ),
    };
    http.post(path, request.to_string()).await.ok();
}

/// Everything that was written and is there, with its mark.
async fn kept_in(home: tempfile::TempDir) -> BTreeMap<String, String> {
    let server = Server::start_in(home, &["server"]).await;
    let micro = server.micro();
    let token = micro.ok(&["user", "token"]).await.trim().to_owned();
    let http = server.http().with_token(&token);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let accounts = http.post("/auth/accounts/list", "{}").await.ok();
    let accounts = accounts["accounts"].as_array().unwrap().iter();
    let mut kept: BTreeMap<String, String> = accounts
        .filter(|account| text(&account["id"]).starts_with("account-"))
        .map(|account| (text(&account["id"]), text(&account["metadata"]["mark"])))
        .collect();
    let records = json!({"options": {"prefix": true}}).to_string();
    let records = http.post("/store/read", records).await.ok();
    for record in records["records"].as_array().unwrap() {
        kept.insert(text(&record["key"]), from_base64(&text(&record["value"])));
    }
    // Before the first setting there is no document.
    let settings = http
        .post("/config/get", json!({"path": "power"}).to_string())
        .await;
    if settings.status == 200 {
        let settings = settings.ok();
        let settings: Option<BTreeMap<String, String>> =
            serde_json::from_str(&text(&settings["value"]["data"])).unwrap();
        kept.extend(settings.unwrap_or_default());
    }
    let events = json!({"topic": "power", "limit": 1000}).to_string();
    let events = http.post("/events/store/read", events).await.ok();
    for event in events["events"].as_array().unwrap() {
        kept.insert(text(&event["id"]), text(&event["metadata"]["mark"]));
    }
    kept
}

fn base64(text: &str) -> String {
    BASE64.encode(text)
}

fn from_base64(text: &str) -> String {
    String::from_utf8(BASE64.decode(text).unwrap()).unwrap()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}
