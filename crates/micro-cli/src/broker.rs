//! `micro broker`: messages to whoever listens now.

use clap::{Args, Subcommand};
use micro::broker::{Broker, Message, Remote};
use micro_rpc::Error;
use serde_json::json;

use crate::errors::{Failure, Result};
use crate::output;
use crate::resume;
use crate::session::{Globals, Session};

/// Publish messages and listen to them.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro broker subscribe news\n   micro broker publish news 'it rains'")]
pub struct BrokerArgs {
    #[command(subcommand)]
    command: BrokerCommand,
}

#[derive(Subcommand, Debug)]
enum BrokerCommand {
    /// Hand a message to those who listen
    #[command(after_help = "EXAMPLE:\n   micro broker publish --header=kind=weather news 'it rains'")]
    Publish {
        /// The topic
        topic: String,
        /// The message; several words are joined by spaces
        #[arg(required = true)]
        body: Vec<String>,
        /// A header, key=value; may be repeated
        #[arg(long, value_name = "KEY=VALUE")]
        header: Vec<String>,
    },
    /// Print messages as they come, each as a line of JSON
    #[command(
        after_help = "EXAMPLE:\n   micro broker subscribe news\n   micro broker subscribe --queue=workers news"
    )]
    Subscribe {
        /// The topic
        topic: String,
        /// Share the messages with the others of this queue
        #[arg(long, default_value = "")]
        queue: String,
    },
}

/// Runs `micro broker`.
pub async fn run(globals: &Globals, args: BrokerArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let broker = Remote::new(&session.client);
    let explain = |error: Error| session.explain(error);
    match args.command {
        BrokerCommand::Publish { topic, body, header } => {
            let message = Message {
                header: header.iter().map(|pair| split(pair)).collect::<Result<_>>()?,
                body: body.join(" ").into(),
            };
            broker.publish(&topic, message).await.map_err(explain)
        }
        BrokerCommand::Subscribe { topic, queue } => {
            let open = async || {
                let session = Session::open(globals).await?;
                let subscribed = Remote::new(&session.client).subscribe_once(&topic, &queue).await;
                subscribed.map_err(|error| session.explain(error))
            };
            let print = |message: Message| {
                let body = String::from_utf8_lossy(&message.body);
                output::line(&json!({"header": message.header, "body": body}).to_string())
            };
            resume::follow(open, print).await
        }
    }
}

fn split(pair: &str) -> Result<(String, String)> {
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| Failure::new(1, format!("no header: {pair:?}; write key=value")))?;
    Ok((key.to_owned(), value.to_owned()))
}
