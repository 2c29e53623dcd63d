//! The door for callers outside the mesh: the platform's own services answer here, all others are relayed to.

mod alias;
mod debug;
pub mod reflection;
#[cfg(test)]
mod tests;

use micro::registry::PARTS;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Codec, Context, Error, Relay, Result, Streaming};

pub use alias::ByAlias;
pub use debug::OwnDebug;

const ID: &str = "go.micro.proxy";
/// gRPC's status for what is not there.
const UNIMPLEMENTED: u8 = 12;

/// Counts the proxies that a call has passed. A service that gave the proxy's own address as its own would otherwise
/// send a call round for ever. Services of the original framework call each other through the proxy and hand on all metadata,
/// so the count is that of a whole chain of calls.
const HOPS: &str = "micro-proxy-hops";
const MOST_HOPS: u32 = 64;

/// Relays calls to the instances of the service that their path names.
pub struct Proxy {
    client: Client,
    platform: Client,
    own: Vec<&'static str>,
}

impl Proxy {
    /// `client` finds instances by the registry, `platform` the platform's own where they are in other processes. `own` are the services that answer here, so that a contract that they
    /// do not have is nowhere: their entries in the registry lead back here.
    pub fn new(client: Client, platform: Client, own: Vec<&'static str>) -> Self {
        Self {
            client,
            platform,
            own,
        }
    }
}

/// Service, handler and method of a path: `/go.micro.service.user.User/Read` is `user`, `User` and `Read`.
fn route(path: &str) -> Option<(&str, &str, &str)> {
    let (target, method) = path.strip_prefix('/')?.split_once('/')?;
    let (service, handler) = target.rsplit_once('.').unwrap_or(("", target));
    let is_whole = !handler.is_empty() && !method.is_empty() && !method.contains('/');
    is_whole.then(|| (micro::registry::short_name(service), handler, method))
}

fn hop(ctx: &Context) -> Result<Context> {
    let passed: u32 = ctx
        .metadata()
        .get(HOPS)
        .and_then(|hops| hops.parse().ok())
        .unwrap_or(0);
    if passed >= MOST_HOPS {
        return Err(Error::internal(
            ID,
            "the call goes in circles: an instance is registered at a proxy's address",
        ));
    }
    Ok(ctx.clone().with_metadata(HOPS, &(passed + 1).to_string()))
}

#[micro_rpc::async_trait]
impl Relay for Proxy {
    async fn relay(
        &self,
        ctx: &Context,
        path: &str,
        content_type: &str,
        requests: Streaming<Bytes>,
    ) -> Result<Streaming<Bytes>> {
        let (service, handler, method) =
            route(path).ok_or_else(|| Error::bad_request(ID, format!("malformed method name: {path:?}")))?;
        if service.is_empty() {
            return Err(Error::bad_request(ID, "service name is blank"));
        }
        if self.own.contains(&service) {
            return Err(Error::plain(UNIMPLEMENTED, format!("unknown service {handler}")));
        }
        let codec = Codec::from_content_type(content_type)
            .ok_or_else(|| Error::bad_request(ID, format!("Unsupported Content-Type: {content_type}")))?;
        let endpoint = format!("{handler}.{method}");
        let is_part = PARTS.contains(&service) && service != "debug";
        let client = if is_part { &self.platform } else { &self.client };
        client
            .stream_raw(&hop(ctx)?, service, &endpoint, codec, requests)
            .await
    }
}
