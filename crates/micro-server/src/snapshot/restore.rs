//! Writing back what was sent.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use micro::events::{DeadLetter, Draft, Event, Start};
use micro::store::{Change, Record, Scope};
use micro_proto::snapshot::item::Part;
use micro_proto::snapshot::{Item, Origin, Records, RestoreResponse};
use micro_rpc::{Error, Result};

use super::incoming::Incoming;
use super::{LETTERS, RESTORE, Shared, namespace, own};

/// Events of a topic that are looked at together.
const PAGE: usize = 200;

pub(super) struct Restore<'a> {
    shared: &'a Shared,
    blob: Option<Incoming>,
    topic: Option<Topic>,
    told: RestoreResponse,
}

/// The topic whose events come.
struct Topic {
    namespace: String,
    name: String,
    /// Where events are that are here already, or were written now.
    places: HashMap<String, u64>,
    /// What groups have given up here: the group and the event's id.
    buried: HashSet<(String, String)>,
    /// The groups for which the next event is the first.
    groups: Vec<String>,
}

impl<'a> Restore<'a> {
    pub fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            blob: None,
            topic: None,
            told: RestoreResponse::default(),
        }
    }

    pub async fn take(&mut self, item: Item) -> Result<()> {
        let Some(part) = item.part else {
            return Err(wrong("an item has nothing in it"));
        };
        if !matches!(part, Part::Piece(_)) {
            self.end_blob().await?;
        }
        if matches!(part, Part::Origin(_) | Part::Records(_) | Part::Blob(_)) {
            self.end_topic().await?;
        }
        match part {
            Part::Origin(origin) => self.origin(&origin),
            Part::Records(records) => self.records(records).await,
            Part::Blob(blob) => {
                self.blob = Some(Incoming::begin(self.shared, blob)?);
                Ok(())
            }
            Part::Piece(piece) => match &self.blob {
                Some(blob) => blob.take(piece).await,
                None => Err(wrong("a piece belongs to no blob")),
            },
            Part::Topic(topic) => {
                self.end_topic().await?;
                namespace::named(&topic.namespace, "", RESTORE)?;
                self.topic = Some(Topic::open(self.shared, topic.namespace, topic.name).await?);
                Ok(())
            }
            Part::Events(events) => {
                let topic = self.topic.as_mut().ok_or_else(homeless)?;
                for event in events.events {
                    self.told.events += u64::from(topic.event(self.shared, event).await?);
                }
                Ok(())
            }
            Part::Group(group) => {
                self.topic.as_mut().ok_or_else(homeless)?.groups.push(group);
                Ok(())
            }
            Part::Letter(letter) => {
                let topic = self.topic.as_mut().ok_or_else(homeless)?;
                topic.letter(self.shared, letter).await
            }
        }
    }

    pub async fn finish(mut self) -> Result<RestoreResponse> {
        self.end_blob().await?;
        self.end_topic().await?;
        Ok(self.told)
    }

    fn origin(&self, origin: &Origin) -> Result<()> {
        if origin.sealed_with.is_empty() || origin.sealed_with == self.shared.sealed_with {
            return Ok(());
        }
        let detail = "the secret settings in it are sealed with another key than this server has, and could not be read here: \
             start the servers with that of the server it is from, its ~/.micro/config_secret_key or MICRO_SECRET_KEY, \
             as MICRO_CONFIG_SECRET_KEY; nothing was written";
        Err(Error::new(RESTORE, 412, detail))
    }

    async fn end_blob(&mut self) -> Result<()> {
        if let Some(blob) = self.blob.take() {
            blob.end().await?;
            self.told.blobs += 1;
        }
        Ok(())
    }

    async fn end_topic(&mut self) -> Result<()> {
        match &mut self.topic {
            Some(topic) => topic.place_groups(self.shared, Start::Now).await?,
            None => return Ok(()),
        }
        self.topic = None;
        Ok(())
    }

    async fn records(&mut self, records: Records) -> Result<()> {
        let is_own = records.database == own::database();
        if records.database.is_empty() {
            return Err(wrong("records belong to no database"));
        }
        if !is_own {
            namespace::named(&records.database, "", RESTORE)?;
        }
        let now = SystemTime::now();
        let mut changes = Vec::with_capacity(records.records.len());
        for record in records.records.into_iter().map(Record::from) {
            if is_own && !own::may_be_written(&records.table, &record) {
                return Err(wrong("a record is the servers' own and cannot be written"));
            }
            if record.expires_at.is_none_or(|at| at > now) {
                changes.push(Change::Put(record));
            }
        }
        let count = changes.len() as u64;
        let scope = Scope::new(records.database, records.table);
        self.shared.store.commit(&scope, changes).await?;
        self.told.records += count;
        Ok(())
    }
}

impl Topic {
    async fn open(shared: &Shared, namespace: String, name: String) -> Result<Self> {
        let mut topic = Self {
            places: HashMap::new(),
            buried: HashSet::new(),
            groups: Vec::new(),
            namespace,
            name,
        };
        let (namespace, name) = (&topic.namespace, &topic.name);
        let mut position = 0;
        loop {
            let page = shared.events.read_after(namespace, name, position, PAGE).await?;
            let Some(last) = page.last() else { break };
            position = last.position;
            let places = page.into_iter().map(|event| (event.id, event.position));
            topic.places.extend(places);
        }
        for letter in shared.events.dead_letters(namespace, name, "", LETTERS).await? {
            let event = letter.event.unwrap_or_default();
            topic.buried.insert((letter.group, event.id));
        }
        Ok(topic)
    }

    /// Whether it was not here yet.
    async fn event(&mut self, shared: &Shared, event: Event) -> Result<bool> {
        let (position, is_new) = match self.places.get(&event.id) {
            Some(position) => (*position, false),
            None => {
                let draft = Draft {
                    topic: self.name.clone(),
                    id: event.id.clone(),
                    metadata: event.metadata,
                    payload: event.payload,
                    timestamp: event.timestamp,
                };
                let published = shared.events.publish(&self.namespace, draft).await?;
                self.places.insert(event.id, published.position);
                (published.position, true)
            }
        };
        self.place_groups(shared, Start::Position(position)).await?;
        Ok(is_new)
    }

    async fn place_groups(&mut self, shared: &Shared, start: Start) -> Result<()> {
        for group in std::mem::take(&mut self.groups) {
            let placed = shared
                .events
                .create_group(&self.namespace, &self.name, &group, start);
            placed.await?;
        }
        Ok(())
    }

    async fn letter(&mut self, shared: &Shared, mut letter: DeadLetter) -> Result<()> {
        let Some(event) = &mut letter.event else {
            return Err(wrong("a dead letter has no event"));
        };
        if !self.buried.insert((letter.group.clone(), event.id.clone())) {
            return Ok(());
        }
        event.position = self.places.get(&event.id).copied().unwrap_or(0);
        shared
            .events
            .keep_dead_letter(&self.namespace, &self.name, letter)
            .await
    }
}

fn homeless() -> Error {
    wrong("events belong to no topic")
}

fn wrong(what: &str) -> Error {
    Error::bad_request(RESTORE, format!("it is no snapshot: {what}"))
}
