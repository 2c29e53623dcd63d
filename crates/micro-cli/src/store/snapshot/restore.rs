//! Writing a snapshot back, and looking whether all of it is there then.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use micro_proto::snapshot::{Item, Snapshot as _, SnapshotClient};
use micro_rpc::futures_util::stream;
use micro_rpc::{Context, Error, Streaming};
use serde_json::json;

use super::checksum::{Kind, Place, Tally, Thing};
use super::file::Checked;
use super::progress::Progress;
use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::Session;

/// So many of what is missing are named.
const NAMED: usize = 10;

/// What a snapshot holds.
struct Held {
    marks: HashSet<(Kind, [u8; 16])>,
    tally: Tally,
}

/// Checks the whole file, writes what is in it, and reads it back. What has expired since is left out.
pub async fn restore(session: &Session, path: &Path, form: Output) -> Result<()> {
    let file = Checked::open(path)?;
    let snapshot = SnapshotClient::with_name(&session.client, "store");
    let broken = Arc::new(Mutex::new(None));
    let told = snapshot
        .restore(&Context::background(), sent(&file, broken.clone())?)
        .await;
    // Why the file could not be read says more than that the stream broke off.
    if let Some(failure) = broken.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(failure);
    }
    let told = told?;
    // After it: what has expired meanwhile is not looked for.
    let held = held(&file)?;
    let mut missing = held.marks;
    let (mut there, mut beside, mut place, mut progress) = (
        Tally::default(),
        Tally::default(),
        Place::default(),
        Progress::new(),
    );
    let mut items = snapshot.save(&Context::background(), file.of.clone()).await?;
    while let Some(item) = items.next().await {
        place.things(&item?, |thing| match missing.remove(&thing.mark()) {
            true => there.add(&thing),
            false => beside.add(&thing),
        });
        progress.tell(&there);
    }
    drop(progress);
    if !missing.is_empty() {
        return Err(incomplete(&file, &missing)?);
    }
    if there.checksum() != held.tally.checksum() {
        let text = format!("all of {} is there, but in another order", path.display());
        return Err(Failure::new(1, text)
            .with_hint("some of its events were there before: restore into a platform without them"));
    }
    if matches!(form, Output::Json) {
        let counts = (there.counts(), beside.counts());
        return print_json(&json!({
            "restored": counts.0,
            "new_events": told.events,
            "beside": counts.1,
            "checksum": there.checksum(),
        }));
    }
    output::line(&format!(
        "{there} restored from {}\nchecksum {} as in the snapshot",
        path.display(),
        there.checksum()
    ))?;
    if !beside.is_empty() {
        output::line(&format!(
            "beside {beside} that were there, or have come since, and are not in it"
        ))?;
    }
    Ok(())
}

/// The items as they are read; what is wrong with the file is left in `broken`.
fn sent(file: &Checked, broken: Arc<Mutex<Option<Failure>>>) -> Result<Streaming<Item>> {
    let items = file.items()?.map(move |item| {
        item.map_err(|failure| {
            let error = Error::bad_request("micro", failure.text.clone());
            *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            error
        })
    });
    Ok(Streaming::new(stream::iter(items)))
}

fn each(file: &Checked, mut see: impl FnMut(Thing)) -> Result<()> {
    let mut place = Place::default();
    for item in file.items()? {
        place.things(&item?, &mut see);
    }
    Ok(())
}

fn held(file: &Checked) -> Result<Held> {
    let mut held = Held {
        marks: HashSet::new(),
        tally: Tally::default(),
    };
    each(file, |thing| {
        if !thing.has_expired() {
            held.tally.add(&thing);
            held.marks.insert(thing.mark());
        }
    })?;
    Ok(held)
}

/// Says what is not there, unless it has expired meanwhile.
fn incomplete(file: &Checked, missing: &HashSet<(Kind, [u8; 16])>) -> Result<Failure> {
    let mut names = Vec::new();
    each(file, |thing| {
        if missing.contains(&thing.mark()) && !thing.has_expired() {
            names.push(thing.name);
        }
    })?;
    let count = names.len();
    names.truncate(NAMED);
    let more = match count.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    let text = format!(
        "{count} of what was restored are not there as they were in the snapshot:\n  {}{more}",
        names.join("\n  ")
    );
    let hint = "services that run have changed them, or another restored at the same time: stop those, then restore again";
    Ok(Failure::new(1, text).with_hint(hint))
}
