//! All that a platform keeps in a file, and back.
//!
//! Lines of JSON: a head that names the format and what was asked for, a line for each message of the contract `Snapshot`, and a tail with
//! the SHA-256 of all bytes before it, so that a file that was cut or changed is refused before anything is written. It says nothing of
//! the systems that keep it all, so it may be written back on others.

mod checksum;
mod file;
mod progress;
mod restore;

use std::path::Path;

use micro_proto::snapshot::{SaveRequest, Snapshot as _, SnapshotClient};
use micro_rpc::Context;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::Session;
use checksum::{Place, Tally};
use file::Writer;
use progress::Progress;
pub use restore::restore;

/// Writes the snapshot beside the file and puts it in its place when it is whole.
pub async fn save(session: &Session, path: &Path, wanted: SaveRequest, form: Output) -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut writer = Writer::create(path, &wanted)?;
    let tally = tokio::select! {
        saved = write(session, wanted, &mut writer) => saved?,
        _ = interrupt.recv() => return Err(stopped(path)),
        _ = terminate.recv() => return Err(stopped(path)),
    };
    writer.finish(&tally)?;
    if matches!(form, Output::Json) {
        return print_json(&json!({ "file": path, "holds": tally.counts(), "checksum": tally.checksum() }));
    }
    output::line(&format!(
        "{tally} saved to {}\nchecksum {}",
        path.display(),
        tally.checksum()
    ))
}

fn stopped(path: &Path) -> Failure {
    Failure::new(130, format!("stopped: {} is as it was", path.display()))
}

async fn write(session: &Session, wanted: SaveRequest, writer: &mut Writer) -> Result<Tally> {
    let snapshot = SnapshotClient::with_name(&session.client, "store");
    let mut items = snapshot.save(&Context::background(), wanted).await?;
    let (mut tally, mut place, mut progress) = (Tally::default(), Place::default(), Progress::new());
    while let Some(item) = items.next().await {
        let item = item?;
        writer.item(&item)?;
        place.things(&item, |thing| tally.add(&thing));
        progress.tell(&tally);
        // Items that come as fast as they are written would let nobody else have a turn: not whoever stops it.
        tokio::task::consume_budget().await;
    }
    Ok(tally)
}
