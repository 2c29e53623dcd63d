//! Settings that are forgotten: for tests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::stream;
use micro_rpc::{Result, Streaming};
use serde_json::Value;
use tokio::sync::watch;

use super::document::{Document, Leaf, masked, plain};
use super::{Config, Secrets};

/// Settings in memory; they end with it, and secrets are masked but not encrypted.
///
/// ```
/// # use micro::config::{Config, Memory, Secrets};
/// # async fn f() -> micro::Result<()> {
/// let config = Memory::default();
/// config.set("micro", "user.limit", 3.into(), false).await?;
/// assert_eq!(config.get("micro", "user", Secrets::Masked).await?["limit"], 3);
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct Memory(Mutex<HashMap<String, watch::Sender<Document>>>);

impl Memory {
    fn of<T>(&self, namespace: &str, act: impl FnOnce(&watch::Sender<Document>) -> T) -> T {
        let mut namespaces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(namespaces.entry(namespace.to_owned()).or_default())
    }

    fn change(&self, namespace: &str, change: impl FnOnce(&mut Document) -> Result<()>) -> Result<()> {
        self.of(namespace, |document| {
            let mut changed = document.borrow().clone();
            change(&mut changed)?;
            document.send_replace(changed);
            Ok(())
        })
    }
}

fn value(document: &Document, path: &str, secrets: Secrets) -> Result<Value> {
    let shown = |path: &str, leaf: &Leaf| {
        let open = Leaf {
            secret: leaf.secret && secrets == Secrets::Masked,
            ..leaf.clone()
        };
        masked(path, &open)
    };
    Ok(document.get(path, &shown)?.unwrap_or_default())
}

#[async_trait]
impl Config for Memory {
    async fn get(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Value> {
        self.of(namespace, |document| value(&document.borrow(), path, secrets))
    }

    async fn set(&self, namespace: &str, path: &str, value: Value, secret: bool) -> Result<()> {
        let keep = |path: &str, text| plain(path, text).map(|leaf| Leaf { secret, ..leaf });
        self.change(namespace, |document| document.set(path, &value, &keep))
    }

    async fn delete(&self, namespace: &str, path: &str) -> Result<()> {
        self.change(namespace, |document| document.delete(path).map(drop))
    }

    async fn watch(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Streaming<Value>> {
        let documents = self.of(namespace, watch::Sender::subscribe);
        let first = value(&documents.borrow(), path, secrets)?;
        let path = path.to_owned();
        let state = (documents, None, path, Some(first));
        Ok(Streaming::new(stream::unfold(
            state,
            move |(mut documents, last, path, first)| async move {
                if let Some(first) = first {
                    return Some((Ok(first.clone()), (documents, Some(first), path, None)));
                }
                loop {
                    documents.changed().await.ok()?;
                    let now = value(&documents.borrow_and_update(), &path, secrets).ok()?;
                    if last.as_ref() != Some(&now) {
                        return Some((Ok(now.clone()), (documents, Some(now), path, None)));
                    }
                }
            },
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        super::super::conformance::run(&Memory::default()).await;
    }
}
