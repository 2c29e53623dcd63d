//! What reads bytes from outside, without a server around it: each takes anything and panics when a promise is broken.

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
