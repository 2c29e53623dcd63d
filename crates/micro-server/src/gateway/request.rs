//! The way of one request: count, resolve, authenticate, authorise, look up, build the message, call.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use micro::registry::Service;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Client, Codec, Context, Error, Result, Streaming};

use super::admission::Admitted;
use super::caller::Caller;
use super::face::Face;
use super::grpc::Spoken;
use super::inflate::{self, Coding};
use super::lines::{self, NDJSON};
use super::manner::{Manner, ask};
use super::path::{self, Target};
use super::reply::{self, Content};
use super::route::Routed;
use super::websocket::{self, Opening};
use super::{Gateway, ID, Inner, conditional, cors, message, metadata, missing, request_id, stream};
use crate::web;

const KEY_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=60");
const SCHEME: &str = "x-forwarded-proto";
const HTTPS: HeaderValue = HeaderValue::from_static("https");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");

impl Gateway {
    /// Answers, whatever comes.
    pub(super) async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Content> {
        let began = Instant::now();
        let (mut parts, body) = request.into_parts();
        if self.0.tls.is_some() {
            // As what takes TLS off in front of a gateway says it; where one is in front it knows better how it was asked.
            parts.headers.entry(SCHEME).or_insert(HTTPS);
        }
        let limited = self.0.admit(&mut parts, peer, began).await;
        let admitted = limited.as_ref().map_or(Ok(()), Admitted::result);
        let mut response = match self.0.face {
            Face::Programs => self.0.programs(&mut parts, body, admitted).await,
            Face::Browsers => web::answer(&self.0, &parts, body, admitted).await,
        };
        if let Some(limited) = limited {
            limited.tell(response.headers_mut());
        }
        let coding = self.0.compression.choose(&parts, &mut response);
        if !conditional::settle(&parts, &mut response) {
            self.0.compression.encode(coding, &parts, &mut response);
        }
        self.0.stats.answered(response.status());
        // Without the query, which may hold what is nobody's business.
        tracing::debug!(
            method = %parts.method,
            path = parts.uri.path(),
            status = response.status().as_u16(),
            took = ?began.elapsed(),
            "request"
        );
        response
    }
}

impl Inner {
    async fn programs(&self, parts: &mut Parts, body: Incoming, admitted: Result<()>) -> Response<Content> {
        let id = request_id::settle(&mut parts.headers);
        let spoken = Spoken::by(parts);
        let is_grpc_web = match &spoken {
            Some(spoken) => spoken.is_web(),
            None => parts.method == Method::OPTIONS && cors::is_for_grpc_web(&parts.headers),
        };
        let mut response = match spoken {
            // Apart, so that other requests are not as large.
            Some(spoken) => Box::pin(self.grpc(spoken, parts, body, admitted)).await,
            None => {
                let routed = match admitted {
                    Ok(()) => self.route(parts, body).await,
                    Err(error) => Err(error),
                };
                routed.unwrap_or_else(|error| reply::error(&missing(error)))
            }
        };
        reply::may_be_tried_again(&mut response);
        inflate::tell(&parts.headers, &mut response);
        let headers = response.headers_mut();
        headers.insert(&request_id::NAME, id);
        cors::allow(headers, parts.headers.get(header::ORIGIN).cloned());
        if is_grpc_web {
            cors::allow_grpc_web(headers);
        }
        response
    }

    async fn route(&self, parts: &Parts, body: Incoming) -> Result<Response<Content>> {
        match parts.method {
            // Before anything else: browsers ask without a token.
            Method::OPTIONS => return Ok(reply::empty(StatusCode::OK)),
            Method::CONNECT | Method::TRACE => {
                return Err(Error::new(
                    ID,
                    405,
                    format!("method {} is not supported", parts.method),
                ));
            }
            _ => {}
        }
        let decoded = path::decode(parts.uri.path()).ok_or_else(unknown)?;
        match path::parts(&decoded).as_slice() {
            [] => Ok(reply::whole(StatusCode::OK, TEXT, self.version.clone())),
            ["health"] => self.health(parts),
            ["favicon.ico"] => Ok(reply::empty(StatusCode::OK)),
            [".well-known", "jwks.json"] => self.key_set(parts),
            ["openapi.json"] => self.openapi(parts, None).await,
            ["openapi", file] if let Some(service) = file.strip_suffix(".json") => {
                self.openapi(parts, Some(service)).await
            }
            ["blob", namespace, key @ ..] if !key.is_empty() => {
                self.blob(parts, namespace, &key.join("/")).await
            }
            names => self.answer_call(self.target(names), parts, body).await,
        }
    }

    /// For whoever verifies tokens himself. A new key is published for twice as long before it signs as this may be kept.
    fn key_set(&self, parts: &Parts) -> Result<Response<Content>> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err(Error::new(ID, 405, "the public keys are read with GET"));
        }
        let mut response = reply::whole(StatusCode::OK, KEY_SET, (self.config.key_set)());
        response.headers_mut().insert(header::CACHE_CONTROL, KEPT);
        Ok(response)
    }

    fn target(&self, names: &[&str]) -> Result<Target> {
        let mut target = path::resolve(names).ok_or_else(unknown)?;
        let prefix = &self.config.namespace_prefix;
        if !prefix.is_empty() {
            target.service = format!("{prefix}.{}", target.service);
        }
        Ok(target)
    }

    /// Calls what a path means: an endpoint by itself, or by a route.
    async fn answer_call(
        &self,
        automatic: Result<Target>,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Response<Content>> {
        if automatic.is_err() && self.routes.is_empty() {
            return Err(unknown());
        }
        let caller = Caller::identify(parts, &*self.config.guard).await?;
        if caller.is_refused(&self.config.block_list) {
            return Ok(reply::refused());
        }
        match self.routed(&caller, automatic.as_ref().ok(), parts).await? {
            None => self.call(&caller, automatic?, parts, body).await,
            Some(Routed::Route(claim)) => Box::pin(self.by_route(&caller, &claim, parts, body)).await,
            Some(Routed::Refused(response)) => Ok(response),
        }
    }

    async fn call(
        &self,
        caller: &Caller,
        target: Target,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Response<Content>> {
        let target = self.settled(caller, target).await?;
        caller.admit(&*self.config.guard, &target)?;
        let Manner {
            streams,
            is_idempotent,
        } = self.manner(caller, &target).await?;
        let ctx = metadata::extended(parts, &caller.namespace);
        let client = self.client(caller, &target.service);
        if streams && websocket::is_asked(parts) {
            let (client, ctx) = (client.clone(), lasting(&ctx, parts));
            let open = move |requests: Streaming<Bytes>| async move {
                let requests = requests.map(|text| message::json(text, None));
                let Target { service, endpoint } = &target;
                client
                    .stream_raw(&ctx, service, endpoint, Codec::Json, requests)
                    .await
            };
            return websocket::accept(parts, Opening::new(open));
        }
        let is_lines = message::content_type(parts).starts_with(NDJSON) && parts.method == Method::POST;
        if streams && is_lines {
            let coding = Coding::of(&parts.headers)?;
            let requests = lines::messages(body, coding, &self.limits, &self.bodies);
            let answers = self.stream(client, &ctx, &target, parts, requests).await?;
            return self.begin(parts, answers).await;
        }
        let (codec, message) = message::build(parts, body, &self.limits, &self.bodies).await?;
        if streams {
            if codec != Codec::Json {
                let detail = "streams over HTTP are JSON: send application/json, or application/x-ndjson";
                return Err(Error::new(ID, 415, detail));
            }
            let requests = Streaming::from_iter([message]);
            let answers = self.stream(client, &ctx, &target, parts, requests).await?;
            return self.begin(parts, answers).await;
        }
        let ctx = ctx.with_timeout(self.patience(parts));
        let answer = ask(client, &ctx, &target, codec, message, is_idempotent).await?;
        Ok(reply::message(answer_type(parts, codec), answer))
    }

    /// `/v1/user/read` is about the service `v1.user`, and where there is none about `user`: so programs ask for public APIs.
    async fn settled(&self, caller: &Caller, target: Target) -> Result<Target> {
        let service = match target.service.split_once('.') {
            Some((version, service)) if path::is_version(version) => service,
            _ => return Ok(target),
        };
        match self.find(caller, &target.service).await? {
            Some(_) => Ok(target),
            None => Ok(Target {
                service: service.to_owned(),
                endpoint: target.endpoint,
            }),
        }
    }

    /// How long a call may take.
    pub(crate) fn patience(&self, parts: &Parts) -> Duration {
        metadata::timeout(parts).map_or(self.limits.call, |asked| asked.min(self.limits.call))
    }

    /// What calls the service where it is found.
    pub(crate) fn client(&self, caller: &Caller, service: &str) -> &Client {
        match caller.is_at_home(service) {
            true => &self.config.client,
            false => &self.platform,
        }
    }

    /// The versions of a service; `None` without any.
    pub(crate) async fn find(&self, caller: &Caller, service: &str) -> Result<Option<Arc<Vec<Service>>>> {
        let home = caller.home(service);
        let cache = &self.config.cache;
        match cache.lookup(home, service) {
            Some(versions) => Ok(Some(versions)),
            None => cache.get(home, service).await,
        }
    }

    /// How the endpoint is called; 404 without the service.
    async fn manner(&self, caller: &Caller, target: &Target) -> Result<Manner> {
        let found = self.find(caller, &target.service).await?;
        let versions = found.ok_or_else(unknown)?;
        Ok(Manner::of(&versions, &target.endpoint).unwrap_or_default())
    }

    pub(super) async fn stream(
        &self,
        client: &Client,
        ctx: &Context,
        target: &Target,
        parts: &Parts,
        requests: Streaming<Bytes>,
    ) -> Result<Streaming<Bytes>> {
        client
            .stream_raw(
                &lasting(ctx, parts),
                &target.service,
                &target.endpoint,
                Codec::Json,
                requests,
            )
            .await
    }

    /// Answers with a stream.
    pub(super) async fn begin(&self, parts: &Parts, answers: Streaming<Bytes>) -> Result<Response<Content>> {
        stream::begin(answers, &parts.headers, &self.limits).await
    }
}

/// A stream lasts as long as the caller says, if he says.
pub(super) fn lasting(ctx: &Context, parts: &Parts) -> Context {
    match metadata::timeout(parts) {
        Some(asked) => ctx.clone().with_timeout(asked),
        None => ctx.clone(),
    }
}

fn unknown() -> Error {
    Error::not_found(ID, "service not found")
}

/// Protobuf is answered as the type that it was sent as.
fn answer_type(parts: &Parts, codec: Codec) -> HeaderValue {
    match (codec, parts.headers.get(header::CONTENT_TYPE)) {
        (Codec::Proto, Some(content_type)) => content_type.clone(),
        _ => reply::JSON,
    }
}
