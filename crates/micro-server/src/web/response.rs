//! From what a service answers to what the browser gets.

use http::header::{CONTENT_LENGTH, HeaderName, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use micro_proto::web as proto;
use micro_rpc::bytes::Bytes;
use micro_rpc::{Error, Result};

use super::cookies;
use super::headers::is_the_services;
use crate::gateway::ID;
use crate::gateway::reply::{self, Content};

/// Who answers, which decides what it may say.
#[derive(Clone, Copy)]
pub(super) enum Sender<'a> {
    /// The gateway itself.
    Gateway,
    /// A service whose pages are below a path.
    Service { base: &'a str, is_secure: bool },
}

/// The answer; 502 for one that HTTP cannot say.
pub(super) fn of(sender: Sender<'_>, answer: proto::Response, method: &Method) -> Result<Response<Content>> {
    let status = status(answer.status)?;
    let all = headers(&answer.headers)?;
    let mut response = reply::empty(status);
    for (name, value) in all.iter().filter(|(name, _)| is_the_services(name, &all)) {
        if let Some(value) = sender.may_say(name, value) {
            response.headers_mut().append(name, value);
        }
    }
    if *method == Method::HEAD && answer.body.is_empty() {
        // What the body would be long; else the length is that of the body that is there.
        if let Some(length) = length(&all) {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
    }
    let is_bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    *response.body_mut() = Content::Whole(if is_bodiless { Bytes::new() } else { answer.body });
    Ok(response)
}

impl Sender<'_> {
    fn may_say(self, name: &HeaderName, value: &HeaderValue) -> Option<HeaderValue> {
        match self {
            Self::Service { base, is_secure } if *name == SET_COOKIE => {
                cookies::confined(value, base, is_secure)
            }
            _ => Some(value.clone()),
        }
    }
}

/// An answer to the end: nothing that is on the way to one, and no change of protocol.
fn status(code: i32) -> Result<StatusCode> {
    let code = u16::try_from(code).ok().filter(|code| (200..600).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| wrong("no status from 200 to 599"))
}

fn headers(lines: &[proto::Header]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = HeaderValue::from_bytes(line.value.as_bytes());
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(wrong("a header that HTTP does not know how to say"));
        };
        headers
            .try_append(name, value)
            .map_err(|_| wrong("too many headers"))?;
    }
    Ok(headers)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn wrong(what: &str) -> Error {
    Error::new(ID, 502, format!("the service answered with {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Sender<'_> = Sender::Service {
        base: "/user/",
        is_secure: false,
    };

    fn answer(status: i32, lines: &[(&str, &str)], body: &'static str) -> proto::Response {
        let header = |(name, value): &(&str, &str)| proto::Header {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        proto::Response {
            status,
            headers: lines.iter().map(header).collect(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn what_is_the_gateways_is_left_out() {
        let given = answer(
            200,
            &[
                ("Content-Type", "text/html"),
                ("Set-Cookie", "a=b"),
                ("set-cookie", "c=d"),
                ("set-cookie", "micro-token=stolen"),
                ("Connection", "close, x-hop"),
                ("X-Hop", "1"),
                ("Transfer-Encoding", "chunked"),
                ("Content-Length", "99"),
                ("Upgrade", "websocket"),
                ("Date", "yesterday"),
                ("Clear-Site-Data", "\"*\""),
                ("Service-Worker-Allowed", "/"),
                ("Strict-Transport-Security", "max-age=1"),
                ("Access-Control-Allow-Origin", "*"),
                ("Location", "/elsewhere"),
            ],
            "body",
        );
        let response = of(USER, given, &Method::GET).unwrap();
        let found: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let expected = [
            "content-type: text/html",
            "set-cookie: a=b; Path=/user/; SameSite=Lax",
            "set-cookie: c=d; Path=/user/; SameSite=Lax",
            "location: /elsewhere",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_http_is_the_services_fault() {
        for (status, name, value) in [
            (0, "x", "1"),
            (101, "x", "1"),
            (600, "x", "1"),
            (-200, "x", "1"),
            (70_000, "x", "1"),
            (200, "", "1"),
            (200, "a b", "1"),
            (200, "x: y\r\nset-cookie", "1"),
            (200, "x", "1\r\nset-cookie: a=b"),
            (200, "x", "1\0"),
        ] {
            let given = answer(status, &[(name, value)], "");
            let error = of(USER, given, &Method::GET).err().map(|error| error.code);
            assert_eq!(error, Some(502), "{status} {name:?} {value:?}");
        }
        let names: Vec<String> = (0..40_000).map(|number| format!("x-{number}")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert!(of(USER, answer(200, &many, ""), &Method::GET).is_err());
    }

    #[test]
    fn lengths_are_said_of_bodies_that_are_not_there() {
        let lines = [("content-length", "7")];
        let length = |method: &Method, body: &'static str| {
            let response = of(USER, answer(200, &lines, body), method).unwrap();
            response.headers().get(CONTENT_LENGTH).cloned()
        };
        assert_eq!(length(&Method::HEAD, "").unwrap(), "7");
        assert_eq!(length(&Method::HEAD, "body"), None);
        assert_eq!(length(&Method::GET, ""), None);
        let kept = of(USER, answer(304, &lines, "body"), &Method::GET).unwrap();
        assert!(matches!(kept.body(), Content::Whole(body) if body.is_empty()));
    }
}
