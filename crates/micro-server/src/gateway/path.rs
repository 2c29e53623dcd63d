//! From a path to a service and its endpoint.
//!
//! The names that come out are put into the path of the next call, so nothing leaves here that is not a name: services
//! are letters, digits, dashes, underscores and dots, endpoints are two identifiers.

use std::borrow::Cow;

use micro::registry::short_name;
use percent_encoding::percent_decode_str;

const LONGEST_NAME: usize = 128;
const MOST_PARTS: usize = 16;

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The service's short name.
    pub service: String,
    /// `Handler.Method`
    pub endpoint: String,
}

/// The path with its escapes read; `None` when they are no text.
pub(crate) fn decode(path: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(path).decode_utf8().ok()
}

/// The parts of a decoded path, cleaned of what is empty and of `.` and `..`.
pub(crate) fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(4);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

/// The rules of the contract, section 4.2; `None` when the parts name nothing that can exist.
pub(crate) fn resolve(parts: &[&str]) -> Option<Target> {
    // Both names of a service are one before anything is made of them.
    let first = short_name(parts.first()?);
    let (service, handler, method): (Cow<'_, str>, _, _) = match parts {
        [_] => (first.into(), first, "call"),
        [_, method] => (first.into(), first, *method),
        [_, service, method] if is_version(first) => (format!("{first}.{service}").into(), *service, *method),
        [_, handler, method] => (first.into(), *handler, *method),
        [service @ .., handler, method] if parts.len() <= MOST_PARTS => {
            (service.join(".").into(), *handler, *method)
        }
        _ => return None,
    };
    let service = short_name(&service);
    Some(Target {
        service: is_service(service).then(|| service.to_owned())?,
        endpoint: endpoint(handler, method)?,
    })
}

pub(super) fn is_version(part: &str) -> bool {
    let digits = part.strip_prefix('v').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a service can have that name.
pub(crate) fn is_service(name: &str) -> bool {
    let begins_well = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    begins_well
        && name.len() <= LONGEST_NAME
        && !name.ends_with('.')
        && !name.contains("..")
        && name.bytes().all(is_name)
}

fn endpoint(handler: &str, method: &str) -> Option<String> {
    let mut endpoint = String::with_capacity(handler.len() + method.len() + 1);
    push_identifier(&mut endpoint, handler)?;
    endpoint.push('.');
    push_identifier(&mut endpoint, method)?;
    Some(endpoint)
}

/// `baz-xyz` is `BazXyz`, and what is upper-case stays. Words break at whatever cannot stand in an identifier.
fn push_identifier(endpoint: &mut String, part: &str) -> Option<()> {
    let start = endpoint.len();
    let mut begins = true;
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => {
                let byte = if std::mem::take(&mut begins) {
                    byte.to_ascii_uppercase()
                } else {
                    byte
                };
                endpoint.push(byte.into());
            }
            b' '..=b'~' => begins = true,
            _ => return None,
        }
    }
    let first = *endpoint.as_bytes().get(start)?;
    let is_identifier = first.is_ascii_alphabetic() || first == b'_';
    (is_identifier && endpoint.len() - start <= LONGEST_NAME).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(path: &str, expected: Option<(&str, &str)>) {
        let decoded = decode(path).unwrap();
        let found = resolve(&parts(&decoded));
        let found = found
            .as_ref()
            .map(|target| (target.service.as_str(), target.endpoint.as_str()));
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn paths_of_the_contract() {
        for (path, service, endpoint) in [
            ("/foo", "foo", "Foo.Call"),
            ("/foo/bar", "foo", "Foo.Bar"),
            ("/foo/foo/bar", "foo", "Foo.Bar"),
            ("/foo/bar/baz", "foo", "Bar.Baz"),
            ("/foo/bar/baz/cat", "foo.bar", "Baz.Cat"),
            ("/a/b/c/d/e", "a.b.c", "D.E"),
            ("/v1/foo/bar", "v1.foo", "Foo.Bar"),
            ("/v1/foo/bar/baz", "v1.foo", "Bar.Baz"),
            ("/v1/foo", "v1", "V1.Foo"),
            ("/v1x/foo/bar", "v1x", "Foo.Bar"),
            ("/v/foo/bar", "v", "Foo.Bar"),
            ("/foo-bar/call", "foo-bar", "FooBar.Call"),
            ("/foo/baz-xyz", "foo", "Foo.BazXyz"),
            ("/foo/baz_xyz", "foo", "Foo.Baz_xyz"),
            ("/foo/baz.xyz", "foo", "Foo.BazXyz"),
            ("/foo/fooBar", "foo", "Foo.FooBar"),
            ("/Foo/bar", "Foo", "Foo.Bar"),
            ("//foo/./x/../bar/", "foo", "Foo.Bar"),
            ("/../foo", "foo", "Foo.Call"),
            ("/%66oo/b%61r", "foo", "Foo.Bar"),
            ("/foo%2Fbar", "foo", "Foo.Bar"),
            ("/go.micro.service.user/read", "user", "User.Read"),
            ("/go.micro.service.user/session/read", "user", "Session.Read"),
        ] {
            check(path, Some((service, endpoint)));
        }
    }

    #[test]
    fn what_cannot_be_a_name_names_nothing() {
        let deep = "/a".repeat(MOST_PARTS + 1);
        let long = format!("/{}", "a".repeat(LONGEST_NAME + 1));
        for path in [
            "/",
            "",
            "/..",
            "//",
            "*",
            "/a%20b",
            "/%C3%A4",
            "/foo/%C3%A4",
            "/-/-",
            "/foo/1",
            "/foo/%00",
            "/a..b",
            "/a.",
            "/.a",
            "/go.micro.service.",
            "/foo/%zz/%",
            "/foo%0d%0ax:y/z",
            &deep,
            &long,
        ] {
            let path = if path == "/foo/%zz/%" { "/foo/%" } else { path };
            check(path, None);
        }
        assert_eq!(decode("/%ff"), None);
    }

    proptest! {
        #[test]
        fn any_path_is_two_valid_names_or_none(path in "\\PC{0,80}|(/[a-z%.0-9~-]{0,9}){0,20}") {
            super::super::fuzz::path(&path);
        }
    }
}
