//! A setting that follows its changes.

use std::sync::Arc;
use std::time::Duration;

use micro_rpc::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::{Config, Secrets};

/// Between two attempts to watch while the platform is away.
const PAUSE: Duration = Duration::from_millis(500);

/// The latest value at a path, without a call: kept fresh by a watch, and what it last was while the platform is away.
///
/// ```no_run
/// # async fn f(platform: micro::Platform) -> micro::Result<()> {
/// let limit = platform.setting("user.limit").await?;
/// let now: u32 = limit.get().unwrap_or(3);
/// # Ok(()) }
/// ```
pub struct Live {
    values: watch::Receiver<Value>,
    following: AbortHandle,
}

impl Live {
    /// Reads the value, then follows it until this is dropped. Secrets are shown.
    ///
    /// # Errors
    ///
    /// Those of the first read.
    pub async fn start(config: Arc<dyn Config>, namespace: &str, path: &str) -> Result<Self> {
        let first = config.get(namespace, path, Secrets::Shown).await?;
        let (latest, values) = watch::channel(first);
        let (namespace, path) = (namespace.to_owned(), path.to_owned());
        let follow = async move {
            loop {
                if let Ok(mut watched) = config.watch(&namespace, &path, Secrets::Shown).await {
                    while let Some(Ok(value)) = watched.next().await {
                        latest.send_if_modified(|last| std::mem::replace(last, value.clone()) != value);
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let following = tokio::spawn(follow).abort_handle();
        Ok(Self { values, following })
    }

    /// The latest value; `None` where there is none, or one of another type.
    pub fn get<T: DeserializeOwned>(&self) -> Option<T> {
        let value = self.values.borrow().clone();
        if value.is_null() {
            return None;
        }
        let read = serde_json::from_value(value);
        read.inspect_err(|error| tracing::warn!(%error, "a setting has another type than is asked for"))
            .ok()
    }

    /// Waits until the value is another than when it was last waited for.
    pub async fn changed(&mut self) {
        // The sender lives as long as the task that this ends.
        let _ = self.values.changed().await;
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.following.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;

    #[tokio::test]
    async fn a_setting_follows_its_changes() {
        let config = Arc::new(Memory::default());
        let mut limit = Live::start(config.clone(), "micro", "user.limit").await.unwrap();
        assert_eq!(limit.get::<u32>(), None);
        config.set("micro", "user.limit", 3.into(), true).await.unwrap();
        limit.changed().await;
        assert_eq!((limit.get::<u32>(), limit.get::<String>()), (Some(3), None));
    }
}
