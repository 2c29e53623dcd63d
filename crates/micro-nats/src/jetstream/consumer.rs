//! Durable consumers.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Failure;
use crate::Connection;

/// A consumer as it is wanted: it is asked for events, and each is answered.
pub(crate) struct ConsumerConfig<'a> {
    pub stream: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    /// The first event that it gets.
    pub start: u64,
    pub ack_wait: Duration,
    /// What may be without an answer.
    pub most_pending: u32,
    /// After how long without being asked it is forgotten; `None` is never.
    pub forgotten_after: Option<Duration>,
}

#[derive(Deserialize)]
pub(crate) struct ConsumerInfo {
    pub name: String,
    #[serde(default)]
    config: ConsumerSeen,
    pub delivered: Delivered,
    /// Up to where all are answered; 0 before the first answer.
    #[serde(rename = "ack_floor")]
    answered: Delivered,
    #[serde(rename = "num_ack_pending", default)]
    pub unanswered: u64,
    #[serde(rename = "num_pending", default)]
    pub to_come: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConsumerSeen {
    description: String,
    #[serde(rename = "opt_start_seq")]
    start: u64,
}

#[derive(Deserialize)]
pub(crate) struct Delivered {
    #[serde(rename = "stream_seq")]
    pub stream: u64,
}

#[derive(Deserialize)]
struct Page {
    total: usize,
    consumers: Option<Vec<ConsumerInfo>>,
}

impl ConsumerInfo {
    pub fn description(&self) -> &str {
        &self.config.description
    }

    /// The sequence before which all are answered.
    pub fn first(&self) -> u64 {
        match self.unanswered {
            0 => self.delivered.stream + 1,
            _ => self.config.start.max(self.answered.stream + 1),
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Connection {
    pub(crate) async fn consumer(&self, stream: &str, name: &str) -> Result<ConsumerInfo, Failure> {
        self.ask(format!("CONSUMER.INFO.{stream}.{name}"), &json!({}))
            .await
    }

    /// Makes a consumer; the one that is there remains as it is.
    pub(crate) async fn create_consumer(&self, wanted: &ConsumerConfig<'_>) -> Result<ConsumerInfo, Failure> {
        let (stream, name) = (wanted.stream, wanted.name);
        let config = json!({
            "durable_name": name,
            "description": wanted.description,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": wanted.start,
            "ack_policy": "explicit",
            "ack_wait": nanoseconds(wanted.ack_wait),
            "max_deliver": -1,
            "max_ack_pending": wanted.most_pending,
            "replay_policy": "instant",
            "inactive_threshold": wanted.forgotten_after.map_or(0, nanoseconds),
        });
        let asked = json!({ "stream_name": stream, "config": config });
        let created = self
            .ask(format!("CONSUMER.DURABLE.CREATE.{stream}.{name}"), &asked)
            .await;
        match created {
            // Another process was first, and wanted another beginning.
            Err(Failure::Refused(_)) => match self.consumer(stream, name).await {
                Ok(found) => Ok(found),
                Err(_) => created,
            },
            created => created,
        }
    }

    pub(crate) async fn delete_consumer(&self, stream: &str, name: &str) -> Result<(), Failure> {
        let _: Value = self
            .ask(format!("CONSUMER.DELETE.{stream}.{name}"), &json!({}))
            .await?;
        Ok(())
    }

    pub(crate) async fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, Failure> {
        let mut all = Vec::new();
        loop {
            let asked = json!({ "offset": all.len() });
            let page: Page = self.ask(format!("CONSUMER.LIST.{stream}"), &asked).await?;
            let consumers = page.consumers.unwrap_or_default();
            let is_last = consumers.is_empty();
            all.extend(consumers);
            if is_last || all.len() >= page.total {
                return Ok(all);
            }
        }
    }

    /// The first event of a stream that JetStream received at a time or later. A consumer that begins there tells.
    pub(crate) async fn first_since(&self, stream: &str, unix_seconds: i64) -> Result<u64, Failure> {
        let name = format!("seek-{}", micro::Id::random());
        let config = json!({
            "durable_name": name,
            "deliver_policy": "by_start_time",
            "opt_start_time": rfc3339(unix_seconds.max(0)),
            "ack_policy": "explicit",
            "replay_policy": "instant",
            // Should the next request not reach it.
            "inactive_threshold": nanoseconds(Duration::from_secs(10)),
        });
        let asked = json!({ "stream_name": stream, "config": config });
        let created: ConsumerInfo = self
            .ask(format!("CONSUMER.DURABLE.CREATE.{stream}.{name}"), &asked)
            .await?;
        self.delete_consumer(stream, &name).await?;
        Ok(created.delivered.stream + 1)
    }
}

/// Seconds since 1970 as JetStream reads times. The calendar is reckoned in years that begin with March, so that the day that
/// some have is their last.
fn rfc3339(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + next;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
