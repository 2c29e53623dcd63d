//! Namespaces, network policies and resource quotas: kept in the ledger, and what this machine can do about them.

use micro::runtime::{self, Key, Resource, ResourceState, Runtime as Services};
use micro::{Error, Result};
use tracing::warn;

use super::desired::Desired;
use super::running::Running;
use super::{Runtime, Shared, quota};

impl Runtime {
    /// Writes one down that must not be there yet.
    pub async fn add(&self, resource: Resource) -> Result<()> {
        self.shared.refuse_what_cannot_be_kept(&resource)?;
        let _turn = self.resources.lock().await;
        self.shared.ledger.add_resource(&resource).await?;
        if let Err(error) = self.limit(resource.namespace()).await {
            // What is not kept must not be read back as if it were.
            self.shared.ledger.remove_resources(&[resource]).await?;
            return Err(error);
        }
        Ok(())
    }

    pub async fn replace(&self, resource: Resource) -> Result<()> {
        self.shared.refuse_what_cannot_be_kept(&resource)?;
        let _turn = self.resources.lock().await;
        let before = self.shared.ledger.resource(&resource).await?;
        self.shared.ledger.replace_resource(&resource).await?;
        if let Err(error) = self.limit(resource.namespace()).await {
            self.shared.ledger.replace_resource(&before).await?;
            return Err(error);
        }
        Ok(())
    }

    /// With a namespace goes all that is in it: its services first, so that it can be asked for again after a crash.
    pub async fn remove(&self, resource: Resource) -> Result<()> {
        let _turn = self.resources.lock().await;
        self.shared.ledger.resource(&resource).await?;
        let namespace = resource.namespace().to_owned();
        let mut gone = vec![resource];
        if matches!(gone[0], Resource::Namespace(_)) {
            self.delete_all_of(&namespace).await?;
            let mut rest = self.shared.ledger.resources().await?;
            rest.retain(|other| other.namespace() == namespace && !matches!(other, Resource::Namespace(_)));
            gone.extend(rest);
        }
        self.shared.ledger.remove_resources(&gone).await?;
        if let Err(error) = self.limit(&namespace).await {
            warn!(namespace, %error, "what is left of a quota is not kept");
        }
        Ok(())
    }

    pub async fn list(&self, namespace: Option<&str>) -> Result<Vec<ResourceState>> {
        let all = self.shared.ledger.resources().await?.into_iter();
        let wanted =
            all.filter(|resource| namespace.is_none_or(|namespace| resource.namespace() == namespace));
        let state = |resource: Resource| ResourceState {
            note: self.shared.note(&resource),
            resource,
        };
        Ok(wanted.map(state).collect())
    }

    /// Ends and forgets the services of a namespace, all at once.
    async fn delete_all_of(&self, namespace: &str) -> Result<()> {
        let keys = self.services_of(namespace).await?;
        let deletions = keys.iter().map(|key| Services::delete(self, key));
        let ended = futures_util::future::join_all(deletions).await;
        // One that somebody else deletes at the same moment is gone as well.
        let failed = ended.into_iter().filter_map(Result::err);
        let failed = failed.filter(|error| *error != runtime::not_found());
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    async fn services_of(&self, namespace: &str) -> Result<Vec<Key>> {
        let mut keys: Vec<Key> = match &self.cluster {
            Some(_) => self.shared.ledger.all().await?.iter().map(Desired::key).collect(),
            None => self.running.all().into_iter().map(|(key, _)| key).collect(),
        };
        keys.retain(|key| key.namespace == namespace);
        Ok(keys)
    }

    async fn limit(&self, namespace: &str) -> Result<()> {
        self.shared.limit(namespace, &self.running).await
    }
}

impl Shared {
    /// Brings the limits of a namespace into the state that its quotas ask for.
    pub async fn limit(&self, namespace: &str, running: &Running) -> Result<()> {
        let resources = self.ledger.resources().await?;
        let quotas = quota::of(namespace, &resources);
        self.quotas
            .apply(namespace, &quotas)
            .map_err(|reason| Error::precondition_failed("runtime", reason))?;
        let of_namespace = running.all().into_iter();
        let of_namespace = of_namespace.filter(|(key, _)| key.namespace == namespace);
        let pids: Vec<u32> = of_namespace.flat_map(|(_, handle)| handle.pids()).collect();
        self.quotas.take_in(namespace, &pids);
        Ok(())
    }

    /// Sets the limits that were asked for. A machine that lost the means is no reason to start nothing.
    pub async fn limit_all(&self) -> Result<()> {
        let resources = self.ledger.resources().await?;
        let quotas = resources
            .iter()
            .filter(|resource| matches!(resource, Resource::ResourceQuota(_)));
        for namespace in quotas.map(Resource::namespace) {
            if let Err(reason) = self.quotas.apply(namespace, &quota::of(namespace, &resources)) {
                warn!(namespace, reason, "a quota is not kept");
            }
        }
        Ok(())
    }

    fn refuse_what_cannot_be_kept(&self, resource: &Resource) -> Result<()> {
        let refused = |detail: String| Err(Error::not_implemented("runtime", detail));
        match resource {
            Resource::ResourceQuota(quota) => match self.quotas.missing() {
                Some(missing) => refused(format!(
                    "this machine cannot keep the quota {}: {missing}",
                    quota.name
                )),
                None => Ok(()),
            },
            Resource::NetworkPolicy(policy) if !Resource::is_default_policy(policy) => refused(format!(
                "this machine cannot keep the policy {}: between processes of one machine there is no network to \
                 part, so that the only policy kept is {{origin: micro}}: other namespaces call through the platform",
                policy.name
            )),
            _ => Ok(()),
        }
    }

    /// What of a resource is not kept here.
    fn note(&self, resource: &Resource) -> String {
        match resource {
            Resource::Namespace(_) => String::new(),
            Resource::NetworkPolicy(_) => "kept by the platform's registry and proxy; \
                processes of this machine can reach each other's ports"
                .to_owned(),
            Resource::ResourceQuota(quota) => match self.quotas.missing() {
                Some(missing) => format!("not kept: {missing}"),
                None => quota::note(quota),
            },
        }
    }
}
