//! Routes beyond the automatic ones: of calls, and of a router. Together they are what an author may write.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Extension, Path};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get, post, put};
use futures_util::{StreamExt, stream};
use micro::api::Routes;
use micro::{Context, Result, Service, Streaming, async_trait};

use crate::proto::library as proto;
use proto::{Book, LibraryServer};

/// Adds the routes to a service.
pub fn mount(service: Service) -> Service {
    let routes = Routes::new(router())
        .route("POST", "/hooks/{source}")
        .route("PUT", "/files/{*path}")
        .route("GET", "/files/{*path}")
        .route("GET", "/go/{place}")
        .route("*", "/whoami");
    service.handle(LibraryServer::new(Library)).api(routes)
}

fn router() -> Router {
    Router::new()
        .route("/hooks/{source}", post(hook))
        .route("/files/{*path}", put(upload).get(download))
        .route(
            "/go/{place}",
            get(async |Path(place): Path<String>| Redirect::to(&format!("/{place}"))),
        )
        .route("/whoami", any(whoami))
        .layer(DefaultBodyLimit::disable())
}

/// Gives back what was sent, byte for byte, and the signature that came with it.
async fn hook(Path(source): Path<String>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let signature = headers.get("x-signature").cloned();
    let answered = [
        ("x-source", source.parse().ok()),
        ("x-signature", signature),
        ("set-cookie", "micro-token=stolen".parse().ok()),
    ];
    let headers: HeaderMap = answered
        .into_iter()
        .filter_map(|(name, value)| Some((name.parse().ok()?, value?)))
        .collect();
    (StatusCode::ACCEPTED, headers, body)
}

/// Counts what comes, as it comes.
async fn upload(Path(path): Path<String>, body: Body) -> impl IntoResponse {
    let mut pieces = body.into_data_stream();
    let (mut length, mut sum) = (0, 0_u64);
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else {
            return (StatusCode::BAD_REQUEST, [(header::LOCATION, path)], String::new());
        };
        length += piece.len();
        sum += piece.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
    let place = format!("/files/{path}");
    (
        StatusCode::CREATED,
        [(header::LOCATION, place)],
        format!("{length} {sum}"),
    )
}

/// In pieces, of which nobody says how many there will be.
async fn download(Path(path): Path<String>) -> Body {
    let pieces = (0..3).map(move |number| Ok::<_, std::io::Error>(format!("{number} of {path}\n")));
    Body::from_stream(stream::iter(pieces))
}

async fn whoami(Extension(context): Extension<Context>) -> String {
    let account = context.account().map_or("nobody", |account| account.id.as_str());
    format!("{account} in {}", context.namespace())
}

struct Library;

#[async_trait]
impl proto::Library for Library {
    async fn get(&self, _ctx: &Context, request: Book) -> Result<Book> {
        Ok(request)
    }

    async fn put(&self, _ctx: &Context, request: Book) -> Result<Book> {
        Ok(request)
    }

    async fn list(&self, _ctx: &Context, request: Book) -> Result<Streaming<Book>> {
        let tags = request.tags.clone();
        Ok(Streaming::from_iter(tags.into_iter().map(move |title| Book {
            title,
            ..request.clone()
        })))
    }

    async fn follow(&self, _ctx: &Context, requests: Streaming<Book>) -> Result<Streaming<Book>> {
        Ok(requests)
    }
}
