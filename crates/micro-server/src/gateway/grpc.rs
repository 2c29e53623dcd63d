//! gRPC on the port of HTTP: what is sent over HTTP/2 as `application/grpc` is a call, whose path names the RPC service and its
//! method as the contract does. gRPC-Web is the same for browsers, over any HTTP.
//!
//! Who calls, in which namespace, and whether he may is decided as for every request here; messages are handed on as they are, and
//! errors are said as gRPC says them. In reading order: `spoken` is how a caller speaks, `target` what he calls, `frames` are the
//! messages that he sends, `answer` is what he gets, and `text` is how both look to whom bytes do not reach.

mod answer;
mod frames;
mod spoken;
mod target;
mod text;

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Context, Error, Result, Streaming};

use super::caller::Caller;
use super::manner::ask;
use super::reply::Content;
use super::{ID, Inner, metadata};
pub(crate) use answer::Answer;
use frames::Frames;
pub(super) use spoken::Spoken;

impl Inner {
    /// Answers a call, whatever comes.
    pub(super) async fn grpc(
        &self,
        spoken: Spoken,
        parts: &Parts,
        body: Incoming,
        admitted: Result<()>,
    ) -> Response<Content> {
        let answers = match admitted {
            Ok(()) => self.grpc_call(&spoken, parts, body).await,
            Err(error) => Err(error),
        };
        match answers {
            Ok(answers) => answer::begin(spoken, answers).await,
            Err(error) => answer::failed(&spoken, &error),
        }
    }

    async fn grpc_call(&self, spoken: &Spoken, parts: &Parts, body: Incoming) -> Result<Streaming<Bytes>> {
        let codec = spoken.codec()?;
        let caller = Caller::identify(parts, &*self.config.guard).await?;
        if caller.is_refused(&self.config.block_list) {
            return Err(Error::unauthorized(ID, "unauthorized request"));
        }
        let called = self.called(&caller, parts).await?;
        caller.admit(&*self.config.guard, &called.target)?;
        let ctx = context(parts, &caller);
        let frames = Frames::new(body, &self.limits, spoken.sent, &self.bodies);
        let (service, endpoint) = (&called.target.service, &called.target.endpoint);
        let client = match called.is_at_proxy() {
            true => &self.platform,
            false => self.client(&caller, service),
        };
        let Some(is_idempotent) = called.unary else {
            // A stream of any kind; so is what the registry does not tell of, which a single message each way is too.
            return client
                .stream_raw(&ctx, service, endpoint, codec, frames.stream())
                .await;
        };
        let ctx = match ctx.deadline() {
            Some(_) => ctx,
            None => ctx.with_timeout(self.limits.call),
        };
        let message = frames.only(&ctx).await?;
        let answer = ask(client, &ctx, &called.target, codec, message, is_idempotent).await?;
        Ok(Streaming::from_iter([answer]))
    }
}

/// The call's own metadata, and until when its caller waits: the earlier of what gRPC says and what services say.
fn context(parts: &Parts, caller: &Caller) -> Context {
    let mut ctx = metadata::context(parts, &caller.namespace);
    let grpc = parts.headers.get("grpc-timeout");
    let grpc = grpc.and_then(|text| micro_rpc::grpc::timeout(text.to_str().ok()?));
    for asked in [grpc, metadata::timeout(parts)].into_iter().flatten() {
        ctx = ctx.with_timeout(asked);
    }
    ctx
}
