//! All that a platform keeps, sent and written back: for backups, and to move it from one profile to another.
//!
//! Read and written beneath the other services, at the drivers: what the platform keeps for itself is reached by no other request, and
//! events keep who caused them. How a driver keeps blobs and events is not sent, since another keeps them in its own way.

mod incoming;
mod own;
mod restore;
mod save;
#[cfg(test)]
mod tests;
mod topics;

use std::sync::Arc;

use micro::store::Store;
use micro::{blob, events};
use micro_proto::snapshot as proto;
use micro_proto::snapshot::{Item, RestoreResponse, SaveRequest};
use micro_rpc::{Context, Error, Result, Streaming};

use crate::config::ConfigHandler;
use crate::drain::Draining;
use crate::namespace::{self, PLATFORM};
use crate::profile::Profile;
use restore::Restore;
use save::Save;

const SAVE: &str = "store.Snapshot.Save";
const RESTORE: &str = "store.Snapshot.Restore";

/// Dead letters of a topic, more than anybody looks at: what groups give up is rare.
const LETTERS: usize = 1_000_000;

/// Answers the contract `Snapshot` from the drivers.
pub struct SnapshotHandler(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    blobs: Arc<dyn blob::Holdings>,
    events: Arc<dyn events::Holdings>,
    /// Tells with which key secrets are sealed.
    sealed_with: String,
    version: String,
    draining: Draining,
}

impl SnapshotHandler {
    /// Over the drivers of a profile; `settings` have the key of secrets.
    pub fn new(profile: &Profile, settings: &ConfigHandler, version: &str, draining: Draining) -> Self {
        Self(Arc::new(Shared {
            store: profile.store.clone(),
            blobs: profile.blobs.clone(),
            events: profile.events.clone(),
            sealed_with: settings.fingerprint(),
            version: version.to_owned(),
            draining,
        }))
    }
}

/// Lets people pass who administrate the platform. Services of the platform may do much, but this is everything that everybody has.
fn authorize(ctx: &Context, id: &str) -> Result<()> {
    namespace::authorize_admin(ctx, PLATFORM, id)?;
    let is_person = ctx.account().is_some_and(|account| account.kind == "user");
    is_person.then_some(()).ok_or_else(|| {
        Error::forbidden(
            id,
            "only a person who administrates the platform may: log in with `micro login`",
        )
    })
}

/// The same error, of this call.
fn of_call(error: impl Into<Error>, id: &str) -> Error {
    Error {
        id: id.to_owned(),
        ..error.into()
    }
}

#[micro_rpc::async_trait]
impl proto::Snapshot for SnapshotHandler {
    async fn save(&self, ctx: &Context, request: SaveRequest) -> Result<Streaming<Item>> {
        authorize(ctx, SAVE)?;
        if !request.namespace.is_empty() {
            namespace::named(&request.namespace, "", SAVE)?;
        }
        Ok(Save::start(self.0.clone(), request))
    }

    async fn restore(&self, ctx: &Context, mut items: Streaming<Item>) -> Result<RestoreResponse> {
        authorize(ctx, RESTORE)?;
        let mut restore = Restore::new(&self.0);
        while let Some(item) = items.next().await {
            let taken = match item {
                Ok(item) => restore.take(item).await,
                Err(broken) => Err(broken),
            };
            taken.map_err(|error| of_call(error, RESTORE))?;
        }
        restore.finish().await.map_err(|error| of_call(error, RESTORE))
    }
}
