//! What a call is for: its path names the RPC service and the method, and the service of the platform that has them is the one whose
//! name is the package of the contract, unless a header says another.

use http::request::Parts;
use micro::registry::{Service, short_name};
use micro_rpc::{Error, Result};

use super::super::caller::Caller;
use super::super::manner::Manner;
use super::super::path::{Target, is_service, is_version};
use super::super::{AT_PROXY, ID, Inner};

/// The header that names the service, for contracts whose package is called otherwise.
pub(super) const SERVICE: &str = "micro-service";
/// gRPC's statuses of a path that names no method, and of a service that is not there.
const INVALID_ARGUMENT: u8 = 3;
const UNIMPLEMENTED: u8 = 12;

/// What is called.
pub(super) struct Called {
    pub(super) target: Target,
    /// For one message with one answer, whether it may be called twice; `None` for all else, and where that is not known.
    pub(super) unary: Option<bool>,
}

impl Called {
    /// Whether no service is called but what all have.
    pub(super) fn is_at_proxy(&self) -> bool {
        AT_PROXY.contains(&self.target.service.as_str())
    }
}

impl Inner {
    /// What a call is for, of what there is in the caller's namespace.
    pub(super) async fn called(&self, caller: &Caller, parts: &Parts) -> Result<Called> {
        let path = parts.uri.path();
        let malformed = || Error::plain(INVALID_ARGUMENT, format!("malformed method name: {path:?}"));
        let (full, method) = path
            .strip_prefix('/')
            .and_then(|path| path.split_once('/'))
            .ok_or_else(malformed)?;
        let (package, handler) = full.rsplit_once('.').unwrap_or(("", full));
        if !is_identifier(handler) || !is_identifier(method) {
            return Err(malformed());
        }
        let named = parts.headers.get(SERVICE).and_then(|name| name.to_str().ok());
        let service = short_name(named.map_or(package, str::trim));
        if service.is_empty() {
            let detail = format!(
                "{path} names no service: its package is to be before its name, or the header {SERVICE} to say it"
            );
            return Err(Error::bad_request(ID, detail));
        }
        let endpoint = format!("{handler}.{method}");
        if AT_PROXY.contains(&service) {
            let (service, unary) = (service.to_owned(), None);
            let target = Target { service, endpoint };
            return Ok(Called { target, unary });
        }
        let mut refused = None;
        for service in [service, unversioned(service)]
            .into_iter()
            .filter(|name| is_service(name))
        {
            let service = match self.config.namespace_prefix.as_str() {
                "" => service.to_owned(),
                prefix => format!("{prefix}.{service}"),
            };
            let target = Target {
                service,
                endpoint: endpoint.clone(),
            };
            // Who may not call it is not told whether it is there.
            if let Err(error) = caller.admit(&*self.config.guard, &target) {
                refused.get_or_insert(error);
                continue;
            }
            if let Some(versions) = self.find(caller, &target.service).await? {
                let unary = unary(&versions, &target.endpoint);
                return Ok(Called { target, unary });
            }
        }
        let unknown = || Error::plain(UNIMPLEMENTED, format!("unknown service {full}"));
        Err(refused.unwrap_or_else(unknown))
    }
}

fn unary(versions: &[Service], endpoint: &str) -> Option<bool> {
    Manner::of(versions, endpoint)
        .filter(|manner| !manner.streams)
        .map(|manner| manner.is_idempotent)
}

/// Of `user.v1` the `user`: packages say the version of the contract, names of services do not.
fn unversioned(service: &str) -> &str {
    match service.rsplit_once('.') {
        Some((service, version)) if is_version(version) => service,
        // Nothing, which no service is called.
        _ => "",
    }
}

/// It is put into the path of the next call, so nothing passes that is not a name.
fn is_identifier(name: &str) -> bool {
    const LONGEST: usize = 128;
    name.len() <= LONGEST
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}
