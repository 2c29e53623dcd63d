//! HTTP to the gateway, as curl would speak it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(60);

/// Requests to one address, each on a connection of its own.
#[derive(Clone, Debug)]
pub struct Http {
    address: String,
    token: Option<String>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Http {
    /// Requests to `host:port`.
    pub fn to(address: &str) -> Self {
        Http {
            address: address.to_owned(),
            token: None,
        }
    }

    /// The same, by the owner of an access token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(format!("Bearer {token}"));
        self
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], body)
            .await
    }

    /// POST of a JSON body to a server that may be gone.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn try_post(&self, path: &str, body: impl Into<Bytes>) -> anyhow::Result<Answer> {
        let headers = [("content-type", "application/json")];
        let request = self.request(Method::POST, path, &headers, body);
        tokio::time::timeout(DEADLINE, self.exchange(request)).await?
    }

    /// Any request.
    ///
    /// # Panics
    /// When there is no whole answer in time.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let request = self.request(method, path, headers, body);
        let answer = tokio::time::timeout(DEADLINE, self.exchange(request)).await;
        answer
            .unwrap_or_else(|_| panic!("no answer to {path} within {DEADLINE:?}"))
            .expect("an answer")
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address);
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        request
            .body(Full::new(body.into()))
            .expect("the test's own request is well formed")
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        driver.abort();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, of an answer that must be a success.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// The detail of an error, which must have the status, and the shape of all errors.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn failed_with(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        let error = self.json();
        assert!(is_error(&error), "not the shape of an error: {error}");
        assert_eq!(error["code"].as_u64(), Some(u64::from(status)), "{error}");
        error["detail"].as_str().unwrap_or_default().to_owned()
    }
}

/// Whether it has the shape of all errors: id, code, detail and status, and nothing else.
pub fn is_error(value: &Value) -> bool {
    let Some(object) = value.as_object() else {
        return false;
    };
    object.len() == 4
        && object.get("code").is_some_and(Value::is_i64)
        && ["id", "detail", "status"]
            .iter()
            .all(|key| object.get(*key).is_some_and(Value::is_string))
}
