//! The first page: the services of a namespace that have pages.

use std::collections::BTreeSet;

use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use micro::web::escaped;
use micro_rpc::{Error, Result};

use super::{has_pages, identify, own, page, target};
use crate::gateway::reply::Content;
use crate::gateway::{ID, Inner, path};

const READING: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// The list for who asks: what the rules would not let him open is not named.
pub(super) async fn answer(gateway: &Inner, parts: &Parts) -> Result<Response<Content>> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        let mut response = page::error(
            &Error::new(ID, 405, "the list of services is read with GET"),
            None,
        );
        response.headers_mut().insert(header::ALLOW, READING);
        return Ok(response);
    }
    let caller = identify(gateway, parts).await?;
    let services = gateway.config.registry.list(&caller.namespace).await?;
    let guard = &*gateway.config.guard;
    let names: BTreeSet<&str> = services
        .iter()
        .filter(|version| has_pages(version) && path::is_service(&version.name))
        .filter(|version| caller.admit(guard, &target(&version.name)).is_ok())
        .map(|version| version.name.as_str())
        .collect();
    let who = match caller.account() {
        Some(account) => own::introduced(account),
        None => format!("You are not logged in. {}", own::login_link(None)),
    };
    let content = format!("<p>{who}</p>\n{}", content(&names));
    let title = format!("Services of {}", caller.namespace);
    Ok(page::html(StatusCode::OK, &title, &content))
}

fn content(names: &BTreeSet<&str>) -> String {
    if names.is_empty() {
        return "<p>None has pages that you may see. A service shows pages that it was given with \
                <code>Service::web</code>.</p>\n"
            .to_owned();
    }
    let items = names.iter().map(|name| {
        let name = escaped(name);
        format!("<li><a href=\"/{name}/\">{name}</a></li>\n")
    });
    format!("<ul>\n{}</ul>\n", items.collect::<String>())
}
