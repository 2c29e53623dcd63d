//! The contracts of running services as OpenAPI documents: `/openapi.json` and `/openapi/SERVICE.json`.
//!
//! Services tell their contracts themselves, by reflection, and decide whom they tell: what a caller may not see is not in his
//! document. The platform's own contracts are for everybody.

use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Response, header};
use micro::service::reflection::{Described, describe};
use micro_codegen::contract::Contract;
use micro_codegen::openapi::{Info, document, from_descriptors};
use micro_rpc::futures_util::StreamExt;
use micro_rpc::futures_util::stream;
use micro_rpc::{Error, Result, ServiceDescriptor};

use super::caller::Caller;
use super::reply::{self, Content};
use super::{ID, Inner, metadata};

/// How long a service may take to tell of itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many services are asked at once.
const AT_ONCE: usize = 16;
/// What nobody calls through the gateway: what services tell of themselves, their pages, and what they answer as HTTP.
const HIDDEN: [&str; 3] = ["debug.Debug", "http.Http", "web.Web"];
/// Contracts change with versions of services only, but who is allowed to see them changes too.
const KEPT: HeaderValue = HeaderValue::from_static("no-cache");

impl Inner {
    /// The document of the whole platform, or of one service.
    pub(super) async fn openapi(&self, parts: &Parts, service: Option<&str>) -> Result<Response<Content>> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err(Error::new(ID, 405, "documents are read with GET"));
        }
        let caller = Caller::identify(parts, &*self.config.guard).await?;
        if caller.is_refused(&self.config.block_list) {
            return Ok(reply::refused());
        }
        let contracts = match service {
            Some(name) => {
                self.contracts_of(parts, &caller, micro::registry::short_name(name))
                    .await
            }
            None => self.all_contracts(parts, &caller).await,
        };
        if contracts.is_empty() {
            return Err(Error::not_found(ID, "no service of that name tells its contract"));
        }
        let info = Info {
            title: service.map_or_else(|| "Micro".to_owned(), str::to_owned),
            version: self.config.version.clone(),
            ..Info::default()
        };
        let text = document(&contracts, &info).to_string();
        let mut response = reply::whole(http::StatusCode::OK, reply::JSON, text.into());
        response.headers_mut().insert(header::CACHE_CONTROL, KEPT);
        Ok(response)
    }

    async fn all_contracts(&self, parts: &Parts, caller: &Caller) -> Vec<Contract> {
        let own = self.config.own.iter().map(|(name, _)| (*name).to_owned());
        let mut names: Vec<String> = own.collect();
        let registered = self.config.registry.list(&caller.namespace).await;
        names.extend(
            registered
                .unwrap_or_default()
                .into_iter()
                .map(|service| service.name),
        );
        names.sort();
        names.dedup();
        let asked =
            stream::iter(names).map(|name| async move { self.contracts_of(parts, caller, &name).await });
        let contracts: Vec<Vec<Contract>> = asked.buffered(AT_ONCE).collect().await;
        contracts.concat()
    }

    async fn contracts_of(&self, parts: &Parts, caller: &Caller, name: &str) -> Vec<Contract> {
        let described = match self.config.own.iter().find(|(own, _)| *own == name) {
            Some((_, contracts)) => contracts.iter().map(|contract| own(contract)).collect(),
            None => {
                let ctx = metadata::context(parts, &caller.namespace).with_timeout(PATIENCE);
                describe(&self.config.client, name, &ctx)
                    .await
                    .unwrap_or_default()
            }
        };
        let mut contracts = Vec::new();
        for service in described.iter().filter(|service| is_shown(service)) {
            match from_descriptors(&[&service.files]) {
                Ok(found) => contracts.extend(found.into_iter().filter(|contract| has(contract, service))),
                Err(error) => tracing::debug!(%error, service = service.name, "a contract cannot be read"),
            }
        }
        for contract in &mut contracts {
            // The address decides, whatever the package is called.
            contract.name = name.to_owned();
        }
        contracts.dedup();
        contracts
    }
}

fn own(contract: &'static ServiceDescriptor) -> Described {
    Described {
        name: contract.full_name(),
        files: contract.file_descriptor_set.to_vec(),
    }
}

fn is_shown(service: &Described) -> bool {
    !service.files.is_empty() && !HIDDEN.contains(&service.name.as_str())
}

/// Imported files may declare services of others.
fn has(contract: &Contract, service: &Described) -> bool {
    let (package, name) = service.name.rsplit_once('.').unwrap_or(("", &service.name));
    contract.package == package && contract.services.iter().any(|declared| declared.name == name)
}
