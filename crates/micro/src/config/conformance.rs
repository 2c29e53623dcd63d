//! The law of [`Config`], as one suite that every implementation passes.
//!
//! It works in namespaces of its own, whose names begin with `conformance`, and expects them to be empty.

use std::time::Duration;

use micro_rpc::{Result, Streaming};
use serde_json::{Value, json};

use super::{Config, MASK, Secrets};

/// Runs the whole suite.
///
/// # Panics
///
/// When a promise is broken; the message says which.
pub async fn run(config: &dyn Config) {
    reads_what_was_set(config).await;
    masks_secrets(config).await;
    refuses_wrong_paths(config).await;
    loses_no_change_of_many(config).await;
    tells_of_changes(config).await;
}

async fn get(config: &dyn Config, namespace: &str, path: &str) -> Value {
    done(config.get(namespace, path, Secrets::Masked).await)
}

async fn reads_what_was_set(config: &dyn Config) {
    let (here, there) = ("conformance-a", "conformance-b");
    assert_eq!(get(config, here, "user").await, json!(null), "nothing is null");
    done(
        config
            .set(here, "user", json!({"limit": 3, "name": "<b>"}), false)
            .await,
    );
    done(config.set(here, "user.limit", json!(4), false).await);
    assert_eq!(
        get(config, here, "user").await,
        json!({"limit": 4, "name": "<b>"})
    );
    assert_eq!(
        get(config, here, "").await,
        json!({"user": {"limit": 4, "name": "<b>"}})
    );
    assert_eq!(get(config, here, "user.limit.x").await, json!(null));
    assert_eq!(
        get(config, there, "user").await,
        json!(null),
        "namespaces are separate"
    );
    done(config.delete(here, "user.name").await);
    assert_eq!(get(config, here, "user").await, json!({"limit": 4}));
    done(config.delete(here, "user").await);
    assert_eq!(get(config, here, "").await, json!({}));
}

async fn masks_secrets(config: &dyn Config) {
    let namespace = "conformance-secret";
    done(
        config
            .set(namespace, "mail", json!({"host": "example.com"}), false)
            .await,
    );
    done(
        config
            .set(namespace, "mail", json!({"password": "s3cret", "port": 25}), true)
            .await,
    );
    let masked = json!({"host": "example.com", "password": MASK, "port": MASK});
    assert_eq!(get(config, namespace, "mail").await, masked);
    let shown = json!({"host": "example.com", "password": "s3cret", "port": 25});
    assert_eq!(done(config.get(namespace, "mail", Secrets::Shown).await), shown);
    done(config.set(namespace, "mail.port", json!(26), false).await);
    assert_eq!(
        get(config, namespace, "mail.port").await,
        json!(26),
        "what is set openly is open"
    );
}

async fn refuses_wrong_paths(config: &dyn Config) {
    for path in ["a..b", ".a", "a."] {
        let refused = config.set("conformance-paths", path, json!(1), false).await;
        assert_eq!(refused.map_err(|error| error.code), Err(400), "{path}");
    }
}

async fn loses_no_change_of_many(config: &dyn Config) {
    let namespace = "conformance-many";
    let sets = (0..16).map(|number| async move {
        done(
            config
                .set(namespace, &format!("many.key{number}"), json!(number), false)
                .await,
        );
    });
    futures_util::future::join_all(sets).await;
    let many = get(config, namespace, "many").await;
    assert_eq!(many.as_object().map(|members| members.len()), Some(16), "{many}");
}

async fn tells_of_changes(config: &dyn Config) {
    let namespace = "conformance-watch";
    let mut values = done(config.watch(namespace, "user.limit", Secrets::Masked).await);
    assert_eq!(
        next(&mut values).await,
        json!(null),
        "what is there is told first"
    );
    done(config.set(namespace, "other", json!(1), false).await);
    done(config.set(namespace, "user", json!({"limit": 1}), false).await);
    assert_eq!(
        next(&mut values).await,
        json!(1),
        "what changes elsewhere is not told"
    );
    done(config.set(namespace, "user.limit", json!(2), false).await);
    assert_eq!(next(&mut values).await, json!(2));
    done(config.delete(namespace, "user").await);
    assert_eq!(next(&mut values).await, json!(null));
}

async fn next(values: &mut Streaming<Value>) -> Value {
    let value = tokio::time::timeout(Duration::from_secs(30), values.next()).await;
    done(value.expect("a change is told").expect("the watch goes on"))
}

#[track_caller]
fn done<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("the settings failed: {error}"))
}
