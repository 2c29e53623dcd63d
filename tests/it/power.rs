//! A power cut: the disk forgets what was not synced.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use micro_tests::disk::{Recording, strace};
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
        let found = accounts_in(left).await;
        for (id, acknowledged) in &attempts {
            let is_there = found.contains_key(id);
            assert!(
                is_there || *acknowledged > moment,
                "{id} was acknowledged and is gone (seed {seed}): {found:?}"
            );
        }
        for (id, account) in found.iter().filter(|(id, _)| id.starts_with("account-")) {
            assert!(attempts.contains_key(id), "{id} was never written (seed {seed})");
            assert_eq!(
                account["metadata"]["mark"],
                mark(id),
                "{id} is torn (seed {seed})"
            );
        }
    }
}

/// Accounts and when each was acknowledged, in Unix nanoseconds.
async fn write_from_many(server: &Server) -> BTreeMap<String, u64> {
    let token = server.micro().ok(&["user", "token"]).await.trim().to_owned();
    let writers = (0..WRITERS).map(|writer| {
        let http = server.http().with_token(&token);
        tokio::spawn(async move {
            let mut done = Vec::new();
            for number in 0..EACH {
                let id = format!("account-{writer}-{number}");
                let account = json!({"id": id, "secret": "s3cret-s3cret", "metadata": {"mark": mark(&id)}});
                http.post("/auth/generate", account.to_string()).await.ok();
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

async fn accounts_in(home: tempfile::TempDir) -> BTreeMap<String, Value> {
    let server = Server::start_in(home, &["server"]).await;
    let token = server.micro().ok(&["user", "token"]).await.trim().to_owned();
    let listed = server
        .http()
        .with_token(&token)
        .post("/auth/accounts/list", "{}")
        .await
        .ok();
    let accounts = listed["accounts"].as_array().unwrap();
    accounts
        .iter()
        .map(|account| (account["id"].as_str().unwrap().to_owned(), account.clone()))
        .collect()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}
