//! How keys in etcd are made: `<prefix>/<namespace>/<name>/<version>/<node>`, and without a node, ending with the slash, for what
//! all nodes of a version have in common.

use bytes::Bytes;

/// A version of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct VersionKey {
    pub namespace: String,
    pub name: String,
    pub version: String,
}

/// A node of a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeKey {
    pub version: VersionKey,
    pub id: String,
}

/// What a key stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Version(VersionKey),
    Node(NodeKey),
}

/// Makes keys, and reads them.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// With a slash at its end.
    prefix: String,
}

/// A range of keys, its end not included.
pub(crate) struct KeyRange {
    pub begin: Bytes,
    pub end: Bytes,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: format!("{}/", prefix.trim_matches('/')),
        }
    }

    pub fn all(&self) -> KeyRange {
        KeyRange {
            begin: self.prefix.clone().into(),
            end: after(&self.prefix),
        }
    }

    pub fn version(&self, key: &VersionKey) -> Bytes {
        self.version_text(key).into()
    }

    pub fn node(&self, key: &NodeKey) -> Bytes {
        format!("{}{}", self.version_text(&key.version), escape(&key.id)).into()
    }

    /// The nodes of a version, without what they have in common.
    pub fn nodes(&self, key: &VersionKey) -> KeyRange {
        let text = self.version_text(key);
        KeyRange {
            end: after(&text),
            begin: format!("{text}\0").into(),
        }
    }

    fn version_text(&self, key: &VersionKey) -> String {
        let parts = [&key.namespace, &key.name, &key.version].map(|part| escape(part));
        format!("{}{}/", self.prefix, parts.join("/"))
    }

    /// None for what we did not make.
    pub fn read(&self, key: &[u8]) -> Option<Place> {
        let text = std::str::from_utf8(key).ok()?.strip_prefix(&self.prefix)?;
        let mut parts = text.split('/').map(unescape);
        let mut next = || parts.next().flatten();
        let version = VersionKey {
            namespace: next()?,
            name: next()?,
            version: next()?,
        };
        let id = next()?;
        if parts.next().is_some() {
            return None;
        }
        Some(match id.is_empty() {
            true => Place::Version(version),
            false => Place::Node(NodeKey { version, id }),
        })
    }
}

/// What comes after all that begins with a text that ends with a slash.
fn after(text: &str) -> Bytes {
    let mut end = text.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end.into()
}

/// Slashes divide the parts of a key, and a NUL begins the range of nodes.
fn escape(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for character in part.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '/' => escaped.push_str("%2F"),
            '\0' => escaped.push_str("%00"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn unescape(part: &str) -> Option<String> {
    let mut pieces = part.split('%');
    let mut text = pieces.next()?.to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        text.push(match code {
            "25" => '%',
            "2F" => '/',
            "00" => '\0',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(namespace: &str, name: &str, version: &str) -> VersionKey {
        VersionKey {
            namespace: namespace.into(),
            name: name.into(),
            version: version.into(),
        }
    }

    #[test]
    fn keys_are_read_back() {
        let keys = Keys::new("/micro/registry/");
        for (namespace, name, number) in [
            ("micro", "user", "latest"),
            ("", "", ""),
            ("a/b", "100%", "1/2%2F"),
            ("ü", "x\0y", "%%"),
        ] {
            let version = version(namespace, name, number);
            assert_eq!(
                keys.read(&keys.version(&version)),
                Some(Place::Version(version.clone()))
            );
            let node = NodeKey {
                version,
                id: "host/1%".into(),
            };
            assert_eq!(keys.read(&keys.node(&node)), Some(Place::Node(node)));
        }
        for foreign in [
            "other/a/b/c/d",
            "micro/registry/a/b",
            "micro/registry/a/b/c/d/e",
            "micro/registry/a/b/c/%x",
        ] {
            assert_eq!(keys.read(foreign.as_bytes()), None, "{foreign}");
        }
    }

    #[test]
    fn a_range_has_the_nodes_of_one_version_alone() {
        let keys = Keys::new("p");
        let key = version("ns", "user", "1");
        let range = keys.nodes(&key);
        let has = |bytes: &Bytes| *bytes >= range.begin && *bytes < range.end;
        let node = |version: VersionKey| {
            keys.node(&NodeKey {
                version,
                id: "a".into(),
            })
        };
        assert!(has(&node(key.clone())));
        assert!(!has(&keys.version(&key)));
        assert!(!has(&node(version("ns", "user", "10"))));
        assert!(!has(&node(version("ns", "user2", "1"))));
    }
}
