//! What the records of all servers say, as it was read last.

use std::collections::BTreeMap;

use micro::runtime::Key;
use micro::store::{Event, Record};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::desired::{self, Desired};

/// One moment of the store.
#[derive(Default)]
pub struct Board {
    me: String,
    pub services: BTreeMap<Key, Desired>,
    pub claims: BTreeMap<Key, Claim>,
    pub posts: BTreeMap<Key, Post>,
    pub servers: BTreeMap<String, Member>,
    /// Whether this is a picture of the store, be it an old one.
    pub is_read: bool,
    /// Why the store cannot be followed now.
    pub trouble: Option<String>,
    /// This server takes nothing any more.
    pub is_closing: bool,
}

/// Who runs a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub server: String,
    /// Of the record.
    #[serde(skip)]
    pub version: u64,
}

/// A server that lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub address: String,
    /// It is being stopped, and takes nothing.
    #[serde(default)]
    pub is_leaving: bool,
}

/// How a service is, as the server says that runs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    pub server: String,
    /// The last request that it has taken up.
    pub request: String,
    pub service: micro::runtime::Service,
}

/// What a change was about.
#[derive(Debug, PartialEq)]
pub enum Touched {
    Service(Key),
    /// It is to run no more.
    Gone(Key),
    /// Another server says how a service is.
    Post(Key),
    /// A server came or went.
    Server(String),
    /// A namespace's quotas.
    Quota(String),
    Nothing,
}

impl Board {
    pub fn new(me: &str) -> Self {
        Self {
            me: me.to_owned(),
            trouble: Some("it has not been asked yet".to_owned()),
            ..Self::default()
        }
    }

    /// The whole picture.
    pub fn replace(&mut self, records: Vec<Record>) {
        *self = Self {
            is_read: true,
            trouble: None,
            is_closing: self.is_closing,
            ..Self::new(&self.me)
        };
        for record in records {
            let key = record.key.clone();
            let record = Some(record);
            self.apply(Event { key, record });
        }
    }

    /// One change of it.
    pub fn apply(&mut self, event: Event) -> Touched {
        let Some((kind, rest)) = event.key.split_once(':') else {
            return Touched::Nothing;
        };
        let record = event.record.as_ref();
        match (kind, key(rest)) {
            ("service", Some(key)) => {
                let desired = record.and_then(desired::read);
                if record.is_none() {
                    self.services.remove(&key);
                    return Touched::Gone(key);
                }
                set(&mut self.services, &key, desired);
                Touched::Service(key)
            }
            ("claim", Some(key)) => {
                let claim = record.and_then(|record| {
                    let claim = read::<Claim>(record)?;
                    let version = record.version;
                    Some(Claim { version, ..claim })
                });
                set(&mut self.claims, &key, claim);
                Touched::Service(key)
            }
            ("status", Some(key)) => {
                set(&mut self.posts, &key, record.and_then(read));
                Touched::Post(key)
            }
            ("server", _) => {
                let member = record.and_then(read);
                let is_news = self.servers.get(rest) != member.as_ref();
                set(&mut self.servers, &rest.to_owned(), member);
                match is_news {
                    true => Touched::Server(rest.to_owned()),
                    false => Touched::Nothing,
                }
            }
            ("resourcequota", _) => {
                let namespace = rest.split(':').next().unwrap_or_default();
                Touched::Quota(namespace.to_owned())
            }
            _ => Touched::Nothing,
        }
    }

    pub fn is_mine(&self, key: &Key) -> bool {
        self.claims.get(key).is_some_and(|claim| claim.server == self.me)
    }

    /// Whether a service has no server that lives.
    pub fn is_free(&self, key: &Key) -> bool {
        let claim = self.claims.get(key);
        claim.is_none_or(|claim| !self.servers.contains_key(&claim.server))
    }

    /// Where the server is that runs a service, unless that is this one.
    pub fn elsewhere(&self, key: &Key) -> Option<&Member> {
        let claim = self.claims.get(key).filter(|_| !self.is_mine(key))?;
        self.servers.get(&claim.server)
    }

    /// How a service is, as the server says that has it.
    pub fn post(&self, key: &Key) -> Option<&Post> {
        let (post, claim) = (self.posts.get(key)?, self.claims.get(key)?);
        (post.server == claim.server && self.servers.contains_key(&claim.server)).then_some(post)
    }

    /// How many servers should rather run a service than this one: those that run less.
    pub fn rank(&self, key: &Key) -> usize {
        let load = |server: &str| {
            let claims = self.claims.values().filter(|claim| claim.server == server);
            (claims.count(), lot(server, key))
        };
        let mine = load(&self.me);
        let others = self.servers.iter();
        let others = others.filter(|(id, member)| **id != self.me && !member.is_leaving);
        others.filter(|(id, _)| load(id) < mine).count()
    }
}

/// Which of two servers that run as much it is: another for each service (FNV-1a).
fn lot(server: &str, key: &Key) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let text = format!("{key}/{server}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

fn set<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, key: &K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key.clone(), value)),
        None => drop(map.remove(key)),
    }
}

fn read<T: DeserializeOwned>(record: &Record) -> Option<T> {
    let read = serde_json::from_slice(&record.value);
    read.inspect_err(
        |error| tracing::warn!(key = record.key, %error, "cannot read a record of the servers: ignored"),
    )
    .ok()
}

fn key(text: &str) -> Option<Key> {
    let [namespace, name, version] = text.split(':').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Key::new(namespace, name, version))
}
