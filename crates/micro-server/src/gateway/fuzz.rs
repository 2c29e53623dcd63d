//! What reads bytes from outside, without a server around it: each takes anything and panics when a promise is broken.

use http::HeaderValue;
use micro_rpc::bytes::Bytes;

/// A path is two valid names, or nothing; tells whether it is names.
pub fn path(path: &str) -> bool {
    let Some(decoded) = super::path::decode(path) else {
        return false;
    };
    let Some(target) = super::path::resolve(&super::path::parts(&decoded)) else {
        return false;
    };
    assert!(super::path::is_service(&target.service), "{target:?}");
    let names: Vec<_> = target.endpoint.split('.').collect();
    assert!(
        names.len() == 2 && names.iter().all(|name| is_identifier(name)),
        "{target:?}"
    );
    true
}

fn is_identifier(name: &str) -> bool {
    let begins_well = |first: char| first.is_ascii_alphabetic() || first == '_';
    name.starts_with(begins_well)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A query is an object that can be written and read again, or an error in words; tells whether it is an object.
pub fn query(query: &str) -> bool {
    match super::query::parse(query) {
        Ok(object) => {
            let text = serde_json::Value::Object(object.clone()).to_string();
            let again: serde_json::Map<_, _> = serde_json::from_str(&text).expect("what was written is JSON");
            assert_eq!(again.len(), object.len());
            true
        }
        Err(detail) => {
            assert!(!detail.is_empty());
            false
        }
    }
}

/// A form is an object of strings, or an error in words.
pub fn form(bytes: &[u8]) {
    if let Ok(object) = super::form::urlencoded([bytes]) {
        assert!(object.values().all(serde_json::Value::is_string));
    }
}

/// The first line is the boundary, the rest the body.
pub async fn multipart(bytes: &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    let (boundary, body) = bytes.split_at(end);
    let content_type = format!(
        "multipart/form-data; boundary={}",
        String::from_utf8_lossy(boundary)
    );
    let _ = super::form::multipart(&content_type, Bytes::copy_from_slice(body)).await;
}

/// What goes on to a service without a query begins and ends like an object, or is `null`.
pub fn json(bytes: &[u8]) {
    if let Ok(body) = super::message::json(Bytes::copy_from_slice(bytes), None) {
        let text = body.trim_ascii();
        assert!(text == b"null" || (text.starts_with(b"{") && text.ends_with(b"}")));
    }
}

/// What is said of codings asks for gzip only where it names it, or any; tells whether it does.
pub fn codings(line: &[u8]) -> bool {
    let Ok(value) = HeaderValue::from_bytes(line) else {
        return false;
    };
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::ACCEPT_ENCODING, value);
    let is_asked = super::accept_encoding::wanted(&headers) != super::accept_encoding::Wanted::Plain;
    let text = String::from_utf8_lossy(line).to_ascii_lowercase();
    assert!(!is_asked || text.contains("gzip") || text.contains('*'));
    is_asked
}

/// A line of tags is tags and an end; tells whether there is one.
pub fn tags(line: &[u8]) -> bool {
    let found: Vec<_> = super::conditional::Tags(line).collect();
    let is_whole = |tag: &[u8]| tag == b"*" || tag.len() >= 2 && tag.ends_with(b"\"");
    assert!(found.iter().all(|tag| is_whole(tag.0)));
    !found.is_empty()
}

/// Nobody is taken for another one than the last proxy saw, whatever he writes before that; tells whether he could write it.
pub fn forwarded_for(line: &[u8]) -> bool {
    let Ok(value) = HeaderValue::from_bytes(&[line, b",1.1.1.1"].concat()) else {
        return false;
    };
    let mut headers = http::HeaderMap::new();
    headers.insert("x-forwarded-for", value);
    let proxies: super::TrustedProxies = "10.0.0.0/8".parse().expect("a network");
    let found = proxies.client([10, 0, 0, 1].into(), &headers);
    let is_text = line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    assert_eq!(found.to_string() == "1.1.1.1", is_text, "{found}");
    true
}
