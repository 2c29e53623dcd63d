//! Commits that become one transaction: each is checked against the scope as those before it will leave it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::SystemTime;

use micro::store::{Change, Record, Result};

use super::encoding::{nanoseconds, version};
use super::writer::Work;

/// A change in its place of the log.
pub struct Logged<'a> {
    pub revision: i64,
    pub ordinal: i64,
    /// None fills the place of a commit that was refused: the log has no gaps, so that a gap is always seen.
    pub key: Option<&'a str>,
    /// What was written; none where it was removed.
    pub record: Option<&'a Record>,
}

/// What becomes of a key: the record and its version, or its removal.
pub type Outcome<'a> = Option<(&'a Record, i64)>;

/// The version and expiry of what the database has for a key.
pub type There = (i64, Option<i64>);

pub struct Batch<'a> {
    there: HashMap<String, There>,
    now: SystemTime,
    /// In the order of the keys, so that transactions which lock several rows do so in one order.
    pub outcomes: BTreeMap<&'a str, Outcome<'a>>,
    pub log: Vec<Logged<'a>>,
    pub results: Vec<Result<()>>,
}

/// The keys whose versions have to be known first.
pub fn asked<'a>(works: &[&'a Work]) -> Vec<&'a [u8]> {
    let mut keys = BTreeSet::new();
    for work in works {
        match work {
            Work::Commit(changes) => {
                let conditional = changes.iter().filter(|change| is_conditional(change));
                keys.extend(conditional.map(|change| change.key().as_bytes()));
            }
            Work::Expire(expired) => keys.extend(expired.iter().map(|key| key.as_bytes())),
        }
    }
    keys.into_iter().collect()
}

fn is_conditional(change: &Change) -> bool {
    !matches!(change, Change::Put(_) | Change::Delete(_))
}

impl<'a> Batch<'a> {
    /// Takes works in, the first of which has this revision.
    pub fn new(works: &[&'a Work], first: i64, there: HashMap<String, There>, now: SystemTime) -> Self {
        let mut batch = Self {
            there,
            now,
            outcomes: BTreeMap::new(),
            log: Vec::new(),
            results: Vec::with_capacity(works.len()),
        };
        for (revision, work) in (first..).zip(works) {
            batch.add(work, revision);
        }
        batch
    }

    /// Whether anything changes.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    fn add(&mut self, work: &'a Work, revision: i64) {
        let before = self.log.len();
        let result = match work {
            Work::Commit(changes) => self.check(changes, revision).map(|()| {
                for (ordinal, change) in (0..).zip(changes) {
                    self.change(revision, ordinal, change.key(), change.record());
                }
            }),
            Work::Expire(keys) => {
                let expired = keys.iter().filter(|key| self.is_expired(key));
                for (ordinal, key) in (0..).zip(expired.collect::<Vec<_>>()) {
                    self.change(revision, ordinal, key, None);
                }
                Ok(())
            }
        };
        if self.log.len() == before {
            self.log.push(Logged {
                revision,
                ordinal: 0,
                key: None,
                record: None,
            });
        }
        self.results.push(result);
    }

    fn change(&mut self, revision: i64, ordinal: i64, key: &'a str, record: Option<&'a Record>) {
        self.outcomes.insert(key, record.map(|record| (record, revision)));
        self.log.push(Logged {
            revision,
            ordinal,
            key: Some(key),
            record,
        });
    }

    /// Refuses a commit of which one change may not be made, with the earlier ones already counted.
    fn check(&self, changes: &[Change], revision: i64) -> Result<()> {
        if !changes.iter().any(is_conditional) {
            return Ok(());
        }
        let mut changed: HashMap<&str, Option<u64>> = HashMap::new();
        for change in changes {
            let key = change.key();
            let there = changed.get(key).copied().unwrap_or_else(|| self.live(key));
            change.check(there)?;
            let live = change.record().filter(|record| !record.is_expired(self.now));
            changed.insert(key, live.map(|_| version(revision)));
        }
        Ok(())
    }

    /// The version of the record that a key has now; none where it has expired.
    fn live(&self, key: &str) -> Option<u64> {
        if let Some(outcome) = self.outcomes.get(key) {
            let live = outcome.filter(|(record, _)| !record.is_expired(self.now));
            return live.map(|(_, revision)| version(revision));
        }
        let (found, _) = self.there.get(key).filter(|there| !self.has_passed(there))?;
        Some(version(*found))
    }

    /// What somebody has written anew meanwhile stays.
    fn is_expired(&self, key: &str) -> bool {
        !self.outcomes.contains_key(key) && self.there.get(key).is_some_and(|there| self.has_passed(there))
    }

    fn has_passed(&self, (_, expires_at): &There) -> bool {
        expires_at.is_some_and(|at| at <= nanoseconds(self.now))
    }
}

#[cfg(test)]
mod tests {
    use micro::store::ErrorKind;

    use super::*;

    fn commit(changes: Vec<Change>) -> Work {
        Work::Commit(changes)
    }

    fn put(key: &str) -> Change {
        Change::Put(Record::new(key, "v"))
    }

    #[test]
    fn each_commit_sees_those_before_it_and_is_refused_alone() {
        let works = [
            commit(vec![Change::PutNew(Record::new("a", "1"))]),
            commit(vec![
                Change::PutNew(Record::new("b", "2")),
                Change::PutNew(Record::new("a", "2")),
            ]),
            commit(vec![Change::PutIf(Record::new("a", "3"), 10)]),
            commit(vec![put("c"), Change::DeleteIf("a".to_owned(), 12)]),
        ];
        let works: Vec<&Work> = works.iter().collect();
        assert_eq!(asked(&works), [b"a", b"b"]);
        let batch = Batch::new(&works, 10, HashMap::new(), SystemTime::now());
        let kinds: Vec<_> = batch
            .results
            .iter()
            .map(|result| result.as_ref().err().map(|error| error.kind))
            .collect();
        assert_eq!(kinds, [None, Some(ErrorKind::Exists), None, None]);
        assert_eq!(batch.outcomes.keys().collect::<Vec<_>>(), [&"a", &"c"]);
        assert!(batch.outcomes["a"].is_none());
        let log: Vec<_> = batch
            .log
            .iter()
            .map(|logged| (logged.revision, logged.ordinal, logged.key))
            .collect();
        let expected = [
            (10, 0, Some("a")),
            (11, 0, None),
            (12, 0, Some("a")),
            (13, 0, Some("c")),
            (13, 1, Some("a")),
        ];
        assert_eq!(log, expected, "the log has no gap");
    }

    #[test]
    fn what_was_written_anew_does_not_expire() {
        let works = [
            commit(vec![put("again")]),
            Work::Expire(["again", "gone", "stays", "due"].map(str::to_owned).to_vec()),
        ];
        let works: Vec<&Work> = works.iter().collect();
        let there = [("again", Some(1)), ("stays", None), ("due", Some(1))];
        let there = there.map(|(key, at)| (key.to_owned(), (5, at))).into();
        let batch = Batch::new(&works, 10, there, SystemTime::now());
        assert!(batch.outcomes["again"].is_some() && batch.outcomes["due"].is_none());
        assert_eq!(batch.outcomes.len(), 2);
    }

    #[test]
    fn what_has_expired_counts_as_absent() {
        let works = [
            commit(vec![Change::PutNew(Record::new("a", "1"))]),
            commit(vec![Change::DeleteIf("b".to_owned(), 5)]),
        ];
        let works: Vec<&Work> = works.iter().collect();
        let there = [("a", Some(1)), ("b", Some(1))].map(|(key, at)| (key.to_owned(), (5, at)));
        let batch = Batch::new(&works, 10, there.into(), SystemTime::now());
        assert!(batch.results[0].is_ok());
        assert_eq!(batch.results[1].as_ref().unwrap_err().kind, ErrorKind::Conflict);
    }
}
