//! What of a snapshot is counted and compared.
//!
//! Left out is what differs from system to system: versions of records, positions of events, when a blob was written.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use micro_proto::events::{DeadLetter, Event};
use micro_proto::snapshot::item::Part;
use micro_proto::snapshot::{Blob, Item, Records, Topic};
use micro_proto::store::Record;
use ring::digest::{Context, Digest, SHA256, digest};

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Record,
    Blob,
    Event,
    Letter,
}

const KINDS: [(Kind, &str, &str); 4] = [
    (Kind::Record, "records", "record"),
    (Kind::Blob, "blobs", "blob"),
    (Kind::Event, "events", "event"),
    (Kind::Letter, "dead letters", "dead letter"),
];

/// One record, blob, event or dead letter.
pub struct Thing {
    pub kind: Kind,
    /// Of all that is compared.
    hash: Digest,
    /// For people.
    pub name: String,
    /// When it is gone by itself.
    expires_at: Option<u64>,
}

impl Thing {
    /// Tells it from all others.
    pub fn mark(&self) -> (Kind, [u8; 16]) {
        let mut mark = [0; 16];
        mark.copy_from_slice(&self.hash.as_ref()[..16]);
        (self.kind, mark)
    }

    pub fn has_expired(&self) -> bool {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        self.expires_at.is_some_and(|at| u128::from(at) <= now)
    }
}

/// Which topic events are of.
#[derive(Default)]
pub struct Place(Topic);

impl Place {
    /// Hands out what is in an item.
    pub fn things(&mut self, item: &Item, mut see: impl FnMut(Thing)) {
        match &item.part {
            Some(Part::Records(records)) => {
                for record in &records.records {
                    see(of_record(records, record));
                }
            }
            Some(Part::Blob(blob)) => see(of_blob(blob)),
            Some(Part::Topic(topic)) => self.0 = topic.clone(),
            Some(Part::Events(events)) => events
                .events
                .iter()
                .for_each(|event| see(of_event(&self.0, event))),
            Some(Part::Letter(letter)) => see(of_letter(&self.0, letter)),
            Some(Part::Origin(_) | Part::Piece(_) | Part::Group(_)) | None => {}
        }
    }
}

/// Each field with its length before it, so that no two become one.
struct Fields(Context);

impl Fields {
    fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    fn text(mut self, field: impl AsRef<[u8]>) -> Self {
        let field = field.as_ref();
        self.0.update(&(field.len() as u64).to_be_bytes());
        self.0.update(field);
        self
    }

    fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_be_bytes());
        self
    }

    fn map<'a>(self, map: impl ExactSizeIterator<Item = (&'a String, &'a String)>) -> Self {
        let count = i64::try_from(map.len()).unwrap_or(i64::MAX);
        map.fold(self.number(count), |fields, (name, value)| {
            fields.text(name).text(value)
        })
    }
}

fn of_record(records: &Records, record: &Record) -> Thing {
    let metadata = record.metadata.iter().map(|(name, field)| (name, &field.value));
    let fields = Fields::new()
        .text(&records.database)
        .text(&records.table)
        .text(&record.key)
        .text(&record.value)
        .map(metadata)
        .number(record.expires_at);
    Thing {
        kind: Kind::Record,
        hash: fields.0.finish(),
        name: format!("{} of {} in {}", record.key, records.table, records.database),
        expires_at: u64::try_from(record.expires_at).ok().filter(|at| *at > 0),
    }
}

fn of_blob(blob: &Blob) -> Thing {
    let info = blob.info.clone().unwrap_or_default();
    // The server says nothing else of a blob than what its bytes are.
    let fields = Fields::new()
        .text(&blob.namespace)
        .text(&info.key)
        .text(&info.sha256)
        .text(&info.content_type)
        .number(i64::from(info.public))
        .number(i64::try_from(info.size).unwrap_or(i64::MAX));
    Thing {
        kind: Kind::Blob,
        hash: fields.0.finish(),
        name: format!("{} in {}", info.key, blob.namespace),
        expires_at: None,
    }
}

fn event(fields: Fields, topic: &Topic, event: &Event) -> Fields {
    fields
        .text(&topic.namespace)
        .text(&topic.name)
        .text(&event.id)
        .text(&event.payload)
        .map(event.metadata.iter())
        .number(event.timestamp)
}

fn of_event(topic: &Topic, of: &Event) -> Thing {
    Thing {
        kind: Kind::Event,
        hash: event(Fields::new(), topic, of).0.finish(),
        name: format!("{} of {} in {}", of.id, topic.name, topic.namespace),
        expires_at: None,
    }
}

fn of_letter(topic: &Topic, letter: &DeadLetter) -> Thing {
    let of = letter.event.clone().unwrap_or_default();
    let fields = event(Fields::new().text(&letter.group), topic, &of).number(letter.died);
    Thing {
        kind: Kind::Letter,
        hash: fields.0.finish(),
        name: format!(
            "{} of {} in {} for {}",
            of.id, topic.name, topic.namespace, letter.group
        ),
        expires_at: None,
    }
}

/// How many there are of each kind, and a checksum over them in their order.
#[derive(Clone, Default)]
pub struct Tally([Sum; KINDS.len()]);

#[derive(Clone)]
struct Sum {
    count: u64,
    digest: Context,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            count: 0,
            digest: Context::new(&SHA256),
        }
    }
}

impl Tally {
    pub fn add(&mut self, thing: &Thing) {
        let sum = &mut self.0[thing.kind as usize];
        sum.count += 1;
        sum.digest.update(thing.hash.as_ref());
    }

    /// Of all kinds, in hexadecimal.
    pub fn checksum(&self) -> String {
        let sums: Vec<u8> = self
            .0
            .iter()
            .flat_map(|sum| sum.digest.clone().finish().as_ref().to_vec())
            .collect();
        hex(digest(&SHA256, &sums).as_ref())
    }

    pub fn counts(&self) -> serde_json::Value {
        KINDS
            .iter()
            .map(|(kind, several, _)| {
                let count = serde_json::Value::from(self.0[*kind as usize].count);
                (several.replace(' ', "_"), count)
            })
            .collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|sum| sum.count == 0)
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<_> = KINDS
            .iter()
            .map(|(kind, several, one)| (self.0[*kind as usize].count, several, one))
            .filter(|(count, ..)| *count > 0)
            .map(|(count, several, one)| format!("{count} {}", if count == 1 { one } else { several }))
            .collect();
        match told.split_last() {
            None => f.write_str("0 records"),
            Some((last, [])) => f.write_str(last),
            Some((last, others)) => write!(f, "{} and {last}", others.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use micro_proto::snapshot::Events;
    use micro_proto::store::BlobInfo;

    use super::*;

    fn sum(parts: impl IntoIterator<Item = Part>) -> (String, String) {
        let (mut tally, mut place) = (Tally::default(), Place::default());
        for part in parts {
            place.things(&Item { part: Some(part) }, |thing| tally.add(&thing));
        }
        (tally.to_string(), tally.checksum())
    }

    fn records(key: &str, value: &'static str, version: u64) -> Part {
        let record = Record {
            key: key.to_owned(),
            value: value.into(),
            version,
            ..Record::default()
        };
        Part::Records(Records {
            database: "micro".to_owned(),
            table: "user".to_owned(),
            records: vec![record],
        })
    }

    fn events(ids: &[&str], position: u64) -> Part {
        let event = |id: &&str| Event {
            id: (*id).to_owned(),
            position,
            ..Event::default()
        };
        let events = ids.iter().map(event).collect();
        Part::Events(Events { events })
    }

    #[test]
    fn what_systems_differ_in_does_not_count_and_all_else_does() {
        let blob = |modified, sha256: &str| {
            let info = BlobInfo {
                key: "a".to_owned(),
                sha256: sha256.to_owned(),
                modified,
                ..BlobInfo::default()
            };
            Part::Blob(Blob {
                namespace: "micro".to_owned(),
                info: Some(info),
            })
        };
        let same = [
            [records("a", "1", 1), blob(1, "x"), events(&["1", "2"], 1)],
            [records("a", "1", 2), blob(2, "x"), events(&["1", "2"], 7)],
        ];
        let [one, other] = same.map(sum);
        assert_eq!(one, other);
        assert_eq!(one.0, "1 record, 1 blob and 2 events");
        let different = [
            vec![records("b", "1", 1), blob(1, "x"), events(&["1", "2"], 1)],
            vec![records("a", "2", 1), blob(1, "x"), events(&["1", "2"], 1)],
            vec![records("a", "1", 1), blob(1, "y"), events(&["1", "2"], 1)],
            vec![records("a", "1", 1), blob(1, "x"), events(&["2", "1"], 1)],
            vec![records("a", "1", 1), blob(1, "x"), events(&["12"], 1)],
        ];
        for parts in different {
            assert_ne!(sum(parts).1, one.1);
        }
    }

    #[test]
    fn how_many_come_at_once_does_not_count() {
        let apart = sum([events(&["1"], 1), events(&["2"], 2)]);
        assert_eq!(sum([events(&["1", "2"], 1)]), apart);
        assert_eq!(sum([]).0, "0 records");
        assert_eq!(sum([records("a", "", 1)]).0, "1 record");
    }
}
