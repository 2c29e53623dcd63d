//! What a namespace may use, and who may reach it.

use std::collections::BTreeMap;

use micro_proto::runtime::{Namespace, NetworkPolicy, Resource as Message, ResourceQuota, Resources};
use micro_rpc::{Error, Result};

use super::Key;

/// A namespace, a network policy or a resource quota.
#[derive(Clone, Debug, PartialEq)]
pub enum Resource {
    /// A tenant.
    Namespace(Namespace),
    /// From where the services of a namespace may be called: `{origin: micro}` unless it says otherwise.
    NetworkPolicy(NetworkPolicy),
    /// How much the services of a namespace may use together: MiB of memory, thousandths of a core, MiB of disk.
    ResourceQuota(ResourceQuota),
}

/// A resource, and what of it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceState {
    /// As it was asked for.
    pub resource: Resource,
    /// What of it is not kept on this platform, and by whom else; empty when all of it is.
    pub note: String,
}

const REQUESTS: Resources = Resources {
    memory: 2000,
    cpu: 0,
    ephemeral_storage: 5000,
};
const LIMITS: Resources = Resources {
    memory: 4000,
    cpu: 0,
    ephemeral_storage: 10_000,
};

impl Resource {
    /// Of a message about one, with the defaults filled in; `None` when it is about a service, or nothing.
    ///
    /// # Errors
    ///
    /// `invalid resource` when it lacks a name, 400 when a name is wrong.
    pub fn from_message(message: Message) -> Result<Option<Self>> {
        let resource = if let Some(namespace) = message.namespace {
            Self::Namespace(namespace)
        } else if let Some(mut policy) = message.networkpolicy {
            if policy.allowedlabels.is_empty() {
                policy.allowedlabels = default_labels().into_iter().collect();
            }
            Self::NetworkPolicy(policy)
        } else if let Some(mut quota) = message.resourcequota {
            quota.requests.get_or_insert(REQUESTS);
            quota.limits.get_or_insert(LIMITS);
            Self::ResourceQuota(quota)
        } else {
            return Ok(None);
        };
        if resource.name().is_empty() || resource.namespace().is_empty() {
            return Err(Error::internal("runtime", "invalid resource"));
        }
        Key::new(resource.namespace(), resource.name(), "").check()?;
        Ok(Some(resource))
    }

    /// The message about it.
    pub fn into_message(self) -> Message {
        let mut message = Message::default();
        match self {
            Self::Namespace(namespace) => message.namespace = Some(namespace),
            Self::NetworkPolicy(policy) => message.networkpolicy = Some(policy),
            Self::ResourceQuota(quota) => message.resourcequota = Some(quota),
        }
        message
    }

    /// `namespace`, `networkpolicy` or `resourcequota`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Namespace(_) => "namespace",
            Self::NetworkPolicy(_) => "networkpolicy",
            Self::ResourceQuota(_) => "resourcequota",
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Namespace(namespace) => &namespace.name,
            Self::NetworkPolicy(policy) => &policy.name,
            Self::ResourceQuota(quota) => &quota.name,
        }
    }

    /// The namespace that it is, or that it is about.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Namespace(namespace) => &namespace.name,
            Self::NetworkPolicy(policy) => &policy.namespace,
            Self::ResourceQuota(quota) => &quota.namespace,
        }
    }

    /// What tells it from all others: `networkpolicy:acme:ingress`.
    pub fn id(&self) -> String {
        match self {
            Self::Namespace(namespace) => format!("namespace:{}", namespace.name),
            other => format!("{}:{}:{}", other.kind(), other.namespace(), other.name()),
        }
    }

    /// Whether a policy says no more than that others reach the namespace through the platform.
    pub fn is_default_policy(policy: &NetworkPolicy) -> bool {
        policy.allowedlabels.iter().eq(default_labels().iter())
    }
}

fn default_labels() -> BTreeMap<String, String> {
    BTreeMap::from([("origin".to_owned(), "micro".to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_filled_in() {
        let policy = NetworkPolicy {
            name: "ingress".to_owned(),
            namespace: "acme".to_owned(),
            ..NetworkPolicy::default()
        };
        let message = Message {
            networkpolicy: Some(policy.clone()),
            ..Message::default()
        };
        let resource = Resource::from_message(message).unwrap().unwrap();
        assert_eq!(resource.id(), "networkpolicy:acme:ingress");
        let Resource::NetworkPolicy(filled) = &resource else {
            panic!("{resource:?}")
        };
        assert_eq!(filled.allowedlabels["origin"], "micro");
        assert!(Resource::is_default_policy(filled) && !Resource::is_default_policy(&policy));

        let quota = ResourceQuota {
            name: "quota".to_owned(),
            namespace: "acme".to_owned(),
            ..ResourceQuota::default()
        };
        let message = Message {
            resourcequota: Some(quota),
            ..Message::default()
        };
        let quota = Resource::from_message(message)
            .unwrap()
            .unwrap()
            .into_message()
            .resourcequota
            .unwrap();
        assert_eq!(quota.requests.unwrap().memory, 2000);
        assert_eq!(quota.limits.unwrap().ephemeral_storage, 10_000);
    }

    #[test]
    fn what_has_no_name_is_invalid() {
        assert_eq!(Resource::from_message(Message::default()), Ok(None));
        let named = |name: &str, namespace: &str| {
            let policy = NetworkPolicy {
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                ..NetworkPolicy::default()
            };
            Resource::from_message(Message {
                networkpolicy: Some(policy),
                ..Message::default()
            })
            .unwrap_err()
        };
        for (name, namespace) in [("", ""), ("a", ""), ("", "a")] {
            let error = named(name, namespace);
            assert_eq!((error.code, error.detail.as_str()), (500, "invalid resource"));
        }
        assert_eq!(named("a:b", "acme").code, 400);
        assert_eq!(named("a", "../x").code, 400);
    }
}
