//! The door for callers outside the mesh: the platform's own services answer here, all others are relayed to.

pub mod reflection;

use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Codec, Context, Error, Relay, Result, Streaming};

/// Relays calls to the instances of the service that their path names.
pub struct Proxy {
    client: Client,
}

impl Proxy {
    /// `client` finds instances by the registry.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

/// Service and endpoint of a path: `/go.micro.service.user.User/Read` is `user` and `User.Read`.
fn route(path: &str) -> Option<(&str, String)> {
    let (target, method) = path.strip_prefix('/')?.split_once('/')?;
    let (service, handler) = target.rsplit_once('.').unwrap_or(("", target));
    Some((
        micro::registry::short_name(service),
        format!("{handler}.{method}"),
    ))
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
        const ID: &str = "go.micro.proxy";
        let (service, endpoint) =
            route(path).ok_or_else(|| Error::bad_request(ID, format!("malformed method name: {path:?}")))?;
        if service.is_empty() {
            return Err(Error::bad_request(ID, "service name is blank"));
        }
        let codec = Codec::from_content_type(content_type)
            .ok_or_else(|| Error::bad_request(ID, format!("Unsupported Content-Type: {content_type}")))?;
        self.client
            .stream_raw(ctx, service, &endpoint, codec, requests)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_service_and_endpoint() {
        let cases = [
            (
                "/helloworld.Helloworld/Call",
                Some(("helloworld", "Helloworld.Call")),
            ),
            ("/go.micro.service.user.User/Read", Some(("user", "User.Read"))),
            ("/foo.bar.Baz/Cat", Some(("foo.bar", "Baz.Cat"))),
            ("/Foo/Bar", Some(("", "Foo.Bar"))),
            ("/nothing", None),
        ];
        for (path, expected) in cases {
            let expected = expected.map(|(service, endpoint)| (service, endpoint.to_owned()));
            assert_eq!(route(path), expected, "{path}");
        }
    }
}
