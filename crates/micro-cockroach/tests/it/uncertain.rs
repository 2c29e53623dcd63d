//! The answer to COMMIT is lost: whether it was made has to be found out.
//!
//! A trigger that runs at COMMIT gives the moment. It looks at a sequence, which remembers also what is rolled back.

use std::sync::Arc;

use micro::store::{Change, ErrorKind, Record, Store as _};
use micro_outside::{Relay, wait};

use super::database::{Database, SOON, at_each_isolation, open};
use super::several::scope;

at_each_isolation!(what_was_not_made_is_made_again, what_was_made_is_not_made_again);

/// Does something once, in the middle of the next COMMIT.
fn at_commit(database: &Database, action: &str) {
    database.sql(&format!(
        "CREATE SEQUENCE once; CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('once') = 1 THEN PERFORM {action}; END IF; RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON micro_records DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION at_commit()"
    ));
}

fn happened(database: &Database) -> u64 {
    let count = database.sql("SELECT last_value FROM once WHERE is_called");
    count.parse().unwrap_or(0)
}

async fn what_was_not_made_is_made_again(database: Database) {
    let store = database.open();
    store.write(&scope(), Record::new("a", "1")).await.unwrap();
    at_commit(&database, "pg_terminate_backend(pg_backend_pid())");
    let version = store.read(&scope(), "a").await.unwrap().version;
    let changes = vec![
        Change::PutNew(Record::new("b", "1")),
        Change::PutIf(Record::new("a", "2"), version),
    ];
    store.commit(&scope(), changes).await.unwrap();
    assert_eq!(store.read(&scope(), "a").await.unwrap().value, "2");
    assert_eq!(store.read(&scope(), "b").await.unwrap().value, "1");
    assert!(happened(&database) > 1, "the first COMMIT was lost");
}

async fn what_was_made_is_not_made_again(database: Database) {
    let database = Arc::new(database);
    let relay = Arc::new(Relay::to(database.port()).await);
    let store = open(&database.through(&relay));
    store.write(&scope(), Record::new("a", "1")).await.unwrap();
    database.close_gate();
    at_commit(&database, "pass()");
    let (cable, held, far) = (relay.clone(), database.clone(), store.clone());
    // The server goes on with its COMMIT while nobody can hear of it.
    let fault = tokio::spawn(async move {
        held.somebody_waits().await;
        cable.cut();
        wait::until_true("the cut to be noticed", SOON, || far.backend().away().is_some()).await;
        held.open_gate();
        cable.mend();
    });
    let changes = vec![
        Change::PutNew(Record::new("b", "1")),
        Change::Delete("a".to_owned()),
    ];
    store.commit(&scope(), changes).await.unwrap();
    fault.await.unwrap();
    assert_eq!(store.read(&scope(), "b").await.unwrap().value, "1");
    let deleted = store.read(&scope(), "a").await.unwrap_err();
    assert_eq!(deleted.kind, ErrorKind::NotFound);
    assert_eq!(happened(&database), 1, "it was made once");
}
