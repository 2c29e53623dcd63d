//! A small object storage that speaks S3, since none is in Debian: objects whole and in parts, reads by range, deletes, lists.
//!
//! It checks who asks and for which bucket, and not the signature of a request; it keeps everything in memory.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderValue, LAST_MODIFIED, RANGE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

type Answer = Response<Full<Bytes>>;

/// A server with one bucket.
pub struct Objects {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    objects: Mutex<BTreeMap<String, Object>>,
    uploads: Mutex<HashMap<String, BTreeMap<u32, Bytes>>>,
    count: AtomicU64,
}

#[derive(Clone)]
struct Object {
    data: Bytes,
    tag: String,
}

impl Objects {
    /// The only bucket.
    pub const BUCKET: &'static str = "blobs";
    /// The only user.
    pub const ACCESS_KEY: &'static str = "tester";

    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let task = tokio::spawn(listen(listener, state.clone()));
        Self { port, state, task }
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        lock(&self.state.objects).keys().cloned().collect()
    }

    /// How many uploads in parts are neither complete nor aborted.
    pub fn uploads(&self) -> usize {
        lock(&self.state.uploads).len()
    }

    /// Changes a byte of each object.
    pub fn damage(&self) {
        for object in lock(&self.state.objects).values_mut() {
            let mut data = object.data.to_vec();
            if let Some(byte) = data.last_mut() {
                *byte ^= 1;
            }
            object.data = data.into();
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        connections.spawn(async move {
            let serve = service_fn(move |request| {
                let state = state.clone();
                async move { Ok::<_, Infallible>(answer(&state, request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(stream), serve).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// What a request is about.
struct Ask {
    method: Method,
    key: String,
    query: HashMap<String, String>,
    range: Option<(usize, usize)>,
    body: Bytes,
}

async fn answer(state: &State, request: Request<hyper::body::Incoming>) -> Answer {
    let user = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let known = format!("AWS4-HMAC-SHA256 Credential={}/", Objects::ACCESS_KEY);
    if !user.is_some_and(|user| user.starts_with(&known)) {
        return refused(StatusCode::FORBIDDEN, "InvalidAccessKeyId");
    }
    let path = percent_decode_str(request.uri().path())
        .decode_utf8_lossy()
        .into_owned();
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket != Objects::BUCKET {
        return refused(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    let ask = Ask {
        method: request.method().clone(),
        key: key.to_owned(),
        query: query(request.uri().query().unwrap_or_default()),
        range: request.headers().get(RANGE).and_then(range),
        body: Bytes::new(),
    };
    let Ok(body) = request.into_body().collect().await else {
        return refused(StatusCode::BAD_REQUEST, "IncompleteBody");
    };
    let ask = Ask {
        body: body.to_bytes(),
        ..ask
    };
    state.answer(&ask)
}

fn query(text: &str) -> HashMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// From the first byte to the one behind the last.
fn range(value: &HeaderValue) -> Option<(usize, usize)> {
    let (first, last) = value.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let end = last.parse().map_or(usize::MAX, |last: usize| last + 1);
    Some((first.parse().ok()?, end))
}

impl State {
    fn answer(&self, ask: &Ask) -> Answer {
        let upload = ask.query.get("uploadId");
        match (&ask.method, upload) {
            (&Method::POST, None) if ask.query.contains_key("uploads") => self.begin(ask),
            (&Method::PUT, Some(upload)) => self.put_part(ask, upload),
            (&Method::POST, Some(upload)) => self.complete(ask, upload),
            (&Method::DELETE, Some(upload)) => {
                lock(&self.uploads).remove(upload);
                plain(StatusCode::NO_CONTENT, "")
            }
            (&Method::PUT, None) => tagged(&self.put(&ask.key, ask.body.clone()), ""),
            (&Method::GET, None) if ask.key.is_empty() => self.list(ask),
            (&Method::GET | &Method::HEAD, None) => self.get(ask),
            (&Method::DELETE, None) => {
                lock(&self.objects).remove(&ask.key);
                plain(StatusCode::NO_CONTENT, "")
            }
            _ => refused(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
        }
    }

    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    fn put(&self, key: &str, data: Bytes) -> Object {
        let tag = format!("\"{:032x}\"", self.next());
        let object = Object { data, tag };
        lock(&self.objects).insert(key.to_owned(), object.clone());
        object
    }

    fn begin(&self, ask: &Ask) -> Answer {
        let upload = format!("upload-{}", self.next());
        lock(&self.uploads).insert(upload.clone(), BTreeMap::new());
        let (bucket, key) = (Objects::BUCKET, &ask.key);
        let text = format!(
            "<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{key}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
        );
        plain(StatusCode::OK, text)
    }

    fn put_part(&self, ask: &Ask, upload: &str) -> Answer {
        let number = ask.query.get("partNumber").and_then(|number| number.parse().ok());
        let mut uploads = lock(&self.uploads);
        let (Some(parts), Some(number)) = (uploads.get_mut(upload), number) else {
            return refused(StatusCode::NOT_FOUND, "NoSuchUpload");
        };
        parts.insert(number, ask.body.clone());
        let object = Object {
            data: Bytes::new(),
            tag: part_tag(upload, number),
        };
        tagged(&object, "")
    }

    /// All parts that the list names, each of at least 5 MiB but for the last.
    fn complete(&self, ask: &Ask, upload: &str) -> Answer {
        let Some(parts) = lock(&self.uploads).remove(upload) else {
            return refused(StatusCode::NOT_FOUND, "NoSuchUpload");
        };
        let list = String::from_utf8_lossy(&ask.body).replace("&quot;", "\"");
        let is_listed = |number: &u32| list.contains(&part_tag(upload, *number));
        if parts.is_empty() || !parts.keys().all(is_listed) {
            return refused(StatusCode::BAD_REQUEST, "InvalidPart");
        }
        if parts
            .values()
            .rev()
            .skip(1)
            .any(|part| part.len() < 5 * 1024 * 1024)
        {
            return refused(StatusCode::BAD_REQUEST, "EntityTooSmall");
        }
        let whole: Vec<u8> = parts.into_values().flatten().collect();
        let object = self.put(&ask.key, whole.into());
        let text = format!(
            "<CompleteMultipartUploadResult><Key>{}</Key><ETag>{}</ETag></CompleteMultipartUploadResult>",
            ask.key, object.tag
        );
        plain(StatusCode::OK, text)
    }

    fn get(&self, ask: &Ask) -> Answer {
        let Some(object) = lock(&self.objects).get(&ask.key).cloned() else {
            return refused(StatusCode::NOT_FOUND, "NoSuchKey");
        };
        let size = object.data.len();
        let Some((first, end)) = ask.range else {
            return tagged(&object, object.data.clone());
        };
        if first >= size {
            return refused(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
        }
        let end = end.min(size);
        let mut answer = tagged(&object, object.data.slice(first..end));
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {first}-{}/{size}", end - 1);
        answer
            .headers_mut()
            .insert(CONTENT_RANGE, HeaderValue::try_from(range).unwrap());
        answer
    }

    /// One page: it is enough for a test.
    fn list(&self, ask: &Ask) -> Answer {
        let prefix = ask.query.get("prefix").cloned().unwrap_or_default();
        let objects = lock(&self.objects);
        let found = objects.iter().filter(|(key, _)| key.starts_with(&prefix));
        let contents = found.map(|(key, object)| {
            let (tag, size) = (&object.tag, object.data.len());
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>{tag}</ETag><Size>{size}</Size></Contents>"
            )
        });
        let contents: String = contents.collect();
        let text = format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated><Prefix>{prefix}</Prefix>{contents}</ListBucketResult>"
        );
        plain(StatusCode::OK, text)
    }
}

fn part_tag(upload: &str, number: u32) -> String {
    format!("\"{upload}-{number}\"")
}

fn plain(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
}

fn tagged(object: &Object, body: impl Into<Bytes>) -> Answer {
    let mut answer = plain(StatusCode::OK, body);
    let headers = answer.headers_mut();
    headers.insert(ETAG, HeaderValue::try_from(&object.tag).unwrap());
    headers.insert(
        LAST_MODIFIED,
        HeaderValue::from_static("Thu, 01 Jan 2026 00:00:00 GMT"),
    );
    answer
}

fn refused(status: StatusCode, code: &str) -> Answer {
    plain(
        status,
        format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"),
    )
}
