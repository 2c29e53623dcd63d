//! Streams.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Failure, optional};
use crate::Connection;

/// A stream as it is wanted: on disk, limited by age alone.
pub(crate) struct StreamConfig<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub subjects: String,
    pub replicas: usize,
    /// Zero is without end.
    pub age: Duration,
    /// Whether only the last message of each subject is kept.
    pub is_latest_only: bool,
}

#[derive(Deserialize)]
pub(crate) struct StreamInfo {
    config: Map<String, Value>,
    #[serde(default)]
    pub state: StreamState,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct StreamState {
    pub messages: u64,
    #[serde(rename = "first_seq")]
    pub first: u64,
    #[serde(rename = "last_seq")]
    pub last: u64,
    /// Those that were asked for, and how many messages each has.
    pub subjects: Option<BTreeMap<String, u64>>,
}

#[derive(Deserialize)]
struct Page {
    total: usize,
    streams: Option<Vec<StreamInfo>>,
}

fn nanoseconds(age: Duration) -> u64 {
    u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)
}

/// How long JetStream remembers ids of messages: two minutes by itself, and no longer than it keeps the messages.
fn window(age: Duration) -> u64 {
    const WINDOW: Duration = Duration::from_secs(120);
    nanoseconds(if age.is_zero() { WINDOW } else { age.min(WINDOW) })
}

impl StreamConfig<'_> {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "subjects": [self.subjects],
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "num_replicas": self.replicas,
            "max_age": nanoseconds(self.age),
            "duplicate_window": window(self.age),
            "max_msgs_per_subject": if self.is_latest_only { 1 } else { -1 },
            "max_msgs": -1,
            "max_bytes": -1,
            "max_msg_size": -1,
            "max_consumers": -1,
            "allow_direct": true,
        })
    }
}

impl StreamInfo {
    fn text(&self, key: &str) -> &str {
        self.config.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, key: &str) -> u64 {
        self.config.get(key).and_then(Value::as_u64).unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.text("name")
    }

    pub fn description(&self) -> &str {
        self.text("description")
    }

    pub fn is_on_disk(&self) -> bool {
        self.text("storage") == "file"
    }

    pub fn replicas(&self) -> usize {
        usize::try_from(self.number("num_replicas")).unwrap_or(1)
    }

    /// What it is to become, where that is something else. The rest is the operator's.
    fn changed(&self, wanted: &StreamConfig<'_>) -> Option<Map<String, Value>> {
        let mut config = self.config.clone();
        let age = nanoseconds(wanted.age);
        if self.number("max_age") != age {
            config.insert("max_age".to_owned(), age.into());
            config.insert("duplicate_window".to_owned(), window(wanted.age).into());
        }
        if self.replicas() != wanted.replicas {
            config.insert("num_replicas".to_owned(), wanted.replicas.into());
        }
        (config != self.config).then_some(config)
    }
}

impl Connection {
    /// What a stream is, with the subjects that fit a filter.
    pub(crate) async fn stream(&self, name: &str, filter: Option<&str>) -> Result<StreamInfo, Failure> {
        #[derive(Serialize)]
        struct Asked<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            subjects_filter: Option<&'a str>,
        }
        let asked = Asked {
            subjects_filter: filter,
        };
        self.ask(format!("STREAM.INFO.{name}"), &asked).await
    }

    /// Makes a stream, or what is there into what it is to be.
    pub(crate) async fn keep_stream(&self, wanted: &StreamConfig<'_>) -> Result<StreamInfo, Failure> {
        let name = wanted.name;
        let Some(found) = optional(self.stream(name, None).await)? else {
            let created = self.ask(format!("STREAM.CREATE.{name}"), &wanted.json()).await;
            return match created {
                // Another process was first.
                Err(Failure::Refused(_)) => match optional(self.stream(name, None).await)? {
                    Some(found) => Ok(found),
                    None => created,
                },
                created => created,
            };
        };
        let Some(changed) = found.changed(wanted) else {
            return Ok(found);
        };
        match self.ask(format!("STREAM.UPDATE.{name}"), &changed).await {
            Ok(updated) => Ok(updated),
            // It works as it is.
            Err(Failure::Refused(refusal)) => {
                let why = refusal.description;
                tracing::warn!(
                    stream = name,
                    why,
                    "a stream cannot be changed to what is configured"
                );
                Ok(found)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The streams whose subjects meet a filter.
    pub(crate) async fn streams(&self, filter: &str) -> Result<Vec<StreamInfo>, Failure> {
        let mut all = Vec::new();
        loop {
            let asked = json!({ "offset": all.len(), "subject": filter });
            let page: Page = self.ask("STREAM.LIST".to_owned(), &asked).await?;
            let streams = page.streams.unwrap_or_default();
            let is_last = streams.is_empty();
            all.extend(streams);
            if is_last || all.len() >= page.total {
                return Ok(all);
            }
        }
    }
}
