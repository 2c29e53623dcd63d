//! HTTP routes of a service, beyond the automatic `/{service}/{endpoint}`.
//!
//! A call gets routes in its contract, with the option `google.api.http`. What is no call, a webhook, an upload, a
//! redirect, is answered by [`Routes`] around any HTTP service, such as a router of axum:
//!
//! ```
//! # #[derive(Clone)] struct Router;
//! # impl tower_service::Service<http::Request<micro::api::Body>> for Router {
//! #     type Response = http::Response<micro::api::Body>;
//! #     type Error = std::convert::Infallible;
//! #     type Future = std::future::Ready<Result<Self::Response, Self::Error>>;
//! #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> { Ok(()).into() }
//! #     fn call(&mut self, request: http::Request<micro::api::Body>) -> Self::Future {
//! #         std::future::ready(Ok(http::Response::new(request.into_body())))
//! #     }
//! # }
//! # fn router() -> Router { Router }
//! // let router = axum::Router::new().route("/hooks/stripe", post(stripe)).route("/files/{*path}", put(upload));
//! let routes = micro::api::Routes::new(router())
//!     .route("POST", "/hooks/stripe")
//!     .route("PUT", "/files/{*path}");
//! let service = micro::Service::new("shop").api(routes);
//! assert_eq!(service.endpoints()[0].name, "Http.Handle");
//! ```
//!
//! Both kinds are registered with the service as [`Route`]s of its endpoints; the gateway answers at them from then on, for
//! as long as the service is registered.

mod body;
mod routes;
mod rules;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use body::Body;
pub use micro_proto::http::{Http, HttpClient, HttpServer};
pub use routes::Routes;

pub(crate) use rules::of_contract;

use crate::registry::Endpoint;

/// The key of an endpoint's metadata under which its routes are, as a JSON list.
pub const METADATA: &str = "http";
/// The endpoint that whole requests are handed to.
pub const ENDPOINT: &str = "Http.Handle";

/// A method and a path of HTTP that lead to an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// `GET`; `*` is any.
    pub method: String,
    /// `/v1/{name=messages/*}`, as the option `google.api.http` writes it.
    pub path: String,
    /// The field that the body of the request is: `*` is the message, and empty is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The field that is answered with; empty is the whole answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response_body: String,
}

impl Route {
    /// Those of an endpoint; the text of what is wrong when what it says cannot be read.
    pub fn of(endpoint: &Endpoint) -> Result<Vec<Self>, String> {
        match endpoint.metadata.get(METADATA) {
            Some(text) => serde_json::from_str(text)
                .map_err(|error| format!("the routes of {} cannot be read: {error}", endpoint.name)),
            None => Ok(Vec::new()),
        }
    }

    /// Adds routes to what the registry shows of an endpoint.
    pub(crate) fn add(endpoint: &mut Endpoint, routes: &[Self]) {
        if !routes.is_empty()
            && let Ok(text) = serde_json::to_string(routes)
        {
            endpoint.metadata.insert(METADATA.to_owned(), text);
        }
    }
}
