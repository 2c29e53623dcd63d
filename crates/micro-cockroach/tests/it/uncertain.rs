//! The answer to COMMIT is lost: whether it was made has to be found out.
//!
//! A trigger that runs at COMMIT gives the moment. It looks at a sequence, which remembers also what is rolled back.

use std::sync::Arc;
use std::time::Duration;

use micro::store::{Change, ErrorKind, Record, Store as _};
use micro_outside::{Postgres, Relay};

use super::several::{open, scope};

/// Does something once, in the middle of the next COMMIT.
fn at_commit(server: &Postgres, database: &str, action: &str) {
    server.sql(
        database,
        &format!(
            "CREATE SEQUENCE once; CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('once') = 1 THEN PERFORM {action}; END IF; RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON micro_records DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION at_commit()"
        ),
    );
}

fn happened(server: &Postgres, database: &str) -> u64 {
    let count = server.sql(database, "SELECT last_value FROM once WHERE is_called");
    count.parse().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_made_is_made_again() {
    let server = Postgres::shared();
    let store = open(&server.database("not_made"));
    store.write(&scope(), Record::new("a", "1")).await.unwrap();
    at_commit(&server, "not_made", "pg_terminate_backend(pg_backend_pid())");
    let version = store.read(&scope(), "a").await.unwrap().version;
    let changes = vec![
        Change::PutNew(Record::new("b", "1")),
        Change::PutIf(Record::new("a", "2"), version),
    ];
    store.commit(&scope(), changes).await.unwrap();
    assert_eq!(store.read(&scope(), "a").await.unwrap().value, "2");
    assert_eq!(store.read(&scope(), "b").await.unwrap().value, "1");
    assert!(happened(&server, "not_made") > 1, "the first COMMIT was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_is_not_made_again() {
    let server = Postgres::shared();
    let url = server.database("made");
    let relay = Arc::new(Relay::to(server.port()).await);
    let store = open(&url.replace(&server.port().to_string(), &relay.port().to_string()));
    store.write(&scope(), Record::new("a", "1")).await.unwrap();
    at_commit(&server, "made", "pg_sleep(0.5)");
    let cutter = relay.clone();
    let watched = Postgres::shared();
    // The server goes on with its COMMIT while nobody can hear of it.
    let cut = tokio::spawn(async move {
        while happened(&watched, "made") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cutter.cut();
        tokio::time::sleep(Duration::from_millis(20)).await;
        cutter.mend();
    });
    let changes = vec![
        Change::PutNew(Record::new("b", "1")),
        Change::Delete("a".to_owned()),
    ];
    store.commit(&scope(), changes).await.unwrap();
    cut.await.unwrap();
    assert_eq!(store.read(&scope(), "b").await.unwrap().value, "1");
    let deleted = store.read(&scope(), "a").await.unwrap_err();
    assert_eq!(deleted.kind, ErrorKind::NotFound);
    assert_eq!(happened(&server, "made"), 1, "it was made once");
}
