//! The services behind the web gateway: `user` shows files, `site` answers by itself, `auth` knows one secret.

use std::sync::Arc;
use std::time::Duration;

use micro::web::{Header, Pages, Request, Response, Web, WebServer};
use micro_proto::auth::fakes::FakeAuth;
use micro_proto::auth::{AuthServer, Token, TokenRequest, TokenResponse};
use micro_rpc::{Context, Error, Result, Server};
use tokio::net::TcpListener;

/// Says what it was asked, but for some paths that ask for something else.
struct Site;

#[micro_rpc::async_trait]
impl Web for Site {
    async fn serve(&self, ctx: &Context, request: Request) -> Result<Response> {
        Ok(match request.path.as_str() {
            "/own" => response(
                200,
                &[
                    (
                        "content-security-policy",
                        "default-src *; script-src 'unsafe-inline'",
                    ),
                    ("x-content-type-options", "none"),
                    ("cross-origin-resource-policy", "cross-origin"),
                    ("cache-control", "public"),
                ],
            ),
            "/mine" => response(
                200,
                &[
                    ("set-cookie", "session=1"),
                    ("set-cookie", "micro-token=stolen"),
                    ("connection", "x-hop"),
                    ("x-hop", "1"),
                    ("x-mine", "1"),
                    ("access-control-allow-origin", "*"),
                    ("clear-site-data", "\"*\""),
                ],
            ),
            "/short" => response(405, &[("content-security-policy", "x")]),
            "/kept" => response(304, &[]),
            "/away" => response(303, &[("location", "./")]),
            "/wrong" => response(42, &[]),
            "/fail" => return Err(Error::conflict("site.Web.Serve", "<b>100% é</b>")),
            "/panic" => panic!("on purpose"),
            _ => said(ctx, &request),
        })
    }
}

fn said(ctx: &Context, request: &Request) -> Response {
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name == name);
        found.map_or("", |header| &header.value).to_owned()
    };
    let text = [
        format!("{} {} {}", request.method, request.path, request.query),
        format!(
            "prefix={} type={} agent={}",
            header("x-forwarded-prefix"),
            header("content-type"),
            header("user-agent")
        ),
        format!("hop={} namespace={}", header("keep-alive"), ctx.namespace()),
        format!("token={}", ctx.token().unwrap_or_default()),
        String::from_utf8_lossy(&request.body).into_owned(),
    ];
    Response {
        body: text.join("\n").into(),
        ..response(201, &[("content-type", "text/plain")])
    }
}

fn response(status: i32, lines: &[(&str, &str)]) -> Response {
    let header = |(name, value): &(&str, &str)| Header {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    Response {
        status,
        headers: lines.iter().map(header).collect(),
        ..Response::default()
    }
}

/// Of `ada` in the namespace `acme`, for as long as was asked.
fn token(request: &TokenRequest) -> Result<TokenResponse> {
    let namespace = request.options.clone().unwrap_or_default().namespace;
    match (namespace.as_str(), request.id.as_str(), request.secret.as_str()) {
        ("acme", "ada", "right") => {}
        (_, "often", _) => return Err(Error::too_many_requests("auth.Auth.Token", "try again in 3 s")),
        (_, "away", _) => return Err(Error::unavailable("auth.Auth.Token", "not now")),
        (_, "ada", _) => return Err(Error::bad_request("auth.Auth.Token", "Secret not correct")),
        _ => return Err(Error::not_found("auth.Auth.Token", "Account not found")),
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap().as_secs()).unwrap();
    Ok(TokenResponse {
        token: Some(Token {
            access_token: "of-acme".to_owned(),
            expiry: now + request.token_expiry,
            ..Token::default()
        }),
    })
}

pub(super) async fn start() -> String {
    let auth = FakeAuth::new();
    auth.token_stub(|_, request| token(&request));
    let pages = Pages::new()
        .file("index.html", b"<h1>Users</h1>")
        .file("help/index.html", b"<h1>Help</h1>")
        .file("style.css", b"h1 {}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = Server::builder("site")
        .handle_as("user", Arc::new(WebServer::new(pages)))
        .handle_as("site", Arc::new(WebServer::new(Site)))
        .handle_as("auth", Arc::new(AuthServer::new(auth)))
        .build();
    tokio::spawn(async move {
        let never = std::future::pending();
        server.serve(listener, never, Duration::ZERO).await;
    });
    address
}
