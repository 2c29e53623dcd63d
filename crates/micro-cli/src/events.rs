//! `micro events`: what was published, who consumes it, and what was given up.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use micro::events::{Consume, Draft, Event, Events, Remote, Start};
use micro_rpc::Error;
use serde_json::{Value, json};

use crate::call::duration;
use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::resume::Resume;
use crate::session::{Globals, Session};

/// Publish, consume and look after events.
#[derive(Args, Debug)]
#[command(
    after_help = "EXAMPLE:\n   micro events publish user '{\"id\": 1}'\n   micro events consume --group=mailer user"
)]
pub struct EventsArgs {
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Subcommand, Debug)]
enum EventsCommand {
    /// Publish an event; it is kept once this ends well
    #[command(after_help = "EXAMPLE:\n   micro events publish --id=order-7 order '{\"total\": 12}'")]
    Publish {
        /// The topic
        topic: String,
        /// The payload; several words are joined by spaces
        #[arg(required = true)]
        payload: Vec<String>,
        /// The same id again is kept once
        #[arg(long, default_value = "")]
        id: String,
        /// A note beside the payload, key=value; may be repeated
        #[arg(long, value_name = "KEY=VALUE")]
        metadata: Vec<String>,
    },
    /// Print events as they come, each as a line of JSON, and acknowledge them
    #[command(
        after_help = "EXAMPLE:\n   micro events consume user\n   micro events consume --group=mailer --from=1h user"
    )]
    Consume {
        /// The topic
        topic: String,
        /// Share the events with the others of this group, and go on where it was
        #[arg(long, default_value = "")]
        group: String,
        /// Where a new group begins: a position, or a time ago such as 1h
        #[arg(long)]
        from: Option<String>,
        /// End after so many
        #[arg(long)]
        count: Option<usize>,
    },
    /// Print events that are kept, oldest first
    #[command(after_help = "EXAMPLE:\n   micro events read --limit=10 user")]
    Read {
        /// The topic
        topic: String,
        /// How many at most
        #[arg(long, short = 'l', default_value_t = 250)]
        limit: usize,
        /// How many are skipped first
        #[arg(long, default_value_t = 0)]
        offset: usize,
    },
    /// List the topics
    #[command(after_help = "EXAMPLE:\n   micro events topics")]
    Topics,
    /// List the groups of a topic, and how far each is
    #[command(after_help = "EXAMPLE:\n   micro events groups user")]
    Groups {
        /// The topic
        topic: String,
    },
    /// Look after what groups have given up
    #[command(
        after_help = "EXAMPLE:\n   micro events dead list user\n   micro events dead redrive user mailer 7"
    )]
    Dead {
        #[command(subcommand)]
        command: DeadCommand,
    },
}

#[derive(Subcommand, Debug)]
enum DeadCommand {
    /// List dead letters
    #[command(after_help = "EXAMPLE:\n   micro events dead list user")]
    List {
        /// The topic
        topic: String,
        /// Of one group only
        group: Option<String>,
    },
    /// Print a dead letter whole
    #[command(after_help = "EXAMPLE:\n   micro events dead show user mailer 7")]
    Show(Letter),
    /// Hand a dead letter to its group once more
    #[command(after_help = "EXAMPLE:\n   micro events dead redrive user mailer 7")]
    Redrive(Letter),
    /// Remove a dead letter for good
    #[command(after_help = "EXAMPLE:\n   micro events dead delete user mailer 7")]
    Delete(Letter),
}

#[derive(Args, Debug)]
struct Letter {
    /// The topic
    topic: String,
    /// The group that has given it up
    group: String,
    /// The event's position
    position: u64,
}

/// Runs `micro events`.
pub async fn run(globals: &Globals, args: EventsArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let events = Remote::new(&session.client);
    let namespace = session.namespace.as_str();
    let explain = |error: Error| session.explain(error);
    match args.command {
        EventsCommand::Publish {
            topic,
            payload,
            id,
            metadata,
        } => {
            let draft = Draft {
                topic,
                id,
                metadata: metadata.iter().map(|pair| split(pair)).collect::<Result<_>>()?,
                payload: payload.join(" ").into(),
                timestamp: 0,
            };
            let published = events.publish(namespace, draft).await.map_err(explain)?;
            output::line(&json!({"id": published.id, "position": published.position}).to_string())
        }
        EventsCommand::Consume {
            topic,
            group,
            from,
            count,
        } => {
            let wanted = Consume {
                topic,
                group,
                start: from.as_deref().map(start).transpose()?.unwrap_or_default(),
                ack_wait: Some(Duration::from_secs(30)),
                ..Consume::default()
            };
            consume(globals, wanted, count.unwrap_or(usize::MAX)).await
        }
        EventsCommand::Read { topic, limit, offset } => {
            let kept = events
                .read(namespace, &topic, limit, offset)
                .await
                .map_err(explain)?;
            kept.iter()
                .try_for_each(|event| output::line(&as_json(event).to_string()))
        }
        EventsCommand::Topics => {
            let topics = events.topics(namespace).await.map_err(explain)?;
            if matches!(globals.output, Output::Json) {
                return print_json(&topics);
            }
            topics.iter().try_for_each(|topic| output::line(&topic.name))
        }
        EventsCommand::Groups { topic } => {
            let groups = events.groups(namespace, &topic).await.map_err(explain)?;
            if matches!(globals.output, Output::Json) {
                return print_json(&groups);
            }
            let row = |group: &micro::events::Group| {
                let numbers = [
                    group.next,
                    group.pending,
                    group.lag,
                    group.members.into(),
                    group.dead,
                ];
                let cells =
                    std::iter::once(group.name.clone()).chain(numbers.map(|number| number.to_string()));
                cells.collect()
            };
            let headers = ["GROUP", "NEXT", "PENDING", "LAG", "MEMBERS", "DEAD"];
            output::line(&output::table(&headers, groups.iter().map(row).collect()))
        }
        EventsCommand::Dead { command } => dead(&session, &events, command).await,
    }
}

async fn consume(globals: &Globals, mut wanted: Consume, mut left: usize) -> Result<()> {
    let join = async |wanted: &Consume| {
        let session = Session::open(globals).await?;
        let joined = Remote::new(&session.client)
            .consume(&session.namespace, wanted.clone())
            .await;
        joined.map_err(|error| session.explain(error))
    };
    let mut consumer = join(&wanted).await?;
    let mut resume = Resume::new();
    while left > 0 {
        let ended = match consumer.next().await {
            Some(Ok(event)) => {
                output::line(&as_json(&event).to_string())?;
                consumer.ack(&event).await;
                // A group of one's own is forgotten with the connection; others know themselves how far they are.
                wanted.start = Start::Position(event.position + 1);
                left -= 1;
                continue;
            }
            Some(Err(error)) => Some(Failure::from(error)),
            None => None,
        };
        consumer = resume.open(ended, async || join(&wanted).await).await?;
    }
    consumer.finish().await;
    Ok(())
}

async fn dead(session: &Session, events: &Remote, command: DeadCommand) -> Result<()> {
    let namespace = session.namespace.as_str();
    let explain = |error: Error| session.explain(error);
    match command {
        DeadCommand::List { topic, group } => {
            let group = group.unwrap_or_default();
            let letters = events
                .dead_letters(namespace, &topic, &group, usize::MAX)
                .await
                .map_err(explain)?;
            if matches!(session.globals.output, Output::Json) {
                return print_json(&letters);
            }
            let row = |letter: &micro::events::DeadLetter| {
                let event = letter.event.clone().unwrap_or_default();
                vec![
                    letter.group.clone(),
                    event.position.to_string(),
                    event.attempt.to_string(),
                    event.id,
                ]
            };
            let headers = ["GROUP", "POSITION", "ATTEMPTS", "ID"];
            output::line(&output::table(&headers, letters.iter().map(row).collect()))
        }
        DeadCommand::Show(letter) => {
            let letters = events
                .dead_letters(namespace, &letter.topic, &letter.group, usize::MAX)
                .await;
            let found = letters
                .map_err(explain)?
                .into_iter()
                .filter_map(|found| found.event);
            let mut found = found.filter(|event| event.position == letter.position);
            let event = found.next().ok_or_else(|| Failure::new(1, "Not found"))?;
            print_json(&as_json(&event))
        }
        DeadCommand::Redrive(Letter {
            topic,
            group,
            position,
        }) => events
            .redrive(namespace, &topic, &group, position)
            .await
            .map_err(explain),
        DeadCommand::Delete(Letter {
            topic,
            group,
            position,
        }) => events
            .discard(namespace, &topic, &group, position)
            .await
            .map_err(explain),
    }
}

/// A position, or a time ago.
fn start(text: &str) -> Result<Start> {
    if let Ok(position) = text.parse() {
        return Ok(Start::Position(position));
    }
    let wrong = || {
        Failure::new(
            1,
            format!("no place to begin: {text:?}; write a position or a time ago such as 1h"),
        )
    };
    let time = duration(text)
        .and_then(|ago| SystemTime::now().checked_sub(ago))
        .ok_or_else(wrong)?;
    Ok(Start::Time(time.max(UNIX_EPOCH)))
}

fn split(pair: &str) -> Result<(String, String)> {
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| Failure::new(1, format!("no metadata: {pair:?}; write key=value")))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A payload that is JSON is shown as such.
fn as_json(event: &Event) -> Value {
    let text = String::from_utf8_lossy(&event.payload);
    let payload = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text));
    json!({
        "id": event.id,
        "topic": event.topic,
        "position": event.position,
        "timestamp": event.timestamp,
        "attempt": event.attempt,
        "metadata": event.metadata,
        "payload": payload,
    })
}
