//! The web gateway: pages of services, for browsers.
//!
//! It is the gateway with another face. Connections, callers, rules and limits are those of [`crate::gateway`]; here is what a
//! path means, which is a page of the service that it begins with, and how the service is asked for it: over RPC, by its
//! contract `Web`.
//!
//! To a browser all these services are one origin. So what holds for a whole origin is not for one of them to say, no other
//! origin is let in, and what keeps pages apart from each other is on unless a service says otherwise.
//!
//! In reading order: `origin` refuses what other sites have sent, `response` and `cookies` what a service may not say, `headers`
//! is what every page carries, and `list`, `own` and `page` are the gateway's own pages.

mod cookies;
mod headers;
mod list;
mod origin;
mod own;
mod page;
mod response;
#[cfg(test)]
mod tests;

use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use hyper::body::Incoming;
use micro::registry::{Service, short_name};
use micro_proto::web::{self as proto, Request, Web as _, WebClient};
use micro_rpc::prost::Message as _;
use micro_rpc::{Error, Result};

use crate::gateway::caller::Caller;
use crate::gateway::path::{self, Target};
use crate::gateway::reply::{self, Content};
use crate::gateway::{ID, Inner, body, endpoints, metadata, missing};

pub(crate) use cookies::is_token;
pub(crate) use headers::is_the_services;
pub(crate) use origin::is_own_or_program;

/// The endpoint by which a service shows that it has pages.
const ENDPOINT: &str = "Web.Serve";

/// Answers a browser, whatever comes.
pub(crate) async fn answer(
    gateway: &Inner,
    parts: &Parts,
    body: Incoming,
    admitted: Result<()>,
) -> Response<Content> {
    let routed = match admitted {
        Ok(()) => route(gateway, parts, body).await,
        Err(error) => Err(error),
    };
    // Back to what was asked for, where that may be asked for again.
    let back = parts.uri.path_and_query().filter(|_| parts.method == Method::GET);
    let back = back.map(|path| path.as_str());
    let mut response = routed.unwrap_or_else(|error| page::error(&missing(error), back));
    headers::secure(&mut response);
    headers::keep_secure(&mut response, &parts.headers);
    response
}

/// An error as a page, where no request was understood.
pub(crate) fn failed(error: &Error) -> Response<Content> {
    let mut response = page::error(error, None);
    headers::secure(&mut response);
    response
}

async fn route(gateway: &Inner, parts: &Parts, body: Incoming) -> Result<Response<Content>> {
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        let detail = format!("method {} is not supported", parts.method);
        return Err(Error::new(ID, 405, detail));
    }
    origin::check(parts)?;
    let decoded = path::decode(parts.uri.path()).ok_or_else(nowhere)?;
    let is_folder = matches!(decoded.rsplit('/').next(), Some("" | "." | ".."));
    match path::parts(&decoded).as_slice() {
        [] => list::answer(gateway, parts).await,
        [own::FOLDER, rest @ ..] => own::answer(gateway, parts, body, below(rest, is_folder)).await,
        [name, rest @ ..] if path::is_service(name) => {
            let target = target(name);
            let caller = identify(gateway, parts).await?;
            caller.admit(&*gateway.config.guard, &target)?;
            let found = gateway.find(&caller, &target.service).await?;
            let shows = |version: &Service| !endpoints::named(version, ENDPOINT).is_empty();
            if !found.is_some_and(|versions| versions.iter().any(shows)) {
                return Err(nowhere());
            }
            if rest.is_empty() && !is_folder {
                return into(name, parts.uri.query());
            }
            let base = format!("/{name}/");
            let request = request(gateway, parts, body, &base, below(rest, is_folder)).await?;
            let answer = serve(gateway, parts, &caller, &target.service, request).await?;
            let sender = response::Sender::Service {
                base: &base,
                is_secure: headers::is_secure(&parts.headers),
            };
            response::of(sender, answer, &parts.method)
        }
        _ => Err(nowhere()),
    }
}

/// The caller, unless he is on the block list.
async fn identify(gateway: &Inner, parts: &Parts) -> Result<Caller> {
    let caller = Caller::identify(parts, &*gateway.config.guard).await?;
    match caller.is_refused(&gateway.config.block_list) {
        true => Err(Error::forbidden(ID, "this account is on the block list")),
        false => Ok(caller),
    }
}

/// The request as pages see it that are below `base`.
async fn request(
    gateway: &Inner,
    parts: &Parts,
    body: Incoming,
    base: &str,
    path: String,
) -> Result<Request> {
    let limits = &gateway.limits;
    let request = Request {
        method: parts.method.to_string(),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers::of_request(&parts.headers, base),
        body: body::read(
            body,
            limits.body.min(limits.message),
            limits.patience,
            &gateway.bodies,
        )
        .await?,
    };
    match request.encoded_len() > limits.message {
        true => Err(body::too_large(limits.message)),
        false => Ok(request),
    }
}

/// Asks the service, as its own caller.
async fn serve(
    gateway: &Inner,
    parts: &Parts,
    caller: &Caller,
    service: &str,
    request: Request,
) -> Result<proto::Response> {
    let ctx = metadata::context(parts, &caller.namespace).with_timeout(gateway.patience(parts));
    let client = WebClient::with_name(gateway.client(caller, service), service);
    client.serve(&ctx, request).await
}

fn target(name: &str) -> Target {
    Target {
        service: short_name(name).to_owned(),
        endpoint: ENDPOINT.to_owned(),
    }
}

/// Of a version as the registry lists it, where its endpoints are in no order.
fn has_pages(version: &Service) -> bool {
    version.endpoints.iter().any(|endpoint| endpoint.name == ENDPOINT)
}

/// The path as the service sees it.
fn below(parts: &[&str], is_folder: bool) -> String {
    let mut path = format!("/{}", parts.join("/"));
    if is_folder && !parts.is_empty() {
        path.push('/');
    }
    path
}

/// Leads to the service's folder, in which its relative links are right. Not for ever: browsers would remember it of an
/// address at which something else may listen tomorrow.
fn into(name: &str, query: Option<&str>) -> Result<Response<Content>> {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let place = HeaderValue::try_from(format!("/{name}/{query}"))
        .map_err(|_| Error::bad_request(ID, "the query is no text"))?;
    let mut response = reply::empty(StatusCode::TEMPORARY_REDIRECT);
    response.headers_mut().insert(header::LOCATION, place);
    Ok(response)
}

fn nowhere() -> Error {
    Error::not_found(ID, "there is no service with pages here")
}
