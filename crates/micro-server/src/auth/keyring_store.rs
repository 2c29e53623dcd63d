//! The ring of keys on the store, where several servers are one platform.
//!
//! Two records: `keys/root`, which is made once, and `keys/ring`, which each change replaces on the condition that nobody else did.
//! Both are sealed with a key that follows from the one that all servers were given, so that who reads the store cannot sign.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use micro::auth::jwt::{Algorithm, SigningKey};
use micro::store::{self, Change, ErrorKind, Event, Record, Scan, Scope, Store};
use micro_rpc::Streaming;

use super::issuer::{Error, Result, generate};
use super::key::Root;
use super::keyring::Keyring;
use super::keyring_files::first;
use crate::follow::patiently;
use crate::secret::{Sealer, SecretKey};

const ROOT: &str = "keys/root";
const RING: &str = "keys/ring";

/// Where the keys are kept.
pub(super) struct KeyringStore {
    store: Arc<dyn Store>,
    scope: Scope,
    sealer: Sealer,
}

/// The two records as they lie on the store.
type Kept = (Record, Record);

impl KeyringStore {
    /// Reads the keys; or makes them, if nobody else does at the same time: of several first starts one makes the keys of all. Waits so
    /// long for the store.
    pub async fn open(
        store: Arc<dyn Store>,
        scope: Scope,
        key: &SecretKey,
        wait: Duration,
        now: i64,
    ) -> Result<(KeyringStore, Root, Keyring)> {
        let keys = KeyringStore {
            store,
            scope,
            sealer: key.derived("micro signing keys").sealer(),
        };
        let kept = patiently("the store, to read the signing keys", wait, || keys.find()).await?;
        let (root, ring) = match kept {
            Some(kept) => kept,
            None => keys.make(wait, now).await?,
        };
        let root = Root::from_pkcs8(keys.open_record(&root)?, true);
        let root = root.map_err(|error| broken(ROOT, &error))?;
        let ring = keys.parse(&ring)?;
        if ring.root() != root.id {
            return Err(broken(RING, &"it belongs to other keys than keys/root"));
        }
        Ok((keys, root, ring))
    }

    /// The ring, and which version of it this is.
    pub async fn load(&self) -> Result<(Keyring, u64)> {
        let record = match self.store.read(&self.scope, RING).await {
            Err(error) if error.kind == ErrorKind::NotFound => Record::new(RING, ""),
            read => read?,
        };
        Ok((self.parse(&record)?, record.version))
    }

    /// Puts a ring in the place of that version of it; false when another one is there now.
    pub async fn save(&self, ring: &Keyring, version: u64) -> Result<bool> {
        let record = self.sealed(RING, &ring.to_json())?;
        let commit = self
            .store
            .commit(&self.scope, vec![Change::PutIf(record, version)]);
        match commit.await {
            Ok(()) => Ok(true),
            Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn watch(&self) -> store::Result<Streaming<Event>> {
        self.store.watch(&self.scope, RING).await
    }

    async fn find(&self) -> store::Result<Option<Kept>> {
        let records = self.store.scan(&self.scope, &Scan::prefix("keys/")).await?;
        let record = |key: &str| records.iter().find(|record| record.key == key).cloned();
        Ok(match (record(ROOT), record(RING)) {
            (None, None) => None,
            // One without the other is a platform that has lost something, not a new one.
            (root, ring) => Some((
                root.unwrap_or_else(|| Record::new(ROOT, "")),
                ring.unwrap_or_else(|| Record::new(RING, "")),
            )),
        })
    }

    /// Both kinds of keys are made at once: a key that is first published with its first token would be unknown to the other servers
    /// when the token gets there.
    async fn make(&self, wait: Duration, now: i64) -> Result<Kept> {
        let document = SigningKey::generate_pkcs8().map_err(io::Error::other)?;
        let root = Root::from_pkcs8(document, false).map_err(io::Error::other)?;
        let mut ring = first(&root, now)?;
        ring.add(generate(Algorithm::Rs256, now).await?);
        let records = [
            self.sealed(ROOT, &root.document)?,
            self.sealed(RING, &ring.to_json())?,
        ];
        let commit = || async {
            let changes = records.iter().cloned().map(Change::PutNew).collect();
            match self.store.commit(&self.scope, changes).await {
                Err(error) if error.kind != ErrorKind::Exists => Err(error),
                // They were made by whoever was first, which may have been an attempt of this server that got no answer.
                _ => self.find().await,
            }
        };
        let kept = patiently("the store, to read the signing keys", wait, commit).await?;
        kept.ok_or_else(|| store::Error::unavailable("the signing keys went as they were made").into())
    }

    fn parse(&self, record: &Record) -> Result<Keyring> {
        let json = self.open_record(record)?;
        Keyring::from_json(&json).map_err(|error| broken(RING, &error))
    }

    fn sealed(&self, key: &str, text: &[u8]) -> Result<Record> {
        let sealed = self.sealer.seal(key.as_bytes(), text);
        let sealed = sealed.ok_or_else(|| io::Error::other("the system gives no random numbers"))?;
        Ok(Record::new(key, sealed))
    }

    fn open_record(&self, record: &Record) -> Result<Vec<u8>> {
        let opened = self.sealer.open(record.key.as_bytes(), &record.value);
        opened.ok_or_else(|| {
            let variable = SecretKey::VARIABLE;
            let detail = if record.value.is_empty() {
                format!("{} is gone from the store: put it back from a copy", record.key)
            } else {
                format!(
                    "{} on the store was sealed with another key: set {variable} to what the platform's other servers have",
                    record.key
                )
            };
            Error::Key(io::Error::new(io::ErrorKind::InvalidData, detail))
        })
    }
}

fn broken(key: &str, why: &dyn std::fmt::Display) -> Error {
    let detail = format!("{key} on the store cannot be used: {why}");
    Error::Key(io::Error::new(io::ErrorKind::InvalidData, detail))
}
