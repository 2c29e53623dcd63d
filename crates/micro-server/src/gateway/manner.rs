//! How an endpoint is called.

use micro::registry::Service;
use micro::registry::schema::IDEMPOTENT;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Codec, Context, Result};

use super::endpoints;
use super::path::Target;

/// As the registry knows it.
#[derive(Default)]
pub(super) struct Manner {
    pub(super) streams: bool,
    pub(super) is_idempotent: bool,
}

impl Manner {
    /// `None` where no version tells of the endpoint.
    pub(super) fn of(versions: &[Service], endpoint: &str) -> Option<Self> {
        let named = versions
            .iter()
            .flat_map(|version| endpoints::named(version, endpoint));
        named.fold(None, |manner, endpoint| {
            let is = |what: &str| endpoint.metadata.get(what).is_some_and(|is| is == "true");
            let manner: Self = manner.unwrap_or_default();
            Some(Self {
                streams: manner.streams || is("stream"),
                is_idempotent: manner.is_idempotent || is(IDEMPOTENT),
            })
        })
    }
}

/// One message, one answer; what may be sent twice is where an instance was lost with it.
pub(super) async fn ask(
    client: &Client,
    ctx: &Context,
    target: &Target,
    codec: Codec,
    message: Bytes,
    is_idempotent: bool,
) -> Result<Bytes> {
    let (service, endpoint) = (&target.service, &target.endpoint);
    match is_idempotent {
        true => {
            client
                .call_raw_idempotent(ctx, service, endpoint, codec, message)
                .await
        }
        false => client.call_raw(ctx, service, endpoint, codec, message).await,
    }
}
