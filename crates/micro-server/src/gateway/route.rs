//! Requests to routes that services declare, beyond `/{service}/{endpoint}`.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Method, Response, header};
use hyper::body::Incoming;
use micro::registry::Service;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Codec, Error, Result, Streaming};

use super::caller::Caller;
use super::inflate::Coding;
use super::lines::{self, NDJSON};
use super::path::Target;
use super::reply::{self, Content};
use super::request::lasting;
use super::transcode::Given;
use super::websocket::{self, Opening};
use super::{ID, Inner, endpoints, message, metadata, transcode};
use crate::namespace::PLATFORM_SERVICES;
use crate::routes::{Claim, Found};

/// What a request means besides an endpoint.
pub(super) enum Routed {
    Route(Arc<Claim>),
    /// The routes of the path have other methods.
    Refused(Response<Content>),
}

impl Inner {
    /// The route of a request; `None` where there is none, or where the path leads to an endpoint by itself.
    pub(super) async fn routed(
        &self,
        caller: &Caller,
        automatic: Option<&Target>,
        parts: &Parts,
    ) -> Result<Option<Routed>> {
        let Some(table) = self.routes.of(&caller.namespace) else {
            return Ok(None);
        };
        let routed = match table.find(parts.method.as_str(), parts.uri.path()) {
            Found::Nothing => return Ok(None),
            Found::Route(claim) => Routed::Route(claim),
            Found::WrongMethod(allowed) => {
                let allowed: Vec<_> = allowed.iter().map(String::as_str).collect();
                Routed::Refused(refused(parts, &allowed.join(", ")))
            }
        };
        match automatic {
            Some(target) if self.is_endpoint(caller, target).await? => Ok(None),
            _ => Ok(Some(routed)),
        }
    }

    /// Whether a path without a route would mean something.
    async fn is_endpoint(&self, caller: &Caller, target: &Target) -> Result<bool> {
        if PLATFORM_SERVICES.contains(&target.service.as_str()) {
            return Ok(true);
        }
        // With very many routes most of what their paths name is no service: the registry is not asked for each. So a service that came a moment
        // ago is behind a route of another that takes its path, until the gateway has heard of it.
        let home = caller.home(&target.service);
        let versions = self.config.cache.seen(home, &target.service).await?;
        // Programs of others may tell of no endpoints, and every service has what all have.
        let is_told = |version: &Service| {
            version.endpoints.is_empty() || !endpoints::named(version, &target.endpoint).is_empty()
        };
        let is_everywhere = target.endpoint.starts_with("Debug.");
        Ok(versions.is_some_and(|versions| is_everywhere || versions.iter().any(is_told)))
    }

    pub(super) async fn by_route(
        &self,
        caller: &Caller,
        claim: &Claim,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Response<Content>> {
        let target = Target {
            service: claim.call.service.clone(),
            endpoint: claim.call.endpoint.clone(),
        };
        caller.admit(&*self.config.guard, &target)?;
        if claim.call.endpoint == micro::api::ENDPOINT {
            return self.hand_on(caller, claim, parts, body).await;
        }
        let ctx = metadata::extended(parts, &caller.namespace);
        let client = self.client(caller, &claim.call.service);
        let given = Given::read(claim, parts.uri.path(), parts.uri.query().unwrap_or_default())?;
        if claim.call.streams && websocket::is_asked(parts) {
            let (client, ctx) = (client.clone(), lasting(&ctx, parts));
            let answers = transcode::answers(claim);
            let open = move |requests: Streaming<Bytes>| async move {
                let requests = requests.map(move |text| given.message(text));
                let Target { service, endpoint } = &target;
                let answered = client
                    .stream_raw(&ctx, service, endpoint, Codec::Json, requests)
                    .await?;
                Ok(answered.map(answers))
            };
            return websocket::accept(parts, Opening::new(open));
        }
        if claim.call.streams {
            let requests = self.requests(claim, given, parts, body).await?;
            let answers = self.stream(client, &ctx, &target, parts, requests).await?;
            return self.begin(parts, answers.map(transcode::answers(claim))).await;
        }
        let body = message::body(parts, body, &self.limits, &self.bodies, &claim.rule.body).await?;
        let message = given.message(body)?;
        let ctx = ctx.with_timeout(self.patience(parts));
        let (service, endpoint) = (&claim.call.service, &claim.call.endpoint);
        let answer = client
            .call_raw(&ctx, service, endpoint, Codec::Json, message)
            .await?;
        Ok(reply::message(reply::JSON, transcode::answers(claim)(answer)?))
    }

    /// The messages of a call that streams: one, or of lines each with what path and query say.
    async fn requests(
        &self,
        claim: &Claim,
        given: Given,
        parts: &Parts,
        body: Incoming,
    ) -> Result<Streaming<Bytes>> {
        if message::content_type(parts).starts_with(NDJSON) && parts.method != Method::GET {
            let coding = Coding::of(&parts.headers)?;
            return Ok(
                lines::values(body, coding, &self.limits, &self.bodies).map(move |line| given.message(line))
            );
        }
        let body = message::body(parts, body, &self.limits, &self.bodies, &claim.rule.body).await?;
        Ok(Streaming::from_iter([given.message(body)?]))
    }
}

fn refused(parts: &Parts, allowed: &str) -> Response<Content> {
    let detail = format!("{} is no method of this path, which has {allowed}", parts.method);
    let mut response = reply::error(&Error::new(ID, 405, detail));
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
