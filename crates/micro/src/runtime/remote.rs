//! The runtime as services and the command line reach it: over RPC.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use micro_proto::runtime as proto;
use micro_proto::runtime::{
    Build as _, BuildClient, CreateOptions, CreateRequest, DeleteOptions, DeleteRequest, ListOptions,
    LogsOptions, LogsRequest, ReadOptions, ReadRequest, ResourcesRequest, Runtime as _, RuntimeClient,
    Source as _, SourceClient, UpdateOptions, UpdateRequest, UploadRequest,
};
use micro_rpc::{Client, Context, Error, Result, Streaming};

use super::{
    Create, Key, LogRecord, LogsQuery, Query, Resource, ResourceState, Runtime, Service, Update,
    already_exists, not_found,
};

/// Asks the platform's runtime service.
#[derive(Clone)]
pub struct Remote {
    runtime: RuntimeClient,
    source: SourceClient,
    build: BuildClient,
}

impl Remote {
    /// Over a client that leads to the platform with an account.
    pub fn new(client: &Client) -> Self {
        Self {
            runtime: RuntimeClient::new(client),
            source: SourceClient::new(client),
            build: BuildClient::new(client),
        }
    }
}

fn context() -> Context {
    Context::background().with_namespace("micro")
}

fn service(key: &Key, source: String, metadata: BTreeMap<String, String>) -> Service {
    Service {
        name: key.name.clone(),
        version: key.version.clone(),
        source,
        metadata,
        ..Service::default()
    }
}

fn about(service: Service) -> Option<proto::Resource> {
    Some(proto::Resource {
        service: Some(service),
        ..proto::Resource::default()
    })
}

fn count(instances: Option<usize>) -> i64 {
    instances.map_or(0, |count| i64::try_from(count).unwrap_or(i64::MAX))
}

/// The same error as that of a runtime in this process.
fn told(error: Error) -> Error {
    match (error.code, error.detail.as_str()) {
        (500, "already exists") => already_exists(),
        (500, "not found") => not_found(),
        _ => error,
    }
}

/// A question for the log of a service, as it travels.
pub fn logs_request(key: &Key, query: &LogsQuery) -> LogsRequest {
    let since = query
        .since
        .and_then(|since| since.duration_since(UNIX_EPOCH).ok());
    LogsRequest {
        service: key.name.clone(),
        stream: query.follow,
        count: i64::try_from(query.count).unwrap_or(i64::MAX),
        since: since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
        options: Some(LogsOptions {
            namespace: key.namespace.clone(),
        }),
        version: key.version.clone(),
    }
}

#[async_trait]
impl Runtime for Remote {
    async fn upload(&self, key: &Key, tar: Streaming<Bytes>) -> Result<String> {
        let head = UploadRequest {
            service: Some(service(key, String::new(), BTreeMap::new())),
            data: Bytes::new(),
        };
        let pieces = tar.map(|data| Ok(UploadRequest { service: None, data }));
        let all = Streaming::new(stream::iter([Ok(head)]).chain(pieces));
        // Source goes to the namespace that the call is about.
        let ctx = Context::background().with_namespace(&key.namespace);
        Ok(self.source.upload(&ctx, all).await?.id)
    }

    async fn create(&self, create: Create) -> Result<()> {
        let resource = about(service(&create.key, create.source, create.metadata));
        let env = create.env.iter().map(|(name, value)| format!("{name}={value}"));
        let options = CreateOptions {
            command: create.command,
            args: create.args,
            env: env.collect(),
            r#type: create.kind,
            namespace: create.key.namespace,
            secrets: create.secrets,
            entrypoint: create.entrypoint,
            instances: count(create.instances),
            force: create.force,
            config_secrets: create.config_secrets,
            ..CreateOptions::default()
        };
        let request = CreateRequest {
            resource,
            options: Some(options),
        };
        self.runtime
            .create(&context(), request)
            .await
            .map(drop)
            .map_err(told)
    }

    async fn update(&self, key: &Key, update: Update) -> Result<()> {
        let request = UpdateRequest {
            resource: about(service(key, update.source, update.metadata)),
            options: Some(UpdateOptions {
                namespace: key.namespace.clone(),
                entrypoint: update.entrypoint,
                instances: count(update.instances),
            }),
        };
        self.runtime
            .update(&context(), request)
            .await
            .map(drop)
            .map_err(told)
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        let request = DeleteRequest {
            resource: about(service(key, String::new(), BTreeMap::new())),
            options: Some(DeleteOptions {
                namespace: key.namespace.clone(),
            }),
        };
        self.runtime
            .delete(&context(), request)
            .await
            .map(drop)
            .map_err(told)
    }

    async fn read(&self, namespace: &str, query: &Query) -> Result<Vec<Service>> {
        let options = ReadOptions {
            service: query.name.clone(),
            version: query.version.clone(),
            r#type: query.kind.clone(),
            namespace: namespace.to_owned(),
        };
        let request = ReadRequest {
            options: Some(options),
        };
        Ok(self.runtime.read(&context(), request).await?.services)
    }

    async fn logs(&self, key: &Key, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        self.runtime.logs(&context(), logs_request(key, &query)).await
    }

    async fn build(&self, key: &Key) -> Result<Streaming<Bytes>> {
        let ctx = Context::background().with_namespace(&key.namespace);
        let wanted = service(key, String::new(), BTreeMap::new());
        let answers = self.build.read(&ctx, wanted).await?;
        Ok(answers.map(|answer| Ok(answer.data)))
    }

    async fn add_resource(&self, resource: Resource) -> Result<()> {
        let options = CreateOptions {
            namespace: resource.namespace().to_owned(),
            ..CreateOptions::default()
        };
        let request = CreateRequest {
            resource: Some(resource.into_message()),
            options: Some(options),
        };
        self.runtime
            .create(&context(), request)
            .await
            .map(drop)
            .map_err(told)
    }

    async fn update_resource(&self, resource: Resource) -> Result<()> {
        let options = UpdateOptions {
            namespace: resource.namespace().to_owned(),
            ..UpdateOptions::default()
        };
        let request = UpdateRequest {
            resource: Some(resource.into_message()),
            options: Some(options),
        };
        self.runtime
            .update(&context(), request)
            .await
            .map(drop)
            .map_err(told)
    }

    async fn delete_resource(&self, resource: Resource) -> Result<()> {
        let options = DeleteOptions {
            namespace: resource.namespace().to_owned(),
        };
        let request = DeleteRequest {
            resource: Some(resource.into_message()),
            options: Some(options),
        };
        self.runtime
            .delete(&context(), request)
            .await
            .map(drop)
            .map_err(told)
    }

    async fn resources(&self, namespace: Option<&str>) -> Result<Vec<ResourceState>> {
        let request = ResourcesRequest {
            options: Some(ListOptions {
                namespace: namespace.unwrap_or("*").to_owned(),
            }),
        };
        let answer = self.runtime.resources(&context(), request).await?;
        let state = |state: proto::ResourceState| {
            let resource = Resource::from_message(state.resource.unwrap_or_default())?;
            let unsaid =
                || Error::internal("go.micro.client", "the runtime did not say what the resource is");
            Ok(ResourceState {
                resource: resource.ok_or_else(unsaid)?,
                note: state.note,
            })
        };
        answer.resources.into_iter().map(state).collect()
    }
}
