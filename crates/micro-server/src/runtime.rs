//! The runtime service: checks who asks, asks the driver, and tells what has changed.

mod changes;
mod peers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use micro::events::Events;
use micro::runtime::{Create, Key, LogsQuery, MOST_INSTANCES, Query, Runtime, Update};
use micro_proto::runtime as proto;
use micro_proto::runtime::{
    Build as BuildContract, BuildReadResponse, BuildServer, CreateOptions, CreateRequest, CreateResponse,
    DeleteRequest, DeleteResponse, LogRecord, LogsRequest, ReadRequest, ReadResponse, ResourceState,
    ResourcesRequest, ResourcesResponse, Runtime as Contract, RuntimeServer, Service,
    Source as SourceContract, SourceServer, UpdateRequest, UpdateResponse, UploadRequest, UploadResponse,
};
use micro_rpc::{Account, Context, Error, Handler, Result, Streaming};

use crate::drain::Draining;
use crate::namespace;
use changes::{Changes, Subject};

pub use peers::Peers;

#[cfg(test)]
mod tests;

/// The type of a service that was given none.
const KIND: &str = "service";

/// Answers the contracts `Runtime`, `Source` and `Build` from a driver.
#[derive(Clone)]
pub struct RuntimeHandler {
    runtime: Arc<dyn Runtime>,
    changes: Changes,
    draining: Draining,
}

impl RuntimeHandler {
    /// Over a driver. Changes are published as events; logs that are followed end with the drain.
    pub fn new(runtime: Arc<dyn Runtime>, events: Arc<dyn Events>, draining: Draining) -> Self {
        Self {
            runtime,
            changes: Changes::new(events),
            draining,
        }
    }

    /// The contracts that it answers.
    pub fn handlers(self) -> Vec<Arc<dyn Handler>> {
        let shared = Arc::new(self);
        vec![
            Arc::new(RuntimeServer::from_arc(shared.clone())),
            Arc::new(SourceServer::from_arc(shared.clone())),
            Arc::new(BuildServer::from_arc(shared)),
        ]
    }

    /// The log of a service; where no version is named and there is no usual one, that of the last there is.
    async fn log(&self, asked: &Key, is_any: bool, query: LogsQuery) -> Result<Streaming<LogRecord>> {
        let missing = match self.runtime.logs(asked, query.clone()).await {
            Err(missing) if is_any => missing,
            answered => return answered,
        };
        let known = self
            .runtime
            .read(&asked.namespace, &Query::of(&asked.name))
            .await?;
        let last = known.last().ok_or(missing)?;
        let key = key(&asked.namespace, &last.name, &last.version)?;
        self.runtime.logs(&key, query).await
    }
}

/// What a request is about.
fn subject(resource: Option<proto::Resource>, id: &str) -> Result<Subject> {
    let resource = resource.unwrap_or_default();
    let service = resource.service.clone();
    let resource = micro::runtime::Resource::from_message(resource);
    match resource.map_err(|error| with_id(error, id))? {
        Some(resource) => Ok(Subject::Resource(resource)),
        None => service
            .map(Subject::Service)
            .ok_or_else(|| Error::bad_request(id, "blank resource")),
    }
}

/// The namespace of a request, once the caller may change it and what it is about.
fn authorised(ctx: &Context, named: &str, subject: &Subject, id: &str) -> Result<String> {
    let namespace = namespace::named(named, namespace::PLATFORM, id)?;
    namespace::authorize_admin(ctx, namespace, id)?;
    if let Subject::Resource(resource) = subject {
        // It says itself which namespace it is about, which need not be the one that was named.
        namespace::authorize_admin(ctx, resource.namespace(), id)?;
    }
    Ok(namespace.to_owned())
}

fn with_id(error: Error, id: &str) -> Error {
    Error {
        id: id.to_owned(),
        ..error
    }
}

fn key(namespace: &str, name: &str, version: &str) -> Result<Key> {
    let key = Key::new(namespace, micro::registry::short_name(name), version);
    key.check()?;
    Ok(key)
}

/// Values are not quoted in errors: they may be secret.
fn environment(pairs: &[String], id: &str) -> Result<Vec<(String, String)>> {
    let pair = |(at, pair): (usize, &String)| match pair.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Error::bad_request(
            id,
            format!("environment {} is not KEY=VALUE", at + 1),
        )),
    };
    pairs.iter().enumerate().map(pair).collect()
}

/// `None` where the request does not say.
fn instances(wanted: i64, id: &str) -> Result<Option<usize>> {
    if usize::try_from(wanted).is_ok_and(|wanted| wanted > MOST_INSTANCES) {
        return Err(Error::bad_request(
            id,
            format!("{wanted} instances are more than {MOST_INSTANCES}"),
        ));
    }
    Ok(usize::try_from(wanted).ok().filter(|wanted| *wanted > 0))
}

fn create(
    ctx: &Context,
    namespace: &str,
    service: Service,
    options: CreateOptions,
    id: &str,
) -> Result<Create> {
    if !options.image.is_empty() {
        let detail = "this runtime builds from source and runs no images";
        return Err(Error::not_implemented(id, detail));
    }
    let name = micro::registry::short_name(&service.name);
    if micro::registry::PARTS.contains(&name) {
        let detail = format!("{name} is a part of the platform itself: give the service another name");
        return Err(Error::bad_request(id, detail));
    }
    if !options.volumes.is_empty() {
        return Err(Error::not_implemented(id, "this runtime mounts no volumes"));
    }
    let mut metadata: BTreeMap<String, String> = service.metadata;
    if let Some(account) = ctx.account() {
        let owner = Some(&account.name)
            .filter(|name| !name.is_empty())
            .unwrap_or(&account.id);
        metadata.insert("owner".to_owned(), owner.clone());
        metadata.insert("group".to_owned(), account.issuer.clone());
    }
    Ok(Create {
        source: service.source,
        entrypoint: options.entrypoint,
        env: environment(&options.env, id)?,
        secrets: options.secrets,
        config_secrets: options.config_secrets,
        command: options.command,
        args: options.args,
        instances: instances(options.instances, id)?,
        kind: Some(options.r#type)
            .filter(|kind| !kind.is_empty())
            .unwrap_or_else(|| KIND.to_owned()),
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
        let namespace = authorised(ctx, &options.namespace, &subject, ID)?;
        let created = match &subject {
            Subject::Resource(resource) => self.runtime.add_resource(resource.clone()).await,
            Subject::Service(service) => {
                let wanted = create(ctx, &namespace, service.clone(), options, ID)?;
                self.runtime.create(wanted).await
            }
        };
        created.map_err(|error| with_id(error, ID))?;
        self.changes.tell("created", &namespace, &subject).await;
        Ok(CreateResponse::default())
    }

    async fn read(&self, ctx: &Context, request: ReadRequest) -> Result<ReadResponse> {
        const ID: &str = "runtime.Runtime.Read";
        let options = request.options.unwrap_or_default();
        let namespace = namespace::named(&options.namespace, namespace::PLATFORM, ID)?;
        namespace::authorize(ctx, namespace, ID)?;
        let query = Query {
            name: micro::registry::short_name(&options.service).to_owned(),
            version: options.version,
            kind: options.r#type,
        };
        let services = self.runtime.read(namespace, &query).await;
        Ok(ReadResponse {
            services: services.map_err(|error| with_id(error, ID))?,
        })
    }

    async fn delete(&self, ctx: &Context, request: DeleteRequest) -> Result<DeleteResponse> {
        const ID: &str = "runtime.Runtime.Delete";
        let subject = subject(request.resource, ID)?;
        let options = request.options.unwrap_or_default();
        let namespace = authorised(ctx, &options.namespace, &subject, ID)?;
        let deleted = match &subject {
            Subject::Resource(resource) => self.runtime.delete_resource(resource.clone()).await,
            Subject::Service(service) => {
                let key = key(&namespace, &service.name, &service.version)?;
                self.runtime.delete(&key).await
            }
        };
        deleted.map_err(|error| with_id(error, ID))?;
        self.changes.tell("deleted", &namespace, &subject).await;
        Ok(DeleteResponse::default())
    }

    async fn update(&self, ctx: &Context, request: UpdateRequest) -> Result<UpdateResponse> {
        const ID: &str = "runtime.Runtime.Update";
        let subject = subject(request.resource, ID)?;
        let options = request.options.unwrap_or_default();
        let namespace = authorised(ctx, &options.namespace, &subject, ID)?;
        let updated = match &subject {
            Subject::Resource(resource) => self.runtime.update_resource(resource.clone()).await,
            Subject::Service(service) => {
                let key = key(&namespace, &service.name, &service.version)?;
                let update = Update {
                    source: service.source.clone(),
                    entrypoint: options.entrypoint,
                    instances: instances(options.instances, ID)?,
                    metadata: service.metadata.clone(),
                };
                self.runtime.update(&key, update).await
            }
        };
        updated.map_err(|error| with_id(error, ID))?;
        self.changes.tell("updated", &namespace, &subject).await;
        Ok(UpdateResponse::default())
    }

    async fn resources(&self, ctx: &Context, request: ResourcesRequest) -> Result<ResourcesResponse> {
        const ID: &str = "runtime.Runtime.Resources";
        const ALL: &str = "*";
        let options = request.options.unwrap_or_default();
        let is_all = options.namespace == ALL;
        let named = if is_all { "" } else { &options.namespace };
        let namespace = namespace::named(named, namespace::PLATFORM, ID)?;
        namespace::authorize_admin(ctx, namespace, ID)?;
        let known = self.runtime.resources((!is_all).then_some(namespace)).await;
        let known = known.map_err(|error| with_id(error, ID))?.into_iter();
        let resources = known.map(|state| ResourceState {
            resource: Some(state.resource.into_message()),
            note: state.note,
        });
        Ok(ResourcesResponse {
            resources: resources.collect(),
        })
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
        let key = key(namespace, &request.service, &request.version)?;
        let lines = self.log(&key, request.version.is_empty(), query);
        let lines = peers::answer(ctx, lines).await?;
        Ok(if request.stream {
            self.draining.bound(lines)
        } else {
            lines
        })
    }
}

fn account<'a>(ctx: &'a Context, id: &str) -> Result<&'a Account> {
    let account = ctx.account();
    account
        .map(|account| &**account)
        .ok_or_else(|| Error::unauthorized(id, "an account is required"))
}

/// Source belongs to the caller's namespace. The platform's own accounts may name another; clients of others send the
/// platform's as header with every call to it, which then says nothing.
fn home<'a>(ctx: &'a Context, account: &'a Account) -> &'a str {
    match ctx.namespace() {
        named if account.issuer == namespace::PLATFORM => named,
        _ => &account.issuer,
    }
}

#[micro_rpc::async_trait]
impl SourceContract for RuntimeHandler {
    async fn upload(&self, ctx: &Context, mut requests: Streaming<UploadRequest>) -> Result<UploadResponse> {
        const ID: &str = "runtime.Source.Upload";
        let account = account(ctx, ID)?;
        let first = match requests.next().await {
            Some(first) => first?,
            None => return Err(Error::bad_request(ID, "No source was sent")),
        };
        let service = first
            .service
            .ok_or_else(|| Error::bad_request(ID, "the first message does not name the service"))?;
        let namespace = namespace::named(home(ctx, account), namespace::PLATFORM, ID)?;
        // The contract asks for any account. But who uploads decides what the next update runs: as much as to create.
        namespace::authorize_admin(ctx, namespace, ID)?;
        let key = key(namespace, &service.name, &service.version)?;
        let head = Streaming::from_iter([first.data]);
        let rest = requests.map(|request| Ok(request.data));
        let tar = Streaming::new(micro_rpc::futures_util::StreamExt::chain(head, rest));
        Ok(UploadResponse {
            id: self.runtime.upload(&key, tar).await?,
        })
    }
}

#[micro_rpc::async_trait]
impl BuildContract for RuntimeHandler {
    async fn read(&self, ctx: &Context, request: Service) -> Result<Streaming<BuildReadResponse>> {
        const ID: &str = "runtime.Build.Read";
        let account = account(ctx, ID)?;
        let namespace = namespace::named(home(ctx, account), namespace::PLATFORM, ID)?;
        if account.issuer == namespace::PLATFORM {
            // Whoever is of the platform, but none of its administrators, is of no other namespace.
            namespace::authorize(ctx, namespace, ID)?;
        }
        if request.name.is_empty() || request.version.is_empty() {
            return Err(Error::bad_request(
                ID,
                "name and version of the service are required",
            ));
        }
        let key = key(namespace, &request.name, &request.version)?;
        let pieces = peers::answer(ctx, self.runtime.build(&key)).await;
        let pieces = pieces.map_err(|error| with_id(error, ID))?;
        Ok(pieces.map(|data| Ok(BuildReadResponse { data })))
    }
}
