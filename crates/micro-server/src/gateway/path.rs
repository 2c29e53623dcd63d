//! From a path to a service and its endpoint.

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub service: String,
    /// `Handler.Method`
    pub endpoint: String,
}

/// The rules of the contract, section 4.2; `None` when nothing is named, or with characters that no name has.
pub(super) fn resolve(path: &str) -> Option<Route> {
    let parts = clean(path);
    if parts.iter().any(|part| {
        !part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    }) {
        return None;
    }
    // Both names of a service are one before anything is made of them.
    let parts: Vec<&str> = parts
        .into_iter()
        .enumerate()
        .map(|(at, part)| alias(at, part))
        .collect();
    let versioned = parts.first().is_some_and(|first| is_version(first));
    let (service, endpoint) = match parts.as_slice() {
        [] => return None,
        [service] => ((*service).to_owned(), vec![*service, "call"]),
        [service, method] => ((*service).to_owned(), vec![*service, *method]),
        [version, service, method] if versioned => (format!("{version}.{service}"), vec![*service, *method]),
        [service, handler, method] => ((*service).to_owned(), vec![*handler, *method]),
        [service @ .., handler, method] => (service.join("."), vec![*handler, *method]),
    };
    let words: Vec<String> = endpoint.into_iter().map(word).collect();
    if words.iter().any(String::is_empty) {
        return None;
    }
    Some(Route {
        service,
        endpoint: words.join("."),
    })
}

fn alias(at: usize, part: &str) -> &str {
    if at == 0 {
        micro::registry::short_name(part)
    } else {
        part
    }
}

fn clean(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `baz-xyz` is `BazXyz`; what is upper-case stays.
fn word(part: &str) -> String {
    let mut word = String::with_capacity(part.len());
    let mut begins = true;
    for character in part.chars() {
        if !character.is_ascii_alphanumeric() && character != '_' {
            begins = true;
        } else if std::mem::take(&mut begins) {
            word.push(character.to_ascii_uppercase());
        } else {
            word.push(character);
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_of_the_contract() {
        let cases = [
            ("/foo", "foo", "Foo.Call"),
            ("/foo/bar", "foo", "Foo.Bar"),
            ("/foo/foo/bar", "foo", "Foo.Bar"),
            ("/foo/bar/baz", "foo", "Bar.Baz"),
            ("/foo/bar/baz/cat", "foo.bar", "Baz.Cat"),
            ("/a/b/c/d/e", "a.b.c", "D.E"),
            ("/v1/foo/bar", "v1.foo", "Foo.Bar"),
            ("/v1/foo/bar/baz", "v1.foo", "Bar.Baz"),
            ("/v1/foo", "v1", "V1.Foo"),
            ("/foo-bar/call", "foo-bar", "FooBar.Call"),
            ("/foo/baz-xyz", "foo", "Foo.BazXyz"),
            ("/foo/fooBar", "foo", "Foo.FooBar"),
            ("//foo/./x/../bar/", "foo", "Foo.Bar"),
            ("/go.micro.service.user/read", "user", "User.Read"),
        ];
        for (path, service, endpoint) in cases {
            let route = resolve(path).unwrap();
            assert_eq!(
                (route.service.as_str(), route.endpoint.as_str()),
                (service, endpoint),
                "{path}"
            );
        }
        for path in ["/", "", "/..", "/a%20b", "/ä", "/-/-"] {
            assert_eq!(resolve(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_a_valid_name_or_none(path in "\\PC{0,80}") {
            if let Some(route) = resolve(&path) {
                prop_assert_eq!(route.endpoint.matches('.').count(), 1);
                prop_assert!(!route.service.is_empty());
            }
        }
    }
}
