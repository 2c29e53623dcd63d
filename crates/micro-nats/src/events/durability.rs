//! Whether what JetStream acknowledges is safe, and in words why not.
//!
//! JetStream acknowledges an event once it is written to the files of the server, and with replicas to those of most of them. It asks
//! the disk to keep it only every two minutes, unless server 2.10 or later is told `sync_interval: always`. So the crash of a server's
//! process loses nothing, and that of a machine loses what only that machine had. Of `sync_interval` a client is not told.

use std::sync::Arc;
use std::time::Duration;

use micro::{Error, Result};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::topic::Topic;
use crate::jetstream::{Failure, StreamInfo};
use crate::{Config, Connection};

/// What a message may have besides its payload.
const BESIDES: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(500);

type Verdict = Result<(), String>;

pub(super) struct Durability {
    verdict: Arc<watch::Sender<Verdict>>,
    is_required: bool,
    looking: JoinHandle<()>,
}

impl Durability {
    /// Looks now, and each time when a connection is made: the servers may be others then.
    pub async fn look(connection: &Connection) -> Result<Self> {
        let is_required = connection.config().require_durable;
        let unknown = "NATS has not answered yet, so it is not known whether it keeps events safely";
        let verdict = Arc::new(watch::Sender::new(Err(unknown.to_owned())));
        let mut made = connection.made();
        made.mark_unchanged();
        let mut is_known = false;
        if connection.ready().await.is_ok()
            && let Ok(found) = judge(connection).await
        {
            is_known = true;
            tell(&verdict, found.clone());
            if let (Err(why), true) = (found, is_required) {
                return Err(Error::precondition_failed("events", refusal(&why)));
            }
        }
        let (looking, told) = (connection.clone(), verdict.clone());
        Ok(Self {
            looking: tokio::spawn(async move {
                loop {
                    if is_known && made.changed().await.is_err() {
                        return;
                    }
                    is_known = look_again(&looking, &told).await;
                }
            }),
            verdict,
            is_required,
        })
    }

    pub fn told(&self) -> Verdict {
        self.verdict.borrow().clone()
    }

    /// Refuses where what cannot be lost is required.
    pub fn permit(&self) -> Result<()> {
        match &*self.verdict.borrow() {
            Err(why) if self.is_required => Err(Error::unavailable("events", refusal(why))),
            _ => Ok(()),
        }
    }
}

impl Drop for Durability {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

fn refusal(why: &str) -> String {
    format!("durable events are required: {why}")
}

async fn look_again(connection: &Connection, verdict: &watch::Sender<Verdict>) -> bool {
    let found = match connection.ready().await {
        Ok(()) => judge(connection).await,
        Err(error) => Err(Failure::Away(error)),
    };
    match found {
        Ok(found) => {
            tell(verdict, found);
            true
        }
        Err(failure) => {
            // What is away may come back with what is known of it; what refuses says why.
            if !matches!(failure, Failure::Away(_)) {
                tell(verdict, Err(Error::from(failure).detail));
            }
            tokio::time::sleep(PAUSE).await;
            false
        }
    }
}

fn tell(verdict: &watch::Sender<Verdict>, found: Verdict) {
    if *verdict.borrow() == found {
        return;
    }
    if let Err(why) = &found {
        tracing::warn!(why, "an acknowledged event could be lost");
    }
    drop(verdict.send_replace(found));
}

async fn judge(connection: &Connection) -> Result<Verdict, Failure> {
    let client = connection.client();
    let (limit, wanted) = (client.max_payload(), micro::events::MAX_PAYLOAD + BESIDES);
    if limit < wanted {
        tracing::warn!(
            limit,
            wanted,
            "the NATS server takes no messages as large as events may be: set max_payload to 16MB in its configuration"
        );
    }
    let streams = connection.streams(&Topic::all(connection, None)).await?;
    let is_new = client.is_server_compatible(2, 10, 0);
    let version = client.try_server_info().map(|info| info.version);
    Ok(
        of_server(connection.config(), is_new, &version.unwrap_or_default()).and_then(|()| {
            streams
                .iter()
                .try_for_each(|stream| of_stream(connection.config(), stream))
        }),
    )
}

fn of_server(config: &Config, is_new: bool, version: &str) -> Verdict {
    if config.replicas > 1 || (config.synced && is_new) {
        return Ok(());
    }
    let all = "the events are on one NATS server without replicas, which acknowledges an event before its disk has it: what it \
               acknowledged in the last minutes is lost when its machine dies (not when its process does)";
    let advice = "run three servers and ask for 3 replicas";
    Err(if !is_new {
        let more = if config.synced {
            ", so the setting `synced` cannot be true of it"
        } else {
            ""
        };
        format!("{all}; version {version} cannot be told otherwise{more}: {advice}")
    } else {
        format!("{all}: {advice}, or set `sync_interval: always` there and `synced` here")
    })
}

fn of_stream(config: &Config, stream: &StreamInfo) -> Verdict {
    let name = stream.name();
    if !stream.is_on_disk() {
        return Err(format!(
            "the stream {name} is in memory, so its events are gone when the server is: make it anew with file storage"
        ));
    }
    let replicas = stream.replicas();
    if replicas < config.replicas.min(2) && !config.synced {
        return Err(format!(
            "the stream {name} is on {replicas} server, where {} are configured",
            config.replicas
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_words_what_could_be_lost() {
        let one = Config::default();
        let synced = Config {
            synced: true,
            ..one.clone()
        };
        let three = Config {
            replicas: 3,
            ..one.clone()
        };
        let told = |config: &Config, is_new, version| of_server(config, is_new, version).unwrap_err();
        assert!(told(&one, false, "2.9.10").contains("version 2.9.10 cannot"));
        assert!(told(&synced, false, "2.9.10").contains("`synced` cannot be true"));
        assert!(told(&one, true, "2.11.0").contains("sync_interval: always"));
        assert!(of_server(&synced, true, "2.11.0").is_ok() && of_server(&three, false, "2.9.10").is_ok());
    }
}
