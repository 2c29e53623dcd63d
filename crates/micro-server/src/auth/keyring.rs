//! The platform's signing keys: which signs now, which will, and which only verify until what they signed has ended.
//!
//! A key comes into the ring before it signs, and leaves it when it signs no more and no token that it signed can still be good:
//! none ends after its `horizon`, which is on disk before such a token is handed out. The one who decides what time it is is
//! the caller.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use micro::auth::jwt::{Algorithm, KeyError, PublicKey, SigningKey};
use serde::{Deserialize, Serialize};

/// A key in the ring.
#[derive(Clone)]
pub(super) struct Entry {
    pub public: PublicKey,
    /// Unix seconds from which on it signs.
    pub signs_from: i64,
    /// Unix seconds after which no token of it ends.
    pub horizon: i64,
    /// Absent when its private half is not here, or not any more.
    pub signing: Option<Arc<SigningKey>>,
    /// The private half as it is kept in the ring's file; absent too when somebody else keeps it.
    document: Option<Vec<u8>>,
}

impl Entry {
    /// A key that the ring keeps.
    pub fn own(algorithm: Algorithm, document: Vec<u8>, signs_from: i64) -> Result<Entry, KeyError> {
        let signing = read(algorithm, &document)?;
        Ok(Entry {
            document: Some(document),
            ..Entry::given(signing, signs_from)
        })
    }

    /// A key that somebody else keeps.
    pub fn given(signing: SigningKey, signs_from: i64) -> Entry {
        Entry {
            public: signing.public_key().clone(),
            signs_from,
            horizon: signs_from,
            signing: Some(Arc::new(signing)),
            document: None,
        }
    }

    /// The same, which may have signed what ends then.
    pub fn with_horizon(self, horizon: i64) -> Entry {
        Entry { horizon, ..self }
    }

    /// The same, as a ring has it that is not to sign with it.
    pub fn public_half(&self) -> Entry {
        Entry {
            signing: None,
            document: None,
            ..self.clone()
        }
    }

    /// The private half, where the ring keeps it.
    pub fn document(&self) -> Option<&[u8]> {
        self.document.as_deref()
    }
}

/// All keys, in the order in which they sign.
#[derive(Clone, Default)]
pub(super) struct Keyring {
    /// The id of the key in the key file. Another one there means that all this is to end.
    root: String,
    entries: Vec<Entry>,
}

impl Keyring {
    /// A ring without keys.
    pub fn new(root: &str) -> Keyring {
        Keyring {
            root: root.to_owned(),
            entries: Vec::new(),
        }
    }

    pub fn root(&self) -> &str {
        &self.root
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn public_keys(&self) -> impl Iterator<Item = PublicKey> {
        self.entries.iter().map(|entry| entry.public.clone())
    }

    /// Adds a key; one that is here already is only given its private half.
    pub fn add(&mut self, new: Entry) {
        match self.get_mut(&new.public.id) {
            Some(known) => (known.signing, known.document) = (new.signing, new.document),
            None => {
                self.entries.push(new);
                self.entries.sort_by_key(|entry| entry.signs_from);
            }
        }
    }

    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.public.id == id)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.public.id == id)
    }

    /// What signs now. A clock that went back must not leave the platform without a key, so the first one signs before its time
    /// when there is no other.
    pub fn signer(&self, algorithm: Algorithm, now: i64) -> Option<&Entry> {
        let able = || self.able(algorithm);
        able()
            .rfind(|entry| entry.signs_from <= now)
            .or_else(|| able().next())
    }

    /// The key that signs last.
    pub fn newest(&self, algorithm: Algorithm) -> Option<&Entry> {
        self.able(algorithm).next_back()
    }

    /// When the next key takes the place of this one, if one does.
    pub fn replaced_at(&self, entry: &Entry) -> Option<i64> {
        let id = &entry.public.id;
        let after = self.entries.iter().skip_while(|known| known.public.id != *id);
        let mut after = after.skip(1).filter(|next| next.signing.is_some());
        let next = after.find(|next| next.public.algorithm == entry.public.algorithm);
        next.map(|next| next.signs_from)
    }

    /// Whether it signs no more.
    pub fn is_retired(&self, entry: &Entry, now: i64) -> bool {
        entry.signing.is_none() || self.replaced_at(entry).is_some_and(|at| at <= now)
    }

    /// Withdraws the keys that have signed nothing that is still good, and forgets the private half of those that sign no more.
    pub fn tidy(&mut self, now: i64) {
        let retired: Vec<bool> = self
            .entries
            .iter()
            .map(|entry| self.is_retired(entry, now))
            .collect();
        let mut is_retired = retired.iter().copied();
        self.entries.retain_mut(|entry| {
            let is_retired = is_retired.next().unwrap_or(false);
            if is_retired {
                (entry.signing, entry.document) = (None, None);
            }
            !(is_retired && entry.horizon <= now)
        });
    }

    fn able(&self, algorithm: Algorithm) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.public.algorithm == algorithm && entry.signing.is_some())
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    root: String,
    keys: Vec<KeptKey>,
}

#[derive(Serialize, Deserialize)]
struct KeptKey {
    algorithm: String,
    public: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<String>,
    signs_from: i64,
    horizon: i64,
}

impl Keyring {
    /// The ring as its file has it.
    pub fn to_json(&self) -> Vec<u8> {
        let keys = self.entries.iter().map(|entry| KeptKey {
            algorithm: entry.public.algorithm.name().to_owned(),
            public: BASE64.encode(&entry.public.bytes),
            private: entry.document.as_ref().map(|document| BASE64.encode(document)),
            signs_from: entry.signs_from,
            horizon: entry.horizon,
        });
        let kept = Kept {
            root: self.root.clone(),
            keys: keys.collect(),
        };
        serde_json::to_vec_pretty(&kept).expect("keys are text and numbers")
    }

    pub fn from_json(json: &[u8]) -> io::Result<Keyring> {
        let kept: Kept = serde_json::from_slice(json)?;
        let entries = kept.keys.into_iter().map(Entry::try_from);
        Ok(Keyring {
            root: kept.root,
            entries: entries.collect::<io::Result<_>>()?,
        })
    }
}

impl TryFrom<KeptKey> for Entry {
    type Error = io::Error;

    fn try_from(kept: KeptKey) -> io::Result<Entry> {
        let invalid =
            |what: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, what.to_string());
        let bytes = |text: &str| BASE64.decode(text).map_err(|error| invalid(&error));
        let algorithm = Algorithm::named(&kept.algorithm)
            .ok_or_else(|| invalid(&format_args!("unknown algorithm {:?}", kept.algorithm)))?;
        let document = kept.private.as_deref().map(bytes).transpose()?;
        let signing = document
            .as_deref()
            .map(|document| read(algorithm, document).map(Arc::new))
            .transpose();
        Ok(Entry {
            public: PublicKey::new(algorithm, &bytes(&kept.public)?),
            signs_from: kept.signs_from,
            horizon: kept.horizon,
            signing: signing.map_err(|error| invalid(&error))?,
            document,
        })
    }
}

fn read(algorithm: Algorithm, document: &[u8]) -> Result<SigningKey, KeyError> {
    match algorithm {
        Algorithm::EdDsa => SigningKey::from_pkcs8(document),
        Algorithm::Rs256 => SigningKey::from_rsa_der(document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(signs_from: i64) -> Entry {
        Entry::own(
            Algorithm::EdDsa,
            SigningKey::generate_pkcs8().unwrap(),
            signs_from,
        )
        .unwrap()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after() {
        let mut ring = Keyring::new("root");
        let (old, new) = (entry(0), entry(100));
        let (old_id, new_id) = (old.public.id.clone(), new.public.id.clone());
        ring.add(old);
        ring.add(new);
        ring.get_mut(&old_id).unwrap().horizon = 500;
        let ids = |ring: &Keyring| ring.public_keys().map(|key| key.id).collect::<Vec<_>>();
        for (now, signer, is_retired) in [
            (0, &old_id, false),
            (99, &old_id, false),
            (100, &new_id, true),
            (499, &new_id, true),
        ] {
            // Whatever happens in between, what is on disk says the same.
            let mut ring = Keyring::from_json(&ring.to_json()).unwrap();
            ring.tidy(now);
            assert_eq!(ring.signer(Algorithm::EdDsa, now).unwrap().public.id, *signer);
            assert_eq!(ids(&ring), [old_id.clone(), new_id.clone()], "at {now}");
            let old = &ring.entries()[0];
            assert_eq!(ring.is_retired(old, now), is_retired);
            assert_eq!(old.document().is_none(), is_retired, "at {now}");
        }
        ring.tidy(500);
        assert_eq!(ids(&ring), std::slice::from_ref(&new_id));
        assert_eq!(ring.root(), "root");
        assert!(ring.signer(Algorithm::Rs256, 500).is_none());
        let before = ring.signer(Algorithm::EdDsa, 50).unwrap();
        assert_eq!(before.public.id, new_id, "a clock that went back");
    }

    #[test]
    fn a_key_of_one_algorithm_replaces_none_of_the_other() {
        let mut ring = Keyring::new("root");
        ring.add(entry(0));
        let rsa = Entry::own(Algorithm::Rs256, super::super::rsa::generate().unwrap(), 10).unwrap();
        ring.add(rsa);
        ring.tidy(1000);
        assert_eq!(ring.entries().len(), 2);
        assert_eq!(ring.replaced_at(&ring.entries()[0]), None);
        let mut again = Keyring::from_json(&ring.to_json()).unwrap();
        again.tidy(1000);
        let algorithms = [Algorithm::EdDsa, Algorithm::Rs256];
        for algorithm in algorithms {
            let signer = again.signer(algorithm, 1000).unwrap();
            assert_eq!(signer.public.algorithm, algorithm);
        }
    }

    #[test]
    fn a_broken_file_is_said() {
        for text in [
            "",
            "{}",
            r#"{"root":"a","keys":[{"algorithm":"none","public":"","signs_from":0,"horizon":0}]}"#,
        ] {
            assert!(Keyring::from_json(text.as_bytes()).is_err(), "{text}");
        }
    }
}
