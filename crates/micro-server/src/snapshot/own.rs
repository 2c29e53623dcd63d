//! Which of the platform's own records are the platform's, and which are its servers' alone.

use std::collections::HashSet;

use micro::config::document::Document;
use micro::store::{Record, Scan, Scope, Store};
use micro_rpc::Result;
use serde::Deserialize;
use serde_json::Value;

use crate::auth::account_of;
use crate::namespace::PLATFORM;

/// The database that no request names.
pub(super) fn database() -> String {
    Scope::platform("").database
}

/// What is to run comes last: a service finds everything in its place when it is started.
pub(super) const TABLES: [&str; 4] = ["auth", "blocklist", "config", RUNTIME];

const RUNTIME: &str = "runtime";

/// What is asked of the runtime; claims and what servers say of themselves are not among it.
const ASKED: [&str; 4] = ["namespace:", "networkpolicy:", "resourcequota:", SERVICE];

const SERVICE: &str = "service:";

/// What the runtime has made of a service, which each makes anew.
const MADE: [&str; 5] = ["commit", "defined", "is_stale", "program", "request"];

/// What has to be known before the first record is looked at.
#[derive(Default)]
pub(super) struct Own {
    /// The accounts that the runtime gives services, anew at each start: namespace and id.
    issued: HashSet<(String, String)>,
    /// Whether anything is sealed.
    pub has_secrets: bool,
}

#[derive(Deserialize)]
struct Service {
    namespace: String,
    name: String,
    version: String,
    #[serde(default)]
    sealed: serde_json::Map<String, Value>,
}

impl Own {
    pub async fn look(store: &dyn Store) -> Result<Self> {
        let mut own = Self::default();
        let services = Scan::prefix(SERVICE);
        for record in store.scan(&Scope::platform(RUNTIME), &services).await? {
            let Ok(service) = serde_json::from_slice::<Service>(&record.value) else {
                continue;
            };
            own.has_secrets |= !service.sealed.is_empty();
            let account = format!("{}-{}", service.name, service.version);
            own.issued.insert((service.namespace, account));
        }
        for record in store.scan(&Scope::platform("config"), &Scan::default()).await? {
            let kept = serde_json::from_slice(&record.value).ok();
            let document = kept.and_then(|kept| Document::from_kept(&kept));
            own.has_secrets |= document.is_some_and(|document| document.has_secrets());
        }
        Ok(own)
    }

    /// A record of a table as it moves; `None` where it stays.
    pub fn moved(&self, table: &str, record: Record) -> Option<Record> {
        match table {
            "auth" => self.moves_of_auth(&record).then_some(record),
            RUNTIME if record.key.starts_with(SERVICE) => Some(as_asked(record)),
            RUNTIME => is_asked(&record.key).then_some(record),
            _ => Some(record),
        }
    }

    /// Rules, and accounts of people and programs. The keys that tokens are signed with stay, so whoever is logged in logs in again.
    fn moves_of_auth(&self, record: &Record) -> bool {
        if record.key.starts_with("rules/") {
            return true;
        }
        let Some(account) = account_of(record) else {
            return false;
        };
        let is_join = account.issuer == PLATFORM && (account.id == "join" || account.id.starts_with("join-"));
        let is_issued = is_join || self.issued.contains(&(account.issuer, account.id));
        !(account.kind == "service" && is_issued)
    }
}

/// Whether a record that somebody sends may be one of these: nothing else in here is his to write.
pub(super) fn may_be_written(table: &str, record: &Record) -> bool {
    match table {
        "auth" => record.key.starts_with("rules/") || account_of(record).is_some(),
        RUNTIME => is_asked(&record.key),
        table => TABLES.contains(&table),
    }
}

fn is_asked(key: &str) -> bool {
    ASKED.iter().any(|kind| key.starts_with(kind))
}

/// Without what is on one machine only.
fn as_asked(record: Record) -> Record {
    let Ok(Value::Object(mut service)) = serde_json::from_slice(&record.value) else {
        return record;
    };
    for made in MADE {
        service.remove(made);
    }
    let value = Value::Object(service).to_string();
    Record {
        value: value.into(),
        ..record
    }
}
