//! What a namespace holds, and how it is emptied.

use std::fmt;

use micro::blob::{Blobs as _, Remote as Blobs};
use micro::config::{Config as _, Remote as Settings, Secrets};
use micro::events::{Events as _, Remote as Events};
use micro::store::{Change, Remote as Records, Scan, Scope, Store as _};
use micro_proto::auth::{
    Accounts as _, AccountsClient, DeleteAccountRequest, DeleteRequest as DeleteRule, ListAccountsRequest,
    ListRequest as ListRules, Rules as _, RulesClient,
};
use micro_proto::runtime::{
    DeleteOptions, DeleteRequest, ReadOptions, ReadRequest, Resource, Runtime as _, RuntimeClient, Service,
};
use micro_rpc::{Context, Error};

use crate::errors::Result;
use crate::session::{Session, within};
use crate::store::explain;

/// Records that are removed at once.
const PAGE: usize = 500;

/// All that is kept under a namespace's name.
#[derive(Default)]
pub(super) struct Holdings {
    services: Vec<Service>,
    accounts: Vec<String>,
    rules: Vec<String>,
    tables: Vec<String>,
    blobs: Vec<String>,
    has_settings: bool,
    topics: usize,
}

impl Holdings {
    /// Asks each block; who may not know is told so.
    pub(super) async fn of(session: &Session, namespace: &str) -> Result<Self> {
        let (client, ctx) = (&session.client, Context::background());
        let explain = |error: Error| session.explain(error);
        let options = ReadOptions {
            namespace: namespace.to_owned(),
            ..ReadOptions::default()
        };
        let running = ReadRequest {
            options: Some(options),
        };
        let services = RuntimeClient::new(client)
            .read(&ctx, running)
            .await
            .map_err(explain)?;
        let listed = ListAccountsRequest {
            options: within(namespace),
        };
        let accounts = AccountsClient::new(client)
            .list(&ctx, listed)
            .await
            .map_err(explain)?;
        let listed = ListRules {
            options: within(namespace),
        };
        let rules = RulesClient::new(client)
            .list(&ctx, listed)
            .await
            .map_err(explain)?;
        let settings = Settings::new(client).get(namespace, "", Secrets::Masked).await;
        let blobs = Blobs::new(client).list(namespace, "").await.map_err(explain)?;
        let topics = Events::new(client).topics(namespace).await.map_err(explain)?;
        Ok(Self {
            services: services.services,
            accounts: accounts.accounts.into_iter().map(|account| account.id).collect(),
            // The rule `default` comes about by being asked for.
            rules: rules
                .rules
                .into_iter()
                .map(|rule| rule.id)
                .filter(|id| id != "default")
                .collect(),
            tables: tables(session, namespace).await?,
            blobs: blobs.into_iter().map(|blob| blob.key).collect(),
            has_settings: settings
                .map_err(explain)?
                .as_object()
                .is_some_and(|settings| !settings.is_empty()),
            topics: topics.len(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counted().is_empty()
    }

    fn counted(&self) -> Vec<String> {
        let parts = [
            (self.services.len(), "service", "services"),
            (self.accounts.len(), "account", "accounts"),
            (self.rules.len(), "rule", "rules"),
            (self.tables.len(), "table of records", "tables of records"),
            (self.blobs.len(), "blob", "blobs"),
            (usize::from(self.has_settings), "document of settings", ""),
            (self.topics, "topic of events", "topics of events"),
        ];
        let held = parts.into_iter().filter(|(count, ..)| *count > 0);
        held.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
            .collect()
    }

    /// Removes all of it: first what runs, so that nothing is written anew; the accounts last, so that somebody may.
    pub(super) async fn remove(&self, session: &Session, namespace: &str) -> Result<()> {
        let (client, ctx) = (&session.client, Context::background());
        let explain = |error: Error| session.explain(error);
        for service in &self.services {
            let request = DeleteRequest {
                resource: Some(Resource {
                    service: Some(Service {
                        name: service.name.clone(),
                        version: service.version.clone(),
                        ..Service::default()
                    }),
                    ..Resource::default()
                }),
                options: Some(DeleteOptions {
                    namespace: namespace.to_owned(),
                }),
            };
            RuntimeClient::new(client)
                .delete(&ctx, request)
                .await
                .map_err(explain)?;
        }
        for table in &self.tables {
            empty(session, &Scope::new(namespace, table)).await?;
        }
        for key in &self.blobs {
            Blobs::new(client).delete(namespace, key).await.map_err(explain)?;
        }
        if self.has_settings {
            Settings::new(client)
                .delete(namespace, "")
                .await
                .map_err(explain)?;
        }
        for id in &self.rules {
            let mut request = DeleteRule {
                id: id.clone(),
                ..DeleteRule::default()
            };
            request.options = within(namespace);
            RulesClient::new(client)
                .delete(&ctx, request)
                .await
                .map_err(explain)?;
        }
        for id in &self.accounts {
            let request = DeleteAccountRequest {
                id: id.clone(),
                options: within(namespace),
            };
            AccountsClient::new(client)
                .delete(&ctx, request)
                .await
                .map_err(explain)?;
        }
        if self.topics > 0 {
            eprintln!(
                "its events are kept until their time has passed; nobody can read them without an account"
            );
        }
        Ok(())
    }
}

impl fmt::Display for Holdings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counted().join(", "))
    }
}

/// The tables that have records.
async fn tables(session: &Session, namespace: &str) -> Result<Vec<String>> {
    let store = Records::new(&session.client);
    let mut held = Vec::new();
    for table in store.tables(namespace).await.map_err(explain)? {
        let first = Scan {
            keys_only: true,
            limit: Some(1),
            ..Scan::default()
        };
        if !store
            .scan(&Scope::new(namespace, &table), &first)
            .await
            .map_err(explain)?
            .is_empty()
        {
            held.push(table);
        }
    }
    Ok(held)
}

async fn empty(session: &Session, scope: &Scope) -> Result<()> {
    let store = Records::new(&session.client);
    let page = Scan {
        keys_only: true,
        limit: Some(PAGE),
        ..Scan::default()
    };
    loop {
        let records = store.scan(scope, &page).await.map_err(explain)?;
        if records.is_empty() {
            return Ok(());
        }
        let changes = records
            .into_iter()
            .map(|record| Change::Delete(record.key))
            .collect();
        store.commit(scope, changes).await.map_err(explain)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_said_in_words() {
        let holdings = Holdings {
            accounts: vec!["jane".to_owned()],
            tables: vec!["a".to_owned(), "b".to_owned()],
            has_settings: true,
            ..Holdings::default()
        };
        assert_eq!(
            holdings.to_string(),
            "1 account, 2 tables of records, 1 document of settings"
        );
        assert!(Holdings::default().is_empty());
    }
}
