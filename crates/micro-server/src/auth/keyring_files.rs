//! The ring of keys in files of this machine, where one server is the whole platform.

use std::io;
use std::path::{Path, PathBuf};

use micro::auth::jwt::Algorithm;

use super::issuer::LONGEST_LIFE;
use super::key::Root;
use super::keyring::{Entry, Keyring};
use super::rsa_files::{RsaFiles, RsaPair};
use super::{issuer, private_file};

/// Where keys are kept.
#[derive(Clone, Debug)]
pub(super) struct KeyringFiles {
    ring: PathBuf,
    rsa: RsaFiles,
}

impl KeyringFiles {
    /// Reads the keys, or makes the first one. Blocks.
    pub fn open(
        key_file: &Path,
        home: &Path,
        given: &RsaPair,
        now: i64,
    ) -> io::Result<(KeyringFiles, Root, Keyring)> {
        let root = Root::load(key_file)?;
        let files = KeyringFiles {
            ring: key_file.with_file_name("auth.keys.json"),
            rsa: RsaFiles::of(home),
        };
        // A key file that was replaced ends all that the old one began.
        let kept = files.read()?.filter(|ring| ring.root() == root.id);
        let mut ring = kept.map_or_else(|| first(&root, now), Ok)?;
        let rsa = match given.read()? {
            Some(key) => Some(Entry::given(key, now)),
            None => files.rsa.entry(now)?,
        };
        if let Some(entry) = rsa {
            // What it has signed elsewhere is not known.
            ring.add(entry.with_horizon(now + LONGEST_LIFE));
        }
        ring.tidy(now);
        files.save_now(&ring)?;
        Ok((files, root, ring))
    }

    /// Keeps the ring.
    pub async fn save(&self, ring: Keyring) -> io::Result<()> {
        let files = self.clone();
        issuer::blocking(move || files.save_now(&ring)).await
    }

    fn read(&self) -> io::Result<Option<Keyring>> {
        let kept = private_file::read_if_any(&self.ring)?;
        let kept = kept.as_deref().map(Keyring::from_json).transpose();
        kept.map_err(|error| {
            let path = self.ring.display();
            let hint = "put it back from a copy, or move it away to sign with the first key again";
            io::Error::new(
                error.kind(),
                format!("{path} is no ring of keys: {error}; {hint}"),
            )
        })
    }

    /// The ring is what counts; the RSA files follow it.
    fn save_now(&self, ring: &Keyring) -> io::Result<()> {
        let json = ring.to_json();
        if private_file::read_if_any(&self.ring)?.as_deref() != Some(&json) {
            private_file::replace(&self.ring, &json)?;
        }
        match ring.newest(Algorithm::Rs256) {
            Some(newest) => newest
                .document()
                .map_or(Ok(()), |document| self.rsa.write(document, &newest.public.bytes)),
            None => Ok(()),
        }
    }
}

/// The ring of a platform that has never rotated a key.
pub(super) fn first(root: &Root, now: i64) -> io::Result<Keyring> {
    let entry = Entry::own(Algorithm::EdDsa, root.document.clone(), 0).map_err(io::Error::other)?;
    let mut ring = Keyring::new(&root.id);
    // What it signed before there was a ring is not known, except that it ends within the longest life.
    ring.add(entry.with_horizon(if root.was_there { now + LONGEST_LIFE } else { now }));
    Ok(ring)
}
