//! One HTTP request: resolve, authenticate, authorise, call.

use std::time::Duration;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Access, Account, Codec, Context, Error, Result};

use super::path::{Route, resolve};
use super::{Config, body, metadata, reply, stream};

const ID: &str = "go.micro.api";
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn answer(config: &Config, request: Request<Incoming>) -> Response<reply::Body> {
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return reply::empty();
    }
    match parts.uri.path() {
        "/" => {
            let version = serde_json::json!({ "version": config.version });
            return reply::whole(
                StatusCode::OK,
                "text/plain; charset=utf-8",
                format!("{version:#}").into(),
            );
        }
        "/favicon.ico" => return reply::empty(),
        _ => {}
    }
    let answered = call(config, &parts, body).await;
    tracing::debug!(method = %parts.method, path = parts.uri.path(), ok = answered.is_ok(), "request");
    answered.unwrap_or_else(|error| reply::error(&nicer(error)))
}

/// A method that a service does not have is, over HTTP, a page that is not there.
fn nicer(mut error: Error) -> Error {
    if error.code == 501 && error.detail.starts_with("unknown service") {
        let Error { id, detail, .. } = error;
        error = Error::not_found(id, detail);
    }
    error
}

async fn call(config: &Config, parts: &Parts, body: Incoming) -> Result<Response<reply::Body>> {
    let unknown = || Error::not_found(ID, "service not found");
    let route = resolve(parts.uri.path()).ok_or_else(unknown)?;
    let token = metadata::token(parts);
    let account = match token {
        Some(token) => authenticate(config, token).await,
        None => None,
    };
    let namespace = namespace(parts, account.as_deref());
    let service = format!("{}{}", config.namespace_prefix, route.service);
    let found = match config.cache.lookup(&namespace, &service) {
        Some(found) => Some(found),
        None => config.cache.get(&namespace, &service).await?,
    };
    // The platform's own services answer every namespace.
    let (found, home) = match found {
        Some(found) => (found, namespace.as_str()),
        None => (
            config.cache.get("micro", &service).await?.ok_or_else(unknown)?,
            "micro",
        ),
    };
    // Who belongs to another namespace is nobody here, until the service itself looks at the token.
    let member = account.as_deref().filter(|account| account.issuer == namespace);
    let access = Access {
        account: member,
        service: &service,
        endpoint: &route.endpoint,
        namespace: &namespace,
    };
    config.guard.authorise(&access)?;
    let endpoints = || found.iter().flat_map(|version| &version.endpoints);
    let is_stream = endpoints().any(|known| {
        known.name == route.endpoint && known.metadata.get("stream").is_some_and(|is| is == "true")
    });
    let ctx = context(parts, home, token);
    let message = body::message(parts, body, config.body_limit).await?;
    dispatch(config, parts, ctx, (&service, &route), message, is_stream).await
}

async fn dispatch(
    config: &Config,
    parts: &Parts,
    ctx: Context,
    (service, route): (&str, &Route),
    message: Bytes,
    is_stream: bool,
) -> Result<Response<reply::Body>> {
    if !is_stream {
        let ctx = ctx.with_timeout(TIMEOUT);
        return config
            .client
            .call_raw(&ctx, service, &route.endpoint, Codec::Json, message)
            .await
            .map(reply::json);
    }
    let accepts = parts
        .headers
        .get("accept")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let lines = accepts.contains("application/x-ndjson");
    stream::call(&config.client, &ctx, (service, &route.endpoint), message, lines).await
}

async fn authenticate(config: &Config, token: &str) -> Option<std::sync::Arc<Account>> {
    if let Some(account) = config.guard.authenticate(token) {
        return Some(account);
    }
    config.guard.refresh().await;
    config.guard.authenticate(token)
}

fn namespace(parts: &Parts, account: Option<&Account>) -> String {
    let named = parts
        .headers
        .get("micro-namespace")
        .and_then(|value| value.to_str().ok());
    let named = named.map(str::trim).filter(|name| !name.is_empty());
    let issuer = account
        .map(|account| account.issuer.as_str())
        .filter(|name| !name.is_empty());
    named.or(issuer).unwrap_or("micro").to_owned()
}

fn context(parts: &Parts, namespace: &str, token: Option<&str>) -> Context {
    let ctx = metadata::forward(Context::background(), parts).with_namespace(namespace);
    match token {
        Some(token) => ctx.with_token(token),
        None => ctx,
    }
}
