//! The rules on the store, and the picture of them in memory that calls are decided by.
//!
//! Other servers change the rules too. So that no change is lost, and none is made for reasons that are no longer true, each writes a
//! record of the namespace as well, on the condition that nobody else has since the rules were read: `rulesOf/<namespace>`, which
//! has no content but its version.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use micro::auth::{Rule, RuleSet};
use micro::store::{self, Change, ErrorKind, Event, Scan, Scope, Store};
use micro_rpc::Streaming;
use tokio::sync::{Mutex, watch};

use super::stored_rule::{PREFIX, key, namespace_of, parse, record, turn, turn_key};
use crate::follow::Picture;

/// So often a change is tried again when others changed the same namespace in between.
const ATTEMPTS: usize = 100;

/// The rules of every namespace. Whoever wants to follow those of one is told of each change.
pub(super) struct RuleBook {
    store: Arc<dyn Store>,
    scope: Scope,
    namespaces: RwLock<HashMap<String, watch::Sender<Arc<RuleSet>>>>,
    /// What decides where nothing was ever written down.
    public: Arc<RuleSet>,
    /// Held from before the store is read or changed until memory is: memory must follow the store in the same order.
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
#[derive(Clone)]
pub(super) enum Edit {
    Create(Rule),
    Delete(String),
}

/// Whether rules are as the caller wants them.
pub(super) type Wanted = Box<dyn Fn(&RuleSet) -> bool + Send + Sync>;

impl RuleBook {
    /// Reads all rules.
    pub async fn open(store: Arc<dyn Store>, scope: Scope) -> store::Result<RuleBook> {
        let book = RuleBook {
            store,
            scope,
            namespaces: RwLock::default(),
            public: Arc::new(RuleSet::new(vec![Rule::public()])),
            changing: Mutex::default(),
        };
        for (ns, rules) in book.scan_all().await? {
            book.publish(&ns, rules?);
        }
        Ok(book)
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
        let (book, named) = (Arc::clone(self), ns.to_owned());
        unabridged(async move {
            let _changing = book.changing.lock().await;
            book.change(&named, None, &|_| true).await
        })
        .await?;
        self.subscribe(ns)
            .ok_or_else(|| store::Error::unavailable("the rules were not published").into())
    }

    /// Creates or deletes a rule, if the rules that come of it are `wanted`. Deleting one that is not there is no error;
    /// deleting the last one brings `default` back.
    pub async fn edit(self: &Arc<Self>, ns: &str, edit: Edit, wanted: Wanted) -> Result<(), Error> {
        let (book, ns) = (Arc::clone(self), ns.to_owned());
        unabridged(async move {
            let _changing = book.changing.lock().await;
            book.change(&ns, Some(edit), &*wanted).await
        })
        .await
    }

    /// Begins again where another server changed the namespace in between.
    async fn change(
        &self,
        ns: &str,
        edit: Option<Edit>,
        wanted: &(dyn Fn(&RuleSet) -> bool + Send + Sync),
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let (version, mut rules) = self.load(ns).await?;
            let mut changes = Vec::new();
            if rules.is_empty() {
                rules.push(Rule::public());
                changes.push(Change::Put(record(ns, &Rule::public())));
            }
            if let Some(edit) = edit.clone() {
                changes.extend(apply(ns, edit, &mut rules)?);
                if !wanted(&ordered(rules.clone())) {
                    return Err(Error::Unwanted);
                }
            }
            if changes.is_empty() {
                self.publish(ns, rules);
                return Ok(());
            }
            changes.push(turn(ns, version));
            match self.store.commit(&self.scope, changes).await {
                Ok(()) => {
                    self.publish(ns, rules);
                    return Ok(());
                }
                Err(error) if matches!(error.kind, ErrorKind::Exists | ErrorKind::Conflict) => {}
                Err(error) => {
                    // It may have been applied all the same; what the store says now is what counts.
                    self.reload(ns).await;
                    return Err(error.into());
                }
            }
        }
        let detail = format!("the rules of namespace {ns} are changed by many at once: try again");
        Err(store::Error::unavailable(detail).into())
    }

    /// The rules, and the version that the namespace's record had before they were read.
    async fn load(&self, ns: &str) -> store::Result<(Option<u64>, Vec<Rule>)> {
        let version = match self.store.read(&self.scope, &turn_key(ns)).await {
            Ok(record) => Some(record.version),
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok((version, self.scan(ns).await?))
    }

    async fn scan(&self, ns: &str) -> store::Result<Vec<Rule>> {
        let scan = Scan::prefix(format!("{PREFIX}{ns}/"));
        let records = self.store.scan(&self.scope, &scan).await?;
        records.iter().map(parse).collect()
    }

    async fn scan_all(&self) -> store::Result<HashMap<String, store::Result<Vec<Rule>>>> {
        let mut namespaces: HashMap<String, store::Result<Vec<Rule>>> = HashMap::new();
        for record in self.store.scan(&self.scope, &Scan::prefix(PREFIX)).await? {
            let known = namespaces.entry(namespace_of(&record.key).into());
            let rules = known.or_insert_with(|| Ok(Vec::new()));
            match (parse(&record), &mut *rules) {
                (Ok(rule), Ok(rules)) => rules.push(rule),
                (Err(error), _) => *rules = Err(error),
                (Ok(_), Err(_)) => {}
            }
        }
        Ok(namespaces)
    }

    async fn reload(&self, ns: &str) {
        let rules = self.scan(ns).await;
        self.adopt(ns, rules);
    }

    /// What is on the store is what counts, unless it cannot be read.
    fn adopt(&self, ns: &str, rules: store::Result<Vec<Rule>>) {
        match rules {
            Ok(rules) if rules.is_empty() && self.subscribe(ns).is_none() => {}
            Ok(rules) if rules.is_empty() => self.publish(ns, vec![Rule::public()]),
            Ok(rules) => self.publish(ns, rules),
            Err(error) => {
                tracing::error!(%error, ns, "the rules cannot be read again, the last known ones stay")
            }
        }
    }

    fn subscribe(&self, ns: &str) -> Option<watch::Receiver<Arc<RuleSet>>> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces.get(ns).map(watch::Sender::subscribe)
    }

    fn known(&self) -> Vec<String> {
        let namespaces = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        namespaces.keys().cloned().collect()
    }

    /// Who follows is told of changes only: what is read again is often what was known.
    fn publish(&self, ns: &str, rules: Vec<Rule>) {
        let mut namespaces = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = namespaces.get(ns) else {
            namespaces.insert(ns.into(), channel(rules));
            return;
        };
        let new = ordered(rules);
        sender.send_if_modified(|known| {
            let is_new = known.rules() != new.rules();
            if is_new {
                *known = Arc::new(new);
            }
            is_new
        });
    }
}

#[micro_rpc::async_trait]
impl Picture for RuleBook {
    async fn watch(&self) -> store::Result<Streaming<Event>> {
        self.store.watch(&self.scope, PREFIX).await
    }

    async fn read(&self, keys: BTreeSet<String>) -> store::Result<()> {
        let namespaces: BTreeSet<_> = keys.iter().map(|key| namespace_of(key)).collect();
        for ns in namespaces {
            let _changing = self.changing.lock().await;
            match self.scan(ns).await {
                Err(error) if error.kind == ErrorKind::Unavailable => return Err(error),
                rules => self.adopt(ns, rules),
            }
        }
        Ok(())
    }

    async fn read_all(&self) -> store::Result<()> {
        let _changing = self.changing.lock().await;
        let mut namespaces = self.scan_all().await?;
        for ns in self.known() {
            namespaces.entry(ns).or_insert_with(|| Ok(Vec::new()));
        }
        for (ns, rules) in namespaces {
            self.adopt(&ns, rules);
        }
        Ok(())
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
