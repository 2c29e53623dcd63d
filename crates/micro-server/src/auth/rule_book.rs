//! The rules on the store, and the picture of them in memory that calls are decided by.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use micro::auth::{Access, Resource, Rule, RuleSet};
use micro::store::{self, Change, ErrorKind, Record, Scan, Scope, Store};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};

/// The rules of every namespace. Whoever wants to follow those of one is told of each change.
pub(super) struct RuleBook {
    store: Arc<dyn Store>,
    scope: Scope,
    namespaces: RwLock<HashMap<String, watch::Sender<Arc<RuleSet>>>>,
    /// What decides where nothing was ever written down.
    public: Arc<RuleSet>,
    /// Held, across the commit, by changes: memory must follow the store in the same order.
    changing: Mutex<()>,
}

/// Why the rules were not changed.
#[derive(Debug)]
pub(super) enum Error {
    /// There is a rule with this id.
    Exists,
    /// The caller does not want the rules that would come of it.
    Unwanted,
    /// The store did not do it.
    Store(store::Error),
}

impl From<store::Error> for Error {
    fn from(source: store::Error) -> Error {
        Error::Store(source)
    }
}

/// What is to change.
pub(super) enum Edit {
    Create(Rule),
    Delete(String),
}

/// Whether rules are as the caller wants them.
pub(super) type Wanted = Box<dyn Fn(&RuleSet) -> bool + Send>;

impl RuleBook {
    /// Reads all rules.
    pub async fn open(store: Arc<dyn Store>, scope: Scope) -> store::Result<RuleBook> {
        let mut namespaces: HashMap<String, Vec<Rule>> = HashMap::new();
        for record in store.scan(&scope, &Scan::prefix("rules/")).await? {
            let ns = record.key.split('/').nth(1).unwrap_or_default();
            namespaces.entry(ns.into()).or_default().push(parse(&record)?);
        }
        let namespaces = namespaces
            .into_iter()
            .map(|(ns, rules)| (ns, channel(rules)))
            .collect();
        Ok(RuleBook {
            store,
            scope,
            namespaces: RwLock::new(namespaces),
            public: Arc::new(RuleSet::new(vec![Rule::public()])),
            changing: Mutex::default(),
        })
    }

    /// The rules that decide now; from memory.
    pub fn current(&self, ns: &str) -> Arc<RuleSet> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces
            .get(ns)
            .map_or_else(|| Arc::clone(&self.public), |rules| Arc::clone(&rules.borrow()))
    }

    /// The rules of a namespace and what becomes of them. A namespace without any is given the rule `default`.
    pub async fn follow(self: &Arc<Self>, ns: &str) -> Result<watch::Receiver<Arc<RuleSet>>, Error> {
        if let Some(receiver) = self.subscribe(ns) {
            return Ok(receiver);
        }
        let (book, ns) = (Arc::clone(self), ns.to_owned());
        unabridged(async move {
            let _changing = book.changing.lock().await;
            if book.subscribe(&ns).is_none() {
                let rule = Rule::public();
                book.store
                    .commit(&book.scope, vec![Change::Put(record(&ns, &rule))])
                    .await?;
                book.publish(&ns, vec![rule]);
            }
            book.subscribe(&ns)
                .ok_or_else(|| store::Error::unavailable("the rules were not published").into())
        })
        .await
    }

    /// Creates or deletes a rule, if the rules that come of it are `wanted`. Deleting one that is not there is no error;
    /// deleting the last one brings `default` back.
    pub async fn edit(self: &Arc<Self>, ns: &str, edit: Edit, wanted: Wanted) -> Result<(), Error> {
        self.follow(ns).await?;
        let (book, ns) = (Arc::clone(self), ns.to_owned());
        unabridged(async move {
            let _changing = book.changing.lock().await;
            let mut rules = book.current(&ns).rules().to_vec();
            let changes = apply(&ns, edit, &mut rules)?;
            if !wanted(&ordered(rules.clone())) {
                return Err(Error::Unwanted);
            }
            match book.store.commit(&book.scope, changes).await {
                Ok(()) => book.publish(&ns, rules),
                Err(error) if error.kind == ErrorKind::Exists => return Err(Error::Exists),
                Err(error) => {
                    // It may have been applied all the same; what the store says now is what counts.
                    book.reload(&ns).await;
                    return Err(error.into());
                }
            }
            Ok(())
        })
        .await
    }

    async fn reload(&self, ns: &str) {
        let records = self
            .store
            .scan(&self.scope, &Scan::prefix(format!("rules/{ns}/")))
            .await;
        let rules: store::Result<Vec<_>> = records.and_then(|records| records.iter().map(parse).collect());
        match rules {
            Ok(rules) if !rules.is_empty() => self.publish(ns, rules),
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, ns, "the rules cannot be read again, the last known ones stay")
            }
        }
    }

    fn subscribe(&self, ns: &str) -> Option<watch::Receiver<Arc<RuleSet>>> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces.get(ns).map(watch::Sender::subscribe)
    }

    fn publish(&self, ns: &str, rules: Vec<Rule>) {
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        match namespaces.get(ns) {
            Some(sender) => drop(sender.send_replace(Arc::new(ordered(rules)))),
            None => drop(namespaces.insert(ns.into(), channel(rules))),
        }
    }
}

/// Does the work in a task of its own, to its end: a caller that hangs up between the store and the memory would leave them
/// apart. Its end is that of one commit, so nobody needs to end it.
async fn unabridged<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        Err(store::Error::unavailable("the change was interrupted")
            .caused_by(error)
            .into())
    })
}

/// Changes `rules` as asked, and says what the store is to change.
fn apply(ns: &str, edit: Edit, rules: &mut Vec<Rule>) -> Result<Vec<Change>, Error> {
    match edit {
        Edit::Create(rule) if rules.iter().any(|known| known.id == rule.id) => Err(Error::Exists),
        Edit::Create(rule) => {
            let change = Change::PutNew(record(ns, &rule));
            rules.push(rule);
            Ok(vec![change])
        }
        Edit::Delete(id) => {
            rules.retain(|rule| rule.id != id);
            let mut changes = vec![Change::Delete(key(ns, &id))];
            if rules.is_empty() {
                rules.push(Rule::public());
                changes.push(Change::Put(record(ns, &Rule::public())));
            }
            Ok(changes)
        }
    }
}

fn channel(rules: Vec<Rule>) -> watch::Sender<Arc<RuleSet>> {
    watch::Sender::new(Arc::new(ordered(rules)))
}

/// Rules of the same priority are asked in the order in which they are listed: by id, as the store has them.
fn ordered(mut rules: Vec<Rule>) -> RuleSet {
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    RuleSet::new(rules)
}

/// A rule as it is on the store: JSON, access as a number.
#[derive(Serialize, Deserialize)]
struct StoredRule {
    id: String,
    #[serde(default)]
    scope: String,
    resource: StoredResource,
    access: i32,
    #[serde(default)]
    priority: i32,
}

#[derive(Serialize, Deserialize)]
struct StoredResource {
    name: String,
    r#type: String,
    endpoint: String,
}

fn key(ns: &str, id: &str) -> String {
    format!("rules/{ns}/{id}")
}

fn record(ns: &str, rule: &Rule) -> Record {
    let Resource { kind, name, endpoint } = rule.resource.clone();
    let stored = StoredRule {
        id: rule.id.clone(),
        scope: rule.scope.clone(),
        resource: StoredResource {
            name,
            r#type: kind,
            endpoint,
        },
        access: rule.access.into(),
        priority: rule.priority,
    };
    Record::new(
        key(ns, &rule.id),
        serde_json::to_vec(&stored).expect("a rule is text and numbers"),
    )
}

fn parse(record: &Record) -> store::Result<Rule> {
    let stored: StoredRule = serde_json::from_slice(&record.value)
        .map_err(|error| store::Error::invalid(format!("{} is not a rule", record.key)).caused_by(error))?;
    let StoredResource {
        name,
        r#type,
        endpoint,
    } = stored.resource;
    Ok(Rule {
        id: stored.id,
        scope: stored.scope,
        resource: Resource {
            kind: r#type,
            name,
            endpoint,
        },
        access: Access::from(stored.access),
        priority: stored.priority,
    })
}
