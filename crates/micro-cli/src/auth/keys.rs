//! `micro auth list keys` and `micro auth rotate keys`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use micro_proto::auth::{Auth, AuthClient, Key, KeysRequest, RotateKeysRequest};
use micro_rpc::Context;

use super::is_json;
use crate::call::duration;
use crate::errors::{Failure, Result};
use crate::output::{line, print_json, table};
use crate::session::Session;

/// Sign tokens with new keys; what the old ones have signed stays good until it ends.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro auth rotate keys\n   micro auth rotate keys --delay=10m")]
pub(super) struct RotateArgs {
    /// How long the new keys are published before they sign, so that whoever keeps a copy of the keys has them by then; 2m unless given
    #[arg(long, value_name = "DURATION")]
    delay: Option<String>,
}

/// Prints all keys.
pub(super) async fn list(session: &Session) -> Result<()> {
    let answer = AuthClient::new(&session.client)
        .keys(&Context::background(), KeysRequest {})
        .await;
    show(session, &answer.map_err(|error| session.explain(error))?.keys)
}

/// Has new keys made, and prints all.
pub(super) async fn rotate(session: &Session, args: RotateArgs) -> Result<()> {
    let delay = args.delay.as_deref().map(seconds).transpose()?;
    let request = RotateKeysRequest {
        delay: delay.unwrap_or_default(),
    };
    let answer = AuthClient::new(&session.client)
        .rotate_keys(&Context::background(), request)
        .await;
    show(session, &answer.map_err(|error| session.explain(error))?.keys)
}

/// Whole seconds, at least one: a delay of nothing would mean the usual one.
fn seconds(text: &str) -> Result<i64> {
    let wrong = || {
        let text = format!("--delay is {text:?}: give a duration of a second or more, like 90s or 10m");
        Failure::new(1, text)
    };
    let delay = duration(text).filter(|delay| *delay >= Duration::from_secs(1));
    i64::try_from(delay.ok_or_else(wrong)?.as_secs()).map_err(|_| wrong())
}

fn show(session: &Session, keys: &[Key]) -> Result<()> {
    if is_json(session) {
        return print_json(&keys);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let rows = keys.iter().map(|key| row(key, now)).collect();
    line(&table(&["ID", "Algorithm", "State"], rows))
}

fn row(key: &Key, now: i64) -> Vec<String> {
    vec![key.id.clone(), key.algorithm.clone(), state(key, now)]
}

fn state(key: &Key, now: i64) -> String {
    if key.signs_from > now {
        return format!("signs in {}", short(key.signs_from - now));
    }
    let left = key.valid_until - now;
    match key.replaced_at {
        _ if key.valid_until != 0 => format!("verifies for {} more", short(left)),
        0 => "signs".to_owned(),
        at if at > now => format!("signs for {} more", short(at - now)),
        _ => "verifies".to_owned(),
    }
}

/// The largest unit and the next one.
fn short(seconds: i64) -> String {
    let parts = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
    let first = parts.iter().position(|(_, size)| seconds >= *size).unwrap_or(3);
    let mut left = seconds.max(0);
    let mut text = String::new();
    for (unit, size) in parts.iter().skip(first).take(2) {
        if left / size > 0 || text.is_empty() {
            text.push_str(&format!("{}{unit}", left / size));
        }
        left %= size;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_life_is_told_in_words() {
        let key = |signs_from, replaced_at, valid_until| Key {
            signs_from,
            replaced_at,
            valid_until,
            ..Key::default()
        };
        for (key, said) in [
            (key(0, 0, 0), "signs"),
            (key(1120, 0, 0), "signs in 2m"),
            (key(0, 1120, 0), "signs for 2m more"),
            (key(0, 900, 1000 + 90_061), "verifies for 1d1h more"),
            (key(0, 900, 1030), "verifies for 30s more"),
        ] {
            assert_eq!(state(&key, 1000), said);
        }
    }

    #[test]
    fn a_delay_is_a_second_or_more() {
        assert_eq!(seconds("10m").unwrap(), 600);
        for text in ["", "0s", "soon", "10ms"] {
            assert!(seconds(text).unwrap_err().text.contains("--delay"), "{text}");
        }
    }
}
