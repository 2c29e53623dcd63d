//! What the records of all servers say, as it was read last.

use std::collections::{BTreeMap, BTreeSet};

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
        let there: BTreeSet<&str> = records.iter().map(|record| record.key.as_str()).collect();
        let is_there = |key: &Key| there.contains(format!("service:{key}").as_str());
        let mut services = std::mem::take(&mut self.services);
        services.retain(|key, _| is_there(key));
        *self = Self {
            services,
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
                let Some(record) = record else {
                    self.services.remove(&key);
                    return Touched::Gone(key);
                };
                // What cannot be read is no reason to end what runs.
                let Some(desired) = desired::read(record) else {
                    return Touched::Nothing;
                };
                self.services.insert(key.clone(), desired);
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

#[cfg(test)]
mod tests {
    use micro::runtime::Create;

    use super::*;

    fn record(key: &str, value: &impl Serialize) -> Record {
        Record::new(key, serde_json::to_vec(value).unwrap())
    }

    #[test]
    fn what_cannot_be_read_does_not_end_what_runs() {
        let key = Key::new("micro", "greeter", "");
        let id = "service:micro:greeter:latest";
        let desired = Desired::new(Create::new(key.clone()), BTreeMap::new());
        let mut board = Board::new("me");
        board.replace(vec![record(id, &desired)]);
        let torn = record(id, &"of a later version");
        let event = |record| Event {
            key: id.to_owned(),
            record,
        };
        assert_eq!(board.apply(event(Some(torn.clone()))), Touched::Nothing);
        board.replace(vec![torn]);
        assert!(board.services.contains_key(&key));
        assert_eq!(board.apply(event(None)), Touched::Gone(key.clone()));
        assert!(!board.services.contains_key(&key));
    }

    #[test]
    fn who_runs_less_goes_first() {
        let mut board = Board::new("a");
        for (server, is_leaving) in [("a", false), ("b", false), ("c", true)] {
            let address = String::new();
            let member = Member { address, is_leaving };
            board.servers.insert(server.to_owned(), member);
        }
        let key = |name: &str| Key::new("micro", name, "");
        let names: Vec<String> = (0..100).map(|number| format!("service-{number}")).collect();
        let first = names.iter().filter(|name| board.rank(&key(name)) == 0).count();
        assert!(
            (25..=75).contains(&first),
            "by lot while nobody runs anything: {first}"
        );
        for (server, rank) in [("a", 1), ("b", 0)] {
            let claim = Claim {
                server: server.to_owned(),
                version: 1,
            };
            board.claims = BTreeMap::from([(key("other"), claim)]);
            assert!(
                names.iter().all(|name| board.rank(&key(name)) == rank),
                "{server} runs one"
            );
        }
    }
}
