//! The runtime service: checks who asks, and asks the driver.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use micro::runtime::{Create, Key, LogsQuery, Runtime};
use micro_proto::runtime::{
    CreateOptions, CreateRequest, CreateResponse, DeleteRequest, DeleteResponse, LogRecord, LogsRequest,
    ReadRequest, ReadResponse, Resource, Runtime as Contract, Service, Source as SourceContract,
    UpdateRequest, UpdateResponse, UploadRequest, UploadResponse,
};
use micro_rpc::{Context, Error, Result, Streaming};

use crate::namespace;

/// Answers the contracts `Runtime` and `Source` from a driver.
#[derive(Clone)]
pub struct RuntimeHandler(Arc<dyn Runtime>);

impl RuntimeHandler {
    /// Over a driver.
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self(runtime)
    }
}

/// What a request is about.
enum Subject {
    Service(Service),
    /// Namespaces and limits need nothing on one machine: that they were asked for is acknowledged.
    Nothing,
}

fn subject(resource: Option<Resource>, id: &str) -> Result<Subject> {
    let resource = resource.unwrap_or_default();
    let invalid = || Error::internal(id, "invalid resource");
    if let Some(wanted) = resource.namespace {
        return if wanted.name.is_empty() {
            Err(invalid())
        } else {
            Ok(Subject::Nothing)
        };
    }
    if let Some(wanted) = resource.networkpolicy {
        let complete = !wanted.name.is_empty() && !wanted.namespace.is_empty();
        return if complete {
            Ok(Subject::Nothing)
        } else {
            Err(invalid())
        };
    }
    if let Some(wanted) = resource.resourcequota {
        let complete = !wanted.name.is_empty() && !wanted.namespace.is_empty();
        return if complete {
            Ok(Subject::Nothing)
        } else {
            Err(invalid())
        };
    }
    resource
        .service
        .map(Subject::Service)
        .ok_or_else(|| Error::bad_request(id, "blank resource"))
}

fn key(namespace: &str, name: &str, version: &str) -> Result<Key> {
    let key = Key::new(namespace, micro::registry::short_name(name), version);
    key.check()?;
    Ok(key)
}

fn create(
    ctx: &Context,
    namespace: &str,
    service: Service,
    options: CreateOptions,
    id: &str,
) -> Result<Create> {
    let mut env = Vec::with_capacity(options.env.len());
    for pair in &options.env {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Error::bad_request(id, format!("environment {pair:?} is not KEY=VALUE")))?;
        env.push((name.to_owned(), value.to_owned()));
    }
    if !options.image.is_empty() {
        return Err(Error::not_implemented(
            id,
            "this runtime builds from source and runs no images",
        ));
    }
    let mut metadata: BTreeMap<String, String> = service.metadata;
    if let Some(account) = ctx.account() {
        metadata.insert("owner".to_owned(), account.name.clone());
        metadata.insert("group".to_owned(), account.issuer.clone());
    }
    Ok(Create {
        source: service.source,
        entrypoint: options.entrypoint,
        env,
        secrets: options.secrets,
        command: options.command,
        args: options.args,
        instances: usize::try_from(options.instances).unwrap_or(1).max(1),
        metadata,
        force: options.force,
        ..Create::new(key(namespace, &service.name, &service.version)?)
    })
}

#[micro_rpc::async_trait]
impl Contract for RuntimeHandler {
    async fn create(&self, ctx: &Context, request: CreateRequest) -> Result<CreateResponse> {
        const ID: &str = "runtime.Runtime.Create";
        let subject = subject(request.resource, ID)?;
        let options = request.options.unwrap_or_default();
        let namespace = namespace::named(&options.namespace, namespace::PLATFORM, ID)?.to_owned();
        namespace::authorize_admin(ctx, &namespace, ID)?;
        if let Subject::Service(service) = subject {
            self.0
                .create(create(ctx, &namespace, service, options, ID)?)
                .await?;
        }
        Ok(CreateResponse::default())
    }

    async fn read(&self, ctx: &Context, request: ReadRequest) -> Result<ReadResponse> {
        const ID: &str = "runtime.Runtime.Read";
        let options = request.options.unwrap_or_default();
        let namespace = namespace::named(&options.namespace, namespace::PLATFORM, ID)?;
        namespace::authorize(ctx, namespace, ID)?;
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let name = some(micro::registry::short_name(&options.service));
        let version = some(&options.version);
        Ok(ReadResponse {
            services: self
                .0
                .read(namespace, name.as_deref(), version.as_deref())
                .await?,
        })
    }

    async fn delete(&self, ctx: &Context, request: DeleteRequest) -> Result<DeleteResponse> {
        const ID: &str = "runtime.Runtime.Delete";
        let subject = subject(request.resource, ID)?;
        let options = request.options.unwrap_or_default();
        let namespace = namespace::named(&options.namespace, namespace::PLATFORM, ID)?;
        namespace::authorize_admin(ctx, namespace, ID)?;
        if let Subject::Service(service) = subject {
            self.0
                .delete(&key(namespace, &service.name, &service.version)?)
                .await?;
        }
        Ok(DeleteResponse::default())
    }

    async fn update(&self, ctx: &Context, request: UpdateRequest) -> Result<UpdateResponse> {
        const ID: &str = "runtime.Runtime.Update";
        let subject = subject(request.resource, ID)?;
        let options = request.options.unwrap_or_default();
        let namespace = namespace::named(&options.namespace, namespace::PLATFORM, ID)?;
        namespace::authorize_admin(ctx, namespace, ID)?;
        if let Subject::Service(service) = subject {
            let instances = usize::try_from(options.instances)
                .ok()
                .filter(|instances| *instances > 0);
            let key = key(namespace, &service.name, &service.version)?;
            self.0.update(&key, &options.entrypoint, instances).await?;
        }
        Ok(UpdateResponse::default())
    }

    async fn logs(&self, ctx: &Context, request: LogsRequest) -> Result<Streaming<LogRecord>> {
        const ID: &str = "runtime.Runtime.Logs";
        let options = request.options.unwrap_or_default();
        let namespace = namespace::named(&options.namespace, namespace::PLATFORM, ID)?;
        namespace::authorize_admin(ctx, namespace, ID)?;
        let since = u64::try_from(request.since).ok().filter(|since| *since > 0);
        let query = LogsQuery {
            follow: request.stream,
            count: usize::try_from(request.count).unwrap_or(0),
            since: since.and_then(|since| UNIX_EPOCH.checked_add(Duration::from_secs(since))),
        };
        self.0
            .logs(&key(namespace, &request.service, &request.version)?, query)
            .await
    }
}

#[micro_rpc::async_trait]
impl SourceContract for RuntimeHandler {
    async fn upload(&self, ctx: &Context, mut requests: Streaming<UploadRequest>) -> Result<UploadResponse> {
        const ID: &str = "runtime.Source.Upload";
        let account = ctx
            .account()
            .ok_or_else(|| Error::unauthorized(ID, "an account is required"))?;
        let first = match requests.next().await {
            Some(first) => first?,
            None => return Err(Error::bad_request(ID, "No source was sent")),
        };
        let service = first
            .service
            .ok_or_else(|| Error::bad_request(ID, "the first message does not name the service"))?;
        let namespace = match ctx.namespace() {
            "" => account.issuer.clone(),
            named => namespace::named(named, namespace::PLATFORM, ID)?.to_owned(),
        };
        namespace::authorize_admin(ctx, &namespace, ID)?;
        let key = key(&namespace, &service.name, &service.version)?;
        let head = Streaming::from_iter([first.data]);
        let rest = requests.map(|request| Ok(request.data));
        let tar = Streaming::new(micro_rpc::futures_util::StreamExt::chain(head, rest));
        Ok(UploadResponse {
            id: self.0.upload(&key, tar).await?,
        })
    }
}
