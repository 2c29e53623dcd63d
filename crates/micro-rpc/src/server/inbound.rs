//! A call on its way to the handler: what its headers say, who calls, until when.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, TE};

use super::call::{Body, Call, Reply};
use super::limit::Entered;
use super::respond::Manner;
use super::routes::{Mounted, Target, UNIMPLEMENTED};
use super::{Server, headers};
use crate::frame::Frames;
use crate::lane::Head;
use crate::names::{
    EXTENSIONS, GRPC_ACCEPT_ENCODING, GRPC_TIMEOUT, LANE, NAMESPACE, TIMEOUT, X_CONTENT_TYPE,
};
use crate::{Access, Account, Codec, Context, Error, Id, Metadata, MethodDescriptor, Result, Trace};

/// A call whose headers were read.
pub(super) struct Inbound {
    codec: Option<Codec>,
    pub(super) metadata: Metadata,
    pub(super) deadline: Option<Instant>,
    pub(super) trace: Trace,
    handler: Found,
}

type Found = Option<(Arc<Mounted>, Result<&'static MethodDescriptor>)>;

/// The gRPC status of a path that names no method.
const INVALID_ARGUMENT: u8 = 3;

impl Inbound {
    /// The call, and how it is answered over HTTP/2; `None` when the request is no gRPC at all.
    pub(super) fn read(
        server: &Server,
        verb: &http::Method,
        path: &str,
        mut headers: HeaderMap,
    ) -> Option<(Self, Manner)> {
        let content_type = headers::text(&headers, &CONTENT_TYPE).unwrap_or("");
        if verb != http::Method::POST || !content_type.starts_with("application/grpc") {
            return None;
        }
        let codec = Codec::from_content_type(content_type);
        let manner = Manner {
            content_type: match codec {
                // Said as it was asked for, though both mean the same.
                Some(codec) if content_type != "application/grpc" => codec.content_type(),
                _ => "application/grpc",
            },
            with_details: server.0.relay.is_none(),
            asks_for_lanes: headers.contains_key(&LANE),
        };
        let deadline = headers::deadline(&headers, Instant::now());
        let trace = headers::trace(&headers);
        for name in [
            &TIMEOUT,
            &GRPC_TIMEOUT,
            &TE,
            &CONTENT_TYPE,
            &X_CONTENT_TYPE,
            &GRPC_ACCEPT_ENCODING,
            &LANE,
        ] {
            headers.remove(name);
        }
        let inbound = Self {
            codec,
            deadline,
            trace,
            handler: handler(server, path),
            metadata: headers.into(),
        };
        Some((inbound, manner))
    }

    /// The call that came over a lane, or from this process, and its message.
    pub(super) fn said(server: &Server, path: &str, head: Head) -> (Self, Bytes) {
        let deadline = head.timeout.map(|timeout| Instant::now() + timeout);
        let trace = match head.trace {
            Some((id, parent)) => Trace {
                id,
                span: Id::random(),
                parent,
            },
            None => Trace::start(),
        };
        let inbound = Self {
            codec: head.codec,
            deadline,
            trace,
            handler: handler(server, path),
            metadata: head.metadata,
        };
        (inbound, head.message)
    }

    /// Its method, when that answers one message with one and usually at once.
    pub(super) fn quick(&self, since_origin: Duration) -> Option<(Arc<Mounted>, &'static MethodDescriptor)> {
        let (mounted, method) = self.unary()?;
        let is_quick = mounted.pace(method)?.is_quick(since_origin);
        is_quick.then(|| (mounted.clone(), method))
    }

    /// Its method, when that answers one message with one.
    pub(super) fn unary(&self) -> Option<(&Arc<Mounted>, &'static MethodDescriptor)> {
        let (mounted, Ok(method)) = self.handler.as_ref()? else {
            return None;
        };
        let is_unary = !method.client_streaming && !method.server_streaming;
        is_unary.then_some((mounted, *method))
    }

    pub(super) fn endpoint(&self) -> (&'static str, &'static str) {
        match &self.handler {
            Some((mounted, Ok(method))) => (mounted.handler.descriptor().name, method.name),
            Some((mounted, Err(_))) => (mounted.handler.descriptor().name, ""),
            None => ("relay", ""),
        }
    }

    pub(super) async fn run(
        self,
        server: &Server,
        path: &str,
        frames: Frames,
        entered: Option<&mut Entered>,
    ) -> Result<Reply> {
        let name = &*server.0.name;
        let target = Target::parse(path)
            .ok_or_else(|| Error::plain(INVALID_ARGUMENT, format!("malformed method name: {path:?}")))?;
        let codec = self.codec.ok_or_else(|| {
            Error::bad_request(
                name,
                "unsupported content type; use application/grpc+proto or application/grpc+json",
            )
        })?;
        let deadline = self.deadline;
        let extensions = self.metadata.contains(&EXTENSIONS);
        let relayed = self.handler.is_none() && server.0.relay.is_some();
        let known = match &self.handler {
            Some((mounted, Ok(method))) => mounted.endpoint(method),
            _ => None,
        };
        let endpoint = known.map_or_else(
            || Cow::Owned([target.handler, ".", target.method].concat()),
            Cow::Borrowed,
        );
        let ctx = admit(server, &target, &endpoint, self.metadata, deadline, self.trace).await?;
        drop(endpoint);
        if let Some(entered) = entered {
            entered.reached();
        }
        let call = Call::new(codec, extensions, frames, server.0.limits.request);
        let work = async {
            match self.handler {
                Some((mounted, method)) => guarded(name, mounted.handler.call(&ctx, method?, call)).await,
                None if relayed => relay(server, &ctx, path, codec, call).await,
                None => {
                    let text = format!("unknown service {}", target.handler);
                    Err(Error::plain(UNIMPLEMENTED, text))
                }
            }
        };
        match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.into(), work)
                .await
                .unwrap_or_else(|_| {
                    let detail = format!(
                        "{}.{} did not answer before the deadline",
                        target.handler, target.method
                    );
                    Err(Error::timeout(name, detail))
                }),
            None => work.await,
        }
    }
}

async fn relay(server: &Server, ctx: &Context, path: &str, codec: Codec, mut call: Call) -> Result<Reply> {
    let Some(relay) = &server.0.relay else {
        return Err(Error::internal(&*server.0.name, "no relay"));
    };
    let answers = relay
        .relay(ctx, path, codec.content_type(), call.raw_requests())
        .await?;
    Ok(Reply(Body::Stream(
        answers.map(|body| crate::codec::frame_raw(&body)),
    )))
}

/// A handler that panics answers with an error; the process lives.
async fn guarded(name: &str, work: impl Future<Output = Result<Reply>>) -> Result<Reply> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(service = name, panic = text, "handler panicked");
            Err(Error::internal(name, format!("panic recovered: {text}")))
        })
}

/// Authenticates and authorises, and makes the handler's context.
async fn admit(
    server: &Server,
    target: &Target<'_>,
    endpoint: &str,
    mut metadata: Metadata,
    deadline: Option<Instant>,
    trace: Trace,
) -> Result<Context> {
    let inner = &*server.0;
    let id = if inner.relay.is_some() {
        target.service
    } else {
        &*inner.name
    };
    let mut account = None;
    if let Some(guard) = &inner.guard {
        let basic = inner.relay.is_none();
        let token = headers::token(&metadata, basic).map_err(|detail| Error::unauthorized(id, detail))?;
        if let Some(token) = token {
            account = guard.authenticate(&token);
            if account.is_none() {
                guard.refresh(&token).await;
                account = guard.authenticate(&token);
            }
        }
        let said = metadata.text(&NAMESPACE);
        let namespace = namespace(server, said, account.as_deref());
        guard.authorise(&Access {
            account: account.as_deref(),
            service: if inner.relay.is_some() {
                target.service
            } else {
                &inner.name
            },
            endpoint,
            namespace,
        })?;
        if inner.namespace.is_none() && !metadata.says_once(&NAMESPACE, namespace) {
            let namespace = namespace.to_owned();
            metadata.insert(NAMESPACE.as_str(), &namespace);
        }
    }
    Ok(Context::new(account, metadata, deadline, trace))
}

fn namespace<'a>(server: &'a Server, said: Option<&'a str>, account: Option<&'a Account>) -> &'a str {
    if let Some(own) = &server.0.namespace {
        return own;
    }
    let issuer = account.map(|account| account.issuer.as_str());
    let mut known = said.into_iter().chain(issuer);
    known.find(|name| !name.is_empty()).unwrap_or("micro")
}

fn handler(server: &Server, path: &str) -> Found {
    let target = Target::parse(path)?;
    let routes = &server.0.routes;
    let mounted = match server.0.relay {
        Some(_) => routes.exact(&target),
        None => routes.any(&target),
    };
    mounted.map(|mounted| (mounted.clone(), mounted.method(&target)))
}
