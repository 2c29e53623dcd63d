//! Which drivers the platform stands on. The one file that knows the list.

use std::path::Path;
use std::sync::Arc;

use micro::registry::{self, Registry};
use micro::store::Store;

use super::server::Error;

/// The drivers of a platform, chosen by name at start.
pub struct Profile {
    /// Records on disk, or in a database.
    pub store: Arc<dyn Store>,
    /// Which services run where.
    pub registry: Arc<dyn Registry>,
}

/// The names that [`Profile::open`] knows.
const KNOWN: &[&str] = &["local"];

impl Profile {
    /// Opens the drivers of a profile, with their state below `folder`.
    pub async fn open(name: &str, folder: &Path) -> Result<Self, Error> {
        match name {
            // `server` is what the interfaces of version 3 call the same.
            "" | "local" | "server" => local(folder).await,
            other => Err(Error::Profile {
                name: other.to_owned(),
                known: KNOWN.join(", "),
            }),
        }
    }
}

async fn local(folder: &Path) -> Result<Profile, Error> {
    let path = folder.join("store");
    let opened = tokio::task::spawn_blocking(move || micro_local::Store::open(path)).await;
    let store = match opened {
        Ok(store) => store.map_err(|source| Error::Store { source })?,
        Err(stopped) => {
            return Err(Error::Part {
                name: "store",
                source: Box::new(stopped),
            });
        }
    };
    Ok(Profile {
        store: Arc::new(store),
        registry: Arc::new(registry::Memory::new()),
    })
}
