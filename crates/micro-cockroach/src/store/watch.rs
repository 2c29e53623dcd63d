//! Those of this process who watch, and what they are told.
//!
//! A scope that somebody watches says so in its row for a minute, renewed while the watch lasts, and whoever commits reads that under the
//! scope's lock: so from the moment at which a watch is answered each commit of each process is logged. A place in the log
//! follows the one before without a gap; where there is one all the same (the log was trimmed, or a process was away for longer than the
//! minute), who watches is told that something was missed instead of missing it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use micro::Streaming;
use micro::futures_util::stream;
use micro::store::{Error, Event, Record};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Sender};
use tokio_postgres::Row;

use super::encoding::{parse_metadata, text, time, version};
use crate::connection::Connection;

/// Values up to here are written into the log; larger ones are looked up.
pub const INLINE: usize = 64 * 1024;

/// So many changes may wait for a watcher.
const BEHIND: usize = 1024;

/// Rows of the log that are read at once, as the statement says.
const PAGE: usize = 500;

/// What a row of the log tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A commit that was refused.
    Nothing = 0,
    Put = 1,
    /// A value that is not in the log.
    Large = 2,
    Removed = 3,
}

/// A revision, and a change of it.
type Place = (i64, i64);

#[derive(Default)]
pub struct Hub {
    scopes: Mutex<HashMap<Vec<u8>, Vec<Listener>>>,
    wake: Notify,
}

struct Listener {
    prefix: String,
    /// The last change that it was told of, or that is none of its business.
    told: Place,
    events: Sender<Event>,
}

/// A row of the log.
struct Change {
    place: Place,
    key: String,
    /// None where there is nothing to tell, or not any more.
    event: Option<Event>,
}

impl Hub {
    /// What is committed after a revision.
    pub fn listen(&self, scope: Vec<u8>, prefix: &str, revision: i64) -> Streaming<Event> {
        let (events, waiting) = mpsc::channel(BEHIND);
        let listener = Listener {
            prefix: prefix.to_owned(),
            told: (revision, i64::MAX),
            events,
        };
        self.lock().entry(scope).or_default().push(listener);
        self.wake();
        Streaming::new(stream::unfold(Some(waiting), |waiting| async move {
            let mut waiting = waiting?;
            match waiting.recv().await {
                Some(event) => Some((Ok(event), Some(waiting))),
                None => Some((Err(behind().into()), None)),
            }
        }))
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// There may be something to tell.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Asks the database what is new, and tells it. Also where nobody watches it asks something.
    pub async fn poll(&self, on: &Connection, watch_on: bool) -> Result<(), tokio_postgres::Error> {
        let places = self.places();
        let names: Vec<&[u8]> = places.keys().map(|name| &name[..]).collect();
        if watch_on && !names.is_empty() {
            on.client.execute(&on.statements.watch_on, &[&names]).await?;
        }
        for row in on.client.query(&on.statements.revisions, &[&names]).await? {
            let (name, revision): (&[u8], i64) = (row.get(0), row.get(1));
            if let Some(&place) = places.get(name).filter(|place| place.0 < revision) {
                self.catch_up(on, name, place, revision).await?;
            }
        }
        Ok(())
    }

    async fn catch_up(
        &self,
        on: &Connection,
        name: &[u8],
        mut place: Place,
        revision: i64,
    ) -> Result<(), tokio_postgres::Error> {
        loop {
            let rows = on
                .client
                .query(&on.statements.changes, &[&name, &place.0, &place.1])
                .await?;
            let changes: Vec<Change> = rows.iter().filter_map(change).collect();
            self.tell(name, &changes);
            if let Some(last) = changes.last().filter(|_| rows.len() == PAGE) {
                place = last.place;
                continue;
            }
            let end = changes.last().map_or(place, |last| last.place);
            if end.0 < revision {
                self.lose(name, revision);
            }
            return Ok(());
        }
    }

    /// From where on each scope is to be read; who does not listen any more is forgotten.
    fn places(&self) -> HashMap<Vec<u8>, Place> {
        let mut scopes = self.lock();
        scopes.retain(|_, listeners| {
            listeners.retain(|listener| !listener.events.is_closed());
            !listeners.is_empty()
        });
        let first = |listeners: &Vec<Listener>| listeners.iter().map(|listener| listener.told).min();
        scopes
            .iter()
            .filter_map(|(name, listeners)| Some((name.clone(), first(listeners)?)))
            .collect()
    }

    fn tell(&self, name: &[u8], changes: &[Change]) {
        if let Some(listeners) = self.lock().get_mut(name) {
            listeners.retain_mut(|listener| changes.iter().all(|change| listener.take(change)));
        }
    }

    /// The log ends before this revision: who has not heard of it never will.
    fn lose(&self, name: &[u8], revision: i64) {
        if let Some(listeners) = self.lock().get_mut(name) {
            listeners.retain(|listener| listener.told.0 >= revision);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<Listener>>> {
        // The lists are whole after each of the calls above.
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Whether it is still there, and has missed nothing.
    fn take(&mut self, change: &Change) -> bool {
        if change.place <= self.told {
            return true;
        }
        let (told, next) = (self.told.0, change.place.0);
        if next != told && next != told + 1 {
            return false;
        }
        self.told = change.place;
        match &change.event {
            Some(event) if change.key.starts_with(&self.prefix) => {
                self.events.try_send(event.clone()).is_ok()
            }
            _ => true,
        }
    }
}

/// None for a row that nobody of us has written.
fn change(row: &Row) -> Option<Change> {
    let (place, kind): (Place, i64) = ((row.get(0), row.get(1)), row.get(2));
    let key = text(row.get(3)).ok()?;
    let event = |record| {
        Some(Event {
            key: key.clone(),
            record,
        })
    };
    let event = match kind {
        kind if kind == Kind::Removed as i64 => event(None),
        kind if kind == Kind::Put as i64 || kind == Kind::Large as i64 => {
            match row.get::<_, Option<&[u8]>>(4) {
                Some(value) => {
                    let expires_at: Option<i64> = row.get(6);
                    let record = Record {
                        key: key.clone(),
                        value: value.to_vec().into(),
                        metadata: parse_metadata(row.get(5)).ok()?,
                        expires_at: expires_at.map(time),
                        version: version(place.0),
                    };
                    event(Some(record).filter(|record| !record.is_expired(SystemTime::now())))
                }
                // It has been written since: that is told next.
                None => None,
            }
        }
        _ => None,
    };
    Some(Change { place, key, event })
}

fn behind() -> Error {
    Error::unavailable(
        "the watcher fell behind, or the store was closed: watch again, and read what was missed",
    )
}
