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
use micro_rpc::{Account, Context, Error, Result, Streaming};

use crate::drain::Draining;
use crate::namespace;

#[cfg(test)]
mod tests;

/// So many processes of one service, at most. A number with a digit too many would take the machine down.
const MOST_INSTANCES: i64 = 100;

/// Answers the contracts `Runtime` and `Source` from a driver.
#[derive(Clone)]
pub struct RuntimeHandler {
    runtime: Arc<dyn Runtime>,
    draining: Draining,
}

impl RuntimeHandler {
    /// Over a driver; logs that are followed end with the drain.
    pub fn new(runtime: Arc<dyn Runtime>, draining: Draining) -> Self {
        Self { runtime, draining }
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
    let named = |parts: &[&str]| match parts.iter().any(|part| part.is_empty()) {
        true => Err(Error::internal(id, "invalid resource")),
        false => Ok(Subject::Nothing),
    };
    if let Some(wanted) = resource.namespace {
        return named(&[&wanted.name]);
    }
    if let Some(wanted) = resource.networkpolicy {
        return named(&[&wanted.name, &wanted.namespace]);
    }
    if let Some(wanted) = resource.resourcequota {
        return named(&[&wanted.name, &wanted.namespace]);
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
    if wanted > MOST_INSTANCES {
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
        command: options.command,
        args: options.args,
        instances: instances(options.instances, id)?.unwrap_or(1),
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
            self.runtime
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
        let services = self.runtime.read(namespace, name.as_deref(), version.as_deref());
        Ok(ReadResponse {
            services: services.await?,
        })
    }

    async fn delete(&self, ctx: &Context, request: DeleteRequest) -> Result<DeleteResponse> {
        const ID: &str = "runtime.Runtime.Delete";
        let subject = subject(request.resource, ID)?;
        let options = request.options.unwrap_or_default();
        let namespace = namespace::named(&options.namespace, namespace::PLATFORM, ID)?;
        namespace::authorize_admin(ctx, namespace, ID)?;
        if let Subject::Service(service) = subject {
            self.runtime
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
            let instances = instances(options.instances, ID)?;
            let key = key(namespace, &service.name, &service.version)?;
            self.runtime.update(&key, &options.entrypoint, instances).await?;
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
        let key = key(namespace, &request.service, &request.version)?;
        let lines = self.runtime.logs(&key, query).await?;
        Ok(if request.stream {
            self.draining.bound(lines)
        } else {
            lines
        })
    }
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
