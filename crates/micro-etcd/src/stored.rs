//! What is kept under a key: the registry's own `Service`, without what the key says already. Ten nodes of a version share one
//! description of what they answer, which is most of the bytes.

use std::time::Duration;

use bytes::Bytes;
use micro::registry::{Node, Service};
use prost::Message;

use crate::key::VersionKey;

/// The namespace, in what is handed out.
const DOMAIN: &str = "domain";

/// What the nodes of a version have in common.
pub(crate) fn description(service: &Service) -> Bytes {
    let mut shared = Service {
        metadata: service.metadata.clone(),
        endpoints: service.endpoints.clone(),
        ..Service::default()
    };
    shared.metadata.remove(DOMAIN);
    shared.encode_to_vec().into()
}

/// The description again, as it is handed out; none for what we did not write.
pub(crate) fn read_description(key: &VersionKey, value: &[u8]) -> Option<Service> {
    let mut service = Service::decode(value).ok()?;
    name(&mut service, key);
    Some(service)
}

/// Says of a service what its key says.
pub(crate) fn name(service: &mut Service, key: &VersionKey) {
    service.name.clone_from(&key.name);
    service.version.clone_from(&key.version);
    service.metadata.insert(DOMAIN.to_owned(), key.namespace.clone());
}

pub(crate) fn node(node: &Node, ttl: Option<Duration>) -> Bytes {
    let nameless = Node {
        id: String::new(),
        ..node.clone()
    };
    let mut stored = Service {
        nodes: vec![nameless],
        ..Service::default()
    };
    if let Some(ttl) = ttl {
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        stored.options.get_or_insert_default().ttl = i64::try_from(seconds).unwrap_or(i64::MAX);
    }
    stored.encode_to_vec().into()
}

/// A node and how long it lives, the latter in whole seconds; none for what we did not write.
pub(crate) fn read_node(id: &str, value: &[u8]) -> Option<(Node, Option<Duration>)> {
    let mut stored = Service::decode(value).ok()?;
    let mut node = stored.nodes.pop()?;
    id.clone_into(&mut node.id);
    let seconds = stored.options.and_then(|options| u64::try_from(options.ttl).ok());
    let ttl = seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    Some((node, ttl))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back() {
        let given = Node {
            id: "a".into(),
            address: "host:1".into(),
            port: 7,
            metadata: [("protocol".to_owned(), "grpc".to_owned())].into(),
        };
        let endless = node(&given, None);
        assert_eq!(read_node("a", &endless).unwrap(), (given.clone(), None));
        let brief = node(&given, Some(Duration::from_millis(1500)));
        assert_eq!(
            read_node("a", &brief).unwrap(),
            (given, Some(Duration::from_secs(2)))
        );
        assert_eq!(read_node("a", b"not ours"), None);
    }
}
