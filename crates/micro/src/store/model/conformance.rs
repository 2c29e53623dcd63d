//! What a model promises over any store: [`run`] is called with memory and with every driver.
#![allow(clippy::unwrap_used, reason = "in a test a broken assumption is to stop it")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Entity, Index, Model, Query};
use crate::store::{ErrorKind, Result, Scan, Scope, Store, Table};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account {
    id: String,
    email: String,
    created: i64,
    team: String,
    ends_in: Option<Duration>,
}

impl Entity for Account {
    const NAME: &'static str = "account";

    fn id(&self) -> &str {
        &self.id
    }

    fn indexes(&self) -> Vec<Index> {
        let team = (self.team.as_str(), self.created);
        let mut indexes = vec![
            Index::ordered("created", self.created),
            Index::ordered("team", team),
        ];
        // What has no value is in no index.
        if !self.email.is_empty() {
            indexes.push(Index::unique("email", &self.email));
        }
        indexes
    }

    fn expires_at(&self) -> Option<SystemTime> {
        self.ends_in.map(|span| SystemTime::now() + span)
    }
}

fn account(id: &str, email: &str, created: i64, team: &str) -> Account {
    Account {
        id: id.to_owned(),
        email: email.to_owned(),
        created,
        team: team.to_owned(),
        ends_in: None,
    }
}

/// Panics where the promise is broken. The store holds nothing in the database `models` before.
pub async fn run(store: Arc<dyn Store>) {
    let model = |table: &str| {
        let table = Table::new(store.clone(), Scope::new("models", table));
        (Model::<Account>::new(table.clone()), table)
    };
    let (accounts, table) = model("changes");
    changes(&accounts, &table).await;
    lists(&model("lists").0).await;
    contends(&model("contends").0).await;
    expires(&model("expires").0).await;
}

async fn changes(accounts: &Model<Account>, table: &Table) {
    let alice = account("1", "alice@x.org", -5, "red");
    accounts.create(&alice).await.unwrap();
    assert_eq!(accounts.read("1").await.unwrap(), Some(alice.clone()));
    assert_eq!(
        accounts.find("email", "alice@x.org").await.unwrap(),
        Some(alice.clone())
    );
    assert_eq!(accounts.read("2").await.unwrap(), None);
    assert_eq!(accounts.find("email", "alice@x.or").await.unwrap(), None);

    let told = |result: Result<()>| {
        result
            .map_err(|error| (error.kind, error.to_string()))
            .unwrap_err()
    };
    let again = told(accounts.create(&account("1", "other@x.org", 0, "")).await);
    assert_eq!(
        again,
        (ErrorKind::Exists, "account \"1\" exists already".to_owned())
    );
    let text = "account with email \"alice@x.org\" exists already".to_owned();
    let taken = told(accounts.create(&account("2", "alice@x.org", 0, "")).await);
    assert_eq!(taken, (ErrorKind::Exists, text.clone()));
    assert_eq!(accounts.read("2").await.unwrap(), None, "all or nothing");
    accounts.put(&account("2", "bob@x.org", 3, "red")).await.unwrap();
    let taken = told(accounts.put(&account("2", "alice@x.org", 3, "red")).await);
    assert_eq!(taken, (ErrorKind::Exists, text));

    // A value that is given up is free, and finds nothing any more.
    let changed = accounts.update("1", |account| {
        account.email = "alice@y.org".to_owned();
        Ok(())
    });
    assert_eq!(changed.await.unwrap().email, "alice@y.org");
    assert_eq!(accounts.find("email", "alice@x.org").await.unwrap(), None);
    accounts.put(&account("3", "alice@x.org", 4, "")).await.unwrap();
    let absent = accounts.update("4", |_| Ok(())).await.map_err(|error| error.kind);
    assert_eq!(absent, Err(ErrorKind::NotFound));
    let moved = accounts.update("1", |account| {
        account.id = "9".to_owned();
        Ok(())
    });
    assert_eq!(moved.await.map_err(|error| error.kind), Err(ErrorKind::Invalid));

    assert_eq!(accounts.reindex().await.unwrap(), 3);
    for id in ["1", "2", "3"] {
        assert!(accounts.delete(id).await.unwrap());
    }
    assert!(!accounts.delete("1").await.unwrap());
    assert_eq!(
        table.scan(&Scan::default()).await.unwrap(),
        [],
        "nothing is left behind"
    );
}

async fn lists(accounts: &Model<Account>) {
    for (id, created, team) in [
        ("b", -7, "red"),
        ("a", 3, "blue"),
        ("d", 3, "red"),
        ("c", 12, "redder"),
    ] {
        accounts
            .put(&account(id, &format!("{id}@x.org"), created, team))
            .await
            .unwrap();
    }
    let check = async |query: Query, expected: &str| {
        // Whatever the size of a page, they are the same entities in the same order.
        for limit in [1, 2, 3, 100] {
            let (mut found, mut query) = (String::new(), query.clone().limit(limit));
            loop {
                let page = accounts.list(&query).await.unwrap();
                assert!(page.items.len() <= limit);
                found.extend(page.items.into_iter().map(|account| account.id));
                match page.next {
                    Some(next) => query = query.after(&next),
                    None => break,
                }
            }
            assert_eq!(found, expected, "{query:?}");
        }
    };
    check(Query::all(), "abcd").await;
    check(Query::all().descending(), "dcba").await;
    check(Query::by("created"), "badc").await;
    check(Query::by("created").descending(), "cdab").await;
    check(Query::by("created").equal(3), "ad").await;
    check(Query::by("created").from(3), "adc").await;
    check(Query::by("created").from(4).descending(), "c").await;
    check(Query::by("created").to(3).descending(), "dab").await;
    check(Query::by("created").from(-7).to(-7), "b").await;
    check(Query::by("team").equal("red"), "bd").await;
    check(Query::by("team").from(("red", 0)), "dc").await;
    check(Query::by("email").from("b@x.org").to("c@x.org"), "bc").await;
    check(Query::by("nothing"), "").await;
    check(Query::all().offset(1), "bcd").await;
    check(Query::by("created").descending().offset(3), "b").await;
    check(Query::by("created").from(3).offset(2), "c").await;
    check(Query::by("created").to(3).descending().offset(1), "ab").await;
    check(Query::by("created").offset(4), "").await;
}

/// Many who want the same value, and many who change the same entity.
async fn contends(accounts: &Model<Account>) {
    let attempts = (0..8).map(|at| {
        let accounts = accounts.clone();
        tokio::spawn(async move {
            let mine = account(&at.to_string(), "one@x.org", at, "");
            accounts.create(&mine).await.map_err(|error| error.kind)
        })
    });
    let mut won = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(()) => won += 1,
            Err(kind) => assert_eq!(kind, ErrorKind::Exists),
        }
    }
    assert_eq!(won, 1);
    let owner = accounts.find("email", "one@x.org").await.unwrap().unwrap();
    let steps = (0..8).map(|_| {
        let (accounts, id) = (accounts.clone(), owner.id.clone());
        tokio::spawn(async move {
            let step = accounts.update(&id, |account| {
                account.created += 1;
                Ok(())
            });
            step.await.unwrap();
        })
    });
    for step in steps.collect::<Vec<_>>() {
        step.await.unwrap();
    }
    let counted = accounts.read(&owner.id).await.unwrap().unwrap();
    assert_eq!(counted.created, owner.created + 8, "no change is lost");
    assert_eq!(
        accounts.list(&Query::by("created")).await.unwrap().items,
        [counted]
    );
}

async fn expires(accounts: &Model<Account>) {
    let brief = Account {
        ends_in: Some(Duration::from_secs(1)),
        ..account("1", "brief@x.org", 1, "")
    };
    accounts.create(&brief).await.unwrap();
    let deadline = SystemTime::now() + Duration::from_secs(10);
    while accounts.read("1").await.unwrap().is_some() {
        assert!(SystemTime::now() < deadline, "it has not expired");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Its value is free, since its index entries went with it.
    accounts
        .create(&account("2", "brief@x.org", 2, ""))
        .await
        .unwrap();
    let listed = accounts.list(&Query::by("created")).await.unwrap().items;
    assert_eq!(listed.len(), 1);
}
