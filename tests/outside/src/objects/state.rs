//! What the server keeps, and what it answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_RANGE, ETAG, HeaderValue, LAST_MODIFIED};
use hyper::{Method, Response, StatusCode};

use super::Objects;

pub type Answer = Response<Full<Bytes>>;

#[derive(Default)]
pub struct State {
    pub objects: Mutex<BTreeMap<String, Object>>,
    pub uploads: Mutex<HashMap<String, BTreeMap<u32, Bytes>>>,
    count: AtomicU64,
}

#[derive(Clone)]
pub struct Object {
    pub data: Bytes,
    pub tag: String,
}

/// What a request is about.
pub struct Ask {
    pub method: Method,
    pub key: String,
    pub query: HashMap<String, String>,
    pub range: Option<(usize, usize)>,
    pub body: Bytes,
}

impl State {
    pub fn answer(&self, ask: &Ask) -> Answer {
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

pub fn refused(status: StatusCode, code: &str) -> Answer {
    plain(
        status,
        format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"),
    )
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
