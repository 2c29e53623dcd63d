//! The accounts that the gateway refuses, as long as the platform's settings say that it does.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use micro::store::{self, ErrorKind, Event, Record, Scan, Scope, Store, Table};
use micro_rpc::{Account, Result, Streaming};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::config::ConfigHandler;
use crate::follow::{self, Picture, follow};
use crate::namespace::PLATFORM;

/// The setting that switches the list on.
const ENABLED: &str = "micro.api.blocklist_enabled";

/// Between two attempts to follow the setting.
const PAUSE: Duration = Duration::from_millis(500);

/// Kept on the store, asked from memory. What is changed at another server counts within a second.
pub struct BlockList {
    table: Table,
    blocked: RwLock<HashSet<String>>,
    is_enabled: AtomicBool,
    /// Held from before the store is read or changed until memory is: memory must follow the store in the same order.
    changing: Mutex<()>,
}

impl BlockList {
    /// Reads the list. It refuses nobody until it follows the setting.
    pub async fn open(store: Arc<dyn Store>) -> store::Result<Arc<BlockList>> {
        let table = Table::new(store, Scope::platform("blocklist"));
        let records = table.scan(&Scan::default()).await?;
        Ok(Arc::new(BlockList {
            table,
            blocked: RwLock::new(records.into_iter().map(|record| record.key).collect()),
            is_enabled: AtomicBool::new(false),
            changing: Mutex::default(),
        }))
    }

    /// Whether the account is to be refused now.
    pub fn refuses(&self, account: &Account) -> bool {
        self.is_enabled.load(Ordering::Relaxed)
            && self
                .blocked
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains(&entry(&account.issuer, &account.id))
    }

    /// Adds an account, if it is not there yet.
    pub(super) async fn add(&self, namespace: &str, id: &str) -> store::Result<()> {
        let _changing = self.changing.lock().await;
        let entry = entry(namespace, id);
        self.table.write(Record::new(&entry, "")).await?;
        self.change(|blocked| blocked.insert(entry));
        Ok(())
    }

    /// Removes an account, if it is there.
    pub(super) async fn remove(&self, namespace: &str, id: &str) -> store::Result<()> {
        let _changing = self.changing.lock().await;
        let entry = entry(namespace, id);
        self.table.delete(&entry).await?;
        self.change(|blocked| blocked.remove(&entry));
        Ok(())
    }

    /// Every account as `namespace:id`, sorted.
    pub(super) async fn read(&self) -> store::Result<Vec<String>> {
        let records = self.table.scan(&Scan::default()).await?;
        Ok(records.into_iter().map(|record| record.key).collect())
    }

    /// Does what the setting says, now and as it changes, and learns of changes that other servers make, until the answer is dropped.
    pub async fn follow(self: Arc<Self>, settings: ConfigHandler) -> Result<Following> {
        // Settings that cannot be read must not keep the platform from starting: they could not be mended then.
        let mut values = settings.follow(PLATFORM, ENABLED).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the settings cannot be read, so nobody is blocked");
            Streaming::empty()
        });
        if let Some(Ok(first)) = values.next().await {
            self.set_enabled(&first);
        }
        let list = follow("block list", &self);
        let following = async move {
            loop {
                self.obey(&mut values).await;
                tokio::time::sleep(PAUSE).await;
                if let Ok(anew) = settings.follow(PLATFORM, ENABLED).await {
                    values = anew;
                }
            }
        };
        Ok(Following {
            _list: list,
            _setting: tokio::spawn(following).abort_handle().into(),
        })
    }

    async fn obey(&self, values: &mut Streaming<Value>) {
        while let Some(Ok(value)) = values.next().await {
            self.set_enabled(&value);
        }
    }

    fn set_enabled(&self, value: &Value) {
        let is_enabled = value == &Value::Bool(true) || value == "true";
        self.is_enabled.store(is_enabled, Ordering::Relaxed);
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<String>) -> bool) {
        change(&mut self.blocked.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[micro_rpc::async_trait]
impl Picture for BlockList {
    async fn watch(&self) -> store::Result<Streaming<Event>> {
        self.table.watch("").await
    }

    async fn read(&self, keys: BTreeSet<String>) -> store::Result<()> {
        for key in keys {
            let _changing = self.changing.lock().await;
            match self.table.read(&key).await {
                Ok(_) => self.change(|blocked| blocked.insert(key)),
                Err(error) if error.kind == ErrorKind::NotFound => {
                    self.change(|blocked| blocked.remove(&key));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn read_all(&self) -> store::Result<()> {
        let _changing = self.changing.lock().await;
        let records = self.table.scan(&Scan::default()).await?;
        let blocked: HashSet<_> = records.into_iter().map(|record| record.key).collect();
        *self.blocked.write().unwrap_or_else(PoisonError::into_inner) = blocked;
        Ok(())
    }
}

/// Ends the following of the list and of its setting when dropped.
pub struct Following {
    _list: follow::Following,
    _setting: follow::Following,
}

/// A namespace has no colon in it, so two accounts are never one entry.
fn entry(namespace: &str, id: &str) -> String {
    format!("{namespace}:{id}")
}

#[cfg(test)]
mod tests {
    use micro::store::Memory;

    use super::*;
    use crate::away::{Away, Reach, SEEN, seen};
    use crate::drain::Drain;

    fn account(issuer: &str, id: &str) -> Account {
        Account {
            id: id.into(),
            issuer: issuer.into(),
            ..Account::default()
        }
    }

    #[tokio::test]
    async fn whom_one_server_blocks_the_other_refuses_too() {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        let (way, drain) = (Away::new(store.clone()), Drain::new());
        let key = crate::SecretKey::from_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let (mut lists, mut following) = (Vec::new(), Vec::new());
        for store in [store.clone(), way.clone() as Arc<dyn Store>] {
            let settings = ConfigHandler::shared(store.clone(), &key, drain.signal()).unwrap();
            let list = BlockList::open(store).await.unwrap();
            following.push(list.clone().follow(settings).await.unwrap());
            list.set_enabled(&Value::Bool(true));
            lists.push(list);
        }
        let ada = account("acme", "ada");
        for (here, there) in [(&lists[0], &lists[1]), (&lists[1], &lists[0])] {
            here.add("acme", "ada").await.unwrap();
            assert!(here.refuses(&ada), "at once where it was said");
            seen("the entry", SEEN, || there.refuses(&ada)).await;
            here.remove("acme", "ada").await.unwrap();
            assert!(!here.refuses(&ada));
            seen("its end", SEEN, || !there.refuses(&ada)).await;
        }
        lists[0].add("acme", "bob").await.unwrap();
        let bob = account("acme", "bob");
        seen("the entry", SEEN, || lists[1].refuses(&bob)).await;
        way.set(Reach::None);
        lists[0].add("acme", "ada").await.unwrap();
        lists[0].remove("acme", "bob").await.unwrap();
        let refused = lists[1].add("acme", "eve").await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Unavailable);
        assert!(lists[1].refuses(&bob), "what is known goes on to decide");
        way.set(Reach::Full);
        let has_both = || lists[1].refuses(&ada) && !lists[1].refuses(&bob);
        seen("what was missed", 2 * SEEN, has_both).await;
    }

    #[tokio::test]
    async fn what_is_on_the_list_survives_and_counts_only_when_switched_on() {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        let list = BlockList::open(store.clone()).await.unwrap();
        list.add("acme", "ada").await.unwrap();
        let list = BlockList::open(store).await.unwrap();
        let ada = account("acme", "ada");
        assert!(!list.refuses(&ada), "not unless the settings say so");
        for (value, refuses) in [
            (Value::Bool(true), true),
            (Value::Null, false),
            ("true".into(), true),
            (Value::Bool(false), false),
            (Value::Bool(true), true),
        ] {
            list.set_enabled(&value);
            assert_eq!(list.refuses(&ada), refuses, "{value}");
        }
        assert!(!list.refuses(&account("micro", "ada")) && !list.refuses(&account("acme", "bob")));
        list.remove("acme", "ada").await.unwrap();
        assert!(!list.refuses(&ada));
    }
}
