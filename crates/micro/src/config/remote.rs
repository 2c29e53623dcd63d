//! The settings as services and the command line reach them: over RPC.

use async_trait::async_trait;
use micro_proto::config as proto;
use micro_proto::config::{Config as _, ConfigClient};
use micro_rpc::{Client, Context, Error, Result, Streaming};
use serde_json::Value;

use super::{Config, Secrets};

/// Asks the platform's config service.
#[derive(Clone)]
pub struct Remote {
    client: ConfigClient,
}

impl Remote {
    /// Over a client that leads to the platform with an account.
    pub fn new(client: &Client) -> Self {
        Self {
            client: ConfigClient::new(client),
        }
    }
}

fn context() -> Context {
    Context::background().with_namespace("micro")
}

fn options(secret: bool) -> Option<proto::Options> {
    Some(proto::Options { secret })
}

fn value(value: Option<proto::Value>) -> Result<Value> {
    let data = value.unwrap_or_default().data;
    if data.is_empty() {
        return Ok(Value::Null);
    }
    let wrong = |error| {
        Error::internal(
            "go.micro.client",
            format!("the config service sent no JSON: {error}"),
        )
    };
    serde_json::from_str(&data).map_err(wrong)
}

#[async_trait]
impl Config for Remote {
    async fn get(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Value> {
        let request = proto::GetRequest {
            namespace: namespace.to_owned(),
            path: path.to_owned(),
            options: options(secrets == Secrets::Shown),
        };
        match self.client.get(&context(), request).await {
            Ok(answer) => value(answer.value),
            // A namespace in which nothing was ever set.
            Err(error) if error.code == 404 => Ok(Value::Null),
            Err(error) => Err(error),
        }
    }

    async fn set(&self, namespace: &str, path: &str, value: Value, secret: bool) -> Result<()> {
        let request = proto::SetRequest {
            namespace: namespace.to_owned(),
            path: path.to_owned(),
            value: Some(proto::Value {
                data: value.to_string(),
                format: "json".to_owned(),
            }),
            options: options(secret),
        };
        self.client.set(&context(), request).await.map(drop)
    }

    async fn delete(&self, namespace: &str, path: &str) -> Result<()> {
        let request = proto::DeleteRequest {
            namespace: namespace.to_owned(),
            path: path.to_owned(),
        };
        match self.client.delete(&context(), request).await {
            Err(error) if error.code != 404 => Err(error),
            _ => Ok(()),
        }
    }

    async fn watch(&self, namespace: &str, path: &str, secrets: Secrets) -> Result<Streaming<Value>> {
        let request = proto::WatchRequest {
            namespace: namespace.to_owned(),
            path: path.to_owned(),
            options: options(secrets == Secrets::Shown),
        };
        let answers = self.client.watch(&context(), request).await?;
        Ok(answers.map(|answer| value(answer.value)))
    }
}
