//! The signature of a request, version 4: made once more from what has arrived, and compared.

use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use ring::hmac;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The parts of an authorisation.
struct Claim<'a> {
    key: &'a str,
    /// Day, region, service and an end.
    scope: &'a str,
    headers: &'a str,
    signature: &'a str,
}

/// Whether the request is signed with the secret of this key, and its body is what was signed.
pub fn verify(request: &Parts, body: &[u8], key: &str, secret: &str) -> bool {
    let text = header(request, AUTHORIZATION.as_str());
    let Some(claim) = text.as_deref().and_then(Claim::parse) else {
        return false;
    };
    let (Some(date), Some(hash)) = (
        header(request, "x-amz-date"),
        header(request, "x-amz-content-sha256"),
    ) else {
        return false;
    };
    let canonical = canonical(request, claim.headers, &hash);
    let signed = [
        ALGORITHM,
        &date,
        claim.scope,
        &hex(digest(&SHA256, canonical.as_bytes()).as_ref()),
    ]
    .join("\n");
    let mut derived = format!("AWS4{secret}").into_bytes();
    for part in claim.scope.split('/') {
        derived = sign(&derived, part);
    }
    let is_whole = hash == "UNSIGNED-PAYLOAD" || hash == hex(digest(&SHA256, body).as_ref());
    claim.key == key && is_whole && claim.signature == hex(&sign(&derived, &signed))
}

impl<'a> Claim<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (credential, rest) = text
            .strip_prefix(ALGORITHM)?
            .trim_start()
            .strip_prefix("Credential=")?
            .split_once(", SignedHeaders=")?;
        let (headers, signature) = rest.split_once(", Signature=")?;
        let (key, scope) = credential.split_once('/')?;
        Some(Self {
            key,
            scope,
            headers,
            signature,
        })
    }
}

fn header(request: &Parts, name: &str) -> Option<String> {
    Some(request.headers.get(name)?.to_str().ok()?.trim().to_owned())
}

fn canonical(request: &Parts, names: &str, hash: &str) -> String {
    let headers: String = names
        .split(';')
        .map(|name| format!("{name}:{}\n", header(request, name).unwrap_or_default()))
        .collect();
    let method = request.method.as_str();
    let path = request.uri.path();
    let query = query(request.uri.query().unwrap_or_default());
    [method, path, &query, &headers, names, hash].join("\n")
}

/// Sorted, and encoded in the one way that counts.
fn query(text: &str) -> String {
    let encode = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        utf8_percent_encode(&String::from_utf8_lossy(&bytes), QUERY).to_string()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.sort();
    pairs.join("&")
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
