//! Keeps what is known of the store true while other servers change it too.
//!
//! A picture is what a part of the server knows by heart, so that it can decide without asking the store. Changes are told by
//! [`Store::watch`](micro::store::Store::watch), and are taken as hints only: the picture reads again what has changed, and lets no
//! two reads pass each other, so it never goes back to what was before. Where watching ends, or the store is away, the picture stays as
//! it is and all is read anew as soon as the store answers.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use micro::store::{self, ErrorKind, Event};
use micro_rpc::futures_util::FutureExt;
use micro_rpc::{Error, Result, Streaming};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

/// Between two attempts to watch.
const PAUSE: Duration = Duration::from_millis(250);

/// What does not answer for so long is taken to be away.
const SILENCE: Duration = Duration::from_secs(10);

/// So long a first start waits for the store, and for the registry.
pub(crate) const FIRST_WAIT: Duration = Duration::from_secs(60);

/// So often it says so.
const PROGRESS: Duration = Duration::from_secs(5);

/// A part of the store that is known by heart.
#[micro_rpc::async_trait]
pub(crate) trait Picture: Send + Sync + 'static {
    /// The changes of what is in the picture.
    async fn watch(&self) -> store::Result<Streaming<Event>>;

    /// Reads anew what these keys are part of.
    async fn read(&self, keys: BTreeSet<String>) -> store::Result<()>;

    /// Reads everything anew.
    async fn read_all(&self) -> store::Result<()>;
}

/// Ends the following when dropped.
pub(crate) struct Following(AbortHandle);

impl From<AbortHandle> for Following {
    fn from(task: AbortHandle) -> Following {
        Following(task)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps a picture true until the answer is dropped. Between changes it holds neither the picture nor the store, so that these
/// end when their owner says so.
pub(crate) fn follow<P: Picture>(what: &'static str, picture: &Arc<P>) -> Following {
    let following = keep_true(what, Arc::downgrade(picture));
    Following(tokio::spawn(following).abort_handle())
}

async fn keep_true<P: Picture>(what: &'static str, picture: Weak<P>) {
    let mut is_stale = false;
    loop {
        let begun = match picture.upgrade() {
            Some(picture) => begin(&*picture).await,
            None => return,
        };
        let ended = match begun {
            Ok(changes) => {
                if std::mem::take(&mut is_stale) {
                    tracing::info!(what, "follows the store again");
                }
                obey(&picture, changes).await.err()
            }
            Err(error) => Some(error),
        };
        if let Some(error) = ended.filter(|_| !is_stale) {
            is_stale = true;
            tracing::warn!(what, %error, "does not follow the store, and stays as it is until it does");
        }
        sleep(PAUSE).await;
    }
}

/// Watches first and reads then: what changes in between is told.
async fn begin(picture: &impl Picture) -> Result<Streaming<Event>> {
    let changes = answered(picture.watch()).await?;
    answered(picture.read_all()).await?;
    Ok(changes)
}

async fn obey<P: Picture>(picture: &Weak<P>, mut changes: Streaming<Event>) -> Result<()> {
    while let Some(event) = changes.next().await {
        let mut keys = BTreeSet::from([event?.key]);
        // What has come meanwhile is read together.
        while let Some(Some(event)) = changes.next().now_or_never() {
            keys.insert(event?.key);
        }
        let Some(picture) = picture.upgrade() else { break };
        answered(picture.read(keys)).await?;
    }
    Ok(())
}

async fn answered<T>(asked: impl Future<Output = store::Result<T>>) -> Result<T> {
    let answer = timeout(SILENCE, asked).await;
    answer.unwrap_or_else(|_| Err(silent())).map_err(Error::from)
}

fn silent() -> store::Error {
    store::Error::unavailable(format!("the store has not answered for {} s", SILENCE.as_secs()))
}

/// Tries again for so long while what it asks is away, and says that it waits; with no time to wait it tries once.
///
/// A platform's servers start in any order with its database. One that gave up at once would be started again by whoever runs it,
/// and would say nothing of what it waits for.
pub(crate) async fn patiently<T, F>(what: &str, wait: Duration, attempt: impl Fn() -> F) -> store::Result<T>
where
    F: Future<Output = store::Result<T>>,
{
    if wait.is_zero() {
        return attempt().await;
    }
    let (begun, mut said) = (Instant::now(), None);
    loop {
        let error = match timeout(SILENCE, attempt())
            .await
            .unwrap_or_else(|_| Err(silent()))
        {
            Err(error) if error.kind == ErrorKind::Unavailable => error,
            done => return done,
        };
        if begun.elapsed() >= wait {
            return Err(error);
        }
        if said.is_none_or(|said: Instant| said.elapsed() >= PROGRESS) {
            said = Some(Instant::now());
            let left = wait.saturating_sub(begun.elapsed()).as_secs();
            tracing::warn!(%error, "waiting for {what}; giving up in {left} s");
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use micro::fake::Script;
    use micro::store::{FakeStore, Memory, Record, Scan, Scope, Store};
    use tokio::sync::watch;

    use super::*;

    /// Counts the records, and what was asked of it.
    struct Count {
        store: Arc<dyn Store>,
        number: watch::Sender<usize>,
        whole: AtomicUsize,
    }

    fn scope() -> Scope {
        Scope::platform("followed")
    }

    impl Count {
        fn on(store: Arc<dyn Store>) -> Arc<Count> {
            Arc::new(Count {
                store,
                number: watch::Sender::new(0),
                whole: AtomicUsize::new(0),
            })
        }

        async fn until(&self, number: usize) {
            let mut numbers = self.number.subscribe();
            let reached = numbers.wait_for(|now| *now == number);
            timeout(Duration::from_secs(10), reached).await.unwrap().unwrap();
        }

        async fn write(&self, key: &str) {
            self.store.write(&scope(), Record::new(key, "")).await.unwrap();
        }
    }

    #[micro_rpc::async_trait]
    impl Picture for Count {
        async fn watch(&self) -> store::Result<Streaming<Event>> {
            self.store.watch(&scope(), "").await
        }

        async fn read(&self, keys: BTreeSet<String>) -> store::Result<()> {
            assert!(!keys.is_empty());
            let records = self.store.scan(&scope(), &Scan::default()).await?;
            self.number.send_replace(records.len());
            Ok(())
        }

        async fn read_all(&self) -> store::Result<()> {
            self.whole.fetch_add(1, Ordering::Relaxed);
            self.read(BTreeSet::from(["".to_owned()])).await
        }
    }

    #[tokio::test]
    async fn a_picture_follows_through_an_absence_of_the_store() {
        let fake = Arc::new(FakeStore::new());
        fake.watches.returns_on_call(0, Ok(Script::default()));
        fake.watches
            .returns_on_call(1, Err(store::Error::unavailable("away")));
        fake.scans
            .returns_on_call(1, Err(store::Error::unavailable("still away")));
        let count = Count::on(fake.clone());
        count.write("1").await;
        let following = follow("count", &count);
        // The first watch ends at once, the second fails, and what is read after the third fails as well.
        count.until(1).await;
        count.write("2").await;
        count.until(2).await;
        while fake.watches.call_count() < 4 {
            sleep(PAUSE).await;
        }
        assert_eq!(count.whole.load(Ordering::Relaxed), 3);
        count.write("3").await;
        count.until(3).await;
        drop(following);
        sleep(PAUSE).await;
        count.write("4").await;
        sleep(PAUSE * 4).await;
        assert_eq!(*count.number.borrow(), 3, "nobody follows any more");
    }

    #[tokio::test]
    async fn who_follows_keeps_nothing_alive() {
        let store = Arc::new(Memory::new());
        let count = Count::on(store.clone());
        count.write("1").await;
        let _following = follow("count", &count);
        count.until(1).await;
        drop(count);
        let alone = async {
            while Arc::strong_count(&store) > 1 {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), alone).await.unwrap();
    }

    #[tokio::test]
    async fn a_first_start_waits_for_the_store_but_not_for_ever() {
        let wait = PAUSE * 3;
        let calls = AtomicUsize::new(0);
        let read = || async {
            match calls.fetch_add(1, Ordering::Relaxed) {
                0..2 => Err(store::Error::unavailable("connection refused")),
                _ => Ok("read"),
            }
        };
        assert_eq!(patiently("it", wait, read).await.unwrap(), "read");
        let never = || async { Err::<(), _>(store::Error::unavailable("connection refused")) };
        let begun = Instant::now();
        let error = patiently("it", wait, never).await.unwrap_err();
        assert_eq!(error.to_string(), "connection refused");
        assert!(begun.elapsed() >= wait);
        let wrong = || async { Err::<(), _>(store::Error::invalid("no such table")) };
        let begun = Instant::now();
        assert!(patiently("it", wait, wrong).await.is_err());
        assert!(begun.elapsed() < PAUSE, "waiting does not help");
    }
}
